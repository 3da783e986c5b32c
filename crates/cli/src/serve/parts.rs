//! What the server asks about the rest of the process.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use coffer_edge::Edge;
use coffer_server::Readiness;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

/// How long the edge may take to take over what there is, before the server says that it is ready all the same.
const CATCH_UP: Duration = Duration::from_secs(10);

/// The edge, as far as the server knows of it.
#[derive(Default)]
pub(super) struct Parts {
    edge: Mutex<Option<Edge>>,
    registry: OnceLock<Registry>,
}

impl Parts {
    /// Waits until the edge has what there is to serve; an edge that cannot get it is waited for no longer, and
    /// `/readyz` goes on telling.
    pub(super) async fn caught_up(&self) {
        let waiting = async {
            while self.waiting_for().is_some() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        if tokio::time::timeout(CATCH_UP, waiting).await.is_err() {
            tracing::warn!("the edge has not caught up yet");
        }
    }

    /// The edge, and what counts in it.
    pub(super) fn fill(&self, edge: Edge, registry: Registry) {
        self.registry.get_or_init(|| registry);
        *self.edge() = Some(edge);
    }

    /// The edge, to be stopped.
    pub(super) fn take_edge(&self) -> Option<Edge> {
        self.edge().take()
    }

    fn edge(&self) -> MutexGuard<'_, Option<Edge>> {
        self.edge.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Readiness for Parts {
    fn waiting_for(&self) -> Option<String> {
        let caught_up = self.edge().as_ref().is_some_and(Edge::is_caught_up);
        (!caught_up).then(|| "the edge to catch up".to_owned())
    }

    fn metrics(&self) -> String {
        let mut text = String::new();
        if let Some(registry) = self.registry.get() {
            // Writing to a string does not fail.
            let _ = encode(&mut text, registry);
        }
        text.trim_end_matches("# EOF\n").to_owned()
    }
}
