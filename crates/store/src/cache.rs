//! Rows that nearly every request reads, kept in memory and exactly as new as the database.
//!
//! A SQLite database belongs to one process (see [`crate::open`]) and one writer commits in it. The
//! writer forgets what a transaction touched after the commit and before it answers, so no request that
//! starts after an acknowledged write can see the state before it. A reader that loaded a row while a
//! write committed does not keep it: it notes the cache's generation before it reads, and forgetting
//! advances the generation. With a shared database this cache stays empty.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;

use coffer_types::{AccountId, Email, SecretId, StoreId, UserId};
use foldhash::fast::RandomState;
use parking_lot::RwLock;

use crate::error::StoreError;
use crate::rows::{
    accounts::AccountRow, members::MemberRow, secrets::SecretRow, sessions::SessionRow,
    stores::StoreRow, tokens::TokenRow, users::UserRow,
};

/// Entries of one kind before the cache starts over: some megabytes at the most.
const MAX_ENTRIES: usize = 16_384;

/// A cached row that a transaction changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Touched {
    /// An account, its limits or its keys.
    Account(AccountId),
    /// The memberships of a user.
    Members(UserId),
    /// A user.
    User(UserId),
    /// The tokens with this prefix.
    Tokens(String),
    /// The sessions with this prefix.
    Sessions(String),
    /// A Secrets Store.
    Store(StoreId),
    /// One secret.
    Secret(SecretId),
}

/// The caches of one store.
#[derive(Debug, Default)]
pub(crate) struct Caches {
    pub(crate) accounts: Cache<AccountId, Arc<AccountRow>>,
    pub(crate) members: Cache<UserId, Arc<Vec<MemberRow>>>,
    pub(crate) users: Cache<UserId, Arc<UserRow>>,
    pub(crate) tokens: Cache<String, Arc<Vec<Arc<TokenRow>>>>,
    pub(crate) sessions: Cache<String, Arc<Vec<Arc<SessionRow>>>>,
    pub(crate) user_ids: Cache<Email, UserId>,
    pub(crate) stores: Cache<StoreId, Arc<StoreRow>>,
    pub(crate) secrets: Cache<SecretId, Arc<SecretRow>>,
}

impl Caches {
    pub(crate) fn forget(&self, touched: &[Touched]) {
        for one in touched {
            match one {
                Touched::Account(id) => self.accounts.forget(id),
                Touched::Members(id) => self.members.forget(id),
                Touched::User(id) => self.users.forget(id),
                Touched::Tokens(prefix) => self.tokens.forget(prefix),
                Touched::Sessions(prefix) => self.sessions.forget(prefix),
                Touched::Store(id) => self.stores.forget(id),
                Touched::Secret(id) => self.secrets.forget(id),
            }
        }
    }
}

/// One kind of cached row. Keys are of rows that the database has, never what a client makes up, so the quick
/// hash function will do.
#[derive(Debug)]
pub(crate) struct Cache<K, V> {
    inner: RwLock<Inner<K, V>>,
}

#[derive(Debug)]
struct Inner<K, V> {
    entries: HashMap<K, V, RandomState>,
    generation: u64,
}

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self {
            inner: RwLock::new(Inner {
                entries: HashMap::default(),
                generation: 0,
            }),
        }
    }
}

impl<K: Hash + Eq, V: Clone> Cache<K, V> {
    /// The kept value, or what `load` finds; a found value is kept unless a write came in between.
    pub(crate) async fn or_load<Q, F>(&self, key: &Q, load: F) -> Result<Option<V>, StoreError>
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        F: Future<Output = Result<Option<V>, StoreError>>,
    {
        let generation = {
            let inner = self.inner.read();
            if let Some(value) = inner.entries.get(key) {
                return Ok(Some(value.clone()));
            }
            inner.generation
        };
        let loaded = load.await?;
        if let Some(value) = &loaded {
            let mut inner = self.inner.write();
            if inner.generation == generation {
                if inner.entries.len() >= MAX_ENTRIES {
                    inner.entries.clear();
                }
                inner.entries.insert(key.to_owned(), value.clone());
            }
        }
        Ok(loaded)
    }

    fn forget(&self, key: &K) {
        let mut inner = self.inner.write();
        inner.generation += 1;
        inner.entries.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_load_overtaken_by_a_write_is_not_kept() {
        let cache = Cache::<u32, &'static str>::default();
        let loaded = cache
            .or_load(&1, async {
                cache.forget(&1);
                Ok(Some("before the write"))
            })
            .await
            .unwrap();
        assert_eq!(loaded, Some("before the write"));
        let again = cache
            .or_load(&1, async { Ok(Some("after")) })
            .await
            .unwrap();
        assert_eq!(again, Some("after"));
        let kept = cache.or_load(&1, async { Ok(None) }).await.unwrap();
        assert_eq!(kept, Some("after"));
    }
}
