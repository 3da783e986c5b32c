//! Versions and gradual deployments: `versions upload`, `list`, `view` and `deploy`, `deployments list` and
//! `status`, `rollback`, `triggers deploy`.

use std::collections::BTreeSet;

use coffer_testkit::Instance;
use reqwest::Method;
use serde_json::json;

use crate::client::Wrangler;
use crate::deploy::{active_versions, deploy, reply_where};
use crate::project::Project;

/// A Worker that answers with this text and its secret.
fn says(text: &str) -> String {
    format!(
        "export default {{ fetch(request, env) {{ return new Response(`{text} ${{env.TOKEN ?? \"\"}}`.trim()); }} }};"
    )
}

fn project(name: &str) -> Project {
    Project::new(json!({ "name": name, "main": "index.js" })).with("index.js", says("first"))
}

/// Uploads a version that answers with this text, and tells its id.
async fn upload(wrangler: &Wrangler, project: &Project, text: &str) -> String {
    project.write("index.js", says(text));
    let upload = ["versions", "upload", "--tag", text, "--message", "as tried"];
    let uploaded = wrangler.run_in(project.path(), &upload, "").await;
    uploaded.succeeded().after("Worker Version ID:").to_owned()
}

#[tokio::test]
async fn two_versions_share_the_traffic_as_wrangler_says() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let project = project("shop");
    let first = deploy(&wrangler, &project).await.succeeded();
    let first = first.after("Current Version ID:").to_owned();
    let second = upload(&wrangler, &project, "second").await;
    let named = ["--name", "shop"];

    let whole = json!([{ "version_id": first, "percentage": 100 }]);
    assert_eq!(active_versions(&instance, "shop").await, whole);
    let list = [&["versions", "list"], &named[..]].concat();
    let listed = wrangler.run(&list).await;
    listed
        .succeeded()
        .says(&[&first, &second, "Tag:         second", "as tried"]);
    let view = [&["versions", "view", &second], &named[..]].concat();
    let viewed = wrangler.run(&view).await.succeeded();
    viewed.says(&[&second, "second", "as tried", "fetch"]);
    // A preview answers before anything is deployed.
    let preview = format!("{}-shop", &second[..8]);
    reply_where(&instance, &preview, |reply| reply.text == "second").await;

    let shares = [format!("{first}@99.9%"), format!("{second}@0.1%")];
    let share = ["versions", "deploy", &shares[0], &shares[1], "--yes"];
    let shared = wrangler.run(&[&share[..], &named].concat()).await;
    shared.succeeded().says(&["99.9%", "0.1%", "SUCCESS"]);
    let mut versions = active_versions(&instance, "shop").await;
    versions
        .as_array_mut()
        .unwrap()
        .sort_by_key(|one| one["percentage"].to_string());
    let expected = json!([
        { "version_id": second, "percentage": 0.1 },
        { "version_id": first, "percentage": 99.9 },
    ]);
    assert_eq!(versions, expected);
    for (version, text) in [(&first, "first"), (&second, "second")] {
        assert_eq!(overridden(&instance, version).await, text);
    }

    let halves = [format!("{first}@50%"), format!("{second}@50%")];
    let share = ["versions", "deploy", &halves[0], &halves[1], "-y"];
    let message = ["--message", "half of them"];
    let shared = wrangler.run(&[&share[..], &message, &named].concat()).await;
    shared.succeeded();
    let status = [&["deployments", "status"], &named[..]].concat();
    let status = wrangler.run(&status).await.succeeded();
    status.says(&["(50%)", &first, &second, "half of them"]);
    let list = [&["deployments", "list"], &named[..]].concat();
    let listed = wrangler.run(&list).await.succeeded();
    listed.says(&["(100%)", "(99.9%)", "(0.1%)", "(50%)"]);
    both_answer(&instance).await;

    let all = [format!("{second}@100%")];
    let share = ["versions", "deploy", &all[0], "--yes"];
    wrangler
        .run(&[&share[..], &named].concat())
        .await
        .succeeded();
    reply_where(&instance, "shop", |reply| reply.text == "second").await;
    assert_eq!(
        active_versions(&instance, "shop").await,
        json!([{ "version_id": second, "percentage": 100 }])
    );
}

