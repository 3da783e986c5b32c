//! `coffer run`: a program with secrets of local development in its environment.
//!
//! Values go from where they are into the environment of the program, and nowhere else: not into arguments, not into
//! files.

mod mask;
mod program;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;
use coffer_types::{SecretName, StoreId};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::local::{self, Hold, Local, LocalDirectory};
use crate::project::ProjectFlags;
use crate::{local_values, output};

/// `coffer run`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer run -- npm test\n  coffer run --only DATABASE_URL --mask -- ./migrate.sh\n  coffer run --store 0123456789abcdef0123456789abcdef -- terraform plan"
)]
pub(crate) struct Run {
    /// A file of values in place of .dev.vars and .env; the last counts most
    #[arg(long = "env-file", value_name = "FILE", conflicts_with = "store")]
    env_files: Vec<PathBuf>,
    /// The secrets of a store of this project, by its id or name, in place of .dev.vars and .env
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// Only these names
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    only: Vec<String>,
    /// Show *** in place of each value in what the program prints
    #[arg(long)]
    mask: bool,
    /// Where the project's own secrets are [default: .coffer]
    #[arg(long, value_name = "DIR")]
    persist_to: Option<PathBuf>,
    #[command(flatten)]
    project: ProjectFlags,
    /// The program with its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

/// A name with its value.
pub(crate) struct Given {
    name: String,
    value: Zeroizing<String>,
}

#[derive(Deserialize)]
struct Store {
    id: StoreId,
    name: String,
}

impl Run {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let given = match &self.store {
            Some(store) => self.of_store(store).await?,
            None => self.of_files()?,
        };
        self.check_names(&given)?;
        let given: Vec<_> = given
            .into_iter()
            .filter(|one| self.only.is_empty() || self.only.contains(&one.name))
            .collect();
        for Given { name, value } in &given {
            fits(name, value)?;
        }
        if given.is_empty() {
            output::warning(
                "there are no values: the program gets nothing besides its environment",
            );
        }
        match self.mask {
            true => program::run_masked(&self.command, given).await,
            false => Err(program::replace_by(&self.command, &given)),
        }
    }

    fn of_files(&self) -> Result<Vec<Given>, Failure> {
        let config = self.project.open()?;
        let directory = config
            .as_ref()
            .map_or(Path::new("."), |one| one.directory());
        let environment = self.project.environment();
        let files: Result<Vec<_>, _> = self.env_files.iter().map(std::path::absolute).collect();
        let files = files.map_err(|error| Failure::error("a file cannot be found", error))?;
        let found = local_values::read(directory, environment.as_deref(), &files, |sources| {
            sources.read_every()
        })?;
        if found.files.is_empty() {
            return Err(Failure::not_found(format!(
                "{} has neither .dev.vars nor .env: make one, name a file with --env-file, or a store with --store",
                directory.display()
            )));
        }
        let values = found.values.into_iter();
        Ok(values
            .map(|one| Given {
                name: one.name,
                value: one.value,
            })
            .collect())
    }

    /// Takes secrets of a store of the project's own Coffer. It lets go of it before the program begins.
    async fn of_store(&self, store: &str) -> Result<Vec<Given>, Failure> {
        let directory = self.persist_to.clone();
        let directory = directory.unwrap_or_else(|| local::DIRECTORY.into());
        if !directory.exists() {
            return Err(Failure::not_found(format!(
                "there is no {}: this project has no secrets of its own yet; make one with `coffer secrets-store secret \
                 create`",
                directory.display()
            )));
        }
        let place = LocalDirectory::prepare(&directory)?;
        let held = match local::hold(&place).await {
            Ok(held) => held,
            Err(Hold::Failed(failure)) => return Err(failure),
            Err(Hold::Taken) => {
                return Err(Failure::conflict(format!(
                    "another coffer uses {}, as a `coffer dev` that runs does: stop it first, or give the values in \
                     .dev.vars, which need nobody",
                    directory.display()
                )));
            }
        };
        let leases = held.installation.keyring().leases();
        let local = Local::in_process(&place, held);
        let values = self.opened(store, place.path(), &local, &leases).await;
        local.close().await;
        values
    }

    async fn opened(
        &self,
        store: &str,
        directory: &Path,
        local: &Local,
        leases: &coffer_crypto::KeyLeases,
    ) -> Result<Vec<Given>, Failure> {
        let path = format!("/accounts/{}/secrets_store/stores", local.account);
        let stores: Vec<Store> = local.api.read_all(&path, &[]).await?;
        let is_meant =
            |one: &&Store| store.parse().is_ok_and(|id: StoreId| id == one.id) || one.name == store;
        let found = stores.iter().find(is_meant).ok_or_else(|| {
            let known: Vec<_> = stores
                .iter()
                .map(|one| format!("\n  {}  {}", one.id, output::printable(&one.name)))
                .collect();
            Failure::not_found(format!(
                "this project has no store {store:?} of its own; it has:{}",
                known.concat()
            ))
        })?;
        let engine = local.engine().ok_or_else(|| {
            Failure::sentence("the project's own Coffer is not held by this command")
        })?;
        let names: Option<Vec<SecretName>> = match self.only.as_slice() {
            [] => None,
            // A name that none can have is told of as one that is not there.
            names => Some(names.iter().filter_map(|name| name.parse().ok()).collect()),
        };
        let values =
            coffer_edge::local_values(directory, engine, leases, found.id, names.as_deref())
                .await
                .map_err(Failure::sentence)?;
        let values = values.into_iter();
        Ok(values
            .map(|(name, value)| Given {
                name: name.to_string(),
                value,
            })
            .collect())
    }

    /// Refuses names of `--only` that have no value.
    fn check_names(&self, given: &[Given]) -> Result<(), Failure> {
        let missing: Vec<_> = self
            .only
            .iter()
            .filter(|name| !given.iter().any(|one| one.name == **name))
            .map(String::as_str)
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let from = match &self.store {
            Some(store) => format!("the local store {store} has"),
            None => "the files have".to_owned(),
        };
        Err(Failure::not_found(format!(
            "{from} no value for {}",
            missing.join(", ")
        )))
    }
}

/// Refuses what no environment can hold.
fn fits(name: &str, value: &str) -> Result<(), Failure> {
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(Failure::usage(format!(
            "{name:?} cannot be the name of a variable: leave it out with --only"
        )));
    }
    if value.contains('\0') {
        return Err(Failure::usage(format!(
            "the value of {name} holds a NUL, which no environment can hold: leave it out with --only"
        )));
    }
    Ok(())
}
