//! Adding, editing, encrypting and deleting variables and secrets.

use axum::http::StatusCode;
use coffer_types::Role;
use serde_json::json;

use super::below;
use crate::testing::TestApp;
use crate::testing::browser::Browser;

const VARIABLES: &str = "settings/variables";

#[tokio::test]
async fn several_are_added_in_one_version_and_deployed() {
    let app = TestApp::new().await;
    app.upload("shop", json!([])).await;
    let browser = Browser::of_administrator(&app).await;
    let fields = [
        ("kind", "text"),
        ("name", "GREETING"),
        ("value", " hello \r\nyou"),
        ("kind", "json"),
        ("name", "LIMITS"),
        ("value", "{\"most\": 3}"),
        ("kind", "secret"),
        ("name", "API_KEY"),
        ("value", "canary-0f4e"),
        // A line that was left empty.
        ("kind", "text"),
        ("name", ""),
        ("value", ""),
        ("then", "deploy"),
    ];
    let page = browser.submit(&below(VARIABLES), &fields).await;
    assert!(
        page.location().ends_with("/settings?done=version-deployed"),
        "{}",
        page.html
    );
    let page = browser.open(page.location()).await;
    assert!(page.html.contains("A new version was deployed."));
    assert!(page.html.contains("hello \nyou") && page.html.contains("Value encrypted"));
    assert!(!page.html.contains("canary"));
    assert_eq!(app.env("shop").await["API_KEY"], "canary-0f4e");
    let latest = app.latest("shop").await;
    assert_eq!(latest["number"], 2);
    assert_eq!(latest["metadata"]["source"], "dash");
}

#[tokio::test]
async fn what_is_wrong_is_told_beside_its_field_and_no_secret_comes_back() {
    let app = TestApp::new().await;
    app.upload(
        "shop",
        json!([{ "name": "TAKEN", "type": "plain_text", "text": "t" }]),
    )
    .await;
    let browser = Browser::of_administrator(&app).await;
    let large = "x".repeat(5121);
    for (fields, told) in [
        (
            vec![("kind", "text"), ("name", "TAKEN"), ("value", "kept")],
            "There is a binding of this name",
        ),
        (
            vec![("kind", "text"), ("name", "1<b>"), ("value", "kept")],
            "JavaScript identifier",
        ),
        (
            vec![("kind", "json"), ("name", "J"), ("value", "{kept")],
            "This is no JSON",
        ),
        (
            vec![("kind", "secret"), ("name", "S"), ("value", "")],
            "Give the secret a value.",
        ),
        (
            vec![("kind", "text"), ("name", "L"), ("value", &large)],
            "the limit is 5120",
        ),
        (
            vec![
                ("kind", "secret"),
                ("name", "S"),
                ("value", "canary-1"),
                ("kind", "secret"),
                ("name", "S"),
                ("value", "canary-2"),
            ],
            "stands above already",
        ),
        // What a kind is none of is taken for a secret.
        (
            vec![("kind", "x"), ("name", "-"), ("value", "canary-3")],
            "JavaScript identifier",
        ),
    ] {
        let fields = [fields.as_slice(), &[("then", "deploy")]].concat();
        let page = browser.submit(&below(VARIABLES), &fields).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{told}");
        assert!(page.html.contains(told), "{told}: {}", page.html);
        assert!(
            page.html.contains("aria-invalid=\"true\"") || told.contains("limit"),
            "{told}"
        );
        assert!(
            !page.html.contains("canary") && !page.html.contains("<b>"),
            "{told}"
        );
        if fields.iter().any(|(_, value)| value.contains("kept")) {
            assert!(page.html.contains("kept</textarea>"), "{told}");
        }
    }
    assert_eq!(app.latest("shop").await["number"], 1);
}

#[tokio::test]
async fn one_is_edited_encrypted_and_deleted() {
    let app = TestApp::new().await;
    app.upload(
        "shop",
        json!([{ "name": "A", "type": "plain_text", "text": "before" }]),
    )
    .await;
    let browser = Browser::of_administrator(&app).await;
    let edit = below("settings/variables?name=A");
    let page = browser.open(&edit).await;
    assert!(page.html.contains("before</textarea>"));
    // The name in the form is not what counts.
    let fields = [
        ("kind", "text"),
        ("name", "B"),
        ("value", "after"),
        ("then", "deploy"),
    ];
    let page = browser.submit(&edit, &fields).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    let latest = app.latest("shop").await;
    let expected = json!([{ "name": "A", "type": "plain_text", "text": "after" }]);
    assert_eq!(latest["resources"]["bindings"], expected);

    let page = browser
        .submit(&below("settings/encrypt?name=A"), &[("then", "deploy")])
        .await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    assert_eq!(app.env("shop").await["A"], "after");
    let page = browser.open(&below("settings")).await;
    assert!(page.html.contains("Value encrypted") && !page.html.contains(">after<"));
    // A secret has nothing to be encrypted, and comes into no form.
    assert_eq!(
        browser.open(&below("settings/encrypt?name=A")).await.status,
        StatusCode::NOT_FOUND
    );
    assert!(!browser.open(&edit).await.html.contains("after"));

    let page = browser
        .submit(&below("settings/remove?name=A"), &[("then", "save")])
        .await;
    assert!(page.location().ends_with("done=version-saved"));
    assert_eq!(app.env("shop").await["A"], "after");
    assert_eq!(app.latest("shop").await["resources"]["bindings"], json!([]));
}

#[tokio::test]
async fn nothing_is_deployed_over_code_that_is_not() {
    let app = TestApp::new().await;
    app.upload("shop", json!([])).await;
    app.upload_version("shop", json!([])).await;
    let browser = Browser::of_administrator(&app).await;
    let page = browser.open(&below("settings")).await;
    assert!(page.html.contains("not all traffic goes"), "{}", page.html);
    let page = browser.open(&below(VARIABLES)).await;
    assert!(
        page.html.contains("only be saved as a version") && !page.html.contains("value=\"deploy\"")
    );
    let fields = |then| {
        [
            ("kind", "secret"),
            ("name", "S"),
            ("value", "canary"),
            ("then", then),
        ]
    };
    let page = browser.submit(&below(VARIABLES), &fields("deploy")).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.html.contains("deploy the latest version first") && !page.html.contains("canary"));
    let page = browser.submit(&below(VARIABLES), &fields("save")).await;
    assert!(page.location().ends_with("done=version-saved"));
    assert_eq!(app.latest("shop").await["number"], 3);
}

#[tokio::test]
async fn whoever_may_not_deploy_has_no_form() {
    let app = TestApp::new().await;
    app.upload(
        "shop",
        json!([{ "name": "A", "type": "plain_text", "text": "a" }]),
    )
    .await;
    let browser = Browser::of_member(&app, &[Role::SecretsStoreDeployer]).await;
    for path in [
        VARIABLES,
        "settings/encrypt?name=A",
        "settings/remove?name=A",
    ] {
        assert_eq!(
            browser.open(&below(path)).await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
    let page = browser.open(&below("settings")).await;
    assert!(!page.html.contains("settings/variables") && !page.html.contains("settings/remove"));
}
