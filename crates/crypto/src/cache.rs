//! Account keys that were unwrapped already.

use std::collections::HashMap;
use std::sync::Arc;

use coffer_envelope::AccountKey;
use coffer_types::{AccountId, WrappedAccountKey};
use parking_lot::Mutex;

/// Keys kept at most. Our own bound: about a megabyte, and far more accounts than are busy at once on
/// one machine. Past it a key is unwrapped again, which costs microseconds.
const MAX_KEYS: usize = 4096;

type Generation = HashMap<(AccountId, u32), Entry>;

struct Entry {
    /// A cached key answers only for the very one that it came from.
    wrapped: WrappedAccountKey,
    key: Arc<AccountKey>,
}

/// A bounded cache of two generations: what is used moves to the young one; when that has filled half
/// the bound, it becomes the old one and what was old is dropped.
#[derive(Default)]
pub(crate) struct AccountKeyCache {
    generations: Mutex<(Generation, Generation)>,
}

impl AccountKeyCache {
    pub(crate) fn find(
        &self,
        account_id: AccountId,
        wrapped: &WrappedAccountKey,
    ) -> Option<Arc<AccountKey>> {
        let place = (account_id, wrapped.version);
        let mut generations = self.generations.lock();
        let (young, old) = &mut *generations;
        if let Some(entry) = young.get(&place) {
            return (entry.wrapped == *wrapped).then(|| Arc::clone(&entry.key));
        }
        let entry = old.remove(&place)?;
        let found = (entry.wrapped == *wrapped).then(|| Arc::clone(&entry.key));
        insert(&mut generations, place, entry);
        found
    }

    pub(crate) fn insert(
        &self,
        account_id: AccountId,
        wrapped: &WrappedAccountKey,
        key: Arc<AccountKey>,
    ) {
        let entry = Entry {
            wrapped: wrapped.clone(),
            key,
        };
        insert(
            &mut self.generations.lock(),
            (account_id, wrapped.version),
            entry,
        );
    }
}

fn insert(generations: &mut (Generation, Generation), place: (AccountId, u32), entry: Entry) {
    let (young, old) = generations;
    if young.len() >= MAX_KEYS / 2 && !young.contains_key(&place) {
        *old = std::mem::take(young);
    }
    young.insert(place, entry);
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn account(number: usize) -> AccountId {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        AccountId::from_bytes(bytes)
    }

    fn wrapped(byte: u8) -> WrappedAccountKey {
        WrappedAccountKey {
            version: 1,
            master_version: 1,
            wrapped: vec![byte; 8],
        }
    }

    fn key() -> Arc<AccountKey> {
        Arc::new(AccountKey::new(1, Zeroizing::new([1; 32])))
    }

    #[test]
    fn a_key_answers_only_for_its_own_bytes() {
        let cache = AccountKeyCache::default();
        let kept = key();
        cache.insert(account(1), &wrapped(1), Arc::clone(&kept));
        assert!(Arc::ptr_eq(
            &cache.find(account(1), &wrapped(1)).unwrap(),
            &kept
        ));
        assert!(cache.find(account(1), &wrapped(2)).is_none());
        assert!(cache.find(account(2), &wrapped(1)).is_none());
        let mut other = wrapped(1);
        other.version = 2;
        assert!(cache.find(account(1), &other).is_none());
        let mut other = wrapped(1);
        other.master_version = 2;
        assert!(cache.find(account(1), &other).is_none());
    }

    #[test]
    fn the_bound_holds_and_what_is_used_stays() {
        let cache = AccountKeyCache::default();
        for number in 0..MAX_KEYS * 3 {
            cache.insert(account(number), &wrapped(1), key());
            assert!(cache.find(account(0), &wrapped(1)).is_some(), "{number}");
            let generations = cache.generations.lock();
            assert!(generations.0.len() + generations.1.len() <= MAX_KEYS);
        }
        assert!(cache.find(account(1), &wrapped(1)).is_none());
    }
}
