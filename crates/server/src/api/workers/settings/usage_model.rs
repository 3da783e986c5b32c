//! `GET` and `PUT …/usage-model`: kept and given back.

use axum::extract::{Path, State};
use coffer_engine::{DeployWorkers, Error, Problem, ViewWorkers};
use coffer_protocol::usage_model::{UsageSettings, UserLimits};
use serde::Deserialize;
use serde_json::Value;

use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::permitted::Permitted;
use crate::api::workers::fields::{ScriptPath, usage_model};
use crate::app::App;

/// The request: what is not named goes back to what a new Worker has.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    usage_model: Option<Value>,
    user_limits: Option<Value>,
}

/// A Worker's usage model.
pub(super) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    Path(path): Path<ScriptPath>,
) -> ApiResult<Answer<UsageSettings>> {
    let name = path.name()?;
    Ok(Answer::ok(app.engine.usage_model(&permit, &name).await?))
}

/// Sets it.
pub(super) async fn replace(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    Change {
        permit,
        body: Json(asked),
    }: Change<DeployWorkers, Json<Asked>>,
) -> ApiResult<Answer<UsageSettings>> {
    let name = path.name()?;
    let settings = UsageSettings {
        usage_model: usage_model("/usage_model", asked.usage_model.as_ref())?.unwrap_or_default(),
        user_limits: limits(asked.user_limits.as_ref())?,
    };
    let set = app.engine.set_usage_model(&permit, name, settings).await?;
    Ok(Answer::ok(set))
}

fn limits(given: Option<&Value>) -> Result<Option<UserLimits>, Error> {
    let refused = |pointer: &str, rule: &str| {
        let problem = Problem::Parameter(rule.to_owned());
        Err(Error::invalid(pointer, problem))
    };
    let fields = match given {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(fields)) => fields,
        Some(_) => return refused("/user_limits", "user_limits must be an object or null"),
    };
    match fields.get("cpu_ms") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64().and_then(|number| u32::try_from(number).ok()) {
            Some(cpu_ms) if cpu_ms > 0 => Ok(Some(UserLimits {
                cpu_ms: Some(cpu_ms),
            })),
            _ => refused(
                "/user_limits/cpu_ms",
                "cpu_ms must be a whole number of milliseconds, at least 1",
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::{Value, json};

    use crate::api::workers::testing::SCRIPTS;
    use crate::testing::{TestApp, failure, result};

    fn path(name: &str) -> String {
        format!("{SCRIPTS}/{name}/usage-model")
    }

    #[tokio::test]
    async fn it_is_kept_and_given_back() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        let find = async || app.request(Method::GET, &path("w"), None).await;
        assert_eq!(result(&find().await), &json!({ "usage_model": "standard" }));
        let both = json!({ "usage_model": "unbound", "user_limits": { "cpu_ms": 50 } });
        let set = app
            .request(Method::PUT, &path("w"), Some(both.clone()))
            .await;
        assert_eq!(result(&set), &both);
        assert_eq!(result(&find().await), &both);
        let settings = app
            .request(Method::GET, &format!("{SCRIPTS}/w/settings"), None)
            .await;
        assert_eq!(result(&settings)["usage_model"], "unbound");
        let event = app.audit_events().await.pop().unwrap();
        assert_eq!(
            event.details["before"],
            json!({ "usage_model": "standard" })
        );
        assert_eq!(event.details["after"], both);
        // Another upload leaves it.
        app.upload("w", json!([])).await;
        assert_eq!(result(&find().await), &both);
        let cleared = app.request(Method::PUT, &path("w"), Some(json!({}))).await;
        assert_eq!(result(&cleared), &json!({ "usage_model": "standard" }));
    }

    #[tokio::test]
    async fn what_is_none_is_refused_at_its_place() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        let written = app.written().await;
        for (body, pointer) in [
            (json!({ "usage_model": "free" }), "/usage_model"),
            (json!({ "usage_model": 5 }), "/usage_model"),
            (json!({ "user_limits": 5 }), "/user_limits"),
            (
                json!({ "user_limits": { "cpu_ms": -1 } }),
                "/user_limits/cpu_ms",
            ),
            (
                json!({ "user_limits": { "cpu_ms": 0 } }),
                "/user_limits/cpu_ms",
            ),
            (
                json!({ "user_limits": { "cpu_ms": 1.5 } }),
                "/user_limits/cpu_ms",
            ),
            (
                json!({ "user_limits": { "cpu_ms": u64::MAX } }),
                "/user_limits/cpu_ms",
            ),
        ] {
            let answer = app
                .request(Method::PUT, &path("w"), Some(body.clone()))
                .await;
            assert_eq!(failure(&answer).0, 400, "{body}");
            assert_eq!(
                answer.2["errors"][0]["source"]["pointer"], pointer,
                "{body}"
            );
        }
        for method in [Method::GET, Method::PUT] {
            let body = (method == Method::PUT).then(|| json!({}));
            let answer = app.request(method, &path("nope"), body).await;
            assert!(failure(&answer).1[0].starts_with("10007 "));
        }
        let answer = app
            .request(Method::PUT, &path("w"), Some(Value::Null))
            .await;
        assert_eq!(failure(&answer).0, 400);
        assert_eq!(app.written().await, written);
    }
}
