//! Every operation by every kind of actor: who is let through, and what the others are told.
//!
//! No row depends on another: ids in the paths name nothing, and what is made has a name of its own.

mod columns;
mod requests;

use std::fmt::Write;

use axum::http::Method;
use coffer_types::{AccountId, Permission, PermissionGroup, Permissions, Role};
use serde_json::json;

use self::columns::{Column, Credentials, columns};
use self::requests::{ask, is_upload};
use crate::testing::{Answer, TestApp};
use crate::{RouteInfo, route_table};

/// How long a wrong token counts: 30 an hour are let by.
const WRONG_TOKEN_FORGOTTEN_MICROS: i64 = 120 * 1_000_000;

#[tokio::test]
async fn every_operation_by_every_actor() {
    let app = TestApp::new().await;
    app.set_limits(|limits| limits.stores = 1000).await;
    let columns = columns(&app).await;
    let mut cells = 0;
    let mut table = header(&columns);
    for route in route_table().iter().filter(|route| route.served) {
        // Wrong tokens are counted, so that soon none is told that it is wrong; in time they are forgotten.
        app.clock.advance_micros(WRONG_TOKEN_FORGOTTEN_MICROS);
        write!(table, "{:6} {}\n      ", route.method, route.path).unwrap();
        for column in &columns {
            let actor = column.acts(&app).await;
            let answer = ask(&app, route, (column, &actor), cells).await;
            cells += 1;
            check(route, column, &answer);
            write!(table, " {:>10}", cell(&answer)).unwrap();
        }
        table.push('\n');
    }
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("permission_matrix", table);
    });
}

/// The outcome must follow from the route's own permission, whatever the snapshot says.
fn check(route: &RouteInfo, column: &Column, answer: &Answer) {
    let cell = cell(answer);
    let place = format!("{} {} by {}: {cell}", route.method, route.path, column.name);
    let status = answer.0.as_u16();
    if column.elsewhere && route.method != "GET" {
        assert_eq!(cell, "403 9109", "{place}");
        return;
    }
    if route.open {
        assert!(!matches!(status, 401 | 403), "{place}");
        return;
    }
    if column.credentials == Credentials::WrongPlace {
        assert_eq!(cell, "403 9109", "{place}");
        return;
    }
    if column.credentials != Credentials::Good {
        assert!(
            matches!(
                cell.as_str(),
                "400 9106" | "401 10000" | "401 1001" | "401 1000"
            ),
            "{place}"
        );
        return;
    }
    let Some(permission) = route.permission else {
        return;
    };
    if permission.is_of_user() {
        let let_through = column.about_user.contains(permission);
        assert_ne!(let_through, matches!(status, 401 | 403), "{place}");
        return;
    }
    match column.may {
        None => assert_eq!(cell, "404 7003", "{place}"),
        Some(may) if lets_through(route, permission, may) => {
            assert!(!matches!(status, 401 | 403), "{place}");
        }
        Some(_) => assert_eq!(cell, "403 10000", "{place}"),
    }
    assert_ne!(status, 500, "{place}");
}

fn lets_through(route: &RouteInfo, permission: Permission, may: Permissions) -> bool {
    let further = route.and_any_of;
    // Who may only add bindings reaches this operation too, and must not bring code with them.
    let with_code = !is_upload(route) || may.contains(Permission::DeployWorkers);
    with_code
        && may.contains(permission)
        && (further.is_empty() || !may.intersection(further).is_empty())
}

fn cell((status, _, body): &Answer) -> String {
    match body.pointer("/errors/0/code") {
        None => format!("{}", status.as_u16()),
        Some(code) => format!("{} {code}", status.as_u16()),
    }
}

fn header(columns: &[Column]) -> String {
    let mut header = String::from("Columns: status and code for\n");
    for (index, column) in columns.iter().enumerate() {
        writeln!(header, "  {:>2} {}", index + 1, column.name).unwrap();
    }
    header.push_str("\n      ");
    for index in 1..=columns.len() {
        write!(header, " {index:>10}").unwrap();
    }
    header.push('\n');
    header
}

