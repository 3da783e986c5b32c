//! A marked value goes in by every way there is, right and wrong, and must come out nowhere.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request};
use coffer_crypto::SystemRandom;
use coffer_testkit::Canary;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::testing::{Actor, Answer, TestApp, failure, result, session_text, text_at};

const STORES: &str = "/accounts/{account_id}/secrets_store/stores";

/// All that is logged, at every level, by every crate.
#[derive(Clone, Default)]
pub(super) struct Log(pub(super) Arc<Mutex<Vec<u8>>>);

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

/// What was answered, all of it.
#[derive(Default)]
struct Answers(Mutex<Vec<u8>>);

impl Answers {
    fn keep(&self, answer: Answer) -> Answer {
        let text = format!("{:?}\n{}\n", answer.1, answer.2);
        self.0.lock().extend_from_slice(text.as_bytes());
        answer
    }
}

#[tokio::test]
async fn a_marked_value_is_in_no_answer_no_log_and_no_file() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    // For all threads: the database works on threads of its own.
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let (app, store) = TestApp::with_store().await;
    let canary = Canary::new(&SystemRandom);
    let answers = Answers::default();
    right_ways(&app, &store, &canary, &answers).await;
    wrong_ways(&app, &store, &canary, &answers).await;
    through_pages(&app, &canary, &answers).await;
    as_credentials(&app, &canary, &answers).await;
    let texts = as_password(&app, &canary, &answers).await;
    let metrics = Request::get("/metrics").body(Body::empty()).unwrap();
    let metrics = tower::ServiceExt::oneshot(app.router.clone(), metrics)
        .await
        .unwrap();
    let metrics = http_body_util::BodyExt::collect(metrics.into_body())
        .await
        .unwrap()
        .to_bytes();

    assert_eq!(canary.find_in(&answers.0.lock()), None);
    assert_eq!(canary.find_in(&metrics), None);
    assert_eq!(canary.find_in_files(app.directory.path()).unwrap(), []);
    let log = log.0.lock();
    assert_eq!(canary.find_in(&log), None);
    for text in &texts {
        let is_in = |bytes: &[u8]| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        assert!(!is_in(&log));
        for entry in std::fs::read_dir(app.directory.path()).unwrap() {
            let path = entry.unwrap().path();
            let holds = path.is_file() && is_in(&std::fs::read(&path).unwrap());
            assert!(!holds, "{}", path.display());
        }
    }
    let log = String::from_utf8_lossy(&log);
    // The search looked at what it should: our own lines, and the database's statements.
    assert!(
        log.contains("answered") && log.contains("INSERT INTO secrets"),
        "{} bytes",
        log.len()
    );
}

/// The value as a secret of a Pages project, and where such a secret is refused.
async fn through_pages(app: &TestApp, canary: &Canary, answers: &Answers) {
    const PROJECTS: &str = "/accounts/{account_id}/pages/projects";
    let value = canary.value();
    let site = format!("{PROJECTS}/site");
    let send = async |method, path: &str, body| answers.keep(app.request(method, path, body).await);
    let secret = |value: &str| json!({ "type": "secret_text", "value": value });
    let of = |variables: Value| json!({ "production": { "env_vars": variables } });
    let new = json!({ "name": "site", "deployment_configs": of(json!({ "A": secret(value) })) });
    result(&send(Method::POST, PROJECTS, Some(new)).await);
    let edit =
        json!({ "deployment_configs": of(json!({ "A": secret(value), "B": secret(value) })) });
    result(&send(Method::PATCH, &site, Some(edit)).await);
    for configurations in [
        of(json!({ "A": secret(&value.repeat(200)) })),
        of(json!({ value: secret(value), "a b": secret(value) })),
        of(json!({ "A": { "type": value, "value": value } })),
        of(json!({ "A": { "type": "secret_text", "value": [value] } })),
        of(json!({ "A": value })),
        json!({ "production": { "compatibility_date": value, "env_vars": { "A": secret(value) } } }),
    ] {
        let body = json!({ "deployment_configs": configurations });
        refused(&send(Method::PATCH, &site, Some(body.clone())).await);
        refused(&send(Method::PATCH, &format!("{PROJECTS}/other"), Some(body)).await);
    }
    through_deployments(app, value, answers).await;
    for path in [
        PROJECTS,
        &site,
        &format!("{site}/deployments"),
        "/accounts/{account_id}/logs/audit?since=2026-11-01&before=2026-12-01",
    ] {
        result(&send(Method::GET, path, None).await);
    }
    result(&send(Method::DELETE, &site, None).await);
}

