//! The `coffer` command: arguments and configuration, and the one place where all parts are put together.
//!
//! To add a command: a variant in [`arguments`], a file named by its verb that returns a [`Failure`] when it
//! fails, and nothing printed but through [`output`].

mod admin;
mod arguments;
mod audit;
mod config;
mod failure;
mod init;
mod installation;
mod logging;
mod output;
mod serve;
mod tls;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use failure::Failure;

/// Requests allocate small pieces on several threads; this allocator is quicker at that than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::error(&failure.message());
            failure.exit_code()
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = config::load(arguments.config.as_deref(), &arguments.settings)?;
    logging::start(&config)?;
    // Values pass through this process: no core dump, no debugger.
    coffer_crypto::process::harden()
        .map_err(|error| Failure::error("failed to disable core dumps", error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::error("failed to start threads", error))?;
    match arguments.command {
        Command::Serve(serve) => runtime.block_on(serve::run(&config, &serve)),
        Command::Init(init) => runtime.block_on(init::run(&config, &init)),
        Command::Audit(audit) => runtime.block_on(audit::run(&config, audit)),
        Command::Admin(admin) => runtime.block_on(admin::run(&config, admin)),
    }
}
