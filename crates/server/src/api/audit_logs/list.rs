//! `GET …/logs/audit`.

use axum::extract::State;
use axum::response::Response;
use coffer_engine::{AuditField, AuditFilter, AuditPage, AuditQuery, Direction, ViewAudit};
use coffer_protocol::audit::{CursorInfo, Cursors};
use coffer_protocol::v4::Envelope;

use super::fields::{self, Known};
use crate::api::answer::part_response;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::permitted::Permitted;
use crate::app::App;

const NOT: &str = ".not";

/// A page of the account's events.
pub(super) async fn list(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewAudit>,
    query: Query,
) -> ApiResult<Response> {
    fields::check(&query, known)?;
    let asked = AuditQuery {
        range: fields::time_range(&query)?,
        filters: filters(&query),
        text: None,
        direction: query.direction(Direction::Descending)?,
        limit: fields::limit(&query)?,
        cursor: query.value("cursor").map(str::to_owned),
    };
    let AuditPage { logs, next } = app.engine.audit_logs(&permit, asked).await?;
    let info = CursorInfo {
        count: logs.len().to_string(),
        cursor: next.clone(),
        cursors: Cursors { after: next },
    };
    Ok(part_response(&Envelope::part(logs, info)))
}

fn filters(query: &Query) -> Vec<AuditFilter> {
    let both = AuditField::ALL
        .into_iter()
        .flat_map(|field| [(field, false), (field, true)]);
    let filters = both.map(|(field, negated)| {
        let name = parameter(field, negated);
        AuditFilter {
            field,
            negated,
            values: query.values(&name).map(str::to_owned).collect(),
        }
    });
    filters.filter(|filter| !filter.values.is_empty()).collect()
}

fn parameter(field: AuditField, negated: bool) -> String {
    let not = if negated { NOT } else { "" };
    format!("{}{not}", field.name())
}

