//! The border between the gateway and what knows which Worker answers where.

use std::sync::Arc;

use async_trait::async_trait;

pub(crate) use super::upstream::Upstream;

/// What of a request decides which version answers it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RouteRequest<'a> {
    /// The host name, lower-case, without port and without a final dot.
    pub(crate) host: &'a str,
    /// `Cloudflare-Workers-Version-Key`: the same key is always answered by the same version.
    pub(crate) version_key: Option<&'a str>,
    /// `Cloudflare-Workers-Version-Overrides`: names the version that answers.
    pub(crate) version_overrides: Option<&'a str>,
}

/// Why no version answers a request. The client reads a fixed page for each, never the text in here.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RouteError {
    /// No Worker has this host name.
    #[error("no worker answers at this host name")]
    UnknownHost,
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
    /// The process that answers, if it is ready now. Called for every request: it must neither wait nor
    /// allocate.
    fn ready_upstream(&self, request: &RouteRequest<'_>) -> Option<Arc<Upstream>>;

    /// The process that answers, started and waited for if need be. The gateway awaits it on the runtime
    /// that called [`serve`](super::serve), so what it spawns outlives the request.
    async fn upstream(&self, request: RouteRequest<'_>) -> Result<Arc<Upstream>, RouteError>;
}
