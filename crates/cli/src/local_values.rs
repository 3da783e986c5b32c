//! Values of `.dev.vars` and `.env`, as local development takes them.

use std::path::{Path, PathBuf};

use coffer_wrangler_config::{LocalSources, LocalValues, Refusal};

use crate::environment;
use crate::failure::Failure;
use crate::output;

/// Reads what `read` asks for, from the files of a directory or from those that were named; the environment decides
/// about `.env` as it does for Wrangler.
///
/// # Errors
/// If a file cannot be read.
pub(crate) fn read(
    directory: &Path,
    environment: Option<&str>,
    files: &[PathBuf],
    read: impl FnOnce(&LocalSources<'_>) -> Result<LocalValues, Refusal>,
) -> Result<LocalValues, Failure> {
    let is = |name: &str, wanted: &str| {
        environment::first(&[name]).is_some_and(|value| value.eq_ignore_ascii_case(wanted))
    };
    let found = read(&LocalSources {
        directory,
        environment,
        files,
        dot_env: !is("CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV", "false"),
        process_values: is("CLOUDFLARE_INCLUDE_PROCESS_ENV", "true"),
        process: &environment::all,
    })
    .map_err(Failure::usage)?;
    for (path, lines) in &found.ignored_lines {
        let lines: Vec<_> = lines.iter().map(ToString::to_string).collect();
        let (path, lines) = (path.display(), lines.join(", "));
        output::warning(format_args!(
            "{path}: not read, for it is neither NAME=value nor a comment: line {lines}"
        ));
    }
    Ok(found)
}

/// The names of all values.
///
/// # Errors
/// As [`read`].
#[allow(
    clippy::redundant_closure_for_method_calls,
    reason = "the method by its name takes sources of one lifetime alone"
)]
pub(crate) fn names(
    directory: &Path,
    environment: Option<&str>,
    files: &[PathBuf],
) -> Result<Vec<String>, Failure> {
    let found = read(directory, environment, files, |sources| {
        sources.read_every()
    })?;
    Ok(found.values.into_iter().map(|one| one.name).collect())
}
