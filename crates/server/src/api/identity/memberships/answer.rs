//! `PUT /memberships/{membership_id}`.

use axum::extract::{Path, State};
use coffer_engine::{Error, InvitationAnswer, ManageMemberships, Problem};
use coffer_protocol::identity::Membership;
use serde::Deserialize;

use super::MembershipPath;
use crate::api::answer::Answer;
use crate::api::body::{Json, UserChange};
use crate::api::error::ApiResult;
use crate::app::App;

/// The answer to an invitation.
#[derive(Debug, Deserialize)]
pub(in crate::api::identity) struct AnswerToInvitation {
    #[serde(default)]
    status: String,
}

/// Accepts an invitation, or refuses it.
pub(in crate::api::identity) async fn answer(
    State(app): State<App>,
    path: Path<MembershipPath>,
    UserChange {
        permit,
        body: Json(body),
    }: UserChange<ManageMemberships, Json<AnswerToInvitation>>,
) -> ApiResult<Answer<Membership>> {
    let id = MembershipPath::id(&path)?;
    let answer = match body.status.as_str() {
        "accepted" => InvitationAnswer::Accept,
        "rejected" => InvitationAnswer::Reject,
        _ => {
            let problem = Problem::NotOffered("status must be accepted or rejected");
            return Err(Error::invalid("/status", problem).into());
        }
    };
    let membership = app.engine.answer_invitation(&permit, id, answer).await?;
    Ok(Answer::ok(membership))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::Role;
    use serde_json::json;

    use crate::testing::members::{accept, invited};
    use crate::testing::{Actor, Answer, OtherAccount, TestApp, failure, result, text_at};

    const PASSWORD: &str = "correct horse battery";

    /// A member of the first account whom another account invites; the token of that user, that account's
    /// administrator, and the membership there.
    async fn invited_elsewhere(app: &TestApp) -> (Actor, OtherAccount, String) {
        let member = invited(app, "new@example.com").await;
        result(&accept(app, &member.text, PASSWORD).await);
        let user = app.token_of(app.user_of(&member.id).await).await;
        let other = app.other_account().await;
        let path = format!("/accounts/{}/members", other.id);
        let body = json!({ "email": "new@example.com", "roles": [Role::SecretsStoreAdmin.id()] });
        let answer = app
            .request_as(&other.admin, Method::POST, &path, Some(body))
            .await;
        (user, other, text_at(result(&answer), "/id"))
    }

    async fn answer_with(app: &TestApp, actor: &Actor, id: &str, status: &str) -> Answer {
        let path = format!("/memberships/{id}");
        app.request_as(actor, Method::PUT, &path, Some(json!({ "status": status })))
            .await
    }

    #[tokio::test]
    async fn an_invitation_permits_nothing_until_it_is_accepted() {
        let app = TestApp::new().await;
        let (user, other, id) = invited_elsewhere(&app).await;
        let stores = format!("/accounts/{}/secrets_store/stores", other.id);
        let pending = app
            .request_as(&user, Method::GET, "/memberships?status=pending", None)
            .await;
        assert_eq!(text_at(result(&pending), "/0/id"), id);
        assert_eq!(result(&pending)[0]["permissions"], json!({}));
        assert_eq!(
            failure(&app.request_as(&user, Method::GET, &stores, None).await).0,
            404
        );

        let accepted = answer_with(&app, &user, &id, "accepted").await;
        assert_eq!(result(&accepted)["status"], "accepted");
        assert_eq!(
            result(&accepted)["permissions"]["secrets_store"],
            json!({ "read": true, "write": true })
        );
        result(&app.request_as(&user, Method::GET, &stores, None).await);
        let event = app.last_event().await;
        assert_eq!(
            (event.resource_kind.as_str(), event.account_id),
            ("member", Some(other.id))
        );
        assert_eq!(event.details["before"]["status"], "pending");
        assert_eq!(event.details["after"]["status"], "accepted");

        // The same again changes nothing; another answer is too late.
        let events = app.audit_events().await.len();
        result(&answer_with(&app, &user, &id, "accepted").await);
        let (status, errors) = failure(&answer_with(&app, &user, &id, "rejected").await);
        assert_eq!(status, 409);
        assert!(
            errors[0].starts_with("1004 invitation_answered"),
            "{errors:?}"
        );
        assert_eq!(app.audit_events().await.len(), events);
    }

    #[tokio::test]
    async fn whoever_refuses_stays_out_until_invited_again() {
        let app = TestApp::new().await;
        let (user, other, id) = invited_elsewhere(&app).await;
        let rejected = answer_with(&app, &user, &id, "rejected").await;
        assert_eq!(result(&rejected)["status"], "rejected");
        let stores = format!("/accounts/{}/secrets_store/stores", other.id);
        assert_eq!(
            failure(&app.request_as(&user, Method::GET, &stores, None).await).0,
            404
        );
        assert_eq!(
            failure(&answer_with(&app, &user, &id, "accepted").await).0,
            409
        );
        let members = format!("/accounts/{}/members", other.id);
        let body =
            json!({ "email": "new@example.com", "roles": [Role::SecretsStoreReporter.id()] });
        let again = app
            .request_as(&other.admin, Method::POST, &members, Some(body))
            .await;
        assert_eq!(text_at(result(&again), "/id"), id);
        result(&answer_with(&app, &user, &id, "accepted").await);
        result(&app.request_as(&user, Method::GET, &stores, None).await);
    }

    #[tokio::test]
    async fn a_wrong_or_late_answer_is_refused() {
        let app = TestApp::new().await;
        let (user, _, id) = invited_elsewhere(&app).await;
        for status in ["", "pending", "yes"] {
            let (code, errors) = failure(&answer_with(&app, &user, &id, status).await);
            assert_eq!(code, 400);
            assert!(errors[0].ends_with(" at /status"), "{errors:?}");
        }
        // Nobody answers for another.
        for (actor, id) in [
            (app.admin(), id.as_str()),
            (user.clone(), "0123456789abcdef0123456789abcdef"),
            (user.clone(), "x"),
        ] {
            for (method, body) in [
                (Method::GET, None),
                (Method::PUT, Some(json!({ "status": "accepted" }))),
                (Method::DELETE, None),
            ] {
                let path = format!("/memberships/{id}");
                let answer = app.request_as(&actor, method, &path, body).await;
                let expected = (404, vec!["1003 membership_not_found".to_owned()]);
                assert_eq!(failure(&answer), expected);
            }
        }
        app.clock.advance_seconds(7 * 24 * 3600);
        let (code, errors) = failure(&answer_with(&app, &user, &id, "accepted").await);
        assert_eq!(code, 410);
        assert!(
            errors[0].starts_with("1003 invitation_expired"),
            "{errors:?}"
        );
    }
}
