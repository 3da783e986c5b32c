//! Room for few at once, of which no account takes all.

use std::collections::HashMap;
use std::sync::Arc;

use coffer_types::AccountId;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room for a number of things at once, and for fewer of each account. More wait, each account in its own
/// order: however many wait of one account, those of another pass them.
#[derive(Debug)]
pub(crate) struct Shares {
    all: Arc<Semaphore>,
    per_account: usize,
    accounts: Mutex<HashMap<AccountId, Arc<Semaphore>>>,
}

/// A place taken; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _permits: [OwnedSemaphorePermit; 2],
}

impl Shares {
    /// Room for `all` at once, `per_account` of them for one account.
    pub(crate) fn new(all: usize, per_account: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(all)),
            per_account,
            accounts: Mutex::new(HashMap::new()),
        }
    }

    /// Waits for a place. `None` when there will be none any more.
    pub(crate) async fn enter(&self, account_id: AccountId) -> Option<Place> {
        // The account's own place first: those who wait for it do not stand in the common queue.
        let own = self.of(account_id).acquire_owned().await.ok()?;
        let common = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Place {
            _permits: [common, own],
        })
    }

    fn of(&self, account_id: AccountId) -> Arc<Semaphore> {
        let mut accounts = self.accounts.lock();
        // A place and a wait for one hold the semaphore too: without them nothing is to be remembered.
        accounts.retain(|_, share| Arc::strong_count(share) > 1);
        let share = accounts
            .entry(account_id)
            .or_insert_with(|| Arc::new(Semaphore::new(self.per_account)));
        Arc::clone(share)
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn poll<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Poll<T> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    fn account(number: u8) -> AccountId {
        AccountId::from_bytes([number; 16])
    }

    #[test]
    fn no_account_takes_all_and_others_pass_those_who_wait() {
        let shares = Shares::new(3, 2);
        let enter = |number| Box::pin(shares.enter(account(number)));
        let mut greedy: Vec<_> = (0..10).map(|_| enter(1)).collect();
        let mut places = Vec::new();
        for waiting in &mut greedy {
            if let Poll::Ready(place) = poll(waiting.as_mut()) {
                places.push(place.unwrap());
            }
        }
        assert_eq!(places.len(), 2);
        let mut other = enter(2);
        let Poll::Ready(Some(theirs)) = poll(other.as_mut()) else {
            panic!("the other account waits");
        };
        // Now all is taken: a third account is next, before the many that wait.
        let mut third = enter(3);
        assert!(poll(third.as_mut()).is_pending());
        drop(places.pop());
        assert!(matches!(poll(third.as_mut()), Poll::Ready(Some(_))));
        drop((theirs, places, third, other));
        let left = greedy.split_off(2);
        drop(greedy);
        let mut entered = 0;
        for mut waiting in left {
            entered += usize::from(matches!(poll(waiting.as_mut()), Poll::Ready(Some(_))));
        }
        assert_eq!(entered, 8, "one after the other");
        // An account that has nothing here is forgotten.
        drop(shares.of(account(9)));
        drop(shares.of(account(8)));
        assert_eq!(shares.accounts.lock().len(), 1);
    }
}
