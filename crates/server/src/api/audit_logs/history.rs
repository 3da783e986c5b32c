//! `GET …/logs/audit/{id}/history`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use coffer_engine::{AuditPage, Direction, Error, HistoryQuery, Missing, ViewAudit};
use coffer_protocol::audit::{AuditLog, Cursors, HistoryInfo};
use coffer_protocol::v4::Envelope;
use serde::Deserialize;

use super::fields::{self, Known};
use crate::api::answer::{json_response, part_response};
use crate::api::error::{ApiError, ApiResult};
use crate::api::page::{Query, refused};
use crate::api::permitted::Permitted;
use crate::app::App;

/// The event in the path.
#[derive(Debug, Deserialize)]
pub(super) struct EventPath {
    id: String,
}

/// A page of the events about the same thing as one event.
pub(super) async fn list(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewAudit>,
    Path(path): Path<EventPath>,
    query: Query,
) -> ApiResult<Response> {
    fields::check(&query, known)?;
    let id = path.id.parse();
    let action_time = fields::moment(&query, "action_time")?;
    let asked = HistoryQuery {
        id: id.map_err(|_| refused("id", "must be the UUID of an event"))?,
        action_time: action_time
            .ok_or_else(|| refused("action_time", "is required: send the event's action.time"))?,
        range: fields::time_range(&query)?,
        direction: query.direction(Direction::Descending)?,
        limit: fields::limit(&query)?,
        cursor: query.value("cursor").map(str::to_owned),
    };
    match app.engine.audit_history(&permit, asked).await {
        Ok(Some(AuditPage { logs, next })) => {
            let info = HistoryInfo {
                count: logs.len(),
                cursor: next.clone(),
                cursors: Cursors { after: next },
                history_status: "exact",
            };
            Ok(part_response(&Envelope::part(logs, info)))
        }
        Ok(None) => Ok(part_response(&Envelope::part(
            Vec::<AuditLog>::new(),
            unavailable(),
        ))),
        Err(Error::NotFound(Missing::AuditEvent)) => Ok(not_found()),
        Err(error) => Err(error.into()),
    }
}

fn known(name: &str) -> Known {
    match name {
        "action_time" | "since" | "before" | "limit" | "cursor" | "direction" => Known::Once,
        _ => Known::Never,
    }
}

/// The refusal of this operation tells the status of the history too.
fn not_found() -> Response {
    let (_, errors) = ApiError::from(Error::from(Missing::AuditEvent)).describe();
    let envelope = Envelope::<(), HistoryInfo> {
        success: false,
        errors,
        messages: Vec::new(),
        result: None,
        result_info: Some(unavailable()),
    };
    json_response(StatusCode::NOT_FOUND, &envelope)
}

