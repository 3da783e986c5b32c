//! What an edge does while its control plane is away, forgetful, or another one.

use std::fs;

use coffer_protocol::feed::Subject;

use crate::support::{Plane, READS, Site, Tenant, holds, until};

#[tokio::test(flavor = "multi_thread")]
async fn serves_while_the_source_is_away_and_after_a_restart() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut secret = tenant.add_secret("KEY", "marked-canary-value-one");
    let worker = tenant.worker("shop", READS, vec![tenant.binding("S", "KEY")]);
    let mut site = Site::start(&plane);
    let id = site.edge.as_ref().unwrap().id();
    site.fetch_text(&worker.host(), "/", "marked-canary-value-one")
        .await;

    plane.set_away(true);
    until("the source is missed", || {
        !site.edge.as_ref().unwrap().is_caught_up()
    })
    .await;
    site.fetch_text(&worker.host(), "/", "marked-canary-value-one")
        .await;
    site.restart().await;
    site.fetch_text(&worker.host(), "/", "marked-canary-value-one")
        .await;
    assert_eq!(site.edge.as_ref().unwrap().id(), id);
    assert!(!site.edge.as_ref().unwrap().is_caught_up());

    tenant.set_value(&mut secret, "marked-canary-value-two");
    plane.set_away(false);
    site.fetch_text(&worker.host(), "/", "marked-canary-value-two")
        .await;
    assert!(site.edge.as_ref().unwrap().is_caught_up());
    site.stop().await;
    let directory = site.directory.path();
    assert!(holds(directory, "KEY"), "the replica is written");
    assert!(!holds(directory, "marked-canary-value"));
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledges_what_it_serves() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let site = Site::start(&plane);
    tenant.add_secret("KEY", "the value");
    until("both changes are acknowledged", || {
        *plane.acknowledged.borrow() == 2
    })
    .await;
    drop(site);
}

#[tokio::test(flavor = "multi_thread")]
async fn takes_a_new_snapshot_when_changes_are_forgotten() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut secret = tenant.add_secret("KEY", "one");
    let worker = tenant.worker("shop", READS, vec![tenant.binding("S", "KEY")]);
    let site = Site::start(&plane);
    site.fetch_text(&worker.host(), "/", "one").await;
    plane.set_away(true);
    until("the source is missed", || {
        !site.edge.as_ref().unwrap().is_caught_up()
    })
    .await;
    tenant.set_value(&mut secret, "two");
    plane.forget_changes();
    plane.set_away(false);
    site.fetch_text(&worker.host(), "/", "two").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn throws_away_the_replica_of_another_database() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    tenant.add_secret("KEY", "one");
    let worker = tenant.worker("shop", READS, vec![tenant.binding("S", "KEY")]);
    let mut site = Site::start(&plane);
    site.fetch_text(&worker.host(), "/", "one").await;
    plane.start_over();
    site.restart().await;
    site.fetch_until(&worker.host(), "/", |answer| answer.status == 404)
        .await;
    until("no process is left", || site.processes().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_worker_answers_no_more() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    tenant.add_secret("KEY", "one");
    let worker = tenant.worker("shop", READS, vec![tenant.binding("S", "KEY")]);
    let site = Site::start(&plane);
    site.fetch_text(&worker.host(), "/", "one").await;
    let version_id = worker.record.deployment.as_ref().unwrap().shares()[0].version_id;
    plane.remove(Subject::Version(version_id));
    plane.remove(Subject::Worker(worker.record.worker_id));
    site.fetch_until(&worker.host(), "/", |answer| answer.status == 404)
        .await;
    until("its process is gone", || site.processes().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_files_are_fetched_again_or_left_aside() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    tenant.add_secret("KEY", "one");
    let worker = tenant.worker("shop", READS, vec![tenant.binding("S", "KEY")]);
    let mut site = Site::start(&plane);
    site.fetch_text(&worker.host(), "/", "one").await;
    site.stop().await;
    let replica = site.directory.path().join("replica");
    for blob in fs::read_dir(replica.join("blobs")).unwrap() {
        fs::write(
            blob.unwrap().path(),
            "export default { fetch() { return new Response('forged') } }",
        )
        .unwrap();
    }
    fs::write(replica.join("replica.json"), "{\"format\":1,\"snapsh").unwrap();
    site.restart().await;
    site.fetch_text(&worker.host(), "/", "one").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let worker = tenant.worker("shop", READS, vec![tenant.binding("S", "KEY")]);
    let mut site = Site::start(&plane);
    site.fetch_until(&worker.host(), "/", |answer| answer.status == 500)
        .await;
    let mode = |path: &str| {
        let path = site.directory.path().join(path);
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(
        [mode("run/edge"), mode("replica"), mode("replica/blobs")],
        [0o700; 3]
    );
    site.stop().await;
    let replica = site.directory.path().join("replica/replica.json");
    assert_eq!(
        fs::metadata(replica).unwrap().permissions().mode() & 0o777,
        0o600
    );
}
