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

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::{Value, json};

    use crate::api::workers::testing::SCRIPTS;
    use crate::testing::{TestApp, failure, result};

    const SERVICES: &str = "/accounts/{account_id}/workers/services";

    #[tokio::test]
    async fn a_missing_worker_has_a_code_of_its_own_as_a_service() {
        let app = TestApp::new().await;
        let not_there = |code: u32, text: &str| (404, vec![format!("{code} {text}")]);
        for name in ["nope", "No-Name"] {
            for method in [Method::GET, Method::DELETE] {
                let path = format!("{SERVICES}/{name}?force=false");
                let answer = app.request(method.clone(), &path, None).await;
                let expected = not_there(10090, "workers.api.error.service_not_found");
                assert_eq!(failure(&answer), expected);
                let answer = app
                    .request(method, &format!("{SCRIPTS}/{name}"), None)
                    .await;
                let expected = not_there(10007, "This Worker does not exist on your account.");
                assert_eq!(failure(&answer), expected);
            }
        }
    }

    #[tokio::test]
    async fn a_service_tells_who_deployed_it_last() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        let path = format!("{SERVICES}/w");
        let answer = app.request(Method::GET, &path, None).await;
        let service = result(&answer);
        assert_eq!(service["id"], "w");
        assert_eq!(service["default_environment"]["environment"], "production");
        assert_eq!(
            service["default_environment"]["script"]["last_deployed_from"],
            "api"
        );
        let mut request = app.build(
            &app.admin(),
            Method::DELETE,
            &path,
            axum::body::Body::empty(),
        );
        let agent = "wrangler/4.164.0".parse().unwrap();
        request.headers_mut().insert("user-agent", agent);
        assert_eq!(result(&app.send(request).await), &Value::Null);
        assert!(app.record_of("w").await.is_none());
    }
}
