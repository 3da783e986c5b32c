//! `coffer key`: asks the server that runs, or the data directory of one that does not.

mod account;
mod status;

use coffer_protocol::keys::{NewMasterKey, NewRootKey};
use serde_json::json;

use crate::arguments::{DataSettings, Key, KeyAction, RotatedKey};
use crate::backup::counted;
use crate::failure::Failure;
use crate::operator::Operated;
use crate::output;

/// Runs a command.
pub(crate) async fn run(key: Key) -> Result<(), Failure> {
    match key.action {
        KeyAction::Status(settings) => status::run(&settings).await,
        KeyAction::Rotate(rotate) => match rotate.key {
            RotatedKey::Root(settings) => root(&settings).await,
            RotatedKey::Master(settings) => master(&settings).await,
            RotatedKey::Account(arguments) => account::run(&arguments).await,
        },
    }
}

/// The installation of a command's data directory.
async fn operated(settings: &DataSettings) -> Result<Operated, Failure> {
    Operated::of(&crate::start_on(settings)?).await
}

async fn root(settings: &DataSettings) -> Result<(), Failure> {
    let operated = operated(settings).await?;
    let rotated = operated.ask("/keys/root/rotate", &json!(null)).await;
    operated.close().await;
    let new: NewRootKey = rotated?;
    if output::is_json() {
        output::json(&new);
        return Ok(());
    }
    output::data(&format!(
        "the root key is {} now, in {}",
        new.fingerprint,
        new.file.display()
    ));
    output::note("Keep a copy of it apart from every backup.");
    if let Some(former) = &new.former_file {
        output::note(format_args!(
            "The one before ({}) is kept in {}: backups from before need it. Move it to where you keep root keys, or \
             remove it with them.",
            new.former_fingerprint,
            former.display()
        ));
    }
    Ok(())
}

async fn master(settings: &DataSettings) -> Result<(), Failure> {
    let operated = operated(settings).await?;
    let rotated = operated.ask("/keys/master/rotate", &json!(null)).await;
    operated.close().await;
    let new: NewMasterKey = rotated?;
    if output::is_json() {
        output::json(&new);
        return Ok(());
    }
    output::data(&format!(
        "the master key is version {} now and wraps {}",
        new.version,
        counted(new.account_keys, "account key")
    ));
    Ok(())
}
