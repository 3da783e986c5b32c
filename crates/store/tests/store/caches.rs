//! What is kept in memory is never older than what was acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use coffer_store::rows::members::{self, MemberRow};
use coffer_store::rows::sessions::{self, SessionRow};
use coffer_store::rows::tokens::{self, TokenOwner, TokenRow};
use coffer_store::rows::users::{self, UserRow};
use coffer_store::rows::{accounts, secrets, stores};
use coffer_store::{StoreError, Tx, Written};
use coffer_types::{
    IpCondition, MemberId, MembershipStatus, Role, SecretId, SessionId, TokenId, UserId,
    ValueVersion,
};
use futures::future::{BoxFuture, join_all};

use crate::support::{Fixture, Refused, limits, now};

const WRITES: u32 = 200;
const READERS: usize = 4;
const PREFIX: &str = "samesame";

/// Something that is kept in memory and can be counted up.
#[derive(Clone, Copy)]
enum Kept {
    /// An account's limit.
    Limit,
    /// A secret's value version.
    Secret(SecretId),
    /// The tokens with one prefix.
    Tokens,
}

impl Fixture {
    async fn write<F>(&self, operation: F)
    where
        F: for<'t> Fn(&'t mut Tx<'_>) -> BoxFuture<'t, Result<(), StoreError>>
            + Send
            + Sync
            + 'static,
    {
        let (event, operation) = (self.event("cache"), Arc::new(operation));
        self.store
            .write::<(), Refused, _>(move |tx| {
                let (event, operation) = (event.clone(), Arc::clone(&operation));
                Box::pin(async move {
                    operation(tx).await?;
                    Ok(Written::new((), event))
                })
            })
            .await
            .unwrap();
    }

    async fn read(&self, kept: Kept) -> u32 {
        match kept {
            Kept::Limit => {
                let account = self.store.account(self.account_id).await.unwrap();
                account.unwrap().limits.secrets
            }
            Kept::Secret(id) => {
                self.store
                    .secret(id)
                    .await
                    .unwrap()
                    .unwrap()
                    .value_version
                    .0
            }
            Kept::Tokens => {
                let tokens = self.store.tokens(PREFIX).await.unwrap();
                u32::try_from(tokens.len()).unwrap()
            }
        }
    }

    async fn set(&self, kept: Kept, count: u32) {
        match kept {
            Kept::Limit => {
                let id = self.account_id;
                self.write(move |tx| {
                    Box::pin(async move {
                        accounts::update_limits(tx, id, limits(count), now())
                            .await
                            .map(drop)
                    })
                })
                .await;
            }
            Kept::Secret(id) => {
                self.write(move |tx| {
                    Box::pin(async move {
                        let mut row = secrets::find(tx, id).await?.unwrap();
                        row.value_version = ValueVersion(count);
                        secrets::update(tx, &row, Some(b"new")).await
                    })
                })
                .await;
            }
            Kept::Tokens => {
                let token = Arc::new(self.token(count));
                self.write(move |tx| {
                    let token = Arc::clone(&token);
                    Box::pin(async move { tokens::insert(tx, &token).await })
                })
                .await;
            }
        }
    }

    fn token(&self, count: u32) -> TokenRow {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&count.to_be_bytes());
        TokenRow {
            id: TokenId::from_bytes(id),
            owner: TokenOwner::Account(self.account_id),
            name: "token".parse().unwrap(),
            prefix: PREFIX.to_owned(),
            mac: vec![0; 32],
            enabled: true,
            policies: Vec::new(),
            condition: IpCondition::default(),
            not_before: None,
            expires_at: None,
            created_at: now(),
            issued_at: now(),
            modified_at: now(),
        }
    }
}

