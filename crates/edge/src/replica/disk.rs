//! The replica on disk: what lets an edge start while the control plane is away.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use coffer_protocol::feed::Snapshot;
use coffer_types::{EdgeId, Random};
use serde::{Deserialize, Serialize};

use crate::process::private_directory;

/// The form of the file. One of another form is not read: the source has everything.
const FORMAT: u32 = 1;
/// The extension of a file that is not yet whole.
const UNFINISHED: &str = "new";

/// The files of a replica, readable by their owner only.
#[derive(Clone, Debug)]
pub(super) struct ReplicaFiles {
    directory: PathBuf,
}

#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    snapshot: &'a Snapshot,
}

#[derive(Deserialize)]
struct Read {
    format: u32,
    snapshot: Snapshot,
}

impl ReplicaFiles {
    /// The files in this directory, which is made if missing.
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        private_directory(directory)?;
        private_directory(&directory.join("blobs"))?;
        remove_unfinished(directory)?;
        remove_unfinished(&directory.join("blobs"))?;
        Ok(Self {
            directory: directory.to_owned(),
        })
    }

    /// Where modules' contents are.
    pub(super) fn blobs(&self) -> PathBuf {
        self.directory.join("blobs")
    }

    /// The replica as last written. `None` when there is none or it cannot be read.
    pub(super) fn read(&self) -> Option<Snapshot> {
        let file = File::open(self.snapshot_path()).ok()?;
        match serde_json::from_reader::<_, Read>(BufReader::new(file)) {
            Ok(read) if read.format == FORMAT => Some(read.snapshot),
            Ok(_) => None,
            Err(error) => {
                tracing::warn!(%error, "the stored replica cannot be read and is left aside");
                None
            }
        }
    }

    /// Replaces the replica: a reader finds the old one or the new one, whole.
    pub(super) fn write(&self, snapshot: &Snapshot) -> io::Result<()> {
        let written = Written {
            format: FORMAT,
            snapshot,
        };
        replace(&self.snapshot_path(), |file| {
            serde_json::to_writer(file, &written).map_err(io::Error::from)
        })
    }

    /// This edge's id, made at its first start here.
    pub(super) fn edge_id(&self, random: &dyn Random) -> io::Result<EdgeId> {
        let path = self.directory.join("edge-id");
        let stored = fs::read_to_string(&path)
            .ok()
            .and_then(|text| text.trim().parse().ok());
        if let Some(id) = stored {
            return Ok(id);
        }
        let id = EdgeId::random(random);
        replace(&path, |file| writeln!(file, "{id}"))?;
        Ok(id)
    }

    fn snapshot_path(&self) -> PathBuf {
        self.directory.join("replica.json")
    }
}

/// Writes a file beside its place, makes it durable, and moves it there.
pub(super) fn replace(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // Two may write one file at once; each has a name of its own until it is whole.
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let beside = path.with_extension(format!("{number}.{UNFINISHED}"));
    let written = write_durably(&beside, write).and_then(|()| fs::rename(&beside, path));
    if let Err(error) = written {
        // What stays is removed at the next start.
        let _ = fs::remove_file(&beside);
        return Err(error);
    }
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

fn write_durably(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    let mut buffer = BufWriter::new(file);
    write(&mut buffer)?;
    buffer
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()
}

/// Removes what an earlier run was writing when it ended.
fn remove_unfinished(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|form| form == UNFINISHED) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_writers_of_one_file_do_not_meet() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("content");
        replace(&path, |file| {
            file.write_all(b"begun ")?;
            file.flush()?;
            replace(&path, |other| other.write_all(b"whole"))?;
            assert_eq!(fs::read(&path)?, b"whole");
            file.write_all(b"and ended")
        })
        .unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"begun and ended");
        replace(&path, |_| Err(io::Error::other("no"))).unwrap_err();
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_was_not_finished_is_removed_at_the_start() {
        let root = tempfile::tempdir().unwrap();
        ReplicaFiles::open(root.path()).unwrap();
        let left = ["replica.0.new", "blobs/00ff.7.new", "blobs/00ff.new"];
        for name in left {
            fs::write(root.path().join(name), "part").unwrap();
        }
        fs::write(root.path().join("blobs/00ff"), "whole").unwrap();
        ReplicaFiles::open(root.path()).unwrap();
        assert!(left.iter().all(|name| !root.path().join(name).exists()));
        assert!(root.path().join("blobs/00ff").exists());
    }
}
