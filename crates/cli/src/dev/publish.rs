//! Publishing a Worker to the project's own Coffer.

use std::collections::VecDeque;

use coffer_protocol::workers::Script;
use coffer_types::WorkerId;
use http::Method;
use serde_json::{Value, json};

use super::machine::Machine;
use crate::api::{Answer, Body, segment};
use crate::failure::Failure;
use crate::upload::Upload;

/// Versions that are kept: the present one, and those that may still answer what they have begun.
const KEPT_VERSIONS: usize = 4;

/// A Worker in the project's own Coffer.
#[derive(Debug)]
pub(super) struct Place {
    name: String,
    is_fresh: bool,
    versions: VecDeque<String>,
    crons: Vec<String>,
}

impl Place {
    pub(super) const fn new(name: String) -> Self {
        Self {
            name,
            is_fresh: false,
            versions: VecDeque::new(),
            crons: Vec::new(),
        }
    }

    /// Publishes a version, which answers from then on.
    ///
    /// # Errors
    /// What is wrong with it, in the runtime's words if it does not start.
    pub(super) async fn publish(
        &mut self,
        machine: &Machine,
        upload: Upload<'_>,
        crons: &[String],
    ) -> Result<WorkerId, Failure> {
        let api = &machine.api;
        let script = self.script(machine);
        let first = !self.is_fresh;
        if first {
            // Nothing of an earlier session stays.
            self.delete(machine).await?;
        }
        let answer: Answer<Script> = api.write(Method::PUT, &script, &[], upload.body()?).await?;
        self.is_fresh = true;
        let Script {
            tag, deployment_id, ..
        } = answer.result;
        if first {
            let body = Body::json(&json!({ "enabled": true, "previews_enabled": false }));
            let path = format!("{script}/subdomain");
            let _: Answer<Value> = api.write(Method::POST, &path, &[], body).await?;
        }
        if crons != self.crons {
            let schedules: Vec<_> = crons.iter().map(|cron| json!({ "cron": cron })).collect();
            let path = format!("{script}/schedules");
            let _: Answer<Value> = api
                .write(Method::PUT, &path, &[], Body::json(&schedules))
                .await?;
            self.crons = crons.to_vec();
        }
        self.versions.extend(deployment_id);
        self.prune(machine, tag).await;
        Ok(tag)
    }

    /// Deletes versions that nothing needs any more; one that is still needed is left for later.
    async fn prune(&mut self, machine: &Machine, worker: WorkerId) {
        while self.versions.len() > KEPT_VERSIONS {
            let Some(version) = self.versions.pop_front() else {
                return;
            };
            let path = machine.path(&format!("/workers/workers/{worker}/versions/{version}"));
            let _: Result<Answer<Value>, _> = machine
                .api
                .write(Method::DELETE, &path, &[], Body::none())
                .await;
        }
    }

    async fn delete(&self, machine: &Machine) -> Result<(), Failure> {
        let script = self.script(machine);
        let deleted: Result<Answer<Value>, _> = machine
            .api
            .write(Method::DELETE, &script, &[("force", "true")], Body::none())
            .await;
        match deleted {
            Err(error) if error.status() != Some(http::StatusCode::NOT_FOUND) => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn script(&self, machine: &Machine) -> String {
        machine.path(&format!("/workers/scripts/{}", segment(&self.name)))
    }
}
