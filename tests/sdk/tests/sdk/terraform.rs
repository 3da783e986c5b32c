//! The calls that Cloudflare's Terraform provider (5.22) makes, in its order and with its headers: Terraform and
//! the provider themselves cannot be run here. What is read after an apply must be read again unchanged, or a plan
//! would show changes that nobody made, and what is deleted must answer 404, or it would stay in the state.

use coffer_testkit::{Answer, ApiClient, Instance};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use serde_json::{Value, json};

const BOUNDARY: &str = "b0a61f8d6f2e4d5c9a7b3e1f0c2d4a6b8e9f7d5c3b1a0f2e4d6c8b0a1f3e";
const CODE: &str = "export default { fetch(_, env) { return Response.json([env.VAR, env.KEY]) } }";

/// The provider on an instance.
struct Provider {
    instance: Instance,
    api: ApiClient,
}

impl Provider {
    async fn start() -> Self {
        let instance = Instance::start().await.unwrap();
        let api = instance.api();
        Self { instance, api }
    }

    /// A request below the account with the provider's headers.
    async fn send(&self, method: Method, path: &str, body: Option<(&str, Vec<u8>)>) -> Answer {
        let mut request = self.api.request(method, path).headers(headers());
        if let Some((content_type, body)) = body {
            request = request.header(CONTENT_TYPE, content_type).body(body);
        }
        self.api.send(request).await.unwrap()
    }

    async fn json(&self, method: Method, path: &str, body: &Value) -> Value {
        let body = Some(("application/json", body.to_string().into_bytes()));
        let answer = self.send(method, path, body).await.success().unwrap();
        answer.result().clone()
    }

    async fn read(&self, path: &str) -> Value {
        let answer = self.send(Method::GET, path, None).await;
        answer.success().unwrap().result().clone()
    }

    /// Reads twice, and gives what was read both times.
    async fn refreshed(&self, path: &str) -> Value {
        let first = self.read(path).await;
        assert_eq!(self.read(path).await, first, "{path} drifts");
        first
    }

    async fn delete(&self, path: &str) {
        let answer = self.send(Method::DELETE, path, None).await;
        answer.success().unwrap();
    }

    async fn is_gone(&self, path: &str) {
        let answer = self.send(Method::GET, path, None).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.json);
    }

    /// The text of the first module, which is all that the provider looks at.
    async fn content(&self, path: &str) -> String {
        let request = self.api.request(Method::GET, path).headers(headers());
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        let content_type = response.headers()[CONTENT_TYPE].to_str().unwrap();
        let (kind, boundary) = content_type.split_once("; boundary=").unwrap();
        assert_eq!(kind, "multipart/form-data");
        let separator = format!("--{boundary}");
        let body = response.text().await.unwrap();
        let first = body.split(&separator).nth(1).unwrap();
        let (_, content) = first.split_once("\r\n\r\n").unwrap();
        content.strip_suffix("\r\n").unwrap().to_owned()
    }
}

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (
            USER_AGENT.as_str(),
            "terraform-provider-cloudflare/5.22.0 terraform-plugin-framework/1.15.1 terraform/1.13.4",
        ),
        ("x-stainless-lang", "go"),
        ("x-stainless-package-version", "6.6.0"),
        ("x-stainless-os", "Linux"),
        ("x-stainless-arch", "x64"),
        ("x-stainless-runtime", "go"),
        ("x-stainless-retry-count", "0"),
        ("x-stainless-timeout", "0"),
        ("accept", "application/json"),
    ] {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
}

/// An upload: metadata in a part that says that it is JSON, and the script under the name that the metadata gives.
fn script(metadata: &Value, code: &str) -> Option<(&'static str, Vec<u8>)> {
    const TYPE: &str = concat!(
        "multipart/form-data; boundary=",
        "b0a61f8d6f2e4d5c9a7b3e1f0c2d4a6b8e9f7d5c3b1a0f2e4d6c8b0a1f3e"
    );
    let main = metadata["main_module"].as_str().unwrap();
    let body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"metadata\"; filename=\"metadata.json\"\r\n\
         Content-Type: application/json\r\n\r\n{metadata}\r\n\
         --{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{main}\"; filename=\"{main}\"\r\n\
         Content-Type: application/javascript+module\r\n\r\n{code}\r\n--{BOUNDARY}--\r\n"
    );
    Some((TYPE, body.into_bytes()))
}

