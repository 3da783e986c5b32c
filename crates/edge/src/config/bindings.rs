//! A version's bindings in its configuration.

use bytes::Bytes;
use coffer_protocol::feed::VersionRecord;
use coffer_types::{Binding, BindingKind, Format, ModuleName, Timestamp};
use serde_json::json;

use super::{Blueprint, ConfigError, count, keys, secrets};
use crate::workerd_capnp::worker;

/// The internal module behind the bindings of store secrets. A Worker cannot import it.
pub(super) const SECRET_MODULE: &str = "coffer:secret";

/// The name of the service that leads to the Worker at this place of [`super::services`].
pub(super) fn service_name(place: usize) -> String {
    format!("worker-{place}")
}

/// The service behind the binding of static assets.
pub(super) const ASSETS_SERVICE: &str = "assets";

/// Writes the bindings.
pub(super) fn write(
    blueprint: &Blueprint<'_>,
    worker: worker::Builder<'_>,
) -> Result<(), ConfigError> {
    // The variables of a script that are secrets of stores are made by what stands before it.
    let is_script = blueprint.version.format == Format::ServiceWorker;
    let (made, bindings): (Vec<_>, Vec<_>) =
        blueprint.version.bindings.iter().partition(|binding| {
            is_script && matches!(binding.kind, BindingKind::SecretsStoreSecret { .. })
        });
    let asks = !made.is_empty();
    let mut entries = worker.init_bindings(count(bindings.len())? + u32::from(asks));
    for (index, binding) in (0..).zip(&bindings) {
        write_binding(blueprint, binding, entries.reborrow().get(index))?;
    }
    if asks {
        let mut daemon = entries.get(count(bindings.len())?);
        daemon.set_name(secrets::DAEMON_BINDING);
        daemon.init_service().set_name("daemon");
    }
    Ok(())
}

fn write_binding(
    blueprint: &Blueprint<'_>,
    binding: &Binding,
    mut entry: worker::binding::Builder<'_>,
) -> Result<(), ConfigError> {
    entry.set_name(binding.name.as_str());
    match &binding.kind {
        BindingKind::PlainText { text } => entry.set_text(text),
        BindingKind::Json { json } => entry.set_json(json.to_string()),
        BindingKind::SecretText { .. } => entry.set_text(value_of(blueprint, binding)?),
        BindingKind::VersionMetadata {} => entry.set_json(version_metadata(blueprint.version)),
        BindingKind::TextBlob { part } => {
            let content = part_of(blueprint, part)?;
            let text = std::str::from_utf8(content);
            entry.set_text(text.map_err(|_| ConfigError::NotText(part.to_string()))?);
        }
        BindingKind::SecretKey { key, .. } => {
            let material = value_of(blueprint, binding)?;
            keys::write(key, material, entry.init_crypto_key())?;
        }
        BindingKind::DataBlob { part } => entry.set_data(part_of(blueprint, part)?),
        BindingKind::WasmModule { part } => entry.set_wasm_module(part_of(blueprint, part)?),
        BindingKind::Service { service } => {
            let missing = || ConfigError::NotOffered(binding.name.to_string());
            let mut services = super::services(blueprint.version).into_iter();
            let place = services.position(|other| other == service);
            let name = service_name(place.ok_or_else(missing)?);
            entry.init_service().set_name(name);
        }
        BindingKind::Assets {} => entry.init_service().set_name(ASSETS_SERVICE),
        BindingKind::SecretsStoreSecret {
            store_id,
            secret_name,
        } => {
            let mut wrapped = entry.init_wrapped();
            wrapped.set_module_name(SECRET_MODULE);
            let mut inner = wrapped.init_inner_bindings(4);
            let mut daemon = inner.reborrow().get(0);
            daemon.set_name("daemon");
            daemon.init_service().set_name("daemon");
            let texts = [
                ("name", secret_name.to_string()),
                ("store", store_id.to_string()),
                ("freshness", blueprint.freshness_ms.to_string()),
            ];
            for (place, (name, text)) in (1..).zip(texts) {
                let mut one = inner.reborrow().get(place);
                one.set_name(name);
                one.set_text(text);
            }
        }
    }
    Ok(())
}

/// The opened value of a per-Worker secret or key.
fn value_of<'a>(blueprint: &Blueprint<'a>, binding: &Binding) -> Result<&'a str, ConfigError> {
    let missing = || ConfigError::NoValue(binding.name.to_string());
    let secrets: &'a [_] = blueprint.worker_secrets;
    let found = secrets.iter().find(|(name, _)| *name == binding.name);
    let (_, value) = found.ok_or_else(missing)?;
    std::str::from_utf8(value.expose_secret()).map_err(|_| missing())
}

/// The content of a part of the upload.
fn part_of<'a>(blueprint: &Blueprint<'a>, part: &ModuleName) -> Result<&'a Bytes, ConfigError> {
    let contents: &'a [Bytes] = blueprint.contents;
    let mut parts = blueprint.version.modules.iter().zip(contents);
    let found = parts.find(|(module, _)| module.name == *part);
    let (_, content) = found.ok_or_else(|| ConfigError::PartMissing(part.to_string()))?;
    Ok(content)
}

/// What a Worker reads of its version. The tag is empty where there is none.
fn version_metadata(version: &VersionRecord) -> String {
    json!({
        "id": version.version_id,
        "tag": version.tag.as_deref().unwrap_or_default(),
        "timestamp": version.created_at.unwrap_or(Timestamp::from_micros(0)),
    })
    .to_string()
}
