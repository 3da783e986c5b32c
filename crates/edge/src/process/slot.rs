//! The place of one version's process: none, starting, or ready.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use coffer_types::VersionId;
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::StartFailure;
use super::history::{History, Verdict};
use super::supervisor::Supervisor;
use crate::assets::Site;
use crate::gateway::{RouteError, Upstream};
use crate::traffic::Tally;

/// Starts that one request waits for before it is told that the version does not run.
const MAX_STARTS_PER_REQUEST: u32 = 3;

/// Which process it is a place for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SlotKey {
    /// The version.
    pub(crate) version_id: VersionId,
    /// Whether the process tells what it does, because its Worker is followed.
    pub(crate) tailed: bool,
}

/// The place of one version's process.
#[derive(Debug)]
pub(crate) struct Slot {
    key: SlotKey,
    tally: Arc<Tally>,
    // Whether the version has static assets, and they themselves once they are loaded.
    has_assets: AtomicBool,
    site: RwLock<Option<Arc<Site>>>,
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
    /// An empty place for a process that tells nothing.
    #[cfg(test)]
    pub(crate) fn new(version_id: VersionId) -> Arc<Self> {
        let key = SlotKey {
            version_id,
            tailed: false,
        };
        Self::of(key, crate::traffic::Traffic::tally_for_tests())
    }

    /// An empty place; what is answered from it counts into `tally`.
    pub(crate) fn of(key: SlotKey, tally: Arc<Tally>) -> Arc<Self> {
        Arc::new(Self {
            key,
            tally,
            has_assets: AtomicBool::new(false),
            site: RwLock::new(None),
            current: RwLock::new(None),
            state: Mutex::new(State::default()),
            phase: watch::Sender::new(Phase::Empty),
        })
    }

    /// The version.
    pub(crate) const fn version_id(&self) -> VersionId {
        self.key.version_id
    }

    /// The version, and whether its process tells what it does.
    pub(crate) const fn key(&self) -> SlotKey {
        self.key
    }

    /// The requests of the version's Worker.
    pub(crate) const fn tally(&self) -> &Arc<Tally> {
        &self.tally
    }

    /// Says whether the version has static assets.
    pub(crate) fn set_has_assets(&self, has_assets: bool) {
        self.has_assets.store(has_assets, Ordering::Relaxed);
    }

    /// Whether the version has static assets.
    pub(crate) fn has_assets(&self) -> bool {
        self.has_assets.load(Ordering::Relaxed)
    }

    /// The version's static assets, if they are loaded.
    pub(crate) fn site(&self) -> Option<Arc<Site>> {
        self.site.read().clone()
    }

    /// Keeps the version's static assets at hand, or lets go of them.
    pub(crate) fn set_site(&self, site: Option<Arc<Site>>) {
        *self.site.write() = site;
    }

    /// Whether requests can be answered at once.
    pub(crate) fn is_ready(&self) -> bool {
        if !self.has_assets() {
            return self.current.read().is_some();
        }
        let site = self.site.read();
        site.as_ref()
            .is_some_and(|site| !site.has_code() || self.current.read().is_some())
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
