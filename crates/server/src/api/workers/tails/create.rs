//! `POST …/tails`.

use axum::extract::{Path, State};
use coffer_engine::TailWorkers;
use coffer_protocol::tail::TailInfo;
use serde::Deserialize;
use serde_json::Value;

use crate::api::answer::Answer;
use crate::api::body::{Change, Maybe};
use crate::api::error::ApiResult;
use crate::api::workers::fields::ScriptPath;
use crate::app::App;

/// The request: without filters, everything is seen.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    filters: Vec<Value>,
}

/// Starts a tail, whose address lets one client in.
pub(super) async fn create(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    Change {
        permit,
        body: Maybe(asked),
    }: Change<TailWorkers, Maybe<Asked>>,
) -> ApiResult<Answer<TailInfo>> {
    let filters = asked.unwrap_or_default().filters;
    let tail = app
        .engine
        .create_tail(&permit, path.name()?, &filters)
        .await?;
    Ok(Answer::ok(TailInfo {
        id: tail.id.to_string(),
        url: app.tail_url(tail.id, Some(&tail.token)),
        expires_at: tail.expires_at.to_string(),
    }))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::Clock;
    use coffer_types::limits::TAILS_PER_WORKER;
    use serde_json::{Value, json};

    use crate::testing::{TestApp, failure, result, text_at};

    const TAILS: &str = "/accounts/{account_id}/workers/scripts/w/tails";

    async fn create(app: &TestApp, body: Value) -> crate::testing::Answer {
        app.request(Method::POST, TAILS, Some(body)).await
    }

    #[tokio::test]
    async fn a_tail_has_an_address_an_end_and_an_event() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        // As the three generations of clients send it.
        for body in [
            json!({ "filters": [] }),
            json!({}),
            json!({ "filters": [{ "sampling_rate": 0.5 }, { "outcome": ["ok"] }, { "client_ip": ["192.0.2.1"] }] }),
        ] {
            let answer = create(&app, body).await;
            let tail = result(&answer);
            let id = text_at(tail, "/id");
            let url = text_at(tail, "/url");
            let beginning = format!("ws://localhost:7070/tails/{id}/cft_");
            assert!(url.starts_with(&beginning), "{url}");
            let expires = app.clock.now().plus_micros(3600 * 1_000_000).to_string();
            assert_eq!(text_at(tail, "/expires_at"), expires);
            let event = app.audit_events().await.pop().unwrap();
            assert_eq!(
                (event.action.as_str(), event.resource_kind.as_str()),
                ("create", "tail")
            );
            assert_eq!(event.resource_id, id);
            let (_, secret) = url.rsplit_once('/').unwrap();
            assert!(!format!("{event:?}").contains(secret));
        }
    }

    #[tokio::test]
    async fn bad_filters_are_refused_at_their_places() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        let before = app.written().await;
        for (body, pointers) in [
            (json!({ "filters": "all" }), vec![]),
            (json!({ "filters": [1] }), vec!["/filters/0"]),
            (
                json!({ "filters": [{ "outcome": ["fine"] }, { "query": "x" }, { "sampling_rate": 2 }] }),
                vec!["/filters/0/outcome", "/filters/2/sampling_rate"],
            ),
            (
                json!({ "filters": vec![json!({ "query": "x" }); 17] }),
                vec!["/filters"],
            ),
        ] {
            let (status, errors) = failure(&create(&app, body.clone()).await);
            assert_eq!(status, 400, "{body}");
            for pointer in &pointers {
                let at = format!(" at {pointer}");
                assert!(
                    errors.iter().any(|error| error.ends_with(&at)),
                    "{errors:?}"
                );
            }
            assert_eq!(errors.len(), pointers.len().max(1), "{errors:?}");
        }
        assert_eq!(app.written().await, before);
        assert_eq!(
            result(&app.request(Method::GET, TAILS, None).await),
            &json!([])
        );
    }

    #[tokio::test]
    async fn a_worker_has_so_many_tails_and_no_more() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        for _ in 0..TAILS_PER_WORKER {
            result(&create(&app, json!({})).await);
        }
        let (status, errors) = failure(&create(&app, json!({})).await);
        assert_eq!(status, 429);
        assert!(errors[0].contains("maximum_tails_exceeded"), "{errors:?}");
        // Those whose clients never came make room.
        app.clock.advance_micros(60 * 1_000_000);
        result(&create(&app, json!({})).await);
        let listed = app.request(Method::GET, TAILS, None).await;
        assert_eq!(result(&listed).as_array().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_worker_that_is_not_there_has_none() {
        let app = TestApp::new().await;
        let (status, errors) = failure(&create(&app, json!({})).await);
        assert_eq!((status, &errors[0][..6]), (404, "10007 "));
    }
}
