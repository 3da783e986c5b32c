//! Bindings as clients send them.

use coffer_engine::{
    Error, Invalid, NewBinding, NewBindingKind, PartBinding, Problem, SecretValue,
};
use coffer_types::{BindingName, KeyDescription, KeyFormat, KeyUsage};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use zeroize::Zeroize;

use super::fields::{binding_name, present};
use super::upload::module_name;

/// The kinds of binding that the API knows and Coffer does not run.
const UNSUPPORTED_KINDS: [&str; 24] = [
    "ai",
    "ai_search",
    "ai_search_namespace",
    "analytics_engine",
    "browser",
    "d1",
    "dispatch_namespace",
    "durable_object_namespace",
    "flagship",
    "hyperdrive",
    "images",
    "kv_namespace",
    "media",
    "messaging",
    "mtls_certificate",
    "pipelines",
    "queue",
    "r2_bucket",
    "ratelimit",
    "send_email",
    "vectorize",
    "vpc_network",
    "vpc_service",
    "workflow",
];

/// The refusal of a kind of binding, by its name if the API knows it.
pub(super) fn unsupported(name: &BindingName, kind: &str) -> Problem {
    let known = UNSUPPORTED_KINDS.iter().find(|known| **known == kind);
    Problem::Script(known.map_or_else(
        || format!("binding {name} has a type that is not known"),
        |known| format!("binding {name} of type {known} is not supported by Coffer"),
    ))
}

/// A binding as clients send it. A value is read into a type that no error can quote.
#[derive(Debug, Deserialize)]
pub(super) struct BindingFields {
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    text: Option<SecretValue>,
    #[serde(default, deserialize_with = "present")]
    json: Option<Value>,
    store_id: Option<String>,
    secret_name: Option<String>,
    old_name: Option<String>,
    part: Option<String>,
    // Of a key. Not flattened, as a value must not pass through a buffer that is not wiped.
    format: Option<String>,
    algorithm: Option<Value>,
    usages: Option<Vec<String>>,
    key_base64: Option<SecretValue>,
    key_jwk: Option<JsonWebKey>,
    // Of a binding to another Worker.
    service: Option<String>,
    environment: Option<String>,
    entrypoint: Option<String>,
    props: Option<Value>,
    cross_account_grant: Option<Value>,
}

/// What a key is made of.
struct KeyFields {
    format: Option<String>,
    algorithm: Option<Value>,
    usages: Option<Vec<String>>,
    key_base64: Option<SecretValue>,
    key_jwk: Option<JsonWebKey>,
}

/// What a binding to another Worker says.
struct ServiceFields {
    service: Option<String>,
    environment: Option<String>,
    entrypoint: Option<String>,
    props: Option<Value>,
    cross_account_grant: Option<Value>,
}

/// A JSON web key, as text.
#[derive(Debug)]
struct JsonWebKey(SecretValue);

impl<'de> Deserialize<'de> for JsonWebKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut value = Value::deserialize(deserializer)?;
        let is_object = value.is_object();
        let text = SecretValue::new(value.to_string());
        wipe(&mut value);
        if is_object {
            Ok(Self(text))
        } else {
            Err(serde::de::Error::custom("key_jwk must be an object"))
        }
    }
}

/// Overwrites the texts of a value.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What it means that a binding comes without what it should give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bare {
    /// It is wrong.
    Refused,
    /// The binding stays as it is, as a list that was read and is sent back means it.
    Kept,
}

/// Parses bindings; every one that is wrong is named.
pub(super) fn bindings(given: Vec<BindingFields>, bare: Bare) -> Result<Vec<NewBinding>, Error> {
    let mut problems = Vec::new();
    let mut parsed = Vec::with_capacity(given.len());
    for (index, fields) in given.into_iter().enumerate() {
        match binding(fields, bare) {
            Ok(binding) => parsed.push(binding),
            Err(problem) => problems.push(Invalid {
                pointer: format!("/bindings/{index}"),
                problem,
            }),
        }
    }
    if problems.is_empty() {
        Ok(parsed)
    } else {
        Err(Error::Invalid(problems))
    }
}

fn binding(fields: BindingFields, bare: Bare) -> Result<NewBinding, Problem> {
    let name = binding_name(fields.name.as_deref().unwrap_or_default())?;
    let kind = fields.kind(&name, bare)?;
    Ok(NewBinding { name, kind })
}

