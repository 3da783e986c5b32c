//! Limits on attempts to sign in, or to use a token or key, that went wrong.
//!
//! Failures are counted by address, an IPv6 client's whole /64 being one, and by the name that was tried,
//! each kind of credential apart. Whoever checks a password calls [`Attempts::check`] before and
//! [`Attempts::failed`] or [`Attempts::succeeded`] after it: where a limit is reached even the right
//! password is refused, or the limit would not hinder guessing. A token, a key or an invitation has 256
//! random bits, which no rate of guessing finds, so only [`Attempts::failed`] is called for them: the limit
//! decides how a wrong one is answered, and nobody can lock out the holder of a right one.
//!
//! Nobody can lock a user out for good either. The limit of a name does not count at addresses from which
//! the user signed in within the last month: each of these has a count of its own. And a name's limit
//! concerns passwords only, never the tokens and sessions that the user has.
//!
//! Memory is bounded: each table keeps what is nearest to its limit and drops what is nearest to being
//! forgotten. So a record at its limit stays whatever else comes in, until as many records as the table
//! holds have reached theirs; and keeping a record from growing takes as many failures elsewhere, between
//! any two attempts, as the table holds.

mod guesses;
mod ledger;
mod rate;

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use coffer_types::limits::FAMILIAR_ADDRESS_DAYS;
use coffer_types::{Clock, Email, Timestamp};
use parking_lot::Mutex;

use crate::error::{Error, Result, Unauthenticated};
use ledger::Ledger;

pub(crate) use guesses::Guesses;
pub use rate::{AttemptRate, InvalidRate};

const FAMILIAR_MICROS: i64 = FAMILIAR_ADDRESS_DAYS * 24 * 3600 * 1_000_000;

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptKind {
    /// A password, to sign in or to confirm something.
    Login,
    /// An API token.
    Token,
    /// A global API key.
    Key,
    /// The text of an invitation.
    Invitation,
    /// A code with which a device signs in.
    DeviceCode,
}

impl AttemptKind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Login,
        Self::Token,
        Self::Key,
        Self::Invitation,
        Self::DeviceCode,
    ];

    /// The name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Token => "token",
            Self::Key => "key",
            Self::Invitation => "invitation",
            Self::DeviceCode => "device_code",
        }
    }
}

/// Which limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitedBy {
    /// That of the address.
    Address,
    /// That of the name.
    Name,
}

impl LimitedBy {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Address, Self::Name];

    /// The name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Name => "name",
        }
    }
}

/// An attempt with a credential.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// What is tried.
    pub kind: AttemptKind,
    /// Where it comes from, if that is known.
    pub address: Option<IpAddr>,
    /// For whom: an e-mail address, or the public beginning of a token; none if the attempt names nobody.
    pub name: Option<&'a str>,
}

/// How many failures are let by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptLimits {
    /// From one address, for each kind of credential.
    pub per_address: AttemptRate,
    /// With one name, for each kind of credential.
    pub per_name: AttemptRate,
}

impl Default for AttemptLimits {
    /// A person mistypes a password a few times, and a program with an old token repeats itself; a name is
    /// tried no more than 720 times a day, from however many addresses.
    fn default() -> Self {
        Self {
            per_address: AttemptRate::per_minute(20),
            per_name: AttemptRate::per_hour(30),
        }
    }
}

/// The failures of late, and what they forbid.
pub struct Attempts {
    clock: Arc<dyn Clock>,
    limits: AttemptLimits,
    /// What is kept are hashes under random keys: no name stays in memory, and nobody finds two names that
    /// share a count.
    hasher: RandomState,
    kinds: [Mutex<Records>; 5],
    counts: [Counts; 5],
}

/// The records of one kind.
#[derive(Default)]
struct Records {
    addresses: Ledger,
    names: Ledger,
    /// Names with addresses that they signed in from, until when these are familiar.
    familiar: Ledger,
}

#[derive(Default)]
struct Counts {
    failures: AtomicU64,
    limited: [AtomicU64; 2],
}

/// What an attempt is counted under.
struct Subjects {
    address: Option<u64>,
    name: Option<u64>,
    /// The name at this very address.
    pair: Option<u64>,
}

/// Figures of one kind, for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptFigures {
    /// Of which kind.
    pub kind: AttemptKind,
    /// Wrong credentials since the start, those that were answered as limited included.
    pub failures: u64,
    /// Refusals by each limit since the start, in the order of [`LimitedBy::ALL`].
    pub limited: [u64; 2],
    /// Records kept by each limit, in the same order.
    pub records: [usize; 2],
}

impl std::fmt::Debug for Attempts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Attempts")
    }
}

impl Attempts {
    /// None yet.
    pub(crate) fn new(clock: Arc<dyn Clock>, limits: AttemptLimits) -> Self {
        Self {
            clock,
            limits,
            hasher: RandomState::new(),
            kinds: Default::default(),
            counts: Default::default(),
        }
    }

    /// Whether an attempt may be made; to be asked before a password is verified. It counts nothing.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`], whatever the credential is.
    pub fn check(&self, attempt: &Attempt<'_>) -> Result<()> {
        let now = self.clock.now();
        let subjects = self.subjects(attempt);
        let reached = self.reached(&self.records(attempt.kind).lock(), &subjects, now);
        match reached {
            None => Ok(()),
            Some(reached) => Err(self.refusal(attempt.kind, reached)),
        }
    }

