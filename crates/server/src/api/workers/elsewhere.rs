//! What clients ask around a Worker for, of which Coffer has none: an empty list is the truth.

use axum::extract::{Path, State};
use axum::http::Method;
use coffer_engine::ViewWorkers;
use coffer_types::Permission;
use coffer_types::limits::DEFAULT_PAGE_SIZE;
use serde_json::{Value, json};

use super::fields::ScriptPath;
use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::permitted::Permitted;
use crate::api::route::{Route, route};
use crate::app::App;

/// The largest page that a client asks for.
const MAX_PAGE_SIZE: u32 = 1000;

pub(super) fn routes() -> Vec<Route> {
    const REFERENCES: &str = "/accounts/{account_id}/workers/scripts/{script_name}/references";
    const CONSUMED: &str = "/accounts/{account_id}/workers/tails/by-consumer/{script_name}";
    const OBJECTS: &str = "/accounts/{account_id}/workers/durable_objects/namespaces";
    const NAMESPACES: &str = "/accounts/{account_id}/storage/kv/namespaces";
    let view = Some(Permission::ViewWorkers);
    vec![
        route(
            &Method::GET,
            REFERENCES,
            "List what refers to a Worker",
            view,
            references,
        ),
        route(
            &Method::GET,
            CONSUMED,
            "List whose traces a Worker consumes",
            view,
            none,
        ),
        route(
            &Method::GET,
            OBJECTS,
            "List Durable Object namespaces",
            view,
            none,
        ),
        route(&Method::GET, NAMESPACES, "List KV namespaces", view, none),
    ]
}

async fn none(Permitted(_): Permitted<ViewWorkers>, query: Query) -> ApiResult<Answer<Vec<Value>>> {
    let page = query.page(1..=MAX_PAGE_SIZE, DEFAULT_PAGE_SIZE)?;
    let (items, info) = page.of(Vec::new());
    Ok(Answer::page(items, info))
}

async fn references(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    Path(path): Path<ScriptPath>,
) -> ApiResult<Answer<Value>> {
    app.engine.worker(&permit, &path.name()?).await?;
    Ok(Answer::ok(json!({
        "services": { "incoming": [], "outgoing": [] },
        "durable_objects": [],
        "dispatch_outbounds": [],
    })))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::json;

    use crate::api::workers::testing::SCRIPTS;
    use crate::testing::{TestApp, result};

    #[tokio::test]
    async fn what_there_is_none_of_is_an_empty_list() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        for path in [
            "/accounts/{account_id}/workers/tails/by-consumer/w",
            "/accounts/{account_id}/workers/durable_objects/namespaces?per_page=1000&page=1",
            "/accounts/{account_id}/storage/kv/namespaces?per_page=100&order=title&direction=asc&page=1",
        ] {
            let answer = app.request(Method::GET, path, None).await;
            assert_eq!(result(&answer), &json!([]));
            assert_eq!(answer.2["result_info"]["total_count"], 0);
        }
        let path = format!("{SCRIPTS}/w/references");
        let answer = app.request(Method::GET, &path, None).await;
        assert_eq!(result(&answer)["services"]["incoming"], json!([]));
    }
}
