//! The pages of the audit log, as a browser sees them.

use axum::http::{Method, StatusCode, header};
use coffer_types::{Clock, Role};
use serde_json::json;

use crate::testing::browser::{Browser, Page};
use crate::testing::{TestApp, result};

const LOG: &str = "/{account_id}/audit-log";

/// An account in which a secret was created, edited and deleted.
async fn eventful() -> TestApp {
    let (app, store) = TestApp::with_store().await;
    let id = app.create_secret(&store, "STRIPE_KEY", "canary-7a31").await;
    let secret = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets/{id}");
    app.clock.advance_seconds(60);
    let edit = json!({ "value": "canary-8b42", "comment": "<b>live</b>" });
    result(&app.request(Method::PATCH, &secret, Some(edit)).await);
    app.clock.advance_seconds(60);
    result(&app.request(Method::DELETE, &secret, None).await);
    app.clock.advance_seconds(60);
    app
}

/// What the events of a page say, newest first, without their tags.
fn sentences(page: &Page) -> Vec<String> {
    let rows = page.html.split("<td class=\"event\">").skip(1);
    rows.map(|row| {
        let cell = row.split("</td>").next().unwrap();
        let mut text = String::new();
        for part in cell.split('<') {
            text.push_str(part.split_once('>').map_or(part, |(_, text)| text));
        }
        text
    })
    .collect()
}

#[tokio::test]
async fn events_are_sentences_newest_first_and_hold_no_value() {
    let app = eventful().await;
    let browser = Browser::of_administrator(&app).await;
    let page = browser.open(LOG).await;
    assert_eq!(page.status, StatusCode::OK);
    let told = sentences(&page);
    assert_eq!(
        told[..4],
        [
            "admin@example.com deleted the secret STRIPE_KEY",
            "admin@example.com edited the secret STRIPE_KEY and replaced its value",
            "admin@example.com created the secret STRIPE_KEY",
            "admin@example.com created the store dev",
        ]
    );
    assert!(!page.html.contains("canary") && page.html.contains("Token"));
}

#[tokio::test]
async fn filters_narrow_the_list_and_each_can_be_taken_away() {
    let app = eventful().await;
    let browser = Browser::of_administrator(&app).await;
    let open = async |query: &str| browser.open(&format!("{LOG}?{query}")).await;
    let page = open("search=stripe_k&action=update").await;
    assert_eq!(sentences(&page).len(), 1);
    assert!(page.html.contains("Remove the filter Text: stripe_k"));
    assert!(
        page.html.contains("/audit-log?action=update\""),
        "{}",
        page.html
    );
    assert_eq!(
        sentences(&open("kind=secret&actor=ADMIN@example.com").await).len(),
        3
    );
    assert_eq!(
        sentences(&open("kind=store").await),
        ["admin@example.com created the store dev"]
    );
    assert!(
        open("kind=secret&to=2026-11-01")
            .await
            .html
            .contains("No event matches")
    );
    assert!(open("search=%25").await.html.contains("No event matches"));
    // What no filter can be is told, and what was typed stays.
    let page = open("actor=%22%3E%3Cscript%3E@").await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(
        page.html.contains("must be an e-mail address"),
        "{}",
        page.html
    );
    assert!(!page.html.contains("<script>") && page.html.contains("&#60;script&#62;"));
    assert_eq!(
        open("cursor=nonsense").await.status,
        StatusCode::BAD_REQUEST
    );
    for odd in [
        "at=9223372036854775807",
        "at=-9223372036854775808&range=all",
        "at=x&from=2026-13-01",
    ] {
        assert_eq!(open(odd).await.status, StatusCode::OK, "{odd}");
    }
}

#[tokio::test]
async fn older_events_are_on_the_next_page_whatever_is_added() {
    let (app, store) = TestApp::with_store().await;
    for number in 0..60 {
        app.create_secret(&store, &format!("S{number:02}"), "v")
            .await;
        app.clock.advance_seconds(1);
    }
    let browser = Browser::of_administrator(&app).await;
    let page = browser.open(&format!("{LOG}?kind=secret")).await;
    assert_eq!(sentences(&page).len(), 50);
    let older = page.between("<a class=\"button\" href=\"", "\" rel=\"next\"");
    let older = older
        .rsplit("href=\"")
        .next()
        .unwrap()
        .replace("&#38;", "&");
    app.clock.advance_seconds(3600);
    app.create_secret(&store, "LATER", "v").await;
    let rest = browser.open(&older).await;
    let told = sentences(&rest);
    assert_eq!(told.len(), 10, "{}", rest.html);
    assert!(told[9].ends_with("created the secret S00") && rest.html.contains("Newest"));
    assert!(!rest.html.contains("data-follow") && page.html.contains("data-follow"));
}

