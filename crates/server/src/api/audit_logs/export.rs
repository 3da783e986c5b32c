//! Events as a file, sent as they are read: a thousand are in memory at once, however many there are.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use coffer_engine::Error;
use coffer_protocol::audit::AuditLogV1;
use futures::{Stream, StreamExt, TryStreamExt};

use super::csv::push_line;
use crate::api::error::ApiResult;
use crate::api::page::Query;

const COLUMNS: [&str; 15] = [
    "when",
    "id",
    "action.type",
    "action.result",
    "actor.type",
    "actor.id",
    "actor.email",
    "actor.ip",
    "interface",
    "owner.id",
    "resource.type",
    "resource.id",
    "oldValue",
    "newValue",
    "metadata",
];

/// Whether the events are asked for as a file. It holds all that match: pages are not asked of it.
pub(super) fn is_export(query: &Query) -> ApiResult<bool> {
    query.flag("export")
}

/// The file. If the database fails on the way, the answer breaks off, and clients see that it is not whole.
pub(crate) fn response(
    batches: impl Stream<Item = Result<Vec<AuditLogV1>, Error>> + Send + 'static,
) -> Response {
    let mut header_line = String::new();
    push_line(&mut header_line, COLUMNS);
    let lines = batches.map_ok(|logs| {
        let mut text = String::new();
        for log in &logs {
            push_log(&mut text, log);
        }
        text
    });
    let lines = lines.inspect_err(|error| tracing::error!(%error, "an export broke off"));
    let header_line = futures::stream::iter([Ok(header_line)]);
    let mut response = Response::new(Body::from_stream(header_line.chain(lines)));
    let headers = response.headers_mut();
    for (name, value) in [
        (
            header::CONTENT_TYPE,
            "text/csv; charset=utf-8; header=present",
        ),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"audit_logs.csv\"",
        ),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn push_log(text: &mut String, log: &AuditLogV1) {
    let when = log.when.to_string();
    let id = log.id.to_string();
    let metadata = serde_json::Value::Object(log.metadata.clone()).to_string();
    let fields: [&str; COLUMNS.len()] = [
        &when,
        &id,
        log.action.kind,
        if log.action.result { "true" } else { "false" },
        log.actor.kind,
        &log.actor.id,
        log.actor.email.as_deref().unwrap_or_default(),
        log.actor.ip.as_deref().unwrap_or_default(),
        log.interface,
        &log.owner.id,
        log.resource.kind,
        &log.resource.id,
        &log.old_value,
        &log.new_value,
        &metadata,
    ];
    push_line(text, fields);
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, Method};
    use coffer_crypto::SystemRandom;
    use coffer_store::rows::audit::RawRequest;
    use coffer_testkit::Canary;
    use coffer_types::Clock;
    use http_body_util::BodyExt;
    use serde_json::json;
    use tower::ServiceExt;

    use crate::api::audit_logs::testing::{V1, add, list, varied};
    use crate::testing::{TestApp, result};

    async fn export(app: &TestApp, path: &str) -> (HeaderMap, String) {
        let request = app.build(&app.admin(), Method::GET, path, axum::body::Body::empty());
        let response = app.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let headers = response.headers().clone();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (headers, String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// Reads comma-separated values as RFC 4180 has them, without the code that writes them.
    fn rows(text: &str) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
        let mut quoted = false;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '"' if quoted && characters.peek() == Some(&'"') => {
                    characters.next();
                    field.push('"');
                }
                '"' => quoted = !quoted,
                ',' if !quoted => row.push(std::mem::take(&mut field)),
                '\r' if !quoted => {
                    assert_eq!(characters.next(), Some('\n'));
                    row.push(std::mem::take(&mut field));
                    rows.push(std::mem::take(&mut row));
                }
                other => field.push(other),
            }
        }
        assert!(row.is_empty() && field.is_empty() && !quoted);
        rows
    }

    #[tokio::test]
    async fn a_file_has_every_event_that_matches_however_many_there_are() {
        let app = TestApp::new().await;
        for _ in 0..5 {
            add(&app, varied(&app, 500)).await;
            app.clock.advance_seconds(1);
        }
        // What is still to come is not in it.
        let mut later = varied(&app, 1);
        later[0].at = later[0].at.plus_micros(60_000_000);
        add(&app, later).await;
        for query in [
            "",
            "&direction=asc",
            "&action.type=access",
            "&actor.ip=192.0.2.0/24",
            "&per_page=5",
        ] {
            let (headers, text) = export(&app, &format!("{V1}?export=true{query}")).await;
            assert!(
                headers["content-type"]
                    .to_str()
                    .unwrap()
                    .starts_with("text/csv")
            );
            assert_eq!(
                headers["content-disposition"],
                "attachment; filename=\"audit_logs.csv\""
            );
            let rows = rows(&text);
            assert_eq!(rows[0], super::COLUMNS);
            let query = query.replace("&per_page=5", "");
            let mut expected = Vec::new();
            let now = super::super::testing::encoded(&app.clock.now().plus_micros(1).to_string());
            for page in 1.. {
                let page = format!("per_page=1000&page={page}&before={now}{query}");
                let found = list(&app, V1, &page).await;
                if found.is_empty() {
                    break;
                }
                expected.extend(found);
            }
            assert_eq!(rows.len() - 1, expected.len(), "{query}");
            for (row, event) in rows[1..].iter().zip(&expected) {
                assert_eq!(row.len(), super::COLUMNS.len());
                let text = |pointer: &str| event.pointer(pointer).and_then(|at| at.as_str());
                assert_eq!(Some(row[1].as_str()), text("/id"));
                assert_eq!(Some(row[2].as_str()), text("/action/type"));
                assert_eq!(row[7], text("/actor/ip").unwrap_or_default());
                assert_eq!(Some(row[13].as_str()), text("/newValue"));
            }
        }
        let (_, own) = export(&app, "/user/audit_logs?export=true").await;
        assert_eq!(rows(&own)[0], super::COLUMNS);
    }

    #[tokio::test]
    async fn what_people_write_is_text_and_values_are_not_there() {
        let (app, store) = TestApp::with_store().await;
        let canary = Canary::new(&SystemRandom);
        let secrets = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets");
        let body = json!([{
            "name": "KEY",
            "value": canary.value(),
            "scopes": ["workers"],
            "comment": "say \"hi\", or\r\n=cmd()",
        }]);
        result(&app.request(Method::POST, &secrets, Some(body)).await);
        let mut event = varied(&app, 1).remove(0);
        event.resource_id = "=1+1".to_owned();
        add(&app, vec![event]).await;
        let (_, text) = export(&app, &format!("{V1}?export=true")).await;
        assert_eq!(canary.find_in(text.as_bytes()), None);
        let rows = rows(&text);
        assert!(rows.iter().any(|row| row[11] == "'=1+1"));
        let made = rows
            .iter()
            .find(|row| row[10] == "secret" && row[2] == "create")
            .unwrap();
        let after: serde_json::Value = serde_json::from_str(&made[13]).unwrap();
        assert_eq!(after["comment"], "say \"hi\", or\r\n=cmd()");
        let dangerous = rows
            .iter()
            .flatten()
            .any(|field| field.starts_with(['=', '+', '-', '@']));
        assert!(!dangerous);
    }

    #[tokio::test]
    async fn nothing_that_others_choose_is_a_formula() {
        let app = TestApp::new().await;
        let hostile = ["=cmd|' /C calc'!A0", "\n=1+1", "\t@SUM(1)", "＝1", " +1"];
        let mut events = varied(&app, hostile.len());
        for (event, text) in events.iter_mut().zip(hostile) {
            text.clone_into(&mut event.resource_id);
            let raw = event.request.raw.get_or_insert_with(|| RawRequest {
                method: "POST".to_owned(),
                path: String::new(),
                user_agent: String::new(),
                status: 200,
            });
            text.clone_into(&mut raw.user_agent);
            text.clone_into(&mut raw.path);
            event.details = json!({ "after": text, "reason": text });
        }
        add(&app, events).await;
        let (_, text) = export(&app, &format!("{V1}?export=true")).await;
        let rows = rows(&text);
        for hostile in hostile {
            let guarded = format!("'{hostile}");
            assert!(
                rows.iter().flatten().any(|field| *field == guarded),
                "{hostile:?}"
            );
        }
        for field in rows.iter().flatten() {
            let seen = field.trim_start();
            assert!(!seen.starts_with(['=', '+', '-', '@', '＝']), "{field:?}");
            assert!(!field.starts_with(['\t', '\r', '\n']), "{field:?}");
        }
    }
}
