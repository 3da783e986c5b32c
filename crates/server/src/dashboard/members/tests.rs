//! The pages about members, as a browser sees them.

use axum::http::StatusCode;
use coffer_types::Role;

use crate::testing::TestApp;
use crate::testing::browser::Browser;
use crate::testing::members::{invited, member_of};

const MEMBERS: &str = "/{account_id}/members";
const INVITE: &str = "/{account_id}/members/invite";

#[tokio::test]
async fn whoever_is_invited_joins_by_the_link_that_is_shown_once() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    let fields = [
        ("email", "Ada@Example.com"),
        ("role", "secrets_store_reporter"),
        ("role", "workers_read_only"),
    ];
    let page = browser.submit(INVITE, &fields).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.html);
    let link = page.between("data-copy=\"", "\"").to_owned();
    let (_, path) = link.split_once("/invitations/").unwrap();
    let list = browser.open(MEMBERS).await;
    assert!(list.html.contains("ada@example.com") && list.html.contains("invited"));
    assert!(!list.html.contains(path));
    let own = Browser::new(&app);
    let fields = [
        ("password", "correct horse battery"),
        ("repeat", "correct horse battery"),
    ];
    let page = own.send(&format!("/invitations/{path}"), &fields).await;
    assert!(page.html.contains("You have joined"), "{}", page.html);
    let page = browser
        .open(&format!("{MEMBERS}?status=accepted&page=1"))
        .await;
    assert!(page.html.contains("ada@example.com") && page.html.contains("Workers Read Only"));
    let page = browser.open(&format!("{MEMBERS}?status=pending")).await;
    assert!(page.html.contains("Nobody here"), "{}", page.html);
}

#[tokio::test]
async fn what_is_wrong_with_an_invitation_is_told_beside_its_field() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    let page = browser.submit(INVITE, &[("email", "\"><b>")]).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    for told in [
        "Name at least one role.",
        "aria-invalid",
        "&#62;&#60;b&#62;",
    ] {
        assert!(page.html.contains(told), "{told}: {}", page.html);
    }
    assert!(!page.html.contains("\"><b>"));
    let fields = [
        ("email", "admin@example.com"),
        ("role", "audit_logs_viewer"),
    ];
    let page = browser.submit(INVITE, &fields).await;
    assert!(page.html.contains("is a member already"), "{}", page.html);
    let chosen = page.between("value=\"audit_logs_viewer\"", ">");
    assert!(chosen.contains("checked"));
    assert!(page.html.contains("value=\"admin@example.com\""));
}

#[tokio::test]
async fn a_lost_link_is_replaced_and_an_invitation_withdrawn() {
    let app = TestApp::new().await;
    let first = invited(&app, "new@example.com").await;
    let browser = Browser::of_administrator(&app).await;
    let member = format!("{MEMBERS}/{}", first.id);
    let page = browser.open(&member).await;
    assert!(page.html.contains("Withdraw invitation") && page.html.contains("/link\""));
    let page = browser.submit(&format!("{member}/link"), &[]).await;
    let link = page.between("data-copy=\"", "\"");
    assert!(link.contains("/invitations/") && !link.ends_with(&first.text));
    let page = browser.submit(&format!("{member}/remove"), &[]).await;
    assert!(page.location().ends_with("/members?done=member-removed"));
    assert_eq!(browser.open(&member).await.status, StatusCode::NOT_FOUND);
    let page = Browser::new(&app)
        .open(
            link.split_once("//")
                .unwrap()
                .1
                .split_once('/')
                .map(|(_, path)| format!("/{path}"))
                .unwrap()
                .as_str(),
        )
        .await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn roles_are_changed_and_the_last_super_administrator_stays() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    let own = format!("{MEMBERS}/{}", member_of(&app, "admin@example.com").await);
    let page = browser.submit(&own, &[("role", "audit_logs_viewer")]).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(
        page.html.contains("Nobody else is a Super Administrator"),
        "{}",
        page.html
    );
    assert!(
        page.between("value=\"audit_logs_viewer\"", ">")
            .contains("checked")
    );
    let page = browser.submit(&format!("{own}/remove"), &[]).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(
        page.html.contains("Nobody else is a Super Administrator")
            && page.html.contains("This is you")
    );
    let page = browser.submit(&own, &[]).await;
    assert!(page.html.contains("Name at least one role."));

    let (id, _) = app.known_member(&[Role::SecretsStoreReporter]).await;
    let other = format!("{MEMBERS}/{id}");
    let page = browser
        .submit(
            &other,
            &[("role", "super_administrator"), ("role", "nonsense")],
        )
        .await;
    assert!(page.location().ends_with("/members?done=member-saved"));
    assert!(
        browser
            .open(page.location())
            .await
            .html
            .contains("The roles were saved.")
    );
    // Now there is another, and whoever leaves is led away from the account.
    let page = browser.submit(&format!("{own}/remove"), &[]).await;
    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/"));
}

#[tokio::test]
async fn only_who_manages_the_account_changes_members() {
    let app = TestApp::new().await;
    let id = invited(&app, "new@example.com").await.id;
    let reporter = Browser::of_member(&app, &[Role::SecretsStoreReporter]).await;
    let page = reporter.open(MEMBERS).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.html.contains("new@example.com") && page.html.contains(">you<"));
    assert!(!page.html.contains("Invite member") && !page.html.contains(&id));
    for path in [
        INVITE.to_owned(),
        format!("{MEMBERS}/{id}"),
        format!("{MEMBERS}/{id}/link"),
        format!("{MEMBERS}/{id}/remove"),
    ] {
        assert_eq!(
            reporter.open(&path).await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
    let browser = Browser::of_administrator(&app).await;
    for path in [
        "nonsense",
        "0123456789abcdef0123456789abcdef/remove",
        "x/link",
    ] {
        let page = browser.open(&format!("{MEMBERS}/{path}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
    }
}
