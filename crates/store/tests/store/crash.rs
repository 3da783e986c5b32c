//! A crash may cut the log off anywhere. What is found then is a beginning of what was committed, each write of it
//! whole.

use std::fs;
use std::path::Path;

use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::rows::{audit, secrets};
use coffer_store::{Files, Store};
use coffer_testkit::SeededRandom;
use futures::future::join_all;

use crate::support::Fixture;

/// Copies of the log are cut at this many places, and damaged at as many.
const CUTS: u64 = 40;
const GROUPS: usize = 12;
const WRITES_IN_A_GROUP: usize = 8;

/// The secrets, events and changes that a database opens with, after a check that they belong together.
async fn found(directory: &Path) -> usize {
    let store = Store::open(&Files::new(directory)).await.unwrap();
    let mut reader = store.reader().await.unwrap();
    let mut ids: Vec<_> = secrets::all_sealed(&mut reader).await.unwrap();
    ids.sort_by_key(|(row, _)| row.change_seq);
    let kept: Vec<_> = ids
        .iter()
        .map(|(row, _)| (row.change_seq, row.id))
        .collect();
    let changes = changes::after(&mut reader, 0, u32::MAX).await.unwrap();
    let changed: Vec<_> = changes
        .iter()
        .map(|change| match change.subject {
            ChangeSubject::Secret(id) => (change.seq, id),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kept, changed);
    let events = audit::all(&mut reader).await.unwrap();
    let told: Vec<_> = events
        .iter()
        .skip(1)
        .map(|event| event.resource_id.clone())
        .collect();
    let ids: Vec<_> = kept.iter().map(|(_, id)| id.to_string()).collect();
    assert_eq!(told, ids);
    // It is a working database.
    assert_eq!(*store.last_change().borrow(), kept.len() as u64);
    drop(reader);
    store.close().await;
    kept.len()
}

fn copy(database: &[u8], log: &[u8]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("coffer.db"), database).unwrap();
    fs::write(directory.path().join("coffer.db-wal"), log).unwrap();
    directory
}

#[tokio::test]
async fn a_log_cut_off_anywhere_holds_whole_writes_only() {
    let fixture = Fixture::new().await;
    let log_path = fixture.directory.path().join("coffer.db-wal");
    // Where the log ended when each group had been acknowledged.
    let mut ends = vec![(fs::metadata(&log_path).unwrap().len(), 0)];
    for group in 0..GROUPS {
        let names: Vec<_> = (0..WRITES_IN_A_GROUP)
            .map(|n| format!("G{group}-{n}"))
            .collect();
        let inserts = names
            .iter()
            .map(|name| fixture.insert_secret(fixture.secret(name)));
        for done in join_all(inserts).await {
            done.unwrap();
        }
        let end = fs::metadata(&log_path).unwrap().len();
        ends.push((end, (group + 1) * WRITES_IN_A_GROUP));
    }
    let database = fs::read(fixture.files().database()).unwrap();
    let log = fs::read(&log_path).unwrap();
    assert_eq!(
        found(copy(&database, &log).path()).await,
        GROUPS * WRITES_IN_A_GROUP
    );

    let random = SeededRandom::new(7);
    let first_end = ends[0].0;
    for _ in 0..CUTS {
        let cut = first_end + random.below(log.len() as u64 - first_end);
        let acknowledged = ends.iter().rev().find(|(end, _)| *end <= cut).unwrap().1;
        let at = usize::try_from(cut).unwrap();
        let cut_off = found(copy(&database, &log[..at]).path()).await;
        assert!(
            cut_off >= acknowledged,
            "{cut_off} of {acknowledged} at {cut}"
        );

        // The same with rubbish after the cut, as a disk may leave it.
        let mut damaged = log.clone();
        for byte in &mut damaged[at..] {
            *byte ^= 0x5a;
        }
        let found = found(copy(&database, &damaged).path()).await;
        assert!(found >= acknowledged, "{found} of {acknowledged} at {cut}");
        assert!(found <= GROUPS * WRITES_IN_A_GROUP);
    }
}