#[tokio::test]
async fn a_workers_script_is_applied_refreshed_changed_imported_and_destroyed() {
    let provider = Provider::start().await;
    let mut metadata = json!({
        "main_module": "worker.js",
        "compatibility_date": "2026-01-01",
        "compatibility_flags": ["nodejs_compat"],
        "bindings": [
            { "name": "VAR", "type": "plain_text", "text": "variable" },
            { "name": "KEY", "type": "secret_text", "text": "marked value" },
            { "name": "JSON", "type": "json", "json": { "b": [1, null], "a": "x" } },
        ],
        "observability": { "enabled": true, "head_sampling_rate": 0.5 },
    });
    const SCRIPT: &str = "/workers/scripts/api";
    const CONTENT: &str = "/workers/scripts/api/content/v2";
    let applied = provider.send(Method::PUT, SCRIPT, script(&metadata, CODE));
    let applied = applied.await.success().unwrap().result().clone();

    // What an apply computed is what the next refresh finds.
    let service = provider.refreshed("/workers/services/api").await;
    let found = &service["default_environment"]["script"];
    for (field, value) in applied.as_object().unwrap() {
        if found.get(field).is_some() {
            assert_eq!(&found[field], value, "{field} drifts");
        }
    }
    assert_eq!(found["last_deployed_from"], "terraform");
    let settings = provider.refreshed("/workers/scripts/api/settings").await;
    for field in ["compatibility_date", "compatibility_flags", "observability"] {
        assert_eq!(settings[field], metadata[field], "{field} drifts");
    }
    // In the order of the configuration, with everything but the secret's value, which stays in the state.
    metadata["bindings"][1]
        .as_object_mut()
        .unwrap()
        .remove("text");
    assert_eq!(settings["bindings"], metadata["bindings"]);
    assert_eq!(provider.content(CONTENT).await, CODE);
    // An import reads the script itself.
    assert_eq!(provider.content(SCRIPT).await, CODE);

    const SUBDOMAIN: &str = "/workers/scripts/api/subdomain";
    let switched = json!({ "enabled": true, "previews_enabled": false });
    assert_eq!(
        provider.json(Method::POST, SUBDOMAIN, &switched).await,
        switched
    );
    assert_eq!(provider.refreshed(SUBDOMAIN).await, switched);
    let reply = provider.instance.gateway().get("api", "/").await.unwrap();
    assert_eq!(reply.json(), json!(["variable", "marked value"]));

    // A change sends everything again, with the secret's value from the state.
    metadata["bindings"][0]["text"] = json!("changed");
    metadata["bindings"][1]["text"] = json!("marked value");
    let changed = provider.send(Method::PUT, SCRIPT, script(&metadata, CODE));
    changed.await.success().unwrap();
    assert_eq!(provider.refreshed(SUBDOMAIN).await, switched);
    let reply = provider.instance.gateway().get("api", "/").await.unwrap();
    assert_eq!(reply.json(), json!(["changed", "marked value"]));

    provider.delete(SUBDOMAIN).await;
    provider.delete(SCRIPT).await;
    for path in [
        "/workers/services/api",
        "/workers/scripts/api/settings",
        CONTENT,
        SUBDOMAIN,
    ] {
        provider.is_gone(path).await;
    }
    assert!(!provider.instance.output().contains("marked"));
}

#[tokio::test]
async fn a_worker_its_version_and_its_deployment_are_applied_refreshed_and_destroyed() {
    let provider = Provider::start().await;
    let wanted = json!({ "name": "beta", "logpush": true, "tags": ["team:a"], "subdomain": { "enabled": true } });
    let worker = provider
        .json(Method::POST, "/workers/workers", &wanted)
        .await;
    let path = format!("/workers/workers/{}", text(&worker, "/id"));
    assert_eq!(provider.refreshed(&path).await, worker);

    // `base64` of CODE.
    let modules = json!([{
        "name": "worker.js", "content_type": "application/javascript+module",
        "content_base64": "ZXhwb3J0IGRlZmF1bHQgeyBmZXRjaChfLCBlbnYpIHsgcmV0dXJuIFJlc3BvbnNlLmpzb24oW2Vudi5WQVIsIGVudi5LRVldKSB9IH0=",
    }]);
    let wanted = json!({
        "main_module": "worker.js", "modules": modules, "compatibility_date": "2026-01-01",
        "bindings": [
            { "name": "VAR", "type": "plain_text", "text": "variable" },
            { "name": "KEY", "type": "secret_text", "text": "marked value" },
        ],
    });
    let versions = format!("{path}/versions");
    let made = provider.json(Method::POST, &versions, &wanted).await;
    let version = format!("{versions}/{}", text(&made, "/id"));
    let mut found = provider
        .refreshed(&format!("{version}?include=modules"))
        .await;
    assert_eq!(found["modules"], modules);
    // The answer to the creation has no modules; everything else is the same.
    found.as_object_mut().unwrap().remove("modules");
    let mut computed = made.clone();
    computed.as_object_mut().unwrap().remove("modules");
    assert_eq!(found, computed);
    assert_eq!(provider.refreshed(&version).await, made);

    const DEPLOYMENTS: &str = "/workers/scripts/beta/deployments";
    let wanted = json!({
        "strategy": "percentage",
        "versions": [{ "percentage": 100, "version_id": made["id"] }],
        "annotations": { "workers/message": "by Terraform" },
    });
    let deployed = provider.json(Method::POST, DEPLOYMENTS, &wanted).await;
    let deployment = format!("{DEPLOYMENTS}/{}", text(&deployed, "/id"));
    assert_eq!(provider.refreshed(&deployment).await, deployed);
    assert_eq!(deployed["source"], "terraform");
    let reply = provider.instance.gateway().get("beta", "/").await.unwrap();
    assert_eq!(reply.json(), json!(["variable", "marked value"]));

    // The provider forgets versions and deployments without a call; they go with the Worker.
    provider.delete(&path).await;
    for path in [&path, &version, &deployment] {
        provider.is_gone(path).await;
    }
}

