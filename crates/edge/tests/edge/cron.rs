//! Workers that the clock runs. What a run does is seen by the secrets that it reads: each is reported.

use std::sync::Arc;

use coffer_protocol::feed::VersionRecord;
use coffer_types::cron::MINUTE_MICROS;
use coffer_types::{Binding, BindingKind, Clock, Format, Split, SystemClock, Timestamp};

use crate::support::{Plane, READS, Site, Tenant, Worker, until};

/// The machine's clock, moved to the last moments of the minute before a quarter past.
struct Moved(i64);

impl Moved {
    /// Half a second before a minute of this number begins.
    fn before(minute: &str) -> Arc<Self> {
        let minute: Timestamp = format!("2026-11-22T06:{minute}:00Z").parse().unwrap();
        let now = SystemClock.now().as_micros();
        Arc::new(Self(minute.as_micros() - 500_000 - now))
    }
}

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_micros(self.0)
    }
}

/// Checks what it is told and reads the secret in what it leaves to be done.
const MODULE: &str = r#"
export default {
  async scheduled(controller, env, ctx) {
    const { cron, scheduledTime, type } = controller;
    if (cron !== "15 6 * * *" || type !== "scheduled") throw new Error(`told ${cron} ${type}`);
    if (new Date(scheduledTime).toISOString() !== "2026-11-22T06:15:00.000Z") throw new Error(`${scheduledTime}`);
    controller.noRetry();
    ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, 100)).then(() => env.S.get()));
  },
};"#;

const CLASS: &str = r#"
import { WorkerEntrypoint } from "cloudflare:workers";
export default class extends WorkerEntrypoint {
  async scheduled(controller) {
    if (controller.cron !== "15 6 * * *") throw new Error(controller.cron);
    this.ctx.waitUntil(this.env.S.get());
  }
}"#;

const SCRIPT: &str = r#"
addEventListener("fetch", (event) => event.respondWith(new Response("fetched")));
addEventListener("scheduled", (event) => {
  if (event.cron !== "15 6 * * *") throw new Error(event.cron);
  event.waitUntil(READER.fetch("http://reader/"));
});"#;

/// A Worker of this version with a schedule.
fn timed(mut worker: Worker, version: &VersionRecord, cron: &str) {
    worker.add_version(version);
    worker.record.crons = vec![cron.parse().unwrap()];
    worker.deploy(Split::whole(version.version_id));
}

/// A Worker with a secret and a schedule.
fn reader(tenant: &Tenant, name: &str, code: &str, cron: &str) {
    let mut worker = tenant.idle_worker(name);
    let version = worker.version(code, vec![tenant.binding("S", "KEY")]);
    timed(worker, &version, cron);
}

async fn runs(code: &str) {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    tenant.add_secret("KEY", "value");
    reader(&tenant, "timed", code, "15 6 * * *");
    // Another, whose minute it is not, would be seen as a second read.
    reader(&tenant, "idle", code, "16 6 * * *");
    let mut site = Site::start_at(&plane, Moved::before("15"), |_| {});
    until("the run reads the secret", || plane.reads() == 1).await;
    until("the process is gone", || site.processes().is_empty()).await;
    site.stop().await;
    assert_eq!(plane.reads(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_runs_in_its_minute() {
    runs(MODULE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_class_runs_in_its_minute() {
    runs(CLASS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_worker_runs_in_its_minute() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    tenant.add_secret("KEY", "value");
    tenant.worker("reader", READS, vec![tenant.binding("S", "KEY")]);
    let mut worker = tenant.idle_worker("timed");
    let service = Binding {
        name: "READER".parse().unwrap(),
        kind: BindingKind::Service {
            service: "reader".parse().unwrap(),
        },
    };
    let mut version = worker.version(SCRIPT, vec![service]);
    version.format = Format::ServiceWorker;
    timed(worker, &version, "15 6 * * *");
    let mut site = Site::start_at(&plane, Moved::before("15"), |_| {});
    until("the run calls the reader", || plane.reads() == 1).await;
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_fail_keep_nobody_waiting() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    tenant.add_secret("KEY", "value");
    let every = "* * * * *";
    let throws = "export default { scheduled() { throw new Error('out of luck'); } };";
    let hangs = "export default { scheduled() { for (;;) {} } };";
    for (name, code) in [("throws", throws), ("hangs", hangs), ("lacks", READS)] {
        reader(&tenant, name, code, every);
    }
    reader(&tenant, "timed", MODULE, "15 6 * * *");
    let serving = tenant.worker("serving", READS, vec![tenant.binding("S", "KEY")]);
    let mut site = Site::start_at(&plane, Moved::before("15"), |config| {
        config.heartbeat_timeout = std::time::Duration::from_millis(500);
    });
    site.fetch_text(&serving.host(), "/", "value").await;
    until("the good one reads the secret", || plane.reads() == 2).await;
    // The one that serves stays; those that ran are gone, even the one that hangs.
    until("the runs are over", || site.processes().len() == 1).await;
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minute_that_has_begun_is_over() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    tenant.add_secret("KEY", "value");
    // Begins in the very minute, whose run belongs to whoever was there when it began.
    let clock = Moved(Moved::before("15").0 + 1_000_000);
    reader(&tenant, "timed", MODULE, "15 6 * * *");
    let serving = tenant.worker("serving", READS, vec![tenant.binding("S", "KEY")]);
    assert!(clock.now().as_micros().rem_euclid(MINUTE_MICROS) < MINUTE_MICROS / 2);
    let mut site = Site::start_at(&plane, Arc::new(clock), |_| {});
    site.fetch_text(&serving.host(), "/", "value").await;
    site.stop().await;
    assert_eq!(plane.reads(), 1);
}
