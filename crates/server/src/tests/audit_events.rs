//! Every operation that changes something tells of it in the audit log: what, whose request it was, and how it was
//! answered. An operation that is not tried here fails the test.

mod rows;

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, header};
use coffer_store::rows::audit::{NewEvent, RawRequest};
use coffer_store::rows::audit_query::{self, EventQuery, EventsOf};
use coffer_store::rows::{Direction, Slice};
use coffer_types::audit::Outcome;
use coffer_types::{PermissionGroup, Role, UserId};
use serde_json::{Value, json};

use crate::route_table;
use crate::testing::members::text_of;
use crate::testing::{Actor, Answer, TestApp, result, session_text, text_at};
use rows::Keys;

const ACCOUNT: &str = "/accounts/{account_id}";
const STORES: &str = "/accounts/{account_id}/secrets_store/stores";
const SCRIPT: &str = "/accounts/{account_id}/workers/scripts/{script_name}";

/// One application, and which of its operations were tried.
struct Log {
    app: TestApp,
    actor: Actor,
    tried: BTreeSet<(String, String)>,
    /// What the parameters of paths stand for.
    parameters: Vec<(&'static str, String)>,
    /// The users who act or are acted on.
    users: Vec<UserId>,
    /// What was not as it should be.
    problems: Vec<String>,
}

impl Log {
    async fn new() -> Self {
        let app = TestApp::new().await;
        Self {
            actor: app.admin(),
            users: vec![app.admin_id().await],
            app,
            tried: BTreeSet::new(),
            parameters: Vec::new(),
            problems: Vec::new(),
        }
    }

    fn set(&mut self, parameter: &'static str, value: impl Into<String>) {
        self.parameters.retain(|(name, _)| *name != parameter);
        self.parameters.push((parameter, value.into()));
    }

    fn filled(&self, route: &str) -> String {
        let mut path = route.to_owned();
        for (name, value) in &self.parameters {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        path
    }

    /// Sends a JSON request and checks its events, named as `create secret`, in any order.
    async fn json(&mut self, method: Method, route: &str, body: Value, events: &[&str]) -> Answer {
        let body = Body::from(body.to_string());
        self.send(method, route, "application/json", body, events)
            .await
    }

    /// Sends a multipart request with one part of metadata and one module.
    async fn upload(
        &mut self,
        method: Method,
        route: &str,
        (part, metadata): (&str, Value),
        events: &[&str],
    ) -> Answer {
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"{part}\"\r\n\r\n{metadata}\r\n\
             --b\r\nContent-Disposition: form-data; name=\"index.js\"; filename=\"index.js\"\r\n\
             Content-Type: application/javascript+module\r\n\r\nexport default {{}}\r\n--b--\r\n"
        );
        let media_type = "multipart/form-data; boundary=b";
        self.send(method, route, media_type, Body::from(body), events)
            .await
    }

    async fn send(
        &mut self,
        method: Method,
        route: &str,
        media_type: &str,
        body: Body,
        events: &[&str],
    ) -> Answer {
        let name = format!("{method} {route}");
        let (template, _) = route.split_once('?').unwrap_or((route, ""));
        self.tried.insert((method.to_string(), template.to_owned()));
        let before = self.app.audit_events().await.len();
        let rows = Keys::of(&self.app).await;
        let mut request = self
            .app
            .build(&self.actor, method.clone(), &self.filled(route), body);
        let path = request.uri().path().to_owned();
        let media_type = media_type.parse().unwrap();
        request
            .headers_mut()
            .insert(header::CONTENT_TYPE, media_type);
        let agent = "a test".parse().unwrap();
        request.headers_mut().insert(header::USER_AGENT, agent);
        let answer = self.app.send(request).await;
        assert!(answer.0.is_success(), "{name}: {}", answer.2);

        let added: Vec<_> = self.app.audit_events().await.split_off(before);
        let mut told: Vec<_> = added
            .iter()
            .map(|event| format!("{} {}", event.action, event.resource_kind))
            .collect();
        told.sort();
        let mut expected: Vec<_> = events.iter().map(|event| (*event).to_owned()).collect();
        expected.sort();
        if told != expected {
            let problem = format!("{name}: {told:?}, not {expected:?}");
            self.problems.push(problem);
        }
        let untold = Keys::of(&self.app).await.untold(&rows, &told);
        if !untold.is_empty() {
            let problem = format!("{name}: no event tells of new rows in {untold:?}");
            self.problems.push(problem);
        }

        let ray = answer.1["cf-ray"].to_str().unwrap();
        let of_request = self.events_of(ray).await;
        if of_request.len() != added.len() {
            self.problems
                .push(format!("{name}: an event is in nobody's log"));
        }
        for event in of_request {
            let expected = RawRequest {
                method: method.to_string(),
                path: path.clone(),
                user_agent: "a test".to_owned(),
                status: answer.0.as_u16(),
            };
            let of_account = !route.starts_with(ACCOUNT) || event.account_id.is_some();
            let whole = event.request.raw == Some(expected)
                && event.outcome == Outcome::Success
                && !event.resource_id.is_empty();
            if !(of_account && whole) {
                self.problems.push(format!("{name}: {event:?}"));
            }
        }
        answer
    }

