//! The border between the gateway and what knows which Worker answers where.

use std::sync::Arc;

use async_trait::async_trait;
use coffer_protocol::feed::FeedError;
use coffer_types::VersionId;

pub(crate) use super::upstream::Upstream;
use crate::assets::Site;
use crate::traffic::Tally;

/// What of a request decides which version answers it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RouteRequest<'a> {
    /// The host name, lower-case, without port and without a final dot.
    pub(crate) host: &'a str,
    /// The path with its query, as it came.
    pub(crate) target: &'a str,
    /// `Cloudflare-Workers-Version-Key`: the same key is always answered by the same version.
    pub(crate) version_key: Option<&'a str>,
    /// `Cloudflare-Workers-Version-Overrides`: names the version that answers.
    pub(crate) version_overrides: Option<&'a str>,
}

/// A version that has static assets and was chosen to answer a request.
#[derive(Debug)]
pub(crate) struct AssetRoute {
    /// The version.
    pub(crate) version_id: VersionId,
    /// Its assets; `None` if they are not at hand yet.
    pub(crate) site: Option<Arc<Site>>,
    /// Its process, if it is ready.
    pub(crate) upstream: Option<Arc<Upstream>>,
    /// The requests of its Worker.
    pub(crate) tally: Arc<Tally>,
}

/// Why no version answers a request. The client reads a fixed page for each, never the text in here.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RouteError {
    /// No Worker has this host name.
    #[error("no worker answers at this host name")]
    UnknownHost,
    /// No deployment of a Pages project has this host name.
    #[error("no deployment answers at this host name")]
    UnknownPages,
    /// The account has no Worker of the name that a service binding has.
    #[error("no worker of this name")]
    UnknownService,
    /// The Worker has no active deployment.
    #[error("the worker has no active deployment")]
    NoDeployment,
    /// The version's process did not become ready. Already logged where it happened.
    #[error("the version did not start: {0}")]
    VersionStart(String),
    /// The version's process failed so often that it is left alone for a while.
    #[error("the version keeps failing and is given a pause")]
    CircuitOpen,
    /// There is no room for another process.
    #[error("no room for another process")]
    Overloaded,
}

/// Finds the process that answers a request.
#[async_trait]
pub(crate) trait Directory: Send + Sync + 'static {
    /// The static assets of the version that answers, if it has any. Called for every request: it must neither
    /// wait nor allocate.
    fn assets(&self, _request: &RouteRequest<'_>) -> Option<AssetRoute> {
        None
    }

    /// The static assets of a version that has them and that are not at hand yet.
    async fn load_assets(&self, _version_id: VersionId) -> Result<Option<Arc<Site>>, FeedError> {
        Ok(None)
    }

    /// The requests of the Worker that should have answered. Called for those that no process was found for.
    fn tally(&self, _request: &RouteRequest<'_>) -> Option<Arc<Tally>> {
        None
    }

    /// Whether what answers at this host name is a preview, which search engines are told to leave out. Called for
    /// every request: it must neither wait nor allocate.
    fn is_unlisted(&self, _host: &str) -> bool {
        false
    }

    /// The process that answers, if it is ready now. Called for every request: it must neither wait nor
    /// allocate.
    fn ready_upstream(&self, request: &RouteRequest<'_>) -> Option<Arc<Upstream>>;

    /// The process that answers, started and waited for if need be. The gateway awaits it on the runtime
    /// that called [`serve`](super::serve), so what it spawns outlives the request.
    async fn upstream(&self, request: RouteRequest<'_>) -> Result<Arc<Upstream>, RouteError>;
}
