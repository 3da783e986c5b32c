//! What a command acts on: a server, with `--remote`, or the project's own Coffer.

use std::path::PathBuf;

use clap::Args;
use coffer_types::AccountId;

use crate::api::Api;
use crate::failure::Failure;
use crate::local::{self, Local};
use crate::remote::{self, Server, ServerFlags};

/// Flags of commands that act on either.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct TargetFlags {
    /// Act on a server, not on the project's own secrets.
    #[arg(long)]
    pub(crate) remote: bool,
    /// The directory of the project's own secrets [default: .coffer].
    #[arg(long, value_name = "DIR", conflicts_with = "remote")]
    pub(crate) persist_to: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) server: ServerFlags,
}

/// What is acted on.
#[derive(Debug)]
pub(crate) enum Target {
    /// A server.
    Server(Server),
    /// The project's own.
    Local(Local),
}

impl Target {
    /// What the flags name. `configured` is the account of a project's configuration.
    ///
    /// # Errors
    /// As [`remote::connect`] and [`Local::open`].
    pub(crate) async fn open(
        flags: &TargetFlags,
        configured: Option<AccountId>,
    ) -> Result<Self, Failure> {
        if flags.remote {
            return remote::connect(&flags.server, configured)
                .await
                .map(Self::Server);
        }
        let directory = flags
            .persist_to
            .clone()
            .unwrap_or_else(|| local::DIRECTORY.into());
        Local::open(&directory).await.map(Self::Local)
    }

    pub(crate) const fn api(&self) -> &Api {
        match self {
            Self::Server(server) => &server.api,
            Self::Local(local) => &local.api,
        }
    }

    /// The path of something in the account, such as `/secrets_store/stores`.
    pub(crate) fn path(&self, path: &str) -> String {
        let account = match self {
            Self::Server(server) => server.account,
            Self::Local(local) => local.account,
        };
        format!("/accounts/{account}{path}")
    }

    pub(crate) const fn is_local(&self) -> bool {
        matches!(self, Self::Local(_))
    }

    /// Lets go of it.
    pub(crate) async fn close(self) {
        if let Self::Local(local) = self {
            local.close().await;
        }
    }
}
