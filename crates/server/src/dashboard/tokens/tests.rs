//! The pages about tokens, as a browser sees them.

use axum::http::{Method, StatusCode};
use coffer_types::{PermissionGroup, Role};
use serde_json::{Value, json};

use crate::testing::browser::{Browser, Page};
use crate::testing::{Actor, TestApp, result, text_at};

const OF_ACCOUNT: &str = "/{account_id}/api-tokens";
const OF_USER: &str = "/profile/api-tokens";
const READ: PermissionGroup = PermissionGroup::SECRETS_STORE_READ;

/// The text that a page shows once.
fn text_of(page: &Page) -> String {
    assert_eq!(page.status, StatusCode::OK, "{}", page.html);
    let text = page.between("<div class=\"shown-once\"><code tabindex=\"0\">", "<");
    assert!(text.starts_with("cfr_"), "{}", page.html);
    text.to_owned()
}

/// The only token of a name, as the API tells of it.
async fn token(app: &TestApp, path: &str, name: &str) -> Value {
    let path = match path {
        OF_USER => "/user/tokens",
        _ => "/accounts/{account_id}/tokens",
    };
    let answer = app.request(Method::GET, path, None).await;
    let mut found = result(&answer).as_array().unwrap().iter();
    found.find(|token| token["name"] == name).unwrap().clone()
}

#[tokio::test]
async fn a_token_is_made_shown_once_and_works() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    for list in [OF_ACCOUNT, OF_USER] {
        let create = format!("{list}/create");
        let fields = [
            ("name", "ci <b>"),
            ("group", READ.id),
            ("accounts", "all"),
            ("within", "203.0.113.0/24\r\n2001:db8::1"),
            ("not_in", ""),
            ("not_before", ""),
            ("expires_on", "2999-01-31T12:00"),
        ];
        let page = browser.submit(&create, &fields).await;
        let text = text_of(&page);
        assert!(
            page.html.contains("ci &#60;b&#62;")
                && page.html.contains("export CLOUDFLARE_API_TOKEN=")
        );
        let made = token(&app, list, "ci <b>").await;
        assert_eq!(made["expires_on"], "2999-01-31T12:00:00.000000Z");
        assert_eq!(
            made["condition"]["request_ip"]["in"],
            json!(["203.0.113.0/24", "2001:db8::1"])
        );
        assert_eq!(made["policies"].as_array().unwrap().len(), 1);
        let page = browser.open(list).await;
        assert!(page.html.contains(&text[..12]) && page.html.contains("Secrets Store Read"));
        assert!(!page.html.contains(&text[..20]));
        let edit = browser
            .open(&format!("{list}/{}", text_at(&made, "/id")))
            .await;
        assert!(edit.html.contains("2999-01-31T12:00:00") && !edit.html.contains(&text[..20]));
    }
}

#[tokio::test]
async fn a_form_that_is_sent_again_makes_nothing_and_shows_nothing() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    let create = format!("{OF_ACCOUNT}/create");
    let page = browser.open(&create).await;
    let hidden = |name: &str| {
        let begin = format!("name=\"{name}\" value=\"");
        page.between(&begin, "\"").to_owned()
    };
    let (form_token, once) = (hidden("form_token"), hidden("once"));
    let fields = [
        ("form_token", form_token.as_str()),
        ("once", once.as_str()),
        ("name", "ci"),
        ("group", READ.id),
    ];
    let text = text_of(&browser.send(&create, &fields).await);
    let again = browser.send(&create, &fields).await;
    assert!(again.location().ends_with("/api-tokens?done=token-shown"));
    let list = browser.open(again.location()).await;
    assert!(list.html.contains("was shown then") && !list.html.contains(&text));
    assert_eq!(list.html.matches("class=\"mono nowrap\">cfr_").count(), 1);
}

#[tokio::test]
async fn what_is_wrong_is_told_beside_its_field_and_what_was_typed_stays() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    let fields = [
        ("name", " "),
        ("accounts", "some"),
        ("within", "nonsense\"><i>"),
        ("not_in", "203.0.113.7"),
        ("not_before", "tomorrow"),
        ("expires_on", "2020-01-01T00:00"),
    ];
    let page = browser.submit(&format!("{OF_USER}/create"), &fields).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    for told in [
        "name-problem",
        "Choose at least one permission.",
        "must be an IPv4 or IPv6 address",
        "Write a date and a time of day.",
        "value=\"2020-01-01T00:00\"",
        "nonsense&#34;&#62;&#60;i&#62;",
        ">203.0.113.7</textarea>",
    ] {
        assert!(page.html.contains(told), "{told}: {}", page.html);
    }
    let fields = [
        ("name", "x"),
        ("accounts", "some"),
        ("group", READ.id),
        ("not_before", ""),
        ("expires_on", "2020-01-01T00:00"),
    ];
    let page = browser.submit(&format!("{OF_USER}/create"), &fields).await;
    assert!(
        page.html.contains("Choose at least one account."),
        "{}",
        page.html
    );
    let fields = [
        ("name", "x"),
        ("group", READ.id),
        ("expires_on", "2020-01-01T00:00"),
    ];
    let page = browser.submit(&format!("{OF_USER}/create"), &fields).await;
    assert!(
        page.html.contains("Choose a moment that is yet to come."),
        "{}",
        page.html
    );
    assert!(
        page.between(&format!("value=\"{}\"", READ.id), ">")
            .contains("checked")
    );
}

