//! What is verified: a snapshot of the database, or an export of it.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::Path;

use coffer_store::log::Snapshot;
use coffer_store::log::line::MAX_LINE_BYTES;
use coffer_store::log::tree::{self, Hash, TILE_WIDTH};
use coffer_store::rows::{audit_checkpoints, audit_tiles};
use serde::Deserialize;

use super::LogError;
use super::layout::Layout;

/// An event that is there.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Where it says it is.
    pub(super) seq: i64,
    pub(super) id: String,
    /// When; of the newest ones only it is asked.
    pub(super) at: Option<i64>,
    /// The hash of the line that is there.
    pub(super) leaf: Hash,
    /// The hash that is kept beside it, or of its entry in a bundle.
    pub(super) kept: Option<Hash>,
}

pub(super) enum Source {
    Database(Snapshot),
    Export(Box<Export>),
}

/// An export that is read line by line.
pub(super) struct Export {
    layout: Layout,
    lines: BufReader<File>,
    read: u64,
}

impl Export {
    pub(super) fn open(path: &Path) -> Result<Self, LogError> {
        let layout = Layout::find(path)?;
        let lines = opened(&layout.entries())?;
        Ok(Self {
            layout,
            lines,
            read: 0,
        })
    }

    /// The next lines, up to the end of their tile.
    fn events(&mut self) -> Result<Vec<Found>, LogError> {
        let path = self.layout.entries();
        let failed = |source| LogError::File {
            path: path.clone(),
            source,
        };
        let tile = self.read / TILE_WIDTH as u64;
        let mut lines = Vec::with_capacity(TILE_WIDTH);
        let mut line = Vec::new();
        while lines.len() < TILE_WIDTH {
            line.clear();
            // A longer line cannot have been signed; of what it is not all is read.
            let bound = MAX_LINE_BYTES as u64 + 2;
            let mut bounded = std::io::Read::take(&mut self.lines, bound);
            if bounded.read_until(b'\n', &mut line).map_err(failed)? == 0 {
                break;
            }
            if line.last() == Some(&b'\n') {
                line.pop();
            }
            lines.push(line.clone());
        }
        let kept = self.bundle(tile, lines.len())?;
        let found = lines.iter().zip((self.read + 1)..).enumerate();
        let found = found.map(|(at, (line, seq))| {
            let leaf = tree::leaf_hash(line);
            // Nearly always the same bytes, which need not be hashed again.
            let hashed = |entry: &Vec<u8>| match entry == line {
                true => leaf,
                false => tree::leaf_hash(entry),
            };
            Found {
                seq: i64::try_from(seq).unwrap_or(i64::MAX),
                leaf,
                kept: kept.get(at).map(hashed),
                ..identified(line)
            }
        });
        let found = found.collect();
        self.read += lines.len() as u64;
        Ok(found)
    }

    /// A bundle's entries, as far as it can be read.
    fn bundle(&self, index: u64, width: usize) -> Result<Vec<Vec<u8>>, LogError> {
        let mut entries = Vec::with_capacity(width);
        // Where lines came or went, the last bundle is as wide as it was.
        let mut widths = std::iter::once(width).chain((1..=TILE_WIDTH).rev());
        let bytes = widths.find_map(|width| {
            let read = contents(&self.layout.bundle(index, width));
            read.transpose()
        });
        let bytes = bytes.transpose()?.unwrap_or_default();
        let mut rest = bytes.as_slice();
        while let Some((length, after)) = rest.split_first_chunk() {
            let Some((entry, after)) = after.split_at_checked(u16::from_be_bytes(*length).into())
            else {
                break;
            };
            entries.push(entry.to_vec());
            rest = after;
        }
        Ok(entries)
    }
}

/// What a line says of its event, if it is one at all. Only its hash is evidence.
fn identified(line: &[u8]) -> Found {
    #[derive(Default, Deserialize)]
    struct Line<'l> {
        #[serde(borrow)]
        id: std::borrow::Cow<'l, str>,
        at: Option<i64>,
    }
    // The first fields of a line that we wrote; a parser would read all of it.
    let parsed = || {
        let text = std::str::from_utf8(line.get(..256)?).ok()?;
        let id = text.strip_prefix("{\"v\":1,\"id\":\"")?.split('"').next()?;
        let (_, at) = text.split_once(",\"at\":")?;
        let (at, _) = at.split_once(',')?;
        Some((id.to_owned(), at.parse().ok()))
    };
    let (id, at) = parsed().unwrap_or_else(|| {
        let line: Line<'_> = serde_json::from_slice(line).unwrap_or_default();
        (line.id.into_owned(), line.at)
    });
    Found {
        seq: 0,
        id,
        at,
        leaf: [0; 32],
        kept: None,
    }
}

