//! Which process answers: host name → Worker → version → its process.

mod choice;
mod table;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use coffer_types::VersionId;
use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;

use crate::gateway::{Directory, RouteError, RouteRequest, Upstream};
use crate::process::{OneLine, Slot, Supervisor};
use crate::replica::Replica;
use choice::Chance;
use table::{Table, Target};

/// The pause after a deployed version could not be started, before it is tried again.
const WARM_PAUSE: Duration = Duration::from_secs(1);

/// Which process answers. Follows the replica; traffic moves to a new version once it is ready.
pub(crate) struct Routing {
    replica: Arc<Replica>,
    supervisor: Arc<Supervisor>,
    domain: String,
    table: RwLock<Arc<Table>>,
    slots: Mutex<HashMap<VersionId, Arc<Slot>>>,
    warming: Mutex<HashSet<VersionId>>,
    warmed: Notify,
    chance: Chance,
}

impl Routing {
    /// The routes of the replica as it is now.
    pub(crate) fn new(
        replica: Arc<Replica>,
        supervisor: Arc<Supervisor>,
        domain: &str,
        seed: u64,
    ) -> Arc<Self> {
        let routing = Arc::new(Self {
            replica,
            supervisor,
            domain: domain.to_ascii_lowercase(),
            table: RwLock::new(Arc::new(Table::default())),
            slots: Mutex::new(HashMap::new()),
            warming: Mutex::new(HashSet::new()),
            warmed: Notify::new(),
            chance: Chance::new(seed),
        });
        routing.rebuild();
        routing
    }

    /// Follows the replica for ever.
    pub(crate) async fn follow(self: Arc<Self>) {
        let mut changed = self.replica.routes_changed();
        loop {
            self.rebuild();
            tokio::select! {
                result = changed.changed() => if result.is_err() { return },
                () = self.warmed.notified() => {}
            }
        }
    }

    /// Makes the table anew, and ends the processes that nothing needs any more.
    fn rebuild(self: &Arc<Self>) {
        let before = Arc::clone(&self.table.read());
        let slot = |version_id| self.slot(version_id);
        let built = self
            .replica
            .read(|state| table::build(state, &self.domain, &before, &slot));
        *self.table.write() = Arc::new(built.table);
        for version_id in built.awaited {
            self.warm(version_id);
        }
        self.retire_unneeded(&before);
    }

    fn slot(&self, version_id: VersionId) -> Arc<Slot> {
        let mut slots = self.slots.lock();
        Arc::clone(
            slots
                .entry(version_id)
                .or_insert_with(|| Slot::new(version_id)),
        )
    }

    /// Retires what had traffic and has none now, and what no longer exists.
    fn retire_unneeded(&self, before: &Table) {
        let after = Arc::clone(&self.table.read());
        let existing: HashSet<VersionId> = self
            .replica
            .read(|state| state.versions().map(|version| version.version_id).collect());
        let mut slots = self.slots.lock();
        for (version_id, slot) in slots.iter() {
            let lost_traffic = before.has_traffic(*version_id) && !after.has_traffic(*version_id);
            if lost_traffic || !existing.contains(version_id) {
                slot.retire();
            }
        }
        slots.retain(|version_id, slot| {
            after.has_traffic(*version_id) || existing.contains(version_id) || !slot.is_empty()
        });
    }

    /// Starts a version that waits for its traffic, however long it takes.
    fn warm(self: &Arc<Self>, version_id: VersionId) {
        if !self.warming.lock().insert(version_id) {
            return;
        }
        let routing = Arc::clone(self);
        self.supervisor.spawn(async move {
            while routing.is_deployed(version_id) {
                match routing.slot(version_id).upstream(&routing.supervisor).await {
                    Ok(_) => break,
                    Err(error) => {
                        tracing::warn!(version = %version_id, error = %OneLine(&error), "a deployed version is not ready; the one before it stays");
                        tokio::time::sleep(WARM_PAUSE).await;
                    }
                }
            }
            routing.warming.lock().remove(&version_id);
            routing.warmed.notify_one();
        });
    }

    fn is_deployed(&self, version_id: VersionId) -> bool {
        self.replica.read(|state| {
            let mut deployments = state
                .workers()
                .filter_map(|worker| worker.deployment.as_ref());
            deployments.any(|split| split.contains(version_id))
        })
    }

    /// The place of the version that answers a preview host name.
    fn preview(&self, table: &Table, host: &str) -> Option<Arc<Slot>> {
        let version_id = table.preview(host)?;
        Some(self.slot(version_id))
    }
}

#[async_trait]
impl Directory for Routing {
    fn ready_upstream(&self, request: &RouteRequest<'_>) -> Option<Arc<Upstream>> {
        let table = Arc::clone(&self.table.read());
        match table.find(request.host) {
            Some(target) => target.choose(request, &self.chance)?.ready(),
            None => self.preview(&table, request.host)?.ready(),
        }
    }

    async fn upstream(&self, request: RouteRequest<'_>) -> Result<Arc<Upstream>, RouteError> {
        let table = Arc::clone(&self.table.read());
        let slot = match table.find(request.host) {
            Some(Target { shares, .. }) if shares.is_empty() => {
                return Err(RouteError::NoDeployment);
            }
            Some(target) => target.choose(&request, &self.chance).cloned(),
            None => self.preview(&table, request.host),
        };
        slot.ok_or(RouteError::UnknownHost)?
            .upstream(&self.supervisor)
            .await
    }
}
