//! The pages of Workers, as a browser without a script sees them.

mod bindings;
mod deployments;
mod import;
mod logs;
mod variables;

use axum::http::{Method, StatusCode};
use coffer_types::Role;
use serde_json::json;

use crate::testing::browser::Browser;
use crate::testing::{TestApp, result};

const LIST: &str = "/{account_id}/workers";
const WORKER: &str = "/{account_id}/workers/shop";

fn below(page: &str) -> String {
    format!("{WORKER}/{page}")
}

#[tokio::test]
async fn the_list_teaches_and_then_shows_what_there_is() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    let page = browser.open(LIST).await;
    assert!(
        page.html.contains("Nothing deployed yet") && page.html.contains("npx wrangler deploy")
    );
    assert!(
        page.html
            .contains("CLOUDFLARE_API_BASE_URL=http://localhost:7070/client/v4")
    );
    app.upload("shop", json!([])).await;
    let subdomain = "/accounts/{account_id}/workers/scripts/shop/subdomain";
    let on = json!({ "enabled": true });
    result(&app.request(Method::POST, subdomain, Some(on)).await);
    app.clock.advance_micros(60_000_000);
    app.upload("blog", json!([])).await;
    let order = |html: &str| html.find(">blog<").unwrap() < html.find(">shop<").unwrap();
    assert!(order(&browser.open(LIST).await.html));
    assert!(!order(
        &browser.open(&format!("{LIST}?order=-name")).await.html
    ));
    assert!(!order(
        &browser.open(&format!("{LIST}?order=changed")).await.html
    ));
    assert!(order(
        &browser.open(&format!("{LIST}?order=-changed")).await.html
    ));
    let page = browser.open(&format!("{LIST}?search=SH")).await;
    assert!(page.html.contains(">shop<") && !page.html.contains(">blog<"));
    assert!(page.html.contains("http://shop.dev.localhost:7080") && page.html.contains("v1 100%"));
    let page = browser.open(&format!("{LIST}?search=%3Cb%3E")).await;
    assert!(page.html.contains("Nothing matches") && !page.html.contains("<b>"));
}

#[tokio::test]
async fn a_worker_s_pages_tell_of_it_and_one_that_is_not_there_has_none() {
    let app = TestApp::new().await;
    let bindings = json!([
        { "name": "HOSTILE", "type": "plain_text", "text": "</textarea><script>alert(1)</script>" },
        { "name": "TOKEN", "type": "secret_text", "text": "canary-71c2" },
    ]);
    let version = app.upload("shop", bindings).await;
    let browser = Browser::of_administrator(&app).await;
    for (path, told) in [
        (WORKER.to_owned(), "Active deployment"),
        (below("deployments"), "History"),
        (below("settings"), "Value encrypted"),
        (
            below(&format!("versions/{version}")),
            "Bindings of this version",
        ),
        (below("settings/variables"), "Add variable"),
        (below("settings/variables?name=HOSTILE"), "readonly"),
        (below("settings/bindings"), "Add a resource binding"),
        (below("deploy"), "Share of the traffic"),
        (below("delete"), "to delete it"),
    ] {
        let page = browser.open(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.html.contains(told), "{path}: {}", page.html);
        assert!(
            !page.html.contains("canary") && !page.html.contains("<script>alert"),
            "{path}"
        );
    }
    for path in [
        "/{account_id}/workers/none",
        "/{account_id}/workers/No%3Cb%3E/settings",
    ] {
        assert_eq!(
            browser.open(path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let unknown = below("versions/c5e9c03c-4448-49b4-a1b1-b19bf4cd2241");
    assert_eq!(browser.open(&unknown).await.status, StatusCode::NOT_FOUND);
    let unknown = below("settings/variables?name=NONE");
    assert_eq!(browser.open(&unknown).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn requests_and_errors_are_drawn_and_told_in_a_table() {
    let app = TestApp::new().await;
    app.upload("shop", json!([])).await;
    let browser = Browser::of_member(&app, &[Role::WorkersReadOnly]).await;
    let page = browser.open(WORKER).await;
    assert!(
        page.html.contains("No requests in 24 hours")
            && page.html.contains("counted since this server started"),
        "{}",
        page.html
    );
    app.traffic.is(Some(&[(0, 0), (1200, 100), (300, 1)]));
    let page = browser.open(&format!("{WORKER}?range=hour")).await;
    let chosen = "?range=hour#traffic\" aria-current=\"true\">1 hour";
    assert!(page.html.contains(chosen), "{}", page.html);
    assert!(page.html.contains("Requests in 1 hour: 1,500."));
    assert!(page.html.contains("Errors in 1 hour: 101.") && page.html.contains("6.73%"));
    // A bar that is highest, one that is a quarter as high, and one that is just to be seen.
    for bar in [
        "height=\"100\"",
        "height=\"25\"",
        "height=\"2\"",
        "height=\"0\"",
    ] {
        assert!(page.html.contains(bar), "{bar}: {}", page.html);
    }
    let row = "1970-01-01 00:01 UTC</time></td><td class=\"number\">1,200</td><td class=\"number\">100</td>";
    assert!(page.html.contains(row), "{}", page.html);
    let page = browser.open(&format!("{WORKER}?range=%3Cb%3E")).await;
    assert!(page.html.contains("Requests in 24 hours: 1,500.") && !page.html.contains("<b>"));
    app.traffic.is(None);
    let page = browser.open(WORKER).await;
    assert!(
        page.html.contains("had no room for this one"),
        "{}",
        page.html
    );
}

#[tokio::test]
async fn who_may_only_look_finds_nothing_to_change() {
    let app = TestApp::new().await;
    app.upload(
        "shop",
        json!([{ "name": "A", "type": "plain_text", "text": "a" }]),
    )
    .await;
    let browser = Browser::of_member(&app, &[Role::WorkersReadOnly]).await;
    for path in [
        LIST.to_owned(),
        WORKER.to_owned(),
        below("deployments"),
        below("settings"),
    ] {
        let page = browser.open(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        for forbidden in [
            "/deploy\"",
            "/delete\"",
            "settings/remove",
            "settings/variables",
            "settings/bindings",
        ] {
            assert!(!page.html.contains(forbidden), "{path}: {forbidden}");
        }
    }
    for path in [
        "deploy",
        "delete",
        "settings/variables",
        "settings/bindings",
        "settings/remove?name=A",
    ] {
        let page = browser.open(&below(path)).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{path}");
    }
    let browser = Browser::of_member(&app, &[Role::SecretsStoreReporter]).await;
    assert_eq!(browser.open(LIST).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_worker_is_deleted_once_its_name_is_typed() {
    let app = TestApp::new().await;
    app.upload(
        "shop",
        json!([{ "name": "T", "type": "secret_text", "text": "s" }]),
    )
    .await;
    let browser = Browser::of_administrator(&app).await;
    let page = browser.open(&below("delete")).await;
    assert!(page.html.contains("1 secret of its own"), "{}", page.html);
    let page = browser.submit(&below("delete"), &[("name", "sho")]).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.html.contains("Nothing was deleted"));
    let page = browser.submit(&below("delete"), &[("name", "shop")]).await;
    assert!(
        page.location().ends_with("/workers?done=worker-deleted"),
        "{}",
        page.html
    );
    let page = browser.open(page.location()).await;
    assert!(
        page.html.contains("The Worker was deleted.") && page.html.contains("Nothing deployed yet")
    );
    assert_eq!(app.last_event().await.actor_context, "dash");
}
