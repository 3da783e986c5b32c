//! `GET …/audit_logs` and `GET /user/audit_logs`.

use axum::extract::State;
use axum::response::Response;
use coffer_engine::{Direction, FirstVersionQuery, ViewAudit, ViewUser};
use coffer_protocol::audit::{AuditLogV1, AuditPageInfo};
use coffer_protocol::v4::Envelope;
use coffer_types::limits::{DEFAULT_AUDIT_PAGE_SIZE, MAX_AUDIT_PAGE_SIZE};

use super::export::{is_export, response};
use super::fields::{self, Known};
use crate::api::answer::part_response;
use crate::api::error::ApiResult;
use crate::api::page::{Page, Query, refused};
use crate::api::permitted::{Permitted, PermittedUser};
use crate::app::App;

/// A page of the account's events, or all of them as a file.
pub(super) async fn of_account(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewAudit>,
    query: Query,
) -> ApiResult<Response> {
    let (asked, page) = (asked(&query)?, page(&query)?);
    if is_export(&query)? {
        return Ok(response(app.engine.export_audit_logs(&permit, asked)?));
    }
    let logs = app
        .engine
        .audit_logs_v1(&permit, asked, page.slice())
        .await?;
    Ok(page_response(page, logs))
}

/// A page of the events of the user who asks, or all of them as a file.
pub(super) async fn of_user(
    State(app): State<App>,
    PermittedUser(permit): PermittedUser<ViewUser>,
    query: Query,
) -> ApiResult<Response> {
    let (asked, page) = (asked(&query)?, page(&query)?);
    if is_export(&query)? {
        return Ok(response(app.engine.export_user_audit_logs(&permit, asked)?));
    }
    let logs = app
        .engine
        .user_audit_logs(&permit, asked, page.slice())
        .await?;
    Ok(page_response(page, logs))
}

fn page(query: &Query) -> ApiResult<Page> {
    query.page(1..=MAX_AUDIT_PAGE_SIZE, DEFAULT_AUDIT_PAGE_SIZE)
}

fn page_response(page: Page, logs: Vec<AuditLogV1>) -> Response {
    let info = AuditPageInfo {
        page: page.number(),
        per_page: page.slice().limit,
        count: logs.len(),
    };
    part_response(&Envelope::part(logs, info))
}

const PARAMETERS: [&str; 12] = [
    "id",
    "export",
    "action.type",
    "actor.ip",
    "actor.email",
    "since",
    "before",
    "zone.name",
    "direction",
    "per_page",
    "page",
    "hide_user_logs",
];