#[tokio::test]
async fn what_a_token_would_allow_is_told_before_it_is_made() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    let create = format!("{OF_ACCOUNT}/create");
    let page = browser
        .open(&format!("{create}?template=edit-secrets-store"))
        .await;
    assert!(page.html.contains("value=\"Edit Secrets Store\""));
    let may = |page: &Page| page.between("<strong>May</strong>", "</p>").to_owned();
    assert_eq!(
        may(&page).trim(),
        "view secrets, manage secrets, bind secrets, view the account."
    );
    assert!(!page.html.contains("User Details") && !page.html.contains("name=\"accounts\""));
    let fields = [("name", "kept"), ("group", READ.id), ("preview", "1")];
    let page = browser.submit(&create, &fields).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(may(&page).trim(), "view secrets, view the account.");
    assert!(
        page.between("<strong>May not</strong>", "</p>")
            .contains("manage secrets")
    );
    assert!(page.html.contains("value=\"kept\""));
    assert!(
        browser
            .open(OF_ACCOUNT)
            .await
            .html
            .contains("No tokens yet")
    );
}

#[tokio::test]
async fn a_token_is_edited_disabled_rolled_and_deleted() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    for list in [OF_ACCOUNT, OF_USER] {
        let fields = [("name", "ci"), ("group", READ.id)];
        let page = browser.submit(&format!("{list}/create"), &fields).await;
        let first = text_of(&page);
        let look = async |text: &str| {
            let stores = "/accounts/{account_id}/secrets_store/stores";
            let actor = Actor::with_headers(&[("authorization", &format!("Bearer {text}"))]);
            app.request_as(&actor, Method::GET, stores, None).await.0
        };
        assert_eq!(look(&first).await, 200);
        let at = format!("{list}/{}", text_at(&token(&app, list, "ci").await, "/id"));
        let fields = [
            ("name", "renamed"),
            ("group", READ.id),
            ("status", "disabled"),
        ];
        let page = browser.submit(&at, &fields).await;
        assert!(
            page.location().ends_with("?done=token-saved"),
            "{}",
            page.html
        );
        assert_eq!(look(&first).await, 401);
        let fields = [
            ("name", "renamed"),
            ("group", READ.id),
            ("status", "active"),
        ];
        browser.submit(&at, &fields).await;
        assert_eq!(look(&first).await, 200);
        let page = browser.submit(&format!("{at}/roll"), &[]).await;
        let second = text_of(&page);
        assert_eq!(
            (look(&first).await, look(&second).await),
            (StatusCode::UNAUTHORIZED, StatusCode::OK)
        );
        let page = browser.submit(&format!("{at}/delete"), &[]).await;
        assert!(page.location().ends_with("?done=token-deleted"));
        assert_eq!(look(&second).await, 401);
        assert_eq!(browser.open(&at).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn policies_that_the_form_has_no_room_for_stay_as_they_are() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    let all = "com.cloudflare.api.account.*";
    let policy = |effect: &str, group: PermissionGroup| json!({ "effect": effect, "permission_groups": [{ "id": group.id }], "resources": { all: "*" } });
    let body = json!({
        "name": "half",
        "policies": [policy("allow", PermissionGroup::SECRETS_STORE_WRITE), policy("deny", PermissionGroup::SECRETS_STORE_BIND)],
        "expires_on": "2999-01-01T00:00:00.123456Z",
    });
    let path = "/accounts/{account_id}/tokens";
    result(&app.request(Method::POST, path, Some(body)).await);
    let before = token(&app, OF_ACCOUNT, "half").await;
    let at = format!("{OF_ACCOUNT}/{}", text_at(&before, "/id"));
    let page = browser.open(&at).await;
    assert!(
        page.html.contains("say more than this form can") && !page.html.contains("name=\"group\"")
    );
    let fields = [("name", "whole"), ("expires_on", "2999-01-01T00:00:00")];
    let page = browser.submit(&at, &fields).await;
    assert!(
        page.location().ends_with("?done=token-saved"),
        "{}",
        page.html
    );
    let after = token(&app, OF_ACCOUNT, "whole").await;
    assert_eq!(
        (&after["policies"], &after["expires_on"]),
        (&before["policies"], &before["expires_on"])
    );
}

#[tokio::test]
async fn only_who_manages_tokens_sees_the_account_s_and_everybody_sees_their_own() {
    let app = TestApp::new().await;
    let admin = Browser::of_administrator(&app).await;
    let fields = [("name", "of-admin"), ("group", READ.id)];
    text_of(&admin.submit(&format!("{OF_USER}/create"), &fields).await);
    let id = text_at(&token(&app, OF_USER, "of-admin").await, "/id");
    let reporter = Browser::of_member(&app, &[Role::SecretsStoreReporter]).await;
    for below in ["", "/create", "/0123456789abcdef0123456789abcdef/roll"] {
        let page = reporter.open(&format!("{OF_ACCOUNT}{below}")).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{below}");
    }
    let page = reporter.open(OF_USER).await;
    assert!(page.html.contains("No tokens yet") && !page.html.contains("of-admin"));
    for below in ["", "/roll", "/delete"] {
        let page = reporter.open(&format!("{OF_USER}/{id}{below}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{below}");
    }
    assert_eq!(
        admin.open(&format!("{OF_USER}/nonsense")).await.status,
        StatusCode::NOT_FOUND
    );
}
