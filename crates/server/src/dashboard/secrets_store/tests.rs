//! A secret's pages, through a browser without a script.

use axum::http::{Method, StatusCode};
use coffer_protocol::feed::{AccessReport, ChangeSource};
use coffer_types::{Clock, Role, ValueVersion, VersionId, WorkerId};
use serde_json::{Value, json};

use crate::testing::browser::{Browser, Page};
use crate::testing::{TestApp, result};

const LIST: &str = "/{account_id}/secrets-store";
const IMPORT: &str = "/{account_id}/secrets-store/import";

/// The address of a secret's page.
fn page_of(secret: &str, below: &str) -> String {
    format!("{LIST}/secrets/{secret}{below}")
}

async fn with_secret(name: &str) -> (TestApp, String, String) {
    let (app, store) = TestApp::with_store().await;
    let secret = app.create_secret(&store, name, "canary-0a1b").await;
    app.clock.advance_seconds(5);
    (app, store, secret)
}

async fn secret(app: &TestApp, store: &str, id: &str) -> Value {
    let path = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets/{id}");
    let answer = app.request(Method::GET, &path, None).await;
    result(&answer).clone()
}

async fn change(app: &TestApp, store: &str, id: &str, body: Value) {
    let path = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets/{id}");
    result(&app.request(Method::PATCH, &path, Some(body)).await);
    app.clock.advance_seconds(5);
}

/// Uploads and deploys a Worker that is bound to the secret.
async fn bind(app: &TestApp, worker: &str, store: &str, name: &str) {
    let binding = json!([{
        "name": "B", "type": "secrets_store_secret", "store_id": store, "secret_name": name,
    }]);
    app.upload(worker, binding).await;
}

async fn read(app: &TestApp, store: &str, secret: &str, reads: u64) {
    let now = app.clock.now();
    let report = AccessReport {
        account_id: app.first.account_id,
        store_id: store.parse().unwrap(),
        secret_id: secret.parse().unwrap(),
        value_version: ValueVersion::FIRST,
        worker_id: WorkerId::from_bytes([1; 16]),
        version_id: VersionId::random(&coffer_crypto::SystemRandom),
        first_at: now,
        last_at: now,
        reads,
    };
    app.engine.report_access(&[report]).await.unwrap();
}

/// What a form was filled in with.
fn modified(page: &Page) -> String {
    page.between("name=\"modified\" value=\"", "\"").to_owned()
}

#[tokio::test]
async fn a_duplicate_has_the_value_that_nobody_sees() {
    let (app, store, id) = with_secret("KEY").await;
    let browser = Browser::of_administrator(&app).await;
    let path = page_of(&id, "/duplicate");
    let taken = [("name", "KEY"), ("scope", "workers"), ("comment", "kept")];
    let page = browser.submit(&path, &taken).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(
        page.between("id=\"name-problem\"", "</p>")
            .contains("has a secret of this name")
    );
    assert!(page.html.contains("value=\"kept\""));
    let page = browser
        .submit(&path, &[("name", "<b>"), ("comment", "")])
        .await;
    assert!(page.html.contains("must consist of letters") && !page.html.contains("<b>"));
    assert!(
        page.html.contains("Name at least one scope"),
        "{}",
        page.html
    );
    let fields = [("name", "COPY"), ("scope", "dex"), ("comment", "second")];
    let page = browser.submit(&path, &fields).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    let list = browser.open(page.location()).await;
    assert!(list.html.contains("The secret was duplicated.") && !list.html.contains("canary"));
    let event = app.last_event().await;
    assert_eq!(event.details["duplicated_from_id"], json!(id));
    assert_eq!(
        app.delivered(&event.resource_id).await.as_deref(),
        Some("canary-0a1b")
    );
    assert_eq!(
        secret(&app, &store, &event.resource_id).await["scopes"],
        json!(["dex"])
    );
}