impl BindingFields {
    /// What the binding of this name should give.
    pub(super) fn kind(self, name: &BindingName, bare: Bare) -> Result<NewBindingKind, Problem> {
        let missing = |field: &str| match bare {
            Bare::Kept => Ok(NewBindingKind::Inherit { old_name: None }),
            Bare::Refused => Err(Problem::Upload(format!("binding {name} needs {field}"))),
        };
        let kind = self.kind.unwrap_or_default();
        match (kind.as_str(), self.text, self.json) {
            ("plain_text", Some(text), _) => Ok(NewBindingKind::PlainText {
                text: text.expose_secret().to_owned(),
            }),
            ("secret_text", Some(value), _) => Ok(NewBindingKind::SecretText { value }),
            ("plain_text" | "secret_text", None, _) => missing("text"),
            ("json", _, Some(json)) => Ok(NewBindingKind::Json { json }),
            ("json", _, None) => missing("json"),
            ("secrets_store_secret", ..) => match (self.store_id, self.secret_name) {
                (Some(store_id), Some(secret_name)) => Ok(NewBindingKind::SecretsStoreSecret {
                    store_id,
                    secret_name,
                }),
                _ => missing("store_id and secret_name"),
            },
            ("secret_key", ..) => {
                let key = KeyFields {
                    format: self.format,
                    algorithm: self.algorithm,
                    usages: self.usages,
                    key_base64: self.key_base64,
                    key_jwk: self.key_jwk,
                };
                key.kind(name)?
                    .map_or_else(|| missing("key_base64 or key_jwk"), Ok)
            }
            ("service", ..) => {
                let service = ServiceFields {
                    service: self.service,
                    environment: self.environment,
                    entrypoint: self.entrypoint,
                    props: self.props,
                    cross_account_grant: self.cross_account_grant,
                };
                let target = service.target(name)?;
                let kind = target.map(|service| NewBindingKind::Service { service });
                kind.map_or_else(|| missing("service"), Ok)
            }
            ("assets", ..) => Ok(NewBindingKind::Assets),
            ("version_metadata", ..) => Ok(NewBindingKind::VersionMetadata),
            ("text_blob" | "data_blob" | "wasm_module", ..) => match self.part {
                Some(part) => Ok(NewBindingKind::Part(part_binding(&kind, &part)?)),
                None => missing("part"),
            },
            ("inherit", ..) => {
                let old_name = self.old_name.as_deref().map(binding_name).transpose()?;
                Ok(NewBindingKind::Inherit { old_name })
            }
            ("", ..) => Err(Problem::Upload(format!("binding {name} needs a type"))),
            (other, ..) => Err(unsupported(name, other)),
        }
    }
}

fn part_binding(kind: &str, part: &str) -> Result<PartBinding, Problem> {
    let part = module_name(part)?;
    Ok(match kind {
        "text_blob" => PartBinding::Text(part),
        "data_blob" => PartBinding::Data(part),
        _ => PartBinding::Wasm(part),
    })
}

impl KeyFields {
    /// The key, if there is one: without its material it is as it was read.
    fn kind(self, name: &BindingName) -> Result<Option<NewBindingKind>, Problem> {
        if self.key_base64.is_none() && self.key_jwk.is_none() {
            return Ok(None);
        }
        let refused = |rule: &str| Problem::Upload(format!("binding {name} {rule}"));
        let format = match self.format.as_deref() {
            Some("raw") => KeyFormat::Raw,
            Some("pkcs8") => KeyFormat::Pkcs8,
            Some("spki") => KeyFormat::Spki,
            Some("jwk") => KeyFormat::Jwk,
            _ => return Err(refused("needs a format: raw, pkcs8, spki or jwk")),
        };
        let material = match (format, self.key_base64, self.key_jwk) {
            (KeyFormat::Jwk, None, Some(JsonWebKey(key))) => key,
            (KeyFormat::Jwk, ..) => {
                return Err(refused("of format jwk needs key_jwk and no key_base64"));
            }
            (_, Some(key), None) => key,
            _ => return Err(refused("of this format needs key_base64 and no key_jwk")),
        };
        let usages = self.usages.unwrap_or_default();
        let usages = usages.iter().map(|usage| {
            KeyUsage::ALL
                .into_iter()
                .find(|known| known.name() == usage)
                .ok_or_else(|| refused("has a usage that crypto.subtle does not know"))
        });
        Ok(Some(NewBindingKind::SecretKey {
            key: KeyDescription {
                format,
                algorithm: self.algorithm.unwrap_or_default(),
                usages: usages.collect::<Result<_, _>>()?,
            },
            material,
        }))
    }
}

