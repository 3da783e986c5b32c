//! An event for people.

use anstyle::{AnsiColor, Style};
use coffer_protocol::tail::TraceEvent;
use coffer_types::Timestamp;
use serde_json::Value;

use crate::output::{data, moment, on_stdout, printable};

/// Prints an event: a line of the request, and below it what was logged and thrown.
pub(crate) fn event(event: &TraceEvent) {
    let (what, status) = subject(event.event.as_ref());
    let outcome = match event.outcome.as_str() {
        "ok" => on_stdout("Ok", AnsiColor::Green.on_default()),
        "canceled" => on_stdout("Canceled", AnsiColor::Yellow.on_default()),
        other => on_stdout(&printable(other), AnsiColor::Red.on_default().bold()),
    };
    let at = event
        .event_timestamp
        .as_ref()
        .and_then(serde_json::Number::as_i64)
        .and_then(|ms| ms.checked_mul(1_000))
        .map(Timestamp::from_micros)
        .map_or_else(String::new, |at| {
            on_stdout(&format!(" @ {}", moment(at)), Style::new().dimmed())
        });
    let status = status.map_or_else(String::new, |status| format!(" {status}"));
    data(&format!("{} - {outcome}{status}{at}", printable(&what)));
    for log in &event.logs {
        let label = match log.level.as_str() {
            "error" => on_stdout("(error)", AnsiColor::Red.on_default()),
            "warn" => on_stdout("(warn)", AnsiColor::Yellow.on_default()),
            other => on_stdout(&format!("({})", printable(other)), Style::new().dimmed()),
        };
        let words: Vec<_> = log.message.iter().map(word).collect();
        data(&format!("  {label} {}", words.join(" ")));
    }
    for exception in &event.exceptions {
        let name = on_stdout(
            &printable(&exception.name),
            AnsiColor::Red.on_default().bold(),
        );
        data(&format!("  {name}: {}", word(&exception.message)));
        for line in exception.stack.iter().flat_map(|stack| stack.lines()) {
            data(&format!("    {}", printable(line.trim())));
        }
    }
    if event.truncated {
        data("  (further lines were left out)");
    }
}

/// What set it off, and with which status a request was answered.
fn subject(event: Option<&Value>) -> (String, Option<u64>) {
    let Some(event) = event else {
        return ("An event".to_owned(), None);
    };
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
    if let (Some(method), Some(url)) = (text("/request/method"), text("/request/url")) {
        let status = event.pointer("/response/status").and_then(Value::as_u64);
        return (format!("{method} {url}"), status);
    }
    if let Some(cron) = text("/cron") {
        return (format!("Cron \"{cron}\""), None);
    }
    ("An event".to_owned(), None)
}

/// A value as `console` would show it: text as it is, the rest as JSON.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.lines().map(printable).collect::<Vec<_>>().join("\n  "),
        other => printable(&other.to_string()),
    }
}