fn asked(query: &Query) -> ApiResult<FirstVersionQuery> {
    fields::check(query, |name| match PARAMETERS.contains(&name) {
        true => Known::Once,
        false => Known::Never,
    })?;
    let text = |name| query.value(name).map(str::to_owned);
    let range = query.value("actor.ip").map(str::parse).transpose();
    Ok(FirstVersionQuery {
        id: text("id"),
        action_type: text("action.type"),
        actor_ip: range.map_err(|_| {
            refused(
                "actor.ip",
                "must be an IPv4 or IPv6 address or a CIDR range",
            )
        })?,
        actor_email: text("actor.email"),
        zone_name: text("zone.name"),
        since: fields::moment(query, "since")?,
        before: fields::moment(query, "before")?,
        direction: query.direction(Direction::Descending)?,
        hide_user_logs: query.flag("hide_user_logs")?,
    })
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_store::rows::tokens::TokenOwner;
    use coffer_types::audit::{ActorContext, ResourceKind};
    use coffer_types::{Effect, PermissionGroup, Policy, Resource};
    use serde_json::{Value, json};

    use crate::api::audit_logs::testing::{
        V1, add, ask, assert_refused, encoded, ids, list, moved, varied, varied_app,
    };
    use crate::testing::{TestApp, TokenTimes, failure, result, text_at};

    const USER: &str = "/user/audit_logs";

    /// Which events are picked.
    type Holds<'h> = &'h dyn Fn(&Value) -> bool;

    #[tokio::test]
    async fn every_parameter_picks_what_it_names() {
        let app = varied_app().await;
        let all = list(&app, V1, "per_page=1000").await;
        let one = text_at(&all[3], "/id");
        let picked = |holds: &dyn Fn(&Value) -> bool| {
            let picked = all.iter().filter(|event| holds(event)).cloned();
            picked.collect::<Vec<_>>()
        };
        let cases: [(&str, Holds<'_>); 13] = [
            (&format!("id={one}"), &|event| event["id"] == one.as_str()),
            ("id=none", &|_| false),
            ("action.type=access", &|event| {
                event["action"]["type"] == "access"
            }),
            ("action.type=view", &|event| {
                event["action"]["type"] == "access"
            }),
            ("actor.ip=192.0.2.1", &|event| {
                event["actor"]["ip"] == "192.0.2.1"
            }),
            ("actor.ip=2001:DB8:0::1", &|event| {
                event["actor"]["ip"] == "2001:db8::1"
            }),
            ("actor.ip=192.0.2.0/25", &|event| {
                event["actor"]["ip"] == "192.0.2.1"
            }),
            ("actor.ip=192.0.2.0/24", &|event| {
                event["actor"]["ip"]
                    .as_str()
                    .is_some_and(|ip| ip.starts_with("192.0.2."))
            }),
            ("actor.ip=2001:db8::/32&action.type=create", &|event| {
                event["actor"]["ip"] == "2001:db8::1" && event["action"]["type"] == "create"
            }),
            ("actor.email=User1@Example.com", &|event| {
                event["actor"]["email"] == "user1@example.com"
            }),
            ("zone.name=example.com", &|_| false),
            ("hide_user_logs=true", &|event| {
                event["resource"]["type"] != "user"
            }),
            ("hide_user_logs=false", &|_| true),
        ];
        for (query, holds) in cases {
            let expected = picked(holds);
            let found = list(&app, V1, &format!("per_page=1000&{query}")).await;
            assert_eq!(found, expected, "{query}");
            // Pages of it are the same.
            let mut paged = Vec::new();
            for page in 1.. {
                let found = list(&app, V1, &format!("per_page=10&page={page}&{query}")).await;
                if found.is_empty() {
                    break;
                }
                paged.extend(found);
            }
            assert_eq!(paged, expected, "{query}");
        }
        let mut reversed = list(&app, V1, "per_page=1000&direction=asc").await;
        reversed.reverse();
        assert_eq!(reversed, all);
    }

    #[tokio::test]
    async fn a_range_may_be_open_at_either_end() {
        let app = varied_app().await;
        let all = list(&app, V1, "per_page=1000").await;
        let middle = text_at(&all[20], "/when");
        let since = list(
            &app,
            V1,
            &format!("per_page=1000&since={}", encoded(&middle)),
        )
        .await;
        let before = list(
            &app,
            V1,
            &format!("per_page=1000&before={}", encoded(&middle)),
        )
        .await;
        assert!(!since.is_empty() && !before.is_empty());
        assert_eq!([ids(&since), ids(&before)].concat(), ids(&all));
        assert!(list(&app, V1, "since=2026-11-23").await.is_empty());
        assert_eq!(list(&app, V1, "before=2026-11-23").await.len(), all.len());
    }

    #[tokio::test]
    async fn pages_say_where_they_are_and_end_empty() {
        let app = TestApp::new().await;
        let before = list(&app, V1, "").await.len();
        add(&app, varied(&app, 120)).await;
        let answer = ask(&app, V1, "").await;
        assert_eq!(
            answer.2["result_info"],
            json!({ "page": 1, "per_page": 100, "count": 100 })
        );
        let answer = ask(&app, V1, "page=2").await;
        assert_eq!(answer.2["result_info"]["count"], 20 + before);
        let answer = ask(&app, V1, "page=4000000000&per_page=1000").await;
        assert_eq!(result(&answer), &json!([]));
    }

    #[tokio::test]
    async fn parameters_out_of_bounds_are_refused_by_name() {
        let app = TestApp::new().await;
        for path in [V1, USER] {
            for (query, pointer) in [
                ("per_page=0", "per_page"),
                ("per_page=1001", "per_page"),
                ("page=0", "page"),
                ("page=x&export=true", "page"),
                ("action.type=add", "action.type"),
                ("action.type=Create&export=true", "action.type"),
                ("id=", "id"),
                ("actor.ip=", "actor.ip"),
                ("hide_user_logs", "hide_user_logs"),
                ("export=&since=2026-11-01", "export"),
                ("since=2026-11-01&since=2026-11-02", "since"),
                ("action.type=create&action.type=create", "action.type"),
                ("direction=up", "direction"),
                ("since=2026-02-30", "since"),
                ("before=now", "before"),
                ("since=2026-11-02&before=2026-11-01", "since"),
                ("since=2026-11-02&before=2026-11-01&export=true", "since"),
                ("actor.ip=192.0.2.0/33", "actor.ip"),
                ("actor.ip=host", "actor.ip"),
                ("actor.email=nobody", "actor.email"),
                ("actor.email=nobody&export=true", "actor.email"),
                ("hide_user_logs=maybe", "hide_user_logs"),
                ("export=csv", "export"),
                ("limit=5", "limit"),
                ("cursor=x", "cursor"),
                ("action_type=create", "action_type"),
            ] {
                assert_refused(&app, path, query, pointer).await;
            }
        }
    }

    #[tokio::test]
    async fn an_event_tells_what_was_before_and_what_is_after() {
        let (app, store) = TestApp::with_store().await;
        let id = app.create_secret(&store, "KEY", "the value").await;
        let secret = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets/{id}");
        let edit = json!({ "value": "another", "comment": "edited" });
        result(&app.request(Method::PATCH, &secret, Some(edit)).await);
        let found = list(&app, V1, "per_page=1").await;
        let event = &found[0];
        let values =
            |name: &str| -> Value { serde_json::from_str(event[name].as_str().unwrap()).unwrap() };
        assert_eq!(values("oldValue")["comment"], Value::Null);
        assert_eq!(values("newValue")["comment"], "edited");
        assert_eq!(
            event,
            &json!({
                "id": event["id"],
                "action": { "result": true, "type": "update" },
                "actor": { "id": app.admin_id().await, "email": "admin@example.com", "type": "user" },
                "interface": "API",
                "metadata": { "value_modified": true },
                "newValue": event["newValue"],
                "oldValue": event["oldValue"],
                "owner": { "id": app.first.account_id },
                "resource": { "id": id, "type": "secret" },
                "when": app.now(),
            })
        );
        let first = list(&app, V1, "direction=asc&action.type=create&per_page=1000").await;
        let created = first
            .iter()
            .find(|event| event["resource"]["id"] == id.as_str())
            .unwrap();
        assert_eq!(created["oldValue"], "");
    }

    #[tokio::test]
    async fn a_user_is_told_of_what_the_user_did_and_of_what_was_done_to_the_user() {
        let app = varied_app().await;
        let admin = app.admin_id().await.to_string();
        let other = app.other_account().await;
        let mut events = varied(&app, 4);
        for (event, name) in events.iter_mut().zip(["here", "there", "nowhere", "to me"]) {
            event.actor.id.clone_from(&admin);
            event.actor.context = ActorContext::Dash;
            name.clone_into(&mut event.resource_id);
        }
        events[3].actor.id = "someone".to_owned();
        events[3].resource_id.clone_from(&admin);
        events[3].resource_kind = ResourceKind::User;
        let [here, there, nowhere, to_me] = <[_; 4]>::try_from(events).unwrap();
        let there = moved(vec![there], Some(other.id)).remove(0);
        let nowhere = moved(vec![nowhere], None).remove(0);
        add(&app, vec![here, there, nowhere, to_me]).await;
        let by = async |actor: &crate::testing::Actor| {
            let answer = app.request_as(actor, Method::GET, USER, None).await;
            let events = result(&answer).as_array().unwrap().iter();
            let mut names: Vec<_> = events.map(|event| text_at(event, "/resource/id")).collect();
            names.retain(|name| ["here", "there", "nowhere", &admin].contains(&name.as_str()));
            names.sort();
            names
        };
        let mut all = vec![
            "here".to_owned(),
            "nowhere".to_owned(),
            "there".to_owned(),
            admin.clone(),
        ];
        all.sort();
        assert_eq!(by(&app.admin_by_key()).await, all);
        // A token is told of the accounts whose log it may read.
        let mut mine = all.clone();
        mine.retain(|name| name != "there");
        assert_eq!(by(&app.admin()).await, mine);
        let owner = TokenOwner::User(app.admin_id().await);
        let user_alone = Policy {
            effect: Effect::Allow,
            permission_groups: vec![PermissionGroup::USER_DETAILS_READ.id.to_owned()],
            resources: vec![Resource::User(app.admin_id().await)],
        };
        let token = app
            .add_token_with_policies(owner, vec![user_alone], TokenTimes::default())
            .await;
        assert_eq!(by(&token).await, ["nowhere"]);
        let owner = list(&app, USER, "").await;
        let nowhere = owner
            .iter()
            .find(|event| event["resource"]["id"] == "nowhere")
            .unwrap();
        assert_eq!(nowhere["owner"]["id"], admin.as_str());
        // What others do is not for this user to read here.
        assert!(owner.iter().all(|event| {
            event["actor"]["id"] == admin.as_str() || event["resource"]["id"] == admin.as_str()
        }));
        let token = app.account_token(&PermissionGroup::ALL).await;
        let answer = app.request_as(&token, Method::GET, USER, None).await;
        let (status, errors) = failure(&answer);
        assert_eq!((status, &errors[0][..5]), (403, "9109 "));
    }
}
