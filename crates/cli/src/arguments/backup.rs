//! `coffer backup` and `coffer restore`.

use std::path::PathBuf;

use clap::Args;

use super::DataSettings;

/// Copy the installation into one file, while it is served; the root key is never in it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer backup /srv/backup/ --data /var/lib/coffer\n  coffer backup coffer-before-upgrade.db --json"
)]
pub(crate) struct Backup {
    /// The file to make, or a directory that gets a file with the time in its name.
    #[arg(value_name = "FILE|DIR")]
    pub(crate) target: PathBuf,
    #[command(flatten)]
    pub(crate) settings: DataSettings,
}

/// Make an installation of a backup, in a directory that is empty or does not exist.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  coffer restore /srv/backup/coffer-20261122T113000Z.db --root-key /media/key/root.key --data /var/lib/coffer"
)]
pub(crate) struct Restore {
    /// The backup.
    #[arg(value_name = "FILE")]
    pub(crate) backup: PathBuf,
    /// The root key that was in use when the backup was made; it is copied [default: DIR/root.key, put there before].
    #[arg(long, value_name = "FILE")]
    pub(crate) root_key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) settings: DataSettings,
}
