//! The real router over a real database, with clients of every kind.
//!
//! Paths are those of the route table: below `/client/v4`, with `{account_id}` standing for the first
//! account's id.

mod actor;
pub(crate) mod authenticator;
pub(crate) mod browser;
mod inside;
pub(crate) mod members;
mod session;
mod start;
mod traffic;

pub(crate) use actor::{Actor, OtherAccount, TokenTimes};
pub(crate) use session::session_text;
pub(crate) use start::FakeStartCheck;
pub(crate) use traffic::FakeTraffic;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use coffer_crypto::{Keyring, PasswordHasher, RootKey, SystemRandom};
use coffer_engine::{AttemptLimits, Engine, Initialised, Installation, NewInstallation};
use coffer_store::{Files, Store};
use coffer_testkit::FixedClock;
use coffer_types::Clock;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::app::{App, Readiness};

/// An answer: its status, its headers and its JSON; `null` if it has no body.
pub(crate) type Answer = (StatusCode, HeaderMap, Value);

/// A whole application on a database of its own.
pub(crate) struct TestApp {
    /// What every request goes through.
    pub(crate) router: Router,
    /// The application, to build other routers on.
    pub(crate) app: App,
    /// What the router stands on.
    pub(crate) engine: Engine,
    /// The engine's own store, to look at rows and to add those that no call makes yet.
    pub(crate) store: Store,
    /// The engine's keys.
    pub(crate) keyring: Arc<Keyring>,
    /// The engine's clock. It stands still.
    pub(crate) clock: Arc<FixedClock>,
    /// What the engine asks before it accepts a version.
    #[allow(dead_code, reason = "what only the tests of Workers need")]
    pub(crate) start_check: Arc<FakeStartCheck>,
    /// The requests that Workers had.
    pub(crate) traffic: Arc<FakeTraffic>,
    /// The first account and its Super Administrator.
    pub(crate) first: Initialised,
    /// Where the database is.
    pub(crate) directory: TempDir,
}

struct Ready;

impl Readiness for Ready {
    fn waiting_for(&self) -> Option<String> {
        None
    }

    fn metrics(&self) -> String {
        String::new()
    }
}

