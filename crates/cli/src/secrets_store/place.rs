//! Where a command acts.

use clap::Args;
use coffer_types::StoreId;

use super::chosen::ChosenStore;
use crate::api::ApiError;
use crate::failure::Failure;
use crate::output::Spinner;
use crate::project::{self, ProjectFlags};
use crate::target::{Target, TargetFlags};

/// The code with which the API says that its database fails.
const UNAVAILABLE: u32 = 10013;

/// Flags of every command of this area.
#[derive(Debug, Default, Args)]
pub(super) struct PlaceFlags {
    #[command(flatten)]
    target: TargetFlags,
    #[command(flatten)]
    project: ProjectFlags,
}

impl PlaceFlags {
    /// Does something there, and lets go of it also where that fails.
    pub(super) async fn with(
        &self,
        work: impl AsyncFnOnce(&Target) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let config = match self.target.remote {
            true => self.project.read_for_names()?,
            // The project's own account is the only one.
            false => None,
        };
        let target = Target::open(&self.target, project::account(config.as_ref())?).await?;
        let done = work(&target).await;
        target.close().await;
        done
    }
}

/// The path of something in a store, such as `/secrets`.
pub(super) fn path_in(target: &Target, store: StoreId, rest: &str) -> String {
    target.path(&format!("/secrets_store/stores/{store}{rest}"))
}

/// The path of a call of Coffer's own, such as `/secrets/unused`.
pub(super) fn own_path(target: &Target, rest: &str) -> String {
    target.path(&format!("/coffer{rest}"))
}

/// Turns while something is waited for, if it comes from elsewhere: what is here is too quick to be seen.
pub(super) fn waiting(target: &Target, text: &str) -> Option<Spinner> {
    (!target.is_local()).then(|| Spinner::start(text))
}

/// What to say of an error: a store that is not there is explained.
pub(super) fn explained(target: &Target, store: &ChosenStore, error: ApiError) -> Failure {
    if target.is_local() && error.has_code(UNAVAILABLE) {
        return Failure::sentence(format!(
            "{} cannot be written, and nothing was changed: see whether its disk is full",
            target.api().place()
        ));
    }
    if error.says("store_not_empty") {
        return Failure::conflict(format!(
            "store {store} is not empty: delete its secrets first, or add --force"
        ));
    }
    if error.says("secret_name_already_exists") {
        return Failure::conflict(format!(
            "{error}\n`coffer secrets-store secret update` gives a secret that is there a new value"
        ));
    }
    if error.says("secret_in_use") {
        let message = error.to_string();
        return Failure::conflict(message.replace("?force=true", "--force"));
    }
    if !error.says("store_not_found") {
        return error.into();
    }
    let place = target.api().place();
    Failure::not_found(if target.is_local() {
        format!(
            "there is no store {store} in {place}: the first secret that is created in it makes it, and --remote acts \
             on a server's"
        )
    } else {
        format!(
            "there is no store {store} on {place}: `coffer secrets-store store list --remote` shows those that are there"
        )
    })
}
