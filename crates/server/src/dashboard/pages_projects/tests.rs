//! The pages of Pages projects, as a browser without a script sees them.

use axum::http::{Method, StatusCode};
use coffer_types::Role;
use serde_json::{Value, json};

use crate::testing::browser::Browser;
use crate::testing::{TestApp, result};

const PROJECT: &str = "/{account_id}/pages/site";
const API: &str = "/accounts/{account_id}/pages/projects";

async fn site() -> TestApp {
    let app = TestApp::new().await;
    let body = json!({ "name": "site", "production_branch": "main" });
    result(&app.request(Method::POST, API, Some(body)).await);
    app
}

async fn variables(app: &TestApp, environment: &str) -> Value {
    let answer = app.request(Method::GET, &format!("{API}/site"), None).await;
    result(&answer)["deployment_configs"][environment]["env_vars"].clone()
}

fn below(page: &str) -> String {
    format!("{PROJECT}/{page}")
}

#[tokio::test]
async fn a_file_becomes_variables_of_one_environment() {
    let app = site().await;
    let browser = Browser::of_administrator(&app).await;
    let import = below("settings/import?environment=preview");
    let file = "KEY=canary-9\nASSETS=canary-9\nMODE=fast\n";
    let look = [("text", file), ("usual", "secret"), ("preview", "1")];
    let page = browser.submit(&import, &look).await;
    assert!(
        page.html.contains("3 names, 2 to be created"),
        "{}",
        page.html
    );
    assert!(page.html.contains("For preview") && !page.html.contains("canary"));
    let fields = [
        ("text", file),
        ("usual", "secret"),
        ("usual_before", "secret"),
        ("name", "MODE"),
        ("kind", "text"),
        ("ready", "2"),
        ("then", "save"),
    ];
    let page = browser.submit(&import, &fields).await;
    assert!(
        page.location().ends_with("/settings?done=pages-saved"),
        "{}",
        page.html
    );
    let made = variables(&app, "preview").await;
    assert_eq!(made["KEY"]["type"], "secret_text");
    assert_eq!(
        made["MODE"],
        json!({ "type": "plain_text", "value": "fast" })
    );
    assert_eq!(variables(&app, "production").await, json!({}));
    let viewer = Browser::of_member(&app, &[Role::WorkersReadOnly]).await;
    assert_eq!(viewer.open(&import).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn variables_of_each_environment_are_added_edited_and_deleted() {
    let app = site().await;
    let browser = Browser::of_administrator(&app).await;
    let page = browser.open(PROJECT).await;
    assert!(page.html.contains("wrangler pages deploy"), "{}", page.html);
    let preview = below("settings/variables?environment=preview");
    let fields = [
        ("kind", "text"),
        ("name", "GREETING"),
        ("value", "hi <b>"),
        ("kind", "secret"),
        ("name", "KEY"),
        ("value", "canary-2c"),
    ];
    let page = browser.submit(&preview, &fields).await;
    assert!(
        page.location().ends_with("/settings?done=pages-saved"),
        "{}",
        page.html
    );
    let page = browser.open(page.location()).await;
    assert!(page.html.contains("hi &#60;b&#62;") && page.html.contains("Value encrypted"));
    assert!(!page.html.contains("canary"));
    assert_eq!(variables(&app, "production").await, json!({}));
    assert_eq!(
        variables(&app, "preview").await["KEY"]["type"],
        "secret_text"
    );
    // A name that is there, or kept, is not set twice.
    for name in ["KEY", "ASSETS", "1"] {
        let fields = [("kind", "secret"), ("name", name), ("value", "canary-3")];
        let page = browser.submit(&preview, &fields).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{name}");
        assert!(page.html.contains("aria-invalid") && !page.html.contains("canary"));
    }
    let edit = below("settings/variables?environment=preview&name=GREETING");
    let fields = [("kind", "secret"), ("name", "x"), ("value", "canary-4")];
    let page = browser.submit(&edit, &fields).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    assert_eq!(
        variables(&app, "preview").await["GREETING"]["type"],
        "secret_text"
    );
    assert!(!browser.open(&edit).await.html.contains("canary"));
    let remove = below("settings/remove?environment=preview&name=KEY");
    let page = browser.submit(&remove, &[]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    assert!(variables(&app, "preview").await["KEY"].is_null());
    assert_eq!(browser.open(&remove).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_project_is_listed_and_deleted_by_whoever_may() {
    let app = site().await;
    let reader = Browser::of_member(&app, &[Role::WorkersReadOnly]).await;
    let page = reader.open("/{account_id}/workers").await;
    assert!(
        page.html.contains("/pages/site\"") && !page.html.contains("/delete"),
        "{}",
        page.html
    );
    assert!(
        !reader
            .open(&below("settings"))
            .await
            .html
            .contains("settings/variables")
    );
    for page in [
        "delete",
        "settings/variables",
        "settings/remove?name=A",
        "rollback",
    ] {
        assert_eq!(
            reader.open(&below(page)).await.status,
            StatusCode::FORBIDDEN,
            "{page}"
        );
    }
    let browser = Browser::of_administrator(&app).await;
    let page = browser.submit(&below("delete"), &[("name", "other")]).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    let page = browser.submit(&below("delete"), &[("name", "site")]).await;
    assert!(
        page.location().ends_with("/workers?done=pages-deleted"),
        "{}",
        page.html
    );
    for page in [PROJECT.to_owned(), below("settings"), below("delete")] {
        assert_eq!(
            browser.open(&page).await.status,
            StatusCode::NOT_FOUND,
            "{page}"
        );
    }
}
