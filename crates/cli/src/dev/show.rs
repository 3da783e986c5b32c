//! What is told while a project is served.

use std::path::Path;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use coffer_edge::{AnsweredRequest, RequestObserver};
use coffer_protocol::tail::TraceEvent;
use serde_json::{Value, json};

use super::bindings::Row;
use crate::output::{self, on_stderr, on_stdout, printable};

/// Prints each request as it is answered.
#[derive(Debug)]
pub(super) struct Requests;

impl RequestObserver for Requests {
    fn answered(&self, request: &AnsweredRequest) {
        let AnsweredRequest {
            method,
            target,
            status,
            took,
        } = request;
        let ms = milliseconds(*took);
        if output::is_json() {
            return output::json(&json!({
                "type": "request", "method": method.as_str(), "path": target, "status": status.as_u16(), "ms": ms,
            }));
        }
        let colour = match status.as_u16() {
            500.. => AnsiColor::Red,
            400.. => AnsiColor::Yellow,
            300.. => AnsiColor::Cyan,
            _ => AnsiColor::Green,
        };
        output::data(&format!(
            "{} {} {} {}",
            on_stdout(method.as_str(), Style::new().bold()),
            printable(target),
            on_stdout(status.as_str(), colour.on_default()),
            on_stdout(&format!("({ms} ms)"), Style::new().dimmed()),
        ));
    }
}

/// Prints what the Worker logged and threw.
pub(super) fn event(event: &TraceEvent) {
    if output::is_json() {
        return output::json(&json!({ "type": "event", "event": event }));
    }
    if let Some(cron) = event.event.as_ref().and_then(|one| one["cron"].as_str()) {
        let outcome = printable(&event.outcome);
        output::data(&format!("cron {} {outcome}", printable(cron)));
    }
    for log in &event.logs {
        let words: Vec<_> = log.message.iter().map(word).collect();
        let text = words.join(" ");
        output::data(&match log.level.as_str() {
            "error" => on_stdout(&text, AnsiColor::Red.on_default()),
            "warn" => on_stdout(&text, AnsiColor::Yellow.on_default()),
            "debug" => on_stdout(&text, Style::new().dimmed()),
            _ => text,
        });
    }
    for exception in &event.exceptions {
        let name = on_stdout(
            &printable(&exception.name),
            AnsiColor::Red.on_default().bold(),
        );
        output::data(&format!("{name}: {}", word(&exception.message)));
        for line in exception.stack.iter().flat_map(|stack| stack.lines()) {
            output::data(&format!("    {}", printable(line.trim())));
        }
    }
    match event.outcome.as_str() {
        "exceededCpu" | "exceededMemory" => {
            output::warning("the Worker was ended: its limit was reached");
        }
        _ => {}
    }
}

/// Prints the bindings: names, and where each value comes from.
pub(super) fn bindings(rows: &[Row]) {
    if rows.is_empty() || output::is_json() {
        return;
    }
    let width = |of: fn(&Row) -> &str| rows.iter().map(|row| of(row).chars().count()).max();
    let names = width(|row| &row.name).unwrap_or(0);
    let kinds = width(|row| row.kind).unwrap_or(0);
    output::note(on_stderr("Bindings", Style::new().bold()));
    for Row {
        name,
        kind,
        from,
        is_missing,
    } in rows
    {
        let name = format!("{:names$}", printable(name));
        let kind = format!("{kind:kinds$}");
        let from = match is_missing {
            true => on_stderr(&printable(from), AnsiColor::Yellow.on_default()),
            false => printable(from),
        };
        output::note(format_args!("  env.{name}  {kind}  {from}"));
    }
}

/// Says where the project answers.
pub(super) fn ready(url: &str, persisted: &Path, has_keys: bool) {
    if output::is_json() {
        return output::json(&json!({ "type": "ready", "url": url }));
    }
    output::data(&format!("ready {url}"));
    output::note(format_args!(
        "Secrets of this project are in {}; nothing of a server is used.",
        persisted.display()
    ));
    if has_keys {
        keys();
    }
}

/// Says what keys do.
pub(super) fn keys() {
    output::note("Keys: b opens the browser, c clears the screen, q quits, ? shows this.");
}

/// Says that a new version answers.
pub(super) fn reloaded(took: Duration) {
    let ms = milliseconds(took);
    if output::is_json() {
        return output::json(&json!({ "type": "reload", "ms": ms }));
    }
    output::note(on_stderr(
        &format!("reloaded in {ms} ms"),
        Style::new().dimmed(),
    ));
}

/// Says why the code as it is does not run, and what answers meanwhile.
pub(super) fn kept(why: &str, has_last: bool) {
    if output::is_json() {
        output::json(&json!({ "type": "failed", "message": why, "keeps_last": has_last }));
    }
    output::error(why);
    output::note(match has_last {
        true => "The last version that worked goes on answering. Save a file to try again.",
        false => "Nothing answers yet. Save a file to try again.",
    });
}

/// Clears the screen.
pub(super) fn clear() {
    output::data("\x1b[2J\x1b[3J\x1b[H");
}

fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

/// A value as `console` would show it: text as it is, the rest as JSON.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.lines().map(printable).collect::<Vec<_>>().join("\n"),
        other => printable(&other.to_string()),
    }
}
