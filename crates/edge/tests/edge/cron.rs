//! Workers that the clock runs. What a run does is seen by the secrets that it reads: each is reported.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use coffer_protocol::feed::VersionRecord;
use coffer_types::cron::MINUTE_MICROS;
use coffer_types::{Binding, BindingKind, Clock, Format, Split, SystemClock, Timestamp, WorkerId};
use serde_json::{Value, json};

use crate::support::{DEADLINE, Plane, READS, Site, Tenant, Worker, remove_files, until};

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
  event.waitUntil((async () => {
    if (await S.get() !== "value") throw new Error("S");
    await READER.fetch("http://reader/");
  })());
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
    let mut version = worker.version(SCRIPT, vec![service, tenant.binding("S", "KEY")]);
    version.format = Format::ServiceWorker;
    timed(worker, &version, "15 6 * * *");
    let mut site = Site::start_at(&plane, Moved::before("15"), |_| {});
    until("the run reads and calls the reader", || plane.reads() == 2).await;
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

/// A clock that is moved on while it is followed.
struct Jumping(AtomicI64);

impl Jumping {
    fn at(moment: &str) -> Arc<Self> {
        let clock = Self(AtomicI64::new(0));
        clock.jump(moment);
        Arc::new(clock)
    }

    fn jump(&self, moment: &str) {
        let moment: Timestamp = moment.parse().unwrap();
        let ahead = moment.as_micros() - SystemClock.now().as_micros();
        self.0.store(ahead, Ordering::SeqCst);
    }
}

impl Clock for Jumping {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_micros(self.0.load(Ordering::SeqCst))
    }
}

const TELLS: &str = r#"
export default {
  async scheduled(controller, env, ctx) {
    console.log("at work", env.OWN);
    ctx.waitUntil(scheduler.wait(20).then(() => console.warn("late", env.OWN)));
  },
};"#;

const THROWS: &str = r#"
export default {
  async scheduled(controller, env, ctx) {
    console.log("trying");
    ctx.waitUntil((async () => { await scheduler.wait(20); throw new RangeError("late"); })());
    throw new TypeError(`out of luck, ${env.OWN}`);
  },
};"#;

const SCRIPT_THROWS: &str = r#"
addEventListener("scheduled", (event) => {
  console.log("script");
  event.waitUntil(Promise.reject(new TypeError("out of luck")));
});"#;

/// A Worker with a secret of its own and a schedule, that is followed.
async fn followed(
    site: &Site,
    tenant: &Tenant,
    name: &str,
    code: &str,
    format: Format,
) -> WorkerId {
    let mut worker = tenant.idle_worker(name);
    let mut version = worker.version(code, Vec::new());
    worker.add_secret(&mut version, "OWN", "own-value-0123");
    version.format = format;
    let id = worker.record.worker_id;
    timed(worker, &version, "15 6 * * *");
    site.followers.follow(id).await;
    id
}

/// What those who follow it read of its only run.
async fn run_of(site: &Site, worker_id: WorkerId) -> Value {
    let mut events = site.followers.wait_for(worker_id, 1).await;
    assert_eq!(events.len(), 1, "{events:?}");
    let event = events.remove(0);
    let minute: Timestamp = "2026-11-22T06:15:00Z".parse().unwrap();
    let cause = json!({ "cron": "15 6 * * *", "scheduledTime": minute.as_micros() / 1000 });
    assert_eq!(event["event"], cause);
    assert!(!event.to_string().contains("own-value"), "{event}");
    event
}

fn printed(event: &Value) -> Vec<Value> {
    let logs = event["logs"].as_array().unwrap();
    logs.iter().map(|log| log["message"].clone()).collect()
}

fn thrown(event: &Value) -> Vec<Value> {
    let exceptions = event["exceptions"].as_array().unwrap();
    exceptions
        .iter()
        .map(|one| json!([one["name"], one["message"]]))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_are_told_of_runs_and_of_those_that_fail() {
    const DIES: &str = r#"
export default {
  scheduled() { const eaten = []; for (;;) eaten.push(new Array(100_000).fill(eaten.length)); },
};"#;
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let clock = Jumping::at("2026-11-22T06:14:10Z");
    let mut site = Site::start_at(&plane, Arc::clone(&clock) as _, |config| {
        // Longer than anything is waited for: on a busy machine none of these is taken for one that hangs.
        config.heartbeat_timeout = 2 * DEADLINE;
        config.heap_megabytes = 32;
    });
    let modules = Format::Modules;
    let tells = followed(&site, &tenant, "tells", TELLS, modules).await;
    let throws = followed(&site, &tenant, "throws", THROWS, modules).await;
    let lacks = followed(&site, &tenant, "lacks", READS, modules).await;
    let dies = followed(&site, &tenant, "dies", DIES, modules).await;
    let script = Format::ServiceWorker;
    let script = followed(&site, &tenant, "script", SCRIPT_THROWS, script).await;
    // Its version is not there to be run, as when its contents are away.
    let away = followed(&site, &tenant, "away", &format!("{TELLS}//"), modules).await;
    plane.lose(format!("{TELLS}//").as_bytes());
    remove_files(
        &site.directory.path().join("replica"),
        &format!("{TELLS}//"),
    );
    clock.jump("2026-11-22T06:15:00Z");

    let event = run_of(&site, tells).await;
    assert_eq!(event["outcome"], "ok");
    assert_eq!(event["scriptName"], "tells");
    assert_eq!(
        printed(&event),
        [json!(["at work", "REDACTED"]), json!(["late", "REDACTED"])]
    );
    assert_eq!(thrown(&event), [] as [Value; 0]);

    let event = run_of(&site, throws).await;
    assert_eq!(event["outcome"], "exception");
    assert_eq!(printed(&event), [json!(["trying"])]);
    assert_eq!(
        thrown(&event),
        [
            json!(["TypeError", "out of luck, REDACTED"]),
            json!(["RangeError", "late"]),
        ]
    );
    let stack = event["exceptions"][0]["stack"].as_str().unwrap();
    assert!(stack.contains("index.js:6"), "{stack}");
    assert!(!stack.contains("coffer"), "{stack}");

    let event = run_of(&site, script).await;
    assert_eq!(event["outcome"], "exception");
    assert_eq!(printed(&event), [json!(["script"])]);
    assert_eq!(thrown(&event), [json!(["TypeError", "out of luck"])]);

    let event = run_of(&site, lacks).await;
    assert_eq!(event["outcome"], "exception");
    let why = "Handler does not export a scheduled() function";
    assert_eq!(thrown(&event), [json!(["Error", why])]);

    assert_eq!(run_of(&site, dies).await["outcome"], "exceededMemory");

    let event = run_of(&site, away).await;
    assert_eq!(event["outcome"], "exception");
    let message = event["exceptions"][0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("the version did not start"),
        "{message}"
    );
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_are_told_of_a_run_that_hangs() {
    const HANGS: &str = "export default { scheduled() { for (;;) {} } };";
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let clock = Jumping::at("2026-11-22T06:14:10Z");
    let mut site = Site::start_at(&plane, Arc::clone(&clock) as _, |config| {
        config.heartbeat_timeout = std::time::Duration::from_millis(500);
    });
    let hangs = followed(&site, &tenant, "hangs", HANGS, Format::Modules).await;
    clock.jump("2026-11-22T06:15:00Z");
    assert_eq!(run_of(&site, hangs).await["outcome"], "exceededCpu");
    site.stop().await;
}
