//! When tokens and sessions were last used: kept in memory, and written now and then.
//!
//! A request only notes the moment. What was noted since the last writing is lost if the process is killed; it is an
//! observation for people, on which nothing depends.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use coffer_store::Observation;
use coffer_types::Timestamp;
use parking_lot::RwLock;

use crate::engine::Engine;
use crate::error::Result;

/// How often what was noted is written: seldom enough to cost nothing, often enough for people who look.
const WRITING_INTERVAL: Duration = Duration::from_secs(60);
/// Uses in one write: a fraction of a millisecond during which other writes wait.
const USES_PER_WRITE: usize = 256;

/// The moments at which things were last used, as far as they are not written yet.
#[derive(Debug)]
pub(crate) struct Uses<K> {
    entries: RwLock<HashMap<K, Use>>,
}

#[derive(Debug)]
struct Use {
    /// In microseconds; only ever later.
    last: AtomicI64,
    /// What of it is written.
    written: i64,
}

impl<K> Default for Uses<K> {
    fn default() -> Self {
        Self {
            entries: RwLock::default(),
        }
    }
}

impl<K: Copy + Eq + Hash> Uses<K> {
    /// Notes a use. Every request of an actor comes here, so what is known already is only looked up.
    pub(crate) fn note(&self, key: K, now: Timestamp) {
        let now = now.as_micros();
        if let Some(known) = self.entries.read().get(&key) {
            known.last.fetch_max(now, Ordering::Relaxed);
            return;
        }
        self.entries
            .write()
            .entry(key)
            .or_insert_with(|| Use {
                last: AtomicI64::new(now),
                written: i64::MIN,
            })
            .last
            .fetch_max(now, Ordering::Relaxed);
    }

    /// The last use that is known here.
    pub(crate) fn last(&self, key: K) -> Option<Timestamp> {
        let entries = self.entries.read();
        let last = entries.get(&key)?.last.load(Ordering::Relaxed);
        Some(Timestamp::from_micros(last))
    }

    /// The last use, of what is known here and what was written.
    pub(crate) fn latest(&self, key: K, written: Option<Timestamp>) -> Option<Timestamp> {
        self.last(key).max(written)
    }

    /// What is not written yet. What was not used since it was written is forgotten.
    pub(crate) fn unwritten(&self) -> Vec<(K, Timestamp)> {
        let mut entries = self.entries.write();
        entries.retain(|_, one| *one.last.get_mut() > one.written);
        entries
            .iter()
            .map(|(key, one)| {
                (
                    *key,
                    Timestamp::from_micros(one.last.load(Ordering::Relaxed)),
                )
            })
            .collect()
    }

    /// Takes note of what was written.
    pub(crate) fn were_written(&self, uses: &[(K, Timestamp)]) {
        let mut entries = self.entries.write();
        for (key, at) in uses {
            if let Some(known) = entries.get_mut(key) {
                known.written = at.as_micros();
            }
        }
    }
}

impl Engine {
    /// Writes now and then when tokens and sessions were last used, until the engine is gone.
    pub fn keep_uses(&self) -> impl Future<Output = ()> + Send + use<> {
        let engine = Arc::downgrade(&self.0);
        async move {
            loop {
                tokio::time::sleep(WRITING_INTERVAL).await;
                let Some(engine) = engine.upgrade() else {
                    return;
                };
                if let Err(error) = Self(engine).write_uses().await {
                    tracing::warn!(%error, "failed to keep when tokens were last used");
                }
            }
        }
    }

    /// Writes when tokens and sessions were last used.
    ///
    /// # Errors
    /// Only if the database fails; then it is tried again with the next.
    pub async fn write_uses(&self) -> Result<()> {
        self.write_these(&self.token_uses, Observation::TokenUses)
            .await?;
        self.write_these(&self.session_uses, Observation::SessionUses)
            .await
    }

    async fn write_these<K: Copy + Eq + Hash>(
        &self,
        uses: &Uses<K>,
        observation: fn(Vec<(K, Timestamp)>) -> Observation,
    ) -> Result<()> {
        for some in uses.unwritten().chunks(USES_PER_WRITE) {
            self.store.observe(observation(some.to_vec())).await?;
            uses.were_written(some);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn what_was_written_and_not_used_again_is_forgotten() {
        let uses = Uses::default();
        uses.note(1, at(10));
        uses.note(1, at(20));
        uses.note(1, at(15));
        uses.note(2, at(5));
        let mut unwritten = uses.unwritten();
        unwritten.sort_unstable();
        assert_eq!(unwritten, [(1, at(20)), (2, at(5))]);
        // A use that comes while the others are written is written next time.
        uses.note(2, at(30));
        uses.were_written(&unwritten);
        assert_eq!(uses.last(1), Some(at(20)));
        assert_eq!(uses.unwritten(), [(2, at(30))]);
        assert_eq!(uses.last(1), None);
    }

    #[test]
    fn a_use_is_known_until_it_is_written() {
        let uses = Uses::default();
        uses.note(1, at(10));
        // Nothing came of the first try.
        assert_eq!(uses.unwritten(), [(1, at(10))]);
        assert_eq!(uses.unwritten(), [(1, at(10))]);
        assert_eq!(uses.latest(1, Some(at(7))), Some(at(10)));
        assert_eq!(uses.latest(1, Some(at(12))), Some(at(12)));
        assert_eq!(uses.latest(2, Some(at(7))), Some(at(7)));
        assert_eq!(uses.latest(2, None), None);
    }
}
