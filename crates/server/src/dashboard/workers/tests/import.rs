//! Variables and secrets of a file.

use axum::http::StatusCode;
use coffer_types::Role;
use serde_json::json;

use super::below;
use crate::testing::TestApp;
use crate::testing::browser::Browser;

const IMPORT: &str = "settings/import";
const FILE: &str = "# of the shop\nAPI_KEY=canary-1\nTAKEN=canary-2\nexport GREETING='hello you'\n1BAD=canary-3\n\
    EMPTY=\nnothing here\n";

#[tokio::test]
async fn a_file_is_imported_after_a_look_at_its_names_as_secrets_unless_a_text_is_chosen() {
    let app = TestApp::new().await;
    let bindings = json!([{ "name": "TAKEN", "type": "plain_text", "text": "t" }]);
    app.upload("shop", bindings).await;
    let browser = Browser::of_administrator(&app).await;
    let settings = browser.open(&below("settings")).await;
    assert!(settings.html.contains("/settings/import\" data-panel"));
    let page = browser.open(&below(IMPORT)).await;
    assert!(page.html.contains("<option value=\"secret\" selected>"));
    let page = browser
        .submit(
            &below(IMPORT),
            &[("text", FILE), ("usual", "secret"), ("preview", "1")],
        )
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.html.contains("5 names, 2 to be created"),
        "{}",
        page.html
    );
    assert!(
        page.html.contains("Line 7 has no name") && page.html.contains("exists, left as it is")
    );
    assert!(
        page.html.contains("JavaScript identifier")
            && page.html.contains("Give the secret a value.")
    );
    assert!(!page.html.contains("canary") && !page.html.contains("hello you"));
    assert_eq!(
        app.latest("shop").await["number"],
        1,
        "a look makes nothing"
    );
    // Sent without having seen what comes, it is shown, not done.
    let unseen = [("text", FILE), ("usual", "secret"), ("then", "deploy")];
    let page = browser.submit(&below(IMPORT), &unseen).await;
    assert_eq!(
        (page.status, app.latest("shop").await["number"].clone()),
        (StatusCode::OK, json!(1))
    );
    let fields = [
        ("text", FILE),
        ("usual", "secret"),
        ("usual_before", "secret"),
        ("name", "API_KEY"),
        ("kind", "secret"),
        ("name", "GREETING"),
        ("kind", "text"),
        ("ready", "2"),
        ("then", "deploy"),
    ];
    let page = browser.submit(&below(IMPORT), &fields).await;
    assert!(
        page.location().ends_with("/settings?done=version-deployed"),
        "{}",
        page.html
    );
    let page = browser.open(page.location()).await;
    assert!(page.html.contains("hello you") && !page.html.contains("canary"));
    assert_eq!(app.env("shop").await["API_KEY"], "canary-1");
    let latest = app.latest("shop").await;
    let bindings = latest["resources"]["bindings"].as_array().unwrap();
    for text in [("GREETING", "hello you"), ("TAKEN", "t")] {
        let expected = json!({ "name": text.0, "type": "plain_text", "text": text.1 });
        assert!(bindings.contains(&expected), "{bindings:?}");
    }
    assert_eq!(latest["number"], 2);
}

#[tokio::test]
async fn a_changed_choice_for_all_comes_before_those_of_the_preview() {
    let app = TestApp::new().await;
    app.upload("shop", json!([])).await;
    let browser = Browser::of_administrator(&app).await;
    let fields = [
        ("text", "{\"A\": \"canary-4\", \"N\": 5}"),
        ("usual", "text"),
        ("usual_before", "secret"),
        ("name", "A"),
        ("kind", "secret"),
        ("preview", "1"),
    ];
    let page = browser.submit(&below(IMPORT), &fields).await;
    let line = page.between("aria-label=\"What A becomes\"", "</li>");
    assert!(line.contains("<option value=\"text\" selected>"), "{line}");
    assert!(page.html.contains("Its value is not text.") && !page.html.contains("canary"));
}

#[tokio::test]
async fn what_cannot_be_imported_is_told_and_nothing_is_made() {
    let app = TestApp::new().await;
    app.upload("shop", json!([])).await;
    let browser = Browser::of_administrator(&app).await;
    let large = format!("LARGE={}\n", "x".repeat(5121));
    let many: String = (0..129)
        .map(|number| format!("N{number}=canary-5\n"))
        .collect();
    for (text, status, told) in [
        ("", StatusCode::BAD_REQUEST, "There is no name with a value"),
        ("{\"A\": canary-6", StatusCode::BAD_REQUEST, "The file "),
        (many.as_str(), StatusCode::BAD_REQUEST, "129 names"),
        (large.as_str(), StatusCode::OK, "the limit is 5120"),
    ] {
        let fields = [
            ("text", text),
            ("usual", "secret"),
            ("ready", "0"),
            ("then", "deploy"),
        ];
        let page = browser.submit(&below(IMPORT), &fields).await;
        assert_eq!(page.status, status, "{told}");
        assert!(page.html.contains(told), "{told}: {}", page.html);
        assert!(
            !page.html.contains("canary") && !page.html.contains("xxxx"),
            "{told}"
        );
    }
    assert_eq!(app.latest("shop").await["number"], 1);
    // Over code that is not deployed, it can be saved only.
    app.upload_version("shop", json!([])).await;
    let fields = [
        ("text", "A=canary-7"),
        ("usual", "secret"),
        ("ready", "1"),
        ("then", "deploy"),
    ];
    let page = browser.submit(&below(IMPORT), &fields).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.html.contains("deploy the latest version first") && !page.html.contains("canary"));
    assert!(!page.html.contains("value=\"deploy\"") && page.html.contains("value=\"save\""));
}

#[tokio::test]
async fn whoever_may_not_deploy_imports_nothing() {
    let app = TestApp::new().await;
    app.upload("shop", json!([])).await;
    let browser = Browser::of_member(&app, &[Role::SecretsStoreDeployer]).await;
    assert_eq!(
        browser.open(&below(IMPORT)).await.status,
        StatusCode::FORBIDDEN
    );
    assert!(!browser.open(&below("settings")).await.html.contains(IMPORT));
}
