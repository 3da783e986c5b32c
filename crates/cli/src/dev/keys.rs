//! Keys that are pressed while a project is served, where stdin is a terminal.

use std::io::{IsTerminal, Read};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::sync::mpsc;

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// `b`
    Browser,
    /// `c`
    Clear,
    /// `q`
    Quit,
    /// `?` and `h`
    Help,
}

/// The keys of the terminal, one at a time. The terminal is as before when this is dropped.
pub(super) struct Keys {
    pressed: mpsc::Receiver<Key>,
    before: Option<Termios>,
}

impl Keys {
    /// Listens, if there is a terminal to listen at.
    pub(super) fn listen() -> Self {
        let (sender, pressed) = mpsc::channel(8);
        let before = raw();
        if before.is_some() {
            // The thread ends with the process: a read of the terminal cannot be called off.
            std::thread::spawn(move || {
                for byte in std::io::stdin().lock().bytes() {
                    let Ok(byte) = byte else { return };
                    if let Some(key) = meant(byte)
                        && sender.blocking_send(key).is_err()
                    {
                        return;
                    }
                }
            });
        }
        Self { pressed, before }
    }

    /// Whether there is a terminal.
    pub(super) const fn are_there(&self) -> bool {
        self.before.is_some()
    }

    /// The next key; waits for ever where there is no terminal.
    pub(super) async fn next(&mut self) -> Key {
        match self.pressed.recv().await {
            Some(key) => key,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
        }
    }
}

/// Lets keys be read as they are pressed, without showing them; ctrl-c stays what it is. Gives how it was before.
fn raw() -> Option<Termios> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() || !std::io::stderr().is_terminal() {
        return None;
    }
    let before = tcgetattr(&stdin).ok()?;
    let mut modes = before.clone();
    modes
        .local_modes
        .remove(LocalModes::ICANON | LocalModes::ECHO);
    tcsetattr(&stdin, OptionalActions::Now, &modes).ok()?;
    Some(before)
}

const fn meant(byte: u8) -> Option<Key> {
    match byte {
        b'b' | b'B' => Some(Key::Browser),
        b'c' | b'C' => Some(Key::Clear),
        b'q' | b'Q' | b'x' => Some(Key::Quit),
        b'?' | b'h' => Some(Key::Help),
        _ => None,
    }
}
