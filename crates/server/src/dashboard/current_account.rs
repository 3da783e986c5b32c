//! The account whose pages were open last. Around pages that stand in no account, such as the guide and the profile, it
//! stays open. A cookie remembers it: it is no secret, and whoever may not see the account gains nothing by naming it.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use coffer_types::AccountId;

const NAME: &str = "__Host-coffer_account";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

/// The account that the browser's cookie names.
pub(super) fn last_account(headers: &HeaderMap) -> Option<AccountId> {
    let cookies = headers.get_all(header::COOKIE).iter();
    let mut values = cookies
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().strip_prefix(NAME)?.strip_prefix('='));
    values.next()?.parse().ok()
}

/// Remembers the account of a page that was shown.
pub(super) async fn remember(request: Request, next: Next) -> Response {
    let opened = request.uri().path().split('/').nth(1);
    let opened: Option<AccountId> = opened.and_then(|segment| segment.parse().ok());
    let before = last_account(request.headers());
    let mut response = next.run(request).await;
    if let Some(account_id) = opened
        && before != opened
        && response.status().is_success()
        && let Ok(cookie) = HeaderValue::try_from(format!("{NAME}={account_id}; {ATTRIBUTES}"))
    {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use coffer_types::Role;

    use super::*;
    use crate::testing::TestApp;
    use crate::testing::browser::Browser;

    #[test]
    fn what_is_no_account_is_none() {
        let named = |cookie: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, cookie.parse().unwrap());
            last_account(&headers).map(|id| id.to_string())
        };
        let id = "0123456789abcdef0123456789abcdef";
        assert_eq!(
            named(&format!("a=b; {NAME}={id}; c=d")).as_deref(),
            Some(id)
        );
        for other in [
            format!("{NAME}=../../evil"),
            format!("{NAME}="),
            format!("x{NAME}={id}"),
            format!("{NAME}_2={id}"),
        ] {
            assert_eq!(named(&other), None, "{other}");
        }
    }

    #[tokio::test]
    async fn the_account_that_was_open_stays_open_around_the_guide_and_the_profile() {
        let app = TestApp::new().await;
        let second = app.other_account().await.id;
        let administrator = app.admin_id().await;
        app.add_member(second, administrator, &[Role::SuperAdministrator])
            .await;
        let second = second.to_string();
        let mut browser = Browser::of_administrator(&app).await;
        let around = |html: &str, id: &str| html.contains(&format!("href=\"/{id}/secrets-store\""));
        let first = app.first.account_id.to_string();
        // Which of the two stands first is chance.
        let docs = browser.open("/docs").await.html;
        let (usual, other) = if around(&docs, &first) {
            (&first, &second)
        } else {
            (&second, &first)
        };
        for page in ["/docs", "/profile"] {
            assert!(around(&browser.open(page).await.html, usual), "{page}");
        }
        let page = browser.open(&format!("/{other}/workers")).await;
        let cookie = page.headers[header::SET_COOKIE].to_str().unwrap();
        assert_eq!(cookie, format!("{NAME}={other}; {ATTRIBUTES}"));
        browser.keep(&format!("{NAME}={other}"));
        for page in ["/docs", "/docs/no-such-page", "/profile"] {
            assert!(around(&browser.open(page).await.html, other), "{page}");
        }
        let home = browser.open("/").await;
        assert!(home.location().starts_with(&format!("/{other}/")));
        // It is not told twice.
        let page = browser.open(&format!("/{other}/workers")).await;
        assert!(!page.headers.contains_key(header::SET_COOKIE));
        // Another's account is not opened by naming it, and not remembered.
        let mut stranger = Browser::of_member(&app, &[Role::SecretsStoreReporter]).await;
        stranger.keep(&format!("{NAME}={second}"));
        assert!(around(&stranger.open("/docs").await.html, &first));
        let page = stranger.open(&format!("/{second}/workers")).await;
        assert_ne!(page.status, StatusCode::OK);
        assert!(!page.headers.contains_key(header::SET_COOKIE));
    }
}