#[tokio::test]
async fn an_event_is_shown_in_full_with_what_it_changed() {
    let app = eventful().await;
    let browser = Browser::of_administrator(&app).await;
    let list = browser
        .open(&format!("{LOG}?action=update&kind=secret"))
        .await;
    let href = list
        .between("<td class=\"event\"><a href=\"", "\"")
        .to_owned();
    let page = browser.open(&href).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.html.contains("&#60;b&#62;live&#60;/b&#62;") && !page.html.contains("<b>live"));
    for told in [
        "What changed",
        "PATCH",
        "value modified",
        "History of the same secret",
        "tr class=\"changed\"",
    ] {
        assert!(page.html.contains(told), "{told}: {}", page.html);
    }
    assert_eq!(sentences(&page).len(), 3);
    assert!(!page.html.contains("canary"));
    // Without its moment it is found as well; another account's is not.
    let (bare, _) = href.split_once('?').unwrap();
    assert_eq!(browser.open(bare).await.status, StatusCode::OK);
    for none in [
        "nonsense",
        "0123456789abcdef0123456789abcdef",
        "01980000-0000-7000-8000-000000000000",
    ] {
        let page = browser.open(&format!("{LOG}/{none}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{none}");
        assert!(page.html.contains("no such event"));
    }
}

#[tokio::test]
async fn files_have_what_the_list_has() {
    let app = eventful().await;
    let browser = Browser::of_administrator(&app).await;
    let csv = browser.open(&format!("{LOG}/export.csv?kind=secret")).await;
    assert!(
        csv.headers[header::CONTENT_DISPOSITION]
            .to_str()
            .unwrap()
            .starts_with("attachment")
    );
    assert_eq!(csv.html.lines().count(), 4);
    let lines = browser
        .open(&format!("{LOG}/export.ndjson?search=STRIPE"))
        .await;
    let events: Vec<serde_json::Value> = lines
        .html
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(events.len(), 3);
    assert_eq!(events[0]["action"]["type"], "delete");
    for file in [csv, lines] {
        assert_eq!(file.headers[header::CACHE_CONTROL], "no-store");
        assert!(!file.html.contains("canary"));
    }
    let refused = browser.open(&format!("{LOG}/export.csv?actor=%40")).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn the_log_s_state_is_told_with_its_newest_checkpoint() {
    let app = eventful().await;
    let browser = Browser::of_administrator(&app).await;
    let page = browser.open(&format!("{LOG}/integrity")).await;
    let head = app.engine.audit_log();
    let size = page.between("<dt>Events</dt><dd>", "<");
    assert_eq!(size, head.size.to_string());
    let root = head
        .note
        .as_deref()
        .unwrap()
        .lines()
        .nth(2)
        .unwrap()
        .replace('+', "&#43;");
    assert!(page.html.contains(&root) || page.html.contains(&root.replace("&#43;", "+")));
    assert!(page.html.contains("coffer audit verify --data"));
    assert!(
        page.html
            .contains("Not yet, by <code>coffer audit verify</code>")
    );
    // What a verification on the directory left is shown, however it ended.
    let mut verified = coffer_engine::log::LastVerified {
        at: app.clock.now(),
        ok: true,
        size: 1052,
        findings: 0,
    };
    verified.keep(app.directory.path()).unwrap();
    let page = browser.open(&format!("{LOG}/integrity")).await;
    assert!(
        page.html.contains("nothing wrong in 1,052 events"),
        "{}",
        page.html
    );
    (verified.ok, verified.findings) = (false, 1);
    verified.keep(app.directory.path()).unwrap();
    let page = browser.open(&format!("{LOG}/integrity")).await;
    assert!(page.html.contains("found 1 thing wrong"), "{}", page.html);
}

#[tokio::test]
async fn only_who_may_read_the_log_sees_it() {
    let app = eventful().await;
    let viewer = Browser::of_member(&app, &[Role::AuditLogsViewer]).await;
    let page = viewer.open(LOG).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.html.contains("STRIPE_KEY"));
    let reporter = Browser::of_member(&app, &[Role::SecretsStoreReporter]).await;
    for path in ["", "/integrity", "/export.csv", "/export.ndjson", "/x"] {
        let page = reporter.open(&format!("{LOG}{path}")).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{path}");
        assert!(!page.html.contains("STRIPE_KEY") && !page.html.contains("/audit-log\""));
    }
}
