//! Requests that were refused for want of a permission, in the audit log.

use std::collections::{HashMap, HashSet};

use coffer_store::Written;
use coffer_store::rows::audit::NewEvent;
use coffer_store::rows::tokens::TokenOwner;
use coffer_types::audit::{Action, Outcome, ResourceKind};
use coffer_types::{AccountId, AuditEventId, Timestamp, limits};
use parking_lot::Mutex;
use serde_json::json;

use crate::actor::Caller;
use crate::engine::Engine;
use crate::error::{Error, Result};

/// A minute: how long a denial stands for others like it.
const WINDOW_MICROS: i64 = 60 * 1_000_000;

/// What was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The account it would have happened in.
    pub account_id: Option<AccountId>,
    /// What was tried.
    pub action: Action,
    /// On what kind of thing.
    pub resource_kind: ResourceKind,
    /// On which one; empty if it was to be made.
    pub resource_id: String,
    /// The status of the answer.
    pub status: u16,
}

/// What was recorded lately, by actor.
///
/// A refusal costs who is refused nothing, and a write costs a commit. So a denial is written once a minute for
/// each actor, method and path, and at the most [`limits::MAX_DENIALS_PER_MINUTE`] times a minute for an actor;
/// the others are counted, and the actor's next event of this kind tells how many there were. Actors have
/// credentials that were made for them, so nobody can make up many.
#[derive(Debug, Default)]
pub(crate) struct Denials(Mutex<HashMap<String, Recent>>);

/// One actor's denials since the beginning of a minute.
#[derive(Debug)]
struct Recent {
    since: Timestamp,
    recorded: HashSet<(String, String)>,
    unrecorded: u64,
}

impl Engine {
    /// Records that a request that would have changed something was refused. One that only reads is not recorded,
    /// and of many like each other only some are.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if it could not be written.
    pub async fn record_denial(&self, caller: &Caller, denied: Denied) -> Result<()> {
        let mut request = caller.event_request();
        let Some(raw) = request.raw.as_mut() else {
            return Ok(());
        };
        raw.status = denied.status;
        let what = (raw.method.clone(), raw.path.clone());
        let now = self.clock.now();
        let Some(unrecorded) = self.denials.admit(&caller.actor.id(), what, now) else {
            return Ok(());
        };
        let details = match unrecorded {
            0 => json!({}),
            count => json!({ "unrecorded_denials": count }),
        };
        let event = NewEvent {
            id: AuditEventId::random(self.random.as_ref()),
            // What an account's own token tries outside of any account, that account is to know.
            account_id: denied.account_id.or_else(|| account_of(caller)),
            at: now,
            action: denied.action,
            outcome: Outcome::Failure,
            resource_kind: denied.resource_kind,
            resource_id: denied.resource_id,
            actor: caller.event_actor(),
            request,
            details,
        };
        self.store
            .write::<(), Error, _>(move |_tx| {
                let written = Written::new((), event.clone());
                Box::pin(async move { Ok(written) })
            })
            .await
    }
}

/// The account whose own token asks.
fn account_of(caller: &Caller) -> Option<AccountId> {
    match caller.actor.token()?.owner {
        TokenOwner::Account(id) => Some(id),
        TokenOwner::User(_) => None,
    }
}

impl Denials {
    /// Whether a denial is to be recorded, and if so, how many of the actor's were not since the last that was.
    fn admit(&self, actor_id: &str, what: (String, String), now: Timestamp) -> Option<u64> {
        let mut actors = self.0.lock();
        if actors.len() >= limits::MAX_DENIED_ACTORS && !actors.contains_key(actor_id) {
            forget(&mut actors, now);
        }
        let recent = actors.entry(actor_id.to_owned()).or_insert_with(|| Recent {
            since: now,
            recorded: HashSet::new(),
            unrecorded: 0,
        });
        if now.micros_since(recent.since) >= WINDOW_MICROS {
            recent.since = now;
            recent.recorded.clear();
        }
        let is_full = recent.recorded.len() >= limits::MAX_DENIALS_PER_MINUTE;
        if is_full || !recent.recorded.insert(what) {
            recent.unrecorded += 1;
            return None;
        }
        Some(std::mem::take(&mut recent.unrecorded))
    }
}

/// Makes room: forgets whose minute is over, or else everyone. What was counted and not told is logged.
fn forget(actors: &mut HashMap<String, Recent>, now: Timestamp) {
    let is_over = |recent: &Recent| now.micros_since(recent.since) >= WINDOW_MICROS;
    let all = !actors.values().any(is_over);
    let mut untold = 0;
    actors.retain(|_, recent| {
        let stays = !all && !is_over(recent);
        untold += if stays { 0 } else { recent.unrecorded };
        stays
    });
    if untold > 0 {
        tracing::warn!(untold, "denied requests that the audit log does not count");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(path: &str) -> (String, String) {
        ("POST".to_owned(), path.to_owned())
    }

    #[test]
    fn what_is_the_same_is_counted_and_told_with_the_next() {
        let denials = Denials::default();
        let start = Timestamp::from_micros(1_000_000);
        assert_eq!(denials.admit("a", post("/one"), start), Some(0));
        for _ in 0..3 {
            assert_eq!(denials.admit("a", post("/one"), start), None);
        }
        // Another path, method or actor is something else.
        assert_eq!(denials.admit("a", post("/two"), start), Some(3));
        let delete = ("DELETE".to_owned(), "/one".to_owned());
        assert_eq!(denials.admit("a", delete, start), Some(0));
        assert_eq!(denials.admit("b", post("/one"), start), Some(0));
        assert_eq!(denials.admit("a", post("/one"), start), None);
        let last = start.plus_micros(WINDOW_MICROS - 1);
        assert_eq!(denials.admit("a", post("/one"), last), None);
        let later = start.plus_micros(WINDOW_MICROS);
        assert_eq!(denials.admit("a", post("/one"), later), Some(2));
    }

    #[test]
    fn an_actor_writes_so_much_a_minute_and_no_more() {
        let denials = Denials::default();
        let mut now = Timestamp::from_micros(0);
        let mut written = 0;
        for number in 0..limits::MAX_DENIALS_PER_MINUTE * 3 {
            let what = post(&format!("/{number}"));
            written += usize::from(denials.admit("a", what, now).is_some());
        }
        assert_eq!(written, limits::MAX_DENIALS_PER_MINUTE);
        now = now.plus_micros(WINDOW_MICROS);
        let left = limits::MAX_DENIALS_PER_MINUTE as u64 * 2;
        assert_eq!(denials.admit("a", post("/x"), now), Some(left));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let denials = Denials::default();
        let mut now = Timestamp::from_micros(0);
        for number in 0..limits::MAX_DENIED_ACTORS + 10 {
            denials.admit(&number.to_string(), post("/"), now);
            assert!(denials.0.lock().len() <= limits::MAX_DENIED_ACTORS);
        }
        // Whose minute is over goes first.
        now = now.plus_micros(WINDOW_MICROS);
        for number in 0..limits::MAX_DENIED_ACTORS {
            denials.admit(&format!("later {number}"), post("/"), now);
        }
        assert_eq!(denials.admit("later 1", post("/"), now), None);
    }
}
