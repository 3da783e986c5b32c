//! Binding a Worker to a secret of a store.

use axum::http::StatusCode;
use coffer_types::Role;
use serde_json::json;

use super::below;
use crate::testing::TestApp;
use crate::testing::browser::Browser;

const BINDINGS: &str = "settings/bindings";

async fn shop() -> (TestApp, String) {
    let (app, store) = TestApp::with_store().await;
    app.create_secret(&store, "STRIPE", "canary-9a").await;
    app.upload(
        "shop",
        json!([{ "name": "A", "type": "plain_text", "text": "a" }]),
    )
    .await;
    (app, store)
}

#[tokio::test]
async fn a_secret_is_bound_by_whoever_may_and_by_nobody_else() {
    let (app, store) = shop().await;
    let browser = Browser::of_member(&app, &[Role::SecretsStoreDeployer]).await;
    let page = browser.open(&below(BINDINGS)).await;
    assert!(
        page.html.contains("<option value=\"STRIPE\">"),
        "{}",
        page.html
    );
    assert!(!page.html.contains("Create secret") && !page.html.contains("canary"));
    let fields = [("binding", "PAY"), ("secret", "STRIPE"), ("then", "deploy")];
    let page = browser.submit(&below(BINDINGS), &fields).await;
    assert!(
        page.location().ends_with("/settings?done=version-deployed"),
        "{}",
        page.html
    );
    let latest = app.latest("shop").await;
    let expected = json!({
        "name": "PAY", "type": "secrets_store_secret", "store_id": store, "secret_name": "STRIPE",
    });
    assert_eq!(latest["resources"]["bindings"][1], expected);
    let page = browser.open(&below("settings")).await;
    assert!(
        page.html.contains("settings/remove?name=PAY")
            && !page.html.contains("settings/remove?name=A\"")
    );
    let page = browser
        .submit(&below("settings/remove?name=PAY"), &[("then", "deploy")])
        .await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    assert_eq!(app.latest("shop").await["number"], 3);
    // Who deploys Workers may still not bind.
    let browser = Browser::of_member(&app, &[Role::WorkersPlatformAdmin]).await;
    assert_eq!(
        browser.open(&below(BINDINGS)).await.status,
        StatusCode::FORBIDDEN
    );
    assert!(
        !browser
            .open(&below("settings"))
            .await
            .html
            .contains("settings/bindings")
    );
}

#[tokio::test]
async fn what_cannot_be_bound_is_told_beside_its_field() {
    let (app, store) = shop().await;
    let path = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets");
    let body = json!([{ "name": "FOR_AI", "value": "v", "scopes": ["ai_gateway"] }]);
    app.request(axum::http::Method::POST, &path, Some(body))
        .await;
    let browser = Browser::of_administrator(&app).await;
    assert!(!browser.open(&below(BINDINGS)).await.html.contains("FOR_AI"));
    for (binding, secret, told) in [
        ("A", "STRIPE", "binding of this name"),
        ("1", "STRIPE", "JavaScript identifier"),
        ("B", "", "Choose a secret."),
        ("B", "NONE", "no secret of this name"),
        ("B", "<b>", "no secret of this name"),
        ("B", "FOR_AI", "not for Workers"),
    ] {
        let fields = [("binding", binding), ("secret", secret), ("then", "save")];
        let page = browser.submit(&below(BINDINGS), &fields).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{told}");
        assert!(page.html.contains(told), "{told}: {}", page.html);
        assert!(
            page.html
                .contains(&format!("name=\"binding\" value=\"{binding}\""))
        );
        assert!(!page.html.contains("<b>"));
    }
    assert_eq!(app.latest("shop").await["number"], 1);
}

#[tokio::test]
async fn a_secret_is_created_in_place() {
    let (app, _) = shop().await;
    let browser = Browser::of_administrator(&app).await;
    let fields = |name, value| {
        [
            ("binding", "DB"),
            ("secret", ""),
            ("new-name", name),
            ("value", value),
            ("new-comment", "<i>c"),
            ("create", "1"),
        ]
    };
    for (name, value, told) in [
        ("bad name", "canary-1", "must consist of"),
        ("FINE", "", "Give the secret a value."),
        ("STRIPE", "canary-2", "has a secret of this name"),
    ] {
        let page = browser.submit(&below(BINDINGS), &fields(name, value)).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{told}");
        assert!(page.html.contains(told), "{told}: {}", page.html);
        assert!(page.html.contains("value=\"DB\"") && page.html.contains("in-place\" open"));
        assert!(!page.html.contains("canary") && !page.html.contains("<i>"));
    }
    let page = browser
        .submit(&below(BINDINGS), &fields("DATABASE", "canary-3"))
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.html.contains("The secret was created.") && !page.html.contains("canary"));
    assert!(page.html.contains("name=\"secret\" value=\"DATABASE\""));
    let fields = [("binding", "DB"), ("secret", "DATABASE"), ("then", "save")];
    let page = browser.submit(&below(BINDINGS), &fields).await;
    assert!(
        page.location().ends_with("done=version-saved"),
        "{}",
        page.html
    );
    // Who may bind may not create.
    let browser = Browser::of_member(&app, &[Role::SecretsStoreDeployer]).await;
    let fields = [("new-name", "MORE"), ("value", "v"), ("create", "1")];
    let page = browser.submit(&below(BINDINGS), &fields).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
}
