//! Changes of one Worker that come at the same time, through one router, whose requests take turns, and through two
//! over the same rows, where only the transaction keeps them apart.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::{Method, StatusCode};
use coffer_crypto::{PasswordHasher, SystemRandom};
use coffer_engine::{AttemptLimits, Engine, Installation};
use coffer_protocol::feed::{ChangeSource, Record, VersionRecord};
use coffer_store::rows::worker_secrets;
use serde_json::{Value, json};

use super::testing::{ES_MODULE, Multipart, SCRIPTS, metadata, secret};
use crate::testing::{Answer, TestApp, answer_of, failure, result, text_at};

/// How often each is tried: each time one of the requests comes some requests later than the other.
const ROUNDS: usize = 20;

/// How many requests that change nothing come before the one and the other.
fn looks(round: usize) -> (usize, usize) {
    match round % 2 {
        0 => (0, round / 2),
        _ => (round / 2, 0),
    }
}

/// Which router gets the second of two requests.
#[derive(Clone, Copy)]
enum Through {
    /// The same.
    One,
    /// One whose engine knows nothing of the turns of the first.
    Another,
}

/// The Worker of a round.
struct Shop<'a> {
    app: &'a TestApp,
    name: String,
    router: axum::Router,
}

impl<'a> Shop<'a> {
    async fn new(app: &'a TestApp, through: Through, round: usize) -> Self {
        let name = format!("shop-{round}");
        let path = format!("{SCRIPTS}/{name}");
        let bindings = json!([secret("KEPT", "kept"), secret("TOKEN", "old")]);
        result(
            &app.multipart(Method::PUT, &path, code("old", &bindings))
                .await,
        );
        let router = match through {
            Through::One => app.router.clone(),
            Through::Another => another_router(app),
        };
        Self { app, name, router }
    }

    /// Sends an upload, after so many requests that change nothing.
    async fn upload_after(
        &self,
        looks: usize,
        method: Method,
        path: &str,
        body: Multipart,
    ) -> Answer {
        self.look(&self.app.router, looks).await;
        self.app.multipart(method, path, body).await
    }

    /// Sends a request through the other router, after so many that change nothing.
    async fn ask_after(&self, looks: usize, method: Method, path: &str, body: Value) -> Answer {
        self.look(&self.router, looks).await;
        self.ask(&self.router, method, path, &body).await
    }

    async fn look(&self, router: &axum::Router, times: usize) {
        let path = format!("{SCRIPTS}/{}/versions", self.name);
        for _ in 0..times {
            result(&self.ask(router, Method::GET, &path, &Value::Null).await);
        }
    }

    async fn ask(&self, router: &axum::Router, method: Method, path: &str, body: &Value) -> Answer {
        let admin = self.app.admin();
        let mut request = self
            .app
            .build(&admin, method, path, body.to_string().into());
        let media_type = "application/json".parse().unwrap();
        request.headers_mut().insert("content-type", media_type);
        answer_of(router, request).await
    }

    /// All its versions as an edge knows them, oldest first.
    async fn versions(&self) -> Vec<VersionRecord> {
        let records = self.app.engine.snapshot().await.unwrap().records;
        let mut versions: Vec<_> = records
            .into_iter()
            .filter_map(|record| match record {
                Record::Version(one) if one.worker_name.as_str() == self.name => {
                    Some((*one).clone())
                }
                _ => None,
            })
            .collect();
        versions.sort_by_key(|one| one.number);
        versions
    }

    /// Its code as the version has it.
    async fn code_of(&self, version: &VersionRecord) -> String {
        let content = self.app.engine.blob(version.modules[0].digest).await;
        String::from_utf8(content.unwrap().to_vec()).unwrap()
    }

    /// Every sealed value is some version's.
    async fn check_values(&self, versions: &[VersionRecord]) {
        let secrets = versions.iter().flat_map(|one| &one.secrets);
        let read: BTreeSet<_> = secrets.map(|one| one.secret_id).collect();
        let mut reader = self.app.store.reader().await.unwrap();
        let kept = worker_secrets::of_worker(&mut reader, versions[0].worker_id)
            .await
            .unwrap();
        let kept: BTreeSet<_> = kept.iter().map(|row| row.id).collect();
        assert_eq!(kept, read);
    }
}

fn code(text: &str, bindings: &Value) -> Multipart {
    Multipart::of(&metadata(bindings)).module("index.js", ES_MODULE, text)
}

fn another_router(app: &TestApp) -> axum::Router {
    let installation = Installation::of_parts(
        app.store.clone(),
        Arc::clone(&app.keyring),
        app.clock.clone(),
        Arc::new(SystemRandom),
    );
    let engine = Engine::new(
        installation,
        app.start_check.clone(),
        AttemptLimits::default(),
        PasswordHasher::fast_for_tests(2),
    );
    TestApp::router_over(engine)
}

