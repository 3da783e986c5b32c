//! When a Worker is run by the clock.

use std::sync::Arc;

use coffer_protocol::workers::Schedule;
use coffer_store::Written;
use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::rows::workers::{self, CronTrigger, WorkerRow};
use coffer_types::audit::Action;
use coffer_types::{Cron, Timestamp, WorkerName};
use serde_json::json;

use super::current::existing;
use crate::authorize::{DeployWorkers, Permit, ViewWorkers};
use crate::engine::Engine;
use crate::error::Result;

impl Engine {
    /// A Worker's cron triggers, in the order in which they were given.
    ///
    /// # Errors
    /// [`crate::Missing::Worker`].
    pub async fn schedules(
        &self,
        permit: &Permit<ViewWorkers>,
        name: &WorkerName,
    ) -> Result<Vec<Schedule>> {
        let mut reader = self.store.reader().await?;
        let worker = existing(&mut reader, permit.account_id(), name).await?;
        Ok(shown(&worker))
    }

    /// Gives a Worker these cron triggers and no other. Waits a moment for the edges to have them.
    ///
    /// # Errors
    /// [`crate::Missing::Worker`].
    pub async fn replace_schedules(
        &self,
        permit: &Permit<DeployWorkers>,
        name: WorkerName,
        crons: Vec<Cron>,
    ) -> Result<Vec<Schedule>> {
        let _turn = self.turns.take(permit.account_id(), &name).await;
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        let (schedules, seq) = self
            .mutate(&caller, move |tx| {
                let (engine, permit) = (engine.clone(), permit.clone());
                let (name, crons) = (name.clone(), crons.clone());
                Box::pin(async move {
                    let mut worker = existing(tx, permit.account_id(), &name).await?;
                    let before = json!({ "crons": texts(&worker) });
                    let now = engine.clock.now();
                    worker.settings.crons = replaced(&worker.settings.crons, crons, now);
                    worker.modified_at = now;
                    workers::update(tx, &worker).await?;
                    let subject = ChangeSubject::Worker(worker.id);
                    let seq = changes::record(tx, permit.account_id(), subject).await?;
                    let details = json!({
                        "before": before,
                        "after": { "crons": texts(&worker) },
                    });
                    let event = engine.worker_event(&permit, &worker, Action::Update, details);
                    Ok(Written::new((shown(&worker), seq), event))
                })
            })
            .await?;
        self.await_applied(seq).await;
        Ok(schedules)
    }
}

/// What was there before stays as old as it is.
fn replaced(before: &[CronTrigger], crons: Vec<Cron>, now: Timestamp) -> Vec<CronTrigger> {
    let made = |cron: Cron| {
        let kept = before.iter().find(|trigger| trigger.cron == cron);
        kept.cloned().unwrap_or(CronTrigger {
            cron,
            created_at: now,
        })
    };
    crons.into_iter().map(made).collect()
}

fn texts(worker: &WorkerRow) -> Vec<&str> {
    let crons = worker.settings.crons.iter();
    crons.map(|trigger| trigger.cron.as_str()).collect()
}

fn shown(worker: &WorkerRow) -> Vec<Schedule> {
    let schedule = |trigger: &CronTrigger| Schedule {
        cron: trigger.cron.clone(),
        created_on: trigger.created_at,
        modified_on: trigger.created_at,
    };
    worker.settings.crons.iter().map(schedule).collect()
}
