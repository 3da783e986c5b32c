//! `GET` and `PATCH …/coffer/settings`.

use axum::extract::State;
use coffer_engine::{CofferSettingsChanges, Error, Invalid, ManageAccount, Problem, ViewAccount};
use coffer_protocol::usage::CofferSettings;
use serde_json::{Map, Value};

use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::permitted::Permitted;
use crate::app::App;

const PROTECT: &str = "protect_bound_secrets";
/// Unknown settings that a refusal names; a client has a few.
const MAX_NAMED: usize = 10;
/// Characters of an unknown setting's name that a refusal repeats.
const MAX_NAME_CHARS: usize = 64;

/// The account's settings.
pub(super) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewAccount>,
) -> ApiResult<Answer<CofferSettings>> {
    Ok(Answer::ok(app.engine.coffer_settings(&permit).await?))
}

/// Changes those settings that the body has.
pub(super) async fn edit(
    State(app): State<App>,
    Change {
        permit,
        body: Json(fields),
    }: Change<ManageAccount, Json<Map<String, Value>>>,
) -> ApiResult<Answer<CofferSettings>> {
    let changes = parse(&fields)?;
    let settings = app.engine.change_coffer_settings(&permit, changes).await?;
    Ok(Answer::ok(settings))
}

fn parse(fields: &Map<String, Value>) -> Result<CofferSettingsChanges, Error> {
    let mut changes = CofferSettingsChanges::default();
    let mut problems = Vec::new();
    for (name, value) in fields {
        let rule = match (name.as_str(), value) {
            (PROTECT, Value::Bool(protects)) => {
                changes.protect_bound_secrets = Some(*protects);
                continue;
            }
            (PROTECT, _) => format!("{PROTECT} must be true or false"),
            _ => format!("there is no such setting: the settings are {PROTECT}"),
        };
        let name: String = name.chars().take(MAX_NAME_CHARS).collect();
        problems.push(Invalid {
            pointer: format!("/{}", name.replace('~', "~0").replace('/', "~1")),
            problem: Problem::Parameter(rule),
        });
    }
    problems.truncate(MAX_NAMED);
    if problems.is_empty() {
        Ok(changes)
    } else {
        Err(Error::Invalid(problems))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::{PermissionGroup, Role};
    use serde_json::{Value, json};

    use crate::testing::{Answer, TestApp, failure, result};

    const SETTINGS: &str = "/accounts/{account_id}/coffer/settings";

    async fn edit(app: &TestApp, body: Value) -> Answer {
        app.request(Method::PATCH, SETTINGS, Some(body)).await
    }

    async fn shown(app: &TestApp) -> Value {
        result(&app.request(Method::GET, SETTINGS, None).await).clone()
    }

    #[tokio::test]
    async fn protection_is_off_until_it_is_switched_on() {
        let app = TestApp::new().await;
        let (on, off) = (
            json!({ "protect_bound_secrets": true }),
            json!({ "protect_bound_secrets": false }),
        );
        assert_eq!(shown(&app).await, off);
        let events = app.audit_events().await.len();
        assert_eq!(result(&edit(&app, json!({})).await), &off);
        assert_eq!(app.audit_events().await.len(), events);
        assert_eq!(result(&edit(&app, on.clone()).await), &on);
        assert_eq!(shown(&app).await, on);
        let event = app.last_event().await;
        assert_eq!(
            (event.action.as_str(), event.resource_kind.as_str()),
            ("update", "account")
        );
        assert_eq!(event.resource_id, app.first.account_id.to_string());
        assert_eq!(event.details, json!({ "before": off, "after": on }));
        assert_eq!(result(&edit(&app, off.clone()).await), &off);
        assert_eq!(shown(&app).await, off);
    }

    #[tokio::test]
    async fn only_who_manages_the_account_switches_it() {
        let app = TestApp::new().await;
        let on = json!({ "protect_bound_secrets": true });
        for actor in [
            app.member_with(&[Role::SecretsStoreAdmin]).await,
            app.token_with(&[PermissionGroup::ACCOUNT_SETTINGS_READ])
                .await,
        ] {
            let answer = app.request_as(&actor, Method::GET, SETTINGS, None).await;
            result(&answer);
            let body = Some(on.clone());
            let answer = app.request_as(&actor, Method::PATCH, SETTINGS, body).await;
            assert_eq!(failure(&answer).0, 403);
        }
        assert_eq!(shown(&app).await["protect_bound_secrets"], false);
        let manager = app
            .token_with(&[PermissionGroup::ACCOUNT_SETTINGS_WRITE])
            .await;
        result(
            &app.request_as(&manager, Method::PATCH, SETTINGS, Some(on))
                .await,
        );
        // Another account has its own.
        let other = app.other_account().await;
        let path = format!("/accounts/{}/coffer/settings", other.id);
        let answer = app.request_as(&other.admin, Method::GET, &path, None).await;
        assert_eq!(result(&answer)["protect_bound_secrets"], false);
    }

    #[tokio::test]
    async fn what_is_no_setting_is_refused_by_its_place() {
        let app = TestApp::new().await;
        let events = app.audit_events().await.len();
        for bad in [json!("true"), json!(1), json!(null), json!([])] {
            let answer = edit(&app, json!({ "protect_bound_secrets": bad })).await;
            assert_eq!(
                failure(&answer),
                (
                    400,
                    vec![
                        "1001 invalid parameter: protect_bound_secrets must be true or false at \
                         /protect_bound_secrets"
                            .to_owned()
                    ]
                )
            );
        }
        let both = json!({ "protect_bound_secrets": true, "a/b": 1 });
        let (status, errors) = failure(&edit(&app, both).await);
        assert_eq!(status, 400);
        assert!(errors[0].ends_with(" at /a~1b"), "{errors:?}");
        for bad in [json!([]), json!("x"), json!(null)] {
            assert_eq!(failure(&edit(&app, bad).await).0, 400);
        }
        assert_eq!(shown(&app).await["protect_bound_secrets"], false);
        assert_eq!(app.audit_events().await.len(), events);
    }
}
