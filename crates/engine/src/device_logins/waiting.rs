//! The devices that wait.

use std::collections::HashMap;

use coffer_types::limits::{DEVICE_POLL_SECONDS, MAX_DEVICE_LOGINS, MAX_DEVICE_LOGINS_PER_ADDRESS};
use coffer_types::{AccountId, Timestamp, UserId};
use parking_lot::Mutex;

use super::{CodeMac, DeviceLogin};
use crate::attempts::network_of;
use crate::error::{Error, Result};

const POLL_MICROS: i64 = DEVICE_POLL_SECONDS as i64 * 1_000_000;

/// The devices that wait, by what is kept of their codes.
#[derive(Default)]
pub(crate) struct DeviceLogins(Mutex<HashMap<CodeMac, Waiting>>);

/// A device that waits.
#[derive(Clone)]
pub(super) struct Waiting {
    pub(super) user_code: CodeMac,
    pub(super) login: DeviceLogin,
    pub(super) polled_at: Option<Timestamp>,
    pub(super) state: State,
}

/// What its user said.
#[derive(Clone)]
pub(super) enum State {
    /// Nothing yet.
    Asked,
    /// No.
    Denied,
    /// Yes.
    Approved(Approval),
}

/// A user's yes.
#[derive(Clone)]
pub(super) struct Approval {
    pub(super) user_id: UserId,
    /// The accounts that the device may act in.
    pub(super) accounts: Vec<AccountId>,
    /// From where the user said so.
    pub(super) address: Option<std::net::IpAddr>,
}

/// What a device finds that asks again.
pub(super) enum Found {
    Pending,
    TooSoon,
    Denied,
    Expired,
    /// Nobody knows the code.
    Unknown,
    /// It waits no longer, and is to be given a token.
    Approved(Box<(Waiting, Approval)>),
}

impl DeviceLogins {
    /// Lets one more wait.
    pub(super) fn add(&self, code: CodeMac, waiting: Waiting, now: Timestamp) -> Result<()> {
        let mut all = self.0.lock();
        all.retain(|_, other| other.login.expires_at > now);
        let network = waiting.login.address.map(network_of);
        let same = |other: &&Waiting| other.login.address.map(network_of) == network;
        let nearby: Vec<_> = all.values().filter(same).collect();
        let blocking = if nearby.len() >= MAX_DEVICE_LOGINS_PER_ADDRESS {
            nearby.iter().map(|other| other.login.expires_at).min()
        } else if all.len() >= MAX_DEVICE_LOGINS {
            all.values().map(|other| other.login.expires_at).min()
        } else {
            None
        };
        if let Some(until) = blocking {
            return Err(wait_until(until, now));
        }
        // Once in 25 million times with all places taken; whoever asks again has another.
        if all
            .values()
            .any(|other| other.user_code == waiting.user_code)
        {
            return Err(wait_until(now, now));
        }
        all.insert(code, waiting);
        Ok(())
    }

    /// The device whose code for people this is, if nobody answered it yet.
    pub(super) fn asking(&self, user_code: CodeMac, now: Timestamp) -> Option<DeviceLogin> {
        let all = self.0.lock();
        let found = all.values().find(|one| one.is_asking(user_code, now));
        found.map(|one| one.login.clone())
    }

    /// Answers that device, once.
    pub(super) fn answer(
        &self,
        user_code: CodeMac,
        state: State,
        now: Timestamp,
    ) -> Option<DeviceLogin> {
        let mut all = self.0.lock();
        let found = all.values_mut().find(|one| one.is_asking(user_code, now))?;
        found.state = state;
        Some(found.login.clone())
    }

