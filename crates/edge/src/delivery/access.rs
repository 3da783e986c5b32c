//! Who read what, for the audit log: the first read of a window at once, the others counted at its end.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use coffer_protocol::feed::{AccessReport, ChangeSource, FeedError, VersionRecord};
use coffer_types::{
    AccountId, Clock, SecretId, StoreId, Timestamp, ValueVersion, VersionId, WorkerId,
};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::metrics::EdgeMetrics;

/// Reports in one call.
const MAX_REPORTS: usize = 500;
/// The longest sleep: after it the clock is looked at again.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// The pause after the source refused reports.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// Attempts to report everything at shutdown.
const LAST_ATTEMPTS: u32 = 3;

/// Which reads are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct AccessKey {
    pub(super) secret_id: SecretId,
    pub(super) value_version: ValueVersion,
    pub(super) version_id: VersionId,
}

/// Reads that are not yet reported. They are never dropped while the process lives.
pub(crate) struct AccessLog {
    window_micros: i64,
    clock: Arc<dyn Clock>,
    source: Arc<dyn ChangeSource>,
    metrics: EdgeMetrics,
    tallies: Mutex<HashMap<AccessKey, Tally>>,
    news: Notify,
}

impl std::fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessLog")
    }
}

#[derive(Clone, Copy, Debug)]
struct Tally {
    account_id: AccountId,
    store_id: StoreId,
    worker_id: WorkerId,
    first_at: Timestamp,
    last_at: Timestamp,
    reads: u64,
    window_ends: Timestamp,
    due: Timestamp,
}

impl AccessLog {
    /// An empty log that reports to this source.
    pub(crate) fn new(
        window: Duration,
        clock: Arc<dyn Clock>,
        source: Arc<dyn ChangeSource>,
        metrics: EdgeMetrics,
    ) -> Arc<Self> {
        Arc::new(Self {
            window_micros: i64::try_from(window.as_micros()).unwrap_or(i64::MAX),
            clock,
            source,
            metrics,
            tallies: Mutex::new(HashMap::new()),
            news: Notify::new(),
        })
    }

    /// Counts reads of one secret by one version.
    pub(super) fn read(
        &self,
        key: AccessKey,
        store_id: StoreId,
        version: &VersionRecord,
        now: Timestamp,
        reads: u64,
    ) {
        let mut tallies = self.tallies.lock();
        let mut is_first = false;
        let tally = tallies.entry(key).or_insert_with(|| {
            is_first = true;
            Tally {
                account_id: version.account_id,
                store_id,
                worker_id: version.worker_id,
                first_at: now,
                last_at: now,
                reads: 0,
                window_ends: now.plus_micros(self.window_micros),
                due: now,
            }
        });
        if tally.reads == 0 {
            tally.first_at = now;
        }
        tally.last_at = now;
        tally.reads = tally.reads.saturating_add(reads);
        drop(tallies);
        if is_first {
            self.news.notify_one();
        }
    }

    /// Reports until stopped, then reports the rest.
    pub(crate) async fn report(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let sleep = self.until_next_due();
            tokio::select! {
                () = self.news.notified() => {}
                () = tokio::time::sleep(sleep) => {}
                () = stop.cancelled() => break,
            }
            let due = self.take_due(self.clock.now());
            if let Err(error) = self.send(due).await {
                tracing::warn!(%error, "reads of secrets cannot be reported yet");
                tokio::select! {
                    () = tokio::time::sleep(RETRY_PAUSE) => {}
                    () = stop.cancelled() => break,
                }
            }
        }
        self.report_rest().await;
    }

    async fn report_rest(&self) {
        for _ in 0..LAST_ATTEMPTS {
            let rest = self.take(|_| true);
            match self.send(rest).await {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(%error, "reads of secrets cannot be reported at shutdown");
                }
            }
        }
    }

    fn until_next_due(&self) -> Duration {
        let now = self.clock.now();
        let tallies = self.tallies.lock();
        let next = tallies
            .values()
            .map(|tally| tally.due.micros_since(now))
            .min();
        let micros = next.and_then(|micros| u64::try_from(micros).ok());
        micros.map_or(LONGEST_SLEEP, |micros| {
            Duration::from_micros(micros).min(LONGEST_SLEEP)
        })
    }

    /// Takes what is due out of the tallies, and forgets windows that are over without reads.
    fn take_due(&self, now: Timestamp) -> Vec<AccessReport> {
        let due = self.take(|tally| tally.due <= now);
        let mut tallies = self.tallies.lock();
        tallies.retain(|_, tally| tally.reads > 0 || tally.window_ends > now);
        let waiting = tallies.values().filter(|tally| tally.reads > 0).count();
        self.metrics.reports_waiting(waiting);
        due
    }

    fn take(&self, is_due: impl Fn(&Tally) -> bool) -> Vec<AccessReport> {
        let mut tallies = self.tallies.lock();
        let mut reports = Vec::new();
        for (key, tally) in tallies.iter_mut().filter(|(_, tally)| is_due(tally)) {
            // Whatever is read from now on waits for the window's end.
            tally.due = tally.window_ends;
            if tally.reads > 0 {
                reports.push(report(key, tally));
                tally.reads = 0;
            }
        }
        reports
    }

    async fn send(&self, reports: Vec<AccessReport>) -> Result<(), FeedError> {
        let mut rest = reports.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(MAX_REPORTS));
            if let Err(error) = self.source.report_access(now).await {
                self.give_back(rest);
                return Err(error);
            }
            rest = later;
        }
        Ok(())
    }

    /// Reads that could not be reported are due again.
    fn give_back(&self, reports: &[AccessReport]) {
        let mut tallies = self.tallies.lock();
        for report in reports {
            let key = AccessKey {
                secret_id: report.secret_id,
                value_version: report.value_version,
                version_id: report.version_id,
            };
            let tally = tallies.entry(key).or_insert(Tally {
                account_id: report.account_id,
                store_id: report.store_id,
                worker_id: report.worker_id,
                first_at: report.first_at,
                last_at: report.last_at,
                reads: 0,
                window_ends: report.last_at,
                due: report.last_at,
            });
            if tally.reads == 0 {
                tally.last_at = report.last_at;
            }
            tally.first_at = report.first_at;
            tally.reads = tally.reads.saturating_add(report.reads);
            tally.due = report.last_at;
        }
    }
}

fn report(key: &AccessKey, tally: &Tally) -> AccessReport {
    AccessReport {
        account_id: tally.account_id,
        store_id: tally.store_id,
        secret_id: key.secret_id,
        value_version: key.value_version,
        worker_id: tally.worker_id,
        version_id: key.version_id,
        first_at: tally.first_at,
        last_at: tally.last_at,
        reads: tally.reads,
    }
}
