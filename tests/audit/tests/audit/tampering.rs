//! One change to a log of 10,000 events, of each kind.

use coffer_engine::log::Finding;

use crate::log::{Form, Log};

const EVENTS: u64 = 10_000;

/// Moves the events after one by a place and back into the sign they had.
const SHIFT: &str = "UPDATE audit_events SET seq = -seq WHERE seq > 5000;";

struct Tampering {
    name: &'static str,
    sql: String,
    /// What must be found, the ids left out.
    expected: &'static [&'static str],
}

fn tamperings() -> Vec<Tampering> {
    let tampering = |name, sql: &str, expected| Tampering {
        name,
        sql: sql.to_owned(),
        expected,
    };
    vec![
        tampering(
            "an edited event",
            "UPDATE audit_events SET actor_id = 'somebody else' WHERE seq = 5000",
            &["edited 5000"],
        ),
        tampering(
            "an event edited in a way that looks the same",
            "UPDATE audit_events SET details = details || ' ' WHERE seq = 9999",
            &["edited 9999"],
        ),
        tampering(
            "an event whose text is no text any more",
            "UPDATE audit_events SET actor_id = CAST(x'ff' AS TEXT) WHERE seq = 5000",
            &["edited 5000"],
        ),
        tampering(
            "a deleted event",
            "DELETE FROM audit_events WHERE seq = 5000",
            &["deleted 5000"],
        ),
        tampering(
            "a deleted event whose place was closed",
            &format!(
                "DELETE FROM audit_events WHERE seq = 5000; {SHIFT} \
                 UPDATE audit_events SET seq = -seq - 1 WHERE seq < 0"
            ),
            &["deleted 5000"],
        ),
        tampering(
            "two events that changed places",
            "UPDATE audit_events SET seq = 0 WHERE seq = 5000; UPDATE audit_events SET seq = 5000 WHERE seq = 7000; \
             UPDATE audit_events SET seq = 7000 WHERE seq = 0",
            &["moved 5000 to 7000", "moved 7000 to 5000"],
        ),
        tampering(
            "two neighbours that changed places",
            "UPDATE audit_events SET seq = 0 WHERE seq = 5000; UPDATE audit_events SET seq = 5000 WHERE seq = 5001; \
             UPDATE audit_events SET seq = 5001 WHERE seq = 0",
            &["moved 5000 to 5001", "moved 5001 to 5000"],
        ),
        tampering(
            "an inserted event",
            &format!(
                "{SHIFT} UPDATE audit_events SET seq = -seq + 1 WHERE seq < 0; {}",
                copy_as(5001)
            ),
            &["inserted 5001"],
        ),
        tampering(
            "an event added at the end",
            &copy_as(10_001),
            &["inserted 10001"],
        ),
        tampering("an event before the first", &copy_as(0), &["inserted 0"]),
        tampering(
            "the newest events cut off",
            "DELETE FROM audit_events WHERE seq > 9998",
            &["deleted 10000", "deleted 9999", "unlocated 9985 to 10000"],
        ),
        tampering(
            "an event edited together with its hash and its tile",
            "UPDATE audit_events SET leaf = zeroblob(32), action = 'delete' WHERE seq = 5000; \
             UPDATE audit_tiles SET hashes = zeroblob(8192) WHERE level = 0 AND tile = 19",
            &["unlocated 4865 to 5120"],
        ),
        tampering(
            "a changed hash",
            "UPDATE audit_events SET leaf = zeroblob(32) WHERE seq = 5000",
            &["leaf_changed 5000"],
        ),
        tampering(
            "a changed checkpoint",
            "UPDATE audit_checkpoints SET note = replace(note, '512', '511') WHERE size = 512; \
             DELETE FROM audit_checkpoints WHERE size = 1024",
            &["checkpoint_invalid 512", "checkpoint_missing 1024"],
        ),
    ]
}

/// A copy of an event under another id, with the hash that it would have.
fn copy_as(seq: u64) -> String {
    format!(
        "CREATE TEMP TABLE one AS SELECT * FROM audit_events WHERE seq = 3; \
         UPDATE one SET seq = {seq}, id = 'ffffffff-ffff-4fff-bfff-ffffffffffff'; \
         INSERT INTO audit_events SELECT * FROM one"
    )
}

