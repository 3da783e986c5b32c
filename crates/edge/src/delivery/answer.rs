//! What a process is told: the secrets that it has asked for and that changed since it last heard.

use std::io::{self, Write};
use std::sync::Arc;

use coffer_crypto::KeyLeases;
use coffer_envelope::Plaintext;
use coffer_protocol::feed::{AccountRecord, SecretRecord, VersionRecord};
use coffer_types::{Clock, Scope, SecretId, SecretName, StoreId, ValueVersion};
use parking_lot::Mutex;
use serde::Serialize;
use serde::ser::{SerializeTuple, Serializer};
use zeroize::Zeroizing;

use super::access::{AccessKey, AccessLog};
use super::query::{Query, Reads};
use crate::config::store_secrets;
use crate::metrics::{DeliveryOutcome, EdgeMetrics};
use crate::opening;
use crate::process::Redactor;
use crate::replica::Replica;

/// The one process behind a socket, and what it has been told.
pub(crate) struct Client {
    version: Arc<VersionRecord>,
    replica: Arc<Replica>,
    leases: KeyLeases,
    access: Arc<AccessLog>,
    redactor: Arc<Redactor>,
    clock: Arc<dyn Clock>,
    metrics: EdgeMetrics,
    asked: Mutex<Asked>,
}

struct Asked {
    // The replica's generation at which `entries` are right.
    generation: u64,
    entries: Vec<Entry>,
}

/// A secret that the version binds.
struct Entry {
    store_id: StoreId,
    name: SecretName,
    // A value is sent only once the Worker has read the secret.
    wanted: bool,
    // What the name means now.
    present: Option<Present>,
    // The value that the process has, or had last.
    told: Option<Present>,
    changed_at: u64,
}

/// The secret that a name means now, and its value's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Present {
    secret_id: SecretId,
    value_version: ValueVersion,
}

impl Present {
    fn of(secret: &SecretRecord) -> Self {
        Self {
            secret_id: secret.secret_id,
            value_version: secret.value_version,
        }
    }
}

/// What one entry is now, as the module in the isolate reads it.
enum Told {
    /// Ask again when it is read: the value at hand is old, or does not open.
    Unknown,
    Value(Plaintext),
    Missing,
}

impl Told {
    const fn code(&self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Value(_) => 1,
            Self::Missing => 2,
        }
    }
}

struct Line {
    index: usize,
    told: Told,
}

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_tuple(3)?;
        line.serialize_element(&self.index)?;
        line.serialize_element(&self.told.code())?;
        let value = match &self.told {
            Told::Value(value) => std::str::from_utf8(value.expose_secret()).ok(),
            Told::Missing | Told::Unknown => None,
        };
        line.serialize_element(&value)?;
        line.end()
    }
}

impl Client {
    /// The process of this version, which has asked for nothing yet.
    pub(crate) fn new(
        version: Arc<VersionRecord>,
        replica: Arc<Replica>,
        leases: KeyLeases,
        access: Arc<AccessLog>,
        redactor: Arc<Redactor>,
        clock: Arc<dyn Clock>,
        metrics: EdgeMetrics,
    ) -> Arc<Self> {
        let entries = store_secrets(&version)
            .into_iter()
            .map(|(store_id, name)| Entry {
                store_id,
                name,
                wanted: false,
                present: None,
                told: None,
                changed_at: 0,
            })
            .collect();
        Arc::new(Self {
            version,
            replica,
            leases,
            access,
            redactor,
            clock,
            metrics,
            asked: Mutex::new(Asked {
                generation: 0,
                entries,
            }),
        })
    }

