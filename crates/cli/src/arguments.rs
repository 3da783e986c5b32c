//! The command line.

mod admin;
mod backup;
mod key;

pub(crate) use admin::{
    AccountAction, Admin, AdminAction, CreateAccount, CreateUser, Limits, OfUser, RenameAccount,
    SetPassword, UserAction,
};
pub(crate) use backup::{Backup, Restore};
pub(crate) use key::{Key, KeyAction, RotateAccount, RotatedKey};

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ColorChoice, Parser, Subcommand, ValueEnum};
use coffer_engine::AttemptRate;
use coffer_types::IpRange;

use crate::completions::Completions;
use crate::delete::Delete;
use crate::deploy::Deploy;
use crate::deployments::DeploymentsCommand;
use crate::dev::Dev;
use crate::doctor::Doctor;
use crate::login::Login;
use crate::logout::Logout;
use crate::man::Manual;
use crate::pages::PagesCommand;
use crate::rollback::Rollback;
use crate::run::Run;
use crate::secret::SecretCommand;
use crate::secrets_store::SecretsStoreCommand;
use crate::tail::Tail;
use crate::types::Types;
use crate::versions::VersionsCommand;
use crate::whoami::Whoami;

/// A self-hosted Secrets Store with the Workers platform that uses it.
#[derive(Debug, Parser)]
#[command(name = "coffer", version, propagate_version = true)]
pub(crate) struct Arguments {
    /// Run as if it were started in this directory
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) cwd: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) manners: Manners,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How a command speaks.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct Manners {
    /// Print JSON, in a documented shape.
    #[arg(long, global = true, help_heading = "Output")]
    pub(crate) json: bool,
    /// Whether to use colour; NO_COLOR is honoured.
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Output"
    )]
    pub(crate) color: ColorChoice,
    /// Never ask: fail where an answer is needed.
    #[arg(
        long,
        global = true,
        env = "COFFER_NO_INPUT",
        value_parser = clap::builder::FalseyValueParser::new(),
        help_heading = "Output"
    )]
    pub(crate) no_input: bool,
}

/// Settings of every command that works on a data directory; each may stand in the configuration file too.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct DataSettings {
    /// A configuration file; `coffer.toml` of the current directory is read if it is there.
    #[arg(long, value_name = "FILE", env = "COFFER_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// The data directory [default: data].
    #[arg(long, value_name = "DIR", env = "COFFER_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// What to log: error, warn, info, debug, trace, or a filter such as info,coffer_edge=debug
    /// [default: info].
    #[arg(long, value_name = "FILTER", env = "COFFER_LOG")]
    pub(crate) log: Option<String>,
    /// The form of log lines [default: text].
    #[arg(long, value_enum, env = "COFFER_LOG_FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
}

