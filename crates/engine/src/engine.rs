//! The engine and what it is made of.

use std::sync::Arc;
use std::time::Duration;

use coffer_crypto::token::TokenPepper;
use coffer_crypto::{MacKey, MacLabel, OneTimeSeal, PasswordHasher, Sealer};
use coffer_protocol::runtime::StartCheck;
use coffer_store::Store;
use coffer_types::{Clock, Random, SecretStatus, SessionId, Timestamp, TokenId};

use crate::attempts::{AttemptLimits, Attempts, Guesses};
use crate::audit::{Denials, ReadingPlaces};
use crate::device_logins::DeviceLogins;
use crate::feed::Applied;
use crate::installation::Installation;
use crate::log::{LastVerified, LogHead};
use crate::passkeys::Challenges;
use crate::passwords::Passwords;
use crate::uses::Uses;
use crate::workers::{Tails, Turns};

/// How long a deployment waits for the edges before it answers all the same.
const APPLY_WAIT: Duration = Duration::from_secs(2);

/// The use cases over one database. Cheap to clone.
#[derive(Clone)]
pub struct Engine(pub(crate) Arc<Inner>);

/// What the use cases work with. Behind one pointer, because every request clones the engine.
pub struct Inner {
    pub(crate) store: Store,
    pub(crate) opened_at: Timestamp,
    pub(crate) request_mac: Arc<MacKey>,
    pub(crate) cursor_mac: MacKey,
    pub(crate) asset_mac: MacKey,
    pub(crate) denials: Denials,
    pub(crate) reading_places: ReadingPlaces,
    pub(crate) sealer: Sealer,
    pub(crate) pepper: Arc<TokenPepper>,
    pub(crate) passwords: Passwords,
    pub(crate) session_mac: MacKey,
    pub(crate) one_time: OneTimeSeal,
    pub(crate) challenges: Challenges,
    pub(crate) session_uses: Uses<SessionId>,
    pub(crate) attempts: Attempts,
    pub(crate) guesses: Guesses,
    pub(crate) device_logins: DeviceLogins,
    pub(crate) token_uses: Uses<TokenId>,
    pub(crate) start_check: Arc<dyn StartCheck>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) applied: Arc<Applied>,
    pub(crate) turns: Arc<Turns>,
    pub(crate) tails: Arc<Tails>,
    /// Whether this is a developer's own: see [`Engine::local`].
    pub(crate) is_local: bool,
}

impl std::ops::Deref for Engine {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

impl Engine {
    /// An engine over an installation; `start_check` tries versions before they are accepted, and
    /// `attempt_limits` are those of wrong credentials; `passwords` bounds how many are checked at once.
    pub fn new(
        installation: Installation,
        start_check: Arc<dyn StartCheck>,
        attempt_limits: AttemptLimits,
        passwords: PasswordHasher,
    ) -> Self {
        Self::over(installation, start_check, attempt_limits, passwords, false)
    }

    /// As [`new`](Self::new), for developing on one's own machine, where code names stores and secrets of a server
    /// far away: a store may be made with a chosen id, and a Worker may be bound to a secret that is not there, whose
    /// `get()` then rejects.
    pub fn local(
        installation: Installation,
        start_check: Arc<dyn StartCheck>,
        attempt_limits: AttemptLimits,
        passwords: PasswordHasher,
    ) -> Self {
        Self::over(installation, start_check, attempt_limits, passwords, true)
    }

    fn over(
        installation: Installation,
        start_check: Arc<dyn StartCheck>,
        attempt_limits: AttemptLimits,
        passwords: PasswordHasher,
        is_local: bool,
    ) -> Self {
        let Installation {
            store,
            keyring,
            clock,
            random,
            root_key: _,
        } = installation;
        Self(Arc::new(Inner {
            sealer: keyring.sealer(Arc::clone(&random)),
            pepper: Arc::new(keyring.token_pepper()),
            passwords: Passwords::new(passwords, &keyring),
            session_mac: keyring.mac_key(MacLabel::Session),
            one_time: keyring.one_time_seal(),
            challenges: Challenges::new(random.as_ref()),
            session_uses: Uses::default(),
            request_mac: Arc::new(keyring.mac_key(MacLabel::Request)),
            cursor_mac: keyring.mac_key(MacLabel::Cursor),
            asset_mac: keyring.mac_key(MacLabel::Assets),
            denials: Denials::default(),
            reading_places: ReadingPlaces::default(),
            attempts: Attempts::new(Arc::clone(&clock), attempt_limits),
            guesses: Guesses::new(Arc::clone(&clock)),
            device_logins: DeviceLogins::default(),
            token_uses: Uses::default(),
            store,
            opened_at: clock.now(),
            start_check,
            tails: Tails::new(Arc::clone(&clock), Arc::clone(&random)),
            clock,
            random,
            applied: Arc::default(),
            turns: Arc::default(),
            is_local,
        }))
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] if it does not.
    pub async fn check_ready(&self) -> crate::Result<()> {
        coffer_store::rows::instance::id(&mut self.store.reader().await?).await?;
        Ok(())
    }

    /// Commits what is waiting and closes the database. Whatever is asked later is refused.
    pub async fn close(&self) {
        self.tails.close();
        if let Err(error) = self.write_uses().await {
            tracing::warn!(%error, "failed to keep when tokens were last used");
        }
        self.store.close().await;
    }

    /// What the audit log is now: its size, its newest signed checkpoint, and whether it is what was signed.
    pub fn audit_log(&self) -> LogHead {
        self.store.log_head()
    }

    /// When the log's end was compared with its newest checkpoint: at the start.
    pub fn opened_at(&self) -> Timestamp {
        self.opened_at
    }

    /// How the audit log was found when `coffer audit verify` last read all of it; `None` if it never did.
    pub fn last_verified(&self) -> Option<LastVerified> {
        LastVerified::find(self.store.files().directory())
    }

    /// Groups committed and writes in them since the start, for metrics.
    pub fn write_counts(&self) -> (u64, u64) {
        self.store.write_counts()
    }

    /// The limits on wrong credentials.
    pub fn attempts(&self) -> &Attempts {
        &self.attempts
    }

    /// The present moment, by the engine's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Randomness, for ids of requests.
    pub fn random(&self) -> &dyn Random {
        self.random.as_ref()
    }

    /// The status of something whose last change has this place.
    pub(crate) fn status_of(&self, change_seq: u64) -> SecretStatus {
        if change_seq <= self.applied.everywhere() {
            SecretStatus::Active
        } else {
            SecretStatus::Pending
        }
    }

    /// Waits until every edge serves this change, so that whoever was answered finds it served; but not for
    /// long: an edge that is away applies it when it is back.
    pub(crate) async fn await_applied(&self, change_seq: u64) {
        if tokio::time::timeout(APPLY_WAIT, self.applied.reached(change_seq))
            .await
            .is_err()
        {
            tracing::warn!(change_seq, "an edge has not applied a change in time");
        }
    }
}
