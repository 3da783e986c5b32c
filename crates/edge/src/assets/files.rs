//! The contents of files: small ones in memory, large ones from disk as they are sent.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use coffer_protocol::feed::FeedError;
use coffer_types::{Asset, Digest};
use hyper::body::{Body, Frame, SizeHint};
use tokio::runtime::Handle;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

use super::disk::DiskPart;
use crate::replica::Replica;

/// Bytes of a file that may be kept in memory. Our own bound: most of what pages are made of.
const MAX_KEPT_FILE_BYTES: u64 = 256 * 1024;
/// Bytes of files in memory, of all versions together.
const MAX_KEPT_BYTES: u64 = 128 * 1024 * 1024;
/// Files that are kept open, of all versions together. Our own bound: a fraction of the file descriptors that a
/// process commonly has.
const MAX_OPEN_FILES: usize = 256;

/// Where contents come from, and how much of them is in memory.
#[derive(Debug)]
pub(crate) struct Contents {
    replica: Arc<Replica>,
    /// The runtime on which what is not here is fetched: not one that moves bytes.
    home: Handle,
    kept_bytes: AtomicU64,
    open_files: AtomicUsize,
}

/// One file of a version.
#[derive(Debug)]
pub(super) struct File {
    pub(super) digest: Digest,
    pub(super) size: u64,
    contents: Arc<Contents>,
    kept: OnceLock<Bytes>,
    /// Set once the content on disk was looked at.
    on_disk: OnceCell<PathBuf>,
    /// Kept open, if few enough are.
    opened: OnceLock<Arc<fs::File>>,
}

impl Contents {
    pub(crate) fn new(replica: Arc<Replica>) -> Arc<Self> {
        Arc::new(Self {
            replica,
            home: Handle::current(),
            kept_bytes: AtomicU64::new(0),
            open_files: AtomicUsize::new(0),
        })
    }

    /// Reads a content that is not a file of a version: a manifest.
    pub(super) async fn read(&self, digest: Digest) -> Result<Bytes, FeedError> {
        let replica = Arc::clone(&self.replica);
        let read = self
            .home
            .spawn(async move { replica.blobs().read(digest).await });
        read.await
            .map_err(|error| FeedError::Unavailable(error.to_string()))?
    }

    /// Sees to it that a content is on disk and is what it should be.
    async fn verify(&self, digest: Digest) -> Result<PathBuf, FeedError> {
        let replica = Arc::clone(&self.replica);
        let verified = self.home.spawn(async move {
            replica.blobs().read(digest).await?;
            Ok(replica.blobs().file(digest))
        });
        verified
            .await
            .map_err(|error| FeedError::Unavailable(error.to_string()))?
    }
}

impl File {
    pub(super) fn new(asset: &Asset, contents: Arc<Contents>) -> Self {
        Self {
            digest: asset.digest,
            size: asset.size,
            contents,
            kept: OnceLock::new(),
            on_disk: OnceCell::new(),
            opened: OnceLock::new(),
        }
    }

    /// The content, if it is in memory.
    pub(super) fn kept(&self) -> Option<&Bytes> {
        self.kept.get()
    }

    /// A part of the content.
    ///
    /// # Errors
    /// When it is neither here nor at the source.
    pub(super) async fn open(&self, range: Range<u64>) -> Result<AssetBody, FeedError> {
        if let Some(content) = self.kept() {
            return Ok(AssetBody::part_of(content, range));
        }
        if self.size <= MAX_KEPT_FILE_BYTES {
            let content = self.contents.read(self.digest).await?;
            self.keep(&content);
            return Ok(AssetBody::part_of(&content, range));
        }
        match self.opened().await? {
            Some(file) => Ok(AssetBody::of_disk(file, range)),
            None => {
                let content = self.contents.read(self.digest).await?;
                Ok(AssetBody::part_of(&content, range))
            }
        }
    }

    /// The file on disk; `None` if it cannot be opened.
    async fn opened(&self) -> Result<Option<Arc<fs::File>>, FeedError> {
        if let Some(file) = self.opened.get() {
            return Ok(Some(Arc::clone(file)));
        }
        let verify = || self.contents.verify(self.digest);
        let path = self.on_disk.get_or_try_init(verify).await?;
        let mut file = open(path.clone()).await;
        if file.is_err() {
            // Removed meanwhile, or never written: it is fetched once more.
            file = open(verify().await?).await;
        }
        let file = file.ok().map(Arc::new);
        if let Some(file) = &file {
            self.keep_open(file);
        }
        Ok(file)
    }

    /// Keeps the file open if few enough are.
    fn keep_open(&self, file: &Arc<fs::File>) {
        let open = &self.contents.open_files;
        let others = open.fetch_add(1, Ordering::Relaxed);
        if others >= MAX_OPEN_FILES || self.opened.set(Arc::clone(file)).is_err() {
            open.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Keeps the content in memory if there is room.
    fn keep(&self, content: &Bytes) {
        let kept = &self.contents.kept_bytes;
        let taken = kept.fetch_add(self.size, Ordering::Relaxed);
        if taken + self.size > MAX_KEPT_BYTES || self.kept.set(content.clone()).is_err() {
            kept.fetch_sub(self.size, Ordering::Relaxed);
        }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        if self.kept.get().is_some() {
            let kept = &self.contents.kept_bytes;
            kept.fetch_sub(self.size, Ordering::Relaxed);
        }
        if self.opened.get().is_some() {
            self.contents.open_files.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

async fn open(path: PathBuf) -> io::Result<fs::File> {
    let opened = spawn_blocking(move || fs::File::open(path)).await;
    opened.map_err(io::Error::other)?
}

/// The body of a response that is a file, or nothing.
#[derive(Debug, Default)]
pub(crate) struct AssetBody {
    source: Source,
    left_bytes: u64,
}

#[derive(Debug, Default)]
enum Source {
    #[default]
    Empty,
    Memory(Bytes),
    Disk(DiskPart),
}

impl AssetBody {
    fn part_of(content: &Bytes, range: Range<u64>) -> Self {
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(content.len());
        let (start, end) = (place(range.start), place(range.end));
        Self {
            left_bytes: (end - start) as u64,
            source: Source::Memory(content.slice(start..end)),
        }
    }

    fn of_disk(file: Arc<fs::File>, range: Range<u64>) -> Self {
        Self {
            left_bytes: range.end - range.start,
            source: Source::Disk(DiskPart::new(file, range.start, range.end)),
        }
    }
}

impl Body for AssetBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.left_bytes == 0 {
            return Poll::Ready(None);
        }
        let data = match &mut self.source {
            Source::Empty => return Poll::Ready(None),
            Source::Memory(content) => std::mem::take(content),
            Source::Disk(part) => match ready!(part.poll_next(context)) {
                Ok(data) => data,
                Err(error) => return Poll::Ready(Some(Err(error))),
            },
        };
        self.left_bytes = self.left_bytes.saturating_sub(data.len() as u64);
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.left_bytes == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left_bytes)
    }
}
