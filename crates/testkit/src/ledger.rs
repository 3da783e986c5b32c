//! What a crash test knows: which writes were acknowledged, which were on their way.

use std::collections::BTreeMap;
use std::fmt::Debug;

use parking_lot::Mutex;

/// The book of one kind of thing, by name. Each name has one writer at a time.
///
/// Before a write its new state is [`attempt`](Ledger::attempt)ed, after the answer it is
/// [`acknowledge`](Ledger::acknowledge)d or [`refuse`](Ledger::refuse)d. A write that gets neither, because
/// the server was killed, may have happened or not, and nothing between.
#[derive(Debug)]
pub struct Ledger<State> {
    entries: Mutex<BTreeMap<String, Entry<State>>>,
}

#[derive(Clone, Debug)]
struct Entry<State> {
    acknowledged: Option<State>,
    /// The state, or absence, that an unanswered write leads to.
    attempted: Option<Option<State>>,
}

/// A thing that is not as it was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is {found}; acknowledged was {acknowledged}, on its way was {attempted}")]
pub struct Violation {
    /// The thing.
    pub name: String,
    /// What is there.
    pub found: String,
    /// What was acknowledged.
    pub acknowledged: String,
    /// What was unanswered.
    pub attempted: String,
}

impl<State> Default for Ledger<State> {
    fn default() -> Self {
        Self {
            entries: Mutex::new(BTreeMap::new()),
        }
    }
}

impl<State: Clone + PartialEq + Debug> Ledger<State> {
    /// A write begins that leads to this state; `None` deletes.
    pub fn attempt(&self, name: &str, state: Option<State>) {
        let mut entries = self.entries.lock();
        let entry = entries.entry(name.to_owned()).or_insert(Entry {
            acknowledged: None,
            attempted: None,
        });
        entry.attempted = Some(state);
    }

    /// The attempted write was answered with success.
    pub fn acknowledge(&self, name: &str) {
        if let Some(entry) = self.entries.lock().get_mut(name)
            && let Some(state) = entry.attempted.take()
        {
            entry.acknowledged = state;
        }
    }

    /// The attempted write was answered with an error: it did not happen.
    pub fn refuse(&self, name: &str) {
        if let Some(entry) = self.entries.lock().get_mut(name) {
            entry.attempted = None;
        }
    }

    /// What is acknowledged for a name.
    pub fn acknowledged(&self, name: &str) -> Option<State> {
        self.entries.lock().get(name)?.acknowledged.clone()
    }

    /// Compares the book with all that is there after a crash, and goes on from there.
    pub fn settle(&self, found: &BTreeMap<String, State>) -> Vec<Violation> {
        let mut entries = self.entries.lock();
        let unknown = found.keys().filter(|name| !entries.contains_key(*name));
        let mut violations: Vec<_> = unknown
            .map(|name| Violation {
                name: name.clone(),
                found: format!("{:?}", found.get(name)),
                acknowledged: "nothing".to_owned(),
                attempted: "nothing".to_owned(),
            })
            .collect();
        for (name, entry) in entries.iter_mut() {
            let present = found.get(name);
            let as_attempted = entry
                .attempted
                .as_ref()
                .is_some_and(|attempted| attempted.as_ref() == present);
            if present != entry.acknowledged.as_ref() && !as_attempted {
                violations.push(Violation {
                    name: name.clone(),
                    found: format!("{present:?}"),
                    acknowledged: format!("{:?}", entry.acknowledged),
                    attempted: format!("{:?}", entry.attempted),
                });
            }
            entry.acknowledged = present.cloned();
            entry.attempted = None;
        }
        violations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(things: &[(&str, u32)]) -> BTreeMap<String, u32> {
        things
            .iter()
            .map(|(name, state)| ((*name).to_owned(), *state))
            .collect()
    }

    #[test]
    fn an_acknowledged_write_must_be_there() {
        let ledger = Ledger::default();
        ledger.attempt("a", Some(1));
        ledger.acknowledge("a");
        assert_eq!(ledger.settle(&found(&[("a", 1)])), []);
        assert_eq!(ledger.settle(&found(&[])).len(), 1);
    }

    #[test]
    fn an_unanswered_write_may_be_there_or_not_but_nothing_else() {
        for (there, violations) in [(Some(1), 0), (Some(2), 0), (Some(3), 1), (None, 1)] {
            let ledger = Ledger::default();
            ledger.attempt("a", Some(1));
            ledger.acknowledge("a");
            ledger.attempt("a", Some(2));
            let things: Vec<_> = there.map(|state| ("a", state)).into_iter().collect();
            assert_eq!(
                ledger.settle(&found(&things)).len(),
                violations,
                "{there:?}"
            );
        }
    }

    #[test]
    fn a_refused_write_and_an_acknowledged_delete_leave_nothing() {
        let ledger = Ledger::default();
        ledger.attempt("refused", Some(1));
        ledger.refuse("refused");
        ledger.attempt("deleted", Some(1));
        ledger.acknowledge("deleted");
        ledger.attempt("deleted", None);
        ledger.acknowledge("deleted");
        assert_eq!(ledger.settle(&found(&[])), []);
        ledger.refuse("refused");
        assert_eq!(ledger.settle(&found(&[("refused", 1)])).len(), 1);
    }

    #[test]
    fn what_nobody_wrote_is_a_violation_once() {
        let ledger = Ledger::default();
        assert_eq!(ledger.settle(&found(&[("stranger", 1)])).len(), 1);
    }
}
