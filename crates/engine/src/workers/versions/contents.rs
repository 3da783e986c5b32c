//! What versions leave behind of their code and their files.

use std::collections::BTreeSet;

use coffer_store::Tx;
use coffer_store::rows::versions::VersionFacts;
use coffer_store::rows::{blobs, manifest_blobs};
use coffer_types::{AccountId, Digest};

use crate::engine::Engine;
use crate::error::Result;

impl Engine {
    /// Removes the contents that only these versions had, which must be gone. Each content is looked at once, however
    /// many of them had it.
    pub(crate) async fn free_contents<'v>(
        &self,
        tx: &mut Tx<'_>,
        account_id: AccountId,
        gone: impl Iterator<Item = &'v VersionFacts>,
    ) -> Result<()> {
        let (modules, manifests) = contents_of(gone);
        blobs::delete_unused(tx, &modules).await?;
        let now = self.clock.now();
        Ok(manifest_blobs::delete_unused(tx, account_id, &manifests, now).await?)
    }
}

/// The modules and the manifests of versions, each once.
fn contents_of<'v>(versions: impl Iterator<Item = &'v VersionFacts>) -> (Vec<Digest>, Vec<Digest>) {
    let mut modules = BTreeSet::new();
    let mut manifests = BTreeSet::new();
    for version in versions {
        modules.extend(version.modules.iter().map(|module| module.digest));
        manifests.extend(version.assets.iter().map(|assets| assets.manifest));
    }
    (
        modules.into_iter().collect(),
        manifests.into_iter().collect(),
    )
}
