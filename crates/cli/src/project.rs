//! The project in whose directory a command runs: its `wrangler.jsonc`, `wrangler.json` or `wrangler.toml`.

use std::path::{Path, PathBuf};

use clap::Args;
use coffer_types::AccountId;
use coffer_wrangler_config::{Config, Project, Read, find, find_built};

use crate::environment;
use crate::failure::Failure;
use crate::output;

/// Flags of every command that reads a project's configuration.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Project")]
pub(crate) struct ProjectFlags {
    /// The configuration [default: wrangler.json, wrangler.jsonc or wrangler.toml, here or above].
    #[arg(short, long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The environment of the configuration, "" for the top level [default: CLOUDFLARE_ENV, else the top level].
    #[arg(short, long, value_name = "NAME")]
    pub(crate) env: Option<String>,
}

impl ProjectFlags {
    /// The configuration, and its warnings on stderr; `None` if there is none and none was named.
    ///
    /// # Errors
    /// What is wrong in it, with file, line and mark.
    pub(crate) fn read(&self) -> Result<Option<Config>, Failure> {
        let Some(Read {
            config,
            warnings,
            built,
        }) = self.read_silently()?
        else {
            return Ok(None);
        };
        if built {
            let path = config.path.display();
            output::note(format_args!(
                "The configuration is {path}, which a build tool made."
            ));
        }
        for warning in warnings {
            output::warning(warning);
        }
        Ok(Some(config))
    }

    /// The name of the environment.
    pub(crate) fn environment(&self) -> Option<String> {
        match &self.env {
            // An empty name is the top level, whatever the environment says.
            Some(name) => Some(name.clone()).filter(|name| !name.is_empty()),
            None => environment::first(&["CLOUDFLARE_ENV"]),
        }
    }

    /// The project, as a build tool made it for deployment if one did; `None` if there is none and none was named.
    ///
    /// # Errors
    /// If its text is neither JSON nor TOML, or what a build tool left cannot be used.
    pub(crate) fn open(&self) -> Result<Option<Project>, Failure> {
        if self.config.is_none()
            && let Some(built) = find_built(Path::new(".")).map_err(Failure::usage)?
        {
            let project = Project::open_built(&built).map_err(Failure::usage)?;
            return Ok(Some(project));
        }
        self.open_own()
    }

    /// The project as it was written; `None` if there is none and none was named.
    ///
    /// # Errors
    /// If its text is neither JSON nor TOML.
    pub(crate) fn open_own(&self) -> Result<Option<Project>, Failure> {
        let path = match &self.config {
            Some(path) => Some(path.clone()),
            None => find(Path::new(".")),
        };
        path.map(|path| Project::open(&path))
            .transpose()
            .map_err(Failure::usage)
    }

    fn read_silently(&self) -> Result<Option<Read>, Failure> {
        let environment = self.environment();
        match self.open()? {
            None => Ok(None),
            Some(project) if project.is_pages() => Ok(None),
            Some(project) => project
                .config(environment.as_deref())
                .map(Some)
                .map_err(Failure::usage),
        }
    }

    /// The configuration, for a command that needs little of it and so tells none of its warnings.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(crate) fn read_for_names(&self) -> Result<Option<Config>, Failure> {
        Ok(self.read_silently()?.map(|read| read.config))
    }
}

/// The account that a configuration names.
///
/// # Errors
/// If it is none.
pub(crate) fn account(config: Option<&Config>) -> Result<Option<AccountId>, Failure> {
    let Some(text) = config.and_then(|config| config.account_id.as_deref()) else {
        return Ok(None);
    };
    text.parse()
        .map(Some)
        .map_err(|error| Failure::usage(format!("account_id of the configuration is {error}")))
}

/// The project of a directory that has no configuration.
///
/// # Errors
/// Never but for a mistake of ours.
pub(crate) fn unconfigured() -> Result<Project, Failure> {
    Project::parse(Path::new("wrangler.json"), "{}").map_err(Failure::usage)
}
