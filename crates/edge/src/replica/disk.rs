//! The replica on disk: what lets an edge start while the control plane is away.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use coffer_protocol::feed::Snapshot;
use coffer_types::{EdgeId, Random};
use serde::{Deserialize, Serialize};

use crate::process::private_directory;

/// The form of the file. One of another form is not read: the source has everything.
const FORMAT: u32 = 1;

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
    let beside = path.with_extension("new");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    let mut buffer = BufWriter::new(file);
    write(&mut buffer)?;
    buffer
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()?;
    fs::rename(&beside, path)?;
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}