#[tokio::test]
async fn a_token_never_does_more_than_its_owner() {
    let app = TestApp::new().await;
    let reporter = app.member_with(&[Role::SecretsStoreReporter]).await;
    let stores = "/accounts/{account_id}/secrets_store/stores";
    assert_eq!(
        cell(&app.request_as(&reporter, Method::GET, stores, None).await),
        "200"
    );
    let body = Some(json!({ "name": "dev" }));
    assert_eq!(
        cell(
            &app.request_as(&reporter, Method::POST, stores, body.clone())
                .await
        ),
        "403 10000"
    );
    // Roles add up.
    let both = app
        .member_with(&[Role::SecretsStoreReporter, Role::SecretsStoreAdmin])
        .await;
    assert_eq!(
        cell(&app.request_as(&both, Method::POST, stores, body).await),
        "200"
    );
}

#[tokio::test]
async fn policies_are_about_their_accounts_and_denials_win() {
    use crate::testing::TokenTimes;
    use coffer_store::rows::tokens::TokenOwner;
    use coffer_types::{Effect, Policy, Resource};
    let app = TestApp::new().await;
    let owner = TokenOwner::User(app.admin_id().await);
    let policy = |effect, group: PermissionGroup, resources: Vec<Resource>| Policy {
        effect,
        permission_groups: vec![group.id.to_owned()],
        resources,
    };
    let (mine, elsewhere) = (
        vec![Resource::Account(app.first.account_id)],
        vec![Resource::Account(AccountId::from_bytes([9; 16]))],
    );
    let all = || vec![Resource::EveryAccount];
    let allow = |accounts| {
        policy(
            Effect::Allow,
            PermissionGroup::SECRETS_STORE_WRITE,
            accounts,
        )
    };
    let deny = |accounts| policy(Effect::Deny, PermissionGroup::SECRETS_STORE_READ, accounts);
    let (get, post) = ((Method::GET, None), (Method::POST, Some(json!({}))));
    for (policies, expected_get, expected_post) in [
        (vec![allow(all())], "200", "400 1001"),
        (vec![allow(mine.clone())], "200", "400 1001"),
        (vec![allow(elsewhere.clone())], "404 7003", "404 7003"),
        (vec![], "404 7003", "404 7003"),
        (vec![deny(all()), allow(all())], "403 10000", "400 1001"),
        (vec![allow(all()), deny(mine)], "403 10000", "400 1001"),
        (vec![allow(all()), deny(elsewhere)], "200", "400 1001"),
    ] {
        let token = app
            .add_token_with_policies(owner, policies.clone(), TokenTimes::default())
            .await;
        let stores = "/accounts/{account_id}/secrets_store/stores";
        for ((method, body), expected) in [(&get, expected_get), (&post, expected_post)] {
            let answer = app
                .request_as(&token, method.clone(), stores, body.clone())
                .await;
            assert_eq!(cell(&answer), expected, "{method} {policies:?}");
        }
    }
}

#[tokio::test]
async fn a_new_membership_counts_at_once() {
    let app = TestApp::new().await;
    let other = app.other_account().await;
    let path = format!("/accounts/{}/secrets_store/stores", other.id);
    assert_eq!(
        cell(&app.request(Method::GET, &path, None).await),
        "404 7003"
    );
    app.add_member(
        other.id,
        app.admin_id().await,
        &[Role::SecretsStoreReporter],
    )
    .await;
    assert_eq!(cell(&app.request(Method::GET, &path, None).await), "200");
    // The two accounts' permissions stay apart.
    let body = Some(json!({ "name": "dev" }));
    assert_eq!(
        cell(&app.request(Method::POST, &path, body).await),
        "403 10000"
    );
}
