//! `GET` and `PUT …/workers/account-settings`: what an account has set for all of its Workers, kept and given back.

use axum::extract::State;
use axum::http::Method;
use coffer_engine::{Error, ManageAccount, Problem, ViewAccount, WorkersAccountChanges};
use coffer_protocol::usage_model::WorkersAccountSettings;
use coffer_types::Permission;
use serde::Deserialize;
use serde_json::Value;

use super::fields::usage_model;
use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::permitted::Permitted;
use crate::api::route::{Route, route};
use crate::app::App;

/// These routes are of the account: its settings go with it, not with its Workers.
pub(super) fn routes() -> Vec<Route> {
    const SETTINGS: &str = "/accounts/{account_id}/workers/account-settings";
    vec![
        route(
            &Method::GET,
            SETTINGS,
            "Show the account's settings of Workers",
            Some(Permission::ViewAccount),
            find,
        ),
        route(
            &Method::PUT,
            SETTINGS,
            "Change the account's settings of Workers",
            Some(Permission::ManageAccount),
            change,
        ),
    ]
}

/// The request: what is not named stays.
#[derive(Debug, Deserialize)]
struct Asked {
    default_usage_model: Option<Value>,
    green_compute: Option<Value>,
}

async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewAccount>,
) -> ApiResult<Answer<WorkersAccountSettings>> {
    let found = app.engine.workers_account_settings(&permit).await?;
    Ok(Answer::ok(found))
}

async fn change(
    State(app): State<App>,
    Change {
        permit,
        body: Json(asked),
    }: Change<ManageAccount, Json<Asked>>,
) -> ApiResult<Answer<WorkersAccountSettings>> {
    let model = asked.default_usage_model.as_ref();
    let changes = WorkersAccountChanges {
        default_usage_model: usage_model("/default_usage_model", model)?,
        green_compute: match asked.green_compute {
            None | Some(Value::Null) => None,
            Some(Value::Bool(green)) => Some(green),
            Some(_) => {
                let rule = "green_compute must be true or false".to_owned();
                return Err(Error::invalid("/green_compute", Problem::Parameter(rule)).into());
            }
        },
    };
    let engine = &app.engine;
    let changed = engine.change_workers_account_settings(&permit, changes);
    Ok(Answer::ok(changed.await?))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::Role;
    use serde_json::{Value, json};

    use crate::testing::{Answer, TestApp, failure, result};

    const SETTINGS: &str = "/accounts/{account_id}/workers/account-settings";

    async fn put(app: &TestApp, body: Value) -> Answer {
        app.request(Method::PUT, SETTINGS, Some(body)).await
    }

    #[tokio::test]
    async fn they_are_kept_and_given_back() {
        let app = TestApp::new().await;
        let first = json!({ "default_usage_model": "standard", "green_compute": false });
        let found = app.request(Method::GET, SETTINGS, None).await;
        assert_eq!(result(&found), &first);
        let green = put(&app, json!({ "green_compute": true })).await;
        let green = result(&green);
        assert_eq!(green["green_compute"], true);
        assert_eq!(green["default_usage_model"], "standard");
        let event = app.audit_events().await.pop().unwrap();
        assert_eq!(
            (&event.details["before"], &event.details["after"]),
            (&first, green)
        );
        let bundled = put(
            &app,
            json!({ "default_usage_model": "bundled", "green_compute": null }),
        )
        .await;
        let expected = json!({ "default_usage_model": "bundled", "green_compute": true });
        assert_eq!(result(&bundled), &expected);
        let reader = app.member_with(&[Role::WorkersReadOnly]).await;
        let found = app.request_as(&reader, Method::GET, SETTINGS, None).await;
        assert_eq!(result(&found), &expected);
        let other = app.other_account().await;
        let path = SETTINGS.replace("{account_id}", &other.id.to_string());
        let found = app.request_as(&other.admin, Method::GET, &path, None).await;
        assert_eq!(result(&found), &first);
    }

    #[tokio::test]
    async fn what_is_none_is_refused_at_its_place() {
        let app = TestApp::new().await;
        let platform = app.member_with(&[Role::WorkersPlatformAdmin]).await;
        let written = app.written().await;
        for (body, pointer) in [
            (
                json!({ "default_usage_model": "free" }),
                "/default_usage_model",
            ),
            (
                json!({ "default_usage_model": true, "green_compute": true }),
                "/default_usage_model",
            ),
            (json!({ "green_compute": "yes" }), "/green_compute"),
        ] {
            let answer = put(&app, body.clone()).await;
            assert_eq!(failure(&answer).0, 400, "{body}");
            assert_eq!(
                answer.2["errors"][0]["source"]["pointer"], pointer,
                "{body}"
            );
        }
        let body = Some(json!({ "green_compute": true }));
        let answer = app.request_as(&platform, Method::PUT, SETTINGS, body).await;
        assert_eq!(failure(&answer).0, 403);
        assert_eq!(app.written().await, written);
    }
}
