//! `coffer types`: TypeScript for what a Worker finds in its `env`.

mod document;
mod entry;
mod literal;
mod members;
mod modules;

use std::path::{Path, PathBuf};

use clap::{ArgAction, Args};
use coffer_wrangler_config::{Config, Project};
use serde::Serialize;

use crate::failure::Failure;
use crate::local_values;
use crate::output;
use crate::project::ProjectFlags;
use document::Document;
use entry::Entry;
use members::Scope;

#[derive(Debug, Args)]
#[command(
    after_help = "The types of the runtime itself come from npm: install @cloudflare/workers-types and name it in \
                  \"types\" of tsconfig.json.\n\n\
                  Examples:\n  coffer types\n  coffer types src/env.d.ts --env staging\n  coffer types --check"
)]
pub(crate) struct Types {
    /// The file to write; its name ends with .d.ts
    #[arg(value_name = "FILE", default_value = "worker-configuration.d.ts")]
    path: PathBuf,
    /// The name of the interface
    #[arg(long, value_name = "NAME", default_value = "Env")]
    env_interface: String,
    /// Whether a variable's type is its value, as "staging" | "production", or only string
    #[arg(long, value_name = "BOOL", default_value_t = true, action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true", hide_possible_values = true)]
    strict_vars: bool,
    /// Whether the module that the code begins with is named, for the types of ctx.exports
    #[arg(long, value_name = "BOOL", default_value_t = true, action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true", hide_possible_values = true)]
    include_main_module: bool,
    /// Whether the types of env are written: true is the only choice, there are no others to write
    #[arg(long, value_name = "BOOL", default_value_t = true, action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true", hide_possible_values = true)]
    include_env: bool,
    /// Whether the types of the runtime are written: false is the only choice, they come from npm
    #[arg(long, value_name = "BOOL", default_value_t = false, action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true", hide_possible_values = true)]
    include_runtime: bool,
    /// Write nothing; exit with 1 if the file is not as it would be written
    #[arg(long)]
    check: bool,
    /// A .env file whose names are secrets of the Worker; may be repeated
    #[arg(long, value_name = "FILE")]
    env_file: Vec<PathBuf>,
    #[command(flatten)]
    project: ProjectFlags,
}

/// What was done, for `--json`.
#[derive(Serialize)]
struct Outcome<'a> {
    path: &'a Path,
    /// Whether the file is now as it should be.
    current: bool,
    /// Whether it was written.
    written: bool,
    /// The interface's members.
    members: Vec<members::Shown>,
}

impl Types {
    pub(crate) fn run(self) -> Result<(), Failure> {
        self.check_flags()?;
        let project = self.project.open_own()?.ok_or_else(|| {
            Failure::usage(
                "types are made of a configuration: run this where a wrangler.jsonc or wrangler.toml is, or name one \
                 with --config",
            )
        })?;
        let scopes = self.scopes(&project)?;
        let document = Document {
            interface: &self.env_interface,
            entry: self.entry(&scopes),
            include_main_module: self.include_main_module,
            strict: self.strict_vars,
            directory: self.path.parent().unwrap_or(Path::new("")),
            configuration: project.path(),
        };
        let text = document.text(&scopes)?;
        let existing = read_existing(&self.path)?;
        let current = existing.as_deref().is_some_and(|there| same(there, &text));
        if self.check && !current {
            return Err(Failure::sentence(format!(
                "{} is not what {} says; run coffer types",
                self.path.display(),
                project.path().display()
            )));
        }
        if !current {
            self.write(existing.as_deref(), &text)?;
        }
        self.tell(current, document.members(&scopes));
        Ok(())
    }

    fn check_flags(&self) -> Result<(), Failure> {
        let name = &self.env_interface;
        let right = name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if !right {
            return Err(Failure::usage(format!(
                "--env-interface must be a letter followed by letters, digits and underscores, not {name:?}"
            )));
        }
        if !self.path.to_string_lossy().ends_with(".d.ts") {
            return Err(Failure::usage(format!(
                "the file must be named as a declaration, with .d.ts at its end; {} is not",
                self.path.display()
            )));
        }
        if self.include_runtime {
            return Err(Failure::usage(
                "the types of the runtime come from npm: install @cloudflare/workers-types, name it in \"types\" of \
                 tsconfig.json, and leave out --include-runtime",
            ));
        }
        if !self.include_env {
            return Err(Failure::usage(
                "without the types of env there is nothing to write; leave out --include-env",
            ));
        }
        Ok(())
    }

    /// The environment that was asked for, or all of them, the top level last.
    fn scopes(&self, project: &Project) -> Result<Vec<Scope>, Failure> {
        let environment = self.project.environment();
        let read = |name: Option<&str>| project.config(name).map_err(Failure::usage);
        let chosen = read(environment.as_deref())?;
        for warning in &chosen.warnings {
            output::warning(warning);
        }
        let mut configs: Vec<Config> = Vec::new();
        if environment.is_none() {
            for name in project.environments() {
                configs.push(read(Some(name))?.config);
            }
        }
        configs.push(chosen.config);
        let required = configs
            .iter()
            .any(|config| config.required_secrets.is_some());
        let local = if required {
            Vec::new()
        } else {
            let environment = environment.as_deref();
            local_values::names(project.directory(), environment, &self.env_file)?
        };
        let scopes = configs.into_iter().map(|config| Scope {
            secrets: match &config.required_secrets {
                Some(required) => required.clone(),
                None => local.clone(),
            },
            config,
        });
        Ok(scopes.collect())
    }

    /// The module that the code begins with.
    fn entry(&self, scopes: &[Scope]) -> Option<Entry> {
        let config = &scopes.last()?.config;
        Entry::read(config.main.as_deref()?, config.name.clone())
    }

    fn write(&self, existing: Option<&str>, text: &str) -> Result<(), Failure> {
        if existing.is_some_and(|there| !there.is_empty() && !document::is_generated(there)) {
            return Err(Failure::conflict(format!(
                "{} was not made by coffer types and is left as it is; name another file, or rename it",
                self.path.display()
            )));
        }
        std::fs::write(&self.path, text).map_err(|error| {
            Failure::error(&format!("failed to write {}", self.path.display()), error)
        })
    }

    fn tell(&self, current: bool, members: Vec<members::Shown>) {
        if output::is_json() {
            output::json(&Outcome {
                path: &self.path,
                current: true,
                written: !current,
                members,
            });
            return;
        }
        let path = self.path.display();
        let interface = &self.env_interface;
        let count = match members.len() {
            1 => "1 member".to_owned(),
            count => format!("{count} members"),
        };
        output::note(if current {
            format!("{path} is up to date.")
        } else {
            format!("Wrote {path}: {interface} has {count}.")
        });
    }
}

/// The file as it is; `None` if there is none.
fn read_existing(path: &Path) -> Result<Option<String>, Failure> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let doing = format!("failed to read {}", path.display());
            Err(Failure::error(&doing, error))
        }
    }
}

/// Whether two files say the same, whoever made them.
fn same(one: &str, other: &str) -> bool {
    let said = |text: &'_ str| -> Vec<String> {
        let lines = text.lines().map(str::trim_end);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("//"));
        lines.map(str::to_owned).collect()
    };
    said(one) == said(other)
}
