//! Workers that do what they should not.

use std::net::TcpListener;
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
async fn private_addresses_are_out_of_reach() {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let code = r#"
import { connect } from "cloudflare:sockets";
import net from "node:net";
const HOSTS = ["127.0.0.1", "127.1", "127.0.0.1.", "0177.0.0.1", "0x7f.1", "2130706433", "0", "0.0.0.0",
  "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "localhost", "localhost.",
  "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "169.254.169.254", "[fe80::1]", "[fd00::1]",
  "[fd00:ec2::254]", "metadata.google.internal", "169.254.170.2", "255.255.255.255", "224.0.0.1"];
const within = (promise) => Promise.race([promise, scheduler.wait(3000).then(() => { throw "late"; })]);
export default { async fetch(request) {
  const port = new URL(request.url).searchParams.get("port");
  const reached = [];
  await Promise.all(HOSTS.flatMap((host) => [
    within(fetch(`http://${host}:${port}/`)).then(() => reached.push("fetch " + host), () => {}),
    within((async () => { await connect(`${host}:${port}`).opened; })()).then(() => reached.push("connect " + host), () => {}),
    within(new Promise((done, fail) => {
      const socket = net.connect(+port, host.replace(/[\[\]]/g, ""));
      socket.on("connect", done); socket.on("error", fail);
    })).then(() => reached.push("node:net " + host), () => {}),
  ]));
  return Response.json(reached);
} };"#;
    let plane = Plane::new();
    let worker = Tenant::new(&plane, "dev").worker("shop", code, vec![]);
    let site = Site::start(&plane);
    // The gateway itself is another server on this machine.
    for port in [port, site.address.port()] {
        let path = format!("/?port={port}");
        let answer = site
            .fetch_until(&worker.host(), &path, |answer| answer.status != 404)
            .await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "[]"));
    }
    assert!(listener.accept().is_err(), "somebody connected");
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
