//! `PUT /memberships/{membership_id}`.

use axum::extract::{Path, State};
use coffer_engine::{Error, InvitationAnswer, ManageMemberships, Problem, SecretValue};
use coffer_protocol::identity::Membership;
use serde::Deserialize;

use super::MembershipPath;
use crate::api::answer::Answer;
use crate::api::body::{Json, UserChange};
use crate::api::error::ApiResult;
use crate::app::App;

/// The answer to an invitation.
#[derive(Deserialize)]
pub(in crate::api::identity) struct AnswerToInvitation {
    #[serde(default)]
    status: String,
    #[serde(default)]
    coffer: Proof,
}

/// Coffer's own part of the answer.
#[derive(Default, Deserialize)]
struct Proof {
    /// The text at the end of the invitation's link, for who accepts.
    invitation: Option<SecretValue>,
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
        "accepted" => InvitationAnswer::Accept(body.coffer.invitation),
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

    use crate::testing::members::{accept, invited, text_of};
    use crate::testing::{Actor, Answer, OtherAccount, TestApp, failure, result, text_at};

    const PASSWORD: &str = "correct horse battery";

    /// An account's invitation of someone who is a user already.
    struct Elsewhere {
        user: Actor,
        account: OtherAccount,
        id: String,
        text: String,
    }

    /// A member of the first account whom another account invites.
    async fn invited_elsewhere(app: &TestApp) -> Elsewhere {
        let member = invited(app, "new@example.com").await;
        result(&accept(app, &member.text, PASSWORD).await);
        let user = app.token_of(app.user_of(&member.id).await).await;
        let account = app.other_account().await;
        let path = format!("/accounts/{}/members", account.id);
        let body = json!({ "email": "new@example.com", "roles": [Role::SecretsStoreAdmin.id()] });
        let answer = app
            .request_as(&account.admin, Method::POST, &path, Some(body))
            .await;
        Elsewhere {
            user,
            account,
            id: text_at(result(&answer), "/id"),
            text: text_of(&answer),
        }
    }

    async fn accept_with(app: &TestApp, actor: &Actor, id: &str, text: &str) -> Answer {
        let body = json!({ "status": "accepted", "coffer": { "invitation": text } });
        let path = format!("/memberships/{id}");
        app.request_as(actor, Method::PUT, &path, Some(body)).await
    }

    async fn answer_with(app: &TestApp, actor: &Actor, id: &str, status: &str) -> Answer {
        let path = format!("/memberships/{id}");
        app.request_as(actor, Method::PUT, &path, Some(json!({ "status": status })))
            .await
    }

    #[tokio::test]
    async fn an_invitation_permits_nothing_until_it_is_accepted() {
        let app = TestApp::new().await;
        let Elsewhere {
            user,
            account: other,
            id,
            text,
        } = invited_elsewhere(&app).await;
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

        let accepted = accept_with(&app, &user, &id, &text).await;
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
    async fn whoever_has_the_user_and_not_the_link_does_not_get_in() {
        let app = TestApp::new().await;
        // Whoever took the address first, by an account's invitation, need not be who the other account means.
        let Elsewhere {
            user,
            account,
            id,
            text,
        } = invited_elsewhere(&app).await;
        let events = app.audit_events().await.len();
        let (status, errors) = failure(&answer_with(&app, &user, &id, "accepted").await);
        assert_eq!(status, 409);
        assert!(
            errors[0].starts_with("1004 invitation_link_needed"),
            "{errors:?}"
        );
        // The link of another invitation of the same account is none of this one.
        let path = format!("/accounts/{}/members", account.id);
        let body = json!({ "email": "third@example.com", "roles": [Role::SecretsStoreAdmin.id()] });
        let third = app
            .request_as(&account.admin, Method::POST, &path, Some(body))
            .await;
        for wrong in ["", "cfi_", &text_of(&third), &text[..text.len() - 1]] {
            let (status, errors) = failure(&accept_with(&app, &user, &id, wrong).await);
            assert_eq!(status, 404, "{wrong}");
            assert!(
                errors[0].starts_with("1003 invitation_not_found"),
                "{errors:?}"
            );
        }
        let stores = format!("/accounts/{}/secrets_store/stores", account.id);
        assert_eq!(
            failure(&app.request_as(&user, Method::GET, &stores, None).await).0,
            404
        );
        let changes = app.audit_events().await.split_off(events);
        assert!(
            changes
                .iter()
                .all(|event| event.details["before"]["status"] != "pending"),
            "{changes:?}"
        );
        result(&accept_with(&app, &user, &id, &text).await);
    }

    #[tokio::test]
    async fn whoever_refuses_stays_out_until_invited_again() {
        let app = TestApp::new().await;
        let Elsewhere {
            user,
            account: other,
            id,
            text,
        } = invited_elsewhere(&app).await;
        let rejected = answer_with(&app, &user, &id, "rejected").await;
        assert_eq!(result(&rejected)["status"], "rejected");
        let stores = format!("/accounts/{}/secrets_store/stores", other.id);
        assert_eq!(
            failure(&app.request_as(&user, Method::GET, &stores, None).await).0,
            404
        );
        assert_eq!(failure(&accept_with(&app, &user, &id, &text).await).0, 409);
        let members = format!("/accounts/{}/members", other.id);
        let body =
            json!({ "email": "new@example.com", "roles": [Role::SecretsStoreReporter.id()] });
        let again = app
            .request_as(&other.admin, Method::POST, &members, Some(body))
            .await;
        assert_eq!(text_at(result(&again), "/id"), id);
        // The link from before is dead.
        assert_eq!(failure(&accept_with(&app, &user, &id, &text).await).0, 404);
        result(&accept_with(&app, &user, &id, &text_of(&again)).await);
        result(&app.request_as(&user, Method::GET, &stores, None).await);
    }

    #[tokio::test]
    async fn a_wrong_or_late_answer_is_refused() {
        let app = TestApp::new().await;
        let Elsewhere { user, id, text, .. } = invited_elsewhere(&app).await;
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
        let (code, errors) = failure(&accept_with(&app, &user, &id, &text).await);
        assert_eq!(code, 410);
        assert!(
            errors[0].starts_with("1003 invitation_expired"),
            "{errors:?}"
        );
    }
}
