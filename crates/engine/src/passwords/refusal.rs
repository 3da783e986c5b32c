//! Events that tell of nothing but themselves: a wrong password, a key that was shown.

use coffer_store::Written;
use coffer_store::rows::audit::NewEvent;
use coffer_types::audit::Outcome;

use crate::actor::Caller;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::mutate::About;

impl Engine {
    /// An event about something the caller tried, which was answered with this status for a wrong password.
    pub(crate) fn refusal(&self, caller: &Caller, status: u16, about: About) -> NewEvent {
        let mut event = self.event(caller, None, about);
        event.outcome = Outcome::Failure;
        if let Some(raw) = event.request.raw.as_mut() {
            raw.status = status;
        }
        event
    }

    /// Writes an event that tells of no other write.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if it could not be written.
    pub(crate) async fn record(&self, event: NewEvent) -> Result<()> {
        self.store
            .write::<(), Error, _>(move |_| {
                let written = Written::new((), event.clone());
                Box::pin(async move { Ok(written) })
            })
            .await
    }
}
