//! Modules beside the code, found by the rules.

use std::fs;
use std::path::{Path, PathBuf};

use coffer_types::ModuleKind;

use super::Module;
use super::failure::BundleError;
use super::rules::Rules;

/// The most files that are looked at: more than a project has, fewer than a home directory.
const MAX_FILES: usize = 50_000;
/// Directories that hold nothing of a Worker.
const SKIPPED: [&str; 4] = [".git", ".coffer", ".wrangler", ".hg"];

/// A module and the file that it is.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) module: Module,
}

/// Every file below a directory that a rule names, but for the one that the code begins with; in the order of their
/// names.
pub(super) fn additional(
    base: &Path,
    entry: &Path,
    rules: &Rules,
) -> Result<Vec<Found>, BundleError> {
    let mut paths = Vec::new();
    walk(base, base, &mut paths)?;
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let Some(name) = name_below(base, &path) else {
            continue;
        };
        let Some(kind) = rules.kind_of(&name).filter(|_| path != entry) else {
            continue;
        };
        let content = fs::read(&path).map_err(|error| BundleError::read(&path, &error))?;
        found.push(Found {
            path,
            module: Module {
                name,
                kind,
                content,
            },
        });
    }
    Ok(found)
}

/// A file's path below a directory, with forward slashes.
pub(super) fn name_below(base: &Path, path: &Path) -> Option<String> {
    let parts = path.strip_prefix(base).ok()?.iter();
    let parts: Option<Vec<_>> = parts.map(|part| part.to_str()).collect();
    Some(parts?.join("/")).filter(|name| !name.is_empty())
}

/// Whether a module is code that the bundle leaves outside.
pub(super) const fn is_code(kind: ModuleKind) -> bool {
    matches!(kind, ModuleKind::EsModule | ModuleKind::CommonJs)
}

fn walk(base: &Path, directory: &Path, paths: &mut Vec<PathBuf>) -> Result<(), BundleError> {
    let unreadable = |error| BundleError::read(directory, &error);
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name();
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() {
            if !SKIPPED.iter().any(|skipped| name == *skipped) {
                walk(base, &entry.path(), paths)?;
            }
        } else {
            paths.push(entry.path());
        }
        if paths.len() > MAX_FILES {
            return Err(BundleError::TooManyFiles {
                directory: base.to_owned(),
                most: MAX_FILES,
            });
        }
    }
    Ok(())
}
