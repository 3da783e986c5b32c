//! What who may bind secrets of a store, but not deploy, may do by every route that makes versions.

use axum::http::Method;
use coffer_types::{PermissionGroup, Role};
use serde_json::{Value, json};

use super::testing::{CODE, ES_MODULE, Multipart, SCRIPTS, names, secret};
use crate::testing::{Actor, Answer, TestApp, failure, result};

const LATEST: &str = "/accounts/{account_id}/workers/workers/w/versions/latest";

/// The second module of the Worker, which could be the main one.
const LIB: &str = "export default { fetch() { return new Response('lib') } }";

/// A Worker `w` of two modules with a variable, a per-Worker secret and a binding to a secret of a store, and who
/// may change that binding.
struct Bound {
    app: TestApp,
    store: String,
    binder: Actor,
}

impl Bound {
    async fn new() -> Self {
        let (app, store) = TestApp::with_store().await;
        app.create_secret(&store, "KEY", "one").await;
        app.create_secret(&store, "NEXT", "two").await;
        let binder = app.member_with(&[Role::SecretsStoreDeployer]).await;
        let bound = Self { app, store, binder };
        let mut first = bound.metadata(&[bound.stored("B", "KEY")]);
        let own = secret("A", "1");
        first["bindings"].as_array_mut().unwrap().push(own);
        result(&bound.put(&bound.app.admin(), &first).await);
        bound
    }

    fn stored(&self, binding: &str, secret: &str) -> Value {
        json!({
            "name": binding, "type": "secrets_store_secret", "store_id": self.store, "secret_name": secret,
        })
    }

    /// What the Worker is uploaded with, but for the per-Worker secret, which is kept.
    fn metadata(&self, stored: &[Value]) -> Value {
        let mut bindings = vec![json!({ "name": "V", "type": "plain_text", "text": "x" })];
        bindings.extend_from_slice(stored);
        json!({
            "main_module": "index.js",
            "bindings": bindings,
            "keep_bindings": ["secret_text"],
            "compatibility_date": "2026-01-01",
            "compatibility_flags": ["nodejs_compat"],
            "limits": { "cpu_ms": 50 },
            "placement": { "mode": "smart" },
            "observability": { "enabled": true },
        })
    }

    fn code(metadata: &Value) -> Multipart {
        Multipart::script(metadata).module("lib.js", ES_MODULE, LIB)
    }

    async fn send(&self, actor: &Actor, method: Method, below: &str, body: Multipart) -> Answer {
        let path = format!("{SCRIPTS}/w{below}");
        self.app.multipart_as(actor, method, &path, body).await
    }

    async fn put(&self, actor: &Actor, metadata: &Value) -> Answer {
        self.send(actor, Method::PUT, "", Self::code(metadata))
            .await
    }

    async fn post(&self, actor: &Actor, metadata: &Value) -> Answer {
        let body = Self::code(metadata);
        self.send(actor, Method::POST, "/versions", body).await
    }

    async fn settings(&self, actor: &Actor, settings: &Value) -> Answer {
        let body = Multipart::default().field("settings", &settings.to_string());
        self.send(actor, Method::PATCH, "/settings", body).await
    }

    async fn patch(&self, actor: &Actor, query: &str, env: Value) -> Answer {
        let path = format!("{LATEST}{query}");
        let body = Some(json!({ "env": env }));
        self.app.request_as(actor, Method::PATCH, &path, body).await
    }

    /// What serves: the bindings to secrets of a store, after a check that the rest is as it was.
    async fn serving(&self) -> Vec<(String, String)> {
        let version = self.app.serving("w").await;
        assert_eq!(version.modules.len(), 2);
        assert_eq!(version.compatibility_flags, ["nodejs_compat"]);
        assert_eq!(self.app.opened(&version).await["A"], "1");
        let mut bound = Vec::new();
        for binding in &version.bindings {
            match &binding.kind {
                coffer_types::BindingKind::SecretsStoreSecret { secret_name, .. } => {
                    bound.push((binding.name.to_string(), secret_name.to_string()));
                }
                coffer_types::BindingKind::PlainText { text } => assert_eq!(text, "x"),
                _ => {}
            }
        }
        assert_eq!(version.bindings.len(), bound.len() + 2);
        bound.sort();
        bound
    }

    async fn deploy_latest(&self) {
        let latest = self.app.latest("w").await;
        let id = latest["id"].as_str().unwrap();
        result(&self.app.deploy("w", id, "").await);
    }
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(one, two): &(&str, &str)| ((*one).to_owned(), (*two).to_owned());
    expected.iter().map(owned).collect()
}

