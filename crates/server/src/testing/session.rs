//! Users who signed in.

use std::sync::Arc;

use axum::http::{Method, header};
use coffer_crypto::{MacLabel, SystemRandom, TokenKind, TokenText};
use coffer_store::rows::sessions::{self, SessionRow};
use coffer_types::{Clock, SessionId, UserId};
use serde_json::json;

use super::{Actor, Answer, TestApp};

/// Where the tests' pages are.
const HOST: &str = "localhost:7070";
const ORIGIN: &str = "http://localhost:7070";
const HOUR_MICROS: i64 = 3600 * 1_000_000;

impl Actor {
    /// With the cookie of a session and nothing that says where the request came from.
    pub(crate) fn cookie(text: &str) -> Self {
        let cookie = format!("__Host-coffer_session={text}");
        Self::with_headers(&[("cookie", &cookie)])
    }

    /// With the cookie of a session, from a page of the server.
    pub(crate) fn session(text: &str) -> Self {
        Self::cookie(text).and("host", HOST).and("origin", ORIGIN)
    }
}

impl TestApp {
    /// Signs the Super Administrator in.
    pub(crate) async fn sign_in(&self) -> Answer {
        self.sign_in_with(
            self.first.email.as_str(),
            self.first.password.expose_secret(),
        )
        .await
    }

    /// Signs in, or tries to.
    pub(crate) async fn sign_in_with(&self, email: &str, password: &str) -> Answer {
        let body = json!({ "email": email, "password": password });
        let path = "/user/coffer/sessions";
        self.request_as(&Actor::nobody(), Method::POST, path, Some(body))
            .await
    }

    /// A new session of a user.
    pub(crate) async fn session_of(&self, user_id: UserId) -> Actor {
        let text = TokenText::generate(TokenKind::Session, &SystemRandom);
        let mac = self.keyring.mac_key(MacLabel::Session);
        let now = self.clock.now();
        let row = Arc::new(SessionRow {
            id: SessionId::random(&SystemRandom),
            user_id,
            prefix: text.lookup_prefix().to_owned(),
            mac: mac.sign(text.expose_secret().as_bytes()).to_vec(),
            ip: None,
            user_agent: None,
            created_at: now,
            expires_at: now.plus_micros(HOUR_MICROS),
            last_used_at: now,
        });
        self.add_rows(move |tx| {
            let row = Arc::clone(&row);
            Box::pin(async move { sessions::insert(tx, &row).await })
        })
        .await;
        Actor::session(text.expose_secret())
    }
}

/// The text of the session that an answer gives.
pub(crate) fn session_text(answer: &Answer) -> String {
    let cookies: Vec<_> = answer.1.get_all(header::SET_COOKIE).iter().collect();
    assert_eq!(cookies.len(), 1, "{}", answer.2);
    let cookie = cookies[0].to_str().unwrap();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Strict");
    let (name, text) = pair.split_once('=').unwrap();
    assert_eq!(name, "__Host-coffer_session");
    text.to_owned()
}
