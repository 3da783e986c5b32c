//! How the log was found when it was last verified in full: kept in a file beside the database, so that whoever looks
//! at the dashboard sees it. It proves nothing: whoever can write into the directory can write this too.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use coffer_types::Timestamp;
use serde::{Deserialize, Serialize};

use super::Verification;

const NAME: &str = "audit-verified.json";
/// Bytes of the file that are read: more than it ever has.
const MAX_BYTES: u64 = 4096;

/// What the last verification found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastVerified {
    /// When it ended.
    pub at: Timestamp,
    /// Whether nothing was wrong.
    pub ok: bool,
    /// Events that were there.
    pub size: u64,
    /// How much was wrong.
    pub findings: u64,
}

impl LastVerified {
    /// What a verification that ended now has found.
    pub fn of(verification: &Verification, at: Timestamp) -> Self {
        let told = u64::try_from(verification.findings.len()).unwrap_or(u64::MAX);
        Self {
            at,
            ok: verification.ok,
            size: verification.size,
            findings: told.saturating_add(verification.further_findings),
        }
    }

    /// Keeps it in a data directory, in the place of the one before.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn keep(&self, directory: &Path) -> io::Result<()> {
        let text = serde_json::to_vec(self)?;
        let new = directory.join(format!("{NAME}.new"));
        // The directory is its owner's alone; whoever serves it may be another user than who verifies.
        let mut file = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o644)
            .open(&new)?;
        file.write_all(&text)?;
        drop(file);
        fs::rename(&new, directory.join(NAME))
    }

    /// The last one of a data directory; `None` if there is none that can be read.
    pub fn find(directory: &Path) -> Option<Self> {
        let mut text = Vec::new();
        let file = File::open(directory.join(NAME)).ok()?;
        file.take(MAX_BYTES).read_to_end(&mut text).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Finding;

    #[test]
    fn the_last_one_is_found_again() {
        let directory = tempfile::tempdir().unwrap();
        let find = || LastVerified::find(directory.path());
        assert_eq!(find(), None);
        let verification = Verification {
            ok: false,
            size: 52,
            root: "34d7".to_owned(),
            last_event_at: None,
            findings: vec![Finding::Deleted { seq: 7 }],
            further_findings: 2,
        };
        let verified = LastVerified::of(&verification, Timestamp::from_micros(5));
        assert_eq!(
            (verified.ok, verified.size, verified.findings),
            (false, 52, 3)
        );
        for size in [52, 53] {
            let verified = LastVerified {
                size,
                ..verified.clone()
            };
            verified.keep(directory.path()).unwrap();
            assert_eq!(find(), Some(verified));
        }
        fs::write(directory.path().join(NAME), "{\"at\":").unwrap();
        assert_eq!(find(), None);
    }
}
