//! Starts, watches and ends the processes of all versions.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::line::OneLine;
use super::slot::Failed;
use super::watch::{End, watch};
use super::{Process, Slot, SlotKey, StartFailure};
use crate::gateway::Upstream;
use crate::metrics::{EdgeMetrics, KillReason};
use crate::settings::RuntimeConfig;
use crate::tail::{Cut, TailPort};

/// The longest a start waits for another process to make room.
const ROOM_TIMEOUT: Duration = Duration::from_secs(5);

/// Knows what a version's process is made of.
#[async_trait]
pub(crate) trait Launch: Send + Sync + 'static {
    /// Starts a version's process with everything it needs.
    async fn launch(&self, key: SlotKey) -> Result<Launched, StartFailure>;
}

/// A ready process with what serves it.
#[derive(Debug)]
pub(crate) struct Launched {
    /// The process.
    pub(crate) process: Process,
    /// Ends the delivery of secrets to it when dropped.
    pub(crate) delivery: DropGuard,
    /// Where it tells what it does, if it does.
    pub(crate) tail: Option<Arc<TailPort>>,
}

/// Starts, watches and ends the processes of all versions.
pub(crate) struct Supervisor {
    runtime: RuntimeConfig,
    launch: Arc<dyn Launch>,
    metrics: EdgeMetrics,
    tasks: TaskTracker,
    handle: tokio::runtime::Handle,
    stopping: CancellationToken,
    room: Arc<Semaphore>,
    // The places that are occupied, to find one that can make room.
    occupied: Mutex<Vec<Arc<Slot>>>,
}

impl std::fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Supervisor")
    }
}

impl Supervisor {
    /// A supervisor whose tasks run on the current tokio runtime.
    pub(crate) fn new(
        runtime: RuntimeConfig,
        launch: Arc<dyn Launch>,
        metrics: EdgeMetrics,
    ) -> Arc<Self> {
        let room = Arc::new(Semaphore::new(runtime.max_processes));
        Arc::new(Self {
            runtime,
            launch,
            metrics,
            tasks: TaskTracker::new(),
            handle: tokio::runtime::Handle::current(),
            stopping: CancellationToken::new(),
            room,
            occupied: Mutex::new(Vec::new()),
        })
    }

    /// How processes are run.
    pub(crate) const fn runtime(&self) -> &RuntimeConfig {
        &self.runtime
    }

    /// Occupies a place: starts its version's process and stays with it to its end.
    pub(super) fn run(self: &Arc<Self>, slot: Arc<Slot>) {
        let supervisor = Arc::clone(self);
        self.occupied.lock().push(Arc::clone(&slot));
        self.tasks
            .spawn_on(async move { supervisor.occupy(&slot).await }, &self.handle);
    }