impl ServiceFields {
    /// The name of the Worker, if there is one. What would be accepted without effect is refused by name.
    fn target(self, name: &BindingName) -> Result<Option<String>, Problem> {
        let is_set = |value: &Option<Value>| match value {
            None | Some(Value::Null) => false,
            Some(Value::Object(fields)) => !fields.is_empty(),
            Some(_) => true,
        };
        let environment = self.environment.as_deref().unwrap_or_default();
        let refused = if self
            .entrypoint
            .is_some_and(|entrypoint| !entrypoint.is_empty())
        {
            "entrypoint: Coffer calls the default export"
        } else if is_set(&self.props) {
            "props"
        } else if !matches!(environment, "" | "production") {
            "environment: name the environment's Worker as the service instead"
        } else if is_set(&self.cross_account_grant) {
            "cross_account_grant: only Workers of the same account can be called"
        } else {
            return Ok(self.service);
        };
        Err(Problem::Script(format!(
            "binding {name} of type service has what is not supported by Coffer, {refused}"
        )))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::BindingKind;
    use serde_json::{Value, json};

    use crate::api::workers::testing::{CODE, Multipart, SCRIPTS, metadata, names, secret};
    use crate::testing::{TestApp, failure, result};

    const JAVASCRIPT: &str = "application/javascript";

    async fn put(app: &TestApp, name: &str, body: Multipart) -> crate::testing::Answer {
        let path = format!("{SCRIPTS}/{name}?bindings_inherit=strict");
        app.multipart(Method::PUT, &path, body).await
    }

    /// The refusal of a binding.
    async fn refused(app: &TestApp, binding: Value) -> (u16, Vec<String>) {
        let body = Multipart::script(&metadata(&json!([binding])));
        failure(&put(app, "w", body).await)
    }

    fn key(name: &str) -> Value {
        json!({
            "name": name, "type": "secret_key", "format": "raw", "key_base64": "bWFya2VkLWNhbmFyeQ==",
            "algorithm": { "name": "HMAC", "hash": "SHA-256" }, "usages": ["sign", "verify"],
        })
    }

    #[tokio::test]
    async fn a_key_is_sealed_kept_and_never_returned() {
        let app = TestApp::new().await;
        let jwk = json!({
            "name": "JWK", "type": "secret_key", "format": "jwk", "key_jwk": { "kty": "oct", "k": "marked-jwk" },
            "algorithm": "HMAC", "usages": ["sign"],
        });
        app.upload("w", json!([key("KEY"), jwk])).await;
        let env = app.env("w").await;
        assert_eq!(env["KEY"], "bWFya2VkLWNhbmFyeQ==");
        let jwk: Value = serde_json::from_str(&env["JWK"]).unwrap();
        assert_eq!(jwk, json!({ "kty": "oct", "k": "marked-jwk" }));

        // An upload that keeps it by its type, and settings that were read and are sent back.
        app.upload("w", json!([])).await;
        let path = format!("{SCRIPTS}/w/settings");
        let read = app.request(Method::GET, &path, None).await;
        let described = json!({
            "name": "KEY", "type": "secret_key", "format": "raw",
            "algorithm": { "name": "HMAC", "hash": "SHA-256" }, "usages": ["sign", "verify"],
        });
        assert_eq!(result(&read)["bindings"][0], described);
        let settings = json!({ "bindings": result(&read)["bindings"] }).to_string();
        let body = Multipart::default().field("settings", &settings);
        let edited = app.multipart(Method::PATCH, &path, body).await;
        assert_eq!(result(&edited)["bindings"][0], described);
        assert_eq!(app.env("w").await, env);
        for path in ["settings", "secrets", "versions"] {
            let path = format!("{SCRIPTS}/w/{path}");
            let text = app.request(Method::GET, &path, None).await.2.to_string();
            assert!(
                !text.contains("marked-jwk") && !text.contains("bWFya2Vk"),
                "{text}"
            );
        }
        let secrets = app
            .request(Method::GET, &format!("{SCRIPTS}/w/secrets"), None)
            .await;
        assert_eq!(
            result(&secrets)[0],
            json!({ "name": "KEY", "type": "secret_key" })
        );
        for event in app.audit_events().await {
            let text = event.details.to_string();
            assert!(
                !text.contains("marked-jwk") && !text.contains("bWFya2Vk"),
                "{text}"
            );
        }
        let gone = app
            .request(Method::DELETE, &format!("{SCRIPTS}/w/secrets/KEY"), None)
            .await;
        result(&gone);
        assert_eq!(app.env("w").await.len(), 1);
    }

    #[tokio::test]
    async fn a_key_that_cannot_be_one_is_refused() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        let written = app.written().await;
        for (change, word) in [
            (json!({ "format": "der" }), "raw, pkcs8, spki or jwk"),
            (json!({ "format": null }), "raw, pkcs8, spki or jwk"),
            (json!({ "format": "jwk" }), "needs key_jwk"),
            (json!({ "key_jwk": {} }), "no key_jwk"),
            (json!({ "key_base64": "marked canary" }), "base64"),
            (json!({ "key_base64": null }), "needs key_base64 or key_jwk"),
            (json!({ "key_base64": "A".repeat(5124) }), "5120"),
            (json!({ "algorithm": null }), "algorithm"),
            (json!({ "algorithm": ["HMAC"] }), "algorithm"),
            (json!({ "usages": [] }), "usages"),
            (json!({ "usages": ["sing"] }), "usage"),
        ] {
            let mut binding = key("KEY");
            let fields = change.as_object().unwrap().clone();
            binding.as_object_mut().unwrap().extend(fields);
            let (status, errors) = refused(&app, binding).await;
            assert_eq!(status, 400, "{change}");
            assert!(
                errors[0].contains(word) && errors[0].contains("/bindings/0"),
                "{errors:?}"
            );
            assert!(!errors[0].contains("canary"), "{errors:?}");
        }
        // A list of something else in a key's place is not quoted either.
        let mut binding = key("KEY");
        binding["key_jwk"] = json!(["marked-canary"]);
        let (status, errors) = refused(&app, binding).await;
        assert_eq!(status, 400);
        assert!(!errors[0].contains("canary"), "{errors:?}");
        assert_eq!(app.written().await, written);
    }