/// Whether it was done; if not, then because the other came in between. Secrets are set beside a newest version that
/// serves, and who reads between the two parts of what another does may see one that does not.
fn is_done(answer: &Answer, through: Through) -> bool {
    if answer.0 == StatusCode::OK {
        return true;
    }
    let (status, errors) = failure(answer);
    assert!(matches!(through, Through::Another), "{errors:?}");
    let code = errors[0].split(' ').next().unwrap();
    assert!(
        matches!((status, code), (409, "10013") | (400, "10215")),
        "{errors:?}"
    );
    false
}

async fn deploy_beside_secret_put(through: Through) {
    let app = TestApp::new().await;
    for round in 0..ROUNDS {
        let shop = Shop::new(&app, through, round).await;
        let path = format!("{SCRIPTS}/{}", shop.name);
        let body = code("new", &json!([secret("TOKEN", "deployed")]));
        let secrets = format!("{path}/secrets");
        let (first, second) = looks(round);
        let (deployed, put) = tokio::join!(
            shop.upload_after(first, Method::PUT, &path, body),
            shop.ask_after(second, Method::PUT, &secrets, secret("TOKEN", "put")),
        );

        let (deployed, put) = (is_done(&deployed, through), is_done(&put, through));
        assert!(deployed || put, "one of them is the first");
        let versions = shop.versions().await;
        assert_eq!(
            versions.len(),
            1 + usize::from(deployed) + usize::from(put),
            "{round}"
        );
        shop.check_values(&versions).await;
        // What each leaves is what it does to what the one before it left.
        let mut said = Vec::new();
        for version in &versions {
            let env = app.opened(version).await;
            assert_eq!(env["KEPT"], "kept");
            said.push(format!("{} {}", shop.code_of(version).await, env["TOKEN"]));
        }
        let orders: &[&[&str]] = match (deployed, put) {
            (true, true) => &[
                &["old old", "new deployed", "new put"],
                &["old old", "old put", "new deployed"],
            ],
            (true, false) => &[&["old old", "new deployed"]],
            (false, _) => &[&["old old", "old put"]],
        };
        assert!(orders.iter().any(|order| said == *order), "{said:?}");
        let serving = app.serving(&shop.name).await;
        assert_eq!(serving.version_id, versions.last().unwrap().version_id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_and_a_secret_follow_each_other() {
    deploy_beside_secret_put(Through::One).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_and_a_secret_follow_each_other_or_one_is_refused() {
    deploy_beside_secret_put(Through::Another).await;
}

async fn delete_beside_inheriting(through: Through) {
    let app = TestApp::new().await;
    for round in 0..ROUNDS {
        let shop = Shop::new(&app, through, round).await;
        let path = format!("{SCRIPTS}/{}/versions", shop.name);
        let draft = code("draft", &json!([secret("OWN", "own")]));
        let draft = app.multipart(Method::POST, &path, draft).await;
        let draft = text_at(result(&draft), "/id");
        let inherits = code("draft", &json!([{ "name": "OWN", "type": "inherit" }]));
        let strict = format!("{path}?bindings_inherit=strict");
        let delete = format!(
            "/accounts/{{account_id}}/workers/workers/{}/versions/{draft}",
            shop.name
        );
        let (first, second) = looks(round);
        let (uploaded, deleted) = tokio::join!(
            shop.upload_after(first, Method::POST, &strict, inherits),
            shop.ask_after(second, Method::DELETE, &delete, Value::Null),
        );

        result(&deleted);
        let versions = shop.versions().await;
        shop.check_values(&versions).await;
        let numbers: Vec<_> = versions.iter().map(|one| one.number).collect();
        if uploaded.0 == StatusCode::OK {
            assert_eq!(numbers, [1, 3]);
            // It serves with all that it has, though nothing else has it any more.
            let id = text_at(result(&uploaded), "/id");
            result(&app.deploy(&shop.name, &id, "").await);
            assert_eq!(app.env(&shop.name).await["OWN"], "own");
            assert_eq!(shop.code_of(&versions[1]).await, "draft");
        } else {
            assert_eq!(numbers, [1]);
            // What it was to inherit was gone when it was looked for, or went afterwards.
            let (_, errors) = failure(&uploaded);
            assert!(
                errors[0].starts_with("10057 ") || !is_done(&uploaded, through),
                "{errors:?}"
            );
        }
        assert_eq!(app.env(&shop.name).await["KEPT"], "kept");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_inherits_has_what_it_inherits() {
    delete_beside_inheriting(Through::One).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_inherits_has_what_it_inherits_or_is_refused() {
    delete_beside_inheriting(Through::Another).await;
}