    /// Answers one question: `None` when nothing changed, else the body.
    pub(super) fn answer(&self, query: &Query) -> Option<Zeroizing<Vec<u8>>> {
        let mut asked = self.asked.lock();
        for reads in &query.reads {
            if let Some(entry) = asked.entries.get_mut(reads.index) {
                entry.wanted = true;
            }
        }
        // Read before the records, so that a change in between is seen at the next question.
        let generation = self.replica.secrets_generation();
        if asked.generation != generation {
            self.refresh(&mut asked.entries, generation);
            asked.generation = generation;
        }
        let mut lines = Vec::new();
        for (index, entry) in asked.entries.iter_mut().enumerate() {
            let reads = query.reads.iter().find(|reads| reads.index == index);
            let is_due = entry.changed_at > query.since || reads.is_some_and(|reads| reads.is_new);
            if let Some(reads) = reads {
                self.count(entry, reads);
            }
            if entry.wanted && is_due {
                let told = self.tell(entry, reads.is_some());
                lines.push(Line { index, told });
            }
        }
        if lines.is_empty() && query.since == generation {
            return None;
        }
        encode(generation, &lines).ok()
    }

    /// Brings every entry up to the replica.
    fn refresh(&self, entries: &mut [Entry], generation: u64) {
        for entry in entries {
            let present = self.find(entry).map(|(_, secret)| Present::of(&secret));
            if entry.changed_at == 0 || entry.present != present {
                entry.present = present;
                entry.changed_at = generation;
            }
        }
    }

    /// The secret that an entry means now, if the version may have it.
    fn find(&self, entry: &Entry) -> Option<(Arc<AccountRecord>, Arc<SecretRecord>)> {
        let account_id = self.version.account_id;
        self.replica.read(|state| {
            let account = state.account(account_id)?;
            let secret = state.secret(entry.store_id, &entry.name)?;
            let may = secret.account_id == account_id && secret.scopes.contains(Scope::Workers);
            may.then(|| (Arc::clone(account), Arc::clone(secret)))
        })
    }

    /// What a process hears of an entry. A value leaves only for a secret that is being read.
    fn tell(&self, entry: &mut Entry, is_read: bool) -> Told {
        let Some((account, secret)) = self.find(entry) else {
            self.metrics.delivered(DeliveryOutcome::Missing);
            entry.present = None;
            return Told::Missing;
        };
        if !is_read {
            return Told::Unknown;
        }
        match opening::store_secret(&self.leases, &account, &secret) {
            Ok(value) => {
                entry.told = Some(Present::of(&secret));
                self.redactor.add(&value);
                self.metrics.delivered(DeliveryOutcome::Value);
                Told::Value(value)
            }
            Err(error) => {
                tracing::error!(
                    secret = %secret.secret_id,
                    version = %self.version.version_id,
                    %error,
                    "a secret cannot be delivered"
                );
                self.metrics.delivered(DeliveryOutcome::Failed);
                Told::Unknown
            }
        }
    }

    /// Counts the reads that the process tells of: the last one is of the present value, those before it of
    /// the value that it had. A value that leaves is a read, whatever the process says.
    fn count(&self, entry: &Entry, reads: &Reads) {
        let count = reads.count.max(1);
        let earlier = entry.told.filter(|told| Some(*told) != entry.present);
        match earlier {
            Some(earlier) if !reads.is_new => {
                self.count_of(entry, Some(earlier), count - 1);
                self.count_of(entry, entry.present, 1);
            }
            _ => self.count_of(entry, entry.present, count),
        }
    }

    /// Counts reads of one value. A missing secret was not read.
    fn count_of(&self, entry: &Entry, value: Option<Present>, count: u64) {
        let (Some(value), 1..) = (value, count) else {
            return;
        };
        self.metrics.read(count);
        let key = AccessKey {
            secret_id: value.secret_id,
            value_version: value.value_version,
            version_id: self.version.version_id,
        };
        let now = self.clock.now();
        self.access
            .read(key, entry.store_id, &self.version, now, count);
    }
}

/// `[generation,[[index,code,value],…]]`, in memory of exactly its size, so that none of it stays behind
/// unwiped.
fn encode(generation: u64, lines: &[Line]) -> serde_json::Result<Zeroizing<Vec<u8>>> {
    let mut length = Length(0);
    serde_json::to_writer(&mut length, &(generation, lines))?;
    let mut body = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *body, &(generation, lines))?;
    Ok(body)
}

struct Length(usize);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
