//! `POST /user/coffer/invitations/accept`.

use axum::extract::State;
use coffer_engine::{Error, SecretValue};
use coffer_protocol::members::AcceptedInvitation;
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::body::{Anyone, WithPassword};
use crate::api::error::ApiResult;
use crate::app::App;

/// The request.
#[derive(Deserialize)]
pub(super) struct Accept {
    /// The text at the end of the link.
    invitation: SecretValue,
    password: SecretValue,
}

/// Accepts an invitation, as its page does.
pub(super) async fn accept(
    State(app): State<App>,
    Anyone { request, body }: Anyone<WithPassword<Accept>>,
) -> ApiResult<Answer<AcceptedInvitation>> {
    let WithPassword(Accept {
        invitation,
        password,
    }) = body;
    let accepted = app.engine.accept_invitation(request, &invitation, password);
    let accepted: Result<_, Error> = accepted.await;
    Ok(Answer::ok(accepted?))
}

#[cfg(test)]
mod tests {
    use axum::http::{Method, header};
    use coffer_crypto::{SystemRandom, TokenKind, TokenText};
    use coffer_types::Role;
    use serde_json::{Value, json};

    use crate::testing::members::{ACCEPT, MEMBERS, accept, invite, invited, text_of};
    use crate::testing::{Actor, TestApp, failure, result};

    const PASSWORD: &str = "correct horse battery";

    #[tokio::test]
    async fn an_accepted_invitation_sets_the_password_and_makes_a_member() {
        let app = TestApp::new().await;
        let new = invited(&app, "new@example.com").await;
        let before = app.audit_events().await.len();
        let accepted = accept(&app, &new.text, PASSWORD).await;
        assert_eq!(
            result(&accepted),
            &json!({
                "id": new.id,
                "status": "accepted",
                "email": "new@example.com",
                "account": { "id": app.first.account_id, "name": "First account" },
            })
        );
        let path = format!("{MEMBERS}/{}", new.id);
        let shown = app.request(Method::GET, &path, None).await;
        assert_eq!(result(&shown)["status"], "accepted");
        result(&app.sign_in_with("new@example.com", PASSWORD).await);
        assert_eq!(
            failure(
                &app.sign_in_with("new@example.com", "another password")
                    .await
            )
            .0,
            401
        );

        let events = app.audit_events().await.split_off(before);
        let (member, user) = (&events[0], &events[1]);
        let user_id = app.user_of(&new.id).await;
        assert_eq!(
            (member.action.as_str(), member.resource_kind.as_str()),
            ("update", "member")
        );
        assert_eq!(member.account_id, Some(app.first.account_id));
        assert_eq!(member.actor_id.as_str(), user_id.to_string());
        assert_eq!(member.actor_context.as_str(), "dash");
        assert_eq!(member.details["before"]["status"], "pending");
        assert_eq!(member.details["after"]["status"], "accepted");
        assert_eq!(
            (user.resource_kind.as_str(), user.account_id),
            ("user", None)
        );
        assert_eq!(user.resource_id, user_id.to_string());
    }

    #[tokio::test]
    async fn a_password_that_will_not_do_leaves_the_invitation() {
        let app = TestApp::new().await;
        let new = invited(&app, "somebody@example.com").await;
        let events = app.audit_events().await.len();
        for (password, code) in [
            ("", "password_too_short"),
            ("elevenchars", "password_too_short"),
            (&*"x".repeat(257), "password_too_long"),
            (&*"x".repeat(5000), "password_too_long"),
            ("Somebody@Example.com", "password_is_email"),
        ] {
            let (status, errors) = failure(&accept(&app, &new.text, password).await);
            assert_eq!(status, 400);
            assert!(errors[0].starts_with(&format!("1001 {code}")), "{errors:?}");
            assert!(errors[0].ends_with(" at /password"), "{errors:?}");
        }
        for body in [
            json!({}),
            json!({ "invitation": new.text }),
            json!({ "password": PASSWORD }),
            json!({ "invitation": new.text, "password": 123_456_789_012_u64 }),
        ] {
            let answer = app
                .request_as(&Actor::nobody(), Method::POST, ACCEPT, Some(body))
                .await;
            assert_eq!(failure(&answer).0, 400);
        }
        assert_eq!(app.audit_events().await.len(), events);
        result(&accept(&app, &new.text, "éééééééééééé").await);
    }

