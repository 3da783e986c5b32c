//! From where tokens may be used, and that their texts are nowhere but in the answers that show them.

use std::io;
use std::path::Path;
use std::sync::Arc;

use axum::http::Method;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use super::testing::{
    OF_ACCOUNT, OF_USER, keyed, look, look_from, made, policy, reader, with, with_value,
};
use crate::testing::{Actor, Answer, TestApp, failure, result, text_at};

async fn limited(app: &TestApp, within: &[&str], not_in: &[&str]) -> Actor {
    let condition = json!({ "request_ip": { "in": within, "not_in": not_in } });
    let body = with(reader(app), json!({ "condition": condition }));
    made(app, OF_USER, body).await.actor()
}

#[tokio::test]
async fn a_token_is_refused_from_a_wrong_address() {
    let app = TestApp::new().await;
    let within = ["203.0.113.0/24", "2001:db8::/32"];
    let token = limited(&app, &within, &["203.0.113.128/25"]).await;
    for (address, allowed) in [
        ("203.0.113.1", true),
        ("203.0.113.127", true),
        ("203.0.113.128", false),
        ("198.51.100.1", false),
        ("::ffff:203.0.113.1", true),
        ("2001:db8::1", true),
        ("2001:db9::1", false),
    ] {
        let answer = look_from(&app, &token, address).await;
        if allowed {
            result(&answer);
            continue;
        }
        let told = format!("9109 Cannot use the access token from location: {address}");
        assert_eq!(failure(&answer), (403, vec![told]));
    }
    // Where the address is not known, it is not the right one.
    let unknown = app.request_as(&token, Method::GET, OF_USER, None).await;
    let (status, errors) = failure(&unknown);
    assert_eq!((status, &errors[0][..5]), (403, "9109 "));
}

#[tokio::test]
async fn a_wrong_address_is_told_only_to_who_has_the_token() {
    let app = TestApp::new().await;
    let body = json!({
        "condition": { "request_ip": { "in": ["203.0.113.7"] } },
        "status": "disabled",
    });
    let token = made(&app, OF_ACCOUNT, with(reader(&app), body)).await;
    let answer = look_from(&app, &token.actor(), "198.51.100.1").await;
    assert_eq!(failure(&answer).0, 401);
}

#[tokio::test]
async fn an_empty_condition_limits_nothing() {
    let app = TestApp::new().await;
    for condition in [
        json!({}),
        json!({ "request_ip": {} }),
        json!({ "request_ip": { "in": [] } }),
    ] {
        let body = with(reader(&app), json!({ "condition": condition }));
        let token = made(&app, OF_USER, body).await;
        result(&look_from(&app, &token.actor(), "198.51.100.1").await);
        let told = app.request(Method::GET, &token.path, None).await;
        assert_eq!(result(&told).get("condition"), None);
    }
}

/// All that is logged, at every level, by every crate.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Log {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

/// Texts of tokens that were shown.
#[derive(Default)]
struct Texts(Vec<String>);

impl Texts {
    fn keep(&mut self, answer: &Answer) {
        let result = result(answer);
        let shown = result.get("value").unwrap_or(result);
        self.0.push(shown.as_str().unwrap().to_owned());
    }

    /// Whether any of them is in these bytes, by its secret part: what precedes that is public.
    fn are_in(&self, bytes: &[u8]) -> bool {
        self.0.iter().any(|text| {
            let secret = &text.as_bytes()[12..];
            bytes.windows(secret.len()).any(|window| window == secret)
        })
    }

    fn are_in_files(&self, directory: &Path) -> bool {
        std::fs::read_dir(directory).unwrap().any(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.are_in_files(&path)
            } else {
                self.are_in(&std::fs::read(&path).unwrap())
            }
        })
    }
}

#[tokio::test]
async fn a_token_s_text_is_in_no_file_no_log_and_no_other_answer() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    // For all threads: the database works on threads of its own.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let app = TestApp::new().await;
    let (mut texts, mut others) = (Texts::default(), Vec::new());
    for path in [OF_USER, OF_ACCOUNT] {
        let created = keyed(&app, path, Method::POST, path, reader(&app)).await;
        texts.keep(&created);
        others.push(keyed(&app, path, Method::POST, path, reader(&app)).await);
        let token = format!("{path}/{}", text_at(result(&created), "/id"));
        let roll = format!("{token}/value");
        texts.keep(&keyed(&app, &roll, Method::PUT, &roll, json!({})).await);
        others.push(keyed(&app, &roll, Method::PUT, &roll, json!({})).await);
        for text in &texts.0 {
            look(&app, &with_value(text)).await;
        }
        // A text in a place where it does not belong.
        let text = &texts.0[0];
        for body in [
            json!({ "name": "a", "status": text, "policies": text }),
            json!({ "name": "a", "policies": [policy(coffer_types::PermissionGroup::PAGES_READ, "x")], "value": text }),
        ] {
            others.push(app.request(Method::PUT, &token, Some(body)).await);
        }
        for path in [&token, path] {
            others.push(app.request(Method::GET, path, None).await);
        }
        others.push(app.request(Method::DELETE, &token, None).await);
    }
    app.engine.write_uses().await.unwrap();
    let events: Vec<Value> = app
        .audit_events()
        .await
        .into_iter()
        .map(|event| event.details)
        .collect();
    assert!(texts.0.len() == 4 && events.len() > 6);
    assert!(!texts.are_in(format!("{events:?}").as_bytes()));
    for other in &others {
        assert!(!texts.are_in(other.2.to_string().as_bytes()), "{}", other.2);
    }
    assert!(!texts.are_in_files(app.directory.path()));
    let log = log.0.lock();
    assert!(!texts.are_in(&log));
    // The search looked at what it should: our own lines, and the database's statements.
    let log = String::from_utf8_lossy(&log);
    assert!(log.contains("answered") && log.contains("INSERT INTO tokens"));
}
