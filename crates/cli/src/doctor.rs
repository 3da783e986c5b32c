//! `coffer doctor`: what may keep Coffer from working here, and what to do about it.
//!
//! To add a check: a function in the file of what it looks at, which gives a [`Finding`] and changes nothing.

mod addresses;
mod directory;
mod finding;
mod installation;
mod machine;
mod remote;
mod runtime;
mod tools;

use anstyle::{AnsiColor, Style};
use clap::Args;

use crate::arguments::Settings;
use crate::config::{self, Config};
use crate::failure::Failure;
use crate::{logging, output};

use finding::{Finding, Outcome};

/// Look for what may keep Coffer from working, and say what to do.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer doctor --data /var/lib/coffer\n  coffer doctor --config /etc/coffer/coffer.toml --json"
)]
pub(crate) struct Doctor {
    #[command(flatten)]
    settings: Settings,
}

impl Doctor {
    /// Looks, and tells what was found.
    ///
    /// # Errors
    /// If something is found that keeps Coffer from working.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let findings = match configured(&self.settings) {
            Ok(config) => everything(&config, &self.settings).await,
            Err(failure) => vec![
                Finding::fail(
                    "configuration",
                    failure.message(),
                    "correct it; what depends on it was not looked at",
                ),
                machine::open_files(),
                machine::core_dumps(),
            ],
        };
        show(&findings);
        let failed = findings
            .iter()
            .filter(|finding| finding.outcome == Outcome::Fail);
        match failed.count() {
            0 => Ok(()),
            1 => Err(Failure::sentence("1 check failed")),
            many => Err(Failure::sentence(format!("{many} checks failed"))),
        }
    }
}

fn configured(settings: &Settings) -> Result<Config, Failure> {
    let config = config::load(settings)?;
    logging::start(&config)?;
    Ok(config)
}

async fn everything(config: &Config, settings: &Settings) -> Vec<Finding> {
    let mut findings = vec![Finding::ok("configuration", config::source(settings))];
    findings.extend(directory::look(config));
    let (server, found) = installation::look(config).await;
    findings.extend(found);
    findings.extend(addresses::look(config, server.as_ref()));
    findings.extend(runtime::look(config).await);
    findings.push(machine::clock_is_kept().await);
    findings.push(machine::open_files());
    findings.push(machine::core_dumps());
    findings.extend(tools::look());
    findings.extend(remote::look().await);
    findings
}

/// Shows findings: an array with `--json`, else a line for each, and what to do below it.
fn show(findings: &[Finding]) {
    if output::is_json() {
        output::json(&findings);
        return;
    }
    let width = findings
        .iter()
        .map(|finding| finding.check.len())
        .max()
        .unwrap_or(0);
    for finding in findings {
        let (word, colour) = match finding.outcome {
            Outcome::Ok => ("ok  ", AnsiColor::Green),
            Outcome::Warn => ("warn", AnsiColor::Yellow),
            Outcome::Fail => ("fail", AnsiColor::Red),
        };
        let word = output::on_stdout(word, colour.on_default().bold());
        let check = format!("{:width$}", finding.check);
        output::data(&format!(
            "{word}  {check}  {}",
            output::printable(&finding.found)
        ));
        if let Some(advice) = &finding.advice {
            let advice = output::on_stdout(&output::printable(advice), Style::new().bold());
            output::data(&format!("      {:width$}  → {advice}", ""));
        }
    }
}