impl TestApp {
    /// An application with one account, its Super Administrator and that user's token.
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(FixedClock::default());
        let new = NewInstallation {
            account_name: "First account".to_owned(),
            subdomain: "dev".parse().unwrap(),
            email: "admin@example.com".parse().unwrap(),
        };
        let (installation, first) = Installation::create(
            directory.path(),
            &RootKey::from_bytes(&[7; 32]).unwrap(),
            &PasswordHasher::fast_for_tests(1),
            clock.clone(),
            Arc::new(SystemRandom),
            new,
        )
        .await
        .unwrap();
        let keyring = Arc::clone(installation.keyring());
        // One process may open a directory once, so the store that tests look into takes its place.
        drop(installation);
        let store = Store::open(&Files::new(directory.path())).await.unwrap();
        let installation = Installation::of_parts(
            store.clone(),
            Arc::clone(&keyring),
            clock.clone(),
            Arc::new(SystemRandom),
        );
        let start_check = Arc::new(FakeStartCheck::default());
        let engine = Engine::new(
            installation,
            start_check.clone(),
            AttemptLimits::default(),
            PasswordHasher::fast_for_tests(2),
        );
        let traffic = Arc::new(FakeTraffic::default());
        let app = app_over(engine.clone(), traffic.clone());
        Self {
            router: crate::router(app.clone()),
            app,
            engine,
            store,
            keyring,
            clock,
            start_check,
            traffic,
            first,
            directory,
        }
    }

    /// The same, where people reach it at another address.
    pub(crate) async fn reached_at(public_url: &str) -> Self {
        let mut whole = Self::new().await;
        let app = App::new(
            whole.engine.clone(),
            Arc::new(Ready),
            whole.traffic.clone(),
            "localhost",
            7080,
            public_url,
            Vec::new(),
        );
        whole.router = crate::router(app.clone());
        whole.app = app;
        whole
    }

    /// A router over another engine.
    pub(crate) fn router_over(engine: Engine) -> Router {
        crate::router(app_over(engine, Arc::new(FakeTraffic::default())))
    }

    /// The same with a Secrets Store named `dev`, and that store's id.
    pub(crate) async fn with_store() -> (Self, String) {
        let app = Self::new().await;
        let (status, _, body) = app
            .request(
                Method::POST,
                "/accounts/{account_id}/secrets_store/stores",
                Some(json!({ "name": "dev" })),
            )
            .await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let id = text_at(&body, "/result/id");
        (app, id)
    }

    /// Makes a secret with the scope `workers` and gives its id.
    pub(crate) async fn create_secret(&self, store_id: &str, name: &str, value: &str) -> String {
        let path = format!("/accounts/{{account_id}}/secrets_store/stores/{store_id}/secrets");
        let body = json!([{ "name": name, "value": value, "scopes": ["workers"] }]);
        let answer = self.request(Method::POST, &path, Some(body)).await;
        text_at(result(&answer), "/0/id")
    }

    /// Sends a JSON request as the Super Administrator.
    pub(crate) async fn request(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.request_as(&self.admin(), method, path, body).await
    }

    /// Sends a JSON request as anyone.
    pub(crate) async fn request_as(
        &self,
        actor: &Actor,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let mut request = self.build(actor, method, path, body);
        request
            .headers_mut()
            .insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
        self.send(request).await
    }

    /// Sends bytes of whatever type as the Super Administrator.
    pub(crate) async fn send_bytes(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        bytes: impl Into<Bytes>,
    ) -> Answer {
        let mut request = self.build(&self.admin(), method, path, Body::from(bytes.into()));
        request
            .headers_mut()
            .insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        self.send(request).await
    }

    /// A request with an actor's credentials, to add headers to and to [`send`](Self::send).
    pub(crate) fn build(
        &self,
        actor: &Actor,
        method: Method,
        path: &str,
        body: Body,
    ) -> Request<Body> {
        let path = path.replace("{account_id}", &self.first.account_id.to_string());
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/client/v4{path}"))
            .body(body)
            .unwrap();
        actor.sign(request.headers_mut());
        request
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        answer_of(&self.router, request).await
    }

    /// The present moment as the API writes it.
    pub(crate) fn now(&self) -> String {
        self.clock.now().to_string()
    }
}

fn app_over(engine: Engine, traffic: Arc<FakeTraffic>) -> App {
    App::new(
        engine,
        Arc::new(Ready),
        traffic,
        "localhost",
        7080,
        "http://localhost:7070/",
        Vec::new(),
    )
}

/// What a router answers. Every answer must be JSON or empty.
pub(crate) async fn answer_of(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let json = match bytes.as_ref() {
        [] => Value::Null,
        bytes => serde_json::from_slice(bytes)
            .unwrap_or_else(|_| panic!("not JSON: {}", String::from_utf8_lossy(bytes))),
    };
    (parts.status, parts.headers, json)
}

/// The text at a JSON pointer.
pub(crate) fn text_at(body: &Value, pointer: &str) -> String {
    body.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("no text at {pointer} in {body}"))
        .to_owned()
}

/// The status and the errors as `code message`, after a check that it is a whole v4 failure.
pub(crate) fn failure((status, _, body): &Answer) -> (u16, Vec<String>) {
    assert_eq!(body["success"], false, "{body}");
    assert_eq!(body["result"], Value::Null, "{body}");
    assert_eq!(body["messages"], json!([]), "{body}");
    let errors = body["errors"].as_array().unwrap();
    assert!(!errors.is_empty(), "{body}");
    let errors = errors.iter().map(|error| {
        let pointer = error.pointer("/source/pointer").and_then(Value::as_str);
        let at = pointer.map(|at| format!(" at {at}")).unwrap_or_default();
        format!("{} {}{at}", error["code"], text_at(error, "/message"))
    });
    (status.as_u16(), errors.collect())
}

/// The result, after a check that it is a whole v4 success.
pub(crate) fn result((status, _, body): &Answer) -> &Value {
    assert!(status.is_success(), "{status} {body}");
    assert_eq!(body["success"], true, "{body}");
    assert_eq!(body["errors"], json!([]), "{body}");
    assert_eq!(body["messages"], json!([]), "{body}");
    body.get("result").unwrap()
}
