//! The assets of the versions that are in use, loaded once each.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use coffer_protocol::feed::FeedError;
use coffer_types::{AssetManifest, VersionId};
use parking_lot::Mutex;

use super::files::Contents;
use super::site::{Site, SiteKind};
use crate::replica::Replica;

/// The assets of versions.
#[derive(Debug)]
pub(crate) struct Sites {
    replica: Arc<Replica>,
    contents: Arc<Contents>,
    // Held by the places and processes that use them.
    loaded: Mutex<HashMap<VersionId, Weak<Site>>>,
}

impl Sites {
    /// No version's yet.
    pub(crate) fn new(replica: Arc<Replica>) -> Arc<Self> {
        Arc::new(Self {
            contents: Contents::new(Arc::clone(&replica)),
            replica,
            loaded: Mutex::default(),
        })
    }

    fn loaded(&self, version_id: VersionId) -> Option<Arc<Site>> {
        self.loaded.lock().get(&version_id)?.upgrade()
    }

    /// The assets of a version, loaded if need be; `None` if it has none.
    ///
    /// # Errors
    /// When the manifest is neither here nor at the source, or is none.
    pub(crate) async fn load(&self, version_id: VersionId) -> Result<Option<Arc<Site>>, FeedError> {
        if let Some(site) = self.loaded(version_id) {
            return Ok(Some(site));
        }
        let found = self.replica.read(|state| {
            let version = state.version(version_id)?;
            let is_pages = state
                .projects()
                .any(|project| project.worker_id == version.worker_id);
            Some((Arc::clone(version), is_pages))
        });
        let (version, is_pages) = found.ok_or(FeedError::NotFound)?;
        let Some(assets) = &version.assets else {
            return Ok(None);
        };
        let manifest = self.contents.read(assets.manifest).await?;
        let unreadable = |error: serde_json::Error| FeedError::Unavailable(error.to_string());
        let manifest: AssetManifest = serde_json::from_slice(&manifest).map_err(unreadable)?;
        let kind = if is_pages {
            SiteKind::Pages
        } else {
            SiteKind::Worker
        };
        let site = Site::new(kind, &version, assets, &manifest, &self.contents);
        let site = Arc::new(site);
        let mut loaded = self.loaded.lock();
        if let Some(site) = loaded.get(&version_id).and_then(Weak::upgrade) {
            return Ok(Some(site));
        }
        loaded.retain(|_, site| site.strong_count() > 0);
        loaded.insert(version_id, Arc::downgrade(&site));
        Ok(Some(site))
    }
}
