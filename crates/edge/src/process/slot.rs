//! The place of one version's process: none, starting, or ready.

use std::sync::Arc;

use coffer_types::VersionId;
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::StartFailure;
use super::history::{History, Verdict};
use super::supervisor::Supervisor;
use crate::gateway::{RouteError, Upstream};

/// Starts that one request waits for before it is told that the version does not run.
const MAX_STARTS_PER_REQUEST: u32 = 3;

/// The place of one version's process.
#[derive(Debug)]
pub(crate) struct Slot {
    version_id: VersionId,
    current: RwLock<Option<Current>>,
    state: Mutex<State>,
    phase: watch::Sender<Phase>,
}

/// The process that takes requests now.
#[derive(Debug)]
struct Current {
    upstream: Arc<Upstream>,
    retire: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    // Whether a task is starting or watching a process that takes requests.
    occupied: bool,
    history: History,
}

#[derive(Clone, Debug)]
enum Phase {
    Empty,
    Starting,
    Ready,
    Failed(StartFailure),
}

impl Slot {
    /// An empty place.
    pub(crate) fn new(version_id: VersionId) -> Arc<Self> {
        Arc::new(Self {
            version_id,
            current: RwLock::new(None),
            state: Mutex::new(State::default()),
            phase: watch::Sender::new(Phase::Empty),
        })
    }

    /// The version.
    pub(crate) const fn version_id(&self) -> VersionId {
        self.version_id
    }

    /// The process that takes requests, if there is one.
    pub(crate) fn ready(&self) -> Option<Arc<Upstream>> {
        let current = self.current.read();
        current
            .as_ref()
            .map(|current| Arc::clone(&current.upstream))
    }

    /// Whether there is no process and none is starting.
    pub(crate) fn is_empty(&self) -> bool {
        !self.state.lock().occupied
    }

    /// Takes the process out of service; it finishes what it has and is stopped.
    pub(crate) fn retire(&self) {
        if let Some(current) = &*self.current.read() {
            current.retire.cancel();
        }
    }

    /// The process that takes requests, started if there is none.
    ///
    /// # Errors
    /// When it does not start, or failed too often to be tried now.
    pub(crate) async fn upstream(
        self: &Arc<Self>,
        supervisor: &Arc<Supervisor>,
    ) -> Result<Arc<Upstream>, RouteError> {
        let mut failure = None;
        for _ in 0..MAX_STARTS_PER_REQUEST {
            if let Some(upstream) = self.ready() {
                return Ok(upstream);
            }
            let mut phase = self.phase.subscribe();
            match self.occupy(supervisor) {
                Verdict::Refuse => return Err(RouteError::CircuitOpen),
                Verdict::Wait(until) => {
                    tokio::time::sleep_until(until).await;
                    continue;
                }
                Verdict::Start => {}
            }
            let settled = phase
                .wait_for(|phase| !matches!(phase, Phase::Starting))
                .await
                .map(|phase| phase.clone());
            match settled {
                Ok(Phase::Failed(StartFailure::Refused(text))) => {
                    return Err(RouteError::VersionStart(text));
                }
                Ok(Phase::Failed(StartFailure::NoRoom)) => return Err(RouteError::Overloaded),
                Ok(Phase::Failed(other)) => failure = Some(other.to_string()),
                Ok(_) | Err(_) => {}
            }
        }
        Err(RouteError::VersionStart(failure.unwrap_or_else(|| {
            "the version's process ends as soon as it starts".to_owned()
        })))
    }

    /// Sees to it that a task occupies the place, unless the version's failures forbid it.
    fn occupy(self: &Arc<Self>, supervisor: &Arc<Supervisor>) -> Verdict {
        let mut state = self.state.lock();
        if state.occupied {
            return Verdict::Start;
        }
        let verdict = state.history.verdict(supervisor.runtime(), Instant::now());
        if verdict == Verdict::Start {
            state.occupied = true;
            self.phase.send_replace(Phase::Starting);
            supervisor.run(Arc::clone(self));
        }
        verdict
    }

    /// Lets requests in.
    pub(super) fn open(&self, upstream: Arc<Upstream>) -> CancellationToken {
        let retire = CancellationToken::new();
        *self.current.write() = Some(Current {
            upstream,
            retire: retire.clone(),
        });
        self.phase.send_replace(Phase::Ready);
        retire
    }

    /// Empties the place after a process that failed: before it was ready for this reason, or after `lived`.
    pub(super) fn close_failed(&self, supervisor: &Supervisor, failed: Failed) {
        let (lived, phase) = match failed {
            Failed::Start(failure) => (std::time::Duration::ZERO, Phase::Failed(failure)),
            Failed::After(lived) => (lived, Phase::Empty),
        };
        let mut state = self.state.lock();
        if !matches!(phase, Phase::Failed(StartFailure::NoRoom)) {
            let now = Instant::now();
            state.history.failed(supervisor.runtime(), now, lived);
        }
        self.close(&mut state, phase);
    }

    /// Empties the place of a process that did well.
    pub(super) fn close_well(&self) {
        let mut state = self.state.lock();
        state.history.ended_well();
        self.close(&mut state, Phase::Empty);
    }

    fn close(&self, state: &mut State, phase: Phase) {
        *self.current.write() = None;
        state.occupied = false;
        self.phase.send_replace(phase);
    }
}

/// How a process failed.
#[derive(Debug)]
pub(super) enum Failed {
    /// It did not become ready.
    Start(StartFailure),
    /// It was ready, for so long.
    After(std::time::Duration),
}
