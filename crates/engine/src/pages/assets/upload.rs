//! Which files are missing, and keeping those that come.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use coffer_store::Observation;
use coffer_store::rows::account_assets::{self, AccountAssetRow, AssetProduct};
use coffer_types::AccountId;
use coffer_types::limits::{MAX_ASSET_BYTES, MAX_ASSETS_PER_VERSION};

use super::token::PagesUploadPermit;
use crate::assets::{NewAsset, sha_256};
use crate::engine::Engine;
use crate::error::{Error, Invalid, Problem, Result};

/// Characters of a hash.
const HASH_CHARS: usize = 32;

impl Engine {
    /// Those of the files that the account has not sent, each once.
    ///
    /// # Errors
    /// [`Error::Invalid`] for more hashes than a deployment may have files, or one that is none.
    pub async fn missing_pages_assets(
        &self,
        permit: &PagesUploadPermit,
        hashes: Vec<String>,
    ) -> Result<Vec<String>> {
        check_hashes(&hashes)?;
        // What is known from here on stays until the deployment is there.
        self.store
            .observe(Observation::AssetsAskedFor {
                account_id: permit.account_id,
                product: AssetProduct::Pages,
                client_hashes: hashes
                    .iter()
                    .map(|hash| hash.to_ascii_lowercase())
                    .collect(),
                at: self.clock.now(),
            })
            .await?;
        let known = self.sent_assets(permit.account_id).await?;
        let mut told = HashSet::new();
        let is_missing = |hash: &String| {
            let lower = hash.to_ascii_lowercase();
            !known.contains(&lower) && told.insert(lower)
        };
        Ok(hashes.into_iter().filter(is_missing).collect())
    }

    /// Finds that the account has sent all of these files. What it has sent, it need not send again: there is nothing
    /// to keep besides.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is no hash, and if some were not sent.
    pub async fn known_pages_assets(
        &self,
        permit: &PagesUploadPermit,
        hashes: Vec<String>,
    ) -> Result<()> {
        let missing = self.missing_pages_assets(permit, hashes).await?.len();
        if missing == 0 {
            return Ok(());
        }
        let rule = format!("{missing} of these files were not sent: send them first");
        Err(Error::invalid("/hashes", Problem::Pages(rule)))
    }

    /// Keeps files, and tells how many.
    ///
    /// # Errors
    /// [`Error::Invalid`] that names each file whose hash is none, that is no Base64, or that is too large; then none
    /// is kept.
    pub async fn upload_pages_assets(
        &self,
        permit: &PagesUploadPermit,
        files: Vec<NewAsset>,
    ) -> Result<usize> {
        // Decoding tens of megabytes must not hold up other requests.
        let read = tokio::task::spawn_blocking(move || read(files))
            .await
            .map_err(|error| Error::Internal(error.to_string()))?;
        let files = read?;
        let count = files.len();
        if count > 0 {
            self.store
                .observe(Observation::AssetFiles {
                    account_id: permit.account_id,
                    product: AssetProduct::Pages,
                    files,
                    at: self.clock.now(),
                })
                .await?;
        }
        Ok(count)
    }

    /// The hashes of all files that the account has sent for Pages, whether or not they are right.
    async fn sent_assets(&self, account_id: AccountId) -> Result<HashSet<String>> {
        let mut reader = self.store.reader().await?;
        let known =
            account_assets::of_account(&mut reader, account_id, AssetProduct::Pages).await?;
        Ok(known.into_iter().map(|file| file.client_hash).collect())
    }
}

fn check_hashes(hashes: &[String]) -> Result<()> {
    let refused = |rule: String| Err(Error::invalid("/hashes", Problem::Pages(rule)));
    if hashes.len() > MAX_ASSETS_PER_VERSION {
        return refused(format!(
            "a deployment has at most {MAX_ASSETS_PER_VERSION} files, these are {}",
            hashes.len()
        ));
    }
    match hashes.iter().position(|hash| !is_hash(hash)) {
        None => Ok(()),
        Some(index) => refused(format!(
            "hash {index} is none: a hash has {HASH_CHARS} hexadecimal digits"
        )),
    }
}

/// Whether a text can be the hash of a file.
pub(super) fn is_hash(text: &str) -> bool {
    text.len() == HASH_CHARS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn read(files: Vec<NewAsset>) -> Result<Vec<(AccountAssetRow, Bytes)>> {
    let mut problems = Vec::new();
    let mut kept = Vec::with_capacity(files.len());
    for (index, file) in files.into_iter().enumerate() {
        match read_one(file) {
            Ok(file) => kept.push(file),
            Err((field, rule)) => problems.push(Invalid {
                pointer: format!("/{index}/{field}"),
                problem: Problem::Pages(rule),
            }),
        }
    }
    if problems.is_empty() {
        Ok(kept)
    } else {
        Err(Error::Invalid(problems))
    }
}

fn read_one(file: NewAsset) -> Result<(AccountAssetRow, Bytes), (&'static str, String)> {
    if !is_hash(&file.hash) {
        let rule = format!("the key of a file is its hash: {HASH_CHARS} hexadecimal digits");
        return Err(("key", rule));
    }
    let content = STANDARD.decode(&file.base64).map_err(|_| {
        (
            "value",
            "the content of a file is sent as Base64".to_owned(),
        )
    })?;
    let size = content.len() as u64;
    if size > MAX_ASSET_BYTES {
        let rule = format!("the file is {size} bytes, the limit for one is {MAX_ASSET_BYTES}");
        return Err(("value", rule));
    }
    let row = AccountAssetRow {
        client_hash: file.hash.to_ascii_lowercase(),
        digest: sha_256(&content),
        size,
        content_type: file.content_type,
        verified: false,
    };
    Ok((row, content.into()))
}
