//! Reads of secrets, told by edges, become audit events.

use std::sync::Arc;

use coffer_protocol::feed::AccessReport;
use coffer_store::rows::audit::{EventActor, EventRequest, NewEvent};
use coffer_store::rows::secret_read_hours;
use coffer_store::rows::secret_reads::{self, Reads};
use coffer_store::{Tx, Written};
use coffer_types::audit::{Action, ActorContext, ActorKind, Outcome, ResourceKind};
use coffer_types::{AuditEventId, RequestId};
use serde_json::json;

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::secrets_store::reads::hour_of;

impl Engine {
    /// Records reads of secrets, each with its event, and counts them. Several of one secret by one version come
    /// counted, not one by one. The reads of a secret that is gone by now have their event all the same.
    ///
    /// All are recorded or none, so an edge that is refused reports them again without their counting twice.
    pub(crate) async fn record_access(&self, reports: &[AccessReport]) -> Result<()> {
        let events: Vec<_> = reports
            .iter()
            .map(|report| self.access_event(report))
            .collect();
        if events.is_empty() {
            return Ok(());
        }
        let reports: Arc<[AccessReport]> = reports.into();
        self.store
            .write(move |tx| {
                let written = Written::with_events((), events.clone());
                let reports = Arc::clone(&reports);
                Box::pin(async move {
                    count_reads(tx, &reports).await?;
                    written.ok_or_else(|| Error::Internal("no events".to_owned()))
                })
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

async fn count_reads(tx: &mut Tx<'_>, reports: &[AccessReport]) -> Result<()> {
    for report in reports {
        let reads = Reads {
            first_at: report.first_at,
            last_at: report.last_at,
            count: report.reads,
        };
        let (account_id, secret_id) = (report.account_id, report.secret_id);
        secret_reads::add(tx, account_id, secret_id, report.worker_id, reads).await?;
        let hour = hour_of(report.last_at);
        secret_read_hours::add(tx, account_id, secret_id, hour, report.reads).await?;
    }
    Ok(())
}
