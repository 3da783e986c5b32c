//! Challenges: what a passkey signs, so that no signature counts twice, or for something else.
//!
//! A challenge says itself until when and what for it is, under a MAC, so that asking for many fills no memory. It is
//! remembered when it was answered rightly. A start of the server ends those that are under way.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use coffer_types::limits::{MAX_ANSWERED_CHALLENGES, PASSKEY_CHALLENGE_MINUTES};
use coffer_types::{Random, SessionId, Timestamp, UserId};
use parking_lot::Mutex;

use super::PasskeyRefusal;
use crate::engine::Engine;
use crate::error::{Error, Result};

/// Begins what is authenticated, so that no challenge is also the code of something else.
const PURPOSE: &[u8] = b"passkey challenge ";
const LIFE_MICROS: i64 = PASSKEY_CHALLENGE_MINUTES * 60 * 1_000_000;
const NONCE_BYTES: usize = 16;
const UNTIL_BYTES: usize = 8;

/// What a challenge is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Signing in, whoever it is.
    SignIn,
    /// Adding a passkey of a user, in the session that asks.
    Add(UserId, Option<SessionId>),
}

/// A challenge that is ours, for the purpose, and not too old.
#[derive(Clone, Copy, Debug)]
pub(super) struct Challenge {
    nonce: [u8; NONCE_BYTES],
    until: Timestamp,
}

/// The challenges that were answered, until they would have ended.
pub(crate) struct Challenges {
    /// Of this start of the server.
    epoch: [u8; 16],
    answered: Mutex<HashMap<[u8; NONCE_BYTES], Timestamp>>,
}

impl Challenges {
    pub(crate) fn new(random: &dyn Random) -> Self {
        let mut epoch = [0; 16];
        random.fill(&mut epoch);
        Self {
            epoch,
            answered: Mutex::default(),
        }
    }

    fn answer(&self, challenge: Challenge, now: Timestamp) -> Result<bool> {
        let mut answered = self.answered.lock();
        if answered.len() >= MAX_ANSWERED_CHALLENGES {
            answered.retain(|_, until| now < *until);
        }
        if answered.len() >= MAX_ANSWERED_CHALLENGES {
            let full = "too many sign-ins with passkeys at once";
            return Err(Error::Unavailable(full.to_owned()));
        }
        Ok(answered.insert(challenge.nonce, challenge.until).is_none())
    }
}

impl Engine {
    /// A new challenge, as it is told to a browser.
    pub(super) fn new_challenge(&self, purpose: Purpose) -> String {
        let mut nonce = [0; NONCE_BYTES];
        self.random.fill(&mut nonce);
        let until = self.clock.now().plus_micros(LIFE_MICROS);
        let challenge = Challenge { nonce, until };
        let code = self.session_mac.sign(&self.message(purpose, challenge));
        let until = until.as_micros().to_be_bytes();
        URL_SAFE_NO_PAD.encode([&nonce[..], &until, &code].concat())
    }

    /// The challenge that a browser told back.
    pub(super) fn open_challenge(
        &self,
        purpose: Purpose,
        text: &str,
    ) -> Result<Challenge, PasskeyRefusal> {
        let late = PasskeyRefusal::Late;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| late)?;
        let (nonce, rest) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or(late)?;
        let (until, code) = rest.split_first_chunk::<UNTIL_BYTES>().ok_or(late)?;
        let challenge = Challenge {
            nonce: *nonce,
            until: Timestamp::from_micros(i64::from_be_bytes(*until)),
        };
        let is_ours = self
            .session_mac
            .verify(&self.message(purpose, challenge), code);
        if is_ours && self.clock.now() < challenge.until {
            Ok(challenge)
        } else {
            Err(late)
        }
    }

    /// Lets a challenge count for this answer and no other; `false` if it was answered before.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if more were answered of late than are remembered.
    pub(super) fn answer_challenge(&self, challenge: Challenge) -> Result<bool> {
        self.challenges.answer(challenge, self.clock.now())
    }

    /// Every part has its length or is the last, so no two challenges have one message.
    fn message(&self, purpose: Purpose, challenge: Challenge) -> Vec<u8> {
        let until = challenge.until.as_micros().to_be_bytes();
        let head = [PURPOSE, &self.challenges.epoch, &challenge.nonce, &until].concat();
        match purpose {
            Purpose::SignIn => [&head, &b"sign in"[..]].concat(),
            Purpose::Add(user_id, session_id) => {
                let session_id = session_id.map(|id| *id.as_bytes()).unwrap_or_default();
                [&head, &b"add "[..], user_id.as_bytes(), &session_id].concat()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use coffer_crypto::SystemRandom;

    use super::*;

    #[test]
    fn answered_challenges_are_bounded_and_none_is_forgotten_before_its_end() {
        let challenges = Challenges::new(&SystemRandom);
        let challenge = |number: usize, until| {
            let mut nonce = [0; NONCE_BYTES];
            nonce[..8].copy_from_slice(&number.to_be_bytes());
            let until = Timestamp::from_micros(until);
            Challenge { nonce, until }
        };
        let at = Timestamp::from_micros;
        for number in 0..MAX_ANSWERED_CHALLENGES {
            let until = if number % 2 == 0 { 10 } else { 20 };
            assert!(challenges.answer(challenge(number, until), at(5)).unwrap());
        }
        let next = challenge(MAX_ANSWERED_CHALLENGES, 30);
        assert!(challenges.answer(next, at(9)).is_err());
        assert!(challenges.answer(next, at(10)).unwrap());
        assert!(!challenges.answer(next, at(10)).unwrap());
        assert!(!challenges.answer(challenge(1, 20), at(10)).unwrap());
    }
}
