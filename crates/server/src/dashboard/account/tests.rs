use axum::http::{Method, StatusCode};
use coffer_types::Role;

use crate::testing::browser::Browser;
use crate::testing::{TestApp, result};

const SETTINGS: &str = "/{account_id}/settings";
const NAME: &str = "/{account_id}/settings/name";
const SUBDOMAIN: &str = "/{account_id}/settings/subdomain";
const PROTECTION: &str = "/{account_id}/settings/protection";

#[tokio::test]
async fn the_account_is_shown_with_what_clients_need() {
    let (app, store) = TestApp::with_store().await;
    for name in ["ONE", "TWO"] {
        app.create_secret(&store, name, "canary").await;
    }
    app.set_limits(|limits| limits.secrets = 2).await;
    let browser = Browser::of_administrator(&app).await;
    let page = browser.open(SETTINGS).await;
    assert_eq!(page.status, StatusCode::OK);
    let id = app.first.account_id.to_string();
    assert_eq!(
        page.between("<dt>Account ID</dt><dd class=\"copied\"><code>", "<"),
        id
    );
    assert!(
        page.html
            .contains("2 of 2 <span class=\"badge waiting\">limit reached")
    );
    assert!(page.html.contains("0 of 500"));
    for line in [
        "/client/v4",
        &format!("export CLOUDFLARE_ACCOUNT_ID={id}"),
        "export CLOUDFLARE_API_BASE_URL=",
        "api_token = var.api_token",
        "&#60;your API token&#62;",
    ] {
        assert!(page.html.contains(line), "{line}: {}", page.html);
    }
    assert!(!page.html.contains("canary"));
}

#[tokio::test]
async fn the_account_is_renamed() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    let long = format!("<i>{}", "x".repeat(100));
    let page = browser.submit(NAME, &[("name", &long)]).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.html.contains("aria-invalid=\"true\"") && page.html.contains("&#60;i&#62;xxx"));
    let page = browser.submit(NAME, &[("name", "Acme <b>")]).await;
    assert!(page.location().ends_with("/settings?done=account-saved"));
    let page = browser.open(page.location()).await;
    assert!(page.html.contains("<dd>Acme &#60;b&#62;</dd>") && !page.html.contains("<b>"));
}

#[tokio::test]
async fn the_subdomain_is_changed_and_a_bad_one_told() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    assert!(browser.open(SUBDOMAIN).await.html.contains("value=\"dev\""));
    for bad in ["", "a b", "-a", "<b>"] {
        let page = browser.submit(SUBDOMAIN, &[("subdomain", bad)]).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{bad}");
        assert!(page.html.contains("aria-invalid=\"true\"") && !page.html.contains("<b>"));
    }
    let page = browser.submit(SUBDOMAIN, &[("subdomain", "Acme")]).await;
    assert!(
        page.location().ends_with("/settings?done=account-saved"),
        "{}",
        page.html
    );
    let page = browser.open(SETTINGS).await;
    assert!(page.html.contains("*.acme."), "{}", page.html);
}

#[tokio::test]
async fn protection_is_turned_on_and_off() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    let protects = async || {
        let path = "/accounts/{account_id}/coffer/settings";
        let answer = app.request(Method::GET, path, None).await;
        result(&answer)["protect_bound_secrets"].clone()
    };
    for (word, expected) in [("on", true), ("nonsense", true), ("off", false)] {
        let page = browser.open(SETTINGS).await;
        let token = page
            .between("name=\"form_token\" value=\"", "\"")
            .to_owned();
        let fields = [("form_token", token.as_str()), ("protect", word)];
        let page = browser.send(PROTECTION, &fields).await;
        assert!(page.location().ends_with("/settings?done=account-saved"));
        assert_eq!(protects().await, expected, "{word}");
    }
}

#[tokio::test]
async fn who_may_only_look_is_offered_nothing_else() {
    let app = TestApp::new().await;
    let browser = Browser::of_member(&app, &[Role::SecretsStoreReporter]).await;
    let page = browser.open(SETTINGS).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.html);
    for absent in [
        "Rename",
        "settings/subdomain",
        "settings/protection",
        "api-tokens",
    ] {
        assert!(!page.html.contains(absent), "{absent}");
    }
    for path in [NAME, SUBDOMAIN] {
        assert_eq!(browser.open(path).await.status, StatusCode::FORBIDDEN);
    }
    let page = browser.send(PROTECTION, &[("protect", "on")]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
}
