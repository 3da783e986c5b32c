//! `…/scripts/{script_name}/routes`: the routes of one Worker, all at once.

use axum::extract::{Path, State};
use coffer_engine::{DeployWorkers, ViewWorkers};
use coffer_protocol::hostnames::WorkerRoute;
use coffer_types::limits::ROUTES_PER_ACCOUNT;

use super::fields::{AskedRoute, check_count, whole};
use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::permitted::Permitted;
use crate::api::workers::fields::ScriptPath;
use crate::app::App;

pub(super) async fn list(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    Path(path): Path<ScriptPath>,
) -> ApiResult<Answer<Vec<WorkerRoute>>> {
    let routes = app.engine.routes_of_worker(&permit, &path.name()?).await?;
    Ok(Answer::ok(routes))
}

pub(super) async fn replace(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    Change {
        permit,
        body: Json(asked),
    }: Change<DeployWorkers, Json<Vec<AskedRoute>>>,
) -> ApiResult<Answer<Vec<WorkerRoute>>> {
    let name = path.name()?;
    app.engine.check_worker(&permit, &name).await?;
    check_count("", asked.len(), ROUTES_PER_ACCOUNT)?;
    let places = asked.iter().enumerate();
    let parsed = places.map(|(place, route)| route.parsed(&app, &format!("/{place}")));
    let wanted = whole(parsed.collect(), |(pattern, pointer)| {
        (pattern.to_string(), pointer.as_str())
    })?;
    let routes = app.engine.replace_routes(&permit, name, wanted).await?;
    Ok(Answer::ok(routes))
}
