//! The assets of a new version.

use bytes::Bytes;
use coffer_store::rows::manifest_blobs;
use coffer_store::{StoreError, Tx};
use coffer_types::assets::RunWorkerFirst;
use coffer_types::limits::{
    MAX_ASSET_RULES_BYTES, MAX_RUN_WORKER_FIRST_PATTERN_BYTES, MAX_RUN_WORKER_FIRST_PATTERNS,
};
use coffer_types::{AccountId, Asset, AssetManifest, Assets, AssetsConfig, Digest, WorkerName};

use super::upload::sha_256;
use crate::engine::Engine;
use crate::error::{Error, Problem, Result};

/// Where an upload says how its assets are served.
const CONFIG: &str = "/assets/config";

/// What an upload says of a version's assets.
#[derive(Clone, Debug)]
pub enum NewAssets {
    /// Those of the Worker's newest version, as they are.
    Kept,
    /// Those of the newest version, served otherwise.
    Configured(AssetsConfig),
    /// Those of an upload that is complete.
    Uploaded {
        /// The upload's token.
        jwt: String,
        /// How they are served.
        config: AssetsConfig,
    },
}

/// A manifest to be kept with a version.
#[derive(Clone, Debug)]
pub(crate) struct KeptManifest {
    pub(crate) digest: Digest,
    content: Bytes,
    files: Vec<Digest>,
}

/// The assets of a version to be made.
#[derive(Clone, Debug, Default)]
pub(crate) struct VersionAssets {
    /// As the version has them.
    pub(crate) assets: Option<Assets>,
    /// The manifest, if it is a new one.
    pub(crate) manifest: Option<KeptManifest>,
}

impl KeptManifest {
    /// The manifest of these files.
    pub(crate) fn of(served: &AssetManifest) -> Result<Self> {
        let mut files: Vec<Digest> = served.0.values().map(|asset| asset.digest).collect();
        files.sort_unstable();
        files.dedup();
        let content =
            serde_json::to_vec(served).map_err(|error| Error::Internal(error.to_string()))?;
        Ok(Self {
            digest: sha_256(&content),
            content: content.into(),
            files,
        })
    }

    /// Keeps it with its references.
    ///
    /// # Errors
    /// [`Error::Invalid`] at `pointer` if a file is gone by now.
    pub(crate) async fn keep(&self, tx: &mut Tx<'_>, pointer: &str) -> Result<()> {
        match manifest_blobs::insert(tx, self.digest, &self.content, &self.files).await {
            Err(StoreError::Orphan) => {
                let rule = "a file was removed at the same time: send the files again".to_owned();
                Err(Error::invalid(pointer, Problem::Upload(rule)))
            }
            kept => Ok(kept?),
        }
    }
}

impl Engine {
    /// The assets of a version of a Worker whose newest version has `previous`.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are none to keep; for a token that is altered, has ended, or is another account's or
    /// Worker's; for an upload that is not complete; for a configuration out of bounds.
    pub(crate) async fn version_assets(
        &self,
        account_id: AccountId,
        name: &WorkerName,
        new: Option<NewAssets>,
        previous: Option<&Assets>,
    ) -> Result<VersionAssets> {
        let (jwt, config) = match new {
            None => return Ok(VersionAssets::default()),
            Some(NewAssets::Kept) => {
                return Ok(VersionAssets {
                    assets: previous.cloned(),
                    manifest: None,
                });
            }
            Some(NewAssets::Configured(config)) => {
                check_config(&config, CONFIG)?;
                let Some(previous) = previous else {
                    let rule =
                        "the Worker's newest version has no assets to configure: upload some"
                            .to_owned();
                    return Err(Error::invalid("/assets/jwt", Problem::Upload(rule)));
                };
                let manifest = previous.manifest;
                return Ok(VersionAssets {
                    assets: Some(Assets { manifest, config }),
                    manifest: None,
                });
            }
            Some(NewAssets::Uploaded { jwt, config }) => (jwt, config),
        };
        check_config(&config, CONFIG)?;
        let manifest = self.uploaded_manifest(account_id, name, &jwt).await?;
        Ok(VersionAssets {
            assets: Some(Assets {
                manifest: manifest.digest,
                config,
            }),
            manifest: Some(manifest),
        })
    }

    async fn uploaded_manifest(
        &self,
        account_id: AccountId,
        name: &WorkerName,
        jwt: &str,
    ) -> Result<KeptManifest> {
        let refused = |rule: &str| Error::invalid("/assets/jwt", Problem::Upload(rule.to_owned()));
        let permit = self
            .asset_permit(account_id, jwt)
            .ok()
            .flatten()
            .ok_or_else(|| {
                refused("the token is not of an open upload of assets: begin another upload")
            })?;
        if permit.worker_name != *name {
            return Err(refused("the token is of another Worker's upload"));
        }
        let manifest = self.manifest_of(&permit).await?;
        let known = self.known_assets(account_id).await?;
        let mut served = AssetManifest::default();
        let mut missing = 0_usize;
        for (path, entry) in manifest.entries() {
            let Some(file) = known.get(&entry.hash) else {
                missing += 1;
                continue;
            };
            let asset = Asset {
                digest: file.digest,
                size: file.size,
                content_type: file.content_type.clone(),
            };
            served.0.insert(path.to_owned(), asset);
        }
        if missing > 0 {
            let rule = format!("{missing} assets of the upload were not sent yet");
            return Err(refused(&rule));
        }
        KeptManifest::of(&served)
    }
}

/// Checks the bounds of a configuration. The members of a refused one are pointed to with `prefix` before them.
pub(crate) fn check_config(config: &AssetsConfig, prefix: &str) -> Result<()> {
    for (name, text) in [
        ("_headers", &config.headers),
        ("_redirects", &config.redirects),
    ] {
        let bytes = text.as_ref().map_or(0, String::len);
        if bytes > MAX_ASSET_RULES_BYTES {
            let rule = format!("{name} is {bytes} bytes, the limit is {MAX_ASSET_RULES_BYTES}");
            let pointer = format!("{prefix}/{name}");
            return Err(Error::invalid(pointer, Problem::Upload(rule)));
        }
    }
    let RunWorkerFirst::Paths(patterns) = &config.run_worker_first else {
        return Ok(());
    };
    let refused = |rule: String| {
        Err(Error::invalid(
            format!("{prefix}/run_worker_first"),
            Problem::Upload(rule),
        ))
    };
    if patterns.is_empty() || patterns.len() > MAX_RUN_WORKER_FIRST_PATTERNS {
        return refused(format!(
            "run_worker_first is true, false or 1 to {MAX_RUN_WORKER_FIRST_PATTERNS} patterns"
        ));
    }
    let is_wrong = |pattern: &&String| {
        let path = pattern.strip_prefix('!').unwrap_or(pattern);
        !path.starts_with('/') || pattern.len() > MAX_RUN_WORKER_FIRST_PATTERN_BYTES
    };
    if let Some(wrong) = patterns.iter().find(is_wrong) {
        let shown: String = wrong.chars().take(100).collect();
        return refused(format!(
            "the pattern {shown:?} of run_worker_first must begin with / or !/ and have at most \
             {MAX_RUN_WORKER_FIRST_PATTERN_BYTES} bytes"
        ));
    }
    if patterns.iter().all(|pattern| pattern.starts_with('!')) {
        return refused("run_worker_first needs a pattern that does not begin with !".to_owned());
    }
    Ok(())
}
