//! Keeping the replica equal to the control plane, on disk too, and telling how far it is.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use coffer_protocol::feed::{ChangeSource, FeedError, Seq, VersionRecord};
use coffer_types::{AssetManifest, Digest};
use tokio_util::sync::CancellationToken;

use super::{Replica, State};

/// The pause after a first failure of the source; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A source that has not refused for so long is waiting for changes.
const QUIET_AFTER: Duration = Duration::from_millis(500);
/// The least time between two writings to disk.
const STORE_EVERY: Duration = Duration::from_secs(1);
/// Writing may take one part in so many of the time.
const STORE_SHARE: u32 = 20;
/// An edge that applied nothing new still tells that it is there.
const ACKNOWLEDGE_EVERY: Duration = Duration::from_secs(10);

/// Follows the source until stopped. `settle` is how long a running process may still read what it had.
pub(crate) async fn follow(
    replica: Arc<Replica>,
    source: Arc<dyn ChangeSource>,
    settle: Duration,
    stop: CancellationToken,
) {
    let work = async {
        tokio::join!(
            receive(&replica, source.as_ref()),
            acknowledge(&replica, source.as_ref(), settle),
            fetch_modules(&replica),
            store(&replica),
        )
    };
    tokio::select! {
        ((), (), (), ()) = work => {}
        () = stop.cancelled() => {}
    }
    write(&replica).await;
}