    #[tokio::test]
    async fn an_invitation_is_accepted_once() {
        let app = TestApp::new().await;
        let new = invited(&app, "new@example.com").await;
        result(&accept(&app, &new.text, PASSWORD).await);
        let (status, errors) = failure(&accept(&app, &new.text, "an intruder's password").await);
        assert_eq!(status, 404);
        assert!(
            errors[0].starts_with("1003 invitation_not_found"),
            "{errors:?}"
        );
        result(&app.sign_in_with("new@example.com", PASSWORD).await);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_two_who_accept_at_once_one_does() {
        let app = TestApp::new().await;
        for round in 0..8 {
            let email = format!("new{round}@example.com");
            let new = invited(&app, &email).await;
            let (one, other) = tokio::join!(
                accept(&app, &new.text, "the password of the one"),
                accept(&app, &new.text, "the password of the other"),
            );
            assert!(
                one.0.is_success() != other.0.is_success(),
                "{} {}",
                one.2,
                other.2
            );
            let (right, wrong, lost) = if one.0.is_success() {
                (
                    "the password of the one",
                    "the password of the other",
                    other,
                )
            } else {
                ("the password of the other", "the password of the one", one)
            };
            // The invitation is gone, or its user has the other's password by now: it depends on the moment.
            let refusal = failure(&lost).0;
            assert!([400, 404].contains(&refusal), "{}", lost.2);
            result(&app.sign_in_with(&email, right).await);
            assert_eq!(failure(&app.sign_in_with(&email, wrong).await).0, 401);
        }
    }

    #[tokio::test]
    async fn what_is_no_live_invitation_is_refused() {
        let app = TestApp::new().await;
        let late = invited(&app, "late@example.com").await;
        let other = |kind| {
            TokenText::generate(kind, &SystemRandom)
                .expose_secret()
                .to_owned()
        };
        let mut mistyped = late.text.clone();
        mistyped.pop();
        for text in [
            String::new(),
            "x".to_owned(),
            mistyped,
            other(TokenKind::Invitation),
            app.first.api_token.expose_secret().to_owned(),
        ] {
            let (status, errors) = failure(&accept(&app, &text, PASSWORD).await);
            assert_eq!(status, 404);
            assert!(
                errors[0].starts_with("1003 invitation_not_found"),
                "{errors:?}"
            );
        }
        app.clock.advance_seconds(7 * 24 * 3600 - 1);
        let in_time = invited(&app, "in-time@example.com").await;
        app.clock.advance_seconds(1);
        let (status, errors) = failure(&accept(&app, &late.text, PASSWORD).await);
        assert_eq!(status, 410);
        assert!(
            errors[0].starts_with("1003 invitation_expired"),
            "{errors:?}"
        );
        result(&accept(&app, &in_time.text, PASSWORD).await);
        // A new link does what the late one does not.
        result(
            &accept(
                &app,
                &invited(&app, "late@example.com").await.text,
                PASSWORD,
            )
            .await,
        );
    }

    #[tokio::test]
    async fn an_invitation_is_no_credential() {
        let app = TestApp::new().await;
        let new = invited(&app, "new@example.com").await;
        let bearer = format!("Bearer {}", new.text);
        let actor = Actor::with_headers(&[(header::AUTHORIZATION.as_str(), &bearer)]);
        let answer = app.request_as(&actor, Method::GET, "/user", None).await;
        assert_eq!(failure(&answer).0, 401);
    }

    #[tokio::test]
    async fn whoever_has_a_password_accepts_with_it() {
        let app = TestApp::new().await;
        accept(&app, &invited(&app, "new@example.com").await.text, PASSWORD).await;
        let other = app.other_account().await;
        let members = format!("/accounts/{}/members", other.id);
        let body = json!({ "email": "new@example.com", "roles": [Role::WorkersReadOnly.id()] });
        let answer = app
            .request_as(&other.admin, Method::POST, &members, Some(body))
            .await;
        let text = text_of(&answer);
        // Nothing of the user is told to the account before.
        assert_eq!(result(&answer)["user"]["first_name"], Value::Null);
        for wrong in ["", "not the password at all", &"x".repeat(5000)] {
            let (status, errors) = failure(&accept(&app, &text, wrong).await);
            assert_eq!(status, 400);
            assert!(errors[0].ends_with(" at /password"), "{errors:?}");
        }
        let events = app.audit_events().await.len();
        let accepted = accept(&app, &text, PASSWORD).await;
        assert_eq!(result(&accepted)["account"]["name"], "Other account");
        // The password stays, so nothing is told of it.
        assert_eq!(app.audit_events().await.len(), events + 1);
        result(&app.sign_in_with("new@example.com", PASSWORD).await);
    }

    #[tokio::test]
    async fn guessing_is_limited() {
        let app = TestApp::new().await;
        let new = invited(&app, "new@example.com").await;
        let guess = || TokenText::generate(TokenKind::Invitation, &SystemRandom);
        let from = Actor::nobody();
        let mut refused = None;
        for _ in 0..100 {
            let body = json!({ "invitation": guess().expose_secret(), "password": PASSWORD });
            let answer = app
                .request_from([192, 0, 2, 1], &from, Method::POST, ACCEPT, body)
                .await;
            if answer.0 == 429 {
                refused = Some(answer);
                break;
            }
            assert_eq!(answer.0, 404);
        }
        let refused = refused.unwrap();
        assert!(failure(&refused).1[0].starts_with("971 "), "{}", refused.2);
        assert!(refused.1.contains_key(header::RETRY_AFTER));
        // The right one is let in all the same.
        let body = json!({ "invitation": new.text, "password": PASSWORD });
        result(
            &app.request_from([192, 0, 2, 1], &from, Method::POST, ACCEPT, body)
                .await,
        );
        // An account that is full of wrong links makes nobody a member.
        let roles = json!([Role::WorkersReadOnly.id()]);
        result(&invite(&app, json!({ "email": "next@example.com", "roles": roles })).await);
    }

    #[tokio::test]
    async fn there_is_no_idempotency_key() {
        let app = TestApp::new().await;
        let body = json!({ "invitation": "cfi_x", "password": PASSWORD });
        let actor = Actor::nobody().and("idempotency-key", "once");
        let body = axum::body::Body::from(body.to_string());
        let answer = app
            .send(app.build(&actor, Method::POST, ACCEPT, body))
            .await;
        let (status, errors) = failure(&answer);
        assert_eq!(status, 400);
        assert!(
            errors[0].contains("Idempotency-Key cannot be"),
            "{errors:?}"
        );
    }
}
