//! What is uploaded, from configuration and flags: shared by everything that makes a version.

use std::path::{Path, PathBuf};

use clap::Args;
use coffer_wrangler_config::{Config, Json, Variable};
use zeroize::Zeroizing;

use crate::bundle::{self, Bundled, Purpose, Recipe};
use crate::failure::Failure;
use crate::output::{self, Spinner};
use crate::project::{self, ProjectFlags};
use crate::secret::bulk;
use crate::upload::assets::AssetFiles;
use crate::upload::{self, Binding};

/// Flags that say what is uploaded; each comes before what the configuration says.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Source")]
pub(crate) struct SourceFlags {
    /// The file that the code begins with [default: main of the configuration]
    pub(crate) script: Option<PathBuf>,
    /// Take the files as they are, without esbuild
    #[arg(long)]
    no_bundle: bool,
    /// Make the code small
    #[arg(long)]
    minify: bool,
    /// A variable
    #[arg(long = "var", value_name = "NAME:VALUE", num_args = 1..)]
    vars: Vec<Pair>,
    /// A name in the code that is replaced by an expression
    #[arg(long, value_name = "NAME:VALUE", num_args = 1..)]
    define: Vec<Pair>,
    /// A module that stands for another
    #[arg(long, value_name = "MODULE:PATH", num_args = 1..)]
    alias: Vec<Pair>,
    /// The tsconfig.json
    #[arg(long, value_name = "FILE")]
    tsconfig: Option<PathBuf>,
    /// What makes JSX elements
    #[arg(long, value_name = "NAME")]
    jsx_factory: Option<String>,
    /// What makes JSX fragments
    #[arg(long, value_name = "NAME")]
    jsx_fragment: Option<String>,
    /// The date that the runtime's behaviour is fixed at
    #[arg(long, value_name = "DATE")]
    compatibility_date: Option<String>,
    /// Exceptions to that date
    #[arg(long, visible_alias = "compatibility-flag", value_name = "FLAG", num_args = 1..)]
    compatibility_flags: Vec<String>,
    /// A directory of static files
    #[arg(long, value_name = "DIR")]
    assets: Option<PathBuf>,
    /// Upload source maps, for stack traces
    #[arg(long)]
    upload_source_maps: bool,
    /// Secrets to set with this version: JSON or a .env file
    #[arg(long, value_name = "FILE")]
    secrets_file: Option<PathBuf>,
    /// Keep variables that were set elsewhere
    #[arg(long)]
    keep_vars: bool,
    /// Write what would be uploaded into a directory, too
    #[arg(long, value_name = "DIR")]
    outdir: Option<PathBuf>,
}

/// A name with a value, as in `NAME:VALUE`.
#[derive(Clone, Debug)]
struct Pair {
    name: String,
    value: String,
}

impl std::str::FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some((name, value)) if !name.is_empty() => Ok(Self {
                name: name.to_owned(),
                value: value.to_owned(),
            }),
            _ => {
                Err("write a name and a value with a colon between them, as NAME:VALUE".to_owned())
            }
        }
    }
}

/// What is uploaded.
#[derive(Debug)]
pub(crate) struct Source {
    /// The configuration, with what flags say in it.
    pub(crate) config: Config,
    /// The code; `None` for static files alone.
    pub(crate) bundled: Option<Bundled>,
    /// The static files.
    pub(crate) assets: Option<AssetFiles>,
    /// What `env` holds.
    pub(crate) bindings: Vec<Binding>,
}

impl SourceFlags {
    /// Reads the configuration, builds the code and finds the static files.
    ///
    /// # Errors
    /// What is wrong in the project, where it stands.
    pub(crate) async fn prepare(&self, flags: &ProjectFlags) -> Result<Source, Failure> {
        let mut config = match flags.read()? {
            Some(config) => config,
            None => {
                let read = project::unconfigured()?.config(None);
                read.map_err(Failure::usage)?.config
            }
        };
        self.apply_to(&mut config);
        let directory = config.directory().to_owned();
        bundle::build(&config.bundle.build, &directory)
            .await
            .map_err(Failure::sentence)?;
        let bundled = self.bundle(&config).await?;
        let assets = config.assets.as_ref().and_then(|assets| {
            let directory = assets.directory.as_deref()?;
            Some(AssetFiles::read(directory, assets))
        });
        let mut bindings = upload::of_config(&config);
        self.add_secrets(&mut bindings)?;
        let source = Source {
            bundled,
            assets: assets.transpose()?,
            bindings,
            config,
        };
        if let Some(directory) = &self.outdir {
            source.write_to(directory)?;
        }
        Ok(source)
    }

