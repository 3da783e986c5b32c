//! A version's code, as it was uploaded.

use bytes::Bytes;
use coffer_store::rows::versions;
use coffer_types::{Module, ModuleName, VersionId, WorkerName};

use crate::authorize::{Permit, ViewWorkers};
use crate::engine::Engine;
use crate::error::{Missing, Result};
use crate::workers::current::existing;

/// The code of a version.
#[derive(Clone, Debug)]
pub struct VersionContent {
    /// The module that handles requests.
    pub main_module: Option<ModuleName>,
    /// A digest of the code.
    pub etag: String,
    /// The modules with their contents.
    pub modules: Vec<(Module, Bytes)>,
}

impl Engine {
    /// The code of a version; of the newest if none is named.
    ///
    /// # Errors
    /// [`Missing::Worker`], [`Missing::Version`], [`Missing::AnyVersion`].
    pub async fn version_content(
        &self,
        permit: &Permit<ViewWorkers>,
        name: &WorkerName,
        id: Option<VersionId>,
    ) -> Result<VersionContent> {
        let mut reader = self.store.reader().await?;
        let worker = existing(&mut reader, permit.account_id(), name).await?;
        let version = match id {
            Some(id) => versions::find(&mut reader, worker.id, id)
                .await?
                .ok_or(Missing::Version)?,
            None => versions::latest(&mut reader, worker.id)
                .await?
                .ok_or(Missing::AnyVersion)?,
        };
        drop(reader);
        let contents = self.contents_of(&version.facts).await?;
        Ok(VersionContent {
            main_module: version.facts.main_module,
            etag: version.facts.etag,
            modules: version.facts.modules.into_iter().zip(contents).collect(),
        })
    }
}