/// What the version answers that the override names.
async fn overridden(instance: &Instance, version: &str) -> String {
    let gateway = instance.gateway();
    let request = gateway.request(Method::GET, "shop", "/").header(
        "cloudflare-workers-version-overrides",
        format!("shop=\"{version}\""),
    );
    gateway.send(request).await.unwrap().text
}

/// Asks with many keys: each is answered by one version, and both answer some.
async fn both_answer(instance: &Instance) {
    let gateway = instance.gateway();
    let mut seen = BTreeSet::new();
    for key in 0..32 {
        let ask = async || {
            let request = gateway.request(Method::GET, "shop", "/");
            let request = request.header("cloudflare-workers-version-key", format!("user-{key}"));
            gateway.send(request).await.unwrap().text
        };
        let text = ask().await;
        assert_eq!(ask().await, text);
        seen.insert(text);
    }
    let expected = ["first", "second"].map(str::to_owned);
    assert_eq!(seen, BTreeSet::from(expected));
}

#[tokio::test]
async fn what_is_no_deployment_is_refused() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let project = project("shop");
    let first = deploy(&wrangler, &project).await.succeeded();
    let first = first.after("Current Version ID:").to_owned();
    let second = upload(&wrangler, &project, "second").await;
    let other = Project::new(json!({ "name": "other", "main": "index.js" }))
        .with("index.js", says("other"));
    let other = deploy(&wrangler, &other).await.succeeded();
    let other = other.after("Current Version ID:").to_owned();
    let before = active_versions(&instance, "shop").await;

    let unknown = "c5e9c03c-4448-49b4-a1b1-b19bf4cd2241".to_owned();
    for shares in [
        vec![(&first, "60"), (&second, "60")],
        vec![(&first, "-10"), (&second, "110")],
        vec![(&other, "100")],
        vec![(&unknown, "100")],
    ] {
        let mut command = vec!["versions".to_owned(), "deploy".to_owned()];
        command.extend(
            shares
                .iter()
                .map(|(version, percent)| format!("{version}@{percent}%")),
        );
        command.extend(["--yes", "--name", "shop"].map(str::to_owned));
        let command: Vec<_> = command.iter().map(String::as_str).collect();
        wrangler.run(&command).await.failed();
        assert_eq!(
            active_versions(&instance, "shop").await,
            before,
            "{shares:?}"
        );
    }
}

#[tokio::test]
async fn a_rollback_asks_about_changed_secrets() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let project = project("shop");
    let first = deploy(&wrangler, &project).await.succeeded();
    let first = first.after("Current Version ID:").to_owned();
    project.write("index.js", says("second"));
    let second = deploy(&wrangler, &project).await.succeeded();
    let second = second.after("Current Version ID:").to_owned();
    reply_where(&instance, "shop", |reply| reply.text == "second").await;

    // Nothing changed but code: no question beyond the first.
    let named = ["--name", "shop", "--message", "it was better", "--yes"];
    let rolled = wrangler.run(&[&["rollback"], &named[..]].concat()).await;
    rolled.succeeded().says(&["SUCCESS", &first]);
    reply_where(&instance, "shop", |reply| reply.text == "first").await;
    let status = wrangler
        .run(&["deployments", "status", "--name", "shop"])
        .await
        .succeeded();
    status.says(&[&first, "it was better"]);

    let put = ["secret", "put", "TOKEN", "--name", "shop"];
    // The latest version must serve, or a secret has nowhere to go.
    let latest = format!("{second}@100%");
    let forward = ["versions", "deploy", &latest, "--yes", "--name", "shop"];
    wrangler.run(&forward).await.succeeded();
    wrangler.run_with(&put, "tok_new").await.succeeded();
    reply_where(&instance, "shop", |reply| reply.text == "second tok_new").await;
    let back = [&["rollback", &first], &named[..]].concat();
    let rolled = wrangler.run(&back).await.succeeded();
    rolled.says(&["TOKEN", "SUCCESS"]).never_says("tok_new");
    reply_where(&instance, "shop", |reply| reply.text == "first").await;

    // What the question is asked for: the API does not do it unasked.
    let api = instance.api();
    let deployments = "/workers/scripts/shop/deployments";
    let body = json!({ "strategy": "percentage", "versions": [{ "version_id": second, "percentage": 100 }] });
    api.post(deployments, &body)
        .await
        .unwrap()
        .success()
        .unwrap();
    let versions = api.get("/workers/scripts/shop/versions").await.unwrap();
    let latest = versions.result()["items"][0]["id"].clone();
    let to = |id| json!({ "strategy": "percentage", "versions": [{ "version_id": id, "percentage": 100 }] });
    api.post(deployments, &to(latest))
        .await
        .unwrap()
        .success()
        .unwrap();
    let refused = api.post(deployments, &to(json!(first))).await.unwrap();
    assert_eq!(refused.codes(), [10220]);
}

