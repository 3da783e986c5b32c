//! One change of a Worker at a time in this process, so that concurrent edits follow each other instead of
//! refusing each other. What is correct does not depend on it: the transaction looks again.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use coffer_types::{AccountId, WorkerName};
use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

/// Workers remembered before those that nobody changes are forgotten.
const MAX_REMEMBERED: usize = 1024;

type Lock = tokio::sync::Mutex<()>;

/// Whose turn it is, Worker by Worker.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<(AccountId, WorkerName), Weak<Lock>>>);

/// The right to change a Worker, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _guard: OwnedMutexGuard<()>,
}

impl Turns {
    /// Waits until nobody else in this process changes the Worker.
    pub(crate) async fn take(&self, account_id: AccountId, name: &WorkerName) -> Turn {
        let lock = self.lock_of(account_id, name);
        Turn {
            _guard: lock.lock_owned().await,
        }
    }

    fn lock_of(&self, account_id: AccountId, name: &WorkerName) -> Arc<Lock> {
        let mut locks = self.0.lock();
        let key = (account_id, name.clone());
        if let Some(lock) = locks.get(&key).and_then(Weak::upgrade) {
            return lock;
        }
        if locks.len() >= MAX_REMEMBERED {
            locks.retain(|_, lock| lock.strong_count() > 0);
        }
        let lock = Arc::new(Lock::default());
        locks.insert(key, Arc::downgrade(&lock));
        lock
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_turn_excludes_others_of_the_same_worker_only() {
        let turns = Turns::default();
        let account = AccountId::from_bytes([1; 16]);
        let (one, two) = ("one".parse().unwrap(), "two".parse().unwrap());
        let first = turns.take(account, &one).await;
        drop(turns.take(account, &two).await);
        drop(turns.take(AccountId::from_bytes([2; 16]), &one).await);
        assert!(turns.lock_of(account, &one).try_lock().is_err());
        drop(first);
        drop(turns.take(account, &one).await);
    }

    #[tokio::test]
    async fn workers_that_nobody_changes_are_forgotten() {
        let turns = Turns::default();
        let account = AccountId::from_bytes([1; 16]);
        for index in 0..=MAX_REMEMBERED {
            let name = format!("w{index}").parse().unwrap();
            drop(turns.take(account, &name).await);
        }
        assert!(turns.0.lock().len() < MAX_REMEMBERED);
    }
}
