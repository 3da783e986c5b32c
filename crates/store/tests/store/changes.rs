//! The order that edges follow: dense, in the order of commits, and never announced early.

use std::sync::Arc;

use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::{Store, Written};
use coffer_types::SecretId;
use coffer_types::limits::CHANGES_KEPT;
use futures::future::join_all;

use crate::support::{Fixture, Refused};

/// Records some changes in one write, and fails after them if told to.
async fn record(
    fixture: &Fixture,
    subject: u8,
    count: u8,
    refused: bool,
) -> Result<Vec<u64>, Refused> {
    let (account_id, event) = (fixture.account_id, fixture.event("changes"));
    fixture
        .store
        .write(move |tx| {
            let event = event.clone();
            Box::pin(async move {
                let mut places = Vec::new();
                for nth in 0..count {
                    let mut bytes = [0; 16];
                    bytes[..2].copy_from_slice(&[subject, nth]);
                    let subject = ChangeSubject::Secret(SecretId::from_bytes(bytes));
                    places.push(changes::record(tx, account_id, subject).await?);
                }
                if refused {
                    return Err(Refused::OnPurpose(0));
                }
                Ok(Written::new(places, event))
            })
        })
        .await
}

#[tokio::test]
async fn places_are_dense_and_told_as_they_were_kept() {
    let fixture = Fixture::new().await;
    let writes = (0..120_u8).map(|n| record(&fixture, n, n % 4, n % 7 == 0));
    let done = join_all(writes).await;
    let mut told = Vec::new();
    for (subject, places) in (0_u8..).zip(done) {
        assert_eq!(places.is_err(), subject % 7 == 0);
        for (nth, seq) in (0_u8..).zip(places.unwrap_or_default()) {
            told.push((seq, [subject, nth]));
        }
    }
    told.sort_unstable();
    let mut reader = fixture.store.reader().await.unwrap();
    let kept = changes::after(&mut reader, 0, u32::MAX).await.unwrap();
    assert_eq!(kept.len(), told.len());
    for ((place, kept), (seq, subject)) in (1..).zip(&kept).zip(told) {
        let ChangeSubject::Secret(id) = kept.subject else {
            panic!("{kept:?}");
        };
        assert_eq!((kept.seq, seq), (place, place));
        assert_eq!(id.as_bytes()[..2], subject);
    }
    assert_eq!(*fixture.store.last_change().borrow(), kept.len() as u64);
    // A part of the order is what lies after a place.
    let part = changes::after(&mut reader, 10, 5).await.unwrap();
    assert_eq!(
        part.iter().map(|change| change.seq).collect::<Vec<_>>(),
        [11, 12, 13, 14, 15]
    );
}

#[tokio::test]
async fn the_order_goes_on_after_opening_again() {
    let fixture = Fixture::new().await;
    assert_eq!(record(&fixture, 1, 3, false).await.unwrap(), [1, 2, 3]);
    record(&fixture, 2, 3, true).await.unwrap_err();
    fixture.store.close().await;
    let (files, event, account_id) = (fixture.files(), fixture.event("again"), fixture.account_id);
    drop(fixture.store);
    let store = Store::open(&files).await.unwrap();
    assert_eq!(*store.last_change().borrow(), 3);
    let next = store.write::<_, Refused, _>(move |tx| {
        let event = event.clone();
        Box::pin(async move {
            let seq = changes::record(tx, account_id, ChangeSubject::Account).await?;
            Ok(Written::new(seq, event))
        })
    });
    assert_eq!(next.await.unwrap(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_announced_can_be_read() {
    const CHANGES: u64 = 300;
    let fixture = Arc::new(Fixture::new().await);
    let follower = tokio::spawn({
        let fixture = Arc::clone(&fixture);
        async move {
            let mut announced = fixture.store.last_change();
            let mut seen = 0;
            while seen < CHANGES {
                let last = *announced.wait_for(|last| *last > seen).await.unwrap();
                let mut reader = fixture.store.reader().await.unwrap();
                for change in changes::after(&mut reader, seen, u32::MAX).await.unwrap() {
                    assert_eq!(change.seq, seen + 1);
                    seen = change.seq;
                }
                assert!(seen >= last, "{last} was announced, {seen} can be read");
            }
        }
    });
    let writers = (0..6_u8).map(|writer| {
        let fixture = Arc::clone(&fixture);
        tokio::spawn(async move {
            for _ in 0..CHANGES / 6 {
                record(&fixture, writer, 1, false).await.unwrap();
                record(&fixture, writer, 2, true).await.unwrap_err();
            }
        })
    });
    for writer in join_all(writers).await {
        writer.unwrap();
    }
    follower.await.unwrap();
    assert_eq!(*fixture.store.last_change().borrow(), CHANGES);
}

/// Records so many changes in one write.
async fn record_many(fixture: &Fixture, count: u64) {
    let (account_id, event) = (fixture.account_id, fixture.event("changes"));
    let done: Result<u64, Refused> = fixture
        .store
        .write(move |tx| {
            let event = event.clone();
            Box::pin(async move {
                let mut last = 0;
                for _ in 0..count {
                    last = changes::record(tx, account_id, ChangeSubject::Account).await?;
                }
                Ok(Written::new(last, event))
            })
        })
        .await;
    done.unwrap();
}

#[tokio::test]
async fn the_oldest_are_forgotten_and_the_order_goes_on() {
    const SLACK: u64 = 2048;
    let fixture = Fixture::new().await;
    let ends = async || {
        let mut reader = fixture.store.reader().await.unwrap();
        let first = changes::first_seq(&mut reader).await.unwrap();
        (first, changes::last_seq(&mut reader).await.unwrap())
    };
    assert_eq!(ends().await, (None, 0));
    record_many(&fixture, CHANGES_KEPT).await;
    assert_eq!(ends().await, (Some(1), CHANGES_KEPT));
    record_many(&fixture, SLACK).await;
    let (first, last) = ends().await;
    let first = first.unwrap();
    assert_eq!(last, CHANGES_KEPT + SLACK);
    let kept = last - first + 1;
    assert!(
        (CHANGES_KEPT..CHANGES_KEPT + SLACK / 2).contains(&kept),
        "{kept} from {first}"
    );
    let mut reader = fixture.store.reader().await.unwrap();
    let found = changes::after(&mut reader, first - 1, u32::MAX).await;
    let places: Vec<_> = found.unwrap().iter().map(|change| change.seq).collect();
    assert_eq!(places, (first..=last).collect::<Vec<_>>());
    drop(reader);
    fixture.store.close().await;
    let files = fixture.files();
    drop(fixture.store);
    let store = Store::open(&files).await.unwrap();
    assert_eq!(*store.last_change().borrow(), last);
}
