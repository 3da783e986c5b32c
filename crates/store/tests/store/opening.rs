//! What is opened, and what is refused and left as it was.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use coffer_store::rows::audit;
use coffer_store::{Files, OpenError, Store};
use sqlx::{ConnectOptions, Connection};

use crate::log::opened;
use crate::support::Fixture;

async fn refusal(directory: &Path) -> OpenError {
    Store::open(&Files::new(directory))
        .await
        .map(drop)
        .unwrap_err()
}

/// Runs SQL on a file, past the store.
async fn raw(path: &Path, sql: impl sqlx::SqlSafeStr) {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let fixture = Fixture::new().await;
    let row = fixture.secret("KEY");
    let id = row.id;
    fixture.insert_secret(row).await.unwrap();
    fixture.store.close().await;
    let files = fixture.files();
    drop(fixture.store);
    let again = Store::open(&files).await.unwrap();
    assert_eq!(
        again.secret(id).await.unwrap().unwrap().name.as_str(),
        "KEY"
    );
    assert_eq!(*again.last_change().borrow(), 1);
    // A database that has one is not made anew.
    drop(again);
    let error = Store::create(&files).await.map(drop).unwrap_err();
    assert!(matches!(error, OpenError::Exists(_)), "{error}");
    let again = Store::open(&files).await.unwrap();
    assert!(again.secret(id).await.unwrap().is_some());
}

#[tokio::test]
async fn the_files_are_their_owner_s_alone() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("new/data");
    let store = Store::create(&Files::new(&directory)).await.unwrap();
    assert_eq!(mode(&directory), 0o700);
    let mut names = Vec::new();
    for entry in fs::read_dir(&directory).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(mode(&entry.path()), 0o600, "{:?}", entry.path());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(
        names,
        ["coffer.db", "coffer.db-shm", "coffer.db-wal", "coffer.lock"]
    );
    drop(store);
}

