//! What the machine gives: open files, no core dumps, a clock that is kept.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Resource, getrlimit};
use tokio::process::Command;

use super::finding::Finding;

/// Each connection takes one or two, each Worker's process some more.
const ENOUGH_FILES: u64 = 16_384;
/// How long `timedatectl` may take.
const ANSWER: Duration = Duration::from_secs(5);

/// How many files the server may have open at once; it raises its own limit to the hard one.
pub(super) fn open_files() -> Finding {
    let check = "open files";
    match getrlimit(Resource::Nofile).maximum {
        None => Finding::ok(check, "without a limit"),
        Some(most) if most >= ENOUGH_FILES => Finding::ok(check, format!("{most} at the most")),
        Some(most) => Finding::warn(
            check,
            format!("{most} at the most"),
            format!(
                "raise the hard limit to {ENOUGH_FILES}: LimitNOFILE= in the systemd unit, or ulimit -Hn"
            ),
        ),
    }
}

/// Memory with values must not be written to files.
pub(super) fn core_dumps() -> Finding {
    let check = "core dumps";
    match getrlimit(Resource::Core).current {
        // Every command turns them off at its start.
        Some(0) => Finding::ok(check, "off for Coffer and its Workers"),
        _ => Finding::fail(
            check,
            "they could not be turned off",
            "set LimitCORE=0 in the systemd unit, or ulimit -c 0",
        ),
    }
}

/// Whether something keeps the clock right, where the machine tells.
pub(super) async fn clock_is_kept() -> Finding {
    let check = "time";
    match synchronised().await.as_deref() {
        Some("yes") => Finding::ok(check, "kept right over the network"),
        Some("no") => Finding::warn(
            check,
            "nothing keeps the clock right",
            "`timedatectl set-ntp true`, or install chrony: expiry of tokens and codes of authenticator apps go by it",
        ),
        _ => Finding::ok(
            check,
            "the machine does not tell whether the clock is kept right",
        ),
    }
}

async fn synchronised() -> Option<String> {
    let answer = Command::new("timedatectl")
        .args(["show", "--property=NTPSynchronized", "--value"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let answer = tokio::time::timeout(ANSWER, answer).await.ok()?.ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    answer.status.success().then(|| text.trim().to_owned())
}
