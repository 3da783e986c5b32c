//! Reads of secrets, told by edges, become audit events.

use coffer_protocol::feed::AccessReport;
use coffer_store::Written;
use coffer_store::rows::audit::{EventActor, EventRequest, NewEvent};
use coffer_types::audit::{Action, ActorContext, ActorKind, Outcome, ResourceKind};
use coffer_types::{AuditEventId, RequestId};
use serde_json::json;

use crate::engine::Engine;
use crate::error::{Error, Result};

impl Engine {
    /// Records reads of secrets. Several of one secret by one version come counted, not one by one.
    pub(crate) async fn record_access(&self, reports: &[AccessReport]) -> Result<()> {
        let events: Vec<_> = reports
            .iter()
            .map(|report| self.access_event(report))
            .collect();
        if events.is_empty() {
            return Ok(());
        }
        self.store
            .write(move |_tx| {
                let written = Written::with_events((), events.clone());
                Box::pin(
                    async move { written.ok_or_else(|| Error::Internal("no events".to_owned())) },
                )
            })
            .await
    }

    fn access_event(&self, report: &AccessReport) -> NewEvent {
        NewEvent {
            id: AuditEventId::random(self.random.as_ref()),
            account_id: Some(report.account_id),
            at: report.last_at,
            action: Action::Access,
            resource_kind: ResourceKind::Secret,
            resource_id: report.secret_id.to_string(),
            actor: EventActor {
                id: report.worker_id.to_string(),
                email: None,
                context: ActorContext::System,
                ip: None,
                kind: ActorKind::System,
                token: None,
            },
            outcome: Outcome::Success,
            request: EventRequest {
                id: RequestId::random(self.random.as_ref()),
                raw: None,
            },
            details: json!({
                "store_id": report.store_id,
                "worker_id": report.worker_id,
                "version_id": report.version_id,
                "value_version": report.value_version,
                "first_at": report.first_at,
                "last_at": report.last_at,
                "reads": report.reads,
            }),
        }
    }
}
