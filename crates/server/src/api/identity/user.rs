//! `GET` and `PATCH /user`.

use axum::extract::State;
use coffer_engine::{Error, Invalid, ManageUser, Problem, UserChanges, ViewUser};
use coffer_protocol::identity::User;
use coffer_types::PersonName;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::api::answer::Answer;
use crate::api::body::{Json, UserChange};
use crate::api::error::{ApiError, ApiResult};
use crate::api::permitted::PermittedUser;
use crate::app::App;

/// The user who asks. Clients know by this answer's code that a token does not tell its user.
pub(super) async fn find(
    State(app): State<App>,
    permitted: Result<PermittedUser<ViewUser>, ApiError>,
) -> ApiResult<Answer<User>> {
    let PermittedUser(permit) = permitted.map_err(|error| match error {
        ApiError::Engine(Error::Denied) => Error::NoUser.into(),
        other => other,
    })?;
    Ok(Answer::ok(app.engine.own_user(&permit)))
}

/// What to change. A part that is absent stays as it is, a name of `null` is taken away.
#[derive(Debug, Deserialize)]
pub(super) struct Edit {
    #[serde(default, deserialize_with = "present")]
    first_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    last_name: Option<Option<String>>,
    country: Option<Value>,
    telephone: Option<Value>,
    zipcode: Option<Value>,
}

/// Edits the user who asks.
pub(super) async fn edit(
    State(app): State<App>,
    UserChange {
        permit,
        body: Json(edit),
    }: UserChange<ManageUser, Json<Edit>>,
) -> ApiResult<Answer<User>> {
    let mut problems = Vec::new();
    let changes = UserChanges {
        first_name: name("/first_name", edit.first_name, &mut problems),
        last_name: name("/last_name", edit.last_name, &mut problems),
    };
    for (pointer, value) in [
        ("/country", edit.country),
        ("/telephone", edit.telephone),
        ("/zipcode", edit.zipcode),
    ] {
        if value.is_some() {
            problems.push(Invalid {
                pointer: pointer.to_owned(),
                problem: Problem::NotOffered("it is not kept; leave it out"),
            });
        }
    }
    if problems.is_empty() {
        Ok(Answer::ok(app.engine.edit_user(&permit, changes).await?))
    } else {
        Err(Error::Invalid(problems).into())
    }
}

fn name(
    pointer: &str,
    name: Option<Option<String>>,
    problems: &mut Vec<Invalid>,
) -> Option<Option<PersonName>> {
    let text = match name? {
        Some(text) if !text.is_empty() => text,
        _ => return Some(None),
    };
    match text.parse() {
        Ok(name) => Some(Some(name)),
        Err(error) => {
            let (pointer, problem) = (pointer.to_owned(), Problem::PersonName(error));
            problems.push(Invalid { pointer, problem });
            None
        }
    }
}

/// Tells `null` apart from absence.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::PermissionGroup;
    use serde_json::json;

    use crate::testing::{TestApp, failure, result};

    #[tokio::test]
    async fn the_user_behind_a_token_or_key_is_shown() {
        let app = TestApp::new().await;
        for actor in [
            app.admin(),
            app.admin_by_key(),
            app.token_with(&[PermissionGroup::USER_DETAILS_READ]).await,
        ] {
            let answer = app.request_as(&actor, Method::GET, "/user", None).await;
            assert_eq!(
                result(&answer),
                &json!({
                    "id": app.admin_id().await,
                    "email": "admin@example.com",
                    "username": "admin",
                    "first_name": null,
                    "last_name": null,
                    "country": null,
                    "telephone": null,
                    "zipcode": null,
                    "two_factor_authentication_enabled": false,
                    "two_factor_authentication_locked": false,
                    "suspended": false,
                    "created_on": app.now(),
                    "modified_on": app.now(),
                })
            );
        }
    }

    #[tokio::test]
    async fn names_are_given_and_taken_away() {
        let app = TestApp::new().await;
        let edit = async |body| app.request(Method::PATCH, "/user", Some(body)).await;
        let edited = edit(json!({ "first_name": "Ada", "last_name": "Lovelace" })).await;
        let names = |answer: &crate::testing::Answer| {
            let user = result(answer);
            json!([user["first_name"], user["last_name"]])
        };
        assert_eq!(names(&edited), json!(["Ada", "Lovelace"]));
        let event = app.last_event().await;
        assert_eq!(
            (event.action.as_str(), event.resource_kind.as_str()),
            ("update", "user")
        );
        assert_eq!(event.account_id, None);
        assert_eq!(
            event.details["before"],
            json!({ "first_name": null, "last_name": null })
        );
        assert_eq!(
            event.details["after"],
            json!({ "first_name": "Ada", "last_name": "Lovelace" })
        );
        assert_eq!(
            names(&edit(json!({ "first_name": null, "country": null })).await),
            json!([null, "Lovelace"])
        );
        assert_eq!(
            names(&edit(json!({ "last_name": "" })).await),
            json!([null, null])
        );
        let shown = app.request(Method::GET, "/user", None).await;
        assert_eq!(names(&shown), json!([null, null]));
    }

    #[tokio::test]
    async fn what_a_user_cannot_be_is_refused_by_the_field() {
        let app = TestApp::new().await;
        let events = app.audit_events().await.len();
        let long = "x".repeat(61);
        for (body, pointer) in [
            (json!({ "first_name": long }), "/first_name"),
            (json!({ "last_name": " x" }), "/last_name"),
            (json!({ "last_name": "a\u{0}" }), "/last_name"),
            (json!({ "country": "US" }), "/country"),
            (json!({ "telephone": "1" }), "/telephone"),
            (json!({ "first_name": "Ada", "zipcode": "1" }), "/zipcode"),
        ] {
            let answer = app
                .request(Method::PATCH, "/user", Some(body.clone()))
                .await;
            let (status, errors) = failure(&answer);
            assert_eq!(status, 400, "{body}");
            assert!(errors[0].ends_with(&format!(" at {pointer}")), "{errors:?}");
        }
        let answer = app
            .request(Method::PATCH, "/user", Some(json!({ "first_name": 7 })))
            .await;
        assert_eq!(failure(&answer).0, 400);
        let reader = app.token_with(&[PermissionGroup::USER_DETAILS_READ]).await;
        let body = Some(json!({ "first_name": "Eve" }));
        let denied = app.request_as(&reader, Method::PATCH, "/user", body).await;
        assert_eq!(failure(&denied).0, 403);
        let changes = app.audit_events().await.split_off(events);
        assert!(
            changes
                .iter()
                .all(|event| event.resource_kind != "user" || event.details.get("after").is_none())
        );
        let shown = app.request(Method::GET, "/user", None).await;
        assert_eq!(result(&shown)["first_name"], serde_json::Value::Null);
    }

    #[tokio::test]
    async fn no_user_stands_behind_an_account_s_own_token() {
        let app = TestApp::new().await;
        let token = app.account_token(&PermissionGroup::ALL).await;
        let answer = app.request_as(&token, Method::GET, "/user", None).await;
        let expected = (
            403,
            vec!["9109 Unauthorized to access requested resource".to_owned()],
        );
        assert_eq!(failure(&answer), expected);
    }
}