    /// What a device finds that asks again. Whatever is final is told once.
    pub(super) fn poll(&self, code: CodeMac, now: Timestamp) -> Found {
        let mut all = self.0.lock();
        let Some(waiting) = all.get_mut(&code) else {
            return Found::Unknown;
        };
        if waiting.login.expires_at <= now {
            all.remove(&code);
            return Found::Expired;
        }
        let is_soon = |before: Timestamp| (0..POLL_MICROS).contains(&now.micros_since(before));
        let too_soon = waiting.polled_at.is_some_and(is_soon);
        waiting.polled_at = Some(now);
        match waiting.state.clone() {
            State::Asked if too_soon => Found::TooSoon,
            State::Asked => Found::Pending,
            State::Denied => {
                all.remove(&code);
                Found::Denied
            }
            State::Approved(approval) => match all.remove(&code) {
                Some(waiting) => Found::Approved(Box::new((waiting, approval))),
                None => Found::Unknown,
            },
        }
    }

    /// Lets a device wait on whose token could not be made.
    pub(super) fn put_back(&self, code: CodeMac, waiting: Waiting) {
        self.0.lock().insert(code, waiting);
    }
}

impl Waiting {
    fn is_asking(&self, user_code: CodeMac, now: Timestamp) -> bool {
        self.user_code == user_code
            && self.login.expires_at > now
            && matches!(self.state, State::Asked)
    }
}

fn wait_until(until: Timestamp, now: Timestamp) -> Error {
    let seconds = (until.micros_since(now) + 999_999) / 1_000_000;
    Error::TooManyAttempts {
        retry_after_seconds: u32::try_from(seconds.max(1)).unwrap_or(u32::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(number: u32, address: [u8; 4], now: Timestamp) -> (CodeMac, Waiting) {
        let mut code = [0; 32];
        code[..4].copy_from_slice(&number.to_be_bytes());
        let waiting = Waiting {
            user_code: code,
            login: DeviceLogin {
                name: "device".to_owned(),
                address: Some(address.into()),
                asked_at: now,
                expires_at: now.plus_micros(600_000_000),
            },
            polled_at: None,
            state: State::Asked,
        };
        (code, waiting)
    }

    #[test]
    fn those_who_wait_are_bounded_and_leave_when_their_time_is_up() {
        let all = DeviceLogins::default();
        let now = Timestamp::from_micros(0);
        let add = |number: u32, at| {
            let [_, high, middle, low] = (number / 10).to_be_bytes();
            let (code, waiting) = waiting(number, [10, high, middle, low], at);
            all.add(code, waiting, at)
        };
        for number in 0..MAX_DEVICE_LOGINS as u32 {
            add(number, now).unwrap();
        }
        assert!(matches!(
            add(1_000_000, now),
            Err(Error::TooManyAttempts {
                retry_after_seconds: 600
            })
        ));
        let later = now.plus_micros(600_000_000);
        for number in 0..10 {
            add(number, later).unwrap();
        }
        assert_eq!(all.0.lock().len(), 10);
        // Nine more from that address are nine too many, but others have room.
        let (code, eleventh) = waiting(11, [10, 0, 0, 0], later);
        assert!(all.add(code, eleventh, later).is_err());
        add(11, later).unwrap();
    }

    #[test]
    fn an_answer_counts_once_and_is_told_once() {
        let all = DeviceLogins::default();
        let now = Timestamp::from_micros(0);
        let (code, one) = waiting(1, [10, 0, 0, 1], now);
        all.add(code, one, now).unwrap();
        assert!(matches!(all.poll(code, now), Found::Pending));
        assert!(matches!(all.poll(code, now), Found::TooSoon));
        let now = now.plus_micros(POLL_MICROS);
        assert!(matches!(all.poll(code, now), Found::Pending));
        assert!(all.answer(code, State::Denied, now).is_some());
        let yes = State::Approved(Approval {
            user_id: UserId::from_bytes([1; 16]),
            accounts: Vec::new(),
            address: None,
        });
        assert!(all.answer(code, yes, now).is_none());
        assert!(all.asking(code, now).is_none());
        assert!(matches!(all.poll(code, now), Found::Denied));
        assert!(matches!(all.poll(code, now), Found::Unknown));
    }
}
