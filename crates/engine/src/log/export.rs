//! Exporting: the events as lines, with the tiles, bundles and checkpoints that prove them.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use coffer_crypto::VerifierKey;
use coffer_store::log::tree::{Frontier, TILE_WIDTH};
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
        self.write_tiles(&mut writer).await?;
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
        let (mut size, mut last_seq, mut bundle) = (0_u64, i64::MIN, Vec::new());
        let width = TILE_WIDTH as u64;
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
                size += 1;
                if size.is_multiple_of(width) {
                    let path = writer.layout.bundle(size / width - 1, TILE_WIDTH);
                    writer.file(&path, &bundle)?;
                    bundle.clear();
                }
            }
            progress(size);
        }
        if let open @ 1.. = usize::try_from(size % width).unwrap_or(0) {
            writer.file(&writer.layout.bundle(size / width, open), &bundle)?;
        }
        lines.flush().map_err(failed)?;
        lines.get_ref().sync_all().map_err(failed)?;
        Ok(size)
    }

    /// The tiles as they are kept, not as they should be: what was changed must stay visible.
    async fn write_tiles(&mut self, writer: &mut Writer) -> Result<(), LogError> {
        let mut after = None;
        loop {
            let page = audit_tiles::after(&mut self.snapshot, after).await?;
            let Some((level, tile, _)) = page.last() else {
                break;
            };
            after = Some((*level, *tile));
            for (level, tile, bytes) in page {
                // What is numbered otherwise is no tile of ours.
                if let (Ok(level), Ok(tile)) = (u8::try_from(level), u64::try_from(tile)) {
                    writer.file(&writer.layout.tile(level, tile, TILE_WIDTH), &bytes)?;
                }
            }
        }
        let head = audit_checkpoints::head(&mut self.snapshot).await?;
        let size = head.as_deref().and_then(claimed_size).unwrap_or(0);
        let frontier = self.snapshot.kept_frontier(size).await?;
        for tile in frontier.iter().flat_map(Frontier::open_tiles) {
            let path = writer
                .layout
                .tile(tile.level, tile.index, tile.hashes.len());
            writer.file(&path, &tile.hashes.concat())?;
        }
        Ok(())
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

/// The size that a checkpoint tells, whoever signed it.
fn claimed_size(note: &str) -> Option<u64> {
    note.lines().nth(1)?.parse().ok()
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
}