#[tokio::test]
async fn an_edit_replaces_the_value_only_where_that_is_asked_for() {
    let (app, store, id) = with_secret("KEY").await;
    let browser = Browser::of_administrator(&app).await;
    let path = page_of(&id, "/edit");
    let stamp = modified(&browser.open(&path).await);
    // A value in the hidden field counts for nothing.
    let fields = [
        ("modified", stamp.as_str()),
        ("value", "other"),
        ("scope", "dex"),
        ("comment", "new"),
    ];
    let page = browser.submit(&path, &fields).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    assert!(
        page.location()
            .ends_with(&format!("/secrets/{id}?done=secret-saved"))
    );
    assert_eq!(secret(&app, &store, &id).await["comment"], "new");
    assert_eq!(app.delivered(&id).await.as_deref(), Some("canary-0a1b"));
    app.clock.advance_seconds(5);
    let stamp = modified(&browser.open(&path).await);
    let empty = [
        ("modified", stamp.as_str()),
        ("replace", "1"),
        ("value", ""),
        ("scope", "dex"),
        ("comment", "x"),
    ];
    let page = browser.submit(&path, &empty).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(
        page.between("id=\"value-hint\"", "</p>")
            .contains("Give the secret a value.")
    );
    assert!(page.between("name=\"replace\"", ">").contains("checked"));
    let fields = [
        ("modified", stamp.as_str()),
        ("replace", "1"),
        ("value", "canary-2"),
        ("scope", "dex"),
        ("comment", ""),
    ];
    let page = browser.submit(&path, &fields).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    assert_eq!(app.delivered(&id).await.as_deref(), Some("canary-2"));
    assert_eq!(secret(&app, &store, &id).await["comment"], Value::Null);
    assert_eq!(app.last_event().await.details["value_modified"], true);
}

#[tokio::test]
async fn the_second_of_two_editors_is_told_and_may_save_again() {
    let (app, store, id) = with_secret("KEY").await;
    let browser = Browser::of_administrator(&app).await;
    let path = page_of(&id, "/edit");
    let stamp = modified(&browser.open(&path).await);
    let theirs = json!({ "comment": "<i>theirs", "value": "canary-theirs", "scopes": ["access"] });
    change(&app, &store, &id, theirs).await;
    let fields = |stamp| {
        [
            ("modified", stamp),
            ("replace", "1"),
            ("value", "canary-mine"),
            ("scope", "dex"),
            ("comment", "mine"),
        ]
    };
    let page = browser.submit(&path, &fields(&stamp)).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    let told = page.between("Changed since you opened this page.", "</dl>");
    assert!(
        told.contains("with another value") && told.contains("nothing of yours was saved"),
        "{told}"
    );
    assert!(
        told.contains("&#60;i&#62;theirs") && told.contains("Access"),
        "{told}"
    );
    assert!(page.html.contains("value=\"mine\"") && !page.html.contains("canary"));
    assert_eq!(app.delivered(&id).await.as_deref(), Some("canary-theirs"));
    let again = modified(&page);
    let page = browser.submit(&path, &fields(&again)).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    assert_eq!(app.delivered(&id).await.as_deref(), Some("canary-mine"));
    // A form that does not tell what it was filled in with replaces nothing.
    let page = browser.submit(&path, &fields("nonsense")).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.html.contains("Changed since you opened this page."));
}

#[tokio::test]
async fn a_secret_is_deleted_by_its_name_and_a_protected_one_by_force() {
    let (app, store, id) = with_secret("KEY").await;
    bind(&app, "shop", &store, "KEY").await;
    let settings = json!({ "protect_bound_secrets": true });
    let path = "/accounts/{account_id}/coffer/settings";
    result(&app.request(Method::PATCH, path, Some(settings)).await);
    let browser = Browser::of_administrator(&app).await;
    let list = browser.open(LIST).await;
    assert!(
        list.html.contains("kept from being deleted"),
        "{}",
        list.html
    );
    let path = page_of(&id, "/delete");
    let page = browser.open(&path).await;
    assert!(page.html.contains("1 Worker is bound to it") && page.html.contains("shop"));
    assert!(page.html.contains("fails at once") && page.html.contains("name=\"force\""));
    let page = browser
        .submit(&path, &[("name", "KEY "), ("force", "1")])
        .await;
    assert_eq!(
        page.status,
        StatusCode::SEE_OTHER,
        "space around a name is no other name"
    );
    assert!(page.location().ends_with("done=secret-deleted"));
    let next = app.create_secret(&store, "KEY", "v").await;
    let path = page_of(&next, "/delete");
    for name in ["", "key", "<b>KEY"] {
        let page = browser
            .submit(&path, &[("name", name), ("force", "1")])
            .await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{name}");
        assert!(
            page.between("id=\"name-problem\"", "</p>")
                .contains("Nothing was deleted")
        );
    }
    let page = browser.submit(&path, &[("name", "KEY")]).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(
        page.between("class=\"note bad\" role=\"alert\"", "</div>")
            .contains("deploy them first")
    );
    assert!(app.sealed(&next).await.is_some());
}

