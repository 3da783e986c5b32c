//! Workers that do what they should not.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tracing_subscriber::layer::SubscriberExt;

use crate::support::{Plane, READS, Site, Tenant, holds, until};

const HELLO: &str = "export default { fetch() { return new Response('hello'); } };";

/// Two Workers: one that misbehaves on `/bad`, and a neighbour.
async fn beside_a_neighbour(code: &str, heartbeat_timeout: Duration) -> (Site, String, String) {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let bad = tenant.worker("bad", code, vec![]);
    let good = tenant.worker("good", HELLO, vec![]);
    let site = Site::start_with(&plane, |config| {
        config.heartbeat_timeout = heartbeat_timeout;
        config.backoff_first = Duration::from_millis(1);
        config.circuit_after = 100;
    });
    site.fetch_text(&good.host(), "/", "hello").await;
    site.fetch_text(&bad.host(), "/", "fine").await;
    (site, bad.host(), good.host())
}

/// Sends `/bad`; until it is over the neighbour answers, and afterwards the Worker itself again.
async fn others_do_not_notice(site: &Site, bad: &str, good: &str) {
    let failed = site.fetch(bad, "/bad");
    tokio::pin!(failed);
    loop {
        tokio::select! {
            answer = &mut failed => {
                assert!(answer.status >= 500, "{answer:?}");
                break;
            }
            answer = site.fetch(good, "/") => assert_eq!(answer.text, "hello"),
        }
    }
    site.fetch_text(bad, "/", "fine").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_infinite_loop() {
    let code = r#"export default { fetch(request) {
        if (request.url.endsWith("/bad")) for (;;) {}
        return new Response("fine");
    } };"#;
    let (site, bad, good) = beside_a_neighbour(code, Duration::from_secs(1)).await;
    others_do_not_notice(&site, &bad, &good).await;
    assert!(site.metrics().contains("reason=\"Hung\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_infinite_loop_after_the_response() {
    let code = r#"export default { fetch(request, env, ctx) {
        if (request.url.endsWith("/bad")) ctx.waitUntil(scheduler.wait(10).then(() => { for (;;) {} }));
        return new Response("fine");
    } };"#;
    let (site, bad, good) = beside_a_neighbour(code, Duration::from_secs(1)).await;
    site.fetch(&bad, "/bad").await;
    until("it is killed", || {
        site.metrics().contains("reason=\"Hung\"")
    })
    .await;
    site.fetch_text(&good, "/", "hello").await;
    site.fetch_text(&bad, "/", "fine").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_heap_than_there_is() {
    let code = r#"export default { fetch(request) {
        if (request.url.endsWith("/bad")) { const all = []; for (;;) all.push(new Array(1000).fill({})); }
        return new Response("fine");
    } };"#;
    let (site, bad, good) = beside_a_neighbour(code, Duration::from_secs(30)).await;
    others_do_not_notice(&site, &bad, &good).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_buffers_than_there_are() {
    let code = r#"export default { fetch(request) {
        if (request.url.endsWith("/bad")) {
            const all = [];
            for (let count = 0; count < 4096; count++) all.push(new Uint8Array(1 << 20).fill(1));
        }
        return new Response("fine");
    } };"#;
    let (site, bad, good) = beside_a_neighbour(code, Duration::from_secs(30)).await;
    // The allocation fails in the Worker, or the process dies of it; it never gets the 4 GiB.
    others_do_not_notice(&site, &bad, &good).await;
}