/// Takes a snapshot, then changes. A source that goes away is asked again; one that has forgotten the place
/// is asked for a new snapshot.
async fn receive(replica: &Replica, source: &dyn ChangeSource) {
    let mut pause = FIRST_PAUSE;
    let mut place = None;
    loop {
        let error = match advance_or_wait(replica, source, place).await {
            Ok(seq) => {
                place = Some(seq);
                pause = FIRST_PAUSE;
                mark_following(replica, true);
                continue;
            }
            Err(FeedError::TooOld) => {
                tracing::info!(
                    "the change order no longer reaches back to the replica: starting over"
                );
                place = None;
                continue;
            }
            Err(error) => error,
        };
        if replica.is_following() || place.is_none() {
            tracing::warn!(%error, "the source of changes does not answer; serving what is here");
        }
        mark_following(replica, false);
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Advances. A source that has nothing to tell keeps a follower waiting: that is following too.
async fn advance_or_wait(
    replica: &Replica,
    source: &dyn ChangeSource,
    place: Option<Seq>,
) -> Result<Seq, FeedError> {
    let advance = advance(replica, source, place);
    tokio::pin!(advance);
    if place.is_none() {
        return advance.await;
    }
    match tokio::time::timeout(QUIET_AFTER, &mut advance).await {
        Ok(result) => result,
        Err(_) => {
            mark_following(replica, true);
            advance.await
        }
    }
}

async fn advance(
    replica: &Replica,
    source: &dyn ChangeSource,
    place: Option<Seq>,
) -> Result<Seq, FeedError> {
    let Some(place) = place else {
        let snapshot = source.snapshot().await?;
        let seq = snapshot.seq;
        let known = replica.read(|state| state.instance.clone());
        if !known.is_empty() && known != snapshot.instance {
            tracing::warn!("the replica is of another database and is thrown away");
        }
        replica.replace(snapshot);
        return Ok(seq);
    };
    let changes = source.changes(place).await?;
    let seq = changes
        .iter()
        .map(|change| change.seq)
        .max()
        .unwrap_or(place);
    replica.apply(changes);
    Ok(seq)
}

fn mark_following(replica: &Replica, yes: bool) {
    replica.following.store(yes, Ordering::SeqCst);
    replica.metrics.caught_up(yes);
}

/// Tells how far this edge serves. A running process learns of a change within its freshness window, so an
/// applied change is acknowledged after it.
async fn acknowledge(replica: &Replica, source: &dyn ChangeSource, settle: Duration) {
    let mut applied = replica.applied.subscribe();
    // Something may have been applied before.
    applied.mark_changed();
    loop {
        // Sent again without news, so that the source sees that the edge lives.
        let news = tokio::time::timeout(ACKNOWLEDGE_EVERY, applied.changed()).await;
        let seq = *applied.borrow_and_update();
        if matches!(news, Ok(Err(_))) {
            return;
        }
        if news.is_ok() {
            tokio::time::sleep(settle).await;
        }
        if seq > Seq(0) && replica.is_following() {
            source.acknowledge(replica.edge_id, seq).await;
        }
    }
}

/// Brings the modules and static assets of deployed versions here before they are needed, and removes what nothing
/// uses.
async fn fetch_modules(replica: &Replica) {
    let mut changed = replica.routes_changed();
    let mut manifests = Manifests::default();
    loop {
        let (modules, deployed) = deployed_contents(replica);
        for digest in modules {
            fetch(replica, digest).await;
        }
        for manifest in deployed {
            match manifests.read(replica, manifest).await {
                Ok(files) => {
                    for digest in files.iter() {
                        fetch(replica, *digest).await;
                    }
                }
                Err(error) => tracing::debug!(%manifest, %error, "a manifest is not here yet"),
            }
        }
        if replica.is_following() {
            remove_unused(replica, &mut manifests).await;
        }
        if changed.changed().await.is_err() {
            return;
        }
    }
}

async fn fetch(replica: &Replica, digest: Digest) {
    if let Err(error) = replica.blobs.fetch(digest).await {
        tracing::debug!(%digest, %error, "a content is not here yet");
    }
}

async fn remove_unused(replica: &Replica, manifests: &mut Manifests) {
    let (mut used, all) = all_contents(replica);
    manifests.0.retain(|manifest, _| all.contains(manifest));
    for manifest in all {
        used.insert(manifest);
        // Of a manifest that is not here no file is here for its sake.
        if !replica.blobs.has(manifest).await {
            continue;
        }
        let Ok(files) = manifests.read(replica, manifest).await else {
            return;
        };
        used.extend(files.iter());
    }
    if let Err(error) = replica.blobs.retain(used).await {
        tracing::warn!(%error, "contents that nothing uses cannot be removed");
    }
}

/// The files of manifests that were read.
#[derive(Default)]
struct Manifests(HashMap<Digest, Arc<[Digest]>>);

impl Manifests {
    async fn read(
        &mut self,
        replica: &Replica,
        manifest: Digest,
    ) -> Result<Arc<[Digest]>, FeedError> {
        if let Some(files) = self.0.get(&manifest) {
            return Ok(Arc::clone(files));
        }
        let content = replica.blobs.read(manifest).await?;
        let read: AssetManifest = serde_json::from_slice(&content)
            .map_err(|error| FeedError::Unavailable(error.to_string()))?;
        let mut files: Vec<_> = read.0.values().map(|asset| asset.digest).collect();
        files.sort_unstable();
        files.dedup();
        let files: Arc<[Digest]> = files.into();
        self.0.insert(manifest, Arc::clone(&files));
        Ok(files)
    }
}

/// The modules and the manifests of deployed versions.
fn deployed_contents(replica: &Replica) -> (HashSet<Digest>, HashSet<Digest>) {
    replica.read(|state| {
        let shares = state
            .workers()
            .filter_map(|worker| worker.deployment.as_ref())
            .flat_map(coffer_types::Split::shares)
            .map(|share| share.version_id);
        let projects = state.projects().filter_map(|project| project.production);
        let deployed = shares.chain(projects);
        contents_of(deployed.filter_map(|version_id| state.version(version_id)))
    })
}

/// The modules and the manifests of all versions.
fn all_contents(replica: &Replica) -> (HashSet<Digest>, HashSet<Digest>) {
    replica.read(|state| contents_of(state.versions()))
}

fn contents_of<'v>(
    versions: impl Iterator<Item = &'v Arc<VersionRecord>>,
) -> (HashSet<Digest>, HashSet<Digest>) {
    let (mut modules, mut manifests) = (HashSet::new(), HashSet::new());
    for version in versions {
        modules.extend(version.modules.iter().map(|module| module.digest));
        manifests.extend(version.assets.iter().map(|assets| assets.manifest));
    }
    (modules, manifests)
}

/// Writes the replica to disk some time after each change, however many there are.
async fn store(replica: &Arc<Replica>) {
    let mut applied = replica.applied.subscribe();
    applied.mark_changed();
    while applied.changed().await.is_ok() {
        tokio::time::sleep(STORE_EVERY).await;
        applied.borrow_and_update();
        let began = tokio::time::Instant::now();
        write(replica).await;
        tokio::time::sleep(began.elapsed() * STORE_SHARE).await;
    }
}

async fn write(replica: &Arc<Replica>) {
    if replica.read(|state| state.instance.is_empty()) {
        return;
    }
    let replica = Arc::clone(replica);
    let written = tokio::task::spawn_blocking(move || {
        let snapshot = replica.read(State::to_snapshot);
        replica.files.write(&snapshot)
    });
    if let Ok(Err(error)) = written.await {
        tracing::warn!(%error, "the replica cannot be stored");
    }
}