#[tokio::test]
async fn a_secrets_page_tells_all_but_the_value() {
    let (app, store, id) = with_secret("my-key").await;
    let browser = Browser::of_administrator(&app).await;
    let page = browser.open(&page_of(&id, "")).await;
    assert!(page.html.contains("No Worker is bound to this secret"));
    assert!(page.html.contains("Nothing read it in this time"));
    change(
        &app,
        &store,
        &id,
        json!({ "comment": "<script>alert(1)</script>" }),
    )
    .await;
    bind(&app, "shop", &store, "my-key").await;
    read(&app, &store, &id, 1_200).await;
    app.clock.advance_seconds(7 * 3600);
    read(&app, &store, &id, 34).await;
    let page = browser.open(&page_of(&id, "")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.html.contains("canary") && !page.html.contains("<script>alert"));
    for told in [
        "Cannot be viewed",
        "&#60;script&#62;alert(1)&#60;/script&#62;",
        "<title>shop</title>",
        "Version 1 · 100%",
        "1,234 in 7 days",
        "binding = &#34;my_key&#34;",
        &format!("&#34;store_id&#34;: &#34;{store}&#34;"),
        "await env.my_key.get()",
        "Comment changed",
        "Read 34 times",
        &format!("audit-log?resource={id}"),
    ] {
        assert!(page.html.contains(told), "{told}: {}", page.html);
    }
    let day = browser.open(&page_of(&id, "?range=day")).await;
    assert!(
        day.html.contains("1,234 in 24 hours")
            && day.html.matches("class=\"ground\"").count() == 24
    );
    app.clock.advance_seconds(24 * 3600);
    // The session has ended meanwhile.
    let browser = Browser::of_administrator(&app).await;
    let day = browser.open(&page_of(&id, "?range=day")).await;
    assert!(day.html.contains("Nothing read it"), "{}", day.html);
    assert!(
        browser
            .open(&page_of(&id, "?range=month"))
            .await
            .html
            .contains("1,234 in 30 days")
    );
}

#[tokio::test]
async fn pages_of_a_secret_have_nothing_that_the_policy_refuses() {
    let (app, store, id) = with_secret("KEY").await;
    bind(&app, "shop", &store, "KEY").await;
    read(&app, &store, &id, 3).await;
    let browser = Browser::of_administrator(&app).await;
    for below in ["", "/edit", "/delete", "/duplicate"] {
        let page = browser.open(&page_of(&id, below)).await;
        assert_eq!(page.status, StatusCode::OK, "{below}");
        for inline in ["<style", " style=", "<script>", " onclick=", "javascript:"] {
            assert!(!page.html.contains(inline), "{below}: {inline}");
        }
    }
}