    fn apply_to(&self, config: &mut Config) {
        let bundle = &mut config.bundle;
        bundle.no_bundle |= self.no_bundle;
        bundle.minify |= self.minify;
        bundle.upload_source_maps |= self.upload_source_maps;
        let pairs = |pairs: &[Pair]| -> Vec<(String, String)> {
            let pairs = pairs.iter();
            pairs
                .map(|pair| (pair.name.clone(), pair.value.clone()))
                .collect()
        };
        bundle.define.extend(pairs(&self.define));
        bundle.alias.extend(pairs(&self.alias));
        or_flag(&mut bundle.tsconfig, self.tsconfig.as_ref());
        or_flag(&mut bundle.jsx_factory, self.jsx_factory.as_ref());
        or_flag(&mut bundle.jsx_fragment, self.jsx_fragment.as_ref());
        or_flag(&mut config.main, self.script.as_ref());
        or_flag(
            &mut config.compatibility_date,
            self.compatibility_date.as_ref(),
        );
        if !self.compatibility_flags.is_empty() {
            config
                .compatibility_flags
                .clone_from(&self.compatibility_flags);
        }
        config.keep_vars |= self.keep_vars;
        if let Some(directory) = &self.assets {
            let assets = config.assets.get_or_insert_with(Default::default);
            assets.directory = Some(directory.clone());
        }
        for Pair { name, value } in &self.vars {
            config.vars.retain(|variable| variable.name != *name);
            config.vars.push(Variable {
                name: name.clone(),
                value: Json::Text(value.clone()),
            });
        }
    }

    async fn bundle(&self, config: &Config) -> Result<Option<Bundled>, Failure> {
        if config.main.is_none() && config.assets.is_some() {
            return Ok(None);
        }
        let recipe =
            Recipe::new(Some(config), None, Purpose::Deployment).map_err(Failure::usage)?;
        let spinner = Spinner::start("Building");
        let bundled = bundle::bundle(&recipe).await.map_err(Failure::sentence)?;
        drop(spinner);
        if !bundled.remarks.is_empty() {
            output::note(&bundled.remarks);
        }
        Ok(Some(bundled))
    }

    fn add_secrets(&self, bindings: &mut Vec<Binding>) -> Result<(), Failure> {
        let Some(file) = &self.secrets_file else {
            return Ok(());
        };
        for entry in bulk::read(Some(file))? {
            let Some(value) = entry.value else {
                return Err(Failure::usage(format!(
                    "{} deletes {}, and a version is made of what it has: use `coffer secret delete`",
                    file.display(),
                    entry.name
                )));
            };
            bindings.retain(|binding| binding.name != entry.name);
            bindings.push(Binding::secret(
                &entry.name,
                Zeroizing::new(value.to_string()),
            ));
        }
        Ok(())
    }
}

impl Source {
    /// Secrets that the configuration requires and neither this upload nor those names have.
    pub(crate) fn missing_secrets(&self, present: &[String]) -> Vec<&str> {
        let required = self.config.required_secrets.iter().flatten();
        required
            .filter(|name| {
                !present.contains(name) && !self.bindings.iter().any(|one| one.name == **name)
            })
            .map(String::as_str)
            .collect()
    }

    /// Says what is uploaded.
    pub(crate) fn tell(&self) {
        if output::is_json() {
            return;
        }
        if let Some(bundled) = &self.bundled {
            let bytes: usize = bundled
                .modules
                .iter()
                .map(|module| module.content.len())
                .sum();
            let modules = bundled.modules.len();
            let plural = if modules == 1 { "" } else { "s" };
            output::note(format_args!(
                "{} of code in {modules} module{plural}",
                size(bytes)
            ));
        }
        if let Some(assets) = &self.assets {
            output::note(format_args!("{} static files", assets.len()));
        }
        if !self.bindings.is_empty() {
            let names: Vec<_> = self.bindings.iter().map(|one| one.name.as_str()).collect();
            output::note(format_args!("Bindings: {}", names.join(", ")));
        }
    }

    fn write_to(&self, directory: &Path) -> Result<(), Failure> {
        for module in self.bundled.iter().flat_map(|bundled| &bundled.modules) {
            let path = directory.join(&module.name);
            let parent = path.parent().unwrap_or(directory);
            std::fs::create_dir_all(parent)
                .and_then(|()| std::fs::write(&path, &module.content))
                .map_err(|error| {
                    Failure::error(&format!("failed to write {}", path.display()), error)
                })?;
        }
        Ok(())
    }
}

fn or_flag<T: Clone>(setting: &mut Option<T>, flag: Option<&T>) {
    if let Some(flag) = flag {
        *setting = Some(flag.clone());
    }
}

/// Bytes for people.
fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}
