//! What holds for every page.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use coffer_types::Role;

use crate::testing::browser::Browser;
use crate::testing::{TestApp, result};

const LIST: &str = "/{account_id}/secrets-store";
const CREATE: &str = "/{account_id}/secrets-store/create";

#[tokio::test]
async fn whoever_is_not_signed_in_is_led_to_sign_in_and_back() {
    let app = TestApp::new().await;
    let browser = Browser::new(&app);
    let page = browser.open("/{account_id}/secrets-store?search=a").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    let id = app.first.account_id;
    assert_eq!(
        page.location(),
        format!("/sign-in?to=%2F{id}%2Fsecrets%2Dstore%3Fsearch%3Da")
    );
    let page = browser.open(page.location()).await;
    assert!(
        page.html
            .contains(&format!("value=\"/{id}/secrets-store?search=a\"")),
        "{}",
        page.html
    );
    // Another site's link comes without the cookie, so the request is made again from here.
    let led = Request::get(format!("/{id}/secrets-store")).header("sec-fetch-site", "cross-site");
    let page = browser.ask(led, Body::empty()).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.html
            .contains(&format!("content=\"0; url=/{id}/secrets-store\""))
    );
}

#[tokio::test]
async fn signing_in_gives_a_new_session_and_leads_to_the_first_page() {
    let app = TestApp::new().await;
    let mut browser = Browser::new(&app);
    let wrong = browser.sign_in("admin@example.com", "wrong").await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(
        wrong.html.contains("do not go together")
            && wrong.html.contains("value=\"admin@example.com\"")
    );
    assert!(!wrong.html.contains("\"wrong\"") && !wrong.headers.contains_key(header::SET_COOKIE));
    let page = browser
        .sign_in("admin@example.com", app.first.password.expose_secret())
        .await;
    let first = page.headers[header::SET_COOKIE].clone();
    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/"));
    let list = format!("/{}/secrets-store", app.first.account_id);
    assert_eq!(browser.open("/").await.location(), list);
    assert_eq!(browser.open("/{account_id}").await.location(), list);
    let again = browser
        .sign_in("admin@example.com", app.first.password.expose_secret())
        .await;
    assert_ne!(again.headers[header::SET_COOKIE], first);
    // Only a page of this origin signs anyone in.
    for site in ["cross-site", "same-site", "none"] {
        let request = Request::post("/sign-in")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", site);
        let page = browser.ask(request, Body::from("email=a&password=b")).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{site}");
    }
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    let page = browser.open(LIST).await;
    let token = page
        .between("name=\"form_token\" value=\"", "\"")
        .to_owned();
    let page = browser.send("/sign-out", &[("form_token", &token)]).await;
    assert_eq!(page.location(), "/sign-in");
    assert!(
        page.headers[header::SET_COOKIE]
            .to_str()
            .unwrap()
            .contains("Max-Age=0")
    );
    let page = browser.open(LIST).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert!(
        page.headers[header::SET_COOKIE]
            .to_str()
            .unwrap()
            .contains("Max-Age=0")
    );
}

#[tokio::test]
async fn forms_of_other_sessions_and_sites_change_nothing() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    let own = browser.open(CREATE).await;
    let own = own.between("name=\"form_token\" value=\"", "\"").to_owned();
    let other = Browser::of_administrator(&app).await.open(CREATE).await;
    let other = other
        .between("name=\"form_token\" value=\"", "\"")
        .to_owned();
    let fields = |token| {
        [
            ("form_token", token),
            ("name", "A"),
            ("value", "v"),
            ("scope-1", "workers"),
            ("comment", ""),
        ]
    };
    let events = app.audit_events().await.len();
    for token in ["", "0", "zz", &other, &own[2..]] {
        let page = browser.send(CREATE, &fields(token)).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{token}");
        assert!(page.html.contains("out of date"));
    }
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("x", "y"),
    ] {
        let path = CREATE.replace("{account_id}", &app.first.account_id.to_string());
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(name, value);
        let body = format!("form_token={own}&name=A&value=v&scope-1=workers&comment=");
        let page = browser.ask(request, Body::from(body)).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{name} {value}");
    }
    assert_eq!(app.audit_events().await.len(), events);
    let page = browser.send(CREATE, &fields(&own)).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
}

#[tokio::test]
async fn pages_bring_the_headers_that_keep_others_out() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    for path in [
        "/sign-in",
        LIST,
        CREATE,
        "/{account_id}/secrets-store?scope=nonsense&order=x&page=0",
        "/{account_id}/secrets-store?store=nonsense&status=x",
        "/{account_id}/secrets-store/import",
        "/{account_id}/workers",
        "/{account_id}/workers?search=x&order=-changed&page=9",
        "/{account_id}/audit-log",
        "/{account_id}/audit-log?action=nonsense&range=x&from=y&at=z",
        "/{account_id}/audit-log/integrity",
        "/{account_id}/members",
        "/{account_id}/members/invite",
        "/{account_id}/members?status=nonsense&page=0",
        "/{account_id}/api-tokens",
        "/{account_id}/api-tokens/create?template=nonsense",
        "/device",
        "/profile/api-tokens",
        "/profile/api-tokens/create",
        "/profile",
        "/profile/name",
        "/profile/password",
        "/profile/passkeys/add",
        "/profile/sessions/end",
        "/profile/global-key/view",
        "/{account_id}/settings",
        "/{account_id}/settings/name",
        "/{account_id}/settings/subdomain",
        "/docs",
        "/docs?search=secret",
        "/docs/troubleshooting",
    ] {
        let page = browser.open(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        let policy = page.headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"));
        assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(page.headers[header::REFERRER_POLICY], "no-referrer");
        // Nothing that the policy would refuse.
        for inline in ["<style", " style=", "<script>", " onclick=", "javascript:"] {
            assert!(!page.html.contains(inline), "{path}: {inline}");
        }
    }
}

#[tokio::test]
async fn what_the_roles_do_not_permit_is_absent_and_its_address_refused() {
    let app = TestApp::new().await;
    let browser = Browser::of_member(&app, &[Role::SecretsStoreReporter]).await;
    let page = browser.open(LIST).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.html.contains("Create secret") && !page.html.contains("API tokens"));
    // The store is not made by someone who may only look.
    assert!(page.html.contains("No store yet"));
    let page = browser.open(CREATE).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.html.contains("Not permitted") && page.html.contains("Sign out"));
    let elsewhere = "/0123456789abcdef0123456789abcdef/secrets-store";
    assert_eq!(browser.open(elsewhere).await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        browser.open("/nonsense/secrets-store").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn the_store_is_made_when_someone_who_may_first_looks() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    for _ in 0..2 {
        let page = browser.open(LIST).await;
        assert!(page.html.contains("No secrets yet"), "{}", page.html);
    }
    let stores = "/accounts/{account_id}/secrets_store/stores";
    let answer = app.request(axum::http::Method::GET, stores, None).await;
    let stores = result(&answer).as_array().unwrap();
    assert_eq!(stores.len(), 1);
    assert_eq!(stores[0]["name"], "default_secrets_store");
}
