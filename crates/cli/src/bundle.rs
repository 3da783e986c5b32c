//! Makes the modules that are uploaded from a project's files, for development and for deployment alike.
//!
//! Code is bundled by the project's own esbuild, which runs as a program with flags: no version of it is built in. With
//! `no_bundle` the files are taken as they are, and nothing but Coffer is needed.

mod builtins;
mod custom;
mod esbuild;
mod failure;
mod files;
mod functions;
mod glob;
mod rules;
pub(crate) mod syntax;

pub(crate) use custom::build;
pub(crate) use failure::BundleError;
pub(crate) use functions::bundle_functions;

use std::path::{Path, PathBuf};

use coffer_types::{Format, ModuleKind};
use coffer_wrangler_config::{Bundle, Config};

use esbuild::Esbuild;
use rules::Rules;

/// What is to be bundled, and how.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    /// Where the project is: esbuild runs there, and its packages are found there.
    pub(crate) directory: PathBuf,
    /// The file that the code begins with.
    pub(crate) entry: PathBuf,
    /// What the configuration says.
    pub(crate) settings: Bundle,
    /// `compatibility_date`.
    pub(crate) compatibility_date: Option<String>,
    /// `compatibility_flags`.
    pub(crate) compatibility_flags: Vec<String>,
    /// What it is for.
    pub(crate) purpose: Purpose,
    /// Whether a source map is uploaded beside the code.
    pub(crate) source_map: bool,
}

/// What a bundle is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be developed.
    Development,
    /// To be deployed.
    Deployment,
}

/// What is uploaded.
#[derive(Debug)]
pub(crate) struct Bundled {
    /// The modules; the first is where the code begins.
    pub(crate) modules: Vec<Module>,
    /// How the code is written.
    pub(crate) format: Format,
    /// The files that it was made of, absolute.
    pub(crate) sources: Vec<PathBuf>,
    /// What esbuild remarks, as it prints it.
    pub(crate) remarks: String,
}

/// A module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Module {
    /// The name by which others import it.
    pub(crate) name: String,
    /// How the runtime reads it.
    pub(crate) kind: ModuleKind,
    /// Its bytes.
    pub(crate) content: Vec<u8>,
}

impl Recipe {
    /// That of a configuration, or of a file alone. `entry` comes before the configuration's `main`.
    ///
    /// # Errors
    /// If nothing says where the code begins, or there is no such file.
    pub(crate) fn new(
        config: Option<&Config>,
        entry: Option<&Path>,
        purpose: Purpose,
    ) -> Result<Self, BundleError> {
        let directory = config.map_or(Path::new("."), Config::directory);
        let directory =
            std::path::absolute(directory).map_err(|error| BundleError::read(directory, &error))?;
        let entry = entry
            .or_else(|| config.and_then(|config| config.main.as_deref()))
            .ok_or(BundleError::NoEntry)?;
        let entry = std::path::absolute(entry).map_err(|error| BundleError::read(entry, &error))?;
        if !entry.is_file() {
            return Err(BundleError::EntryMissing(entry));
        }
        if entry.extension().is_some_and(|extension| extension == "py") {
            return Err(BundleError::Python(entry));
        }
        let settings = config
            .map(|config| config.bundle.clone())
            .unwrap_or_default();
        Ok(Self {
            source_map: settings.upload_source_maps,
            directory,
            entry,
            settings,
            compatibility_date: config.and_then(|config| config.compatibility_date.clone()),
            compatibility_flags: config
                .map(|config| config.compatibility_flags.clone())
                .unwrap_or_default(),
            purpose,
        })
    }

    /// That of a Pages project in this directory: where its code begins is found out later.
    ///
    /// # Errors
    /// If the directory cannot be found.
    pub(crate) fn of_pages(
        config: Option<&Config>,
        directory: &Path,
        purpose: Purpose,
    ) -> Result<Self, BundleError> {
        let directory =
            std::path::absolute(directory).map_err(|error| BundleError::read(directory, &error))?;
        let settings = config
            .map(|config| config.bundle.clone())
            .unwrap_or_default();
        let (date, flags) = config.map_or((None, Vec::new()), |config| {
            let flags = config.compatibility_flags.clone();
            (config.compatibility_date.clone(), flags)
        });
        Ok(Self {
            entry: PathBuf::new(),
            source_map: settings.upload_source_maps,
            directory,
            settings,
            compatibility_date: date,
            compatibility_flags: flags,
            purpose,
        })
    }

    /// Where modules beside the code are looked for.
    fn base(&self) -> &Path {
        let beside = || self.entry.parent().unwrap_or(&self.directory);
        self.settings.base_dir.as_deref().unwrap_or_else(beside)
    }
}

/// Makes the modules, of the files as they are now.
///
/// # Errors
/// With esbuild's own words where the code is wrong, and with the command that installs it where it is missing.
pub(crate) async fn bundle(recipe: &Recipe) -> Result<Bundled, BundleError> {
    let rules = Rules::new(&recipe.settings.rules);
    let walks = recipe.settings.find_additional_modules;
    if recipe.settings.no_bundle {
        return as_they_are(recipe, &rules, walks.unwrap_or(true));
    }
    let beside = match walks {
        Some(true) => files::additional(recipe.base(), &recipe.entry, &rules)?,
        _ => Vec::new(),
    };
    let esbuild = Esbuild::find(&recipe.directory)?;
    esbuild.bundle(recipe, &rules, beside).await
}

/// Makes the modules of a Pages project's `_worker.js`: a file, or a directory whose `index.js` it begins with.
///
/// # Errors
/// As [`bundle`].
pub(crate) async fn bundle_worker_js(path: &Path, recipe: &Recipe) -> Result<Bundled, BundleError> {
    let mut recipe = recipe.clone();
    if path.is_dir() {
        recipe.entry = path.join("index.js");
        recipe.settings.base_dir = Some(path.to_owned());
        recipe.settings.find_additional_modules = Some(true);
    } else {
        path.clone_into(&mut recipe.entry);
        recipe.settings.base_dir = None;
        recipe.settings.find_additional_modules = Some(false);
    }
    if !recipe.entry.is_file() {
        return Err(BundleError::EntryMissing(recipe.entry));
    }
    bundle(&recipe).await
}

/// The files themselves, by their paths below the directory.
fn as_they_are(recipe: &Recipe, rules: &Rules, walks: bool) -> Result<Bundled, BundleError> {
    let entry = &recipe.entry;
    let extension = entry.extension().and_then(|extension| extension.to_str());
    if !matches!(extension, Some("js" | "mjs" | "cjs")) {
        return Err(BundleError::NotJavaScript(entry.clone()));
    }
    let content = std::fs::read(entry).map_err(|error| BundleError::read(entry, &error))?;
    let format = match syntax::has_exports(&String::from_utf8_lossy(&content)) {
        true => Format::Modules,
        false => Format::ServiceWorker,
    };
    let name = files::name_below(recipe.base(), entry)
        .ok_or_else(|| BundleError::outside(entry, recipe.base()))?;
    let mut modules = vec![Module {
        name,
        kind: match format {
            Format::Modules => ModuleKind::EsModule,
            Format::ServiceWorker => ModuleKind::CommonJs,
        },
        content,
    }];
    let mut sources = vec![entry.clone()];
    if walks && format == Format::Modules {
        let beside = files::additional(recipe.base(), entry, rules)?;
        sources.extend(beside.iter().map(|one| one.path.clone()));
        modules.extend(beside.into_iter().map(|one| one.module));
    }
    Ok(Bundled {
        modules,
        format,
        sources,
        remarks: String::new(),
    })
}

#[cfg(test)]
mod tests;
