//! The Merkle log under the writer: what is signed is what is kept, whatever became of the writes around it.

use std::sync::Arc;

use coffer_store::log::tree::{Frontier, Hash};
use coffer_store::log::{SignCheckpoint, Snapshot};
use coffer_store::rows::audit_checkpoints;
use coffer_store::{Files, Store, Written};
use futures::future::join_all;
use serde_json::json;

use crate::support::{Fixture, Refused};

/// Signs by writing down what it signed.
#[derive(Debug)]
pub(crate) struct Plain;

impl SignCheckpoint for Plain {
    fn sign(&self, size: u64, root: &Hash) -> String {
        format!("{size} {root:?}")
    }

    fn signed(&self, note: &str) -> Option<(u64, Hash)> {
        let (size, root) = note.split_once(' ')?;
        let root: Vec<u8> = serde_json::from_str(root).ok()?;
        Some((size.parse().ok()?, root.try_into().ok()?))
    }
}

/// Compares the kept checkpoints and the edge with the events themselves.
async fn agrees(fixture: &Fixture) {
    let mut snapshot = Snapshot::open(&fixture.files()).await.unwrap();
    let (mut frontier, mut after) = (Frontier::default(), 0);
    loop {
        let events = snapshot.events_after(after).await.unwrap();
        let Some(last) = events.last() else { break };
        after = last.seq;
        for event in events {
            assert_eq!(u64::try_from(event.seq).unwrap(), frontier.size() + 1);
            let leaf = coffer_store::log::tree::leaf_hash(&event.line);
            assert_eq!(event.leaf, Some(leaf));
            frontier.append(leaf, &mut Vec::new());
            let size = frontier.size();
            if size.is_multiple_of(256) {
                let place = i64::try_from(size - 1).unwrap();
                let kept = audit_checkpoints::after(&mut snapshot, place)
                    .await
                    .unwrap();
                assert_eq!(kept[0].1, Plain.sign(size, &frontier.root()));
            }
        }
    }
    let note = audit_checkpoints::head(&mut snapshot)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(note, Plain.sign(frontier.size(), &frontier.root()));
    let kept = snapshot.kept_frontier(frontier.size()).await.unwrap();
    assert_eq!(kept, Some(frontier));
    snapshot.close().await;
}

impl Fixture {
    async fn signed() -> Self {
        Self::signed_by(Some(Arc::new(Plain))).await
    }

    /// Writes nothing but its events, and is refused after the first if it should be.
    async fn events(&self, count: usize, refused: bool) -> Result<(), Refused> {
        let events: Vec<_> = (0..count).map(|_| self.event("some")).collect();
        self.store
            .write(move |_tx| {
                let events = events.clone();
                Box::pin(async move {
                    if refused {
                        return Err(Refused::OnPurpose(1));
                    }
                    Ok(Written::with_events((), events).unwrap())
                })
            })
            .await
    }
}

/// Opens a database as its owner does.
pub(crate) async fn opened(files: &Files) -> Store {
    let opening = Store::begin(files).await.unwrap();
    opening.finish(Some(Arc::new(Plain))).await.unwrap()
}

/// Whoever signs what nobody signed makes an edited log good.
#[tokio::test]
async fn a_log_without_a_signature_is_damage() {
    let fixture = Fixture::new().await;
    fixture.store.close().await;
    let files = fixture.files();
    drop(fixture.store);
    let store = opened(&files).await;
    let head = store.log_head();
    assert_eq!(
        head.damage.unwrap().as_ref(),
        "its newest checkpoint is gone"
    );
    assert_eq!((head.size, head.note), (1, None));
}

#[tokio::test]
async fn refused_writes_leave_no_place_in_the_log() {
    let fixture = Fixture::signed().await;
    for round in 0..4 {
        let writes = (0..200).map(|number| fixture.events(number % 4 + 1, number % 50 == round));
        let done = join_all(writes).await;
        assert!(done.iter().any(Result::is_err));
        agrees(&fixture).await;
    }
    let writes = (0..10).map(|_| fixture.events(1, true));
    assert!(join_all(writes).await.iter().all(Result::is_err));
    agrees(&fixture).await;
    let head = fixture.store.log_head();
    assert_eq!(head.damage, None);
    fixture.store.close().await;
    let files = fixture.files();
    let Fixture {
        store, directory, ..
    } = fixture;
    drop(store);
    let store = opened(&files).await;
    let again = store.log_head();
    assert_eq!((again.size, again.note), (head.size, head.note));
    assert_eq!(again.damage, None);
    drop(directory);
}

#[tokio::test]
async fn a_log_with_events_does_not_begin_anew() {
    let fixture = Fixture::signed().await;
    fixture.events(3, false).await.unwrap();
    fixture.store.sign_log(Arc::new(Plain)).await.unwrap();
    let damage = fixture.store.log_head().damage.unwrap();
    assert!(damage.starts_with("it has events"), "{damage}");
    // It goes on, unsigned.
    let note = fixture.store.log_head().note;
    fixture.events(3, false).await.unwrap();
    let head = fixture.store.log_head();
    assert_eq!((head.size, head.note), (7, note));
}

#[tokio::test]
async fn long_details_are_kept_as_their_length() {
    let fixture = Fixture::signed().await;
    let mut event = fixture.event("long");
    event.details = json!("x".repeat(40_000));
    let written = fixture.store.write::<(), Refused, _>(move |_tx| {
        let event = event.clone();
        Box::pin(async move { Ok(Written::new((), event)) })
    });
    written.await.unwrap();
    agrees(&fixture).await;
    let mut snapshot = Snapshot::open(&fixture.files()).await.unwrap();
    let events = snapshot.events_after(1).await.unwrap();
    let line = String::from_utf8(events[0].line.clone()).unwrap();
    assert!(
        line.ends_with(r#""details":{"truncated":true,"bytes":40002}}"#),
        "{line}"
    );
}

#[tokio::test]
async fn an_event_that_no_bundle_holds_is_refused_with_its_write() {
    let fixture = Fixture::signed().await;
    let mut event = fixture.event("long");
    event.resource_id = "x".repeat(70_000);
    let written = fixture.store.write::<(), Refused, _>(move |_tx| {
        let event = event.clone();
        Box::pin(async move { Ok(Written::new((), event)) })
    });
    assert!(written.await.is_err());
    fixture.events(1, false).await.unwrap();
    agrees(&fixture).await;
}
