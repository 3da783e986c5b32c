//! Beginning an upload: which files the account has not uploaded yet.

use std::collections::{HashMap, HashSet};

use coffer_store::Observation;
use coffer_store::rows::account_assets::{self, AccountAssetRow, AssetProduct};
use coffer_store::rows::asset_sessions::{self, AssetSessionRow};
use coffer_types::limits::{
    ASSET_UPLOAD_MINUTES, MAX_ASSET_BYTES_PER_UPLOAD, MAX_ASSETS_PER_UPLOAD,
};
use coffer_types::{AccountId, WorkerName};
use serde::{Deserialize, Serialize};

use super::manifest::{NewManifest, problem};
use super::token::AssetPermit;
use crate::authorize::{DeployWorkers, Permit};
use crate::engine::Engine;
use crate::error::{Error, Problem, Result};

const MICROS_PER_MINUTE: i64 = 60 * 1_000_000;
const ID_BYTES: usize = 16;

/// An upload that has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetUpload {
    /// Its token.
    pub jwt: String,
    /// The hashes of the files to send, each list in one request.
    pub buckets: Vec<Vec<String>>,
}

impl Engine {
    /// Begins an upload of a Worker's assets. The Worker need not be there yet.
    ///
    /// # Errors
    /// [`Error::Invalid`] that names a file whose size is not that of the file with its hash.
    pub async fn begin_asset_upload(
        &self,
        permit: &Permit<DeployWorkers>,
        name: WorkerName,
        manifest: NewManifest,
    ) -> Result<AssetUpload> {
        let account_id = permit.account_id();
        // What is known from here on stays until the version is there.
        self.store
            .observe(Observation::AssetsAskedFor {
                account_id,
                product: AssetProduct::Workers,
                client_hashes: manifest.hashes(),
                at: self.clock.now(),
            })
            .await?;
        let known = self.known_assets(account_id).await?;
        let problems: Vec<_> = manifest
            .entries()
            .filter_map(|(path, entry)| {
                let size = known.get(&entry.hash)?.size;
                let rule = format!("is {size} bytes by its hash, not {}", entry.size);
                (size != entry.size).then(|| problem(path, &rule))
            })
            .collect();
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let mut id = [0; ID_BYTES];
        self.random.fill(&mut id);
        let now = self.clock.now();
        let session = AssetSessionRow {
            id: hex::encode(id),
            account_id,
            worker_name: name,
            manifest: serde_json::to_string(&manifest)
                .map_err(|error| Error::Internal(error.to_string()))?,
            created_at: now,
            expires_at: now.plus_micros(ASSET_UPLOAD_MINUTES * MICROS_PER_MINUTE),
        };
        let jwt = self.asset_token(
            account_id,
            &session.worker_name,
            &session.id,
            session.expires_at,
        )?;
        self.store
            .observe(Observation::AssetUpload(Box::new(session)))
            .await?;
        Ok(AssetUpload {
            jwt,
            buckets: buckets(&manifest, &known),
        })
    }

    /// The files that the account has sent for Workers by their clients' hashes, of which each is what its hash says.
    pub(crate) async fn known_assets(
        &self,
        account_id: AccountId,
    ) -> Result<HashMap<String, AccountAssetRow>> {
        let mut reader = self.store.reader().await?;
        let known =
            account_assets::of_account(&mut reader, account_id, AssetProduct::Workers).await?;
        Ok(known
            .into_iter()
            .map(|file| (file.client_hash.clone(), file))
            .collect())
    }

    /// The manifest of an upload.
    pub(super) async fn manifest_of(&self, permit: &AssetPermit) -> Result<NewManifest> {
        let mut reader = self.store.reader().await?;
        let found =
            asset_sessions::find(&mut reader, permit.account_id, &permit.session_id).await?;
        let gone = || {
            let rule = "this upload of assets has ended: begin another".to_owned();
            Error::invalid("/assets/jwt", Problem::Upload(rule))
        };
        serde_json::from_str(&found.ok_or_else(gone)?.manifest)
            .map_err(|error| Error::Internal(error.to_string()))
    }
}

/// The hashes that are not known, in as few requests as their sizes allow.
fn buckets(manifest: &NewManifest, known: &HashMap<String, AccountAssetRow>) -> Vec<Vec<String>> {
    let mut asked = HashSet::new();
    let mut buckets: Vec<Vec<String>> = Vec::new();
    let mut filled_bytes = 0;
    for (_, entry) in manifest.entries() {
        if known.contains_key(&entry.hash) || !asked.insert(&entry.hash) {
            continue;
        }
        let fits = |bucket: &Vec<String>| {
            bucket.len() < MAX_ASSETS_PER_UPLOAD
                && filled_bytes + entry.size <= MAX_ASSET_BYTES_PER_UPLOAD
        };
        match buckets.last_mut().filter(|bucket| fits(bucket)) {
            Some(bucket) => {
                filled_bytes += entry.size;
                bucket.push(entry.hash.clone());
            }
            None => {
                filled_bytes = entry.size;
                buckets.push(vec![entry.hash.clone()]);
            }
        }
    }
    buckets
}
