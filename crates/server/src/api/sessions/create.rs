//! `POST /user/coffer/sessions`.

use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::IntoResponse;
use coffer_engine::{Error, Problem, SecretValue};
use coffer_protocol::sessions::NewSession;
use coffer_types::Email;
use coffer_types::limits::MAX_PASSWORD_BYTES;
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::body::{Anyone, WithPassword};
use crate::api::error::ApiResult;
use crate::api::session_cookie;
use crate::app::App;

/// Who signs in.
#[derive(Deserialize)]
pub(super) struct SignIn {
    email: String,
    password: SecretValue,
    /// Of the user's authenticator app, or a recovery code; needed by those who have one.
    code: Option<SecretValue>,
}

/// Signs in. Whatever cookie came along is passed over: there is a new session each time.
pub(super) async fn create(
    State(app): State<App>,
    Anyone { request, body }: Anyone<WithPassword<SignIn>>,
) -> ApiResult<impl IntoResponse> {
    let WithPassword(SignIn {
        email,
        password,
        code,
    }) = body;
    let email = Email::normalised(&email)
        .map_err(|error| Error::invalid("/email", Problem::Email(error)))?;
    let password = tried(password, "/password")?;
    let signed_in = app.engine.sign_in(request, &email, password, code);
    let signed_in = signed_in.await?;
    let cookie = session_cookie::given(&signed_in.text);
    let cookie = cookie.ok_or_else(|| Error::Internal("no cookie of a session".to_owned()))?;
    let answer: Answer<NewSession> = Answer::ok(signed_in.session);
    Ok(([(SET_COOKIE, cookie)], answer))
}