/// Readers read all the time what a writer counts up; each must see at least what was acknowledged before it
/// began to read, and never less than it saw before.
async fn race(fixture: Fixture, kept: Kept) {
    let fixture = Arc::new(fixture);
    fixture.set(kept, 1).await;
    let acknowledged = Arc::new(AtomicU32::new(1));
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..READERS)
        .map(|_| {
            let fixture = Arc::clone(&fixture);
            let (acknowledged, done) = (Arc::clone(&acknowledged), Arc::clone(&done));
            tokio::spawn(async move {
                let (mut last, mut reads) = (0, 0_u64);
                while !done.load(Ordering::SeqCst) {
                    let least = acknowledged.load(Ordering::SeqCst).max(last);
                    last = fixture.read(kept).await;
                    assert!(last >= least, "read {last} after {least} was acknowledged");
                    reads += 1;
                    // What is in memory never waits, and the writer needs its turn.
                    tokio::task::yield_now().await;
                }
                reads
            })
        })
        .collect();
    for count in 2..=WRITES {
        fixture.set(kept, count).await;
        acknowledged.store(count, Ordering::SeqCst);
        assert_eq!(fixture.read(kept).await, count);
    }
    done.store(true, Ordering::SeqCst);
    for reads in join_all(readers).await {
        assert!(reads.unwrap() > 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn limits_are_as_new_as_their_last_write() {
    race(Fixture::new().await, Kept::Limit).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn secrets_are_as_new_as_their_last_write() {
    let fixture = Fixture::new().await;
    let row = fixture.secret("KEY");
    let id = row.id;
    fixture.insert_secret(row).await.unwrap();
    race(fixture, Kept::Secret(id)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tokens_are_as_new_as_their_last_write() {
    race(Fixture::new().await, Kept::Tokens).await;
}

#[tokio::test]
async fn what_comes_and_goes_is_seen_at_once() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let row = fixture.secret("KEY");
    let id = row.id;
    assert!(store.secret(id).await.unwrap().is_none());
    fixture.insert_secret(row).await.unwrap();
    assert!(store.secret(id).await.unwrap().is_some());
    fixture
        .write(move |tx| Box::pin(async move { secrets::delete(tx, id).await.map(drop) }))
        .await;
    assert!(store.secret(id).await.unwrap().is_none());

    let store_id = fixture.store_id;
    assert!(store.secrets_store(store_id).await.unwrap().is_some());
    fixture
        .write(move |tx| Box::pin(async move { stores::delete(tx, store_id).await }))
        .await;
    assert!(store.secrets_store(store_id).await.unwrap().is_none());
}

fn user() -> UserRow {
    UserRow {
        id: UserId::from_bytes([5; 16]),
        email: "dev@example.com".parse().unwrap(),
        first_name: None,
        last_name: None,
        password_hash: "hash".to_owned(),
        global_key_mac: vec![1; 32],
        global_key_enabled: true,
        global_key_sealed: None,
        has_second_factor: false,
        created_at: now(),
        modified_at: now(),
    }
}

#[tokio::test]
async fn users_and_memberships_are_seen_at_once() {
    let fixture = Fixture::new().await;
    let id = UserId::from_bytes([5; 16]);
    assert!(fixture.store.user(id).await.unwrap().is_none());
    let email = "dev@example.com".parse().unwrap();
    let by_email = async || fixture.store.user_with_email(&email).await.unwrap();
    assert!(by_email().await.is_none());
    // That there are none is remembered, too, until there is one.
    assert!(fixture.store.memberships(id).await.unwrap().is_empty());
    let user = Arc::new(user());
    let member = Arc::new(MemberRow {
        id: MemberId::from_bytes([6; 16]),
        account_id: fixture.account_id,
        user_id: id,
        roles: vec![Role::SecretsStoreReporter],
        status: MembershipStatus::Accepted,
        created_at: now(),
    });
    fixture
        .write(move |tx| {
            let (user, member) = (Arc::clone(&user), Arc::clone(&member));
            Box::pin(async move {
                users::insert(tx, &user).await?;
                members::insert(tx, &member).await
            })
        })
        .await;
    assert!(fixture.store.user(id).await.unwrap().is_some());
    let memberships = fixture.store.memberships(id).await.unwrap();
    assert_eq!(memberships[0].roles, [Role::SecretsStoreReporter]);
    let mut user = UserRow::clone(&by_email().await.unwrap());
    user.global_key_enabled = false;
    fixture
        .write(move |tx| {
            let user = user.clone();
            Box::pin(async move { users::update_credentials(tx, &user).await })
        })
        .await;
    assert!(!by_email().await.unwrap().global_key_enabled);
}

#[tokio::test]
async fn sessions_are_seen_and_gone_at_once() {
    let fixture = Fixture::new().await;
    let user = user();
    let session = SessionRow {
        id: SessionId::from_bytes([7; 16]),
        user_id: user.id,
        prefix: PREFIX.to_owned(),
        mac: vec![1; 32],
        ip: None,
        user_agent: None,
        created_at: now(),
        expires_at: now().plus_micros(1),
        last_used_at: now(),
    };
    let kept = session.clone();
    fixture
        .write(move |tx| {
            let (user, kept) = (user.clone(), kept.clone());
            Box::pin(async move {
                users::insert(tx, &user).await?;
                sessions::insert(tx, &kept).await
            })
        })
        .await;
    let found = fixture.store.sessions(PREFIX).await.unwrap();
    assert_eq!((found.len(), found[0].id), (1, session.id));
    fixture
        .write(move |tx| {
            let user_id = session.user_id;
            Box::pin(async move {
                let ended = sessions::delete_of_user(tx, user_id, None).await?;
                assert_eq!(ended, 1);
                Ok(())
            })
        })
        .await;
    assert!(fixture.store.sessions(PREFIX).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_refused_write_changes_nothing_that_is_kept() {
    let fixture = Fixture::new().await;
    let before = fixture.read(Kept::Limit).await;
    let id = fixture.account_id;
    let refused = fixture.store.write::<(), Refused, _>(move |tx| {
        Box::pin(async move {
            accounts::update_limits(tx, id, limits(7), now()).await?;
            Err(Refused::OnPurpose(1))
        })
    });
    refused.await.unwrap_err();
    assert_eq!(fixture.read(Kept::Limit).await, before);
}