#[tokio::test]
async fn pages_of_a_secret_are_for_those_who_may() {
    let (app, _, id) = with_secret("KEY").await;
    let reporter = Browser::of_member(&app, &[Role::SecretsStoreReporter]).await;
    let list = reporter.open(LIST).await;
    assert!(list.html.contains("KEY") && !list.html.contains("Actions on"));
    let page = reporter.open(&page_of(&id, "")).await;
    assert_eq!(page.status, StatusCode::OK);
    for absent in ["/edit", "/delete", "/duplicate", "Audit trail"] {
        assert!(!page.html.contains(absent), "{absent}");
    }
    let nobody = Browser::of_member(&app, &[Role::AuditLogsViewer]).await;
    let administrator = Browser::of_administrator(&app).await;
    for below in ["/edit", "/delete", "/duplicate"] {
        let path = page_of(&id, below);
        assert_eq!(
            reporter.open(&path).await.status,
            StatusCode::FORBIDDEN,
            "{below}"
        );
        for unknown in ["0123456789abcdef0123456789abcdef", "nonsense", "%3Cb%3E"] {
            let page = administrator.open(&page_of(unknown, below)).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{unknown}");
            assert!(page.html.contains("no such secret"));
        }
    }
    assert_eq!(reporter.open(IMPORT).await.status, StatusCode::FORBIDDEN);
    assert_eq!(
        nobody.open(&page_of(&id, "")).await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn a_file_is_imported_after_a_look_at_its_names() {
    let (app, store, _) = with_secret("TAKEN").await;
    let browser = Browser::of_administrator(&app).await;
    let file = "# all\nexport ONE=canary-1\nTWO=\"canary\\n2\"\nTAKEN=canary-3\nbad.name=canary-4\nEMPTY=\nnonsense canary-5\n";
    let long = format!("{file}LONG={}\n", "canary".repeat(200));
    let fields = |ready, button| {
        [
            ("text", long.as_str()),
            ("scope", "workers"),
            ("comment", "from a file"),
            ("ready", ready),
            (button, "1"),
        ]
    };
    let page = browser.submit(IMPORT, &fields("", "preview")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.html.contains("canary"), "{}", page.html);
    for told in [
        "6 names, 2 to be created",
        "exists, left as it is",
        "must consist of letters",
        "Give the secret a value.",
        "The value is 1200 bytes",
        "Line 7 has no name with a value",
        "Create 2 secrets",
    ] {
        assert!(page.html.contains(told), "{told}: {}", page.html);
    }
    // What was not seen is not created.
    let page = browser.submit(IMPORT, &fields("3", "create")).await;
    assert_eq!(page.status, StatusCode::OK);
    let before = app.audit_events().await.len();
    let page = browser.submit(IMPORT, &fields("2", "create")).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    let events = app.audit_events().await;
    assert_eq!(events.len(), before + 2);
    let made = events
        .iter()
        .find(|event| event.details["after"]["name"] == "TWO")
        .unwrap();
    assert_eq!(
        app.delivered(&made.resource_id).await.as_deref(),
        Some("canary\n2")
    );
    assert_eq!(
        secret(&app, &store, &made.resource_id).await["comment"],
        "from a file"
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_told_without_its_content() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    for (text, told) in [
        ("", "no name with a value"),
        ("canary", "no name with a value"),
        ("{\"A\": canary}", "line 1, column 7"),
        ("{}", "no name with a value"),
    ] {
        let page = browser
            .submit(IMPORT, &[("text", text), ("preview", "1")])
            .await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{text}");
        assert!(
            page.between("id=\"text-hint\"", "</p>").contains(told),
            "{}",
            page.html
        );
        assert!(!page.html.contains("canary"));
    }
    let json = "{\"A\": \"canary\", \"B\": 1, \"<b>\": \"canary\"}";
    let page = browser
        .submit(
            IMPORT,
            &[("text", json), ("scope", "dex"), ("preview", "1")],
        )
        .await;
    assert!(
        page.html.contains("3 names, 1 to be created") && page.html.contains("not text"),
        "{}",
        page.html
    );
    assert!(!page.html.contains("canary") && !page.html.contains("<b>"));
    let page = browser
        .submit(IMPORT, &[("text", "A=1"), ("ready", "1"), ("create", "1")])
        .await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.html.contains("Name at least one scope"));
}

#[tokio::test]
async fn a_list_is_narrowed_by_status_and_shows_the_store_that_is_chosen() {
    let (app, store, id) = with_secret("KEY").await;
    read(&app, &store, &id, 1).await;
    bind(&app, "shop", &store, "KEY").await;
    app.set_limits(|limits| limits.stores = 2).await;
    let browser = Browser::of_administrator(&app).await;
    let page = browser.open(LIST).await;
    assert!(page.html.contains(&format!("data-copy=\"{store}\"")));
    assert!(
        page.html.contains("<td class=\"nowrap\">1</td>"),
        "{}",
        page.html
    );
    let shown = |page: &Page| page.html.contains(">KEY</a>");
    let active = shown(&browser.open(&format!("{LIST}?status=active")).await);
    let pending = shown(&browser.open(&format!("{LIST}?status=pending")).await);
    assert_ne!(active, pending);
    let stores = "/accounts/{account_id}/secrets_store/stores";
    app.clock.advance_seconds(1);
    let answer = app
        .request(Method::POST, stores, Some(json!({ "name": "second" })))
        .await;
    let second = result(&answer)["id"].as_str().unwrap().to_owned();
    let page = browser.open(&format!("{LIST}?store={second}")).await;
    assert!(
        page.html.contains("No secrets yet")
            && page.html.contains(&format!("data-copy=\"{second}\""))
    );
    let create = format!("{LIST}/create?store={second}");
    assert!(
        page.html
            .contains(&create.replace("{account_id}", &app.first.account_id.to_string()))
    );
    let fields = [
        ("name", "KEY"),
        ("value", "v"),
        ("scope-1", "workers"),
        ("comment", ""),
    ];
    let page = browser.submit(&create, &fields).await;
    assert!(
        page.location()
            .ends_with(&format!("?store={second}&done=secrets-created"))
    );
    assert!(shown(&browser.open(page.location()).await));
}