/// Whoever may bind and view Workers, by role and by token.
async fn binders(app: &TestApp) -> Vec<(&'static str, Actor)> {
    let bind = PermissionGroup::SECRETS_STORE_BIND;
    let edit = PermissionGroup::SECRETS_STORE_WRITE;
    let read = PermissionGroup::WORKERS_SCRIPTS_READ;
    vec![
        (
            "Deployer",
            app.member_with(&[Role::SecretsStoreDeployer]).await,
        ),
        ("token Bind", app.token_with(&[bind, read]).await),
        (
            "account's token Bind",
            app.account_token(&[bind, read]).await,
        ),
        ("token Edit", app.token_with(&[edit, read]).await),
    ]
}

#[tokio::test]
async fn bindings_are_added_changed_and_removed_by_every_route() {
    let bound = Bound::new().await;
    for (name, actor) in binders(&bound.app).await {
        // An upload of the same code: changed and added.
        let more = [bound.stored("B", "NEXT"), bound.stored("C", "KEY")];
        result(&bound.put(&actor, &bound.metadata(&more)).await);
        let expected = pairs(&[("B", "NEXT"), ("C", "KEY")]);
        assert_eq!(bound.serving().await, expected, "{name}");
        // The same as a version that waits to be deployed: removed.
        result(&bound.post(&actor, &bound.metadata(&[])).await);
        assert_eq!(bound.serving().await, expected, "{name}");
        bound.deploy_latest().await;
        assert_eq!(bound.serving().await, [], "{name}");
        // Out of the latest version, at once and waiting.
        let env = json!({ "B": bound.stored("B", "KEY"), "D": bound.stored("D", "KEY") });
        result(&bound.patch(&actor, "?deploy=true", env).await);
        assert_eq!(
            bound.serving().await,
            pairs(&[("B", "KEY"), ("D", "KEY")]),
            "{name}"
        );
        result(&bound.patch(&actor, "", json!({ "D": null })).await);
        assert_eq!(bound.serving().await.len(), 2, "{name}");
        bound.deploy_latest().await;
        // By settings, with what was read sent back.
        let kept = [
            json!({ "name": "A", "type": "secret_text" }),
            json!({ "name": "V", "type": "plain_text" }),
        ];
        let [own, var] = kept;
        let edited = json!({ "bindings": [own, var, bound.stored("E", "NEXT")], "logpush": false });
        result(&bound.settings(&actor, &edited).await);
        assert_eq!(bound.serving().await, pairs(&[("E", "NEXT")]), "{name}");
    }
}

#[tokio::test]
async fn whoever_may_not_bind_or_not_view_workers_is_refused_by_every_route() {
    let bound = Bound::new().await;
    let app = &bound.app;
    let more = [bound.stored("B", "KEY"), bound.stored("C", "KEY")];
    let metadata = bound.metadata(&more);
    let refused = [
        (
            "Reporter",
            app.member_with(&[Role::SecretsStoreReporter]).await,
        ),
        ("Admin", app.member_with(&[Role::SecretsStoreAdmin]).await),
        (
            "Admin who views Workers",
            app.member_with(&[Role::SecretsStoreAdmin, Role::WorkersReadOnly])
                .await,
        ),
        (
            "Bind alone",
            app.token_with(&[PermissionGroup::SECRETS_STORE_BIND]).await,
        ),
        (
            "Read",
            app.token_with(&[
                PermissionGroup::SECRETS_STORE_READ,
                PermissionGroup::WORKERS_SCRIPTS_READ,
            ])
            .await,
        ),
    ];
    let deploys = app.member_with(&[Role::WorkersPlatformAdmin]).await;
    let written = app.written().await;
    for (name, actor) in refused {
        let answers = [
            bound.put(&actor, &metadata).await,
            bound.post(&actor, &metadata).await,
            bound.settings(&actor, &json!({ "bindings": more })).await,
            bound.patch(&actor, "", json!({ "C": more[1] })).await,
        ];
        for answer in answers {
            let expected = "10000 Authentication error: not permitted".to_owned();
            assert_eq!(failure(&answer), (403, vec![expected]), "{name}");
        }
    }
    // Who may deploy but not bind is told so.
    for answer in [
        bound.put(&deploys, &metadata).await,
        bound.post(&deploys, &metadata).await,
        bound.patch(&deploys, "", json!({ "C": more[1] })).await,
    ] {
        let (status, errors) = failure(&answer);
        assert_eq!(status, 400);
        assert!(errors[0].starts_with("10021 Secrets store binding authorization"));
    }
    assert_eq!(app.written().await, written);
    // Both together do both.
    let both = [
        PermissionGroup::SECRETS_STORE_BIND,
        PermissionGroup::WORKERS_SCRIPTS_WRITE,
    ];
    let both = app.token_with(&both).await;
    let mut changed = metadata;
    changed["compatibility_date"] = json!("2026-01-02");
    result(&bound.put(&both, &changed).await);
}

