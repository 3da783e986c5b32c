//! How quickly events are appended to the audit log and verified: `audit_log [EVENTS]`.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement prints its figures and ends at whatever is wrong"
)]

use std::sync::Arc;
use std::time::Instant;

use coffer_crypto::{PasswordHasher, RootKey, SystemRandom};
use coffer_engine::log::{AuditLog, verify_export};
use coffer_engine::{Installation, NewInstallation};
use coffer_types::SystemClock;

const DEFAULT_EVENTS: u64 = 1_000_000;
/// Writes that wait at once: as many as one commit takes.
const AT_ONCE: u64 = 256;

#[tokio::main]
async fn main() {
    let events = std::env::args().nth(1);
    let events = events.map_or(DEFAULT_EVENTS, |events| events.parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let root_key = RootKey::create(&directory.path().join("root.key"), &SystemRandom).unwrap();
    let new = NewInstallation {
        account_name: "account".to_owned(),
        subdomain: "dev".parse().unwrap(),
        email: "admin@example.com".parse().unwrap(),
    };
    let (installation, first) = Installation::create(
        directory.path(),
        &root_key,
        &PasswordHasher::new(1),
        Arc::new(SystemClock),
        Arc::new(SystemRandom),
        new,
    )
    .await
    .unwrap();
    let limits = installation.accounts().await.unwrap()[0].limits;

    let started = Instant::now();
    for _ in 0..events / AT_ONCE {
        let mut writes = tokio::task::JoinSet::new();
        for _ in 0..AT_ONCE {
            let installation = installation.clone();
            writes.spawn(async move { installation.set_limits(first.account_id, limits).await });
        }
        while let Some(written) = writes.join_next().await {
            written.unwrap().unwrap();
        }
    }
    installation.close().await;
    tell("appended, each in a write of its own", events, started);

    let key = AuditLog::open(directory.path())
        .await
        .unwrap()
        .key(&root_key)
        .await
        .unwrap();
    let started = Instant::now();
    let log = AuditLog::open(directory.path()).await.unwrap();
    let verification = log.verify(&key, &[], &mut |_| {}).await.unwrap();
    assert!(verification.ok);
    tell("verified in the database", verification.size, started);

    let started = Instant::now();
    let output = directory.path().join("export");
    let log = AuditLog::open(directory.path()).await.unwrap();
    let exported = log.export(&output, None, &mut |_| {}).await.unwrap();
    tell("exported", exported.size, started);

    let started = Instant::now();
    let verification = verify_export(&output, &key, &[], &mut |_| {})
        .await
        .unwrap();
    assert!(verification.ok);
    tell("verified in an export", verification.size, started);
}

fn tell(what: &str, events: u64, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    #[allow(clippy::cast_precision_loss, reason = "a figure to be read")]
    let rate = events as f64 / seconds;
    println!("{events} events {what}: {seconds:.2} s, {rate:.0}/s");
}
