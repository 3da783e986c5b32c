//! Watching a process that takes requests, until there is a reason to end it.

use std::process::ExitStatus;

use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::Process;
use crate::gateway::Upstream;
use crate::settings::RuntimeConfig;

/// A process without requests is asked at every so many beats: it may loop in a timer of its own.
const BEATS_AT_REST: u32 = 10;

/// Why a process no longer takes requests.
#[derive(Debug)]
pub(super) enum End {
    /// It ended by itself.
    Died(Option<ExitStatus>),
    /// It does not answer.
    Hung,
    /// Nobody has asked for it in a while.
    Idle,
    /// Another version has its traffic, or the edge stops.
    Retired,
}

/// Watches until the process should end, or has.
pub(super) async fn watch(
    process: &mut Process,
    upstream: &Upstream,
    runtime: &RuntimeConfig,
    retire: &CancellationToken,
) -> End {
    let mut beats = tokio::time::interval(runtime.heartbeat_every);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beats.reset();
    let mut last_beat = Instant::now();
    let mut resting = 0;
    loop {
        tokio::select! {
            status = process.ended() => return End::Died(status.ok()),
            () = retire.cancelled() => return End::Retired,
            () = upstream.failure() => {
                // It refused a connection: it is ending or hung, and one beat tells which.
                return unless_alive(process, runtime).await.unwrap_or(End::Hung);
            }
            _ = beats.tick() => {}
        }
        if upstream.in_flight() == 0 && upstream.idle_for() >= runtime.idle_after {
            return End::Idle;
        }
        let used = upstream.idle_for() < last_beat.elapsed();
        resting = if used { 0 } else { resting + 1 };
        if used || resting >= BEATS_AT_REST {
            resting = 0;
            last_beat = Instant::now();
            if let Some(end) = unless_alive(process, runtime).await {
                return end;
            }
        }
    }
}

/// Asks for a beat: `None` when it is answered, else what is wrong.
async fn unless_alive(process: &mut Process, runtime: &RuntimeConfig) -> Option<End> {
    if process.beats(runtime.heartbeat_timeout).await {
        return None;
    }
    // A dead process does not answer either.
    Some(match process.child.try_wait() {
        Ok(Some(status)) => End::Died(Some(status)),
        _ => End::Hung,
    })
}