fn known(name: &str) -> Known {
    let is_filter = |field: &AuditField| match name.strip_suffix(NOT) {
        Some(positive) => field.name() == positive && field.has_negation(),
        None => field.name() == name,
    };
    match name {
        "since" | "before" | "limit" | "cursor" | "direction" => Known::Once,
        _ if AuditField::ALL.iter().any(is_filter) => Known::Repeatedly,
        _ => Known::Never,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::http::Method;
    use coffer_engine::AuditField;
    use coffer_types::Role;
    use serde_json::{Value, json};

    use super::parameter;
    use crate::api::audit_logs::testing::{
        RANGE, V2, add, ask, assert_refused, encoded, ids, list, moved, varied, varied_app,
    };
    use crate::testing::{TestApp, failure, result, text_at};

    /// Where an event tells what a field filters by; nowhere if it is the same in all events of an account.
    fn pointer(field: AuditField) -> Option<&'static str> {
        Some(match field {
            AuditField::ActionResult => "/action/result",
            AuditField::ActionType => "/action/type",
            AuditField::ActorContext => "/actor/context",
            AuditField::ActorEmail => "/actor/email",
            AuditField::ActorId => "/actor/id",
            AuditField::ActorIpAddress => "/actor/ip_address",
            AuditField::ActorTokenId => "/actor/token_id",
            AuditField::ActorTokenName => "/actor/token_name",
            AuditField::ActorType => "/actor/type",
            AuditField::AuditLogId | AuditField::Id => "/id",
            AuditField::RawCfRayId => "/raw/cf_ray_id",
            AuditField::RawMethod => "/raw/method",
            AuditField::RawStatusCode => "/raw/status_code",
            AuditField::RawUri => "/raw/uri",
            AuditField::ResourceId => "/resource/id",
            AuditField::ResourceProduct => "/resource/product",
            AuditField::ResourceType => "/resource/type",
            AuditField::ResourceScope => "/resource/scope",
            AuditField::AccountName
            | AuditField::ProductCategory
            | AuditField::ZoneId
            | AuditField::ZoneName => return None,
        })
    }

    fn word(event: &Value, pointer: &str) -> Option<String> {
        Some(match event.pointer(pointer)? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }

    #[tokio::test]
    async fn every_field_picks_the_events_that_have_a_value_and_its_negation_the_others() {
        let app = varied_app().await;
        let all = list(&app, V2, &format!("{RANGE}&limit=1000")).await;
        assert!(all.len() >= 60);
        for field in AuditField::ALL {
            let Some(pointer) = pointer(field) else {
                continue;
            };
            let values: BTreeSet<String> = all
                .iter()
                .filter_map(|event| word(event, pointer))
                .collect();
            assert!(values.len() > 1, "{field:?} {values:?}");
            let values: Vec<_> = values.into_iter().collect();
            for wanted in [&values[..1], &values[..2]] {
                for negated in [false, true] {
                    let name = parameter(field, negated);
                    let picked = wanted
                        .iter()
                        .map(|value| format!("&{name}={}", encoded(value)));
                    let query = format!("{RANGE}&limit=1000{}", picked.collect::<String>());
                    let expected: Vec<Value> = all
                        .iter()
                        .filter(|event| {
                            let has = word(event, pointer).is_some_and(|one| wanted.contains(&one));
                            has != negated
                        })
                        .cloned()
                        .collect();
                    if wanted.len() < values.len() {
                        assert!(!expected.is_empty(), "{query}");
                        assert!(expected.len() < all.len(), "{query}");
                    }
                    assert_eq!(list(&app, V2, &query).await, expected, "{query}");
                }
            }
        }
    }

    #[tokio::test]
    async fn what_is_the_same_in_all_events_picks_all_or_none() {
        let app = varied_app().await;
        let all = ids(&list(&app, V2, &format!("{RANGE}&limit=1000")).await);
        for (query, picks_all) in [
            ("account_name=First%20account", true),
            ("account_name=Other&account_name=First%20account", true),
            ("account_name=Other", false),
            ("account_name.not=First%20account", false),
            ("account_name.not=Other", true),
            ("zone_id=x", false),
            ("zone_name=example.com", false),
            ("zone_id.not=x", true),
            ("zone_name.not=example.com", true),
            ("resource_scope=zones", false),
            ("resource_scope.not=zones", true),
            ("actor_context=oauth&actor_context=origin_ca_key", false),
            ("actor_type=cloudflare_admin", false),
            ("actor_type.not=cloudflare_admin", true),
            ("resource_product=stream", false),
            ("resource_type.not=video", true),
            ("id=none", false),
        ] {
            let found = list(&app, V2, &format!("{RANGE}&limit=1000&{query}")).await;
            let expected = if picks_all { all.clone() } else { vec![] };
            assert_eq!(ids(&found), expected, "{query}");
        }
    }

    #[tokio::test]
    async fn fields_are_combined_and_a_category_adds_to_the_products() {
        let app = varied_app().await;
        let products = async |query: &str| -> BTreeSet<String> {
            let found = list(&app, V2, &format!("{RANGE}&limit=1000&{query}")).await;
            found
                .iter()
                .map(|event| text_at(event, "/resource/product"))
                .collect()
        };
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(
            products("product_category=Developer_Platform").await,
            set(&["secrets_store", "workers"])
        );
        assert_eq!(
            products("product_category=developer_platform&resource_product=members").await,
            set(&["secrets_store", "workers", "members"])
        );
        assert_eq!(
            products("product_category=developer_platform&resource_product.not=workers").await,
            set(&["secrets_store"])
        );
        let both =
            "action_type=create&action_type=delete&actor_type=user&actor_email=USER0@example.com";
        let found = list(&app, V2, &format!("{RANGE}&{both}")).await;
        assert!(!found.is_empty());
        for event in found {
            assert!(event["action"]["type"] == "create" || event["action"]["type"] == "delete");
            assert_eq!(event["actor"]["email"], "user0@example.com");
        }
    }

    /// Follows the cursors to the end, adding an event after each page.
    async fn paged(app: &TestApp, query: &str) -> Vec<String> {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let answer = ask(app, V2, &format!("{query}{cursor}")).await;
            let events = result(&answer).as_array().unwrap();
            let info = &answer.2["result_info"];
            assert_eq!(info["count"], events.len().to_string());
            seen.extend(ids(events));
            add(app, varied(app, 1)).await;
            app.clock.advance_micros(1);
            let Some(next) = info["cursor"].as_str() else {
                assert_eq!(info["cursors"], json!({}));
                return seen;
            };
            assert_eq!(info["cursors"]["after"], next);
            cursor = format!("&cursor={next}");
        }
    }

    #[tokio::test]
    async fn pages_have_every_event_once_while_others_are_added() {
        let app = varied_app().await;
        for filter in [
            "",
            "&action_type=update",
            "&resource_id=resource-1&resource_id=resource-2",
        ] {
            let whole =
                |direction: &str| format!("{RANGE}&limit=1000&direction={direction}{filter}");
            let descending = ids(&list(&app, V2, &whole("desc")).await);
            let pages = |direction: &str| format!("{RANGE}&limit=7&direction={direction}{filter}");
            assert_eq!(paged(&app, &pages("desc")).await, descending);
            // Forward, what was added is met at the end.
            let mut ascending = ids(&list(&app, V2, &whole("asc")).await);
            let met = paged(&app, &pages("asc")).await;
            assert_eq!(met[..ascending.len()], ascending);
            assert_eq!(met.iter().collect::<BTreeSet<_>>().len(), met.len());
            ascending.reverse();
            assert!(ascending.ends_with(&descending));
        }
    }

    #[tokio::test]
    async fn a_page_beyond_the_events_is_empty() {
        let app = TestApp::new().await;
        let answer = ask(&app, V2, "since=2030-01-01&before=2031-01-01").await;
        assert_eq!(result(&answer), &json!([]));
        assert_eq!(
            answer.2["result_info"],
            json!({ "count": "0", "cursors": {} })
        );
        // A range has its beginning and not its end.
        let now = encoded(&app.now());
        let found = list(&app, V2, &format!("since=2026-11-22&before={now}")).await;
        assert!(found.is_empty());
        let found = list(&app, V2, &format!("since={now}&before=2026-11-23")).await;
        assert_eq!(found.len(), 1);
    }

    #[tokio::test]
    async fn parameters_out_of_bounds_are_refused_by_name() {
        let app = TestApp::new().await;
        for (query, pointer) in [
            ("since=2026-11-01", "before"),
            ("before=2026-11-01", "since"),
            ("", "since"),
            ("since=2026-13-01&before=2026-12-01", "since"),
            ("since=yesterday&before=2026-12-01", "since"),
            ("since=2026-11-01&before=2026-11-01T25:00:00Z", "before"),
            ("since=2026-11-01&before=1795348800", "before"),
            ("since=2026-11-02&before=2026-11-01", "since"),
            (
                "since=2026-11-02T00:00:00.000001Z&before=2026-11-02",
                "since",
            ),
        ] {
            assert_refused(&app, V2, query, pointer).await;
        }
        for (query, pointer) in [
            ("limit=0", "limit"),
            ("limit=1001", "limit"),
            ("limit=-1", "limit"),
            ("limit=ten", "limit"),
            ("direction=down", "direction"),
            ("cursor=nonsense", "cursor"),
            ("cursor=00", "cursor"),
            ("page=2", "page"),
            ("actor=x", "actor"),
            ("actor_email.is=x", "actor_email.is"),
            (
                "product_category.not=developer_platform",
                "product_category.not",
            ),
            ("since.not=2026-01-01", "since.not"),
            ("action_type=add", "action_type"),
            ("cursor=", "cursor"),
            ("cursor", "cursor"),
            ("since=2026-11-02", "since"),
            ("limit=5&limit=6", "limit"),
            ("direction=asc&direction=asc", "direction"),
            ("actor_id=", "actor_id"),
            ("actor_id.not=", "actor_id.not"),
            ("resource_id=a&resource_id=", "resource_id"),
            (
                "action_type=create&action_type.not=destroy",
                "action_type.not",
            ),
            ("action_result=ok", "action_result"),
            ("actor_context=system", "actor_context"),
            ("actor_type=robot", "actor_type"),
            ("actor_type=user&actor_type=robot", "actor_type"),
            ("resource_scope=account", "resource_scope"),
            ("resource_scope.not=x", "resource_scope.not"),
            ("actor_email=nobody", "actor_email"),
            ("actor_ip_address=192.0.2.1.1", "actor_ip_address"),
            ("actor_ip_address.not=192.0.2.0/24", "actor_ip_address.not"),
            ("raw_status_code=OK", "raw_status_code"),
            ("raw_status_code=99999999999999999999", "raw_status_code"),
            ("product_category=zerotrust", "product_category"),
            ("%27%20OR%201=1", "' OR 1"),
        ] {
            assert_refused(&app, V2, &format!("{RANGE}&{query}"), pointer).await;
        }
        let many = "&resource_id=x".repeat(101);
        assert_refused(&app, V2, &format!("{RANGE}{many}"), "resource_id").await;
        let products = "&resource_product=x".repeat(101);
        assert_refused(&app, V2, &format!("{RANGE}{products}"), "resource_product").await;
    }

    #[tokio::test]
    async fn a_cursor_is_of_one_list_alone() {
        let app = varied_app().await;
        let other = app.other_account().await;
        add(&app, moved(varied(&app, 5), Some(other.id))).await;
        let page = |query: &str| format!("{RANGE}&limit=2&{query}");
        let asked = page("action_type=create&action_type=update");
        let answer = ask(&app, V2, &asked).await;
        let cursor = text_at(&answer.2, "/result_info/cursor");
        // Of the same list, in another order and with another limit.
        let same = page("action_type=create&action_type=update").replace("limit=2", "limit=5");
        result(&ask(&app, V2, &format!("{same}&cursor={cursor}")).await);
        for query in [
            page(""),
            page("action_type=create"),
            page("action_type=create&action_type=update&direction=asc"),
            page("action_type=create&action_type=update&actor_type=user"),
            page("action_type.not=create&action_type.not=update"),
            asked.replace("before=2026-12-01", "before=2026-12-02"),
        ] {
            assert_refused(&app, V2, &format!("{query}&cursor={cursor}"), "cursor").await;
        }
        let mut altered = cursor.clone();
        let digit = if altered.starts_with('f') { "e" } else { "f" };
        altered.replace_range(15..16, digit);
        for wrong in [
            &altered,
            &cursor[..cursor.len() - 2],
            &format!("{cursor}00"),
        ] {
            assert_refused(&app, V2, &format!("{asked}&cursor={wrong}"), "cursor").await;
        }
        let elsewhere = format!("/accounts/{}/logs/audit?{asked}&cursor={cursor}", other.id);
        let answer = app
            .request_as(&other.admin, Method::GET, &elsewhere, None)
            .await;
        assert_eq!(failure(&answer).0, 400);
    }

    #[tokio::test]
    async fn an_account_s_events_are_told_to_nobody_else() {
        let app = varied_app().await;
        let other = app.other_account().await;
        let path = format!("/accounts/{}/logs/audit?{RANGE}", other.id);
        let answer = app.request_as(&other.admin, Method::GET, &path, None).await;
        assert_eq!(result(&answer), &json!([]));
        assert_eq!(failure(&app.request(Method::GET, &path, None).await).0, 404);
        let viewer = app.member_with(&[Role::AuditLogsViewer]).await;
        let mine = format!("{V2}?{RANGE}");
        result(&app.request_as(&viewer, Method::GET, &mine, None).await);
        let reporter = app.member_with(&[Role::SecretsStoreReporter]).await;
        let answer = app.request_as(&reporter, Method::GET, &mine, None).await;
        assert_eq!(failure(&answer).0, 403);
    }

    #[tokio::test]
    async fn a_secret_s_events_tell_what_the_documents_promise() {
        let (app, store) = TestApp::with_store().await;
        let secrets = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets");
        let id = app.create_secret(&store, "KEY", "the value").await;
        let secret = format!("{secrets}/{id}");
        let copy = json!({ "name": "COPY", "scopes": ["workers"] });
        let copied = app
            .request(Method::POST, &format!("{secret}/duplicate"), Some(copy))
            .await;
        let copy = text_at(result(&copied), "/id");
        let edit = json!({ "value": "another", "comment": "edited" });
        result(&app.request(Method::PATCH, &secret, Some(edit)).await);
        let renamed = json!({ "comment": "again" });
        result(&app.request(Method::PATCH, &secret, Some(renamed)).await);
        app.request(Method::DELETE, &secret, None).await;

        let events = list(
            &app,
            V2,
            &format!("{RANGE}&direction=asc&resource_id={copy}"),
        )
        .await;
        assert_eq!(events.len(), 1);
        assert_eq!(events[0]["resource"]["request"]["duplicated_from_id"], id);
        assert_eq!(events[0]["resource"]["response"]["name"], "COPY");

        let events = list(&app, V2, &format!("{RANGE}&direction=asc&resource_id={id}")).await;
        let told: Vec<_> = events
            .iter()
            .map(|event| {
                let status = &event["raw"]["status_code"];
                (text_at(event, "/action/type"), status.as_u64().unwrap())
            })
            .collect();
        let told: Vec<_> = told
            .iter()
            .map(|(action, status)| (action.as_str(), *status))
            .collect();
        assert_eq!(
            told,
            [
                ("create", 200),
                ("update", 200),
                ("update", 200),
                ("delete", 202)
            ]
        );
        let update = &events[1];
        assert_eq!(update["resource"]["request"]["value_modified"], true);
        assert_eq!(
            update["resource"]["request"]["before"]["comment"],
            Value::Null
        );
        assert_eq!(update["resource"]["response"]["comment"], "edited");
        assert_ne!(events[2]["resource"]["request"]["value_modified"], true);
        let token = &update["actor"]["token_id"];
        assert_eq!(
            update,
            &json!({
                "id": update["id"],
                "account": { "id": app.first.account_id, "name": "First account" },
                "action": {
                    "description": "update", "result": "success", "time": app.now(), "type": "update",
                },
                "actor": {
                    "context": "api_token",
                    "email": "admin@example.com",
                    "id": app.admin_id().await,
                    "token_id": token,
                    "token_name": update["actor"]["token_name"],
                    "type": "user",
                },
                "raw": {
                    "cf_ray_id": update["raw"]["cf_ray_id"],
                    "method": "PATCH",
                    "status_code": 200,
                    "uri": format!("/client/v4{}", secret.replace("{account_id}", &app.first.account_id.to_string())),
                    "user_agent": "",
                },
                "resource": {
                    "id": id,
                    "product": "secrets_store",
                    "request": update["resource"]["request"],
                    "response": update["resource"]["response"],
                    "scope": "accounts",
                    "type": "secret",
                },
            })
        );
        assert!(token.is_string() && update["actor"]["token_name"].is_string());
        let text = serde_json::to_string(&events).unwrap();
        assert!(!text.contains("the value") && !text.contains("another"));
    }
}