/// A change of an upload's metadata.
type Change = fn(&mut Value);

/// Changes that go beyond bindings to secrets of a store, with what the refusal names.
fn beyond() -> Vec<(&'static str, Change)> {
    fn bindings(metadata: &mut Value) -> &mut Vec<Value> {
        metadata["bindings"].as_array_mut().unwrap()
    }
    vec![
        ("compatibility_date", |m| {
            m["compatibility_date"] = json!("2026-01-02");
        }),
        ("compatibility_flags", |m| {
            m["compatibility_flags"] = json!([]);
        }),
        ("limits", |m| {
            m["limits"] = Value::Null;
        }),
        ("limits", |m| {
            m["limits"] = json!({ "cpu_ms": 51 });
        }),
        ("placement", |m| {
            m["placement"] = json!({ "mode": "off" });
        }),
        ("binding V", |m| bindings(m)[0]["text"] = json!("y")),
        ("binding V", |m| drop(bindings(m).remove(0))),
        ("binding N", |m| {
            bindings(m).push(json!({ "name": "N", "type": "json", "json": 1 }));
        }),
        ("binding S", |m| bindings(m).push(secret("S", "new"))),
        // The same value, but no one can tell.
        ("binding A", |m| bindings(m).push(secret("A", "1"))),
        ("binding A", |m| {
            m["keep_bindings"] = json!([]);
        }),
        ("binding A", |m| {
            let stored = bindings(m)[1].clone();
            bindings(m).push(stored);
            bindings(m)[2]["name"] = json!("A");
        }),
        ("binding A, binding R", |m| {
            bindings(m).push(json!({ "name": "R", "type": "inherit", "old_name": "A" }));
        }),
        ("limits, placement, binding V", |m| {
            m["limits"] = json!({});
            m["placement"] = json!({});
            bindings(m)[0]["text"] = json!("y");
        }),
    ]
}

/// The refusal of what goes beyond, by these parts.
fn beyond_by(parts: &str) -> (u16, Vec<String>) {
    let message = "10000 Authentication error: you may change the Secrets Store bindings of an existing Worker and \
                   nothing else; this request also changes";
    (403, vec![format!("{message} {parts}")])
}

#[tokio::test]
async fn an_upload_that_changes_more_is_refused_by_name() {
    let bound = Bound::new().await;
    let app = &bound.app;
    let serving = bound.serving().await;
    let written = app.written().await;
    for (parts, change) in beyond() {
        let mut metadata = bound.metadata(&[bound.stored("B", "NEXT")]);
        change(&mut metadata);
        let expected = beyond_by(parts);
        assert_eq!(
            failure(&bound.put(&bound.binder, &metadata).await),
            expected,
            "{parts}"
        );
        assert_eq!(
            failure(&bound.post(&bound.binder, &metadata).await),
            expected,
            "{parts}"
        );
    }
    // Settings that no version has are set apart from one, but go with an upload.
    for change in [
        json!({ "observability": { "enabled": false } }),
        json!({ "logpush": true }),
        json!({ "tags": ["t"] }),
        json!({ "tail_consumers": [{ "service": "w" }] }),
    ] {
        let mut metadata = bound.metadata(&[bound.stored("B", "NEXT")]);
        for (name, value) in change.as_object().unwrap() {
            metadata[name] = value.clone();
        }
        let answer = bound.put(&bound.binder, &metadata).await;
        assert_eq!(
            failure(&answer),
            beyond_by("settings of the Worker"),
            "{change}"
        );
    }
    assert_eq!(app.written().await, written);
    assert_eq!(bound.serving().await, serving);
}