    /// The events of a request that are in the log of the account or of a user who acts or is acted on.
    async fn events_of(&self, ray: &str) -> Vec<NewEvent> {
        let mut reader = self.app.store.reader().await.unwrap();
        let mut found: Vec<NewEvent> = Vec::new();
        let mut logs = vec![EventsOf::Account(self.app.first.account_id)];
        logs.extend(self.users.iter().map(|id| EventsOf::User {
            id: *id,
            accounts: None,
        }));
        for of in logs {
            let query = EventQuery {
                of,
                since: None,
                before: None,
                conditions: Vec::new(),
                direction: Direction::Ascending,
            };
            let events = audit_query::page(&mut reader, &query, None, Slice::ALL).await;
            for stored in events.unwrap() {
                let known = found.iter().any(|event| event.id == stored.event.id);
                if !known && stored.event.request.id.to_string() == ray {
                    found.push(stored.event);
                }
            }
        }
        found
    }
}

#[tokio::test]
async fn every_change_is_told() {
    let mut log = Log::new().await;
    secrets_store(&mut log).await;
    workers(&mut log).await;
    pages(&mut log).await;
    tokens(&mut log).await;
    account(&mut log).await;
    let stores = format!("{STORES}/{{store_id}}?force=true");
    let left = ["delete store", "delete secret", "delete secret"];
    log.json(Method::DELETE, &stores, Value::Null, &left).await;
    memberships(&mut log).await;
    user(&mut log).await;
    assert!(log.problems.is_empty(), "{:#?}", log.problems);
    let changing: BTreeSet<_> = route_table()
        .into_iter()
        .filter(|route| route.served && route.method != "GET")
        .map(|route| (route.method.to_owned(), route.path.to_owned()))
        .collect();
    let untried: Vec<_> = changing.difference(&log.tried).collect();
    assert!(untried.is_empty(), "{untried:#?}");
    let unserved: Vec<_> = log.tried.difference(&changing).collect();
    assert!(unserved.is_empty(), "{unserved:#?}");
}

async fn secrets_store(log: &mut Log) {
    let made = log
        .json(
            Method::POST,
            STORES,
            json!({ "name": "dev" }),
            &["create store"],
        )
        .await;
    log.set("store_id", text_at(result(&made), "/id"));
    let secrets = format!("{STORES}/{{store_id}}/secrets");
    let new =
        ["A", "B", "C"].map(|name| json!({ "name": name, "value": "v", "scopes": ["workers"] }));
    let made = log
        .json(Method::POST, &secrets, json!(new), &["create secret"; 3])
        .await;
    let ids = ["/0/id", "/1/id", "/2/id"].map(|pointer| text_at(result(&made), pointer));
    let secret = format!("{secrets}/{{secret_id}}");
    log.set("secret_id", &ids[0]);
    log.json(
        Method::PATCH,
        &secret,
        json!({ "value": "w" }),
        &["update secret"],
    )
    .await;
    let compare = "/accounts/{account_id}/coffer/stores/{store_id}/compare";
    let body = json!([{ "name": "A", "value": "w" }]);
    log.json(Method::POST, compare, body, &["access store"])
        .await;
    let copy = json!({ "name": "COPY", "scopes": ["workers"] });
    let duplicate = format!("{secret}/duplicate");
    log.json(Method::POST, &duplicate, copy, &["create secret"])
        .await;
    log.set("secret_id", &ids[1]);
    log.json(Method::DELETE, &secret, Value::Null, &["delete secret"])
        .await;
    log.json(
        Method::DELETE,
        &secrets,
        json!([{ "id": ids[2] }]),
        &["delete secret"],
    )
    .await;
}

async fn pages(log: &mut Log) {
    const PROJECTS: &str = "/accounts/{account_id}/pages/projects";
    let project = format!("{PROJECTS}/{{project_name}}");
    let variable = |value: Value| json!({ "production": { "env_vars": { "KEY": value } } });
    let secret = |value: &str| variable(json!({ "type": "secret_text", "value": value }));
    let made = ["create pages_project"];
    log.json(Method::POST, PROJECTS, json!({ "name": "site" }), &made)
        .await;
    log.set("project_name", "site");
    for (configurations, event) in [
        (secret("1"), "create pages_secret"),
        (secret("2"), "update pages_secret"),
        (variable(Value::Null), "delete pages_secret"),
        (
            json!({ "preview": { "fail_open": false } }),
            "update pages_project",
        ),
    ] {
        let body = json!({ "deployment_configs": configurations });
        log.json(Method::PATCH, &project, body, &[event]).await;
    }
    pages_files(log).await;
    let deployments = format!("{project}/deployments");
    let mut deploy = async || {
        let form =
            "--b\r\nContent-Disposition: form-data; name=\"manifest\"\r\n\r\n{}\r\n--b--\r\n";
        let media_type = "multipart/form-data; boundary=b";
        let made = ["create pages_deployment"];
        let answer = log
            .send(Method::POST, &deployments, media_type, form.into(), &made)
            .await;
        text_at(result(&answer), "/id")
    };
    let (first, second) = (deploy().await, deploy().await);
    let deployment = format!("{deployments}/{{deployment_id}}");
    log.set("deployment_id", &first);
    let tails = format!("{deployment}/tails");
    let answer = log
        .json(Method::POST, &tails, json!({}), &["create tail"])
        .await;
    log.set("tail_id", text_at(result(&answer), "/id"));
    let tail = format!("{tails}/{{tail_id}}");
    log.json(Method::DELETE, &tail, Value::Null, &["delete tail"])
        .await;
    for (id, method, path, event) in [
        (
            &first,
            Method::POST,
            format!("{deployment}/rollback"),
            "update pages_deployment",
        ),
        (
            &second,
            Method::DELETE,
            deployment.clone(),
            "delete pages_deployment",
        ),
    ] {
        log.set("deployment_id", id);
        log.json(method, &path, Value::Null, &[event]).await;
    }
    log.json(
        Method::DELETE,
        &project,
        Value::Null,
        &["delete pages_project"],
    )
    .await;
}

/// Files are nothing until a deployment has them, and that is told.
async fn pages_files(log: &mut Log) {
    let token = log.app.request(
        Method::GET,
        "/accounts/{account_id}/pages/projects/site/upload-token",
        None,
    );
    let token = format!("Bearer {}", text_at(result(&token.await), "/jwt"));
    let actor = std::mem::replace(
        &mut log.actor,
        Actor::with_headers(&[("authorization", &token)]),
    );
    let none = || json!({ "hashes": [] });
    for (path, body) in [
        ("/pages/assets/check-missing", none()),
        ("/pages/assets/upload", json!([])),
        ("/pages/assets/upsert-hashes", none()),
    ] {
        log.json(Method::POST, path, body, &[]).await;
    }
    log.actor = actor;
}

/// Files are nothing until a version has them, and that is told.
async fn assets(log: &mut Log) {
    let begin = format!("{SCRIPT}/assets-upload-session");
    let begun = log
        .json(Method::POST, &begin, json!({ "manifest": {} }), &[])
        .await;
    let token = format!("Bearer {}", text_at(result(&begun), "/jwt"));
    let actor = std::mem::replace(
        &mut log.actor,
        Actor::with_headers(&[("authorization", &token)]),
    );
    log.send(
        Method::POST,
        &format!("{ACCOUNT}/workers/assets/upload?base64=true"),
        "multipart/form-data; boundary=b",
        Body::from("--b--\r\n"),
        &[],
    )
    .await;
    log.actor = actor;
}

async fn workers(log: &mut Log) {
    const NEW_SECRET: [&str; 3] = [
        "create version",
        "create deployment",
        "create worker_secret",
    ];
    let text =
        |name: &str, text: &str| json!({ "name": name, "type": "secret_text", "text": text });
    let metadata = |bindings: Value| {
        let keep = ["secret_text"];
        (
            "metadata",
            json!({ "main_module": "index.js", "bindings": bindings, "keep_bindings": keep }),
        )
    };
    log.set("script_name", "hello");
    assets(log).await;
    log.upload(
        Method::PUT,
        SCRIPT,
        metadata(json!([text("FIRST", "1")])),
        &[
            "create worker",
            "create version",
            "create deployment",
            "create worker_secret",
        ],
    )
    .await;
    log.json(
        Method::PUT,
        &format!("{SCRIPT}/secrets"),
        text("KEY", "1"),
        &NEW_SECRET,
    )
    .await;
    log.json(
        Method::PATCH,
        &format!("{SCRIPT}/secrets-bulk"),
        json!({ "secrets": {
            "FIRST": text("FIRST", "2"), "KEY": null, "LAST": text("LAST", "1"),
        } }),
        &[
            "create version",
            "create deployment",
            "create worker_secret",
            "update worker_secret",
            "delete worker_secret",
        ],
    )
    .await;
    log.set("secret_name", "LAST");
    log.json(
        Method::DELETE,
        &format!("{SCRIPT}/secrets/{{secret_name}}"),
        Value::Null,
        &[
            "create version",
            "create deployment",
            "delete worker_secret",
        ],
    )
    .await;
    let settings = ("settings", json!({ "compatibility_date": "2026-02-01" }));
    log.upload(
        Method::PATCH,
        &format!("{SCRIPT}/settings"),
        settings,
        &["create version", "create deployment"],
    )
    .await;
    log.json(
        Method::PATCH,
        &format!("{SCRIPT}/script-settings"),
        json!({ "logpush": true }),
        &["update worker"],
    )
    .await;
    let made = log
        .upload(
            Method::POST,
            &format!("{SCRIPT}/versions"),
            metadata(json!([])),
            &["create version"],
        )
        .await;
    let version = text_at(result(&made), "/id");
    log.json(
        Method::POST,
        &format!("{SCRIPT}/deployments"),
        json!({ "strategy": "percentage", "versions": [{ "version_id": version, "percentage": 100 }] }),
        &["create deployment"],
    )
    .await;
    history(log, &version).await;
    let tails = format!("{SCRIPT}/tails");
    let answer = log
        .json(Method::POST, &tails, json!({}), &["create tail"])
        .await;
    log.set("id", text_at(result(&answer), "/id"));
    let tail = format!("{tails}/{{id}}");
    log.json(Method::DELETE, &tail, Value::Null, &["delete tail"])
        .await;
    let subdomain = format!("{SCRIPT}/subdomain");
    log.json(
        Method::POST,
        &subdomain,
        json!({ "enabled": true }),
        &["update worker"],
    )
    .await;
    log.json(Method::DELETE, &subdomain, Value::Null, &["update worker"])
        .await;
    // There are none, and none replace them.
    log.json(
        Method::PUT,
        &format!("{SCRIPT}/schedules"),
        json!([]),
        &["update worker"],
    )
    .await;
    hostnames(log).await;
    log.set("worker_id", "hello");
    let derived = json!({ "env": { "DERIVED": { "type": "secret_text", "text": "1" } } });
    log.json(
        Method::PATCH,
        "/accounts/{account_id}/workers/workers/{worker_id}/versions/latest",
        derived,
        &["create version", "create worker_secret"],
    )
    .await;
    let worker = "/accounts/{account_id}/workers/workers/{worker_id}";
    log.json(
        Method::PATCH,
        worker,
        json!({ "logpush": true }),
        &["update worker"],
    )
    .await;
    log.json(Method::PUT, worker, json!({}), &["update worker"])
        .await;
    let gone = [
        "delete worker",
        "delete worker_secret",
        "delete worker_secret",
    ];
    log.json(Method::DELETE, SCRIPT, Value::Null, &gone).await;
    log.upload(
        Method::PUT,
        SCRIPT,
        metadata(json!([])),
        &["create worker", "create version", "create deployment"],
    )
    .await;
    let service = "/accounts/{account_id}/workers/services/{script_name}";
    log.json(Method::DELETE, service, Value::Null, &["delete worker"])
        .await;
    log.json(
        Method::POST,
        "/accounts/{account_id}/workers/workers",
        json!({ "name": "hello" }),
        &["create worker"],
    )
    .await;
    let code = json!({
        "main_module": "index.js",
        "modules": [{ "name": "index.js", "content_type": "application/javascript+module", "content_base64": "" }],
    });
    let versions = format!("{worker}/versions");
    log.json(Method::POST, &versions, code, &["create version"])
        .await;
    log.json(Method::DELETE, worker, Value::Null, &["delete worker"])
        .await;
}

/// Custom domains and routes: what only looks has no event.
async fn hostnames(log: &mut Log) {
    let domains = "/accounts/{account_id}/workers/domains";
    let body = json!({ "hostname": "a.example.com", "service": "hello" });
    let told = ["update worker"];
    let answer = log.json(Method::PUT, domains, body, &told).await;
    log.set("domain_id", text_at(result(&answer), "/id"));
    let domain = format!("{domains}/{{domain_id}}");
    log.json(Method::DELETE, &domain, Value::Null, &told).await;
    let changeset = format!("{SCRIPT}/domains/changeset");
    let origins = json!([{ "hostname": "b.example.com" }]);
    log.json(Method::POST, &changeset, origins.clone(), &[])
        .await;
    let records = format!("{SCRIPT}/domains/records");
    let body = json!({ "origins": origins });
    log.json(Method::PUT, &records, body, &told).await;
    let routes = json!([{ "pattern": "c.example.com/*" }]);
    log.json(Method::PUT, &format!("{SCRIPT}/routes"), routes, &told)
        .await;
}

/// Of what has a newest version that is deployed.
async fn history(log: &mut Log, deployed: &str) {
    const VERSION: &str =
        "/accounts/{account_id}/workers/workers/{worker_id}/versions/{version_id}";
    const LATEST: &str = "/accounts/{account_id}/workers/workers/{worker_id}/versions/latest";
    log.set("worker_id", "hello");
    let settings = ("metadata", json!({ "main_module": "index.js" }));
    let content = format!("{SCRIPT}/content");
    let made = ["create version", "create deployment"];
    log.upload(Method::PUT, &content, settings, &made).await;
    // The version that was deployed before goes with its deployment.
    log.set("version_id", deployed);
    let gone = ["delete version", "delete deployment"];
    log.json(Method::DELETE, VERSION, Value::Null, &gone).await;
    let derived = json!({ "env": { "TAKEN_BACK": { "type": "secret_text", "text": "1" } } });
    let made = ["create version", "create worker_secret"];
    log.json(Method::PATCH, LATEST, derived, &made).await;
    let gone = ["delete version", "delete worker_secret"];
    log.json(Method::DELETE, LATEST, Value::Null, &gone).await;
    let deployments = format!("{SCRIPT}/deployments");
    let path = log.filled(&deployments);
    let listed = log.app.request(Method::GET, &path, None).await;
    log.set(
        "deployment_id",
        text_at(result(&listed), "/deployments/1/id"),
    );
    let deployment = format!("{deployments}/{{deployment_id}}");
    let gone = ["delete deployment"];
    log.json(Method::DELETE, &deployment, Value::Null, &gone)
        .await;
    let usage = format!("{SCRIPT}/usage-model");
    let model = json!({ "usage_model": "bundled" });
    log.json(Method::PUT, &usage, model, &["update worker"])
        .await;
}

async fn tokens(log: &mut Log) {
    let of_account =
        json!({ format!("com.cloudflare.api.account.{}", log.app.first.account_id): "*" });
    let group = json!([{ "id": PermissionGroup::SECRETS_STORE_READ.id }]);
    let policies = json!([{
        "effect": "allow", "permission_groups": group, "resources": of_account,
    }]);
    for tokens in ["/user/tokens", "/accounts/{account_id}/tokens"] {
        let body = json!({ "name": "ci", "policies": policies });
        let made = log
            .json(Method::POST, tokens, body, &["create token"])
            .await;
        log.set("token_id", text_at(result(&made), "/id"));
        let token = format!("{tokens}/{{token_id}}");
        let body = json!({ "name": "renamed", "policies": policies, "status": "disabled" });
        log.json(Method::PUT, &token, body, &["update token"]).await;
        log.json(
            Method::PUT,
            &format!("{token}/value"),
            json!({}),
            &["update token"],
        )
        .await;
        log.json(Method::DELETE, &token, json!({}), &["delete token"])
            .await;
    }
}

async fn account(log: &mut Log) {
    let settings = "/accounts/{account_id}/coffer/settings";
    let body = json!({ "protect_bound_secrets": true });
    log.json(Method::PATCH, settings, body, &["update account"])
        .await;
    let settings = "/accounts/{account_id}/workers/account-settings";
    let green = json!({ "green_compute": true });
    log.json(Method::PUT, settings, green, &["update account"])
        .await;
    let subdomain = "/accounts/{account_id}/workers/subdomain";
    let other = json!({ "subdomain": "other" });
    log.json(Method::PUT, subdomain, other, &["update account"])
        .await;
    log.json(Method::DELETE, subdomain, Value::Null, &["update account"])
        .await;
    let name = json!({ "name": "Renamed" });
    log.json(Method::PUT, ACCOUNT, name, &["update account"])
        .await;
    let members = "/accounts/{account_id}/members";
    let member = "/accounts/{account_id}/members/{member_id}";
    let body = json!({ "email": "new@example.com", "roles": [Role::AuditLogsViewer.id()] });
    let made = log
        .json(
            Method::POST,
            members,
            body,
            &["create user", "create member"],
        )
        .await;
    let made = result(&made);
    log.set("member_id", text_at(made, "/id"));
    log.users.push(text_at(made, "/user/id").parse().unwrap());
    let link = text_at(made, "/coffer/invitation_url");
    let body = json!({ "roles": [{ "id": Role::SecretsStoreReporter.id() }] });
    log.json(Method::PUT, member, body, &["update member"])
        .await;
    let (_, invitation) = link.rsplit_once(['/', '#', '=']).unwrap();
    let body = json!({ "invitation": invitation, "password": "a long enough password" });
    let accept = "/user/coffer/invitations/accept";
    log.json(
        Method::POST,
        accept,
        body,
        &["update member", "update user"],
    )
    .await;
    log.json(Method::DELETE, member, json!({}), &["delete member"])
        .await;
}

async fn memberships(log: &mut Log) {
    let other = log.app.other_account().await;
    let members = format!("/accounts/{}/members", other.id);
    let body = json!({ "email": log.app.first.email, "roles": [Role::AuditLogsViewer.id()] });
    let invited = log
        .app
        .request_as(&other.admin, Method::POST, &members, Some(body))
        .await;
    log.set("membership_id", text_at(result(&invited), "/id"));
    let membership = "/memberships/{membership_id}";
    let link = text_of(&invited);
    let body = json!({ "status": "accepted", "coffer": { "invitation": link } });
    log.json(Method::PUT, membership, body, &["update member"])
        .await;
    log.json(Method::DELETE, membership, json!({}), &["delete member"])
        .await;
}

async fn user(log: &mut Log) {
    let names = json!({ "first_name": "Ada" });
    log.json(Method::PATCH, "/user", names, &["update user"])
        .await;
    let password = log.app.first.password.expose_secret().to_owned();
    let email = log.app.first.email.to_string();
    log.actor = log.app.admin_by_key();
    let sessions = "/user/coffer/sessions";
    let body = json!({ "email": email, "password": password });
    let first = log
        .json(Method::POST, sessions, body.clone(), &["create session"])
        .await;
    log.set("session_id", text_at(result(&first), "/id"));
    let second = log
        .json(Method::POST, sessions, body, &["create session"])
        .await;
    log.actor = Actor::session(&session_text(&second));
    let session = "/user/coffer/sessions/{session_id}";
    log.json(Method::DELETE, session, json!({}), &["delete session"])
        .await;
    let confirmed = json!({ "password": password });
    log.json(
        Method::POST,
        "/user/coffer/global_key/view",
        confirmed.clone(),
        &["access user"],
    )
    .await;
    log.json(
        Method::POST,
        "/user/coffer/global_key/roll",
        confirmed,
        &["update user"],
    )
    .await;
    let body = json!({ "enabled": false, "password": password });
    log.json(
        Method::PUT,
        "/user/coffer/global_key",
        body,
        &["update user"],
    )
    .await;
    let body = json!({ "current_password": password, "new_password": "another long password" });
    log.json(Method::PUT, "/user/coffer/password", body, &["update user"])
        .await;
    log.json(Method::DELETE, sessions, json!({}), &["delete session"])
        .await;
    // Nobody is signed in by asking, so nothing is told of it.
    let devices = "/user/coffer/device_logins";
    let asked = log.json(Method::POST, devices, json!({}), &[]).await;
    let asking = format!("{devices}/token");
    let body = json!({ "device_code": result(&asked)["device_code"] });
    log.json(Method::POST, &asking, body, &[]).await;
    log.actor = Actor::token(&log.app.first.api_token);
    log.json(Method::DELETE, &asking, json!({}), &["delete token"])
        .await;
}
