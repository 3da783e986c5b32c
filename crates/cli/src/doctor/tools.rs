//! What is needed to deploy and develop, not to serve.

use std::path::PathBuf;

use super::finding::Finding;

/// Looks for Node and esbuild.
pub(super) fn look() -> Vec<Finding> {
    let node = match on_path("node") {
        Some(node) => Finding::ok("node", node.display().to_string()),
        None => Finding::warn(
            "node",
            "not installed",
            "install it to deploy with packages of npm or with Wrangler; serving needs none",
        ),
    };
    let esbuild = match esbuild() {
        Some(esbuild) => Finding::ok("esbuild", esbuild.display().to_string()),
        None => Finding::warn(
            "esbuild",
            "not installed",
            "`npm install --save-dev esbuild` in the project to deploy TypeScript or several files; --no-bundle needs none",
        ),
    };
    vec![node, esbuild]
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_file())
}

fn esbuild() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors()
        .map(|directory| directory.join("node_modules/.bin/esbuild"))
        .find(|candidate| candidate.is_file())
        .or_else(|| on_path("esbuild"))
}
