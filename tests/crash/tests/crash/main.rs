//! The server is killed at random moments under concurrent creates, updates, deletes and deploys. Every
//! acknowledged write is there afterwards, nothing unacknowledged is half there, what Workers read agrees with
//! what the API shows, and so do the audit table and the data.
//!
//! `COFFER_CRASH_CYCLES` says how often (20 by default), `COFFER_CRASH_SEED` where its randomness begins.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and tells what it measured by printing"
)]

mod audit;
mod deployer;
mod secrets;

use std::sync::Arc;
use std::time::Duration;

use coffer_testkit::{Instance, SeededRandom};

use crate::deployer::Deployer;
use crate::secrets::{Secrets, Writer};

const DEFAULT_CYCLES: u64 = 20;

/// A cycle ends after 20 to 420 ms of writing: some kills meet the first write, some a busy writer.
const SHORTEST_MS: u64 = 20;
const SPREAD_MS: u64 = 400;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_in_a_crash() {
    let cycles = number("COFFER_CRASH_CYCLES").unwrap_or(DEFAULT_CYCLES);
    let seed = number("COFFER_CRASH_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    println!("seed {seed}");
    let random = Arc::new(SeededRandom::new(seed));

    let mut instance = Instance::start().await.unwrap();
    let mut secrets = Secrets::prepare(&instance).await;
    let deployer = Deployer::prepare(&instance).await;
    let mut slowest = Duration::ZERO;
    for cycle in 1..=cycles {
        let mut tasks = tokio::task::JoinSet::new();
        for writer in Writer::one_for_each_group(&secrets, &random) {
            tasks.spawn(writer.write_until_unreachable());
        }
        tasks.spawn(deployer.clone().deploy_until_unreachable());
        let writing = Duration::from_millis(SHORTEST_MS + random.below(SPREAD_MS));
        // Waits for nothing: this is the random moment.
        tokio::time::sleep(writing).await;
        instance.kill().await.unwrap();
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }

        let ready = instance.serve().await.unwrap();
        slowest = slowest.max(ready);
        let context = format!("cycle {cycle} of seed {seed}");
        audit::verifies(&instance, &context).await;
        secrets.check(&instance, &context).await;
        deployer.check(&instance, &context).await;
    }
    println!(
        "{cycles} cycles; {} writes and {} deploys acknowledged; ready again in at most {} ms",
        secrets.acknowledged(),
        deployer.acknowledged(),
        slowest.as_millis()
    );
    assert!(
        secrets.acknowledged() > cycles,
        "the writers got something done"
    );

    let status = instance.terminate().await.unwrap();
    assert!(status.success(), "{status}");
    audit::agrees(&instance).await;
}

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var_os(variable)?;
    Some(
        value
            .to_str()
            .and_then(|text| text.parse().ok())
            .expect("a number"),
    )
}