/// Every line that is logged, as text.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// Logs everything of this process here, from now on.
    fn capture() -> Self {
        let lines = Self::default();
        let writer = lines.clone();
        let layer = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_writer(move || writer.clone());
        let filter = tracing_subscriber::filter::LevelFilter::TRACE;
        let subscriber = tracing_subscriber::registry().with(filter).with(layer);
        tracing::subscriber::set_global_default(subscriber).unwrap();
        lines
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock()).into_owned()
    }

    fn count(&self, text: &str) -> usize {
        self.text()
            .lines()
            .filter(|line| line.contains(text))
            .count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_logs() {
    let code = r#"export default { fetch(request) {
        if (request.url.endsWith("/flood")) {
            for (let line = 0; line < 20000; line++) console.log("flood line " + line);
            console.log("long ".repeat(100000));
        }
        return new Response("fine");
    } };"#;
    let lines = Lines::capture();
    let (site, bad, good) = beside_a_neighbour(code, Duration::from_secs(30)).await;
    let flood = site.fetch(&bad, "/flood");
    tokio::pin!(flood);
    loop {
        tokio::select! {
            answer = &mut flood => break assert_eq!(answer.text, "fine"),
            answer = site.fetch(&good, "/") => assert_eq!(answer.text, "hello"),
        }
    }
    until("it is told what is left out", || {
        lines.count("suppressed=") > 0
    })
    .await;
    let logged = lines.count("flood line");
    assert!((1..2000).contains(&logged), "{logged} lines");
    let longest = lines.text().lines().map(str::len).max();
    assert!(longest < Some(6000), "{longest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn log_lines_cannot_be_forged() {
    let code = r#"export default { fetch(request) {
        const forged = "2026-11-22T00:00:00.000000Z  INFO coffer_server::request: forged";
        for (const end of ["\n", "\r\n", "\r", "\u2028", "\u2029", "\u0085", "\u001b[2K\u001b[1G", "\b"])
            for (const say of [console.log, console.error]) say("said" + end + forged);
        if (request.url.endsWith("/throw")) throw new Error("said\n" + forged);
        return new Response("fine");
    } };"#;
    // Refused at its start, with a name of the author's choice in the runtime's words.
    let refused = r#"throw new Error("refused\n2026-11-22T00:00:00.000000Z  INFO coffer_server::request: forged");
        export default {};"#;
    let lines = Lines::capture();
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let printing = tenant.worker("printing", code, vec![]);
    let broken = tenant.worker("broken", refused, vec![]);
    let site = Site::start(&plane);
    site.fetch_text(&printing.host(), "/", "fine").await;
    site.fetch(&printing.host(), "/throw").await;
    site.fetch_until(&broken.host(), "/", |answer| answer.status >= 500)
        .await;
    until("lines come", || {
        lines.count("said") >= 33 && lines.count("a version did not start") > 0
    })
    .await;
    let text = lines.text();
    assert!(lines.count("refused\\n2026-") > 0, "{text}");
    let forged = text
        .lines()
        .any(|line| line.starts_with("2026-11-22T00:00:00.000000Z"));
    assert!(!forged, "{text}");
    let raw = text
        .chars()
        .find(|one| (one.is_control() && *one != '\n') || ['\u{2028}', '\u{2029}'].contains(one));
    assert_eq!(raw, None, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn values_do_not_reach_logs_or_the_process_table() {
    let code = r#"export default { async fetch(request, env) {
        const value = await env.S.get();
        console.log("plain", value, "and", env.TOKEN);
        console.error(JSON.stringify({ value, token: env.TOKEN }), { value }, [env.TOKEN]);
        console.log("x".repeat(262144 - 12) + value);
        if (request.url.endsWith("/throw")) throw new Error("with " + value + env.TOKEN);
        return new Response(value);
    } };"#;
    let lines = Lines::capture();
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let value = "marked-canary \"quoted\" and 'more'";
    tenant.add_secret("KEY", value);
    let mut worker = tenant.idle_worker("shop");
    let mut version = worker.version(code, vec![tenant.binding("S", "KEY")]);
    worker.add_secret(
        &mut version,
        "TOKEN",
        "marked-canary-two\nwith-a-second-line",
    );
    worker.add_version(&version);
    worker.deploy(coffer_types::Split::whole(version.version_id));
    let site = Site::start(&plane);

    site.fetch_text(&worker.host(), "/", value).await;
    let thrown = site.fetch(&worker.host(), "/throw").await;
    assert!(!thrown.text.contains("marked-canary"));
    until("lines come", || lines.count("REDACTED") >= 3).await;
    for pid in site.processes() {
        for file in ["environ", "cmdline", "status"] {
            let content = std::fs::read(format!("/proc/{pid}/{file}")).unwrap();
            let content = String::from_utf8_lossy(&content).into_owned();
            assert!(!content.contains("marked-canary"), "{file}: {content}");
            let constant = "GLIBC_TUNABLES=glibc.pthread.rseq=0\0";
            assert!(file != "environ" || content == constant, "{content}");
        }
    }
    assert!(!holds(site.directory.path(), "marked-canary"));
    assert!(!site.metrics().contains("marked-canary"));
    drop(site);
    let text = lines.text();
    assert!(text.contains("plain REDACTED and REDACTED"), "{text}");
    for part in ["marked-canar", "with-a-second-line"] {
        assert!(!text.contains(part), "{part}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn patched_prototypes_see_only_their_own_secret() {
    // Everything that the binding could use is replaced by something that looks for values, before any
    // secret is read; what it saw is the answer.
    let code = r#"
const seen = new Set();
const { stringify } = JSON; const { from } = Array;
let looking = false;
const look = (value) => { if (looking) return; looking = true; try { seen.add(typeof value === "string" ? value : stringify(value) ?? ""); } catch {} looking = false; };
const spied = (target, name) => {
  const original = target[name];
  if (typeof original !== "function") return;
  try { target[name] = function (...all) { look(this); all.forEach(look); const out = original.apply(this, all); look(out); return out; }; } catch {}
};
for (const type of [Response, Request, Headers, Map, Set, String, Number, RegExp, Error])
  for (const name of Object.getOwnPropertyNames(type.prototype)) {
    const property = Object.getOwnPropertyDescriptor(type.prototype, name);
    if (property.value && name !== "constructor" && name !== "add") spied(type.prototype, name);
  }
spied(JSON, "parse"); spied(Date, "now"); spied(Object, "freeze"); spied(globalThis, "fetch");
Object.defineProperty(Object.prototype, "then", { get() { look(this); return undefined; }, configurable: true });
Object.defineProperty(Array.prototype, 0, { set(value) { look(value); }, get() {}, configurable: true });
Promise.prototype.constructor = class Spy extends Promise { constructor(executor) { super((done, fail) => executor((value) => { look(value); done(value); }, fail)); } };
export default { async fetch(request, env) {
  let mine; try { mine = await env.S.get(); } catch (error) { mine = error.message; }
  let changed = "frozen"; try { env.S.get = () => "forged"; if (await env.S.get() === "forged") changed = "changed"; } catch {}
  const keys = Object.getOwnPropertyNames(env.S).sort().join();
  let text = ""; seen.forEach((one) => { text += one + "\n"; });
  return new Response([mine, changed, keys, text].join("\n"));
} };"#;
    let plane = Plane::new();
    let (tenant, other) = (Tenant::new(&plane, "dev"), Tenant::new(&plane, "other"));
    tenant.add_secret("MINE", "value-of-mine");
    tenant.add_secret("UNBOUND", "canary-unbound");
    other.add_secret("MINE", "canary-of-another");
    let hostile = tenant.worker("hostile", code, vec![tenant.binding("S", "MINE")]);
    let honest = other.worker("honest", READS, vec![other.binding("S", "MINE")]);
    let site = Site::start(&plane);
    site.fetch_text(&honest.host(), "/", "canary-of-another")
        .await;

    let answer = site
        .fetch_until(&hostile.host(), "/", |answer| answer.status == 200)
        .await;
    assert!(
        answer
            .text
            .starts_with("value-of-mine\nfrozen\nget,getMulti\n"),
        "{}",
        answer.text
    );
    assert!(!answer.text.contains("canary"), "{}", answer.text);
    site.fetch_text(&honest.host(), "/", "canary-of-another")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn internal_modules_cannot_be_imported() {
    let code = r#"export default { async fetch() {
        const found = [];
        for (const name of ["coffer:secret", "cloudflare-internal:workers", "cloudflare-internal:env", "workerd:unsafe"])
            try { await import(name); found.push(name); } catch {}
        return Response.json(found);
    } };"#;
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let worker = tenant.worker("shop", code, vec![tenant.binding("S", "KEY")]);
    let site = Site::start(&plane);
    site.fetch_text(&worker.host(), "/", "[]").await;
}
