//! A version's modules in its configuration.

use coffer_types::ModuleKind;

use super::{Blueprint, ConfigError, Purpose, count};
use crate::workerd_capnp::worker;

/// The name of the module that tries a version, or runs it by the clock. Its characters cannot be refused as a module's name, but its
/// length of digits makes a clash with an uploaded one a deliberate act, which only spoils the check.
pub(crate) const CHECK_MODULE: &str = "coffer-start-check-7f3a1c5e9b2d4680.js";

/// Writes the modules; the first is the one whose default export handles requests.
pub(super) fn write(
    blueprint: &Blueprint<'_>,
    worker: worker::Builder<'_>,
) -> Result<(), ConfigError> {
    let version = blueprint.version;
    let main = version.main_module.as_ref().ok_or(ConfigError::NoCode)?;
    let mut ordered: Vec<_> = version
        .modules
        .iter()
        .zip(blueprint.contents)
        .filter(|(module, _)| module.kind != ModuleKind::SourceMap)
        .collect();
    let place = ordered
        .iter()
        .position(|(module, _)| module.name == *main)
        .ok_or_else(|| ConfigError::MainMissing(main.to_string()))?;
    ordered.swap(0, place);

    let front = match blueprint.purpose {
        Purpose::Serve => None,
        Purpose::Check => Some(include_str!("check.js")),
        Purpose::Scheduled => Some(include_str!("scheduled.js")),
    };
    let first = u32::from(front.is_some());
    let mut modules = worker.init_modules(count(ordered.len())? + first);
    if let Some(front) = front {
        let mut module = modules.reborrow().get(0);
        module.set_name(CHECK_MODULE);
        module.set_es_module(front.replace("\"COFFER_MAIN\"", &specifier(main.as_str())));
    }
    for (index, (module, content)) in (first..).zip(ordered) {
        let mut entry = modules.reborrow().get(index);
        entry.set_name(module.name.as_str());
        let text = || {
            std::str::from_utf8(content).map_err(|_| ConfigError::NotText(module.name.to_string()))
        };
        match module.kind {
            ModuleKind::EsModule => entry.set_es_module(text()?),
            ModuleKind::CommonJs => entry.set_common_js_module(text()?),
            ModuleKind::Text => entry.set_text(text()?),
            ModuleKind::Json => entry.set_json(text()?),
            ModuleKind::Data => entry.set_data(content),
            ModuleKind::Wasm => entry.set_wasm(content),
            ModuleKind::SourceMap => {}
        }
    }
    Ok(())
}

/// The main module as an import of a module beside it, as a JavaScript string.
fn specifier(main: &str) -> String {
    serde_json::Value::from(format!("./{main}")).to_string()
}
