//! `coffer secret`: secrets of one Worker. Each change makes a version and deploys it at once.

pub(crate) mod bulk;
mod delete;
pub(crate) mod list;
mod put;

pub(crate) use list::Format;

use clap::Subcommand;
use serde::Serialize;

use crate::failure::Failure;

/// `coffer secret`.
#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Set a secret, and deploy the Worker with it
    Put(put::Put),
    /// Delete a secret, and deploy the Worker without it
    Delete(delete::Delete),
    /// List the Worker's secrets by their names
    List(list::List),
    /// Set and delete several secrets at once, from JSON or a .env file
    Bulk(bulk::Bulk),
}

/// Runs one of them.
pub(crate) async fn run(command: SecretCommand) -> Result<(), Failure> {
    match command {
        SecretCommand::Put(put) => put.run().await,
        SecretCommand::Delete(delete) => delete.run().await,
        SecretCommand::List(list) => list.run().await,
        SecretCommand::Bulk(bulk) => bulk.run().await,
    }
}

/// A secret as it is sent.
#[derive(Serialize)]
pub(crate) struct NewSecret<'a> {
    pub(crate) name: &'a str,
    #[serde(flatten)]
    pub(crate) text: SecretText<'a>,
}

/// A secret's value as it is sent.
#[derive(Serialize)]
pub(crate) struct SecretText<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    text: &'a str,
}

impl<'a> SecretText<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self {
            kind: "secret_text",
            text,
        }
    }
}
