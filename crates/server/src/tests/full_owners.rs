//! Users and accounts that have as many tokens and members as there may be.

use axum::http::Method;
use coffer_crypto::SystemRandom;
use coffer_store::rows::members::{self, MemberRow};
use coffer_store::rows::tokens::{self, TokenOwner, TokenRow};
use coffer_store::rows::users::{self, UserRow};
use coffer_types::limits::{MAX_MEMBERS_PER_ACCOUNT, MAX_TOKENS_PER_ACCOUNT, MAX_TOKENS_PER_USER};
use coffer_types::{
    Clock, IpCondition, MemberId, MembershipStatus, PermissionGroup, Role, TokenId, UserId,
};
use serde_json::{Value, json};

use crate::testing::{TestApp, failure, result, text_at};

const OF_USER: &str = "/user/tokens";
const OF_ACCOUNT: &str = "/accounts/{account_id}/tokens";
const MEMBERS: &str = "/accounts/{account_id}/members";

fn new_token(app: &TestApp) -> Value {
    let account = format!("com.cloudflare.api.account.{}", app.first.account_id);
    json!({ "name": "one more", "policies": [{
        "effect": "allow",
        "permission_groups": [{ "id": PermissionGroup::SECRETS_STORE_READ.id }],
        "resources": { account: "*" },
    }] })
}

/// Gives an owner tokens that nobody has, up to so many.
async fn fill_with_tokens(app: &TestApp, owner: TokenOwner, most: u32) {
    let now = app.clock.now();
    app.add_rows(move |tx| {
        Box::pin(async move {
            for _ in tokens::count(tx, owner).await?..most {
                let id = TokenId::random(&SystemRandom);
                let token = TokenRow {
                    id,
                    owner,
                    name: "filler".parse().unwrap(),
                    prefix: id.to_string(),
                    mac: vec![1; 32],
                    enabled: true,
                    policies: Vec::new(),
                    condition: IpCondition::default(),
                    not_before: None,
                    expires_at: None,
                    created_at: now,
                    issued_at: now,
                    modified_at: now,
                };
                tokens::insert(tx, &token).await?;
            }
            Ok(())
        })
    })
    .await;
}

/// The last token that fits is made, one more is refused, and fits when that was deleted.
async fn check_tokens(app: &TestApp, path: &str, refusal: &str) {
    let make = || app.request(Method::POST, path, Some(new_token(app)));
    let last = text_at(result(&make().await), "/id");
    let events = app.audit_events().await.len();
    let expected = (
        400,
        vec![format!("1003 maximum_tokens_exceeded: {refusal}")],
    );
    assert_eq!(failure(&make().await), expected);
    assert_eq!(app.audit_events().await.len(), events);
    let last = format!("{path}/{last}");
    result(&app.request(Method::DELETE, &last, None).await);
    result(&make().await);
}

#[tokio::test]
async fn a_user_has_so_many_tokens() {
    let app = TestApp::new().await;
    let owner = TokenOwner::User(app.admin_id().await);
    fill_with_tokens(&app, owner, MAX_TOKENS_PER_USER - 1).await;
    let refusal = "a user has at most 500 API tokens; delete one first";
    check_tokens(&app, OF_USER, refusal).await;
    // Those of the account are counted by themselves.
    result(
        &app.request(Method::POST, OF_ACCOUNT, Some(new_token(&app)))
            .await,
    );
}

#[tokio::test]
async fn an_account_has_so_many_tokens() {
    let app = TestApp::new().await;
    let owner = TokenOwner::Account(app.first.account_id);
    fill_with_tokens(&app, owner, MAX_TOKENS_PER_ACCOUNT - 1).await;
    let refusal = "an account has at most 20000 API tokens; delete one first";
    check_tokens(&app, OF_ACCOUNT, refusal).await;
}

#[tokio::test]
async fn an_account_has_so_many_members() {
    let app = TestApp::new().await;
    let (account_id, now) = (app.first.account_id, app.clock.now());
    app.add_rows(move |tx| {
        Box::pin(async move {
            for number in members::count(tx, account_id).await?..MAX_MEMBERS_PER_ACCOUNT - 1 {
                let user = UserRow {
                    id: UserId::random(&SystemRandom),
                    email: format!("user{number}@example.com").parse().unwrap(),
                    first_name: None,
                    last_name: None,
                    password_hash: String::new(),
                    global_key_mac: vec![1; 32],
                    global_key_enabled: false,
                    global_key_sealed: None,
                    has_second_factor: false,
                    created_at: now,
                    modified_at: now,
                };
                users::insert(tx, &user).await?;
                let member = MemberRow {
                    id: MemberId::random(&SystemRandom),
                    account_id,
                    user_id: user.id,
                    roles: vec![Role::AuditLogsViewer],
                    status: MembershipStatus::Accepted,
                    created_at: now,
                };
                members::insert(tx, &member).await?;
            }
            Ok(())
        })
    })
    .await;
    let invite = async |email: &str| {
        let body = json!({ "email": email, "roles": [Role::AuditLogsViewer.id()] });
        app.request(Method::POST, MEMBERS, Some(body)).await
    };
    result(&invite("last@example.com").await);
    let refusal = "1003 maximum_members_exceeded: an account has at most 20000 members and invitations; remove one first";
    let expected = (400, vec![refusal.to_owned()]);
    assert_eq!(failure(&invite("beyond@example.com").await), expected);
    let mut reader = app.store.reader().await.unwrap();
    let beyond = "beyond@example.com".parse().unwrap();
    assert!(
        users::with_email(&mut reader, &beyond)
            .await
            .unwrap()
            .is_none()
    );
    // Whoever is invited already may be invited anew.
    result(&invite("last@example.com").await);
}
