//! Uploading a script: a new version that takes all traffic, of a Worker that may be new.

use coffer_types::{AccountId, WorkerName};

use crate::authorize::{EditSettings, Permit};
use crate::engine::Engine;
use crate::error::{Error, Missing, Result};
use crate::workers::current::Current;
use crate::workers::publish::Published;
use crate::workers::{NewVersion, ScriptSettingsChanges};

/// What the API says of a deployment that an upload makes.
pub(super) const MESSAGE: &str = "Automatic deployment on upload.";
pub(super) const TRIGGER: &str = "upload";

/// A script to be uploaded.
#[derive(Debug)]
pub struct Upload {
    /// The version.
    pub version: NewVersion,
    /// Settings that change with it.
    pub settings: ScriptSettingsChanges,
}

impl Engine {
    /// Makes a version and sends all traffic to it; makes the Worker if it is not there. Waits a moment for
    /// the edges to serve it. Who may only bind secrets of a store may upload what is deployed already with other
    /// bindings to these and nothing else.
    ///
    /// # Errors
    /// [`Error::BeyondBindings`]; [`Error::Invalid`] for bindings or code that is refused; [`crate::Limit::Workers`];
    /// [`crate::Conflict::WorkerChanged`].
    pub async fn upload_script(
        &self,
        permit: &Permit<EditSettings>,
        name: WorkerName,
        upload: Upload,
    ) -> Result<Published> {
        let _turn = self.turns.take(permit.account_id(), &name).await;
        if let Some(published) = self.published_before(permit).await? {
            return Ok(published);
        }
        let before = self.current_if_any(permit.account_id(), &name).await?;
        let worker = match &before {
            Some(current) => current.worker.clone(),
            None => self.new_worker(permit.account_id(), name),
        };
        let message = upload.version.annotations.clone().or_message(MESSAGE);
        let mut draft = self
            .draft_of_upload(permit, worker, before, upload.version, TRIGGER)
            .await?;
        draft.settings = upload.settings;
        draft.deploy = Some(message.triggered_by(TRIGGER));
        let published = self.publish(permit, draft).await?;
        self.await_applied(published.seq).await;
        Ok(published)
    }

    async fn current_if_any(
        &self,
        account_id: AccountId,
        name: &WorkerName,
    ) -> Result<Option<Current>> {
        match self.current(account_id, name).await {
            Ok((_, current)) => Ok(Some(current)),
            Err(Error::NotFound(Missing::Worker)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
