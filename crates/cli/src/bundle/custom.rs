//! The project's own command, which makes the code before it is bundled.

use std::path::Path;
use std::process::Stdio;

use coffer_wrangler_config::CustomBuild;
use tokio::process::Command;

use super::failure::BundleError;

/// Runs the command of a configuration, if it has one. What it prints goes to stderr.
///
/// # Errors
/// If it cannot be run or fails.
pub(crate) async fn build(custom: &CustomBuild, directory: &Path) -> Result<(), BundleError> {
    let Some(command) = &custom.command else {
        return Ok(());
    };
    let failed = |reason: String| BundleError::Build {
        command: command.clone(),
        reason,
    };
    let ended = Command::new("/bin/sh")
        .arg("-c")
        .arg(command)
        .current_dir(custom.cwd.as_deref().unwrap_or(directory))
        .stdin(Stdio::null())
        // Stdout is for data.
        .stdout(std::io::stderr())
        .kill_on_drop(true)
        .status()
        .await
        .map_err(|error| failed(error.to_string()))?;
    if ended.success() {
        return Ok(());
    }
    Err(failed(match ended.code() {
        Some(code) => format!("it ended with {code}"),
        None => "it was killed".to_owned(),
    }))
}