impl Source {
    /// The events after a place; none at the end. An export is read on from where it is.
    pub(super) async fn events_after(&mut self, seq: i64) -> Result<Vec<Found>, LogError> {
        match self {
            Self::Export(export) => export.events(),
            Self::Database(snapshot) => {
                let events = snapshot.events_after(seq).await?;
                let found = events.into_iter().map(|event| Found {
                    seq: event.seq,
                    leaf: tree::leaf_hash(&event.line),
                    id: event.id,
                    at: Some(event.at),
                    kept: event.leaf,
                });
                Ok(found.collect())
            }
        }
    }

    /// Begins again at the first event.
    pub(super) fn rewind(&mut self) -> Result<(), LogError> {
        if let Self::Export(export) = self {
            export.lines = opened(&export.layout.entries())?;
            export.read = 0;
        }
        Ok(())
    }

    /// Whether tiles that are not full are kept too.
    pub(super) const fn keeps_open_tiles(&self) -> bool {
        matches!(self, Self::Export(_))
    }

    /// The hashes of a tile; `None` if it is not there or not so wide.
    pub(super) async fn tile(
        &mut self,
        level: u8,
        index: u64,
        width: usize,
    ) -> Result<Option<Vec<Hash>>, LogError> {
        let bytes = match self {
            Self::Export(export) => contents(&export.layout.tile(level, index, width))?,
            Self::Database(snapshot) => audit_tiles::find(snapshot, level, index).await?,
        };
        let hashes = bytes.and_then(|bytes| tree::hashes(&bytes));
        Ok(hashes.filter(|hashes| hashes.len() == width))
    }

    /// The newest checkpoint.
    pub(super) async fn head(&mut self) -> Result<Option<String>, LogError> {
        match self {
            Self::Export(export) => note(&export.layout.head()),
            Self::Database(snapshot) => Ok(audit_checkpoints::head(snapshot).await?),
        }
    }

    /// The kept checkpoints over more events than `size`, by size: at most 256 of them, the next ones.
    pub(super) async fn checkpoints_after(
        &mut self,
        size: u64,
    ) -> Result<Vec<(u64, String)>, LogError> {
        match self {
            Self::Export(export) => exported_checkpoints(&export.layout, size),
            Self::Database(snapshot) => {
                let size = i64::try_from(size).unwrap_or(i64::MAX);
                let found = audit_checkpoints::after(snapshot, size).await?;
                let sized = |(size, note)| (u64::try_from(size).unwrap_or(0), note);
                Ok(found.into_iter().map(sized).collect())
            }
        }
    }
}

fn exported_checkpoints(layout: &Layout, after: u64) -> Result<Vec<(u64, String)>, LogError> {
    let mut found = Vec::new();
    let mut size = (after / TILE_WIDTH as u64 + 1) * TILE_WIDTH as u64;
    // Those that should be there, without listing thousands of names each time.
    while found.len() < TILE_WIDTH {
        let Some(note) = note(&layout.checkpoint(size))? else {
            break;
        };
        found.push((size, note));
        size += TILE_WIDTH as u64;
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let directory = layout.checkpoints();
    let failed = |source| LogError::File {
        path: directory.clone(),
        source,
    };
    let entries = match std::fs::read_dir(&directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(found),
        other => other.map_err(failed)?,
    };
    let mut sizes = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        let size: Option<u64> = name.to_str().and_then(|name| name.parse().ok());
        sizes.extend(size.filter(|size| *size > after));
    }
    sizes.sort_unstable();
    for size in sizes.into_iter().take(TILE_WIDTH) {
        found.extend(note(&layout.checkpoint(size))?.map(|note| (size, note)));
    }
    Ok(found)
}

/// A note's text. What is no text is no note, and its signature will not hold.
fn note(path: &Path) -> Result<Option<String>, LogError> {
    let bytes = contents(path)?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

fn contents(path: &Path) -> Result<Option<Vec<u8>>, LogError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(source) => Err(LogError::File {
            path: path.to_owned(),
            source,
        }),
    }
}

fn opened(path: &Path) -> Result<BufReader<File>, LogError> {
    let file = File::open(path).map_err(|source| LogError::File {
        path: path.to_owned(),
        source,
    })?;
    Ok(BufReader::with_capacity(1 << 20, file))
}
