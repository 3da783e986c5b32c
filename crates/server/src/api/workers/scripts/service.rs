//! `GET …/services/{script_name}`: a Worker as clients look for it before they deploy.

use axum::extract::{Path, State};
use coffer_engine::{Error, Missing, ViewWorkers};
use coffer_protocol::workers::{ENVIRONMENT, Environment, EnvironmentName, Service};

use crate::api::answer::Answer;
use crate::api::error::{ApiError, ApiResult};
use crate::api::permitted::Permitted;
use crate::api::workers::fields::ScriptPath;
use crate::app::App;

/// One Worker.
pub(super) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    Path(path): Path<ScriptPath>,
) -> ApiResult<Answer<Service>> {
    let name = path.name().map_err(|error| as_service(error.into()))?;
    let found = app.engine.worker(&permit, &name).await;
    let script = found.map_err(|error| as_service(error.into()))?.script;
    Ok(Answer::ok(Service {
        id: script.id.clone(),
        created_on: script.created_on,
        modified_on: script.modified_on,
        environments: vec![EnvironmentName {
            environment: ENVIRONMENT.to_owned(),
        }],
        default_environment: Environment {
            environment: ENVIRONMENT.to_owned(),
            created_on: script.created_on,
            modified_on: script.modified_on,
            script,
        },
    }))
}

/// A Worker that is not there has another code when it is asked for as a service.
pub(super) fn as_service(error: ApiError) -> ApiError {
    match error {
        ApiError::Engine(Error::NotFound(Missing::Worker)) => ApiError::ServiceNotFound,
        other => other,
    }
}
