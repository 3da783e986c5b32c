//! Writes that are committed together: each has its own answer, and none pays for another's failure.

use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::rows::{audit, secrets};
use coffer_store::{StoreError, Written};
use coffer_types::{AccountId, SecretId, StoreId};
use futures::future::join_all;

use crate::support::{Fixture, Refused, insert_secret};

impl Fixture {
    async fn counts(&self) -> (usize, u32, u64) {
        let mut reader = self.store.reader().await.unwrap();
        let secrets = secrets::all_sealed(&mut reader).await.unwrap().len();
        let events = audit::count(&mut reader).await.unwrap();
        let changes = changes::last_seq(&mut reader).await.unwrap();
        (secrets, events, changes)
    }

    /// Inserts a secret and then fails, after its rows were written.
    async fn insert_and_refuse(&self, name: &str, reason: u32) -> Result<(), Refused> {
        let row = self.secret(name);
        self.store
            .write(move |tx| {
                let row = row.clone();
                Box::pin(async move {
                    insert_secret(tx, row).await?;
                    Err(Refused::OnPurpose(reason))
                })
            })
            .await
    }
}

#[tokio::test]
async fn waiting_writes_are_committed_together() {
    let fixture = Fixture::new().await;
    let (commits, writes) = fixture.store.write_counts();
    let names: Vec<_> = (0..200).map(|n| format!("N{n}")).collect();
    let inserts = names
        .iter()
        .map(|name| fixture.insert_secret(fixture.secret(name)));
    for done in join_all(inserts).await {
        done.unwrap();
    }
    let (commits_after, writes_after) = fixture.store.write_counts();
    assert_eq!(writes_after - writes, 200);
    assert!(
        commits_after - commits < 100,
        "{} commits",
        commits_after - commits
    );
    assert_eq!(fixture.counts().await, (200, 201, 200));
}

#[tokio::test]
async fn a_refused_write_leaves_nothing_and_the_others_stand() {
    let fixture = Fixture::new().await;
    let names: Vec<_> = (0..60).map(|n| format!("N{n}")).collect();
    let writes = names
        .iter()
        .enumerate()
        .map(async |(index, name)| match index % 10 {
            3 => (
                index,
                fixture
                    .insert_and_refuse(name, u32::try_from(index).unwrap())
                    .await,
            ),
            _ => (index, fixture.insert_secret(fixture.secret(name)).await),
        });
    for (index, done) in join_all(writes).await {
        match (index % 10, done) {
            (3, Err(Refused::OnPurpose(reason))) => assert_eq!(reason as usize, index),
            (3, other) => panic!("{index}: {other:?}"),
            (_, done) => done.unwrap(),
        }
    }
    assert_eq!(fixture.counts().await, (54, 55, 54));
    let mut reader = fixture.store.reader().await.unwrap();
    for (index, name) in names.iter().enumerate() {
        let found = secrets::with_name(&mut reader, fixture.store_id, &name.parse().unwrap()).await;
        assert_eq!(found.unwrap().is_some(), index % 10 != 3, "{name}");
    }
}

#[tokio::test]
async fn each_broken_rule_is_told_to_the_write_that_broke_it() {
    let fixture = Fixture::new().await;
    fixture
        .insert_secret(fixture.secret("TAKEN"))
        .await
        .unwrap();
    let mut orphan = fixture.secret("ORPHAN");
    orphan.store_id = StoreId::from_bytes([9; 16]);
    let (good, taken, orphan, last) = tokio::join!(
        fixture.insert_secret(fixture.secret("GOOD")),
        fixture.insert_secret(fixture.secret("TAKEN")),
        fixture.insert_secret(orphan),
        fixture.insert_secret(fixture.secret("LAST")),
    );
    good.unwrap();
    last.unwrap();
    let Err(Refused::Store(StoreError::Taken(columns))) = taken else {
        panic!("{taken:?}");
    };
    assert_eq!(columns, "secrets.store_id, secrets.name");
    assert!(
        matches!(orphan, Err(Refused::Store(StoreError::Orphan))),
        "{orphan:?}"
    );
    assert_eq!(fixture.counts().await, (3, 4, 3));
}

