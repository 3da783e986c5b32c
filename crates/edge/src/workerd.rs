//! Where the workerd binary is.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// What npm unpacks for the platforms that Coffer runs on.
const PACKAGES: [&str; 2] = [
    "node_modules/@cloudflare/workerd-linux-64/bin/workerd",
    "node_modules/@cloudflare/workerd-linux-arm64/bin/workerd",
];

/// No workerd binary was found.
#[derive(Debug, thiserror::Error)]
pub enum WorkerdMissing {
    /// The path that was named is not a file.
    #[error("there is no workerd at {}: correct the path, or install it with `npm install workerd`", .0.display())]
    Named(PathBuf),
    /// No place has one.
    #[error(
        "workerd is not installed: run `npm install workerd` in this directory or in the one of the coffer binary, or name its path"
    )]
    Nowhere,
}

/// Finds the workerd binary: the path named, else in `node_modules` of a directory of `search_from` or of
/// any above it, else in the directories of `PATH`.
///
/// # Errors
/// When no such file exists; the message says how to install it.
pub fn find_workerd(
    explicit: Option<&Path>,
    search_from: &[PathBuf],
) -> Result<PathBuf, WorkerdMissing> {
    find(explicit, search_from, std::env::var_os("PATH").as_deref())
}

fn find(
    explicit: Option<&Path>,
    search_from: &[PathBuf],
    path: Option<&OsStr>,
) -> Result<PathBuf, WorkerdMissing> {
    if let Some(path) = explicit {
        return if path.is_file() {
            Ok(path.to_owned())
        } else {
            Err(WorkerdMissing::Named(path.to_owned()))
        };
    }
    let packaged = search_from
        .iter()
        .flat_map(|from| from.ancestors())
        .flat_map(|directory| PACKAGES.map(|package| directory.join(package)));
    let on_path = path
        .into_iter()
        .flat_map(std::env::split_paths)
        .map(|directory| directory.join("workerd"));
    packaged
        .chain(on_path)
        .find(|candidate| candidate.is_file())
        .ok_or(WorkerdMissing::Nowhere)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_above_and_missed_with_advice() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b/c");
        std::fs::create_dir_all(&deep).unwrap();
        let missing = find(None, std::slice::from_ref(&deep), None).unwrap_err();
        assert!(missing.to_string().contains("npm install workerd"));

        let binary = root.path().join(PACKAGES[0]);
        std::fs::create_dir_all(binary.parent().unwrap()).unwrap();
        std::fs::write(&binary, "").unwrap();
        assert_eq!(find(None, &[deep], None).unwrap(), binary);

        let named = root.path().join("nowhere");
        assert!(
            find(Some(&named), &[], None)
                .unwrap_err()
                .to_string()
                .contains("nowhere")
        );
        let directory = binary.parent().unwrap();
        assert_eq!(
            find(None, &[], Some(directory.as_os_str())).unwrap(),
            binary
        );
    }
}