    #[tokio::test]
    async fn a_service_is_a_worker_of_the_account() {
        let app = TestApp::new().await;
        let stranger = app.other_account().await;
        app.upload("inner", json!([])).await;
        let service = |name: &str| json!({ "name": "SVC", "type": "service", "service": name });
        let written = app.written().await;
        let (status, errors) = refused(&app, service("nowhere")).await;
        assert_eq!(status, 400);
        assert!(
            errors[0].starts_with("10143 ") && errors[0].contains("'nowhere'"),
            "{errors:?}"
        );
        let (status, errors) = refused(&app, service("No Name!")).await;
        assert_eq!((status, &errors[0][..6]), (400, "10143 "));
        for (field, value) in [
            ("entrypoint", json!("Admin")),
            ("props", json!({ "a": 1 })),
            ("environment", json!("staging")),
            ("cross_account_grant", json!("grant")),
        ] {
            let mut binding = service("inner");
            binding[field] = value;
            let (status, errors) = refused(&app, binding).await;
            assert_eq!((status, &errors[0][..6]), (400, "10021 "));
            assert!(errors[0].contains(field), "{errors:?}");
        }
        assert_eq!(app.written().await, written);

        let mut plain = service("inner");
        plain["environment"] = json!("production");
        let itself = json!({ "name": "ME", "type": "service", "service": "front" });
        app.upload("front", json!([plain, itself])).await;
        let latest = app.latest("front").await;
        let bindings = &latest["resources"]["bindings"];
        assert_eq!(bindings[0], service("inner"));
        // One that is bound may go, and the version that binds it can still be edited.
        result(
            &app.request(Method::DELETE, &format!("{SCRIPTS}/inner"), None)
                .await,
        );
        result(&app.put_secret("front", "S", "s").await);
        let path = format!("/accounts/{}/workers/scripts/theirs", stranger.id);
        let body = Multipart::script(&metadata(&json!([service("front")])));
        let answer = app
            .multipart_as(&stranger.admin, Method::PUT, &path, body)
            .await;
        assert!(failure(&answer).1[0].starts_with("10143 "));
    }

    #[tokio::test]
    async fn a_version_may_know_itself() {
        let app = TestApp::new().await;
        let mut meta = metadata(&json!([{ "name": "V", "type": "version_metadata" }]));
        meta["annotations"] = json!({ "workers/tag": "v1" });
        result(&put(&app, "w", Multipart::script(&meta)).await);
        let version = app.serving("w").await;
        assert_eq!(version.bindings[0].kind, BindingKind::VersionMetadata {});
        assert_eq!(version.tag.as_deref(), Some("v1"));
        assert_eq!(version.created_at.unwrap().to_string(), app.now());
        assert_eq!(app.start_check.asked()[0].tag.as_deref(), Some("v1"));
    }

    fn service_worker(bindings: &Value) -> Multipart {
        let metadata = json!({ "body_part": "worker.js", "bindings": bindings, "compatibility_date": "2022-03-01" });
        Multipart::of(&metadata).module(
            "worker.js",
            JAVASCRIPT,
            "addEventListener('fetch', () => {})",
        )
    }

