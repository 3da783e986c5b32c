//! Live logs: a page, and the stream that its script reads. What a Worker prints is put into the page as text only.

use std::time::Duration;

use askama::Template;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use coffer_engine::{TailEnd, TailStream, TailWorkers};
use coffer_protocol::tail::TraceEvent;
use coffer_types::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::head::{Head, Part, WorkerPath};
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::form::Form;
use crate::dashboard::page::respond;
use crate::dashboard::refusal::sentence;
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Submit, Visit, refused_in};

/// An empty line is sent after so long without another, so that a page that was closed is noticed.
const QUIET: Duration = Duration::from_secs(15);
/// Outcomes to choose from: the word in the form, what people read, and what the tail is asked for.
const OUTCOMES: [(&str, &str, &[&str]); 3] = [
    ("", "Every outcome", &[]),
    ("ok", "Success", &["ok"]),
    (
        "error",
        "Errors",
        &["exception", "exceededCpu", "exceededMemory", "unknown"],
    ),
];

#[derive(Template)]
#[template(path = "workers/logs.html")]
struct LogsPage {
    shell: Shell,
    head: Head,
}

/// What the page shows of one request to the Worker. Every field is text.
#[derive(Default, Serialize)]
struct Entry {
    /// When, as a program reads it.
    at: String,
    /// `good`, `bad` or `end`: a word of ours.
    kind: &'static str,
    outcome: String,
    /// What was asked.
    what: String,
    /// What was printed and thrown.
    more: String,
}

/// Shows the page.
pub(super) async fn show(
    State(app): State<App>,
    Path(path): Path<WorkerPath>,
    Visit { permit, shell }: Visit<TailWorkers>,
) -> Response {
    let facts = match path.name() {
        Ok(name) => app.engine.worker(&permit, &name).await,
        Err(error) => Err(error),
    };
    match facts {
        Ok(facts) => respond(&LogsPage {
            head: Head::new(&app, &permit, &shell, &facts, Part::Logs),
            shell,
        }),
        Err(error) => refused_in(shell, &error),
    }
}

/// Follows the Worker until the page is left: lines of JSON.
pub(super) async fn follow(
    State(app): State<App>,
    Path(path): Path<WorkerPath>,
    Submit {
        permit,
        shell,
        form,
    }: Submit<TailWorkers>,
) -> Response {
    let followed = async {
        let filters = filters_of(&form);
        let tail = app
            .engine
            .create_tail(&permit, path.name()?, &filters)
            .await?;
        app.engine
            .follow_tail(&tail.id.to_string(), tail.token.expose_secret())
    };
    let stream = match followed.await {
        Ok(stream) => stream,
        Err(error @ coffer_engine::Error::LimitExceeded(_)) => {
            let entry = Entry {
                kind: "end",
                what: sentence(&error),
                ..Entry::default()
            };
            return answer(Body::from(entry.line()));
        }
        Err(error) => return refused_in(shell, &error),
    };
    answer(Body::from_stream(lines(stream)))
}

fn answer(body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    (headers, body).into_response()
}

fn filters_of(form: &Form) -> Vec<Value> {
    let mut filters = Vec::new();
    let asked = form.text("outcome");
    let chosen = OUTCOMES.iter().find(|(word, ..)| *word == asked);
    if let Some((_, _, outcomes)) = chosen.filter(|(_, _, outcomes)| !outcomes.is_empty()) {
        filters.push(json!({ "outcome": outcomes }));
    }
    let search = form.text("search");
    if !search.is_empty() {
        filters.push(json!({ "query": search }));
    }
    filters
}

/// The lines of a tail, with its end as the last.
fn lines(
    stream: TailStream,
) -> impl futures::Stream<Item = Result<Bytes, std::convert::Infallible>> {
    futures::stream::unfold(Some(stream), |stream| async {
        let stream = stream?;
        match tokio::time::timeout(QUIET, stream.next()).await {
            Err(_) => Some((Ok(Bytes::from_static(b"\n")), Some(stream))),
            Ok(Ok(event)) => Some((Ok(line_of(&event)), Some(stream))),
            Ok(Err(end)) => Some((Ok(Entry::of_end(end).line()), None)),
        }
    })
}

fn line_of(event: &Bytes) -> Bytes {
    match serde_json::from_slice::<TraceEvent>(event) {
        Ok(event) => Entry::of(&event).line(),
        Err(_) => Bytes::new(),
    }
}

impl Entry {
    fn of(event: &TraceEvent) -> Self {
        let moment = event.event_timestamp.as_ref();
        let micros = moment.and_then(serde_json::Number::as_f64);
        // Milliseconds of any time that a clock tells fit.
        let at = micros.map(|milliseconds| Timestamp::from_micros((milliseconds * 1000.0) as i64));
        let said = event.logs.iter().map(|log| {
            let words: Vec<String> = log.message.iter().map(text_of).collect();
            format!("{:<5} {}", log.level, words.join(" "))
        });
        let thrown = event.exceptions.iter().map(|one| {
            let stack = one.stack.as_deref().unwrap_or_default();
            format!("{}: {}\n{stack}", one.name, text_of(&one.message))
        });
        let more: Vec<String> = said.chain(thrown).collect();
        Self {
            at: at.map(|at| at.to_string()).unwrap_or_default(),
            kind: if event.outcome == "ok" { "good" } else { "bad" },
            outcome: event.outcome.clone(),
            what: event.event.as_ref().map(asked_of).unwrap_or_default(),
            more: more.join("\n").trim_end().to_owned(),
        }
    }

    fn of_end(end: TailEnd) -> Self {
        let what = match end {
            TailEnd::Deleted => "The stream was ended.",
            TailEnd::Expired => "The stream has expired. Start again to go on.",
            TailEnd::Closing => "The server stops. Start again in a moment.",
        };
        Self {
            kind: "end",
            what: what.to_owned(),
            ..Self::default()
        }
    }

    fn line(&self) -> Bytes {
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line.into()
    }
}

/// What set an event off, in words.
fn asked_of(event: &Value) -> String {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
    if let (Some(method), Some(url)) = (text("/request/method"), text("/request/url")) {
        let status = event.pointer("/response/status").and_then(Value::as_u64);
        let status = status.map(|status| format!(" → {status}"));
        return format!("{method} {url}{}", status.unwrap_or_default());
    }
    if let Some(cron) = text("/cron") {
        return format!("cron {cron}");
    }
    text("/message").unwrap_or_default().to_owned()
}

/// A value as a console prints it.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_told_as_text_whatever_it_holds() {
        let event = serde_json::from_value(json!({
            "outcome": "exception",
            "eventTimestamp": 1_795_328_131_428_u64,
            "event": {
                "request": { "method": "GET", "url": "http://a/<b>" },
                "response": { "status": 500 },
            },
            "logs": [{ "level": "log", "message": ["<script>", { "a": 1 }], "timestamp": 1 }],
            "exceptions": [{ "name": "Error", "message": "no\u{2028}", "stack": "at x", "timestamp": 1 }],
        }));
        let entry = Entry::of(&event.unwrap());
        assert_eq!(entry.at, "2026-11-22T06:15:31.428000Z");
        assert_eq!(entry.what, "GET http://a/<b> → 500");
        assert_eq!(entry.kind, "bad");
        assert_eq!(
            entry.more,
            "log   <script> {\"a\":1}\nError: no\u{2028}\nat x"
        );
        // One event is one line, so nothing that is printed makes another.
        let line = entry.line();
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        let cron = json!({ "cron": "*/5 * * * *", "scheduledTime": 1 });
        assert_eq!(asked_of(&cron), "cron */5 * * * *");
    }
}
