//! Exporting: the events as lines, with the tiles, bundles and checkpoints that prove them.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use coffer_crypto::VerifierKey;
use coffer_store::log::tree::{self, Frontier, TILE_WIDTH, Tile};
use coffer_store::rows::{audit_checkpoints, audit_tiles};
use serde::Serialize;

use super::layout::Layout;
use super::{AuditLog, LogError, Progress};

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// The directory.
    pub path: PathBuf,
    /// Events in it.
    pub size: u64,
}

impl AuditLog {
    /// Exports the log to a directory that does not exist. It is made under another name and named at the end, so
    /// that half an export never looks like one. With the log's key it holds that too, for convenience: whoever
    /// verifies the export takes the key from elsewhere.
    ///
    /// A log whose tiles are not those of its events is exported as it is, tiles as they are kept: it is evidence.
    ///
    /// # Errors
    /// [`LogError::Exists`], or [`LogError::File`].
    pub async fn export(
        mut self,
        directory: &Path,
        key: Option<&VerifierKey>,
        progress: Progress<'_>,
    ) -> Result<Exported, LogError> {
        if directory.exists() {
            return Err(LogError::Exists(directory.to_owned()));
        }
        let mut unfinished = directory.as_os_str().to_owned();
        unfinished.push(".unfinished");
        let unfinished = PathBuf::from(unfinished);
        let mut writer = Writer {
            layout: Layout::new(&unfinished),
        };
        writer.begin()?;
        let size = self.write_events(&mut writer, progress).await?;
        self.write_checkpoints(&mut writer).await?;
        if let Some(key) = key {
            writer.file(&writer.layout.key(), format!("{key}\n").as_bytes())?;
        }
        std::fs::rename(&unfinished, directory).map_err(|source| LogError::File {
            path: directory.to_owned(),
            source,
        })?;
        self.snapshot.close().await;
        Ok(Exported {
            path: directory.to_owned(),
            size,
        })
    }

    async fn write_events(
        &mut self,
        writer: &mut Writer,
        progress: Progress<'_>,
    ) -> Result<u64, LogError> {
        let entries = writer.layout.entries();
        let failed = |source| LogError::File {
            path: entries.clone(),
            source,
        };
        let mut lines = BufWriter::with_capacity(1 << 20, writer.create(&entries)?);
        let (mut frontier, mut full) = (Frontier::default(), Vec::new());
        let (mut last_seq, mut bundle) = (i64::MIN, Vec::new());
        loop {
            let events = self.snapshot.events_after(last_seq).await?;
            let Some(last) = events.last() else { break };
            last_seq = last.seq;
            for event in &events {
                lines.write_all(&event.line).map_err(failed)?;
                lines.write_all(b"\n").map_err(failed)?;
                // What is longer than an entry may be was never signed.
                let length = u16::try_from(event.line.len()).unwrap_or(u16::MAX);
                bundle.extend(length.to_be_bytes());
                bundle.extend(&event.line[..length.into()]);
                frontier.append(tree::leaf_hash(&event.line), &mut full);
                if frontier.size().is_multiple_of(TILE_WIDTH as u64) {
                    let index = frontier.size() / TILE_WIDTH as u64 - 1;
                    writer.file(&writer.layout.bundle(index, TILE_WIDTH), &bundle)?;
                    bundle.clear();
                }
                for tile in full.drain(..) {
                    self.write_kept(writer, &tile).await?;
                }
            }
            progress(frontier.size());
        }
        for tile in frontier.open_tiles() {
            if tile.level == 0 {
                let path = writer.layout.bundle(tile.index, tile.hashes.len());
                writer.file(&path, &bundle)?;
            }
            writer.tile(&tile)?;
        }
        lines.flush().map_err(failed)?;
        lines.get_ref().sync_all().map_err(failed)?;
        Ok(frontier.size())
    }

    /// The tile as it is kept, not as it should be: what was changed must stay visible.
    async fn write_kept(&mut self, writer: &mut Writer, tile: &Tile) -> Result<(), LogError> {
        let kept = audit_tiles::find(&mut self.snapshot, tile.level, tile.index).await?;
        match kept {
            Some(bytes) => {
                let path = writer.layout.tile(tile.level, tile.index, TILE_WIDTH);
                writer.file(&path, &bytes)
            }
            None => Ok(()),
        }
    }

    async fn write_checkpoints(&mut self, writer: &mut Writer) -> Result<(), LogError> {
        let mut after = i64::MIN;
        loop {
            let page = audit_checkpoints::after(&mut self.snapshot, after).await?;
            let Some((last, _)) = page.last() else { break };
            after = *last;
            for (size, note) in page {
                let size = u64::try_from(size).unwrap_or(0);
                writer.file(&writer.layout.checkpoint(size), note.as_bytes())?;
            }
        }
        match audit_checkpoints::head(&mut self.snapshot).await? {
            Some(note) => writer.file(&writer.layout.head(), note.as_bytes()),
            None => Ok(()),
        }
    }
}

struct Writer {
    layout: Layout,
}

impl Writer {
    /// Makes the directory, for its owner alone; what an earlier export left of it is removed.
    fn begin(&self) -> Result<(), LogError> {
        let path = self.layout.directory();
        let failed = |source| LogError::File {
            path: path.to_owned(),
            source,
        };
        if path.exists() {
            std::fs::remove_dir_all(path).map_err(failed)?;
        }
        self.directory(path)
    }

    fn directory(&self, path: &Path) -> Result<(), LogError> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|source| LogError::File {
                path: path.to_owned(),
                source,
            })
    }

    fn create(&self, path: &Path) -> Result<File, LogError> {
        if let Some(directory) = path.parent() {
            self.directory(directory)?;
        }
        let mut options = File::options();
        options.write(true).create_new(true).mode(0o600);
        options.open(path).map_err(|source| LogError::File {
            path: path.to_owned(),
            source,
        })
    }

    fn file(&self, path: &Path, contents: &[u8]) -> Result<(), LogError> {
        let mut file = self.create(path)?;
        file.write_all(contents).map_err(|source| LogError::File {
            path: path.to_owned(),
            source,
        })
    }

    fn tile(&self, tile: &Tile) -> Result<(), LogError> {
        let path = self.layout.tile(tile.level, tile.index, tile.hashes.len());
        self.file(&path, &tile.hashes.concat())
    }
}