/// Findings without ids: these are random.
fn words(findings: &[Finding]) -> Vec<String> {
    let mut words: Vec<_> = findings
        .iter()
        .map(|finding| match finding {
            Finding::Edited { seq, .. } => format!("edited {seq}"),
            Finding::Deleted { seq } => format!("deleted {seq}"),
            Finding::Inserted { seq, .. } => format!("inserted {seq}"),
            Finding::Moved { seq, found_at, .. } => format!("moved {seq} to {found_at}"),
            Finding::Unlocated {
                first_seq,
                last_seq,
            } => format!("unlocated {first_seq} to {last_seq}"),
            Finding::LeafChanged { seq, .. } => format!("leaf_changed {seq}"),
            Finding::TileChanged { level, tile } => format!("tile {level} {tile}"),
            Finding::CheckpointMissing { size } => format!("checkpoint_missing {size}"),
            Finding::CheckpointInvalid { size } => format!("checkpoint_invalid {size}"),
            Finding::Truncated { size, .. } => format!("truncated {size}"),
            Finding::Forked { size, .. } => format!("forked {size}"),
            other => format!("{other:?}"),
        })
        .collect();
    words.sort();
    words
}

#[tokio::test]
async fn each_change_is_found_and_named_by_both_verifiers() {
    let whole = Log::of(EVENTS).await;
    let kept = whole.checkpoint().await;
    whole.export().await;
    for form in [Form::Database, Form::Export] {
        assert_eq!(whole.findings(form, std::slice::from_ref(&kept)).await, []);
    }
    for Tampering {
        name,
        sql,
        expected,
    } in tamperings()
    {
        let log = whole.copy();
        log.tamper(&sql).await;
        let found = log.findings(Form::Database, &[]).await;
        assert_eq!(words(&found), expected, "{name}");
    }
}

#[tokio::test]
async fn each_change_of_an_export_is_found_and_named_by_both_verifiers() {
    let log = Log::of(EVENTS).await;
    let export = log.export().await;
    let path = export.join("entries.ndjson");
    let whole = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = whole.lines().collect();
    assert_eq!(lines.len() as u64, EVENTS);
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines: Vec<_> = lines.iter().map(|line| (*line).to_owned()).collect();
        change(&mut lines);
        lines.join("\n") + "\n"
    };
    let strange = lines[2].replace(&lines[2][..60], &lines[3][..60]);
    for (name, text, expected) in [
        (
            "edited",
            with(&|lines| lines[4999] = lines[4999].replace("operator", "somebody")),
            vec!["edited 5000"],
        ),
        (
            "deleted",
            with(&|lines| drop(lines.remove(4999))),
            vec!["deleted 5000"],
        ),
        (
            "swapped",
            with(&|lines| lines.swap(4999, 6999)),
            vec!["moved 5000 to 7000", "moved 7000 to 5000"],
        ),
        (
            "inserted",
            with(&|lines| lines.insert(5000, strange.clone())),
            vec!["inserted 5001"],
        ),
        (
            "cut off",
            with(&|lines| lines.truncate(9999)),
            vec!["deleted 10000"],
        ),
    ] {
        std::fs::write(&path, text).unwrap();
        let found = log.findings(Form::Export, &[]).await;
        assert_eq!(words(&found), expected, "{name}");
    }
    std::fs::write(&path, whole).unwrap();

    let bundle = export.join("tile/entries/019");
    let kept = std::fs::read(&bundle).unwrap();
    let mut changed = kept.clone();
    changed[100] ^= 1;
    std::fs::write(&bundle, changed).unwrap();
    let found = log.findings(Form::Export, &[]).await;
    assert_eq!(words(&found), ["leaf_changed 4865"]);
    std::fs::write(&bundle, kept).unwrap();

    std::fs::remove_file(export.join("tile/1/000.p/39")).unwrap();
    let found = log.findings(Form::Export, &[]).await;
    assert_eq!(words(&found), ["tile 1 0"]);
}

/// A beginning of the log with a checkpoint that was signed over it agrees with itself: only a checkpoint kept elsewhere
/// shows that there was more.
#[tokio::test]
async fn a_truncated_log_is_found_by_an_older_checkpoint() {
    let log = Log::of(EVENTS).await;
    let kept = log.checkpoint().await;
    log.tamper(
        "UPDATE audit_head SET note = (SELECT note FROM audit_checkpoints WHERE size = 9728); \
         DELETE FROM audit_events WHERE seq > 9728; DELETE FROM audit_checkpoints WHERE size > 9728; \
         DELETE FROM audit_tiles WHERE level = 0 AND tile >= 38",
    )
    .await;
    log.export().await;
    for form in [Form::Database, Form::Export] {
        assert_eq!(log.findings(form, &[]).await, []);
        let found = log.findings(form, std::slice::from_ref(&kept)).await;
        assert_eq!(words(&found), ["truncated 10000"]);
    }
}

