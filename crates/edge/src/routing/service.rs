//! Which process answers a call through a service binding: account and name → Worker → version → its process.

use std::sync::{Arc, OnceLock, Weak};

use async_trait::async_trait;
use coffer_protocol::feed::FeedError;
use coffer_types::{AccountId, VersionId, WorkerId, WorkerName};

use super::Routing;
use super::table::Target;
use crate::assets::Site;
use crate::gateway::{AssetRoute, Directory, RouteError, RouteRequest, Upstream};
use crate::process::Slot;
use crate::traffic::Tally;

/// Where routes are found once there are any: processes come first, and must not keep what leads to them.
#[derive(Clone, Default)]
pub(crate) struct Routes(Arc<OnceLock<Weak<Routing>>>);

impl Routes {
    /// Says where.
    pub(crate) fn are(&self, routing: &Arc<Routing>) {
        let _ = self.0.set(Arc::downgrade(routing));
    }

    /// Whether somebody follows the Worker.
    pub(crate) fn is_tailed(&self, worker_id: WorkerId) -> bool {
        self.routing()
            .is_some_and(|routing| routing.tailed.read().contains(&worker_id))
    }

    fn routing(&self) -> Option<Arc<Routing>> {
        self.0.get()?.upgrade()
    }
}

/// One Worker as another one of its account calls it, whatever host it asks for.
pub(crate) struct Service {
    routes: Routes,
    account_id: AccountId,
    name: WorkerName,
}

impl Service {
    /// The account's Worker of this name, found anew for each call.
    pub(crate) const fn new(routes: Routes, account_id: AccountId, name: WorkerName) -> Self {
        Self {
            routes,
            account_id,
            name,
        }
    }

    fn slot(&self, routing: &Routing, request: &RouteRequest<'_>) -> Result<Arc<Slot>, RouteError> {
        let table = Arc::clone(&routing.table.read());
        let target: &Target = table
            .service(self.account_id, &self.name)
            .ok_or(RouteError::UnknownService)?;
        let slot = target.choose(request, &routing.chance);
        slot.cloned().ok_or(RouteError::NoDeployment)
    }
}

#[async_trait]
impl Directory for Service {
    fn assets(&self, request: &RouteRequest<'_>) -> Option<AssetRoute> {
        let routing = self.routes.routing()?;
        let slot = self.slot(&routing, request).ok()?;
        Routing::assets_of(&slot)
    }

    async fn load_assets(&self, version_id: VersionId) -> Result<Option<Arc<Site>>, FeedError> {
        match self.routes.routing() {
            Some(routing) => routing.load_assets(version_id).await,
            None => Ok(None),
        }
    }

    fn tally(&self, request: &RouteRequest<'_>) -> Option<Arc<Tally>> {
        let routing = self.routes.routing()?;
        let slot = self.slot(&routing, request).ok()?;
        Some(Arc::clone(slot.tally()))
    }

    fn ready_upstream(&self, request: &RouteRequest<'_>) -> Option<Arc<Upstream>> {
        let routing = self.routes.routing()?;
        self.slot(&routing, request).ok()?.ready()
    }

    async fn upstream(&self, request: RouteRequest<'_>) -> Result<Arc<Upstream>, RouteError> {
        let stopping = || RouteError::VersionStart("the edge is stopping".to_owned());
        let routing = self.routes.routing().ok_or_else(stopping)?;
        let slot = self.slot(&routing, &request)?;
        slot.upstream(&routing.supervisor).await
    }
}
