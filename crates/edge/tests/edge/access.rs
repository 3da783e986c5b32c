//! Reads of secrets, as they reach the audit log.

use std::collections::HashMap;

use coffer_types::SecretName;

use crate::support::{Plane, READS, Site, Tenant, until};

/// Reads `S` as often as the query says, without pause, and `T` never.
const READS_OFTEN: &str = r#"export default { async fetch(request, env) {
    const times = +new URL(request.url).searchParams.get("times");
    for (let time = 0; time < times; time++) await env.S.get();
    return new Response("read");
} };"#;

#[tokio::test(flavor = "multi_thread")]
async fn every_read_is_counted_and_the_first_told_at_once() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let secret = tenant.add_secret("KEY", "the value");
    tenant.add_secret("UNREAD", "never leaves");
    let bindings = vec![tenant.binding("S", "KEY"), tenant.binding("T", "UNREAD")];
    let worker = tenant.worker("shop", READS_OFTEN, bindings);
    let mut site = Site::start(&plane);

    site.fetch_text(&worker.host(), "/?times=1", "read").await;
    until("the first read is reported", || plane.reads() == 1).await;
    for _ in 0..7 {
        site.fetch_text(&worker.host(), "/?times=1000", "read")
            .await;
    }
    // The rest of the window waits for its end, which is the edge's here.
    assert_eq!(plane.reads(), 1);
    site.stop().await;

    let reports = plane.reports.lock().clone();
    assert_eq!(plane.reads(), 7001, "{reports:?}");
    for report in &reports {
        assert_eq!(
            report.secret_id, secret.secret_id,
            "an unread value does not leave"
        );
        assert_eq!(report.worker_id, worker.record.worker_id);
        assert!(report.first_at <= report.last_at);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_are_of_the_value_that_was_read() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut secret = tenant.add_secret("KEY", "one");
    let worker = tenant.worker("shop", READS, vec![tenant.binding("S", "KEY")]);
    let mut site = Site::start(&plane);
    site.fetch_text(&worker.host(), "/", "one").await;
    tenant.set_value(&mut secret, "two");
    site.fetch_text(&worker.host(), "/", "two").await;
    tenant.remove_secret(&secret);
    site.fetch_text(&worker.host(), "/", "Error: Secret \"KEY\" not found")
        .await;
    site.stop().await;

    let mut reads: HashMap<u32, u64> = HashMap::new();
    for report in plane.reports.lock().iter() {
        *reads.entry(report.value_version.0).or_default() += report.reads;
    }
    let mut versions: Vec<_> = reads.keys().copied().collect();
    versions.sort_unstable();
    assert_eq!(versions, [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_wait_for_a_source_that_is_away() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    tenant.add_secret("KEY", "the value");
    let worker = tenant.worker("shop", READS_OFTEN, vec![tenant.binding("S", "KEY")]);
    let site = Site::start(&plane);
    site.fetch_text(&worker.host(), "/?times=0", "read").await;
    plane.set_away(true);
    site.fetch_text(&worker.host(), "/?times=1", "read").await;
    assert_eq!(plane.reads(), 0);
    plane.set_away(false);
    until("the read is reported", || plane.reads() == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_secret_is_not_read() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let name: SecretName = "KEY".parse().unwrap();
    let worker = tenant.worker("shop", READS, vec![tenant.binding("S", name.as_str())]);
    let mut site = Site::start(&plane);
    site.fetch_text(&worker.host(), "/", "Error: Secret \"KEY\" not found")
        .await;
    site.stop().await;
    assert_eq!(plane.reads(), 0);
}
