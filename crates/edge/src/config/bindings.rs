//! A version's bindings in its configuration.

use coffer_types::{Binding, BindingKind};

use super::{Blueprint, ConfigError, count};
use crate::workerd_capnp::worker;

/// The internal module behind the bindings of store secrets. A Worker cannot import it.
pub(super) const SECRET_MODULE: &str = "coffer:secret";

/// Writes the bindings.
pub(super) fn write(
    blueprint: &Blueprint<'_>,
    worker: worker::Builder<'_>,
) -> Result<(), ConfigError> {
    let bindings = &blueprint.version.bindings;
    let mut entries = worker.init_bindings(count(bindings.len())?);
    for (index, binding) in (0..).zip(bindings) {
        write_binding(blueprint, binding, entries.reborrow().get(index))?;
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
        BindingKind::SecretText { .. } => {
            let missing = || ConfigError::NoValue(binding.name.to_string());
            let (_, value) = blueprint
                .worker_secrets
                .iter()
                .find(|(name, _)| *name == binding.name)
                .ok_or_else(missing)?;
            entry.set_text(std::str::from_utf8(value.expose_secret()).map_err(|_| missing())?);
        }
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
