//! What a process prints, as bounded log lines without secret values.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use coffer_types::{VersionId, WorkerName};
use parking_lot::Mutex;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::Instant;

use super::line::OneLine;
use super::redaction::Redactor;

/// Bytes of one line that are looked at; a line beyond it is cut.
const MAX_LINE_BYTES: usize = 256 * 1024;
/// Characters of one line that are kept.
const MAX_KEPT_CHARS: usize = 4096;
/// Bytes of one line that are logged. Escaping makes one character eight.
const MAX_LOGGED_BYTES: usize = 4 * MAX_KEPT_CHARS;
/// Bytes of a level's name; the runtime's own are short.
const MAX_LEVEL_BYTES: usize = 16;
/// Lines a process may log at once.
const BURST_LINES: u32 = 200;
/// Lines a process may log in a second, after that.
const LINES_PER_SECOND: u32 = 50;
/// Bytes read from a process in a second. One that prints more waits for its own pipe.
const BYTES_PER_SECOND: usize = 1024 * 1024;
/// Lines kept to say why a process ended.
const TAIL_LINES: usize = 20;

/// Whose lines they are.
#[derive(Clone, Debug)]
pub(crate) struct Speaker {
    /// The Worker.
    pub(crate) worker_name: WorkerName,
    /// The version.
    pub(crate) version_id: VersionId,
}

/// The lines of one process.
#[derive(Debug)]
pub(crate) struct Logs {
    // `None` for a version that is only tried: its lines are told to its author, not logged.
    speaker: Option<Speaker>,
    redactor: Arc<Redactor>,
    state: Mutex<State>,
}

/// Which of its streams a process prints to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    /// The Worker's console, and exceptions in requests.
    Output,
    /// The runtime's own errors, such as why it does not start.
    Error,
}

#[derive(Debug)]
struct State {
    output_tail: VecDeque<String>,
    error_tail: VecDeque<String>,
    allowance: f64,
    counted_at: Instant,
    suppressed: u64,
}

/// A line as workerd prints it.
#[derive(Deserialize)]
struct Printed<'a> {
    #[serde(default)]
    level: Option<&'a str>,
    message: String,
}

impl Logs {
    /// The lines of a process that speaks for a version.
    pub(crate) fn new(speaker: Option<Speaker>, redactor: Arc<Redactor>) -> Arc<Self> {
        Arc::new(Self {
            speaker,
            redactor,
            state: Mutex::new(State {
                output_tail: VecDeque::new(),
                error_tail: VecDeque::new(),
                allowance: f64::from(BURST_LINES),
                counted_at: Instant::now(),
                suppressed: 0,
            }),
        })
    }

    /// The last lines of errors, oldest first; without any, those of output.
    pub(crate) fn tail(&self) -> String {
        let state = self.state.lock();
        let tail = if state.error_tail.is_empty() {
            &state.output_tail
        } else {
            &state.error_tail
        };
        let lines: Vec<&str> = tail.iter().map(String::as_str).collect();
        lines.join("\n")
    }

    /// Whether one of the last lines of either stream holds this text.
    pub(super) fn mention(&self, text: &str) -> bool {
        let state = self.state.lock();
        let mut lines = state.output_tail.iter().chain(&state.error_tail);
        lines.any(|line| line.contains(text))
    }

    /// Follows a stream to its end.
    pub(super) async fn follow(self: Arc<Self>, name: Stream, mut stream: impl AsyncRead + Unpin) {
        let mut line = Vec::new();
        let mut chunk = vec![0; 16 * 1024];
        let mut budget = BYTES_PER_SECOND;
        let mut window = Instant::now();
        let mut cut = false;
        while let Ok(read @ 1..) = stream.read(&mut chunk).await {
            for piece in chunk[..read].split_inclusive(|byte| *byte == b'\n') {
                let room = MAX_LINE_BYTES.saturating_sub(line.len());
                cut |= piece.len() > room;
                line.extend_from_slice(&piece[..piece.len().min(room)]);
                if piece.ends_with(b"\n") {
                    self.take(name, &line, cut);
                    line.clear();
                    cut = false;
                }
            }
            budget = budget.saturating_sub(read);
            if budget == 0 {
                tokio::time::sleep_until(window + Duration::from_secs(1)).await;
            }
            if window.elapsed() >= Duration::from_secs(1) {
                budget = BYTES_PER_SECOND;
                window = Instant::now();
            }
        }
        if !line.is_empty() {
            self.take(name, &line, cut);
        }
        self.tell_suppressed();
    }

    fn take(&self, name: Stream, line: &[u8], cut: bool) {
        if !self.allow() {
            return;
        }
        self.tell_suppressed();
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end();
        if text.is_empty() {
            return;
        }
        let printed = serde_json::from_str::<Printed<'_>>(text);
        let (level, message) = match &printed {
            Ok(printed) => {
                let level = printed.level.filter(|name| name.len() <= MAX_LEVEL_BYTES);
                (level.unwrap_or("info"), printed.message.as_str())
            }
            Err(_) => ("info", text),
        };
        let message = self.clean(message, cut);
        if let Some(speaker) = &self.speaker {
            log(speaker, level, &message);
        }
        // Kept as it is: a version's author reads it as the runtime wrote it.
        let mut state = self.state.lock();
        let tail = match name {
            Stream::Output => &mut state.output_tail,
            Stream::Error => &mut state.error_tail,
        };
        if tail.len() == TAIL_LINES {
            tail.pop_front();
        }
        tail.push_back(message);
    }

    /// Without values, and short. A value that the cut divides would not be recognised, so everything that
    /// could be the beginning of one goes too.
    fn clean(&self, message: &str, cut: bool) -> String {
        let kept = if cut {
            let end = message.len().saturating_sub(self.redactor.longest());
            message
                .get(..message.floor_char_boundary(end))
                .unwrap_or_default()
        } else {
            message
        };
        let mut clean = self.redactor.redact(kept);
        if let Some((end, _)) = clean.char_indices().nth(MAX_KEPT_CHARS) {
            clean.truncate(end);
            clean.push('…');
        }
        clean
    }

    fn allow(&self) -> bool {
        if self.speaker.is_none() {
            // Nothing is logged, and the last lines are what is wanted.
            return true;
        }
        let mut state = self.state.lock();
        let gained = state.counted_at.elapsed().as_secs_f64() * f64::from(LINES_PER_SECOND);
        state.counted_at = Instant::now();
        state.allowance = (state.allowance + gained).min(f64::from(BURST_LINES));
        if state.allowance >= 1.0 {
            state.allowance -= 1.0;
            true
        } else {
            state.suppressed += 1;
            false
        }
    }

    fn tell_suppressed(&self) {
        let suppressed = std::mem::take(&mut self.state.lock().suppressed);
        if let (1.., Some(speaker)) = (suppressed, &self.speaker) {
            tracing::info!(
                target: "worker",
                worker = %speaker.worker_name,
                version = %speaker.version_id,
                suppressed,
                "log lines were left out: the version prints too many"
            );
        }
    }
}

fn log(speaker: &Speaker, level: &str, message: &str) {
    let mut line = OneLine(message).to_string();
    if line.len() > MAX_LOGGED_BYTES {
        line.truncate(line.floor_char_boundary(MAX_LOGGED_BYTES));
        line.push('…');
    }
    tracing::info!(
        target: "worker",
        worker = %speaker.worker_name,
        version = %speaker.version_id,
        level,
        "{line}"
    );
}
