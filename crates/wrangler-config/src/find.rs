//! Where a project's configuration is.

use std::path::{Component, Path, PathBuf};

use crate::project::Project;
use crate::refusal::{self, Refusal};
use crate::source::beside;

/// The names of the file, in the order in which they are looked for.
pub const FILE_NAMES: [&str; 3] = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"];

/// The configuration file of a directory or of the nearest one above it. As Wrangler looks for them, a `wrangler.json`
/// further up comes before a `wrangler.toml` in the directory itself. A file of the directory itself is named as the
/// directory is, one above it in full.
#[must_use]
pub fn find(directory: &Path) -> Option<PathBuf> {
    let full = std::path::absolute(directory).ok()?;
    FILE_NAMES.iter().find_map(|name| {
        let here = beside(directory, name);
        let above = full.ancestors().skip(1).map(|above| above.join(name));
        std::iter::once(here)
            .chain(above)
            .find(|path| path.is_file())
    })
}

/// Where a build tool says, beside a project's own configuration, which one it has made for deployment.
const POINTER: &str = ".wrangler/deploy/config.json";

/// The configuration that a build tool made of the project's own, if there is one: a file of the directory or of the
/// nearest one above it points to it.
///
/// # Errors
/// If that file is broken, or what it points to is not there, or it lies elsewhere than the project's own.
pub fn find_built(directory: &Path) -> Result<Option<PathBuf>, Refusal> {
    let Some(full) = std::path::absolute(directory).ok() else {
        return Ok(None);
    };
    let mut above = full.ancestors();
    let Some(root) = above.find(|above| above.join(POINTER).is_file()) else {
        return Ok(None);
    };
    let pointer = root.join(POINTER);
    let refused = |message: String| Refusal::Built {
        path: pointer.clone(),
        message,
    };
    if let Some(own) = find(directory).and_then(|own| std::path::absolute(own).ok())
        && own.parent() != Some(root)
    {
        let own = own.display();
        return Err(refused(format!(
            "lies elsewhere than {own}, so it is not clear which one is meant; delete the one that is left over"
        )));
    }
    let text = refusal::read(&pointer)?;
    let project = Project::parse(&pointer, &text)?;
    let Some(target) = project.text("configPath") else {
        return Err(refused(
            "does not say with \"configPath\" which configuration was made; build the project again".to_owned(),
        ));
    };
    let built = plain(&pointer.parent().unwrap_or(root).join(target));
    if !built.is_file() {
        let built = built.display();
        return Err(refused(format!(
            "points to {built}, which is not there; build the project again"
        )));
    }
    Ok(Some(built))
}

/// A path without `..`, as far as that can be told without looking.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        if component != Component::ParentDir || !plain.pop() {
            plain.push(component);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_of_the_first_name_is_found() {
        let top = tempfile::tempdir().unwrap();
        let inner = top.path().join("a/b");
        std::fs::create_dir_all(&inner).unwrap();
        let write = |path: &str| {
            let path = top.path().join(path);
            std::fs::write(&path, "{}").unwrap();
            path
        };
        let toml = write("a/b/wrangler.toml");
        assert_eq!(find(&inner), Some(toml));
        let jsonc = write("a/wrangler.jsonc");
        assert_eq!(find(&inner), Some(jsonc));
        let json = write("wrangler.json");
        assert_eq!(find(&inner), Some(json));
        std::fs::create_dir(inner.join("wrangler.json")).unwrap();
        assert_eq!(find(&inner), Some(top.path().join("wrangler.json")));
    }

    #[test]
    fn what_a_build_tool_made_is_found_where_it_belongs() {
        let top = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = top.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
        };
        let refused = || find_built(top.path()).unwrap_err().to_string();
        assert!(find_built(top.path()).unwrap().is_none());
        write(".wrangler/deploy/config.json", "{}");
        assert!(refused().contains("does not say with \"configPath\""));
        write(".wrangler/deploy/config.json", "{ configPath }");
        assert!(refused().contains("config.json:1:3"), "{}", refused());
        let pointer = r#"{ "configPath": "../../dist/wrangler.json" }"#;
        write(".wrangler/deploy/config.json", pointer);
        assert!(refused().contains("which is not there"));
        let built = r#"{ "name": "w-staging", "targetEnvironment": "staging", "kv_namespaces": [],
            "durable_objects": { "bindings": [] }, "definedEnvironments": ["staging"], "unsafe": {} }"#;
        write("dist/wrangler.json", built);
        write("wrangler.toml", "name = 'w'\n[env.staging]");
        let found = find_built(top.path()).unwrap();
        assert!(found.is_some_and(|path| path == top.path().join("dist/wrangler.json")));
        write("deeper/wrangler.toml", "");
        let refusal = find_built(&top.path().join("deeper")).unwrap_err();
        assert!(refusal.to_string().contains("lies elsewhere"), "{refusal}");

        let project = Project::open_built(&top.path().join("dist/wrangler.json")).unwrap();
        for environment in [None, Some("staging")] {
            let read = project.config(environment).unwrap();
            assert_eq!(read.config.name.as_deref(), Some("w-staging"));
            assert!(read.warnings.is_empty(), "{:?}", read.warnings);
        }
        let refusal = project.config(Some("other")).unwrap_err().to_string();
        assert!(
            refusal.contains("was made for staging, not for other"),
            "{refusal}"
        );
    }
}