/// The value in the code's own bindings, and where it does not belong.
async fn through_deployments(app: &TestApp, value: &str, answers: &Answers) {
    const DEPLOYMENTS: &str = "/accounts/{account_id}/pages/projects/site/deployments";
    let deploy = async |bindings: Value| {
        let metadata = json!({ "main_module": "index.js", "bindings": bindings });
        let code = "export default { fetch() { return new Response('ok') } }";
        let bundle = format!(
            "--inner\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{metadata}\r\n\
             --inner\r\nContent-Disposition: form-data; name=\"index.js\"; filename=\"index.js\"\r\n\
             Content-Type: application/javascript+module\r\n\r\n{code}\r\n--inner--\r\n"
        );
        let form = format!(
            "--b\r\nContent-Disposition: form-data; name=\"manifest\"\r\n\r\n{{}}\r\n\
             --b\r\nContent-Disposition: form-data; name=\"_worker.bundle\"; filename=\"_worker.bundle\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n{bundle}\r\n--b--\r\n"
        );
        let media_type = "multipart/form-data; boundary=b";
        answers.keep(
            app.send_bytes(Method::POST, DEPLOYMENTS, media_type, form)
                .await,
        )
    };
    let own = json!([{ "name": "OWN", "type": "secret_text", "text": value }]);
    result(&deploy(own).await);
    for bindings in [
        json!([{ "name": "A", "type": value, "text": value }]),
        json!([{ "name": "a b", "type": "secret_text", "text": value }]),
        json!([{ "name": "OWN", "type": "secret_text", "text": value.repeat(200) }]),
        json!([{ "name": "S", "type": "secrets_store_secret", "store_id": value, "secret_name": value }]),
        json!([value]),
    ] {
        refused(&deploy(bindings).await);
    }
}

/// The value where it belongs.
async fn right_ways(app: &TestApp, store: &str, canary: &Canary, answers: &Answers) {
    let secrets = format!("{STORES}/{store}/secrets");
    let send = async |method, path: &str, body| answers.keep(app.request(method, path, body).await);
    let body = json!([{ "name": "KEY", "value": canary.value(), "scopes": ["workers"], "comment": "marked" }]);
    let made = send(Method::POST, &secrets, Some(body.clone())).await;
    let id = text_at(result(&made), "/0/id");
    // The value did go in.
    assert_eq!(app.delivered(&id).await.as_deref(), Some(canary.value()));
    let secret = format!("{secrets}/{id}");
    assert_eq!(send(Method::POST, &secrets, Some(body)).await.0, 409);
    result(
        &send(
            Method::PATCH,
            &secret,
            Some(json!({ "value": canary.value() })),
        )
        .await,
    );
    let copy = json!({ "name": "COPY", "scopes": ["workers"] });
    result(&send(Method::POST, &format!("{secret}/duplicate"), Some(copy)).await);
    for path in [
        &secrets,
        &secret,
        &format!("{secrets}?search=K&order=status"),
    ] {
        result(&send(Method::GET, path, None).await);
    }
    for name in ["AGAIN", "AGAIN", "OTHER"] {
        let body = json!([{ "name": name, "value": canary.value(), "scopes": ["workers"] }]);
        let mut request = app.build(
            &app.admin(),
            Method::POST,
            &secrets,
            Body::from(body.to_string()),
        );
        request
            .headers_mut()
            .insert("idempotency-key", "key".parse().unwrap());
        answers.keep(app.send(request).await);
    }
    assert_eq!(send(Method::DELETE, &secret, None).await.0, 202);
}

