//! The files of an upload: each is what the manifest says, or nothing of the request is kept.

use std::collections::HashMap;

use aws_lc_rs::digest::{self, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use coffer_store::Observation;
use coffer_store::rows::account_assets::{AccountAssetRow, AssetProduct};
use coffer_types::Digest;

use super::manifest::{NewManifest, problem};
use super::token::AssetPermit;
use crate::engine::Engine;
use crate::error::{Error, Invalid, Problem, Result};

/// Characters of a digest in hexadecimal that clients use.
const HASH_CHARS: usize = 32;

/// A file as it is sent.
pub struct NewAsset {
    /// The client's hash of it.
    pub hash: String,
    /// Its content in Base64.
    pub base64: Bytes,
    /// The media type to serve it as.
    pub content_type: Option<String>,
}

impl std::fmt::Debug for NewAsset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAsset")
            .field("hash", &self.hash)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Keeps files of an upload. Gives the token for the version once every file is there.
    ///
    /// # Errors
    /// [`Error::Invalid`] that names each file that the manifest does not have, or whose content has not the size or
    /// the hash that the manifest says; then none is kept.
    pub async fn upload_assets(
        &self,
        permit: &AssetPermit,
        files: Vec<NewAsset>,
    ) -> Result<Option<String>> {
        let manifest = self.manifest_of(permit).await?;
        // Hashing tens of megabytes must not hold up other requests.
        let (manifest, checked) = tokio::task::spawn_blocking(move || {
            let checked = check(&manifest, files);
            (manifest, checked)
        })
        .await
        .map_err(|error| Error::Internal(error.to_string()))?;
        let files = checked?;
        if !files.is_empty() {
            let at = self.clock.now();
            let account_id = permit.account_id;
            self.store
                .observe(Observation::AssetFiles {
                    account_id,
                    product: AssetProduct::Workers,
                    files,
                    at,
                })
                .await?;
        }
        let known = self.known_assets(permit.account_id).await?;
        let complete = manifest
            .entries()
            .all(|(_, entry)| known.contains_key(&entry.hash));
        Ok(complete.then(|| permit.token.clone()))
    }
}

fn check(manifest: &NewManifest, files: Vec<NewAsset>) -> Result<Vec<(AccountAssetRow, Bytes)>> {
    let mut expected: HashMap<&str, Vec<(&str, u64)>> = HashMap::with_capacity(manifest.len());
    for (path, entry) in manifest.entries() {
        let paths = expected.entry(&entry.hash).or_default();
        paths.push((path, entry.size));
    }
    let mut problems = Vec::new();
    let mut kept = Vec::with_capacity(files.len());
    for file in files {
        match check_one(&expected, file) {
            Ok(file) => kept.push(file),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(kept)
    } else {
        Err(Error::Invalid(problems))
    }
}

fn check_one(
    expected: &HashMap<&str, Vec<(&str, u64)>>,
    file: NewAsset,
) -> Result<(AccountAssetRow, Bytes), Invalid> {
    let hash = file.hash.to_ascii_lowercase();
    let Some(paths) = expected.get(hash.as_str()) else {
        let shown: String = file.hash.chars().take(64).collect();
        let rule = format!("the manifest of this upload has no asset with the hash {shown:?}");
        return Err(Invalid {
            pointer: "/manifest".to_owned(),
            problem: Problem::Upload(rule),
        });
    };
    let first = paths.first().map_or("", |(path, _)| *path);
    let content = STANDARD
        .decode(&file.base64)
        .map_err(|_| problem(first, "is not sent as Base64"))?;
    let size = content.len() as u64;
    for (path, said) in paths {
        if size != *said {
            let rule = format!("is {size} bytes, not {said} as the manifest says");
            return Err(problem(path, &rule));
        }
        if !is_hash_of(&hash, &content, &file.base64, extension(path)) {
            return Err(problem(path, "has not the hash that the manifest says"));
        }
    }
    let row = AccountAssetRow {
        client_hash: hash,
        digest: sha_256(&content),
        size,
        content_type: file.content_type,
        verified: true,
    };
    Ok((row, content.into()))
}

/// Whether a hash is what clients make of a content: the first half of a BLAKE3 (Wrangler) or a SHA-256 (as the
/// platform's guide shows it) of the content, in Base64 or as it is, with or without the extension after it.
pub(crate) fn is_hash_of(hash: &str, content: &[u8], base64: &[u8], extension: &str) -> bool {
    let extension = extension.as_bytes();
    [
        (base64, extension),
        (base64, &[][..]),
        (content, extension),
        (content, &[][..]),
    ]
    .into_iter()
    .any(|(content, extension)| {
        let mut blake3 = blake3::Hasher::new();
        blake3.update(content).update(extension);
        let mut sha_256 = digest::Context::new(&SHA256);
        sha_256.update(content);
        sha_256.update(extension);
        blake3.finalize().to_hex()[..HASH_CHARS] == *hash
            || hex::encode(sha_256.finish().as_ref())[..HASH_CHARS] == *hash
    })
}

/// What follows the last dot of a file's name, as Node's `path.extname` finds it: a name that begins with its only dot
/// has none.
pub(crate) fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    match name.rsplit_once('.') {
        Some(("", _)) | None => "",
        Some((_, extension)) => extension,
    }
}

pub(crate) fn sha_256(content: &[u8]) -> Digest {
    let mut digest = [0; 32];
    digest.copy_from_slice(digest::digest(&SHA256, content).as_ref());
    Digest(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_wrangler_and_of_the_guide() {
        let content = b"<h1>x</h1>\n";
        let base64 = STANDARD.encode(content);
        let is = |hash: &str, extension| is_hash_of(hash, content, base64.as_bytes(), extension);
        // What Wrangler 4.164 made of this file, captured.
        assert!(is("6e685e4883fed022eae92500f07d7f39", "html"));
        assert!(!is("6e685e4883fed022eae92500f07d7f39", "htm"));
        assert!(!is("6e685e4883fed022eae92500f07d7f30", "html"));
        let guide = hex::encode(digest::digest(&SHA256, format!("{base64}html").as_bytes()));
        assert!(is(&guide[..32], "html"));
    }

    #[test]
    fn extensions_are_those_of_node() {
        for (path, expected) in [
            ("/a.html", "html"),
            ("/a.tar.gz", "gz"),
            ("/a", ""),
            ("/.htaccess", ""),
            ("/a.b/c", ""),
            ("/a.", ""),
        ] {
            assert_eq!(extension(path), expected, "{path}");
        }
    }
}
