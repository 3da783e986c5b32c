//! `wrangler pages project` and `wrangler pages secret`: projects with secrets for production and for previews.

use coffer_testkit::Instance;
use serde_json::{Value, json};

use crate::client::Wrangler;
use crate::project::Project;

async fn project(instance: &Instance, name: &str) -> Value {
    let path = format!("/pages/projects/{name}");
    let answer = instance.api().get(&path).await.unwrap().success().unwrap();
    answer.result().clone()
}

async fn variables(instance: &Instance, name: &str, environment: &str) -> Value {
    project(instance, name).await["deployment_configs"][environment]["env_vars"].clone()
}

async fn create(wrangler: &Wrangler, name: &str) {
    let create = [
        "pages",
        "project",
        "create",
        name,
        "--production-branch",
        "main",
    ];
    let created = wrangler.run(&create).await.succeeded();
    created.says(&[&format!("Successfully created the '{name}' project.")]);
}

#[tokio::test]
async fn projects_are_made_listed_and_deleted() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let list = ["pages", "project", "list", "--json"];
    assert_eq!(wrangler.run(&list).await.succeeded().stdout.trim(), "[]");
    // More than a page of Wrangler's.
    let names: Vec<String> = (0..11).map(|index| format!("site-{index}")).collect();
    create(&wrangler, &names[0]).await;
    for name in &names[1..] {
        let body = json!({ "name": name, "production_branch": "main" });
        instance
            .api()
            .post("/pages/projects", &body)
            .await
            .unwrap()
            .success()
            .unwrap();
    }
    let listed: Value =
        serde_json::from_str(&wrangler.run(&list).await.succeeded().stdout).unwrap();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 11);
    for name in &names {
        assert!(
            listed.iter().any(|one| one["Project Name"] == **name),
            "{name}"
        );
    }

    let again = [
        "pages",
        "project",
        "create",
        "site-0",
        "--production-branch",
        "main",
    ];
    wrangler
        .run(&again)
        .await
        .failed()
        .says(&["[code: 8000002]"]);
    let wrong = [
        "pages",
        "project",
        "create",
        "Not_A_Name",
        "--production-branch",
        "main",
    ];
    wrangler
        .run(&wrong)
        .await
        .failed()
        .says(&["a project's name must consist of"]);

    let delete = ["pages", "project", "delete", "site-0", "--yes"];
    wrangler
        .run(&delete)
        .await
        .succeeded()
        .says(&["Successfully deleted site-0"]);
    wrangler
        .run(&delete)
        .await
        .failed()
        .says(&["[code: 8000007]"]);
}

#[tokio::test]
async fn secrets_of_production_and_of_previews() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    create(&wrangler, "keys").await;
    let secret = json!({ "type": "secret_text", "value": "" });

    let put = [
        "pages",
        "secret",
        "put",
        "API_TOKEN",
        "--project-name",
        "keys",
    ];
    wrangler
        .run_with(&put, "tok_marked\n")
        .await
        .succeeded()
        .says(&["Success! Uploaded secret API_TOKEN"])
        .never_says("tok_marked");
    assert_eq!(
        variables(&instance, "keys", "production").await,
        json!({ "API_TOKEN": secret })
    );
    assert_eq!(variables(&instance, "keys", "preview").await, json!({}));

    let in_preview = ["--project-name", "keys", "--env", "preview"];
    let put = [&["pages", "secret", "put", "PREVIEW_ONLY"][..], &in_preview].concat();
    wrangler.run_with(&put, "tok_preview").await.succeeded();
    let file = Project::empty().with(
        "secrets.json",
        r#"{ "A": "one-marked", "B": "two-marked" }"#,
    );
    let bulk = [
        "pages",
        "secret",
        "bulk",
        "secrets.json",
        "--project-name",
        "keys",
    ];
    let done = wrangler.run_in(file.path(), &bulk, "").await.succeeded();
    done.says(&["2 secrets successfully uploaded"])
        .never_says("marked");

    let list = ["pages", "secret", "list", "--project-name", "keys"];
    let listed = wrangler.run(&list).await.succeeded();
    listed
        .says(&[
            "API_TOKEN: Value Encrypted",
            "A: Value Encrypted",
            "B: Value Encrypted",
        ])
        .never_says("PREVIEW_ONLY");
    let list = [&["pages", "secret", "list"][..], &in_preview].concat();
    let listed = wrangler.run(&list).await.succeeded();
    listed
        .says(&["PREVIEW_ONLY: Value Encrypted"])
        .never_says("API_TOKEN");

    let delete = [
        "pages",
        "secret",
        "delete",
        "API_TOKEN",
        "--project-name",
        "keys",
    ];
    wrangler
        .run(&delete)
        .await
        .succeeded()
        .says(&["Success! Deleted secret API_TOKEN"]);
    assert_eq!(
        variables(&instance, "keys", "production").await,
        json!({ "A": secret, "B": secret })
    );

    // Too large, and for a project that is not there.
    let put = ["pages", "secret", "put", "LARGE", "--project-name", "keys"];
    let refused = wrangler
        .run_with(&put, &"x".repeat(6 * 1024))
        .await
        .failed();
    refused.says(&["6144 bytes, the limit is 5120", "[code: 10054]"]);
    let put = ["pages", "secret", "put", "KEY", "--project-name", "nothing"];
    let refused = wrangler.run_with(&put, "v").await.failed();
    refused.says(&["Project \"nothing\" does not exist."]);
    let put = [
        "pages",
        "secret",
        "put",
        "KEY",
        "--project-name",
        "keys",
        "--env",
        "staging",
    ];
    wrangler.run_with(&put, "v").await.failed();
    assert_eq!(
        variables(&instance, "keys", "production").await,
        json!({ "A": secret, "B": secret })
    );
}

#[tokio::test]
async fn the_configuration_can_be_downloaded_without_secrets() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    create(&wrangler, "config").await;
    let body = json!({ "deployment_configs": { "production": {
        "compatibility_date": "2026-01-01",
        "compatibility_flags": ["nodejs_compat"],
        "env_vars": {
            "VISIBLE": { "type": "plain_text", "value": "shown" },
            "HIDDEN": { "type": "secret_text", "value": "marked" },
        },
    } } });
    instance
        .api()
        .patch("/pages/projects/config", &body)
        .await
        .unwrap()
        .success()
        .unwrap();
    let directory = Project::empty();
    let download = ["pages", "download", "config", "config", "--force"];
    wrangler
        .run_in(directory.path(), &download, "")
        .await
        .succeeded()
        .never_says("marked");
    let written = ["wrangler.jsonc", "wrangler.json", "wrangler.toml"]
        .iter()
        .find_map(|name| std::fs::read_to_string(directory.path().join(name)).ok())
        .unwrap();
    for part in ["VISIBLE", "shown", "nodejs_compat", "2026-01-01"] {
        assert!(written.contains(part), "{part}: {written}");
    }
    assert!(!written.contains("marked"), "{written}");
}
