//! Which process answers: host name → Worker → version → its process.

mod choice;
mod hosts;
mod pages;
mod service;
mod table;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use coffer_protocol::feed::FeedError;
use coffer_types::{VersionId, WorkerId};
use parking_lot::{Mutex, RwLock};
use tokio::sync::{Notify, watch};

use crate::assets::{Site, Sites};
use crate::gateway::{AssetRoute, Directory, RouteError, RouteRequest, Upstream};
use crate::process::{OneLine, Slot, SlotKey, Supervisor};
use crate::replica::Replica;
use crate::traffic::{Tally, Traffic};
use choice::Chance;
pub(crate) use service::{Routes, Service};
use table::{Table, Target};

/// The pause after a deployed version could not be started, before it is tried again.
const WARM_PAUSE: Duration = Duration::from_secs(1);

/// Which process answers. Follows the replica; traffic moves to a new version once it is ready.
pub(crate) struct Routing {
    replica: Arc<Replica>,
    supervisor: Arc<Supervisor>,
    sites: Arc<Sites>,
    counted: Arc<Traffic>,
    // Whether any version has static assets: without, no request is slowed down by a look for them.
    any_assets: AtomicBool,
    domain: String,
    table: RwLock<Arc<Table>>,
    slots: Mutex<HashMap<SlotKey, Arc<Slot>>>,
    warming: Mutex<HashSet<SlotKey>>,
    // Workers that are followed, and those of them whose requests all go to processes that tell what they do.
    tailed: RwLock<Arc<BTreeSet<WorkerId>>>,
    captured: watch::Sender<BTreeSet<WorkerId>>,
    warmed: Notify,
    chance: Chance,
}

