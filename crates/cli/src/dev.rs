//! `coffer dev`: a Worker on this machine, with the project's own secrets, built again whenever a file is saved.

mod bindings;
mod browser;
mod gateway;
mod keys;
mod machine;
mod pages;
mod publish;
mod session;
mod show;
mod stand_ins;
mod watch;
mod worker;

pub(crate) use pages::PagesDev;

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::Args;

use crate::failure::Failure;
use crate::local;
use crate::project::ProjectFlags;

/// `coffer dev`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer dev\n  coffer dev src/index.ts --port 3000\n  coffer dev --env staging --var GREETING:hello"
)]
pub(crate) struct Dev {
    /// The file that the code begins with [default: main of the configuration]
    script: Option<PathBuf>,
    #[command(flatten)]
    project: ProjectFlags,
    #[command(flatten)]
    serving: Serving,
    /// The Worker's name [default: that of the configuration]
    #[arg(long, value_name = "WORKER")]
    name: Option<String>,
    /// Upload the files as they are: without esbuild
    #[arg(long)]
    no_bundle: bool,
    /// The date that fixes the runtime's behaviour [default: that of the configuration]
    #[arg(long, value_name = "DATE")]
    compatibility_date: Option<String>,
    /// Exceptions to that date
    #[arg(long, value_name = "FLAG", num_args = 1.., alias = "compatibility-flag")]
    compatibility_flags: Vec<String>,
    /// A directory of static files [default: that of the configuration]
    #[arg(long, value_name = "DIR")]
    assets: Option<PathBuf>,
}

/// Flags of everything that serves a project on this machine.
#[derive(Clone, Debug, Args)]
pub(crate) struct Serving {
    /// The port to answer at; 0 is any that is free [default: that of the configuration, else 8787]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// The address to answer at [default: that of the configuration, else 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<IpAddr>,
    /// Where the project's own secrets are [default: .coffer]
    #[arg(long, value_name = "DIR")]
    persist_to: Option<PathBuf>,
    /// A variable, in place of what files say
    #[arg(long = "var", value_name = "NAME:VALUE", num_args = 1..)]
    variables: Vec<Variable>,
    /// A file of values in place of .dev.vars and .env; the last counts most
    #[arg(long = "env-file", value_name = "FILE", num_args = 1..)]
    env_files: Vec<PathBuf>,
    /// The workerd binary [default: found in node_modules or PATH]
    #[arg(long, value_name = "FILE", env = "COFFER_WORKERD")]
    workerd: Option<PathBuf>,
}

/// A variable of the command line.
#[derive(Clone, Debug)]
struct Variable {
    name: String,
    value: String,
}

impl std::str::FromStr for Variable {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text
            .split_once(':')
            .filter(|(name, _)| !name.is_empty())
            .ok_or("a variable is NAME:VALUE")?;
        Ok(Self {
            name: name.to_owned(),
            value: value.to_owned(),
        })
    }
}

impl Serving {
    /// The directory of the project's own secrets.
    fn directory(&self) -> PathBuf {
        self.persist_to
            .clone()
            .unwrap_or_else(|| local::DIRECTORY.into())
    }

    /// Where to answer, before what a configuration says.
    fn address(&self, port: Option<u16>, ip: Option<&str>) -> Result<(IpAddr, u16), Failure> {
        const DEFAULT_PORT: u16 = 8787;
        let configured = match ip {
            None => None,
            Some("localhost") => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            Some("*") => Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            Some(text) => Some(text.parse().map_err(|_| {
                Failure::usage(format!(
                    "dev.ip of the configuration is {text:?}, which is no address such as 127.0.0.1"
                ))
            })?),
        };
        let ip = self.ip.or(configured);
        Ok((
            ip.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            self.port.or(port).unwrap_or(DEFAULT_PORT),
        ))
    }
}

impl Dev {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let serving = self.serving.clone();
        session::run(&serving, Box::new(worker::WorkerProject::new(self)?)).await
    }
}