#[tokio::test]
async fn triggers_are_deployed_by_themselves() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let project = project("shop");
    deploy(&wrangler, &project).await.succeeded();
    let before = active_versions(&instance, "shop").await;
    let triggers = ["triggers", "deploy"];
    let deployed = wrangler.run_in(project.path(), &triggers, "").await;
    deployed
        .succeeded()
        .says(&["Deployed shop triggers", "shop.dev.localhost"]);
    assert_eq!(active_versions(&instance, "shop").await, before);
}

#[tokio::test]
async fn cron_triggers_come_and_go_with_the_configuration() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let code = "export default { async scheduled() {}, fetch() { return new Response(); } };";
    let timed = |crons: serde_json::Value| {
        let configuration =
            json!({ "name": "timed", "main": "index.js", "triggers": { "crons": crons } });
        Project::new(configuration).with("index.js", code)
    };
    let crons = async || {
        let api = instance.api();
        let answer = api.get("/workers/scripts/timed/schedules").await.unwrap();
        let schedules = answer.result()["schedules"].as_array().cloned();
        let crons = schedules.into_iter().flatten();
        crons.map(|one| one["cron"].clone()).collect::<Vec<_>>()
    };

    let project = timed(json!(["*/5 * * * *", "0 9 * * MON-FRI"]));
    let deployed = deploy(&wrangler, &project).await.succeeded();
    deployed.says(&["schedule: */5 * * * *", "schedule: 0 9 * * MON-FRI"]);
    assert_eq!(crons().await, ["*/5 * * * *", "0 9 * * MON-FRI"]);

    // Triggers alone; a configuration without them leaves them.
    let triggers = ["triggers", "deploy"];
    let fewer = timed(json!(["0 0 L * *"]));
    let deployed = wrangler.run_in(fewer.path(), &triggers, "").await;
    deployed.succeeded().says(&["schedule: 0 0 L * *"]);
    let silent = Project::new(json!({ "name": "timed", "main": "index.js" }));
    let silent = silent.with("index.js", code);
    deploy(&wrangler, &silent).await.succeeded();
    assert_eq!(crons().await, ["0 0 L * *"]);

    let wrong = timed(json!(["0 0 31 2 *", "* * * *"]));
    let refused = wrangler.run_in(wrong.path(), &triggers, "").await.failed();
    refused.says(&["never run", "five fields", "[code: 10100]"]);
    assert_eq!(crons().await, ["0 0 L * *"]);
    let none = timed(json!([]));
    let emptied = wrangler.run_in(none.path(), &triggers, "").await;
    emptied.succeeded();
    assert_eq!(crons().await, Vec::<serde_json::Value>::new());

    deploy(&wrangler, &project).await.succeeded();
    let delete = ["delete", "--name", "timed", "--force"];
    wrangler.run(&delete).await.succeeded();
    deploy(&wrangler, &silent).await.succeeded();
    assert_eq!(crons().await, Vec::<serde_json::Value>::new());
}