#[tokio::test]
async fn a_directory_without_a_database_is_told_how_to_get_one() {
    let directory = tempfile::tempdir().unwrap();
    for missing in [
        directory.path().to_owned(),
        directory.path().join("not/there"),
    ] {
        let error = refusal(&missing).await;
        assert!(matches!(error, OpenError::Missing(_)), "{error}");
        let message = error.to_string();
        assert!(message.contains("run `coffer init --data"), "{message}");
        assert!(message.contains(missing.to_str().unwrap()), "{message}");
    }
    // Looking left nothing behind.
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn files_of_others_are_refused_and_not_touched() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("coffer.db");
    let mut damaged = b"SQLite format 3\0".to_vec();
    damaged.resize(8192, 0xa5);
    let mut marked = damaged.clone();
    marked[68..72].copy_from_slice(b"COFR");
    let contents: [(&str, Vec<u8>); 6] = [
        ("empty", Vec::new()),
        ("text", b"dear diary\n".repeat(1000)),
        ("short", b"SQLite format 3\0".to_vec()),
        ("zeros", vec![0; 4096]),
        ("damaged", damaged),
        ("damaged with our mark", marked),
    ];
    for (what, content) in contents {
        fs::write(&database, &content).unwrap();
        let error = refusal(directory.path()).await;
        assert!(matches!(error, OpenError::Foreign(_)), "{what}: {error}");
        assert!(
            error.to_string().contains("choose another data directory"),
            "{error}"
        );
        assert_eq!(fs::read(&database).unwrap(), content, "{what}");
        fs::remove_file(&database).unwrap();
    }

    raw(
        &database,
        "CREATE TABLE theirs (id INTEGER PRIMARY KEY); INSERT INTO theirs VALUES (1)",
    )
    .await;
    let before = fs::read(&database).unwrap();
    let error = refusal(directory.path()).await;
    assert!(matches!(error, OpenError::Foreign(_)), "{error}");
    assert_eq!(fs::read(&database).unwrap(), before);
    let error = Store::create(&Files::new(directory.path()))
        .await
        .map(drop)
        .unwrap_err();
    assert!(matches!(error, OpenError::Exists(_)), "{error}");
    assert_eq!(fs::read(&database).unwrap(), before);
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_kept() {
    let fixture = Fixture::new().await;
    fixture.store.close().await;
    let files = fixture.files();
    drop(fixture.store);
    raw(&files.database(), "PRAGMA user_version = 999").await;
    let before = fs::read(files.database()).unwrap();
    let error = refusal(fixture.directory.path()).await;
    let OpenError::Newer {
        found: 999, known, ..
    } = error
    else {
        panic!("{error}")
    };
    assert!((1..999).contains(&known));
    assert!(error.to_string().ends_with("upgrade Coffer"), "{error}");
    assert_eq!(fs::read(files.database()).unwrap(), before);
    let ours = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {known}"));
    raw(&files.database(), ours).await;
    let store = Store::open(&files).await.unwrap();
    assert_eq!(
        audit::count(&mut store.reader().await.unwrap())
            .await
            .unwrap(),
        1
    );
}

#[tokio::test]
async fn one_handle_at_a_time_has_a_directory() {
    let fixture = Fixture::new().await;
    let files = fixture.files();
    for error in [
        refusal(fixture.directory.path()).await,
        Store::create(&files).await.map(drop).unwrap_err(),
    ] {
        assert!(matches!(error, OpenError::Locked(_)), "{error}");
        assert!(
            error
                .to_string()
                .contains("is in use by another coffer process"),
            "{error}"
        );
    }
    // It goes on working, and is free once the last clone is gone.
    let clone = fixture.store.clone();
    fixture.insert_secret(fixture.secret("KEY")).await.unwrap();
    drop(fixture.store);
    assert!(matches!(
        refusal(fixture.directory.path()).await,
        OpenError::Locked(_)
    ));
    clone.close().await;
    drop(clone);
    Store::open(&files).await.unwrap();
}

#[tokio::test]
async fn another_process_keeps_a_directory_until_it_ends() {
    let fixture = Fixture::new().await;
    fixture.store.close().await;
    let files = fixture.files();
    drop(fixture.store);
    // Says that it holds the lock, and holds it until its input ends.
    let mut other = Command::new("flock")
        .arg(fixture.directory.path().join("coffer.lock"))
        .args(["sh", "-c", "echo held; cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut output = std::io::BufReader::new(other.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut output, &mut line).unwrap();
    assert_eq!(line, "held\n");
    assert!(matches!(
        refusal(fixture.directory.path()).await,
        OpenError::Locked(_)
    ));
    drop(other.stdin.take());
    other.wait().unwrap();
    Store::open(&files).await.unwrap();
}

#[tokio::test]
async fn places_that_cannot_be_written_are_named() {
    // The kernel refuses new files here, to the superuser too.
    let error = Store::create(&Files::new("/proc/self"))
        .await
        .map(drop)
        .unwrap_err();
    assert!(matches!(error, OpenError::NotWritable { .. }), "{error}");
    assert!(
        error
            .to_string()
            .starts_with("cannot write to /proc/self/coffer.lock: "),
        "{error}"
    );

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Store::create(&Files::new(file.join("below")))
        .await
        .map(drop)
        .unwrap_err();
    assert!(matches!(error, OpenError::NotWritable { .. }), "{error}");

    // A database that is no file.
    fs::create_dir(directory.path().join("coffer.db")).unwrap();
    let error = refusal(directory.path()).await;
    assert!(matches!(error, OpenError::NotWritable { .. }), "{error}");
}

/// Runs on a thread that is a user without rights to the files here. The superuser may write whatever the modes
/// say, so it gives its rights up; anyone else is such a user already, once the modes forbid writing.
fn as_someone_else<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::spawn(move || {
        if rustix::process::geteuid().is_root() {
            let nobody = rustix::process::Uid::from_raw(65_534);
            rustix::thread::set_thread_res_uid(nobody, nobody, nobody).unwrap();
        }
        work()
    });
    thread.join().unwrap()
}

#[tokio::test]
async fn a_read_only_directory_is_refused_and_left_as_it_is() {
    let fixture = Fixture::new().await;
    fixture.store.close().await;
    drop(fixture.store);
    let directory = fixture.directory.path().to_owned();
    let before = fs::read(directory.join("coffer.db")).unwrap();
    let allow = |mode| {
        for entry in fs::read_dir(&directory).unwrap() {
            fs::set_permissions(entry.unwrap().path(), fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    // First the directory alone, then its files, too; then a lock that could be taken, but no database to write.
    for (of_directory, of_files, lock) in [
        (0o555, 0o666, false),
        (0o755, 0o444, true),
        (0o555, 0o444, true),
    ] {
        allow(of_files);
        if !lock {
            fs::remove_file(directory.join("coffer.lock")).unwrap();
        }
        fs::set_permissions(&directory, fs::Permissions::from_mode(of_directory)).unwrap();
        let place = directory.clone();
        let error = as_someone_else(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(refusal(&place))
        });
        assert!(matches!(error, OpenError::NotWritable { .. }), "{error}");
        assert!(
            error
                .to_string()
                .ends_with("give this user write permission"),
            "{error}"
        );
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
        if !lock {
            fs::write(directory.join("coffer.lock"), "").unwrap();
        }
    }
    allow(0o644);
    assert_eq!(fs::read(directory.join("coffer.db")).unwrap(), before);
}

#[tokio::test]
async fn what_a_crash_left_of_a_new_database_is_begun_anew() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["coffer.db.new", "coffer.db.new-wal", "coffer.db.new-shm"] {
        fs::write(directory.path().join(name), "half of something").unwrap();
    }
    let files = Files::new(directory.path());
    assert!(!files.exist());
    let store = Store::create(&files).await.unwrap();
    assert_eq!(
        audit::count(&mut store.reader().await.unwrap())
            .await
            .unwrap(),
        0
    );
    assert!(!directory.path().join("coffer.db.new").exists());
}

#[tokio::test]
async fn closing_completes_the_file_and_refuses_later_writes() {
    let fixture = Fixture::new().await;
    fixture.insert_secret(fixture.secret("KEY")).await.unwrap();
    fixture.store.close().await;
    let refused = fixture.insert_secret(fixture.secret("LATER")).await;
    assert!(refused.is_err());
    let wal = fixture.directory.path().join("coffer.db-wal");
    assert!(!wal.exists());
}

/// A database as the first schema had it, with a token, and a version that binds a secret.
async fn first_schema(path: &Path) {
    const FIRST: &str = include_str!("../../migrations/sqlite/0001_initial.sql");
    fs::write(path, "").unwrap();
    raw(path, "PRAGMA application_id = 1129268818").await;
    raw(path, FIRST).await;
    raw(
        path,
        r#"
        INSERT INTO accounts VALUES ('0a000000000000000000000000000000', 'A', 'dev', 1, 1, 1, 1, 0, 5, 5);
        INSERT INTO users VALUES ('0b000000000000000000000000000000', 'a@example.com', 'h', x'00', 5, 5);
        INSERT INTO tokens VALUES ('0c000000000000000000000000000000', '0b000000000000000000000000000000', NULL, 't',
            'pre', x'00', 1, '[{"effect":"allow","permission_groups":["g"],"accounts":[]},
            {"effect":"deny","permission_groups":["g"],"accounts":["0a000000000000000000000000000000"]}]',
            NULL, NULL, 7, 7);
        INSERT INTO workers VALUES ('0d000000000000000000000000000000', '0a000000000000000000000000000000', 'w', 1, 1,
            '{}', 1, 5, 5);
        INSERT INTO versions VALUES ('v', '0d000000000000000000000000000000', 1, '{"bindings":[
            {"name":"PLAIN","type":"plain_text","text":"x"},
            {"name":"KEY","type":"secrets_store_secret","store_id":"s","secret_name":"n"}]}', 5);
        INSERT INTO audit_events VALUES (1, 'e', '0a000000000000000000000000000000', 5, 'create', 'account', 'r', 'a',
            NULL, 'system', NULL, NULL, 'q', '{}');
        INSERT INTO stores VALUES ('s', '0a000000000000000000000000000000', 's', 5, 5);
        INSERT INTO secrets VALUES ('x', '0a000000000000000000000000000000', 's', 'n', NULL, 1, 1, x'00', 1, 5, 5);
        PRAGMA user_version = 1;
        "#,
    )
    .await;
}

#[tokio::test]
async fn the_first_schema_is_brought_up_with_its_rows() {
    let directory = tempfile::tempdir().unwrap();
    let files = Files::new(directory.path());
    first_schema(&files.database()).await;
    let store = opened(&files).await;
    let tokens = store.tokens("pre").await.unwrap();
    let policies = serde_json::to_value(&tokens[0].policies).unwrap();
    assert_eq!(
        policies,
        serde_json::json!([
            { "effect": "allow", "permission_groups": ["g"], "resources": ["com.cloudflare.api.account.*"] },
            { "effect": "deny", "permission_groups": ["g"],
              "resources": ["com.cloudflare.api.account.0a000000000000000000000000000000"] },
            { "effect": "allow",
              "permission_groups": ["c0ffe500000000000000000000000006", "c0ffe500000000000000000000000008"],
              "resources": ["com.cloudflare.api.user.0b000000000000000000000000000000"] },
        ])
    );
    store.close().await;
    drop(store);
    let bound = column(
        &files.database(),
        "SELECT version_id || binding || store_id || secret_name FROM version_secrets",
    )
    .await;
    assert_eq!(bound, ["vKEYsn"]);
    let used = "SELECT name || workers || last_read_at FROM secrets";
    assert_eq!(column(&files.database(), used).await, ["n10"]);
    // Its events have their leaves, and from now on nothing changes them.
    let mut snapshot = coffer_store::log::Snapshot::open(&files).await.unwrap();
    let events = snapshot.events_after(0).await.unwrap();
    let leaves = events.iter().map(|event| event.leaf);
    let expected = events
        .iter()
        .map(|event| Some(coffer_store::log::tree::leaf_hash(&event.line)));
    assert!(leaves.eq(expected));
    assert_eq!(events.len(), 1);
    snapshot.close().await;
    // They were signed with the schema: there is no moment at which a crash leaves them unsigned.
    let store = opened(&files).await;
    let head = store.log_head();
    assert_eq!((head.size, head.damage), (1, None));
    assert!(head.note.unwrap().starts_with("1 "));
}

async fn column(path: &Path, query: &'static str) -> Vec<String> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut connection = options.connect().await.unwrap();
    sqlx::query_scalar(query)
        .fetch_all(&mut connection)
        .await
        .unwrap()
}
