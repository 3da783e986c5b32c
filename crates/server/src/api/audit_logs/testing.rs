//! A log in which events differ in all that they can be filtered by.

use axum::http::Method;
use coffer_crypto::SystemRandom;
use coffer_store::rows::audit::{EventActor, EventRequest, EventToken, NewEvent, RawRequest};
use coffer_store::{StoreError, Written};
use coffer_types::audit::{Action, ActorContext, ActorKind, Outcome, ResourceKind};
use coffer_types::{AccountId, AuditEventId, Clock, RequestId, TokenId, UserId};
use serde_json::{Value, json};

use crate::testing::{Answer, TestApp, failure, result, text_at};

/// Where the account's events are, in both versions.
pub(super) const V1: &str = "/accounts/{account_id}/audit_logs";
pub(super) const V2: &str = "/accounts/{account_id}/logs/audit";
/// A range that every test's events are in.
pub(super) const RANGE: &str = "since=2026-11-01&before=2026-12-01";

/// Events to be added: each takes some of what events can have.
pub(super) fn varied(app: &TestApp, count: usize) -> Vec<NewEvent> {
    (0..count).map(|index| varied_event(app, index)).collect()
}

fn varied_event(app: &TestApp, index: usize) -> NewEvent {
    let pick = |step: usize, of: usize| (index / step) % of;
    let actions = [
        Action::Access,
        Action::Create,
        Action::Update,
        Action::Delete,
    ];
    let kinds = [
        ResourceKind::Secret,
        ResourceKind::Worker,
        ResourceKind::Member,
        ResourceKind::User,
        ResourceKind::Token,
    ];
    let contexts = [
        (ActorContext::ApiToken, ActorKind::User),
        (ActorContext::ApiKey, ActorKind::User),
        (ActorContext::Dash, ActorKind::User),
        (ActorContext::ApiToken, ActorKind::Account),
        (ActorContext::System, ActorKind::System),
    ];
    let (context, kind) = contexts[pick(1, 5)];
    let outcomes = [Outcome::Success, Outcome::Success, Outcome::Failure];
    let user = u8::try_from(pick(2, 3)).unwrap();
    let raw = RawRequest {
        method: ["POST", "PATCH", "DELETE"][pick(1, 3)].to_owned(),
        path: format!("/client/v4/path/{}", pick(3, 4)),
        user_agent: "test".to_owned(),
        status: [200, 202, 403][pick(1, 3)],
    };
    NewEvent {
        id: AuditEventId::random(&SystemRandom),
        account_id: Some(app.first.account_id),
        at: app.clock.now(),
        action: actions[pick(1, 4)],
        outcome: outcomes[pick(1, 3)],
        resource_kind: kinds[pick(1, 5)],
        resource_id: format!("resource-{}", pick(1, 4)),
        actor: EventActor {
            id: UserId::from_bytes([user; 16]).to_string(),
            email: (kind == ActorKind::User)
                .then(|| format!("user{user}@example.com").parse().unwrap()),
            context,
            ip: (kind != ActorKind::System)
                .then(|| ["192.0.2.1", "192.0.2.200", "2001:db8::1"][pick(1, 3)].to_owned()),
            kind,
            token: (context == ActorContext::ApiToken).then(|| EventToken {
                id: TokenId::from_bytes([user; 16]),
                name: format!("token {user}"),
            }),
        },
        request: EventRequest {
            id: RequestId::random(&SystemRandom),
            raw: (kind != ActorKind::System).then_some(raw),
        },
        details: json!({ "before": { "name": "old" }, "after": { "name": "new" } }),
    }
}

/// Adds events to the log.
pub(super) async fn add(app: &TestApp, events: Vec<NewEvent>) {
    app.store
        .write::<(), StoreError, _>(move |_tx| {
            let written = Written::with_events((), events.clone()).unwrap();
            Box::pin(async move { Ok(written) })
        })
        .await
        .unwrap();
}

/// Moves events to another account, or to none.
pub(super) fn moved(mut events: Vec<NewEvent>, account_id: Option<AccountId>) -> Vec<NewEvent> {
    for event in &mut events {
        event.account_id = account_id;
    }
    events
}

/// An application with varied events of different moments.
pub(super) async fn varied_app() -> TestApp {
    let app = TestApp::new().await;
    for _ in 0..4 {
        app.clock.advance_seconds(60);
        add(&app, varied(&app, 15)).await;
    }
    app
}

/// What the Super Administrator is answered.
pub(super) async fn ask(app: &TestApp, path: &str, query: &str) -> Answer {
    app.request(Method::GET, &format!("{path}?{query}"), None)
        .await
}

/// The events that the Super Administrator is told of.
pub(super) async fn list(app: &TestApp, path: &str, query: &str) -> Vec<Value> {
    let answer = ask(app, path, query).await;
    result(&answer).as_array().unwrap().clone()
}

/// The ids of events.
pub(super) fn ids(events: &[Value]) -> Vec<String> {
    events.iter().map(|event| text_at(event, "/id")).collect()
}

/// Checks that a request is refused at a parameter.
pub(super) async fn assert_refused(app: &TestApp, path: &str, query: &str, pointer: &str) {
    let (status, errors) = failure(&ask(app, path, query).await);
    assert_eq!(status, 400, "{query}");
    let expected = format!(" at {pointer}");
    assert!(
        errors.len() == 1 && errors[0].starts_with("1001 ") && errors[0].ends_with(&expected),
        "{query}: {errors:?}"
    );
}

/// A text as it is put into a query.
pub(super) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
