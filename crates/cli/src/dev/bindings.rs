//! What a Worker finds in `env` while it is developed, and where each value comes from.

use coffer_wrangler_config::{Config, LocalValues};
use zeroize::Zeroizing;

use super::Variable;
use crate::upload::{Binding, BindingKind, of_config};

/// A line of the table of bindings. It never holds a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) from: String,
    pub(super) is_missing: bool,
}

/// Bindings before the project's own Coffer is asked for secrets.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// What is uploaded.
    pub(super) bindings: Vec<Binding>,
    /// Values that stand in for secrets of a store, by the binding's name.
    pub(super) stand_ins: Vec<(String, Zeroizing<String>)>,
    /// What is told.
    pub(super) rows: Vec<Row>,
    /// What may not be as it is wanted.
    pub(super) warnings: Vec<String>,
}

/// Bindings of a configuration, with local values in place of its own and variables of the command line in place of
/// both. `worker` is the Worker's own name.
pub(super) fn plan(
    config: &Config,
    values: LocalValues,
    variables: &[Variable],
    worker: &str,
) -> Plan {
    let mut plan = Plan::default();
    let configured = config.path.file_name().map_or_else(
        || "configuration".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    for binding in of_config(config) {
        let kind = kind_of(&binding.kind);
        plan.add(binding, kind, configured.clone());
    }
    let files: Vec<_> = values
        .files
        .iter()
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .collect();
    let files = files.join(", ");
    for value in values.values {
        plan.take(&value.name, value.value, &files);
    }
    for name in values.missing {
        plan.rows.push(Row {
            from: "no value: put it into .dev.vars".to_owned(),
            kind: "secret",
            is_missing: true,
            name: name.clone(),
        });
        plan.warnings.push(format!(
            "the secret {name}, which secrets.required names, has no local value: put it into .dev.vars"
        ));
    }
    for Variable { name, value } in variables {
        let text = coffer_wrangler_config::Json::Text(value.clone());
        plan.remove(name);
        plan.add(
            Binding::variable(name, &text),
            "variable",
            "--var".to_owned(),
        );
    }
    plan.warn_of_services(worker);
    plan
}

impl Plan {
    fn add(&mut self, binding: Binding, kind: &'static str, from: String) {
        self.rows.push(Row {
            name: binding.name.clone(),
            kind,
            from,
            is_missing: false,
        });
        self.bindings.push(binding);
    }

    /// Takes a local value: it stands in for a secret of a store, or is a secret of the Worker.
    fn take(&mut self, name: &str, value: Zeroizing<String>, file: &str) {
        let of_store = |one: &Binding| {
            one.name == name && matches!(one.kind, BindingKind::SecretsStoreSecret { .. })
        };
        if self.bindings.iter().any(of_store) {
            if let Some(row) = self.rows.iter_mut().find(|row| row.name == name) {
                row.from = format!("{file}, in place of the store's");
            }
            self.stand_ins.push((name.to_owned(), value));
            return;
        }
        self.remove(name);
        self.add(Binding::secret(name, value), "secret", file.to_owned());
    }

    fn remove(&mut self, name: &str) {
        self.bindings.retain(|one| one.name != name);
        self.rows.retain(|row| row.name != name);
        self.stand_ins.retain(|(one, _)| one != name);
    }

    fn warn_of_services(&mut self, worker: &str) {
        for binding in &self.bindings {
            let BindingKind::Service { service, .. } = &binding.kind else {
                continue;
            };
            if service == worker {
                continue;
            }
            let row = self.rows.iter_mut().find(|row| row.name == binding.name);
            if let Some(row) = row {
                row.from = format!("the Worker {service}, which is not run here");
                row.is_missing = true;
            }
            self.warnings.push(format!(
                "env.{} is the Worker {service}, which is not run here: calls of it fail",
                binding.name
            ));
        }
    }

    /// Says of a binding where its value comes from, after all.
    pub(super) fn tell(&mut self, name: &str, from: String, is_missing: bool) {
        if let Some(row) = self.rows.iter_mut().find(|row| row.name == name) {
            row.from = from;
            row.is_missing = is_missing;
        }
    }
}

const fn kind_of(kind: &BindingKind) -> &'static str {
    match kind {
        BindingKind::PlainText { .. } | BindingKind::Json { .. } => "variable",
        BindingKind::SecretText { .. } => "secret",
        BindingKind::SecretsStoreSecret { .. } => "store secret",
        BindingKind::Service { .. } => "service",
        BindingKind::Assets {} => "static files",
        BindingKind::VersionMetadata {} => "version",
        BindingKind::TextBlob { .. } | BindingKind::DataBlob { .. } => "file",
        BindingKind::WasmModule { .. } => "WebAssembly",
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use coffer_wrangler_config::{LocalValue, Project};

    use super::*;

    fn config(text: &str) -> Config {
        let project = Project::parse(Path::new("wrangler.jsonc"), text).unwrap();
        project.config(None).unwrap().config
    }

    fn values(given: &[(&str, &str)], missing: &[&str]) -> LocalValues {
        let value = |(name, value): &(&str, &str)| LocalValue {
            name: (*name).to_owned(),
            value: Zeroizing::new((*value).to_owned()),
        };
        LocalValues {
            values: given.iter().map(value).collect(),
            files: vec![".dev.vars".into()],
            missing: missing.iter().map(|&name| name.to_owned()).collect(),
            ignored_lines: Vec::new(),
        }
    }

    #[test]
    fn values_come_from_where_they_count_most() {
        let config = config(
            r#"{ "name": "w", "vars": { "A": "1", "B": { "x": 2 }, "C": "3" },
                "services": [{ "binding": "SELF", "service": "w" }, { "binding": "OTHER", "service": "o" }],
                "secrets_store_secrets": [
                  { "binding": "KEY", "store_id": "0123456789abcdef0123456789abcdef", "secret_name": "key" },
                  { "binding": "KEPT", "store_id": "0123456789abcdef0123456789abcdef", "secret_name": "kept" }] }"#,
        );
        let values = values(&[("B", "text"), ("KEY", "local"), ("NEW", "n")], &["GONE"]);
        let variables = ["C:4".parse().unwrap(), "D:a:b".parse().unwrap()];
        let plan = plan(&config, values, &variables, "w");
        let rows: Vec<_> = plan
            .rows
            .iter()
            .map(|row| {
                (
                    row.name.as_str(),
                    row.kind,
                    row.from.as_str(),
                    row.is_missing,
                )
            })
            .collect();
        assert_eq!(
            rows,
            [
                ("A", "variable", "wrangler.jsonc", false),
                (
                    "KEY",
                    "store secret",
                    ".dev.vars, in place of the store's",
                    false
                ),
                ("KEPT", "store secret", "wrangler.jsonc", false),
                ("SELF", "service", "wrangler.jsonc", false),
                (
                    "OTHER",
                    "service",
                    "the Worker o, which is not run here",
                    true
                ),
                ("B", "secret", ".dev.vars", false),
                ("NEW", "secret", ".dev.vars", false),
                ("GONE", "secret", "no value: put it into .dev.vars", true),
                ("C", "variable", "--var", false),
                ("D", "variable", "--var", false),
            ]
        );
        assert_eq!(plan.stand_ins.len(), 1);
        assert_eq!(plan.warnings.len(), 2);
        let d = plan.bindings.iter().find(|one| one.name == "D").unwrap();
        assert!(matches!(&d.kind, BindingKind::PlainText { text } if text == "a:b"));
    }
}