/// Settings of a server; each may stand in the configuration file too.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Settings {
    #[command(flatten)]
    pub(crate) data: DataSettings,
    /// Where the API listens [default: 127.0.0.1:7070].
    #[arg(long, value_name = "ADDRESS", env = "COFFER_LISTEN")]
    pub(crate) listen: Option<SocketAddr>,
    /// Where Workers answer [default: 127.0.0.1:7080].
    #[arg(long, value_name = "ADDRESS", env = "COFFER_WORKERS_LISTEN")]
    pub(crate) workers_listen: Option<SocketAddr>,
    /// Workers answer at NAME.SUBDOMAIN.DOMAIN [default: localhost].
    #[arg(long, value_name = "DOMAIN", env = "COFFER_WORKERS_DOMAIN")]
    pub(crate) workers_domain: Option<String>,
    /// The certificate chain, as PEM, with which the API speaks TLS [default: it speaks plain HTTP].
    #[arg(long, value_name = "FILE", env = "COFFER_TLS_CERT")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The key of that certificate, as PEM.
    #[arg(long, value_name = "FILE", env = "COFFER_TLS_KEY")]
    pub(crate) tls_key: Option<PathBuf>,
    /// The certificate chain, as PEM, with which Workers speak TLS [default: they speak plain HTTP].
    #[arg(long, value_name = "FILE", env = "COFFER_WORKERS_TLS_CERT")]
    pub(crate) workers_tls_cert: Option<PathBuf>,
    /// The key of that certificate, as PEM.
    #[arg(long, value_name = "FILE", env = "COFFER_WORKERS_TLS_KEY")]
    pub(crate) workers_tls_key: Option<PathBuf>,
    /// Where people reach the API, for the links that it makes [default: http:// or https:// and the address it listens on].
    #[arg(long, value_name = "URL", env = "COFFER_PUBLIC_URL")]
    pub(crate) public_url: Option<String>,
    /// Proxies in front of the API whose X-Forwarded-For is believed, as addresses or CIDR ranges [default: none].
    #[arg(
        long,
        value_name = "CIDR,…",
        value_delimiter = ',',
        env = "COFFER_TRUSTED_PROXIES"
    )]
    pub(crate) trusted_proxies: Option<Vec<IpRange>>,
    /// Wrong passwords, tokens and keys that are let by from one address [default: 20/min].
    #[arg(long, value_name = "RATE", env = "COFFER_FAILED_ATTEMPTS_PER_ADDRESS")]
    pub(crate) failed_attempts_per_address: Option<AttemptRate>,
    /// The same with one name, from all addresses together [default: 30/hour].
    #[arg(long, value_name = "RATE", env = "COFFER_FAILED_ATTEMPTS_PER_NAME")]
    pub(crate) failed_attempts_per_name: Option<AttemptRate>,
    /// The workerd binary [default: found in node_modules or PATH].
    #[arg(long, value_name = "FILE", env = "COFFER_WORKERD")]
    pub(crate) workerd: Option<PathBuf>,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a Worker on this machine, and run it anew whenever a file is saved
    Dev(Box<Dev>),
    /// Run a program with secrets of local development in its environment
    Run(Run),
    /// Serve the API and the Workers; an empty data directory is initialised first.
    Serve(Serve),
    /// Make a new installation without serving it.
    Init(Init),
    /// Operate accounts, users and limits, of a running server or its data directory.
    Admin(Admin),
    /// Manage stores and the secrets that Workers share
    #[command(subcommand)]
    SecretsStore(SecretsStoreCommand),
    /// Deploy the project as a Worker
    Deploy(Deploy),
    /// Manage the secrets of one Worker; each change is deployed at once
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Manage a Worker's versions
    #[command(subcommand)]
    Versions(VersionsCommand),
    /// Show a Worker's deployments
    #[command(subcommand)]
    Deployments(DeploymentsCommand),
    /// Give all traffic to an earlier version again
    Rollback(Rollback),
    /// Delete a Worker
    Delete(Delete),
    /// Follow a Worker's logs
    Tail(Tail),
    /// Write TypeScript for what a Worker finds in its env
    Types(Types),
    /// Manage Pages projects
    #[command(subcommand)]
    Pages(PagesCommand),
    /// Sign this machine in: you approve it in the dashboard
    Login(Login),
    /// Sign this machine out, and take its token back
    Logout(Logout),
    /// Show whom the credentials are for
    Whoami(Whoami),
    /// Verify and export the audit log.
    Audit(Audit),
    /// Look for what may keep Coffer from working, and say what to do.
    Doctor(Doctor),
    /// Print a shell's script that completes commands.
    Completions(Completions),
    /// Print or write manual pages.
    Man(Manual),
    /// Show and rotate keys, of a running server or its data directory.
    Key(Key),
    /// Copy an installation into one file, while it is served.
    Backup(Backup),
    /// Make an installation of a backup.
    Restore(Restore),
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer serve\n  coffer serve --data /var/lib/coffer --workers-domain workers.example.com"
)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) settings: Settings,
    #[command(flatten)]
    pub(crate) first: First,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer init --data /var/lib/coffer\n  coffer init --data ./test --json"
)]
pub(crate) struct Init {
    #[command(flatten)]
    pub(crate) settings: Settings,
    #[command(flatten)]
    pub(crate) first: First,
}

/// The first account of a new installation.
#[derive(Clone, Debug, Args)]
pub(crate) struct First {
    /// The first account's name.
    #[arg(long, value_name = "NAME", default_value = "Coffer")]
    pub(crate) account_name: String,
    /// Its label in the host names of its Workers.
    #[arg(long, value_name = "LABEL", default_value = "dev")]
    pub(crate) subdomain: String,
    /// The address of its Super Administrator.
    #[arg(long, value_name = "ADDRESS", default_value = "admin@coffer.localhost")]
    pub(crate) email: String,
}

#[derive(Debug, Args)]
pub(crate) struct Audit {
    #[command(subcommand)]
    pub(crate) action: AuditAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditAction {
    /// List events of an account, newest first, as its server tells them
    List(crate::audit::list::List),
    /// Find every event that was edited, deleted, inserted or moved; exit with 1 if there is one.
    #[command(
        after_help = "Examples:\n  coffer audit verify --data /var/lib/coffer --checkpoint checkpoint-of-may\n  coffer audit verify --export ./audit --key audit.key"
    )]
    Verify(Verify),
    /// Write the log to a new directory: events, tiles and checkpoints.
    #[command(
        after_help = "Example:\n  coffer audit export --data /var/lib/coffer --output ./audit"
    )]
    Export {
        #[command(flatten)]
        settings: DataSettings,
        /// The directory to make.
        #[arg(long, value_name = "DIR")]
        output: PathBuf,
    },
    /// Print the key that verifies the log. Keep it elsewhere.
    Key(DataSettings),
    /// Print the newest signed checkpoint. Keep it elsewhere: it proves what the log was.
    Checkpoint(DataSettings),
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) settings: DataSettings,
    /// Verify an export instead of the data directory: the directory, or the entries.ndjson in it.
    #[arg(long, value_name = "PATH")]
    pub(crate) export: Option<PathBuf>,
    /// The key that signs the log [default: the data directory's own, under its root key].
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// A checkpoint that was kept elsewhere: finds what a log that agrees with itself does not show.
    #[arg(long = "checkpoint", value_name = "FILE")]
    pub(crate) checkpoints: Vec<PathBuf>,
}