/// A password that someone tries. One that is longer than any may be is not worth the work.
pub(super) fn tried(password: SecretValue, pointer: &str) -> ApiResult<SecretValue> {
    if password.len() > MAX_PASSWORD_BYTES {
        let problem = Problem::PasswordTooLong(coffer_types::limits::MAX_PASSWORD_CHARS);
        return Err(Error::invalid(pointer, problem).into());
    }
    Ok(password)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{Method, header};
    use coffer_crypto::PasswordHasher;
    use coffer_store::rows::sessions;
    use coffer_types::Clock;
    use coffer_types::limits::MAX_SESSIONS_PER_USER;
    use serde_json::{Value, json};

    use crate::testing::{Actor, TestApp, failure, result, session_text, text_at};

    const SESSIONS: &str = "/user/coffer/sessions";

    async fn who(app: &TestApp, actor: &Actor) -> (u16, Value) {
        let answer = app.request_as(actor, Method::GET, "/user", None).await;
        (answer.0.as_u16(), answer.2["result"]["email"].clone())
    }

    #[tokio::test]
    async fn a_password_gives_a_session_that_may_do_all_the_user_may() {
        let app = TestApp::new().await;
        let answer = app.sign_in().await;
        let text = session_text(&answer);
        let (now, id) = (app.clock.now(), text_at(result(&answer), "/id"));
        assert_eq!(
            result(&answer),
            &json!({
                "id": id,
                "created_on": now,
                "expires_on": now.plus_micros(7 * 24 * 3600 * 1_000_000),
                "user": { "id": app.admin_id().await, "email": "admin@example.com" },
            })
        );
        assert!(!answer.2.to_string().contains(&text));
        assert_eq!(answer.1[header::CACHE_CONTROL], "no-store");
        let session = Actor::session(&text);
        assert_eq!(who(&app, &session).await, (200, json!("admin@example.com")));
        let stores = "/accounts/{account_id}/secrets_store/stores";
        let body = json!({ "name": "dev" });
        result(
            &app.request_as(&session, Method::POST, stores, Some(body))
                .await,
        );
        let event = app.last_event().await;
        assert_eq!(event.actor_context, "dash");
        assert_eq!(event.actor_id, app.admin_id().await.to_string());
    }

    #[tokio::test]
    async fn the_audit_log_knows_who_signed_in_and_who_did_not() {
        let app = TestApp::new().await;
        let answer = app.sign_in().await;
        let event = app.last_event().await;
        assert_eq!(event.outcome, "success");
        assert_eq!(
            (event.action.as_str(), event.resource_kind.as_str()),
            ("create", "session")
        );
        assert_eq!(event.resource_id, text_at(result(&answer), "/id"));
        assert_eq!(
            (event.account_id, event.actor_context.as_str()),
            (None, "dash")
        );
        let events = app.audit_events().await.len();
        failure(&app.sign_in_with("admin@example.com", "wrong").await);
        // Nobody waits for it to be written, so the test does.
        while app.audit_events().await.len() == events {
            tokio::task::yield_now().await;
        }
        let event = app.last_event().await;
        assert_eq!(event.actor_id, app.admin_id().await.to_string());
        assert_eq!(event.details, json!({ "reason": "wrong password" }));
        assert_eq!(app.last_event().await.outcome, "failure");
        // Of an address that nobody has there is nothing to tell.
        failure(&app.sign_in_with("nobody@example.com", "wrong").await);
        app.sign_in().await;
        assert_eq!(app.audit_events().await.len(), events + 2);
    }

    #[tokio::test]
    async fn whatever_is_wrong_is_answered_alike() {
        let app = TestApp::new().await;
        let member = app.add_user_with_email("invited@example.com", "").await;
        let password = app.first.password.expose_secret();
        for (email, password) in [
            ("admin@example.com", "wrong"),
            ("admin@example.com", ""),
            ("admin@example.com", &password.to_lowercase()),
            ("nobody@example.com", password),
            // Whoever was invited has no password yet.
            ("invited@example.com", ""),
            ("invited@example.com", "wrong"),
        ] {
            let answer = app.sign_in_with(email, password).await;
            let expected = (401, vec!["10000 Authentication error".to_owned()]);
            assert_eq!(failure(&answer), expected, "{email} {password}");
            assert!(!answer.1.contains_key(header::SET_COOKIE));
        }
        let mut reader = app.store.reader().await.unwrap();
        for user in [app.admin_id().await, member] {
            let found = sessions::of_user(&mut reader, user).await.unwrap();
            assert!(found.is_empty());
        }
    }

    #[tokio::test]
    async fn addresses_are_normalised() {
        let app = TestApp::new().await;
        let password = app.first.password.expose_secret();
        result(&app.sign_in_with(" Admin@Example.COM ", password).await);
    }

    #[tokio::test]
    async fn what_cannot_be_right_is_told_by_its_field() {
        let app = TestApp::new().await;
        for (body, expected) in [
            (json!({ "email": "nobody", "password": "x" }), " at /email"),
            (json!({ "email": "", "password": "x" }), " at /email"),
            (
                json!({ "email": "admin@example.com", "password": "x".repeat(1025) }),
                "1001 password_too_long: a password may have at most 256 characters at /password",
            ),
            (json!({}), "1001 invalid_json_body"),
            (
                json!({ "email": "a@b", "password": 5 }),
                "1001 invalid_json_body",
            ),
            (
                json!({ "email": 5, "password": "x" }),
                "1001 invalid_json_body",
            ),
        ] {
            let answer = app
                .request_as(&Actor::nobody(), Method::POST, SESSIONS, Some(body.clone()))
                .await;
            let (status, errors) = failure(&answer);
            assert_eq!(status, 400, "{body}");
            assert!(errors[0].contains(expected), "{errors:?}");
        }
    }

    #[tokio::test]
    async fn a_cookie_from_before_is_not_kept() {
        let app = TestApp::new().await;
        let planted = session_text(&app.sign_in().await);
        let body = json!({
            "email": "admin@example.com",
            "password": app.first.password.expose_secret(),
        });
        let answer = app
            .request_as(
                &Actor::session(&planted),
                Method::POST,
                SESSIONS,
                Some(body),
            )
            .await;
        let text = session_text(&answer);
        assert_ne!(text, planted);
        assert_eq!(who(&app, &Actor::session(&text)).await.0, 200);
    }

    #[tokio::test]
    async fn another_site_cannot_sign_anyone_in() {
        let app = TestApp::new().await;
        for headers in [
            &[
                ("origin", "https://evil.example.com"),
                ("host", "localhost:7070"),
            ][..],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
        ] {
            let body = json!({
                "email": "admin@example.com",
                "password": app.first.password.expose_secret(),
            });
            let actor = Actor::with_headers(headers);
            let answer = app
                .request_as(&actor, Method::POST, SESSIONS, Some(body))
                .await;
            assert_eq!(failure(&answer).0, 403, "{headers:?}");
            assert!(!answer.1.contains_key(header::SET_COOKIE));
        }
    }

    #[tokio::test]
    async fn guessing_is_limited_by_name_and_the_right_password_waits_too() {
        let app = TestApp::new().await;
        let mut limited = None;
        for _ in 0..100 {
            let answer = app.sign_in_with("admin@example.com", "wrong").await;
            if answer.0.as_u16() == 429 {
                limited = Some(answer);
                break;
            }
            assert_eq!(answer.0.as_u16(), 401);
        }
        let limited = limited.unwrap();
        assert!(limited.1.contains_key(header::RETRY_AFTER));
        assert_eq!(failure(&limited).1[0][..4], *"971 ");
        assert_eq!(app.sign_in().await.0.as_u16(), 429);
        app.clock.advance_micros(3600 * 1_000_000);
        result(&app.sign_in().await);
    }

    #[tokio::test]
    async fn a_user_has_so_many_sessions_and_the_oldest_goes() {
        let app = TestApp::new().await;
        let mut texts = Vec::new();
        for _ in 0..=MAX_SESSIONS_PER_USER {
            texts.push(session_text(&app.sign_in().await));
            app.clock.advance_micros(1);
        }
        let events = app.audit_events().await;
        let events = events.iter();
        let ended: Vec<_> = events
            .filter(|event| event.details["reason"] == "too many")
            .collect();
        assert_eq!(ended.len(), 1);
        assert_eq!(
            (ended[0].action.as_str(), ended[0].resource_kind.as_str()),
            ("delete", "session")
        );
        assert_eq!(who(&app, &Actor::session(&texts[0])).await.0, 401);
        assert_eq!(who(&app, &Actor::session(&texts[1])).await.0, 200);
        let mut reader = app.store.reader().await.unwrap();
        let kept = sessions::of_user(&mut reader, app.admin_id().await).await;
        assert_eq!(kept.unwrap().len(), MAX_SESSIONS_PER_USER as usize);
    }

    #[tokio::test]
    async fn sessions_that_ran_out_are_removed_with_the_next_sign_in() {
        let app = TestApp::new().await;
        app.sign_in().await;
        let used = Actor::session(&session_text(&app.sign_in().await));
        // One that is idle, one that is in use without that being written, one of another user that is too old.
        let other = app.add_user().await;
        app.session_of(other).await;
        app.clock.advance_micros(6 * 3600 * 1_000_000);
        assert_eq!(who(&app, &used).await.0, 200);
        app.clock.advance_micros(6 * 3600 * 1_000_000);
        app.sign_in().await;
        assert_eq!(who(&app, &used).await.0, 200);
        let mut reader = app.store.reader().await.unwrap();
        for (user, left) in [(app.admin_id().await, 2), (other, 0)] {
            let found = sessions::of_user(&mut reader, user).await.unwrap();
            assert_eq!(found.len(), left);
        }
    }

    #[tokio::test]
    async fn a_hash_that_cost_other_work_is_made_anew() {
        let app = TestApp::new().await;
        let password = coffer_crypto::SecretValue::new("of another time".to_owned());
        let before = PasswordHasher::new(1).hash(password).await.unwrap();
        let user = app.add_user_with_email("old@example.com", &before).await;
        result(&app.sign_in_with("old@example.com", "of another time").await);
        let after = app.store.user(user).await.unwrap().unwrap();
        assert!(before.contains("m=19456") && after.password_hash.contains("m=8,"));
        let rehashed = || async {
            let events = app.audit_events().await.into_iter();
            let told = events.filter(|event| event.details["password_rehashed"] == true);
            told.map(|event| (event.action.clone(), event.resource_id))
                .collect::<Vec<_>>()
        };
        let once = [("update".to_owned(), user.to_string())];
        assert_eq!(rehashed().await, once);
        result(&app.sign_in_with("old@example.com", "of another time").await);
        let again = app.store.user(user).await.unwrap().unwrap();
        assert_eq!(after.password_hash, again.password_hash);
        assert_eq!(rehashed().await, once);
    }

    #[tokio::test]
    async fn there_is_no_idempotency_key() {
        let app = TestApp::new().await;
        let body = json!({
            "email": "admin@example.com",
            "password": app.first.password.expose_secret(),
        });
        let actor = Actor::nobody().and("idempotency-key", "once");
        let request = app.build(&actor, Method::POST, SESSIONS, Body::from(body.to_string()));
        let (status, errors) = failure(&app.send(request).await);
        assert_eq!(status, 400);
        assert!(
            errors[0].contains("Idempotency-Key cannot be"),
            "{errors:?}"
        );
        let mut reader = app.store.reader().await.unwrap();
        let kept = sessions::of_user(&mut reader, app.admin_id().await).await;
        assert_eq!(kept.unwrap().len(), 0);
    }
}
