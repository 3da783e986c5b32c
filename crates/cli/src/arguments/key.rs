//! `coffer key`: what keys there are, and their rotation.

use clap::{Args, Subcommand};
use coffer_types::AccountId;

use super::DataSettings;

/// Show and rotate keys; on a running server, too.
#[derive(Debug, Args)]
pub(crate) struct Key {
    #[command(subcommand)]
    pub(crate) action: KeyAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyAction {
    /// Show which keys there are and what hangs on each; no key itself is ever shown.
    #[command(
        after_help = "Examples:\n  coffer key status --data /var/lib/coffer\n  coffer key status --json"
    )]
    Status(DataSettings),
    /// Put a new key in the place of an old one, without interrupting anything.
    Rotate(Rotate),
}

#[derive(Debug, Args)]
pub(crate) struct Rotate {
    #[command(subcommand)]
    pub(crate) key: RotatedKey,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RotatedKey {
    /// The root key: a new file; the one before is kept beside it, because backups from before need it.
    #[command(after_help = "Example:\n  coffer key rotate root --data /var/lib/coffer")]
    Root(DataSettings),
    /// The master key: a new version, which wraps every account's key.
    #[command(after_help = "Example:\n  coffer key rotate master --data /var/lib/coffer")]
    Master(DataSettings),
    /// An account's key: a new version, under which its values are sealed anew. It can be interrupted and continued.
    #[command(
        after_help = "Examples:\n  coffer key rotate account\n  coffer key rotate account --account 023e105f4ecef8ad9ca31a8372d0c353\n  coffer key rotate account --all --continue"
    )]
    Account(RotateAccount),
}

#[derive(Debug, Args)]
pub(crate) struct RotateAccount {
    /// The account; may be left out where there is one.
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<AccountId>,
    /// Every account.
    #[arg(long, conflicts_with = "account")]
    pub(crate) all: bool,
    /// Make no new key: seal anew what an interrupted rotation left under older ones.
    #[arg(long = "continue")]
    pub(crate) only_continue: bool,
    #[command(flatten)]
    pub(crate) settings: DataSettings,
}
