//! Where the parts of an exported log are: <https://c2sp.org/tlog-tiles>, with the events as lines beside them.

use std::path::{Path, PathBuf};

use coffer_store::log::tree::TILE_WIDTH;

use super::LogError;

/// One event a line, oldest first; the place in the log is the line's number.
pub(super) const ENTRIES: &str = "entries.ndjson";

/// The paths of an export.
#[derive(Clone, Debug)]
pub(super) struct Layout(PathBuf);

impl Layout {
    pub(super) fn new(directory: &Path) -> Self {
        Self(directory.to_owned())
    }

    /// The export that is a directory, or whose events are this file.
    pub(super) fn find(path: &Path) -> Result<Self, LogError> {
        let directory = if path.is_dir() {
            path.to_owned()
        } else {
            match path.parent() {
                Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
                Some(parent) => parent.to_owned(),
                None => PathBuf::from("."),
            }
        };
        let layout = Self(directory);
        if layout.entries().is_file() {
            Ok(layout)
        } else {
            Err(LogError::NoExport(path.to_owned()))
        }
    }

    pub(super) fn directory(&self) -> &Path {
        &self.0
    }

    pub(super) fn entries(&self) -> PathBuf {
        self.0.join(ENTRIES)
    }

    pub(super) fn head(&self) -> PathBuf {
        self.0.join("checkpoint")
    }

    pub(super) fn key(&self) -> PathBuf {
        self.0.join("key")
    }

    pub(super) fn checkpoints(&self) -> PathBuf {
        self.0.join("checkpoints")
    }

    pub(super) fn checkpoint(&self, size: u64) -> PathBuf {
        self.checkpoints().join(size.to_string())
    }

    /// A tile of hashes.
    pub(super) fn tile(&self, level: u8, index: u64, width: usize) -> PathBuf {
        self.0
            .join("tile")
            .join(level.to_string())
            .join(numbered(index, width))
    }

    /// A bundle of entries, as wide as the tile of their leaves.
    pub(super) fn bundle(&self, index: u64, width: usize) -> PathBuf {
        self.0
            .join("tile")
            .join("entries")
            .join(numbered(index, width))
    }
}

/// A tile's number in groups of three digits, all but the last marked with `x`; how wide it is unless it is full.
fn numbered(index: u64, width: usize) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    if width < TILE_WIDTH {
        path.push_str(&format!(".p/{width}"));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_specification_has_them() {
        assert_eq!(numbered(0, 256), "000");
        assert_eq!(numbered(1_234_067, 256), "x001/x234/067");
        assert_eq!(numbered(273, 112), "273.p/112");
        assert_eq!(numbered(1000, 256), "x001/000");
    }
}
