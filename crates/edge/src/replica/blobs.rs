//! Contents of modules and static assets by digest: on disk here, else from the source.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use coffer_protocol::feed::{ChangeSource, FeedError};
use coffer_types::Digest;

use super::disk::replace;

/// Modules' contents, kept on disk and verified at every reading.
pub(crate) struct Blobs {
    directory: PathBuf,
    source: Arc<dyn ChangeSource>,
}

impl std::fmt::Debug for Blobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Blobs({})", self.directory.display())
    }
}

impl Blobs {
    pub(super) fn new(directory: PathBuf, source: Arc<dyn ChangeSource>) -> Self {
        Self { directory, source }
    }

    /// The content with this digest.
    ///
    /// # Errors
    /// When it is neither here nor at the source, or what the source gives is not it.
    pub(crate) async fn read(&self, digest: Digest) -> Result<Bytes, FeedError> {
        let path = self.path(digest);
        let stored = tokio::task::spawn_blocking(move || fs::read(path)).await;
        if let Ok(Ok(content)) = stored {
            if matches(&content, digest) {
                return Ok(content.into());
            }
            tracing::warn!(%digest, "a stored module is damaged and is fetched again");
        }
        let content = self.source.blob(digest).await?;
        if !matches(&content, digest) {
            return Err(FeedError::Unavailable(format!(
                "the content sent for {digest} is not it"
            )));
        }
        self.keep(digest, content.clone()).await;
        Ok(content)
    }

    /// Where the content is on disk once it was read here.
    pub(crate) fn file(&self, digest: Digest) -> PathBuf {
        self.path(digest)
    }

    /// Whether the content is on disk.
    pub(super) async fn has(&self, digest: Digest) -> bool {
        let path = self.path(digest);
        let found = tokio::task::spawn_blocking(move || path.exists()).await;
        found.unwrap_or(false)
    }

    /// Sees to it that the content is on disk.
    pub(super) async fn fetch(&self, digest: Digest) -> Result<(), FeedError> {
        if self.has(digest).await {
            return Ok(());
        }
        self.read(digest).await.map(drop)
    }

    /// Removes every content that is not in use.
    pub(super) async fn retain(&self, used: HashSet<Digest>) -> io::Result<()> {
        let directory = self.directory.clone();
        tokio::task::spawn_blocking(move || remove_unused(&directory, &used)).await?
    }

    async fn keep(&self, digest: Digest, content: Bytes) {
        let path = self.path(digest);
        let written =
            tokio::task::spawn_blocking(move || replace(&path, |file| file.write_all(&content)));
        if let Ok(Err(error)) = written.await {
            // It is fetched again when needed.
            tracing::warn!(%digest, %error, "a module cannot be stored in the replica");
        }
    }

    fn path(&self, digest: Digest) -> PathBuf {
        self.directory.join(digest.to_string())
    }
}

fn remove_unused(directory: &Path, used: &HashSet<Digest>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        // Names of another form are files being written.
        let digest = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        if digest.is_some_and(|digest| !used.contains(&digest)) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn matches(content: &[u8], expected: Digest) -> bool {
    digest(&SHA256, content).as_ref() == expected.0
}