/// The value in bodies that are refused, by a part next to it or by itself.
async fn wrong_ways(app: &TestApp, store: &str, canary: &Canary, answers: &Answers) {
    let secrets = format!("{STORES}/{store}/secrets");
    let id = app.create_secret(store, "TARGET", "other").await;
    let value = canary.value();
    for body in [
        json!([{ "name": "a b", "value": value, "scopes": ["workers"] }]),
        json!([{ "name": "A", "value": value, "scopes": ["zones"] }]),
        json!([{ "name": "A", "value": value.repeat(12), "scopes": ["workers"] }]),
        json!([{ "name": "A", "value": value }]),
        json!([{ "name": value, "value": value, "scopes": [value] }]),
        json!([{ "name": "A", "value": { value: value }, "scopes": ["workers"] }]),
        json!([{ "name": "A", "value": [value], "scopes": ["workers"] }]),
        json!([{ "name": "A", "value": value, "scopes": value }]),
        json!([{ "name": 1, "value": value, "scopes": ["workers"] }]),
        json!({ "name": "A", "value": value }),
        json!(value),
        json!([value]),
        json!({ value: value }),
    ] {
        for (method, path) in [
            (Method::POST, secrets.clone()),
            (Method::DELETE, secrets.clone()),
            (Method::POST, format!("{secrets}/{id}/duplicate")),
            (Method::POST, STORES.to_owned()),
        ] {
            refused(&answers.keep(app.request(method, &path, Some(body.clone())).await));
        }
    }
    let text = json!([{ "name": "A", "value": value, "scopes": ["workers"] }]).to_string();
    // Broken off at every place, and with rubbish after it.
    let broken = (1..text.len())
        .filter(|at| text.is_char_boundary(*at))
        .map(|at| text[..at].to_owned());
    for text in broken.chain([
        format!("{text} {text}"),
        format!("{text}]"),
        text.replace("\":", "\""),
    ]) {
        refused(
            &answers.keep(
                app.send_bytes(Method::POST, &secrets, "text/plain", text)
                    .await,
            ),
        );
    }
    let huge = format!("[\"{}{value}\"]", " ".repeat(1024 * 1024));
    refused(
        &answers.keep(
            app.send_bytes(Method::POST, &secrets, "text/plain", huge)
                .await,
        ),
    );
}

/// The value as a password, wrong and right; and the session and the key that it gave, each in one answer.
async fn as_password(app: &TestApp, canary: &Canary, answers: &Answers) -> Vec<String> {
    let (value, email) = (canary.value(), "admin@example.com");
    let send = async |actor: &Actor, method, path: &str, body| {
        app.request_as(actor, method, path, Some(body)).await
    };
    for (email, password) in [
        (email, value),
        (value, value),
        ("nobody@example.com", value),
    ] {
        refused(&answers.keep(app.sign_in_with(email, password).await));
    }
    let first = Actor::session(&session_text(&app.sign_in().await));
    let current = app.first.password.expose_secret();
    let password = "/user/coffer/password";
    for body in [
        json!({ "current_password": value, "new_password": value }),
        json!({ "current_password": current, "new_password": value.repeat(12) }),
        json!({ "current_password": current, "new_password": [value] }),
    ] {
        refused(&answers.keep(send(&first, Method::PUT, password, body).await));
    }
    let body = json!({ "current_password": current, "new_password": value });
    result(&answers.keep(send(&first, Method::PUT, password, body).await));
    let text = session_text(&app.sign_in_with(email, value).await);
    let session = Actor::session(&text);
    let sessions = "/user/coffer/sessions";
    let listed = app.request_as(&session, Method::GET, sessions, None).await;
    result(&answers.keep(listed));
    let body = json!({ "password": value });
    let key = "/user/coffer/global_key";
    let roll = send(&session, Method::POST, &format!("{key}/roll"), body.clone()).await;
    let rolled = text_at(result(&roll), "/value");
    let view = send(&session, Method::POST, &format!("{key}/view"), body).await;
    assert_eq!(text_at(result(&view), "/value"), rolled);
    let body = json!({ "password": value, "enabled": false });
    result(&answers.keep(send(&session, Method::PUT, key, body).await));
    let ended = app
        .request_as(&session, Method::DELETE, sessions, None)
        .await;
    result(&answers.keep(ended));
    vec![text, rolled, current.to_owned()]
}

fn refused(answer: &Answer) {
    assert!((400..500).contains(&failure(answer).0), "{}", answer.2);
}

/// The value, mistaken for a token or a key; and those that are right, which must not be repeated either.
async fn as_credentials(app: &TestApp, canary: &Canary, answers: &Answers) {
    let mark: String = canary.value().chars().filter(char::is_ascii).collect();
    for actor in [
        Actor::with_headers(&[("authorization", &format!("Bearer {mark}"))]),
        Actor::with_headers(&[("authorization", &mark)]),
        Actor::with_headers(&[("x-auth-email", "admin@example.com"), ("x-auth-key", &mark)]),
        Actor::with_headers(&[("x-auth-email", &mark), ("x-auth-key", &mark)]),
        Actor::with_headers(&[("x-auth-key", &mark)]),
    ] {
        for path in ["/user", "/user/tokens/verify", STORES] {
            refused(
                &answers.keep(
                    app.request_as(&actor, Method::GET, path, None::<Value>)
                        .await,
                ),
            );
        }
    }
    result(
        &answers.keep(
            app.request_as(&app.admin_by_key(), Method::GET, "/user", None)
                .await,
        ),
    );
    let answered = answers.0.lock();
    for secret in [
        app.first.api_token.expose_secret(),
        app.first.global_api_key.expose_secret(),
        app.first.password.expose_secret(),
    ] {
        let found = answered
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(!found);
    }
}