#[tokio::test]
async fn a_secrets_store_and_its_secret_are_applied_refreshed_changed_and_destroyed() {
    let provider = Provider::start().await;
    const STORES: &str = "/secrets_store/stores";
    let store = provider
        .json(Method::POST, STORES, &json!({ "name": "terraform" }))
        .await;
    let of_store = format!("{STORES}/{}", text(&store, "/id"));
    assert_eq!(provider.refreshed(&of_store).await, store);
    let secrets = format!("{of_store}/secrets");
    let wanted = json!([{
        "name": "KEY", "value": "marked value", "scopes": ["workers", "ai_gateway"], "comment": "by Terraform",
    }]);
    let made = provider.json(Method::POST, &secrets, &wanted).await;
    let made = &made[0];
    // Scopes come back sorted: a set in any other order would be a change.
    assert_eq!(made["scopes"], json!(["ai_gateway", "workers"]));
    let secret = format!("{secrets}/{}", text(made, "/id"));
    let mut read = provider.refreshed(&secret).await;
    let listed = provider.refreshed(&secrets).await;
    assert_eq!(listed, json!([read]));
    let mut expected = made.clone();
    for one in [&mut read, &mut expected] {
        // It becomes active when the edge has it.
        one.as_object_mut().unwrap().remove("status");
    }
    assert_eq!(read, expected);
    let changed = provider
        .json(Method::PATCH, &secret, &json!({ "comment": "changed" }))
        .await;
    assert_eq!(changed["scopes"], made["scopes"]);
    assert_eq!(provider.refreshed(&secret).await["comment"], "changed");
    provider.delete(&secret).await;
    provider.is_gone(&secret).await;
    assert_eq!(provider.read(&secrets).await, json!([]));
    provider.delete(&of_store).await;
    provider.is_gone(&of_store).await;
    assert!(!provider.instance.output().contains("marked"));
}

#[tokio::test]
async fn a_pages_project_is_applied_refreshed_changed_and_destroyed() {
    let provider = Provider::start().await;
    const PROJECTS: &str = "/pages/projects";
    const PROJECT: &str = "/pages/projects/site";
    let variables = |plain: &str| {
        json!({
            "production": {
                "compatibility_date": "2026-01-01",
                "env_vars": {
                    "PLAIN": { "type": "plain_text", "value": plain },
                    "KEY": { "type": "secret_text", "value": "marked value" },
                },
            },
        })
    };
    let wanted = json!({
        "name": "site", "production_branch": "main", "deployment_configs": variables("one"),
    });
    let made = provider.json(Method::POST, PROJECTS, &wanted).await;
    assert_eq!(provider.refreshed(PROJECT).await, made);
    let configs = &made["deployment_configs"]["production"];
    assert_eq!(configs["env_vars"]["PLAIN"]["value"], "one");
    assert!(!made.to_string().contains("marked"));
    let changed = json!({ "deployment_configs": variables("two") });
    let changed = provider.json(Method::PATCH, PROJECT, &changed).await;
    assert_eq!(provider.refreshed(PROJECT).await, changed);
    let configs = &changed["deployment_configs"]["production"];
    assert_eq!(configs["env_vars"]["PLAIN"]["value"], "two");
    provider.delete(PROJECT).await;
    provider.is_gone(PROJECT).await;
    assert!(!provider.instance.output().contains("marked"));
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap()
}
