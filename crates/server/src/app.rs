//! What every handler has at hand.

use std::sync::Arc;
use std::time::Duration;

use coffer_engine::{Engine, NoPasskeys, PasskeySite, TokenText};
use coffer_protocol::traffic::TrafficSource;
use coffer_types::IpRange;
use coffer_types::limits::{BODY_IDLE_SECONDS, MAX_UPLOAD_BYTES_AT_ONCE, UPLOAD_WAIT_SECONDS};

use crate::metrics::Metrics;
use crate::request::RequestIds;
use crate::strict_transport;
use crate::upload_room::UploadRoom;

/// Tells whether the parts beside the engine are ready, and their metrics.
pub trait Readiness: Send + Sync {
    /// What is not ready yet, in words; `None` if all is.
    fn waiting_for(&self) -> Option<String>;
    /// Further metrics in the Prometheus text format, without the closing `# EOF`.
    fn metrics(&self) -> String;
}

/// What every handler has at hand. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

/// What handlers work with. Behind one pointer, because every request clones the application.
pub struct Inner {
    pub(crate) engine: Engine,
    pub(crate) metrics: Metrics,
    pub(crate) readiness: Arc<dyn Readiness>,
    pub(crate) traffic: Arc<dyn TrafficSource>,
    pub(crate) workers_url: WorkersUrl,
    /// Where people reach this server, without a slash at the end, for the links that it makes.
    pub(crate) public_url: String,
    /// Whether browsers are told to come there by HTTPS alone.
    pub(crate) public_url_is_strict: bool,
    /// Where passkeys are made and used.
    pub(crate) passkeys: Result<PasskeySite, NoPasskeys>,
    pub(crate) request_ids: RequestIds,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub(crate) trusted_proxies: Vec<IpRange>,
    pub(crate) upload_room: UploadRoom,
    /// How long a client may send nothing of a body.
    pub(crate) body_idle: Duration,
}

impl std::ops::Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// How Workers are reached from outside, for the addresses that clients print.
#[derive(Clone, Debug)]
pub(crate) struct WorkersUrl {
    /// Such as `localhost`.
    pub(crate) domain: String,
    /// The port, left out of addresses if it is 80.
    pub(crate) port: u16,
}

impl App {
    /// An application over this engine, whose Workers answer below `workers_domain` at `workers_port`, and
    /// which people reach at `public_url`. What `trusted_proxies` say of a client's address is believed.
    pub fn new(
        engine: Engine,
        readiness: Arc<dyn Readiness>,
        traffic: Arc<dyn TrafficSource>,
        workers_domain: &str,
        workers_port: u16,
        public_url: &str,
        trusted_proxies: Vec<IpRange>,
    ) -> Self {
        let workers_url = WorkersUrl {
            domain: workers_domain.to_owned(),
            port: workers_port,
        };
        Self(Arc::new(Inner {
            request_ids: RequestIds::new(engine.random()),
            trusted_proxies,
            engine,
            metrics: Metrics::default(),
            readiness,
            traffic,
            workers_url,
            public_url: public_url.trim_end_matches('/').to_owned(),
            public_url_is_strict: strict_transport::is_strict(public_url),
            passkeys: PasskeySite::of(public_url),
            upload_room: UploadRoom::new(
                MAX_UPLOAD_BYTES_AT_ONCE,
                Duration::from_secs(UPLOAD_WAIT_SECONDS),
            ),
            body_idle: Duration::from_secs(BODY_IDLE_SECONDS),
        }))
    }
}

impl Inner {
    /// The link of an invitation.
    pub(crate) fn invitation_url(&self, text: &TokenText) -> String {
        format!("{}/invitations/{}", self.public_url, text.expose_secret())
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App")
    }
}

impl WorkersUrl {
    /// The address with this host label, such as `http://hello.dev.localhost:7080`.
    pub(crate) fn with_label(&self, label: &str) -> String {
        let domain = &self.domain;
        match self.port {
            80 => format!("http://{label}.{domain}"),
            port => format!("http://{label}.{domain}:{port}"),
        }
    }
}