fn unavailable() -> HistoryInfo {
    HistoryInfo {
        count: 0,
        cursor: None,
        cursors: Cursors::default(),
        history_status: "unavailable",
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::audit::{Outcome, ResourceKind};
    use serde_json::{Value, json};

    use crate::api::audit_logs::testing::{
        RANGE, V2, add, ask, assert_refused, encoded, ids, list, moved, varied, varied_app,
    };
    use crate::testing::{TestApp, result, text_at};

    fn path(event: &Value) -> String {
        format!("{V2}/{}/history", text_at(event, "/id"))
    }

    fn at(event: &Value) -> String {
        format!("action_time={}", encoded(&text_at(event, "/action/time")))
    }

    #[tokio::test]
    async fn a_history_is_what_happened_to_the_same_thing() {
        let app = varied_app().await;
        let all = list(&app, V2, &format!("{RANGE}&limit=1000")).await;
        let event = all
            .iter()
            .find(|event| event["resource"]["type"] == "worker")
            .unwrap();
        let expected: Vec<Value> = all
            .iter()
            .filter(|other| {
                other["resource"]["id"] == event["resource"]["id"]
                    && other["resource"]["type"] == event["resource"]["type"]
            })
            .cloned()
            .collect();
        assert!(expected.len() > 2);
        let query = format!("{}&{RANGE}", at(event));
        let answer = ask(&app, &path(event), &query).await;
        assert_eq!(result(&answer), &json!(expected));
        assert_eq!(
            answer.2["result_info"],
            json!({ "count": expected.len(), "cursors": {}, "history_status": "exact" })
        );
        // Page by page, and with a time of whole seconds.
        let time = &text_at(event, "/action/time")[..19];
        let query = format!("action_time={time}Z&{RANGE}&limit=2&direction=asc");
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let answer = ask(&app, &path(event), &format!("{query}{cursor}")).await;
            seen.extend(ids(result(&answer).as_array().unwrap()));
            match answer.2["result_info"]["cursor"].as_str() {
                None => break,
                Some(next) => cursor = format!("&cursor={next}"),
            }
        }
        seen.reverse();
        assert_eq!(seen, ids(&expected));
        // A cursor of one event's history is none of another's.
        let other = all
            .iter()
            .find(|other| other["resource"]["type"] == "secret")
            .unwrap();
        let query = format!("{}&{RANGE}{cursor}", at(other));
        assert_refused(&app, &path(other), &query, "cursor").await;
    }

    #[tokio::test]
    async fn an_event_that_is_not_there_at_that_time_has_none() {
        let app = varied_app().await;
        let other = app.other_account().await;
        add(&app, moved(varied(&app, 1), Some(other.id))).await;
        let events = list(&app, V2, &format!("{RANGE}&limit=1000")).await;
        let theirs = format!("/accounts/{}/logs/audit?{RANGE}", other.id);
        let theirs = app
            .request_as(&other.admin, Method::GET, &theirs, None)
            .await;
        let theirs = &result(&theirs)[0];
        let nowhere = json!({ "id": "01234567-89ab-4cde-8f01-23456789abcd" });
        for (event, time) in [
            (&events[0], "action_time=2026-11-21T00:00:00Z".to_owned()),
            (theirs, at(theirs)),
            (&nowhere, at(&events[0])),
        ] {
            let answer = ask(&app, &path(event), &format!("{time}&{RANGE}")).await;
            assert_eq!(answer.0, 404);
            assert_eq!(answer.2["success"], false);
            assert_eq!(answer.2["result"], Value::Null);
            assert_eq!(answer.2["errors"][0]["code"], 1001);
            assert_eq!(
                answer.2["result_info"],
                json!({ "count": 0, "cursors": {}, "history_status": "unavailable" })
            );
        }
    }

    #[tokio::test]
    async fn what_was_never_made_has_no_history() {
        let app = TestApp::new().await;
        let mut event = varied(&app, 1).remove(0);
        event.resource_kind = ResourceKind::Store;
        event.resource_id = String::new();
        event.outcome = Outcome::Failure;
        add(&app, vec![event]).await;
        let found = list(&app, V2, &format!("{RANGE}&action_result=failure")).await;
        assert_eq!(found[0]["resource"].get("id"), None);
        let answer = ask(
            &app,
            &path(&found[0]),
            &format!("{}&{RANGE}", at(&found[0])),
        )
        .await;
        assert_eq!(result(&answer), &json!([]));
        assert_eq!(answer.2["result_info"]["history_status"], "unavailable");
    }

    #[tokio::test]
    async fn parameters_out_of_bounds_are_refused_by_name() {
        let app = TestApp::new().await;
        let event = &list(&app, V2, RANGE).await[0];
        let time = at(event);
        for (query, pointer) in [
            (RANGE.to_owned(), "action_time"),
            (time.clone(), "since"),
            (format!("{time}&since=2026-11-01"), "before"),
            (format!("action_time=noon&{RANGE}"), "action_time"),
            (
                format!("{time}&since=2026-11-02&before=2026-11-01"),
                "since",
            ),
            (format!("{time}&{RANGE}&limit=0"), "limit"),
            (format!("{time}&{RANGE}&limit=1001"), "limit"),
            (format!("{time}&{RANGE}&cursor=x"), "cursor"),
            (format!("{time}&{RANGE}&direction=x"), "direction"),
            (format!("{time}&{RANGE}&action_type=create"), "action_type"),
        ] {
            assert_refused(&app, &path(event), &query, pointer).await;
        }
        let path = format!("{V2}/nothing/history");
        assert_refused(&app, &path, &format!("{time}&{RANGE}"), "id").await;
    }
}
