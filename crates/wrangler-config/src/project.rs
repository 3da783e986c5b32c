//! A project: its configuration file, read once, for any of its environments.

use std::path::Path;

use crate::config::Config;
use crate::field::Table;
use crate::layers::Layers;
use crate::problem::Problem;
use crate::refusal::{self, Refusal};
use crate::report::Report;
use crate::source::Source;
use crate::syntax::{self, Kind, Value};

/// A configuration file whose text is right.
#[derive(Debug)]
pub struct Project {
    source: Source,
    root: Value,
    /// Whether a build tool made it, for one environment.
    built: bool,
}

/// A configuration, and what its author should look at.
#[derive(Debug)]
pub struct Read {
    /// What the file says.
    pub config: Config,
    /// Keys that are not read, values that are not inherited, and the like, in the order of the file.
    pub warnings: Vec<Problem>,
    /// Whether a build tool made the file, of the project's own.
    pub built: bool,
}

/// The environment of a Pages project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PagesEnvironment {
    /// What is deployed from the production branch.
    Production,
    /// What is deployed from any other.
    Preview,
}

impl PagesEnvironment {
    /// Its name in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Preview => "preview",
        }
    }
}

impl Project {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// If it cannot be read, or its text is no JSON or TOML.
    pub fn open(path: &Path) -> Result<Self, Refusal> {
        Self::parse(path, &refusal::read(path)?)
    }

    /// Reads a configuration that a build tool made for one environment, as [`crate::find_built`] finds it. What it says
    /// at its top level counts for that environment.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_built(path: &Path) -> Result<Self, Refusal> {
        let project = Self::open(path)?;
        Ok(Self {
            built: true,
            ..project
        })
    }

    /// Reads a configuration file's text; the file's name tells its format.
    ///
    /// # Errors
    /// If the name tells none, or the text is not of it.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Refusal> {
        let source = Source::new(path, text);
        let extension = path.extension().and_then(|extension| extension.to_str());
        let parsed = match extension {
            Some("json" | "jsonc") => syntax::jsonc::parse(source.text()),
            Some("toml") => syntax::toml::parse(source.text()),
            _ => {
                let path = path.to_owned();
                return Err(Refusal::Format { path });
            }
        };
        match parsed {
            Ok(root) => Ok(Self {
                source,
                root,
                built: false,
            }),
            Err(error) => {
                let problem = source.problem(&error.span, error.message);
                Err(Refusal::Invalid(vec![problem]))
            }
        }
    }

    /// The file, as it was named.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    /// The directory of the file, from which its paths count.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.source.directory()
    }

    /// The names of the environments, in the order of the file.
    #[must_use]
    pub fn environments(&self) -> Vec<&str> {
        let Some(Kind::Object(environments)) = self.top("env").map(|value| &value.kind) else {
            return Vec::new();
        };
        let mut seen = std::collections::HashSet::new();
        let names = environments.iter().map(|member| member.key.as_str());
        names.filter(|name| seen.insert(*name)).collect()
    }

    /// Whether the file is a Pages project's.
    #[must_use]
    pub fn is_pages(&self) -> bool {
        self.top("pages_build_output_dir").is_some()
    }

    /// The configuration of the top level, or of an environment; of a Pages project as well. An empty name is the top
    /// level.
    ///
    /// # Errors
    /// If the file has no such environment, or something in it is wrong.
    pub fn config(&self, environment: Option<&str>) -> Result<Read, Refusal> {
        let environment = environment.filter(|name| !name.is_empty());
        if self.built {
            return self.config_built(environment);
        }
        if let Some(name) = environment
            && !self.environments().contains(&name)
        {
            return Err(Refusal::UnknownEnvironment {
                path: self.source.path.clone(),
                name: name.to_owned(),
                known: self.environments().into_iter().map(str::to_owned).collect(),
            });
        }
        self.read(environment, self.is_pages())
    }

    /// The configuration of a Pages project's environment. The file need not have it: the top level counts then.
    ///
    /// # Errors
    /// If something in the file is wrong, or not for Pages.
    pub fn pages_config(&self, environment: PagesEnvironment) -> Result<Read, Refusal> {
        let name = environment.name();
        self.read(self.environments().contains(&name).then_some(name), true)
    }

    fn config_built(&self, environment: Option<&str>) -> Result<Read, Refusal> {
        let made_for = self.text("targetEnvironment");
        if let (Some(asked), Some(made)) = (environment, made_for)
            && asked != made
        {
            return Err(Refusal::Built {
                path: self.source.path.clone(),
                message: format!("was made for {made}, not for {asked}; build the project again"),
            });
        }
        let mut read = self.read(None, self.is_pages())?;
        read.config.environment = made_for.map(str::to_owned);
        Ok(read)
    }

    /// The text of a key of the top level.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match &self.top(key)?.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    fn read(&self, environment: Option<&str>, pages: bool) -> Result<Read, Refusal> {
        let report = Report::new(&self.source);
        let config = self.layers(&report, environment).and_then(|layers| {
            layers.check_keys();
            Config::read(&layers, self.source.path.clone(), pages)
        });
        let (errors, warnings) = report.into_parts();
        match config {
            Some(config) if errors.is_empty() => Ok(Read {
                config,
                warnings,
                built: self.built,
            }),
            _ => Err(Refusal::Invalid(errors)),
        }
    }

    fn layers<'a>(&'a self, report: &'a Report<'a>, name: Option<&str>) -> Option<Layers<'a>> {
        let top = Table::root(&self.root, report)?;
        let environments = match top.field("env") {
            Some(field) => field.table()?.fields(),
            None => Vec::new(),
        };
        let environment = match name {
            Some(name) => {
                let (name, field) = environments.into_iter().find(|(one, _)| *one == name)?;
                Some((name, field.table()?))
            }
            None => None,
        };
        Some(Layers::new(top, environment))
    }

    fn top(&self, key: &str) -> Option<&Value> {
        let Kind::Object(members) = &self.root.kind else {
            return None;
        };
        let member = members.iter().rfind(|member| member.key == key)?;
        Some(&member.value)
    }
}
