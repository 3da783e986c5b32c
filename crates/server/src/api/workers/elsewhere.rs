//! What clients ask around a Worker for, of which Coffer has none: an empty list is the truth.

use axum::extract::{Path, State};
use axum::http::Method;
use coffer_engine::{DeployWorkers, ViewWorkers};
use coffer_types::Permission;
use coffer_types::limits::DEFAULT_PAGE_SIZE;
use serde_json::{Value, json};

use super::fields::ScriptPath;
use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::{ApiError, ApiResult};
use crate::api::page::Query;
use crate::api::permitted::Permitted;
use crate::api::route::{Route, route};
use crate::app::App;

/// The largest page that a client asks for.
const MAX_PAGE_SIZE: u32 = 1000;

pub(super) fn routes() -> Vec<Route> {
    const REFERENCES: &str = "/accounts/{account_id}/workers/scripts/{script_name}/references";
    const CONSUMED: &str = "/accounts/{account_id}/workers/tails/by-consumer/{script_name}";
    const SCHEDULES: &str = "/accounts/{account_id}/workers/scripts/{script_name}/schedules";
    const OBJECTS: &str = "/accounts/{account_id}/workers/durable_objects/namespaces";
    const NAMESPACES: &str = "/accounts/{account_id}/storage/kv/namespaces";
    let view = Some(Permission::ViewWorkers);
    let deploy = Some(Permission::DeployWorkers);
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
            SCHEDULES,
            "List cron triggers",
            view,
            schedules,
        ),
        route(
            &Method::PUT,
            SCHEDULES,
            "Replace cron triggers by none",
            deploy,
            set_schedules,
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

async fn schedules(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    Path(path): Path<ScriptPath>,
) -> ApiResult<Answer<Value>> {
    app.engine.worker(&permit, &path.name()?).await?;
    Ok(Answer::ok(json!({ "schedules": [] })))
}

async fn set_schedules(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    Change {
        permit,
        body: Json(crons),
    }: Change<DeployWorkers, Json<Vec<Value>>>,
) -> ApiResult<Answer<Value>> {
    app.engine.check_worker(&permit, &path.name()?).await?;
    if crons.is_empty() {
        Ok(Answer::ok(json!({ "schedules": [] })))
    } else {
        Err(ApiError::NotOffered("cron triggers"))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::json;

    use crate::api::workers::testing::SCRIPTS;
    use crate::testing::{TestApp, failure, result};

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

    #[tokio::test]
    async fn cron_triggers_are_refused_by_name() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        let path = format!("{SCRIPTS}/w/schedules");
        let none = json!({ "schedules": [] });
        assert_eq!(result(&app.request(Method::GET, &path, None).await), &none);
        assert_eq!(
            result(&app.request(Method::PUT, &path, Some(json!([]))).await),
            &none
        );
        let crons = json!([{ "cron": "* * * * *" }]);
        let answer = app.request(Method::PUT, &path, Some(crons)).await;
        let expected = "501 Coffer does not offer this operation: cron triggers";
        assert_eq!(failure(&answer), (501, vec![expected.to_owned()]));
    }
}
