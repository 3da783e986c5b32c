//! The module that a Worker's code begins with.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use super::literal::quoted;
use crate::bundle::syntax;

/// Bytes of it that are read. Our own bound: what people write, not what tools make of it.
const MAX_ENTRY_BYTES: u64 = 4 * 1024 * 1024;

/// The module, as far as types speak of it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) path: PathBuf,
    /// The Worker's name.
    pub(super) worker: Option<String>,
    code: String,
}

impl Entry {
    /// The module; `None` if it is not there, or no text.
    pub(super) fn read(path: &Path, worker: Option<String>) -> Option<Self> {
        let file = std::fs::File::open(path).ok()?;
        let mut code = String::new();
        file.take(MAX_ENTRY_BYTES).read_to_string(&mut code).ok()?;
        Some(Self {
            path: path.to_owned(),
            worker,
            code,
        })
    }

    /// Whether it is a script that listens for events, and has no `env`.
    pub(super) fn is_script(&self) -> bool {
        let is_python = self.path.extension().is_some_and(|one| one == "py");
        !is_python && !syntax::has_exports(&self.code)
    }

    /// Whether it says that it exports this name.
    pub(super) fn exports(&self, name: &str) -> bool {
        syntax::exports(&self.code, name)
    }
}

/// How a file of a directory imports a module: its path from there, without its ending, in quotes.
pub(super) fn specifier(directory: &Path, module: &Path) -> String {
    let (from, to) = (plain(directory), plain(module));
    let shared = from
        .iter()
        .zip(&to)
        .take_while(|(one, other)| one == other)
        .count();
    let mut parts = vec!["..".to_owned(); from.len() - shared];
    if parts.is_empty() {
        parts.push(".".to_owned());
    }
    parts.extend(to.into_iter().skip(shared));
    if let Some(last) = parts.last_mut()
        && let Some((stem, _)) = last.rsplit_once('.')
        && !stem.is_empty()
    {
        *last = stem.to_owned();
    }
    quoted(&parts.join("/"))
}

/// The parts of a path from the root, with `.` and `..` taken out.
fn plain(path: &Path) -> Vec<String> {
    // The directory of a file that is named without one has no name, either.
    let path = std::path::absolute(Path::new(".").join(path)).unwrap_or_else(|_| path.to_owned());
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(parts.pop()),
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::Prefix(_) | Component::RootDir | Component::CurDir => {}
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_named_from_where_the_types_are() {
        for (directory, module, expected) in [
            ("", "src/index.ts", "\"./src/index\""),
            ("/p", "/p/./src/index.test.ts", "\"./src/index.test\""),
            ("/p/types", "/p/src/index.mjs", "\"../src/index\""),
            ("/p/src", "/p/src/index.js", "\"./index\""),
            ("/p/a/../src", "/p/src/deep/index.js", "\"./deep/index\""),
            ("/a/b", "/c/x.ts", "\"../../c/x\""),
        ] {
            let found = specifier(Path::new(directory), Path::new(module));
            assert_eq!(found, expected, "{directory} {module}");
        }
    }
}