    /// Runs a task beside the processes; it is ended with them.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stopping = self.stopping.clone();
        let until_stopped = async move {
            tokio::select! {
                () = task => {}
                () = stopping.cancelled() => {}
            }
        };
        self.tasks.spawn_on(until_stopped, &self.handle);
    }

    /// Ends every process. New ones are refused from now on.
    pub(crate) async fn stop(&self) {
        self.stop_soon();
        self.tasks.wait().await;
    }

    /// Begins to end every process.
    pub(crate) fn stop_soon(&self) {
        self.stopping.cancel();
        self.tasks.close();
    }

    async fn occupy(&self, slot: &Arc<Slot>) {
        let started = match self.make_room().await {
            Some(permit) => self.start(slot).await.map(|launched| (launched, permit)),
            None => Err(StartFailure::NoRoom),
        };
        match started {
            Ok((launched, permit)) => self.accompany(slot, launched, permit).await,
            Err(failure) => {
                self.metrics.start_failed();
                tracing::warn!(version = %slot.version_id(), error = %OneLine(&failure), "a version did not start");
                self.leave(slot);
                slot.close_failed(self, Failed::Start(failure));
            }
        }
    }

    async fn start(&self, slot: &Slot) -> Result<Launched, StartFailure> {
        tokio::select! {
            launched = self.launch.launch(slot.key()) => launched,
            () = self.stopping.cancelled() => {
                Err(StartFailure::Unavailable("the edge is stopping".to_owned()))
            }
        }
    }

    /// From ready to gone.
    async fn accompany(&self, slot: &Arc<Slot>, launched: Launched, permit: OwnedSemaphorePermit) {
        let Launched {
            mut process,
            delivery,
            tail,
        } = launched;
        self.metrics.started(process.started_in());
        let ready_at = Instant::now();
        let upstream = Arc::new(Upstream::new(
            process.http_socket(),
            slot.version_id(),
            Arc::clone(slot.tally()),
        ));
        let retire = slot.open(Arc::clone(&upstream));
        let end = tokio::select! {
            end = watch(&mut process, &upstream, &self.runtime, &retire) => end,
            () = self.stopping.cancelled() => End::Retired,
        };
        self.leave(slot);
        match end {
            End::Idle | End::Retired => slot.close_well(),
            End::Died(_) | End::Hung => {
                slot.close_failed(self, Failed::After(ready_at.elapsed()));
            }
        }
        upstream.retire();
        self.finish(slot, process, &upstream, end, tail.as_deref())
            .await;
        drop((delivery, permit));
        self.metrics.stopped();
    }

    async fn finish(
        &self,
        slot: &Slot,
        mut process: Process,
        upstream: &Upstream,
        end: End,
        tail: Option<&TailPort>,
    ) {
        let version = slot.version_id();
        match end {
            End::Idle | End::Retired => {
                tracing::debug!(%version, ?end, "a process is stopped");
                self.drain(&mut process, upstream).await;
                process.stop(self.runtime.term_grace).await;
            }
            End::Died(status) => {
                let status = status.map(|status| status.to_string()).unwrap_or_default();
                self.metrics.killed(KillReason::Died);
                process.last_lines().await;
                if let Some(tail) = tail
                    && process.is_out_of_memory()
                {
                    tail.cut(Cut::Memory);
                }
                tracing::warn!(%version, status, "a process ended by itself");
            }
            End::Hung => {
                self.metrics.killed(KillReason::Hung);
                tracing::warn!(%version, "a process does not answer and is killed");
                if let Some(tail) = tail {
                    tail.cut(Cut::Cpu);
                }
                process.kill().await;
            }
        }
    }

    /// Waits until the requests are over, then leaves what is left of the grace to `waitUntil`.
    async fn drain(&self, process: &mut Process, upstream: &Upstream) {
        let quiet = async {
            let _ = tokio::time::timeout(self.runtime.drain_timeout, upstream.drained()).await;
            let rest = self.runtime.drain_grace.saturating_sub(upstream.idle_for());
            tokio::time::sleep(rest).await;
        };
        // A loop in a retired process must not run for as long as its last request may.
        let hung = async {
            loop {
                tokio::time::sleep(self.runtime.heartbeat_every).await;
                if !process.beats(self.runtime.heartbeat_timeout).await {
                    return;
                }
            }
        };
        // When the edge stops, the gateway has finished its requests; what is left is telling reads.
        let stopping = async {
            self.stopping.cancelled().await;
            let window = u64::from(self.runtime.freshness_ms);
            tokio::time::sleep(Duration::from_millis(2 * window)).await;
        };
        tokio::select! {
            () = quiet => {}
            () = hung => {}
            () = stopping => {}
        }
    }

    /// Room for one more process: free, or made by stopping the one that is unused for longest.
    async fn make_room(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() {
            return Some(permit);
        }
        let unused = |slot: &Arc<Slot>| {
            let upstream = slot.ready()?;
            let idle = upstream.idle_for();
            (upstream.in_flight() == 0 && idle >= self.runtime.drain_grace)
                .then_some((idle, slot.clone()))
        };
        let longest = {
            let occupied = self.occupied.lock();
            occupied
                .iter()
                .filter_map(unused)
                .max_by_key(|(idle, _)| *idle)
        };
        longest?.1.retire();
        tokio::time::timeout(ROOM_TIMEOUT, Arc::clone(&self.room).acquire_owned())
            .await
            .ok()?
            .ok()
    }

    fn leave(&self, slot: &Arc<Slot>) {
        let mut occupied = self.occupied.lock();
        if let Some(place) = occupied.iter().position(|one| Arc::ptr_eq(one, slot)) {
            occupied.swap_remove(place);
        }
    }
}
