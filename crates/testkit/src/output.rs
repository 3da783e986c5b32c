//! What a child process printed so far.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::watch;

/// The lines of one stream, collected while the process runs.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    text: Arc<Mutex<String>>,
    lines: watch::Receiver<Lines>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Lines {
    count: usize,
    ended: bool,
}

impl Output {
    /// Begins to collect.
    pub(crate) fn of(stream: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let (sender, lines) = watch::channel(Lines::default());
        let collected = Arc::clone(&text);
        tokio::spawn(async move {
            let mut reader = BufReader::new(stream);
            let mut line = Vec::new();
            while matches!(reader.read_until(b'\n', &mut line).await, Ok(1..)) {
                collected.lock().push_str(&String::from_utf8_lossy(&line));
                line.clear();
                sender.send_modify(|lines| lines.count += 1);
            }
            sender.send_modify(|lines| lines.ended = true);
        });
        Self { text, lines }
    }

    /// Everything so far.
    pub(crate) fn text(&self) -> String {
        self.text.lock().clone()
    }

    /// Waits for a line that fits; `None` when the stream ends without one.
    pub(crate) async fn line_where(&self, fits: impl Fn(&str) -> bool) -> Option<String> {
        let mut lines = self.lines.clone();
        loop {
            let ended = lines.borrow_and_update().ended;
            let found = self
                .text
                .lock()
                .lines()
                .find(|line| fits(line))
                .map(str::to_owned);
            if found.is_some() || ended {
                return found;
            }
            lines.changed().await.ok()?;
        }
    }

    /// Waits until the stream ends.
    pub(crate) async fn ended(&self) {
        let mut lines = self.lines.clone();
        // The sender going away is an end, too.
        drop(lines.wait_for(|lines| lines.ended).await.map(|_| ()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn finds_a_line_and_notices_the_end() {
        let output = Output::of(&b"starting\nready http://x\nrest"[..]);
        let line = output.line_where(|line| line.starts_with("ready")).await;
        assert_eq!(line.as_deref(), Some("ready http://x"));
        assert_eq!(output.line_where(|line| line == "never").await, None);
        output.ended().await;
        assert!(output.text().ends_with("rest"));
    }
}