    /// Counts a wrong credential and says how to answer it: [`Error::TooManyAttempts`] if a limit was reached
    /// before, so that attempts made at the same time are answered alike, else
    /// [`Unauthenticated::Invalid`]. What is refused by a limit does not count against it, so it
    /// comes to an end while someone goes on trying.
    pub fn failed(&self, attempt: &Attempt<'_>) -> Error {
        let count = &self.counts[attempt.kind as usize].failures;
        count.fetch_add(1, Ordering::Relaxed);
        let now = self.clock.now();
        let subjects = self.subjects(attempt);
        let reached = {
            let mut records = self.records(attempt.kind).lock();
            let reached = self.reached(&records, &subjects, now);
            if reached.is_none() {
                if let Some(address) = subjects.address {
                    let rate = self.limits.per_address;
                    records.addresses.count(address, rate, now);
                }
                if let Some(name) = records.name_of(&subjects, now) {
                    records.names.count(name, self.limits.per_name, now);
                }
            }
            reached
        };
        match reached {
            None => Error::Unauthenticated(Unauthenticated::Invalid),
            Some(reached) => self.refusal(attempt.kind, reached),
        }
    }

    /// To be asked when a password was right, before it is let in: of attempts made at the same time, those
    /// judged after the limit was reached are refused, right or wrong. Makes the address familiar.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`].
    pub fn succeeded(&self, attempt: &Attempt<'_>) -> Result<()> {
        self.check(attempt)?;
        self.make_familiar(attempt);
        Ok(())
    }

    /// Makes the address familiar, because the user signed in there without anything that could be guessed.
    pub fn make_familiar(&self, attempt: &Attempt<'_>) {
        if let Some(pair) = self.subjects(attempt).pair {
            let until = self.clock.now().plus_micros(FAMILIAR_MICROS);
            let mut records = self.records(attempt.kind).lock();
            records.familiar.set(pair, until);
        }
    }

    /// The limits.
    pub fn limits(&self) -> AttemptLimits {
        self.limits
    }

    /// How it fares, by kind.
    pub fn figures(&self) -> [AttemptFigures; 5] {
        AttemptKind::ALL.map(|kind| {
            let counts = &self.counts[kind as usize];
            let records = self.records(kind).lock();
            AttemptFigures {
                kind,
                failures: counts.failures.load(Ordering::Relaxed),
                limited: [0, 1].map(|by| counts.limited[by].load(Ordering::Relaxed)),
                records: [records.addresses.len(), records.names.len()],
            }
        })
    }

    fn records(&self, kind: AttemptKind) -> &Mutex<Records> {
        &self.kinds[kind as usize]
    }

    fn subjects(&self, attempt: &Attempt<'_>) -> Subjects {
        let network = attempt.address.map(network_of);
        let name = attempt.name.map(|name| match attempt.kind {
            AttemptKind::Login | AttemptKind::Key => Email::normalised(name)
                .map_or_else(|_| name.trim().to_lowercase(), |email| email.to_string()),
            AttemptKind::Token | AttemptKind::Invitation | AttemptKind::DeviceCode => {
                name.to_owned()
            }
        });
        Subjects {
            address: network.map(|network| self.hasher.hash_one(network)),
            pair: network
                .zip(name.as_ref())
                .map(|pair| self.hasher.hash_one(pair)),
            name: name.map(|name| self.hasher.hash_one(name)),
        }
    }

    /// The limit that is reached, and for how many microseconds yet; the one that lasts longer of two.
    fn reached(
        &self,
        records: &Records,
        subjects: &Subjects,
        now: Timestamp,
    ) -> Option<(LimitedBy, i64)> {
        let address = subjects.address.and_then(|address| {
            let wait = records
                .addresses
                .wait(address, self.limits.per_address, now)?;
            Some((LimitedBy::Address, wait))
        });
        let name = records.name_of(subjects, now).and_then(|name| {
            let wait = records.names.wait(name, self.limits.per_name, now)?;
            Some((LimitedBy::Name, wait))
        });
        address
            .into_iter()
            .chain(name)
            .max_by_key(|(_, wait)| *wait)
    }

    fn refusal(&self, kind: AttemptKind, (by, wait_micros): (LimitedBy, i64)) -> Error {
        let count = &self.counts[kind as usize].limited[by as usize];
        count.fetch_add(1, Ordering::Relaxed);
        let seconds = (wait_micros + 999_999) / 1_000_000;
        Error::TooManyAttempts {
            retry_after_seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
        }
    }
}

impl Records {
    /// Under what a name is counted: at a familiar address apart from the world.
    fn name_of(&self, subjects: &Subjects, now: Timestamp) -> Option<u64> {
        let familiar = |pair: &u64| self.familiar.moment(*pair).is_some_and(|until| until > now);
        subjects.pair.filter(familiar).or(subjects.name)
    }
}

/// What counts as one address: an IPv4 address, however it is written, or the /64 that one IPv6 client
/// usually has for itself.
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let bits = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(bits.into())
        }
    }
}

#[cfg(test)]
mod tests;
