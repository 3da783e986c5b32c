//! A version in the service-worker format in its configuration: one script, and its parts as variables.

use super::{Blueprint, ConfigError, Purpose, secrets};
use crate::workerd_capnp::worker;

/// Put before a script that is tried: notes what it listens for, and answers instead of it. On one line, so that
/// lines count as in the script.
const CHECK: &str = include_str!("check_service_worker.js");

/// Put before a script that the clock runs: answers by calling what listens for it. On one line, too.
const SCHEDULED: &str = include_str!("scheduled_service_worker.js");

/// Writes the script.
pub(super) fn write(
    blueprint: &Blueprint<'_>,
    mut worker: worker::Builder<'_>,
) -> Result<(), ConfigError> {
    let version = blueprint.version;
    let name = version.main_module.as_ref().ok_or(ConfigError::NoCode)?;
    let mut parts = version.modules.iter().zip(blueprint.contents);
    let (_, content) = parts
        .find(|(module, _)| module.name == *name)
        .ok_or_else(|| ConfigError::MainMissing(name.to_string()))?;
    let script = std::str::from_utf8(content);
    let script = script.map_err(|_| ConfigError::NotText(name.to_string()))?;
    let purpose = match blueprint.purpose {
        Purpose::Serve => None,
        Purpose::Check => Some(CHECK),
        Purpose::Scheduled => Some(SCHEDULED),
    };
    let secrets = secrets::before_script(blueprint);
    let before = secrets.as_deref().into_iter().chain(purpose);
    let parts: Vec<_> = before.map(str::trim_end).chain([script]).collect();
    worker.set_service_worker_script(parts.join(" "));
    Ok(())
}
