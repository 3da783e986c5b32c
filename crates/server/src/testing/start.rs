//! A runtime that says what it was told to say.

use async_trait::async_trait;
use coffer_protocol::feed::VersionRecord;
use coffer_protocol::runtime::{Candidate, StartCheck, StartError, Started};
use parking_lot::Mutex;
use tokio::sync::oneshot;

/// Answers start checks and remembers what it was asked.
#[derive(Debug, Default)]
pub(crate) struct FakeStartCheck {
    says: Mutex<Says>,
    asked: Mutex<Vec<VersionRecord>>,
    held: Mutex<Option<Held>>,
}

/// The other side of a check that is held.
pub(crate) struct Hold {
    /// Told when the check is reached.
    pub(crate) reached: oneshot::Receiver<()>,
    /// Lets it go on, also when it is dropped.
    pub(crate) release: oneshot::Sender<()>,
}

#[derive(Debug)]
struct Held {
    reached: oneshot::Sender<()>,
    released: oneshot::Receiver<()>,
}

#[derive(Clone, Debug)]
enum Says {
    Starts(Vec<String>),
    Refuses(String),
    IsAway(String),
}

impl Default for Says {
    fn default() -> Self {
        Self::Starts(vec!["fetch".to_owned()])
    }
}

#[allow(dead_code, reason = "what only the tests of Workers need")]
impl FakeStartCheck {
    /// From now on versions start, with these handlers.
    pub(crate) fn starts(&self, handlers: &[&str]) {
        let handlers = handlers.iter().map(|name| (*name).to_owned());
        *self.says.lock() = Says::Starts(handlers.collect());
    }

    /// From now on the code of versions is at fault.
    pub(crate) fn refuses(&self, message: &str) {
        *self.says.lock() = Says::Refuses(message.to_owned());
    }

    /// From now on the runtime is missing.
    pub(crate) fn is_away(&self, reason: &str) {
        *self.says.lock() = Says::IsAway(reason.to_owned());
    }

    /// The next check waits until it is let go.
    pub(crate) fn hold(&self) -> Hold {
        let (told, reached) = oneshot::channel();
        let (release, released) = oneshot::channel();
        *self.held.lock() = Some(Held {
            reached: told,
            released,
        });
        Hold { reached, release }
    }

    /// The versions it was asked about, oldest first.
    pub(crate) fn asked(&self) -> Vec<VersionRecord> {
        self.asked.lock().clone()
    }
}

#[async_trait]
impl StartCheck for FakeStartCheck {
    async fn check(&self, candidate: Candidate<'_>) -> Result<Started, StartError> {
        self.asked.lock().push(candidate.version.clone());
        let held = self.held.lock().take();
        if let Some(held) = held {
            let _ = held.reached.send(());
            let _ = held.released.await;
        }
        match self.says.lock().clone() {
            Says::Starts(handlers) => Ok(Started {
                startup_time_ms: 17,
                handlers,
            }),
            Says::Refuses(message) => Err(StartError::Refused(message)),
            Says::IsAway(reason) => Err(StartError::Unavailable(reason)),
        }
    }
}
