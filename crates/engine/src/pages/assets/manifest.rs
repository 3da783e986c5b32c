//! The files of a deployment, by the paths that they are served at.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_store::Observation;
use coffer_store::rows::account_assets::{self, AccountAssetRow, AssetProduct};
use coffer_store::rows::blobs;
use coffer_types::limits::MAX_ASSETS_PER_VERSION;
use coffer_types::{AccountId, Asset, AssetManifest, Digest};

use super::upload::is_hash;
use crate::assets::{KeptManifest, extension, is_hash_of, path_problem};
use crate::engine::Engine;
use crate::error::{Error, Invalid, Problem, Result};

/// Problems told of at once.
const MAX_PROBLEMS: usize = 20;
/// The page whose presence says that a site is no single page.
const NOT_FOUND_PAGE: &str = "/404.html";

/// The files of a deployment.
pub(in crate::pages) struct PagesFiles {
    /// As they are kept.
    pub(in crate::pages) manifest: KeptManifest,
    /// Whether the site says itself what is answered where nothing is.
    pub(in crate::pages) has_not_found_page: bool,
}

/// A file to be looked at: the hash that it was sent with, and a path that it is to be served at.
struct Unverified {
    path: String,
    file: AccountAssetRow,
}

impl Engine {
    /// The files that a client names by their paths and hashes.
    ///
    /// # Errors
    /// [`Error::Invalid`] for too many, and that names each path that is none and each hash that is none, was never
    /// sent, or is not that of the content.
    pub(in crate::pages) async fn pages_files(
        &self,
        account_id: AccountId,
        paths: BTreeMap<String, String>,
    ) -> Result<PagesFiles> {
        if paths.len() > MAX_ASSETS_PER_VERSION {
            let rule = format!(
                "a deployment has at most {MAX_ASSETS_PER_VERSION} files, this one would have {}",
                paths.len()
            );
            return Err(Error::invalid("/manifest", Problem::Pages(rule)));
        }
        let mut reader = self.store.reader().await?;
        let known: HashMap<_, _> =
            account_assets::of_account(&mut reader, account_id, AssetProduct::Pages)
                .await?
                .into_iter()
                .map(|file| (file.client_hash.clone(), file))
                .collect();
        drop(reader);
        let mut served = AssetManifest::default();
        let mut unverified = Vec::new();
        let mut problems = Vec::new();
        for (path, hash) in paths {
            match file_at(&path, &hash, &known) {
                Ok((path, file)) => {
                    if !file.verified {
                        unverified.push(Unverified {
                            path: path.clone(),
                            file: file.clone(),
                        });
                    }
                    served.0.insert(path, served_as(file));
                }
                Err(problem) => problems.push(problem),
            }
            if problems.len() == MAX_PROBLEMS {
                break;
            }
        }
        refuse_any(problems)?;
        self.verify(account_id, unverified).await?;
        Ok(PagesFiles {
            has_not_found_page: served.0.contains_key(NOT_FOUND_PAGE),
            manifest: KeptManifest::of(&served)?,
        })
    }

    /// Finds out whether files are what their hashes say, and keeps what it finds: right ones need not be looked at
    /// again, and wrong ones are forgotten, so that they will be asked for.
    async fn verify(&self, account_id: AccountId, files: Vec<Unverified>) -> Result<()> {
        let mut looked_at = BTreeSet::new();
        let mut right = Vec::new();
        let mut wrong = Vec::new();
        let mut problems = Vec::new();
        for Unverified { path, file } in files {
            let extension = extension(&path).to_owned();
            if !looked_at.insert((file.client_hash.clone(), extension.clone())) {
                continue;
            }
            let hash = file.client_hash.clone();
            if self.is_file_of(file.digest, hash, extension).await? {
                right.push((file.client_hash, file.digest));
            } else {
                wrong.push((file.client_hash, file.digest));
                let rule = "has not the hash that the manifest says: send it again";
                problems.push(problem(&path, rule));
            }
        }
        right.retain(|file| !wrong.contains(file));
        if !right.is_empty() || !wrong.is_empty() {
            self.store
                .observe(Observation::AssetsVerified {
                    account_id,
                    right,
                    wrong,
                })
                .await?;
        }
        problems.truncate(MAX_PROBLEMS);
        refuse_any(problems)
    }

    async fn is_file_of(&self, digest: Digest, hash: String, extension: String) -> Result<bool> {
        let mut reader = self.store.reader().await?;
        let content = blobs::find(&mut reader, digest).await?;
        drop(reader);
        let missing = || Error::Internal(format!("content {digest} is missing"));
        let content = content.ok_or_else(missing)?;
        // Hashing what may be tens of megabytes must not hold up other requests.
        let checked = tokio::task::spawn_blocking(move || {
            let base64 = STANDARD.encode(&content);
            is_hash_of(&hash, &content, base64.as_bytes(), &extension)
        });
        checked
            .await
            .map_err(|error| Error::Internal(error.to_string()))
    }
}

fn served_as(file: &AccountAssetRow) -> Asset {
    Asset {
        digest: file.digest,
        size: file.size,
        content_type: file.content_type.clone(),
    }
}

/// The file with this hash, and its path with a slash before it, which some clients leave out.
fn file_at<'k>(
    path: &str,
    hash: &str,
    known: &'k HashMap<String, AccountAssetRow>,
) -> Result<(String, &'k AccountAssetRow), Invalid> {
    let whole = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    };
    if let Some(rule) = path_problem(&whole) {
        return Err(problem(path, &rule));
    }
    if !is_hash(hash) {
        return Err(problem(path, "needs a hash of 32 hexadecimal digits"));
    }
    match known.get(&hash.to_ascii_lowercase()) {
        Some(file) => Ok((whole, file)),
        None => Err(problem(path, "was not sent: send it first")),
    }
}

fn refuse_any(problems: Vec<Invalid>) -> Result<()> {
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(problems))
    }
}

/// A problem with the file at this path.
fn problem(path: &str, rule: &str) -> Invalid {
    let shown: String = path.chars().take(200).collect();
    let pointer = format!("/manifest/{}", shown.replace('~', "~0").replace('/', "~1"));
    Invalid {
        pointer,
        problem: Problem::Pages(format!("file {shown:?} {rule}")),
    }
}
