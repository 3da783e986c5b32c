//! Running Workers by the clock.
//!
//! Once a minute the schedules of all Workers are looked at, and each that names the minute is run once, on a
//! process of its own that ends with the run: nothing of it reaches the processes that serve requests. Those who
//! follow the Worker are told of the run, also of one that failed before there was a process. Minutes
//! that pass while the edge is away are not made up for. While a run of a schedule goes on, its next one is left
//! out.

mod run;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use coffer_protocol::feed::WorkerRecord;
use coffer_types::cron::MINUTE_MICROS;
use coffer_types::{Clock, Random, Split, Timestamp, VersionId, WorkerId, WorkerName};
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::launch::Launcher;
use crate::process::Supervisor;
use crate::replica::Replica;
use run::Outcome;

/// Runs at one time; more wait, and are given up after a minute.
const MAX_RUNS: usize = 16;
/// The longest time between two looks at the clock: it may be set meanwhile.
const MOST_PAUSE: Duration = Duration::from_secs(5);
/// How long a run waits for others to end.
const ROOM_TIMEOUT: Duration = Duration::from_secs(60);

/// Runs Workers by the clock.
pub(crate) struct Scheduler {
    replica: Arc<Replica>,
    launcher: Arc<Launcher>,
    supervisor: Arc<Supervisor>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    room: Semaphore,
    running: Mutex<HashSet<(WorkerId, String)>>,
}

/// A run that is due.
#[derive(Clone, Debug)]
struct Due {
    worker_id: WorkerId,
    worker_name: WorkerName,
    version_id: VersionId,
    cron: String,
    /// The beginning of its minute.
    scheduled_at: Timestamp,
}

impl Scheduler {
    /// A scheduler whose runs are ended with the supervisor's processes.
    pub(crate) fn new(
        replica: Arc<Replica>,
        launcher: Arc<Launcher>,
        supervisor: Arc<Supervisor>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Arc<Self> {
        Arc::new(Self {
            replica,
            launcher,
            supervisor,
            clock,
            random,
            room: Semaphore::new(MAX_RUNS),
            running: Mutex::new(HashSet::new()),
        })
    }

    /// Follows the clock for ever. The minute in which this begins is over.
    pub(crate) async fn follow(self: Arc<Self>) {
        let mut last = beginning(self.clock.now());
        loop {
            tokio::time::sleep(pause(self.clock.now())).await;
            let minute = beginning(self.clock.now());
            // A clock that is set back does not make a minute come twice.
            if minute > last {
                last = minute;
                for due in self.due(minute) {
                    self.start(due);
                }
            }
        }
    }

    /// What this minute is named by.
    fn due(&self, minute: Timestamp) -> Vec<Due> {
        self.replica.read(|state| {
            let workers = state.workers();
            workers
                .flat_map(|worker| self.due_of(worker, minute))
                .collect()
        })
    }

    fn due_of(&self, worker: &WorkerRecord, minute: Timestamp) -> Vec<Due> {
        let Some(split) = &worker.deployment else {
            return Vec::new();
        };
        let named = worker.crons.iter().filter(|cron| cron.names(minute));
        named
            .filter_map(|cron| {
                Some(Due {
                    worker_id: worker.worker_id,
                    worker_name: worker.name.clone(),
                    version_id: self.choose(split)?,
                    cron: cron.to_string(),
                    scheduled_at: minute,
                })
            })
            .collect()
    }

    /// One of the deployed versions, as often as it has a share of the traffic.
    fn choose(&self, split: &Split) -> Option<VersionId> {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes);
        let mut point = u64::from_ne_bytes(bytes) % 10_000;
        let share = split.shares().iter().find(|share| {
            let weight = u64::from(share.percentage.hundredths());
            let is_here = point < weight;
            point = point.saturating_sub(weight);
            is_here
        });
        Some(share?.version_id)
    }

    fn start(self: &Arc<Self>, due: Due) {
        let key = (due.worker_id, due.cron.clone());
        if !self.running.lock().insert(key.clone()) {
            tracing::warn!(worker = %due.worker_name, cron = due.cron, "a scheduled run is left out: the one before it goes on");
            return;
        }
        // Taken out again however the run ends, even by the edge's end.
        let leaving = Leaving {
            scheduler: Arc::clone(self),
            key,
        };
        let scheduler = Arc::clone(self);
        self.supervisor.spawn(async move {
            scheduler.run(&due).await;
            drop(leaving);
        });
    }

    async fn run(&self, due: &Due) {
        let outcome = match tokio::time::timeout(ROOM_TIMEOUT, self.room.acquire()).await {
            Ok(Ok(_permit)) => {
                let runtime = self.supervisor.runtime();
                run::run(&self.launcher, runtime, due).await
            }
            _ => {
                run::tell_without_process(&self.launcher, due, &Outcome::NoRoom);
                Outcome::NoRoom
            }
        };
        let micros = self.clock.now().micros_since(due.scheduled_at);
        let Due {
            worker_name,
            version_id,
            cron,
            scheduled_at,
            ..
        } = due;
        let done_after_ms = micros / 1000;
        if matches!(outcome, Outcome::Done) {
            tracing::info!(worker = %worker_name, version = %version_id, cron, %scheduled_at, done_after_ms, "a Worker ran as scheduled");
        } else {
            tracing::warn!(worker = %worker_name, version = %version_id, cron, %scheduled_at, done_after_ms, %outcome, "a scheduled run failed");
        }
    }
}

struct Leaving {
    scheduler: Arc<Scheduler>,
    key: (WorkerId, String),
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.scheduler.running.lock().remove(&self.key);
    }
}

/// The beginning of the moment's minute.
const fn beginning(moment: Timestamp) -> Timestamp {
    let micros = moment.as_micros();
    Timestamp::from_micros(micros - micros.rem_euclid(MINUTE_MICROS))
}

/// Until the next minute begins, or the clock is looked at again.
fn pause(now: Timestamp) -> Duration {
    let left = MINUTE_MICROS - now.as_micros().rem_euclid(MINUTE_MICROS);
    Duration::from_micros(left.unsigned_abs()).min(MOST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_begin_and_are_waited_for() {
        let moment: Timestamp = "2026-11-22T06:17:58.5Z".parse().unwrap();
        assert_eq!(beginning(moment).to_string(), "2026-11-22T06:17:00.000000Z");
        assert_eq!(beginning(beginning(moment)), beginning(moment));
        assert_eq!(pause(moment), Duration::from_millis(1500));
        assert_eq!(pause(beginning(moment)), MOST_PAUSE);
    }
}
