//! Secrets of stores in the configuration of a version that binds them.

use coffer_protocol::feed::VersionRecord;
use coffer_types::BindingKind;
use coffer_types::limits::MAX_BINDINGS_PER_VERSION;
use serde_json::json;

use super::Blueprint;

/// The binding by which a service worker asks the daemon. No variable of a Worker can have this name, and it is gone
/// before the Worker's code runs.
pub(super) const DAEMON_BINDING: &str = "coffer:daemon";

/// What both forms are made of.
const SECRET: &str = include_str!("secret.js");
const MODULE: &str = include_str!("secret_module.js");
const SERVICE_WORKER: &str = include_str!("secret_service_worker.js");

/// The internal module behind the wrapped bindings.
pub(super) fn module() -> String {
    MODULE.replace("COFFER_SECRET;", &secret())
}

/// What stands before a script that binds secrets of stores, on one line; nothing if it binds none.
pub(super) fn before_script(blueprint: &Blueprint<'_>) -> Option<String> {
    let variables = variables(blueprint.version);
    if variables.is_empty() {
        return None;
    }
    let texts = [
        ("\"COFFER_DAEMON\"", json!(DAEMON_BINDING).to_string()),
        ("COFFER_SECRET;", secret()),
        ("COFFER_FRESHNESS", blueprint.freshness_ms.to_string()),
        ("COFFER_BINDINGS", json!(variables).to_string()),
    ];
    let script = texts
        .iter()
        .fold(SERVICE_WORKER.to_owned(), |script, (place, text)| {
            script.replace(place, text)
        });
    Some(on_one_line(&script))
}

/// The text of both forms.
fn secret() -> String {
    SECRET.replace("COFFER_MAX_NAMES", &MAX_BINDINGS_PER_VERSION.to_string())
}

/// Each variable with its store and its secret.
fn variables(version: &VersionRecord) -> Vec<[String; 3]> {
    let bindings = version.bindings.iter();
    bindings
        .filter_map(|binding| match &binding.kind {
            BindingKind::SecretsStoreSecret {
                store_id,
                secret_name,
            } => Some([
                binding.name.to_string(),
                store_id.to_string(),
                secret_name.to_string(),
            ]),
            _ => None,
        })
        .collect()
}

/// Lines of a script count from its own first one.
fn on_one_line(script: &str) -> String {
    let lines = script.lines().map(str::trim);
    let code: Vec<_> = lines.filter(|line| !line.starts_with("//")).collect();
    code.join(" ")
}
