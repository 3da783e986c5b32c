//! What moves while something takes long, where stderr is a terminal; elsewhere nothing.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// So often a spinner turns.
const TURN: Duration = Duration::from_millis(100);

/// Turns until it is dropped.
pub(crate) struct Spinner(ProgressBar);

impl Spinner {
    /// Begins to turn beside a text.
    pub(crate) fn start(text: impl Into<String>) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(ProgressStyle::default_spinner());
        bar.set_message(text.into());
        bar.enable_steady_tick(TURN);
        Self(bar)
    }

    /// Changes the text.
    pub(crate) fn say(&self, text: impl Into<String>) {
        self.0.set_message(text.into());
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Fills until it is dropped.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// An empty bar of so many steps, beside a text such as "Importing".
    pub(crate) fn start(text: impl Into<String>, steps: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len}")
        {
            bar.set_style(style.progress_chars("━━ "));
        }
        bar.set_message(text.into());
        Self(bar)
    }

    /// Says how many steps are done.
    pub(crate) fn reach(&self, steps: u64) {
        self.0.set_position(steps);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
