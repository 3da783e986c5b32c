//! Processes that hang, crash, linger or are not wanted any more; some are real, some are scripts.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use coffer_types::Split;

use crate::conversation::Conversation;
use crate::support::{Plane, Site, Tenant, until, workerd};

const HELLO: &str = "export default { fetch() { return new Response('hello'); } };";

/// Answers at once, or after the query's time, in which it can be drained.
const SLOW: &str = r#"export default { async fetch(request) {
    await scheduler.wait(+new URL(request.url).searchParams.get("ms"));
    return new Response("NAME");
} };"#;

/// Answers with its name, or sends back what comes in while it comes in.
const ECHO: &str = r#"export default { fetch(request) {
    return new Response(request.method === "POST" ? request.body : "two");
} };"#;

fn script(directory: &Path, text: &str) -> PathBuf {
    let path = directory.join("runtime");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn is_running(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // A zombie is not running; its parent has yet to look.
    !status.is_empty() && !status.contains(") Z ")
}

/// An edge whose runtime is a script, and a Worker on it. One failure opens the circuit.
fn on_script(text: &str, start_timeout: Duration) -> (Site, String, tempfile::TempDir) {
    let plane = Plane::new();
    let worker = Tenant::new(&plane, "dev").worker("shop", HELLO, vec![]);
    let directory = tempfile::tempdir().unwrap();
    let runtime = script(directory.path(), text);
    let site = Site::start_with(&plane, |config| {
        config.workerd = runtime;
        config.start_timeout = start_timeout;
        config.term_grace = Duration::from_millis(300);
        config.heartbeat_timeout = Duration::from_millis(300);
        config.backoff_first = Duration::from_secs(3600);
        config.backoff_most = Duration::from_secs(3600);
        config.circuit_after = 1;
    });
    (site, worker.host(), directory)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_that_hangs_at_start_is_killed() {
    let (site, host, _directory) = on_script("exec sleep 600", Duration::from_millis(300));
    site.fetch_until(&host, "/", |answer| answer.status >= 500)
        .await;
    until("no process is left", || site.processes().is_empty()).await;
    assert!(site.metrics().contains("process_start_failures_total"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_that_crashes_is_given_a_pause() {
    let (site, host, directory) =
        on_script("echo started >> \"$0.log\"; exit 3", Duration::from_secs(5));
    let starts = || {
        let log = fs::read_to_string(directory.path().join("runtime.log"));
        log.unwrap_or_default().lines().count()
    };
    site.fetch_until(&host, "/", |_| starts() > 0).await;
    for _ in 0..20 {
        assert!(site.fetch(&host, "/").await.status >= 500);
    }
    assert_eq!(starts(), 1);
    assert!(site.processes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_runtime_is_a_clear_failure() {
    let plane = Plane::new();
    let worker = Tenant::new(&plane, "dev").worker("shop", HELLO, vec![]);
    let site = Site::start_with(&plane, |config| config.workerd = "/nowhere/workerd".into());
    let answer = site
        .fetch_until(&worker.host(), "/", |answer| answer.status >= 500)
        .await;
    assert!(!answer.text.contains("/nowhere"), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_that_answers_no_heartbeat_is_killed() {
    let listens = r#"cat > /dev/null
echo '{"event":"listen","socket":"http"}' >&3
echo '{"event":"listen","socket":"heartbeat"}' >&3
exec sleep 600"#;
    let (site, host, _directory) = on_script(listens, Duration::from_secs(5));
    until("the route is there", || {
        !site.metrics().contains("replica_seq 0\n")
    })
    .await;
    // It is ready, but the request is never answered: it ends when the process does.
    let answer = site
        .fetch_until(&host, "/", |answer| answer.status >= 500)
        .await;
    assert!(answer.status >= 500);
    until("it is killed", || {
        site.metrics().contains("reason=\"Hung\"")
    })
    .await;
    until("no process is left", || site.processes().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_that_ignores_sigterm_is_killed() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut worker = tenant.worker("shop", HELLO, vec![]);
    let directory = tempfile::tempdir().unwrap();
    let ignores = format!(
        "trap '' TERM\nexec 6<&0\n{} \"$@\" <&6 &\nwait\nwhile :; do sleep 1; done",
        workerd().display()
    );
    let runtime = script(directory.path(), &ignores);
    let site = Site::start_with(&plane, |config| {
        config.workerd = runtime;
        config.term_grace = Duration::from_millis(300);
    });
    site.fetch_text(&worker.host(), "/", "hello").await;
    let stubborn = site.processes();
    assert_eq!(stubborn.len(), 1);

    let next = worker.version(&HELLO.replace("hello", "hello again"), vec![]);
    worker.add_version(&next);
    worker.deploy(Split::whole(next.version_id));
    site.fetch_text(&worker.host(), "/", "hello again").await;
    until("the old process is gone", || !is_running(stubborn[0])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_is_started_again() {
    let plane = Plane::new();
    let worker = Tenant::new(&plane, "dev").worker("shop", HELLO, vec![]);
    let site = Site::start(&plane);
    site.fetch_text(&worker.host(), "/", "hello").await;
    let first = site.processes();
    let pid = rustix::process::Pid::from_raw(first[0].try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    until("it is gone", || !is_running(first[0])).await;
    site.fetch_text(&worker.host(), "/", "hello").await;
    assert_ne!(site.processes(), first);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unused_process_is_stopped_and_comes_back() {
    let plane = Plane::new();
    let worker = Tenant::new(&plane, "dev").worker("shop", HELLO, vec![]);
    let site = Site::start_with(&plane, |config| {
        config.idle_after = Duration::from_millis(300);
    });
    site.fetch_text(&worker.host(), "/", "hello").await;
    until("it is stopped", || site.processes().is_empty()).await;
    assert!(!site.metrics().contains("reason="), "it did not fail");
    site.fetch_text(&worker.host(), "/", "hello").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_lets_requests_finish() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut worker = tenant.worker("shop", &SLOW.replace("NAME", "one"), vec![]);
    let site = Site::start(&plane);
    let host = worker.host();
    site.fetch_text(&host, "/?ms=0", "one").await;
    let old = site.processes();

    let next = worker.version(&SLOW.replace("NAME", "two"), vec![]);
    let slow = site.fetch(&host, "/?ms=1500");
    let deploy = async {
        // The request is under way when the new version takes over.
        until("it is under way", || {
            site.metrics().contains("edge_processes 1")
        })
        .await;
        tokio::task::yield_now().await;
        worker.add_version(&next);
        worker.deploy(Split::whole(next.version_id));
        site.fetch_text(&host, "/?ms=0", "two").await;
        assert!(is_running(old[0]), "it still has a request");
    };
    let (slow, ()) = tokio::join!(slow, deploy);
    assert_eq!((slow.status, slow.text.as_str()), (200, "one"));
    until("the old process is gone", || !is_running(old[0])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn traffic_stays_when_the_new_version_does_not_start() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut worker = tenant.worker("shop", HELLO, vec![]);
    let site = Site::start_with(&plane, |config| {
        config.backoff_first = Duration::from_millis(1);
    });
    site.fetch_text(&worker.host(), "/", "hello").await;

    let broken = worker.version("throw new Error('not today');", vec![]);
    worker.add_version(&broken);
    worker.deploy(Split::whole(broken.version_id));
    until("it was tried", || {
        !site.metrics().contains("process_start_failures_total 0")
    })
    .await;
    assert_eq!(site.fetch(&worker.host(), "/").await.text, "hello");

    let mended = worker.version(&HELLO.replace("hello", "mended"), vec![]);
    worker.add_version(&mended);
    worker.deploy(Split::whole(mended.version_id));
    site.fetch_text(&worker.host(), "/", "mended").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_unused_process_makes_room() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let one = tenant.worker("one", HELLO, vec![]);
    let two = tenant.worker("two", ECHO, vec![]);
    let site = Site::start_with(&plane, |config| {
        config.max_processes = 1;
        config.drain_grace = Duration::ZERO;
    });
    for _ in 0..2 {
        site.fetch_text(&one.host(), "/", "hello").await;
        site.fetch_text(&two.host(), "/", "two").await;
        assert!(site.processes().len() <= 1, "{:?}", site.processes());
    }
    // Two's request is under way while all that is sent comes back, and until it is told to end.
    let mut busy = Conversation::begin(&site, &two.host()).await;
    for _ in 0..3 {
        let refused = site.fetch(&one.host(), "/").await;
        assert_eq!(refused.status, 503, "{}", refused.text);
        busy.say("still here").await;
        busy.hear("still here").await;
    }
    busy.end().await;
    site.fetch_text(&one.host(), "/", "hello").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_after_a_shutdown() {
    let plane = Plane::new();
    let worker = Tenant::new(&plane, "dev").worker("shop", HELLO, vec![]);
    let mut site = Site::start(&plane);
    site.fetch_text(&worker.host(), "/", "hello").await;
    assert_eq!(site.processes().len(), 1);
    site.stop().await;
    assert!(site.processes().is_empty());
}

/// Names the test that plays the part of an edge that is killed.
const VICTIM: &str = "COFFER_TEST_VICTIM";

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_edge_leaves_no_process() {
    if std::env::var_os(VICTIM).is_some() {
        let plane = Plane::new();
        let worker = Tenant::new(&plane, "dev").worker("shop", HELLO, vec![]);
        let site = Site::start(&plane);
        site.fetch_text(&worker.host(), "/", "hello").await;
        println!("process={}.", site.processes()[0]);
        std::future::pending::<()>().await;
    }
    let mut victim = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--nocapture",
            "supervision::a_killed_edge_leaves_no_process",
        ])
        .env(VICTIM, "yes")
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = std::io::BufReader::new(victim.stdout.take().unwrap());
    let pid = std::io::BufRead::lines(stdout)
        .map_while(Result::ok)
        .find_map(|line| {
            line.split_once("process=")?
                .1
                .split_once('.')?
                .0
                .parse()
                .ok()
        })
        .unwrap();
    assert!(is_running(pid));
    victim.kill().unwrap();
    victim.wait().unwrap();
    until("the process dies with its edge", || !is_running(pid)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_edge_stops_its_processes() {
    let plane = Plane::new();
    let worker = Tenant::new(&plane, "dev").worker("shop", HELLO, vec![]);
    let mut site = Site::start(&plane);
    site.fetch_text(&worker.host(), "/", "hello").await;
    drop(site.edge.take());
    until("no process is left", || site.processes().is_empty()).await;
}
