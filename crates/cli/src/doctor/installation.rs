//! The installation: the server that holds it, or its database.

use coffer_engine::Installation;
use coffer_protocol::operator::{Health, Status};

use super::finding::Finding;
use crate::config::Config;
use crate::failure::Failure;
use crate::operator::Operated;

/// Looks at the installation, and gives the server that runs, if one does.
pub(super) async fn look(config: &Config) -> (Option<Status>, Vec<Finding>) {
    if !Installation::exists(&config.data) {
        return (None, Vec::new());
    }
    match Installation::schema(&config.data) {
        Ok((found, newest)) if found < newest && !is_served(config) => {
            let told = format!("of schema {found}; this coffer brings it to {newest} at its start");
            let advice = "make a backup first; it was not looked at further, to leave it as it is";
            return (None, vec![Finding::warn("database", told, advice)]);
        }
        _ => {}
    }
    let operated = match Operated::of(config).await {
        Ok(operated) => operated,
        Err(failure) => {
            let advice = "do what it says; if it is damaged, restore a backup";
            return (
                None,
                vec![Finding::fail("database", failure.message(), advice)],
            );
        }
    };
    let mut findings = Vec::new();
    let server = if operated.is_served() {
        let (server, finding) = server(operated.look("/status").await);
        findings.push(finding);
        server
    } else {
        findings.push(Finding::ok("server", "none runs"));
        None
    };
    match operated.look("/health").await {
        Ok(health) => findings.extend(database(&health)),
        Err(failure) => findings.push(Finding::fail(
            "database",
            failure.message(),
            "look at the server's log",
        )),
    }
    operated.close().await;
    (server, findings)
}

fn is_served(config: &Config) -> bool {
    coffer_server::operator_socket_path(&config.data).exists()
}

fn server(answer: Result<Status, Failure>) -> (Option<Status>, Finding) {
    let status = match answer {
        Ok(status) => status,
        Err(failure) => {
            let advice = "look at the server's log, and restart it";
            return (None, Finding::fail("server", failure.message(), advice));
        }
    };
    let found = format!("version {} runs (process {})", status.version, status.pid);
    let own = env!("CARGO_PKG_VERSION");
    let finding = if let Some(waiting_for) = &status.waiting_for {
        Finding::warn(
            "server",
            format!("{found}, and waits for {waiting_for}"),
            "look at the server's log if that goes on",
        )
    } else if status.version == own {
        Finding::ok("server", found)
    } else {
        let advice = format!("restart the server: this command is version {own}");
        Finding::warn("server", found, advice)
    };
    (Some(status), finding)
}

fn database(health: &Health) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.push(if health.problems.is_empty() {
        Finding::ok("database", format!("whole, of schema {}", health.schema))
    } else {
        Finding::fail(
            "database",
            health.problems.join("; "),
            "stop the server, keep a copy of the data directory, and restore a backup",
        )
    });
    findings.push(match &health.audit_log_damage {
        None => Finding::ok(
            "audit log",
            format!("{} events, as signed", health.audit_events),
        ),
        Some(damage) => Finding::fail(
            "audit log",
            damage.clone(),
            "`coffer audit verify` shows what was changed",
        ),
    });
    let is_behind = health
        .newest_event_at
        .is_some_and(|newest| newest > health.now);
    findings.push(if is_behind {
        let newest = health.newest_event_at.map(|at| at.to_string());
        Finding::fail(
            "clock",
            format!(
                "it says {}, and the newest event is of {}",
                health.now,
                newest.unwrap_or_default()
            ),
            "set the clock: by a clock that is behind, tokens and sessions live too long",
        )
    } else {
        Finding::ok("clock", format!("{}, after the newest event", health.now))
    });
    findings
}

#[cfg(test)]
mod tests {
    use coffer_types::Timestamp;

    use super::*;
    use crate::doctor::finding::Outcome;

    #[test]
    fn damage_and_a_clock_that_is_behind_fail() {
        let well = Health {
            schema: 1,
            problems: Vec::new(),
            newest_event_at: Some(Timestamp::from_micros(10)),
            audit_events: 1,
            audit_log_damage: None,
            now: Timestamp::from_micros(10),
        };
        assert!(
            database(&well)
                .iter()
                .all(|finding| finding.outcome == Outcome::Ok)
        );
        let unwell = Health {
            problems: vec!["row 1 missing from index".to_owned()],
            audit_log_damage: Some("event 1 is not what was signed".to_owned()),
            now: Timestamp::from_micros(9),
            ..well
        };
        let findings = database(&unwell);
        assert_eq!(findings.len(), 3);
        assert!(
            findings
                .iter()
                .all(|finding| finding.outcome == Outcome::Fail && finding.advice.is_some())
        );
    }
}