#[tokio::test]
async fn a_forked_log_is_found_by_a_checkpoint_of_the_other_branch() {
    let one = Log::of(5_000).await;
    let before = one.checkpoint().await;
    let other = one.copy();
    one.grow(5_000).await;
    other.grow(5_000).await;
    let kept = one.checkpoint().await;
    other.export().await;
    for form in [Form::Database, Form::Export] {
        let both = [before.clone(), kept.clone()];
        let found = other.findings(form, &both).await;
        assert_eq!(words(&found), ["forked 10000"]);
    }
}

/// Whoever makes everything agree again but cannot sign is found by the kept checkpoints, to the tile.
#[tokio::test]
async fn a_log_computed_anew_is_located_by_its_own_checkpoints() {
    let log = Log::of(1_000).await;
    let changed = Log::of(1_000).await;
    // Another log's events, hashes and tiles, whole and in themselves consistent, under this log's signatures.
    let path = changed.path().join("coffer.db");
    log.tamper(&format!(
        "ATTACH '{}' AS other; DELETE FROM audit_events WHERE seq > 600; DELETE FROM audit_tiles WHERE tile >= 2; \
         INSERT INTO audit_events SELECT * FROM other.audit_events WHERE seq > 600; \
         INSERT INTO audit_tiles SELECT * FROM other.audit_tiles WHERE tile >= 2",
        path.display()
    ))
    .await;
    let found = log.findings(Form::Database, &[]).await;
    assert_eq!(words(&found), ["unlocated 513 to 768"]);
}

/// Whoever can write the file but has no root key edits an event, makes its hash fit, and removes everything that was
/// ever signed, so that a server that starts has nothing to compare with. It must not sign the result.
#[tokio::test]
async fn history_written_anew_is_never_signed() {
    for events in [200, 300] {
        let log = Log::of(events).await;
        log.rewrite(100).await;
        for sql in [
            "DELETE FROM audit_head",
            "DELETE FROM audit_checkpoints; DELETE FROM audit_tiles",
            "DELETE FROM audit_head; DELETE FROM audit_checkpoints; DELETE FROM audit_tiles",
        ] {
            let log = log.copy();
            log.tamper(sql).await;
            let signed = "SELECT (SELECT count(*) FROM audit_head) || ' ' || ifnull(max(size), 0) FROM audit_checkpoints";
            let before = log.text(signed).await;
            log.grow(400).await;
            assert_eq!(log.text(signed).await, before, "{events} {sql}");
            let installation = log.open().await;
            assert!(installation.log_head().damage.is_some(), "{events} {sql}");
            installation.close().await;
            log.export().await;
            for form in [Form::Database, Form::Export] {
                let found = words(&log.findings(form, &[]).await);
                let expected = if sql.contains("audit_head") {
                    "HeadInvalid"
                } else if events == 200 {
                    "unlocated 1 to 200"
                } else {
                    "checkpoint_missing 256"
                };
                let named = found.iter().any(|found| found.starts_with(expected));
                assert!(named, "{events} {sql}: {found:?}");
            }
        }
    }
}

/// The same with a head put back that the log's key did sign, over fewer events.
#[tokio::test]
async fn an_older_head_is_found() {
    let log = Log::of(200).await;
    let older = log.text("SELECT note FROM audit_head").await;
    log.grow(50).await;
    let kept = log.checkpoint().await;
    let all_there = log.copy();
    let put_back = format!("UPDATE audit_head SET note = '{older}'");
    all_there.tamper(&put_back).await;
    let found = words(&all_there.findings(Form::Database, &[]).await);
    assert_eq!(found.len(), 50);
    assert_eq!(found[0], "inserted 201");
    let installation = all_there.open().await;
    assert!(installation.log_head().damage.is_some());
    installation.close().await;

    // With the newer events gone too, nothing but a checkpoint kept elsewhere tells.
    let truncated = format!("{put_back}; DELETE FROM audit_events WHERE seq > 200");
    log.tamper(&truncated).await;
    log.export().await;
    for form in [Form::Database, Form::Export] {
        assert_eq!(log.findings(form, &[]).await, []);
        let found = log.findings(form, std::slice::from_ref(&kept)).await;
        assert_eq!(words(&found), ["truncated 250"]);
    }
}