#[tokio::test]
async fn other_code_is_refused_however_it_differs() {
    let bound = Bound::new().await;
    let app = &bound.app;
    let written = app.written().await;
    let metadata = bound.metadata(&[bound.stored("B", "NEXT")]);
    let mut renamed = metadata.clone();
    renamed["main_module"] = json!("lib.js");
    let main =
        |metadata: &Value, code: &str| Multipart::of(metadata).module("index.js", ES_MODULE, code);
    let evil = "export default { fetch(r, e) { return e.B.get() } }";
    let uploads = [
        (
            "other text",
            main(&metadata, evil).module("lib.js", ES_MODULE, LIB),
        ),
        ("a module less", main(&metadata, CODE)),
        (
            "a module more",
            Bound::code(&metadata).module("more.txt", "text/plain", "x"),
        ),
        (
            "another kind",
            main(&metadata, CODE).module("lib.js", "text/plain", LIB),
        ),
        (
            "another name",
            main(&metadata, CODE).module("other.js", ES_MODULE, LIB),
        ),
        (
            "another main module",
            Multipart::of(&renamed)
                .module("index.js", ES_MODULE, CODE)
                .module("lib.js", ES_MODULE, LIB),
        ),
    ];
    for (name, body) in uploads {
        for (method, below) in [(Method::PUT, ""), (Method::POST, "/versions")] {
            let answer = bound.send(&bound.binder, method, below, body.clone()).await;
            assert_eq!(failure(&answer), beyond_by("the code"), "{name}");
        }
    }
    assert_eq!(app.written().await, written);
    // The order of modules is no difference.
    let turned = Multipart::of(&metadata)
        .module("lib.js", ES_MODULE, LIB)
        .module("index.js", ES_MODULE, CODE);
    result(&bound.send(&bound.binder, Method::PUT, "", turned).await);
    assert_eq!(bound.serving().await, pairs(&[("B", "NEXT")]));
}

#[tokio::test]
async fn edits_without_code_that_change_more_are_refused_by_name() {
    let bound = Bound::new().await;
    let written = bound.app.written().await;
    let var = json!({ "type": "plain_text", "text": "y" });
    for (parts, env) in [
        ("binding V", json!({ "V": var })),
        ("binding N", json!({ "N": var })),
        ("binding V", json!({ "V": null })),
        (
            "binding A",
            json!({ "A": { "type": "secret_text", "text": "1" } }),
        ),
        ("binding A", json!({ "A": null, "B": null })),
        ("binding A", json!({ "A": bound.stored("A", "KEY") })),
        ("binding B", json!({ "B": var })),
    ] {
        for query in ["", "?deploy=true"] {
            let answer = bound.patch(&bound.binder, query, env.clone()).await;
            assert_eq!(failure(&answer), beyond_by(parts), "{env}");
        }
    }
    for (parts, settings) in [
        (
            "compatibility_date",
            json!({ "compatibility_date": "2026-01-02" }),
        ),
        ("limits", json!({ "limits": { "cpu_ms": 1 } })),
        ("placement", json!({ "placement": {} })),
        ("settings of the Worker", json!({ "tags": ["x"] })),
        ("settings of the Worker", json!({ "observability": null })),
        (
            "binding A, binding V",
            json!({ "bindings": [bound.stored("B", "KEY")] }),
        ),
    ] {
        let answer = bound.settings(&bound.binder, &settings).await;
        let (status, mut errors) = failure(&answer);
        errors[0] = errors[0].replace("binding V, binding A", "binding A, binding V");
        assert_eq!((status, errors), beyond_by(parts), "{settings}");
    }
    // What else makes or moves versions is not for who may only bind.
    let app = &bound.app;
    let version = app.serving("w").await.version_id;
    let split = json!({ "strategy": "percentage", "versions": [{ "version_id": version, "percentage": 100 }] });
    for (method, below, body) in [
        (Method::POST, "/deployments", split),
        (Method::PUT, "/secrets", secret("A", "2")),
        (
            Method::PATCH,
            "/script-settings",
            json!({ "logpush": true }),
        ),
        (Method::POST, "/subdomain", json!({ "enabled": true })),
        (Method::DELETE, "/secrets/A", Value::Null),
        (Method::DELETE, "", Value::Null),
    ] {
        let path = format!("{SCRIPTS}/w{below}");
        let answer = app
            .request_as(&bound.binder, method, &path, Some(body))
            .await;
        assert_eq!(failure(&answer).0, 403, "{below}");
    }
    assert_eq!(app.written().await, written);
}