    #[tokio::test]
    async fn a_service_worker_has_its_parts() {
        let (app, store) = TestApp::with_store().await;
        app.create_secret(&store, "KEY", "value").await;
        let part = |name: &str, kind: &str| json!({ "name": name, "type": kind, "part": name });
        let bindings = json!([
            part("TEXT", "text_blob"),
            part("DATA", "data_blob"),
            part("ADD", "wasm_module"),
            secret("S", "s"),
        ]);
        // Files have the names that they have on the client's disk.
        let file = |body: Multipart, name: &str, media_type: &str| {
            let headers = format!(
                "Content-Disposition: form-data; name=\"{name}\"; filename=\"/home/dev/{name}.x\"\r\nContent-Type: {media_type}"
            );
            body.part(&headers, b"content")
        };
        let body = file(service_worker(&bindings), "TEXT", "text/plain");
        let body = file(body, "DATA", "application/octet-stream");
        let body = file(body, "ADD", "application/wasm");
        let answer = put(&app, "w", body).await;
        assert_eq!(result(&answer)["has_modules"], false);
        let version = app.serving("w").await;
        assert_eq!(version.format, coffer_types::Format::ServiceWorker);
        let parts: Vec<_> = version
            .modules
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        assert_eq!(parts, ["worker.js", "TEXT", "DATA", "ADD"]);
        let settings = app
            .request(Method::GET, &format!("{SCRIPTS}/w/settings"), None)
            .await;
        assert_eq!(result(&settings)["bindings"][2], part("ADD", "wasm_module"));
        // It stays one when a secret changes.
        result(&app.put_secret("w", "S", "t").await);
        assert_eq!(
            app.serving("w").await.format,
            coffer_types::Format::ServiceWorker
        );

        let written = app.written().await;
        let stored = json!({ "name": "B", "type": "secrets_store_secret", "store_id": store, "secret_name": "KEY" });
        for (binding, word) in [
            (part("NOPE", "text_blob"), "names the part NOPE"),
            (json!({ "name": "X", "type": "wasm_module" }), "needs part"),
        ] {
            let (status, errors) =
                failure(&put(&app, "w", service_worker(&json!([binding]))).await);
            assert_eq!((status, &errors[0][..6]), (400, "10021 "));
            assert!(errors[0].contains(word), "{errors:?}");
        }
        let body = Multipart::of(&json!({ "body_part": "worker.js" }));
        let (_, errors) = failure(&put(&app, "w", body).await);
        assert!(errors[0].contains("no such part"), "{errors:?}");
        let both = json!({ "body_part": "a.js", "main_module": "index.js" });
        let (_, errors) = failure(&put(&app, "w", Multipart::script(&both)).await);
        assert!(errors[0].contains("exclude each other"), "{errors:?}");
        let module = json!({ "body_part": "a.js" });
        let body = Multipart::of(&module).module("a.js", "application/javascript+module", CODE);
        let (_, errors) = failure(&put(&app, "w", body).await);
        assert!(
            errors[0].contains("name a module in main_module"),
            "{errors:?}"
        );
        assert_eq!(app.written().await, written);
        // A module imports what it needs.
        let (_, errors) = refused(&app, part("index.js", "text_blob")).await;
        assert!(errors[0].contains("the name of a binding"), "{errors:?}");
        let blob = json!({ "name": "T", "type": "text_blob", "part": "index.js" });
        let (_, errors) = refused(&app, blob).await;
        assert!(
            errors[0].contains("import \"./index.js\" from a module"),
            "{errors:?}"
        );
        assert_eq!(names(&settings.2["result"]["bindings"]).len(), 4);
        // A secret of a store is a variable like the others.
        let env = json!({ "env": { "B": stored } });
        let path = "/accounts/{account_id}/workers/workers/w/versions/latest";
        result(&app.request(Method::PATCH, path, Some(env)).await);
        let bound = put(&app, "bound", service_worker(&json!([stored]))).await;
        result(&bound);
    }

    #[tokio::test]
    async fn what_is_not_run_is_refused_by_name() {
        let app = TestApp::new().await;
        let written = app.written().await;
        for kind in super::UNSUPPORTED_KINDS {
            let (status, errors) = refused(&app, json!({ "name": "X", "type": kind })).await;
            assert_eq!((status, errors.len()), (400, 1));
            assert!(
                errors[0].starts_with("10021 ") && errors[0].contains(kind),
                "{errors:?}"
            );
        }
        let (_, errors) = refused(&app, json!({ "name": "X", "type": "marked-canary" })).await;
        assert!(
            errors[0].contains("not known") && !errors[0].contains("canary"),
            "{errors:?}"
        );
        assert_eq!(app.written().await, written);
    }
}