#[tokio::test]
async fn of_equal_names_at_the_same_time_exactly_one_is_kept() {
    let fixture = Fixture::new().await;
    let inserts = (0..20).map(|_| fixture.insert_secret(fixture.secret("SAME")));
    let done = join_all(inserts).await;
    assert_eq!(done.iter().filter(|one| one.is_ok()).count(), 1);
    assert!(
        done.iter()
            .all(|one| matches!(one, Ok(()) | Err(Refused::Store(StoreError::Taken(_)))))
    );
    assert_eq!(fixture.counts().await, (1, 2, 1));
}

#[tokio::test]
async fn a_write_that_panics_harms_itself_alone() {
    let fixture = Fixture::new().await;
    let row = fixture.secret("PANICS");
    let panics = fixture.store.write::<(), Refused, _>(move |tx| {
        let row = row.clone();
        Box::pin(async move {
            insert_secret(tx, row).await?;
            panic!("on purpose")
        })
    });
    let (before, panicked, after) = tokio::join!(
        fixture.insert_secret(fixture.secret("BEFORE")),
        panics,
        fixture.insert_secret(fixture.secret("AFTER")),
    );
    before.unwrap();
    after.unwrap();
    assert!(
        matches!(panicked, Err(Refused::Store(StoreError::Panicked))),
        "{panicked:?}"
    );
    fixture
        .insert_secret(fixture.secret("LATER"))
        .await
        .unwrap();
    assert_eq!(fixture.counts().await, (3, 4, 3));
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_its_write_whole() {
    let fixture = Fixture::new().await;
    for index in 0..20 {
        let insert = fixture.insert_secret(fixture.secret(&format!("N{index}")));
        tokio::select! {
            biased;
            _ = insert => {}
            () = tokio::task::yield_now() => {}
        }
    }
    // Writes keep their order, so this one is the last.
    fixture.insert_secret(fixture.secret("LAST")).await.unwrap();
    let (secrets, events, changes) = fixture.counts().await;
    assert_eq!((secrets as u32 + 1, secrets as u64), (events, changes));
}

#[tokio::test]
async fn a_write_reads_what_it_wrote_and_what_came_before_it() {
    let fixture = Fixture::new().await;
    let row = fixture.secret("KEY");
    let (id, event) = (row.id, fixture.event("reads"));
    let seen = fixture.store.write::<_, Refused, _>(move |tx| {
        let (row, event) = (row.clone(), event.clone());
        Box::pin(async move {
            let before = secrets::find(tx, id).await?.is_some();
            insert_secret(tx, row).await?;
            let after = secrets::find(tx, id).await?.map(|found| found.change_seq);
            Ok(Written::new((before, after), event))
        })
    });
    let other = fixture.event("next");
    let next = fixture.store.write::<_, Refused, _>(move |tx| {
        let event = other.clone();
        Box::pin(async move {
            let found = secrets::find(tx, id).await?.is_some();
            Ok(Written::new(found, event))
        })
    });
    let (seen, next) = tokio::join!(seen, next);
    assert_eq!(seen.unwrap(), (false, Some(1)));
    assert!(next.unwrap());
}

#[tokio::test]
async fn a_delete_tells_whether_there_was_something() {
    let fixture = Fixture::new().await;
    let row = fixture.secret("KEY");
    let id = row.id;
    fixture.insert_secret(row).await.unwrap();
    let (account_id, event) = (fixture.account_id, fixture.event("deletes"));
    let deleted = fixture.store.write::<_, Refused, _>(move |tx| {
        let event = event.clone();
        Box::pin(async move {
            let first = secrets::delete(tx, id).await?;
            let again = secrets::delete(tx, id).await?;
            let unknown = secrets::delete(tx, SecretId::from_bytes([7; 16])).await?;
            changes::record(tx, account_id, ChangeSubject::Secret(id)).await?;
            Ok(Written::new((first, again, unknown), event))
        })
    });
    assert_eq!(deleted.await.unwrap(), (true, false, false));
    assert!(fixture.store.secret(id).await.unwrap().is_none());
    assert!(
        fixture
            .store
            .account(AccountId::from_bytes([7; 16]))
            .await
            .unwrap()
            .is_none()
    );
}