impl Routing {
    /// The routes of the replica as it is now.
    pub(crate) fn new(
        replica: Arc<Replica>,
        supervisor: Arc<Supervisor>,
        sites: Arc<Sites>,
        counted: Arc<Traffic>,
        domain: &str,
        seed: u64,
    ) -> Arc<Self> {
        let routing = Arc::new(Self {
            replica,
            supervisor,
            sites,
            counted,
            any_assets: AtomicBool::new(false),
            domain: domain.to_ascii_lowercase(),
            table: RwLock::new(Arc::new(Table::default())),
            slots: Mutex::new(HashMap::new()),
            warming: Mutex::new(HashSet::new()),
            tailed: RwLock::default(),
            captured: watch::Sender::default(),
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

    /// Says which Workers are followed from now on. Their processes are replaced as by a deployment.
    pub(crate) fn set_tailed(&self, workers: BTreeSet<WorkerId>) {
        *self.tailed.write() = Arc::new(workers);
        self.warmed.notify_one();
    }

    /// Tells whose requests are all captured.
    pub(crate) fn captured(&self) -> watch::Receiver<BTreeSet<WorkerId>> {
        self.captured.subscribe()
    }

    /// Makes the table anew, and ends the processes that nothing needs any more.
    fn rebuild(self: &Arc<Self>) {
        let before = Arc::clone(&self.table.read());
        let tailed = Arc::clone(&self.tailed.read());
        let slot = |worker_id, version_id| {
            let key = SlotKey {
                version_id,
                tailed: tailed.contains(&worker_id),
            };
            self.slot(worker_id, key)
        };
        let (built, any_assets) = self.replica.read(|state| {
            let any_assets = state.versions().any(|version| version.assets.is_some());
            (
                table::build(state, &self.domain, &before, &slot),
                any_assets,
            )
        });
        self.any_assets.store(any_assets, Ordering::Relaxed);
        let captured = tailed.iter().copied();
        let captured: BTreeSet<_> = captured
            .filter(|worker_id| built.table.is_captured(*worker_id))
            .collect();
        *self.table.write() = Arc::new(built.table);
        for slot in built.awaited {
            self.warm(slot);
        }
        self.retire_unneeded(&before, &tailed);
        self.forget_deleted();
        self.captured.send_if_modified(|told| {
            let differs = *told != captured;
            *told = captured;
            differs
        });
    }

    fn slot(&self, worker_id: WorkerId, key: SlotKey) -> Arc<Slot> {
        let mut slots = self.slots.lock();
        let place = slots.entry(key);
        Arc::clone(place.or_insert_with(|| Slot::of(key, self.counted.tally(worker_id))))
    }

    /// Retires what had traffic and has none now, what no longer exists, and what tells of a Worker that nobody
    /// follows, or the other way round.
    fn retire_unneeded(&self, before: &Table, tailed: &BTreeSet<WorkerId>) {
        let after = Arc::clone(&self.table.read());
        let existing: HashMap<VersionId, WorkerId> = self.replica.read(|state| {
            let versions = state.versions();
            versions
                .map(|version| (version.version_id, version.worker_id))
                .collect()
        });
        let may_serve = |key: &SlotKey| {
            let worker_id = existing.get(&key.version_id);
            worker_id.is_some_and(|worker_id| tailed.contains(worker_id) == key.tailed)
        };
        let mut slots = self.slots.lock();
        for (key, slot) in slots.iter() {
            let has_traffic = after.has_traffic(*key);
            let lost_traffic = before.has_traffic(*key) && !has_traffic;
            let is_gone = !existing.contains_key(&key.version_id);
            if lost_traffic || is_gone || (!may_serve(key) && !has_traffic) {
                slot.retire();
                slot.set_site(None);
            }
        }
        slots.retain(|key, slot| after.has_traffic(*key) || may_serve(key) || !slot.is_empty());
    }

    /// Stops counting for Workers that no longer exist.
    fn forget_deleted(&self) {
        let existing: HashSet<WorkerId> = self.replica.read(|state| {
            let workers = state.workers().map(|worker| worker.worker_id);
            let hidden = state.projects().map(|project| project.worker_id);
            workers.chain(hidden).collect()
        });
        self.counted
            .retain(|worker_id| existing.contains(&worker_id));
    }

    /// Starts a version that waits for its traffic, however long it takes.
    fn warm(self: &Arc<Self>, slot: Arc<Slot>) {
        let key = slot.key();
        if !self.warming.lock().insert(key) {
            return;
        }
        let routing = Arc::clone(self);
        self.supervisor.spawn(async move {
            while routing.is_awaited(key) {
                match routing.prepare(&slot).await {
                    Ok(()) => break,
                    Err(error) => {
                        tracing::warn!(version = %key.version_id, error = %OneLine(&error), "a deployed version is not ready; the one before it stays");
                        tokio::time::sleep(WARM_PAUSE).await;
                    }
                }
            }
            routing.warming.lock().remove(&key);
            routing.warmed.notify_one();
        });
    }

    /// Makes all ready that a place needs to answer requests: its static assets, and its process if there is code.
    async fn prepare(&self, slot: &Arc<Slot>) -> Result<(), RouteError> {
        let site = self.load(slot).await;
        let site = site.map_err(|error| RouteError::VersionStart(error.to_string()))?;
        if site.is_none_or(|site| site.has_code()) {
            slot.upstream(&self.supervisor).await?;
        }
        Ok(())
    }

    /// The static assets of a place's version, kept there.
    async fn load(&self, slot: &Slot) -> Result<Option<Arc<Site>>, FeedError> {
        if !slot.has_assets() {
            return Ok(None);
        }
        if let Some(site) = slot.site() {
            return Ok(Some(site));
        }
        let site = self.sites.load(slot.version_id()).await?;
        slot.set_site(site.clone());
        Ok(site)
    }

    /// The static assets of a place's version, if it has any, with the process that is there.
    fn assets_of(slot: &Slot) -> Option<AssetRoute> {
        slot.has_assets().then(|| AssetRoute {
            version_id: slot.version_id(),
            site: slot.site(),
            upstream: slot.ready(),
            tally: Arc::clone(slot.tally()),
        })
    }

    /// The place whose version answers a request.
    fn place(&self, request: &RouteRequest<'_>) -> Option<Arc<Slot>> {
        let table = Arc::clone(&self.table.read());
        match table.find(request) {
            Some(target) => target.choose(request, &self.chance).cloned(),
            None => self.preview(&table, request.host),
        }
    }

    /// Whether the place's version is deployed, and its process to be of this kind.
    fn is_awaited(&self, key: SlotKey) -> bool {
        let tailed = Arc::clone(&self.tailed.read());
        self.replica.read(|state| {
            let mut workers = state.workers();
            let of_worker = workers.any(|worker| {
                let split = worker.deployment.as_ref();
                tailed.contains(&worker.worker_id) == key.tailed
                    && split.is_some_and(|split| split.contains(key.version_id))
            });
            let mut projects = state.projects();
            of_worker
                || projects.any(|project| {
                    tailed.contains(&project.worker_id) == key.tailed
                        && project.production == Some(key.version_id)
                })
        })
    }

    /// The place of the version that answers a preview host name.
    fn preview(&self, table: &Table, host: &str) -> Option<Arc<Slot>> {
        let (worker_id, version_id) = table.preview(host)?;
        let tailed = self.tailed.read().contains(&worker_id);
        let slot = self.slot(worker_id, SlotKey { version_id, tailed });
        let has_assets = self.replica.read(|state| {
            let version = state.version(version_id);
            version.is_some_and(|version| version.assets.is_some())
        });
        slot.set_has_assets(has_assets);
        Some(slot)
    }
}

#[async_trait]
impl Directory for Routing {
    fn assets(&self, request: &RouteRequest<'_>) -> Option<AssetRoute> {
        if !self.any_assets.load(Ordering::Relaxed) {
            return None;
        }
        Self::assets_of(&*self.place(request)?)
    }

    async fn load_assets(&self, version_id: VersionId) -> Result<Option<Arc<Site>>, FeedError> {
        let key = |tailed| SlotKey { version_id, tailed };
        let slots = [false, true].map(|tailed| self.slots.lock().get(&key(tailed)).cloned());
        let site = self.sites.load(version_id).await?;
        for slot in slots.into_iter().flatten() {
            slot.set_site(site.clone());
        }
        Ok(site)
    }

    fn tally(&self, request: &RouteRequest<'_>) -> Option<Arc<Tally>> {
        self.place(request).map(|slot| Arc::clone(slot.tally()))
    }

    fn is_unlisted(&self, host: &str) -> bool {
        self.table.read().is_pages_preview(host)
    }

    fn ready_upstream(&self, request: &RouteRequest<'_>) -> Option<Arc<Upstream>> {
        let table = Arc::clone(&self.table.read());
        match table.find(request) {
            Some(target) => target.choose(request, &self.chance)?.ready(),
            None => self.preview(&table, request.host)?.ready(),
        }
    }

    async fn upstream(&self, request: RouteRequest<'_>) -> Result<Arc<Upstream>, RouteError> {
        let table = Arc::clone(&self.table.read());
        let slot = match table.find(&request) {
            Some(Target { shares, .. }) if shares.is_empty() => {
                return Err(RouteError::NoDeployment);
            }
            Some(target) => target.choose(&request, &self.chance).cloned(),
            None => self.preview(&table, request.host),
        };
        let unknown = || {
            if table.is_for_pages(request.host) {
                RouteError::UnknownPages
            } else {
                RouteError::UnknownHost
            }
        };
        slot.ok_or_else(unknown)?.upstream(&self.supervisor).await
    }
}
