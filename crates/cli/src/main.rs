//! The `coffer` command: arguments and configuration, and the one place where all parts are put together.
//!
//! To add a command: a variant in [`arguments`], a file named by its verb that returns a [`Failure`] when it
//! fails, and nothing printed but through [`output`].

mod admin;
mod api;
mod arguments;
mod audit;
mod backup;
mod bundle;
mod completions;
mod config;
mod delete;
mod deploy;
mod deployments;
mod dev;
mod doctor;
mod environment;
mod failure;
mod init;
mod installation;
mod key;
mod local;
mod local_values;
mod logging;
mod login;
mod logout;
mod man;
mod operator;
mod output;
mod pages;
mod project;
mod random;
mod remote;
mod restore;
mod rollback;
mod run;
mod secret;
mod secrets_store;
mod serve;
mod source;
mod tail;
mod target;
mod tls;
mod types;
mod upload;
mod value;
mod versions;
mod whoami;
mod worker;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command, DataSettings, Settings};
use config::Config;
use failure::Failure;

/// Requests allocate small pieces on several threads; this allocator is quicker at that than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    output::decide(arguments.manners);
    let done = enter(arguments.cwd.as_deref()).and_then(|()| run(arguments.command));
    match done.and_then(|()| printed()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.message().is_empty() {
                output::error(&failure.message());
            }
            failure.exit_code()
        }
    }
}

/// A command whose data did not get out did not succeed, though it did all else.
fn printed() -> Result<(), Failure> {
    output::lost().map_or(Ok(()), |error| {
        Err(Failure::sentence(format!(
            "what the command printed is not whole, for stdout cannot be written: {error}; the rest was done"
        )))
    })
}

/// Goes to the directory that was named.
fn enter(directory: Option<&Path>) -> Result<(), Failure> {
    let Some(directory) = directory else {
        return Ok(());
    };
    std::env::set_current_dir(directory)
        .map_err(|error| Failure::usage(format!("--cwd {}: {error}", directory.display())))
}

fn run(command: Command) -> Result<(), Failure> {
    // Values pass through this process: no core dump, no debugger.
    coffer_crypto::process::harden()
        .map_err(|error| Failure::error("failed to disable core dumps", error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::error("failed to start threads", error))?;
    runtime.block_on(async {
        match command {
            Command::Dev(dev) => dev.run().await,
            Command::Run(run) => run.run().await,
            Command::Serve(serve) => serve::run(&serve).await,
            Command::Init(init) => init::run(&init).await,
            Command::Audit(audit) => audit::run(audit).await,
            Command::Doctor(doctor) => doctor.run().await,
            Command::Completions(completions) => {
                completions::run(&completions);
                Ok(())
            }
            Command::Man(manual) => man::run(&manual),
            Command::Key(key) => key::run(key).await,
            Command::Backup(backup) => backup::run(&backup).await,
            Command::Restore(restore) => restore::run(&restore).await,
            Command::Admin(admin) => admin::run(admin).await,
            Command::SecretsStore(command) => secrets_store::run(command).await,
            Command::Deploy(deploy) => deploy.run().await,
            Command::Secret(command) => secret::run(command).await,
            Command::Versions(command) => versions::run(command).await,
            Command::Deployments(command) => deployments::run(command).await,
            Command::Rollback(rollback) => rollback.run().await,
            Command::Delete(delete) => delete.run().await,
            Command::Tail(tail) => tail.run().await,
            Command::Pages(command) => pages::run(command).await,
            Command::Login(login) => login.run().await,
            Command::Logout(logout) => logout.run().await,
            Command::Whoami(whoami) => whoami.run().await,
            Command::Types(types) => types.run(),
        }
    })
}

/// Decides the settings of a server and begins to log.
fn start(settings: &Settings) -> Result<Config, Failure> {
    let config = config::load(settings)?;
    logging::start(&config)?;
    Ok(config)
}

/// The same for a command that works on a data directory.
fn start_on(data: &DataSettings) -> Result<Config, Failure> {
    start(&Settings {
        data: data.clone(),
        ..Settings::default()
    })
}
