//! A Worker's project on disk.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

/// A directory with a Wrangler configuration and some files.
pub(crate) struct Project(TempDir);

impl Project {
    /// A project configured by this JSON, to which the compatibility date is added.
    pub(crate) fn new(mut configuration: Value) -> Self {
        configuration["compatibility_date"] = json!("2026-11-01");
        Self::empty().with("wrangler.json", configuration.to_string())
    }

    /// A directory with nothing in it.
    pub(crate) fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Adds a file, or replaces it.
    pub(crate) fn with(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.write(path, content);
        self
    }

    /// Adds a file, or replaces it.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

/// The Worker that most tests deploy: it answers with what it reads from `env`.
pub(crate) const READER: &str = r#"
export default {
    async fetch(request, env) {
        const answer = { text: {}, store: {} };
        for (const [name, binding] of Object.entries(env)) {
            if (typeof binding?.get !== "function") {
                answer.text[name] = binding;
                continue;
            }
            try {
                answer.store[name] = await binding.get();
            } catch (error) {
                answer.store[name] = `rejected: ${error.message}`;
            }
        }
        return Response.json(answer);
    },
};
"#;

/// A project of the reader with a Secrets Store binding of the secret's own name for each secret.
pub(crate) fn reader(name: &str, store_id: &str, secrets: &[&str]) -> Project {
    let bindings: Vec<_> = secrets
        .iter()
        .map(|secret| json!({ "binding": secret, "store_id": store_id, "secret_name": secret }))
        .collect();
    Project::new(json!({
        "name": name,
        "main": "src/index.js",
        "vars": { "GREETING": "hello" },
        "secrets_store_secrets": bindings,
    }))
    .with("src/index.js", READER)
}