#[tokio::test]
async fn traffic_is_not_moved_and_no_worker_is_made() {
    let bound = Bound::new().await;
    let app = &bound.app;
    let binder = &bound.binder;
    let same = bound.metadata(&[bound.stored("B", "NEXT")]);
    // A version of an administrator waits: an edit at once would send traffic to its code.
    let first = app.serving("w").await.version_id.to_string();
    let mut other = bound.metadata(&[]);
    other["compatibility_date"] = json!("2026-01-03");
    let waiting = bound.post(&app.admin(), &other).await;
    let waiting = result(&waiting)["id"].as_str().unwrap().to_owned();
    let written = app.written().await;
    let mut upload = other.clone();
    upload["bindings"] = same["bindings"].clone();
    let expected = beyond_by("how traffic is divided");
    assert_eq!(failure(&bound.put(binder, &upload).await), expected);
    let env = json!({ "B": bound.stored("B", "NEXT") });
    assert_eq!(
        failure(&bound.patch(binder, "?deploy=true", env.clone()).await),
        expected
    );
    // What is deployed is not the latest, so it is other code.
    let expected = beyond_by("compatibility_date, how traffic is divided");
    assert_eq!(failure(&bound.put(binder, &same).await), expected);
    let (status, errors) = failure(&bound.settings(binder, &json!({ "bindings": [] })).await);
    assert_eq!((status, &errors[0][..6]), (400, "10215 "));
    assert_eq!(app.written().await, written);
    // A version that waits may be made of it.
    result(&bound.patch(binder, "", env.clone()).await);

    // Nor in the middle of a gradual deployment.
    let path = format!("{SCRIPTS}/w/deployments");
    let split = json!([
        { "version_id": first, "percentage": 90 }, { "version_id": waiting, "percentage": 10 },
    ]);
    let body = json!({ "strategy": "percentage", "versions": split });
    result(&app.request(Method::POST, &path, Some(body)).await);
    let written = app.written().await;
    let answer = bound.patch(binder, "?deploy=true", env).await;
    assert_eq!(failure(&answer), beyond_by("how traffic is divided"));

    // A Worker is made by who may deploy.
    let path = format!("{SCRIPTS}/new");
    let body = Bound::code(&same);
    let answer = app
        .multipart_as(binder, Method::PUT, &path, body.clone())
        .await;
    assert_eq!(
        failure(&answer),
        beyond_by("the code (the Worker has no version yet)")
    );
    let path = format!("{path}/versions");
    let answer = app.multipart_as(binder, Method::POST, &path, body).await;
    assert!(failure(&answer).1[0].starts_with("10007 "));
    assert_eq!(app.written().await, written);
}

#[tokio::test]
async fn secrets_that_are_not_for_workers_or_not_mine_are_refused() {
    let bound = Bound::new().await;
    let app = &bound.app;
    let path = format!(
        "/accounts/{{account_id}}/secrets_store/stores/{}/secrets",
        bound.store
    );
    let body = json!([{ "name": "GATEWAY", "value": "v", "scopes": ["ai_gateway"] }]);
    result(&app.request(Method::POST, &path, Some(body)).await);
    let other = app.other_account().await;
    let path = format!("/accounts/{}/secrets_store/stores", other.id);
    let body = Some(json!({ "name": "theirs" }));
    let made = app
        .request_as(&other.admin, Method::POST, &path, body)
        .await;
    let theirs = result(&made)["id"].as_str().unwrap().to_owned();
    let path = format!("{path}/{theirs}/secrets");
    let body = json!([{ "name": "KEY", "value": "v", "scopes": ["workers"] }]);
    result(
        &app.request_as(&other.admin, Method::POST, &path, Some(body))
            .await,
    );

    let written = app.written().await;
    let foreign = json!({
        "name": "C", "type": "secrets_store_secret", "store_id": theirs, "secret_name": "KEY",
    });
    for (binding, expected) in [
        (
            bound.stored("C", "GATEWAY"),
            "10021 Secrets store binding authorization failed.",
        ),
        (
            bound.stored("C", "NOPE"),
            "10182 Secrets Store binding 'C' references store",
        ),
        (foreign, "10182 Secrets Store binding 'C' references store"),
    ] {
        let metadata = bound.metadata(&[bound.stored("B", "KEY"), binding.clone()]);
        let kept = json!([
            { "name": "A", "type": "secret_text" }, { "name": "V", "type": "plain_text" }, binding,
        ]);
        for answer in [
            bound.put(&bound.binder, &metadata).await,
            bound.post(&bound.binder, &metadata).await,
            bound
                .settings(&bound.binder, &json!({ "bindings": kept }))
                .await,
            bound
                .patch(&bound.binder, "", json!({ "C": binding }))
                .await,
        ] {
            let (status, errors) = failure(&answer);
            assert_eq!(status, 400);
            assert!(errors[0].starts_with(expected), "{errors:?}");
        }
    }
    assert_eq!(app.written().await, written);
    let latest = app.latest("w").await;
    let bound_names = names(&latest["resources"]["bindings"]);
    assert!(bound_names.iter().all(|(name, _)| name != "C"));
}
