//! Copying an installation while it is written to, and making one of the copy.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use coffer_testkit::{Instance, Settings, wait};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

/// Exit codes, as documented.
const ERROR: i32 = 1;
const USAGE: i32 = 2;
const NOT_FOUND: i32 = 3;
const CONFLICT: i32 = 5;

async fn run(instance: &Instance, arguments: &[&str], paths: &[&Path]) -> Output {
    let mut command = instance.command().unwrap();
    // Flags and paths in turns, as they are given.
    let mut paths = paths.iter();
    for argument in arguments {
        match *argument {
            "@" => command.arg(paths.next().unwrap()),
            text => command.arg(text),
        };
    }
    command.output().await.unwrap()
}

async fn done(instance: &Instance, arguments: &[&str], paths: &[&Path]) -> Value {
    let output = run(instance, arguments, paths).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[track_caller]
fn refused(output: &Output, code: i32, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(output.stdout.is_empty(), "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
}

fn names(directory: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let name = |entry: Result<fs::DirEntry, _>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<_> = entries.map(name).collect();
    names.sort();
    names
}

/// Makes secrets one after the other, `W00000` and so on, and counts those that were acknowledged.
struct Writing {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Writing {
    async fn start(instance: &Instance) -> Self {
        let api = instance.api();
        let store = api
            .post("/secrets_store/stores", &json!({ "name": "written" }))
            .await;
        let store = store.unwrap().success().unwrap();
        let id = store.result()["id"].as_str().unwrap().to_owned();
        let (stop, acknowledged) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicUsize::new(0)),
        );
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&acknowledged));
        let task = tokio::spawn(async move {
            let path = format!("/secrets_store/stores/{id}/secrets");
            for number in 0.. {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let new = json!([{ "name": format!("W{number:05}"), "value": "v".repeat(900), "scopes": ["workers"] }]);
                api.post(&path, &new).await.unwrap().success().unwrap();
                counted.store(number + 1, Ordering::SeqCst);
            }
        });
        Self {
            stop,
            acknowledged,
            task,
        }
    }

    fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::SeqCst)
    }

    async fn until(&self, count: usize) {
        wait::until("writes", async || {
            let so_far = self.acknowledged();
            (so_far >= count).then_some(()).ok_or(so_far)
        })
        .await
        .unwrap();
    }

    async fn end(self) -> usize {
        self.stop.store(true, Ordering::SeqCst);
        self.task.await.unwrap();
        self.acknowledged.load(Ordering::SeqCst)
    }
}

/// The names of the written secrets in a database, in order.
async fn written_in(database: &Path) -> Vec<String> {
    let mut connection = SqliteConnectOptions::new()
        .filename(database)
        .connect()
        .await
        .unwrap();
    let names = sqlx::query_scalar("SELECT name FROM secrets WHERE name LIKE 'W%' ORDER BY name")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_writes_holds_all_that_was_acknowledged_before_it_and_restores() {
    let instance = Instance::start().await.unwrap();
    let data = instance.data_dir();
    let raised = [
        "admin",
        "limits",
        "--secrets",
        "100000",
        "--json",
        "--data",
        "@",
    ];
    done(&instance, &raised, &[&data]).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let writing = Writing::start(&instance).await;
    writing.until(50).await;

    let before = writing.acknowledged();
    let made = done(
        &instance,
        &["backup", "@", "--json", "--data", "@"],
        &[elsewhere.path(), &data],
    )
    .await;
    // The server goes on meanwhile and afterwards.
    writing.until(before + 20).await;
    let all = writing.end().await;
    let file = PathBuf::from(made["file"].as_str().unwrap());
    assert_eq!(file.parent(), Some(elsewhere.path()));
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(made["bytes"], fs::metadata(&file).unwrap().len());
    assert_eq!(made["log_damage"], json!(null));
    let line = fs::read_to_string(data.join("root.key")).unwrap();
    let (_, digits) = line.trim_end().split_once(':').unwrap();
    let content = fs::read(&file).unwrap();
    let key: Vec<u8> = (0..32)
        .map(|byte| u8::from_str_radix(&digits[2 * byte..2 * byte + 2], 16).unwrap())
        .collect();
    for needle in [digits.as_bytes(), &key] {
        assert!(!content.windows(needle.len()).any(|window| window == needle));
    }

    let target = elsewhere.path().join("restored");
    let key = data.join("root.key");
    let arguments = ["restore", "@", "--root-key", "@", "--json", "--data", "@"];
    let restored = done(&instance, &arguments, &[&file, &key, &target]).await;
    assert_eq!(restored["events"], made["events"]);
    assert_eq!(names(&target), ["coffer.db", "root.key"]);
    let mode = fs::metadata(target.join("root.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o400);

    // A prefix of what was written, with all that was acknowledged before.
    let written = written_in(&target.join("coffer.db")).await;
    let expected: Vec<_> = (0..written.len())
        .map(|number| format!("W{number:05}"))
        .collect();
    assert_eq!(written, expected);
    assert!(
        (before..=all).contains(&written.len()),
        "{} of {before}..={all}",
        written.len()
    );
    // The checkpoint of the copy is one of the log that was restored and of the one that went on.
    let checkpoint = elsewhere.path().join("checkpoint");
    fs::write(&checkpoint, made["checkpoint"].as_str().unwrap()).unwrap();
    for directory in [&target, &data] {
        let arguments = [
            "audit",
            "verify",
            "--json",
            "--checkpoint",
            "@",
            "--data",
            "@",
        ];
        let verified = done(&instance, &arguments, &[&checkpoint, directory]).await;
        assert_eq!(verified["ok"], true, "{verified}");
    }
    serves(&instance, &target).await;
}

/// The installation answers to the credentials of the one that was copied.
async fn serves(instance: &Instance, directory: &Path) {
    let status = done(
        instance,
        &["key", "status", "--json", "--data", "@"],
        &[directory],
    )
    .await;
    let accounts = status["accounts"].as_array().unwrap();
    assert_eq!(accounts[0]["account_id"], instance.credentials().account_id);
    assert_eq!(accounts[0]["outdated_values"], 0);
}

/// An initialised directory that nobody serves, with a backup of it.
async fn backed_up() -> (Instance, tempfile::TempDir, PathBuf) {
    let instance = Instance::initialise(Settings::default()).await.unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("backup.db");
    let arguments = ["backup", "@", "--json", "--data", "@"];
    done(&instance, &arguments, &[&file, &instance.data_dir()]).await;
    (instance, elsewhere, file)
}

#[tokio::test]
async fn a_backup_that_cannot_be_made_leaves_nothing() {
    let (instance, elsewhere, file) = backed_up().await;
    let data = instance.data_dir();
    let before = fs::read(&file).unwrap();
    let refuse = async |target: &Path, code, words: &[&str]| {
        let output = run(&instance, &["backup", "@", "--data", "@"], &[target, &data]).await;
        refused(&output, code, words);
        assert_eq!(names(elsewhere.path()), ["backup.db"]);
    };
    refuse(
        &file,
        CONFLICT,
        &["backup.db exists and is not overwritten"],
    )
    .await;
    assert_eq!(fs::read(&file).unwrap(), before);
    let nowhere = elsewhere.path().join("none/backup.db");
    refuse(&nowhere, NOT_FOUND, &["there is no directory", "none"]).await;

    // Room for a part of it only.
    let program = instance
        .command()
        .unwrap()
        .as_std()
        .get_program()
        .to_owned();
    let output = tokio::process::Command::new("bash")
        .args([
            "-c",
            "ulimit -f 64; exec \"$0\" backup \"$1\" --data \"$2\"",
        ])
        .arg(program)
        .arg(elsewhere.path().join("large.db"))
        .arg(&data)
        .output()
        .await
        .unwrap();
    refused(
        &output,
        ERROR,
        &["failed to copy the database to", "of room are needed"],
    );
    assert_eq!(names(elsewhere.path()), ["backup.db"]);

    let empty = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("other.db");
    let output = run(
        &instance,
        &["backup", "@", "--data", "@"],
        &[&target, empty.path()],
    )
    .await;
    refused(&output, NOT_FOUND, &["holds no Coffer database"]);
    assert_eq!(names(elsewhere.path()), ["backup.db"]);
}

#[tokio::test]
async fn what_is_no_whole_backup_is_not_restored_and_leaves_nothing() {
    let (instance, elsewhere, file) = backed_up().await;
    let data = instance.data_dir();
    let key = data.join("root.key");
    let good = fs::read(&file).unwrap();
    let refuse = async |name: &str, content: &[u8], words: &[&str]| {
        let bad = elsewhere.path().join(name);
        fs::write(&bad, content).unwrap();
        let target = elsewhere.path().join("target");
        let arguments = ["restore", "@", "--root-key", "@", "--data", "@"];
        let output = run(&instance, &arguments, &[&bad, &key, &target]).await;
        refused(&output, ERROR, words);
        assert!(!target.exists(), "{name}");
        assert_eq!(fs::read(&bad).unwrap(), content, "{name}");
    };
    refuse("cut.db", &good[..good.len() - 4096], &["is cut off"]).await;
    refuse("short.db", &good[..50], &["is not a Coffer database"]).await;
    refuse("text.db", &[b'x'; 5000], &["is not a Coffer database"]).await;
    let mut newer = good.clone();
    // The place of `user_version` in the header.
    newer[60..64].copy_from_slice(&9999_u32.to_be_bytes());
    refuse(
        "newer.db",
        &newer,
        &["newer Coffer", "9999", "upgrade Coffer"],
    )
    .await;
    let mut damaged = good.clone();
    for page in damaged.chunks_mut(4096).skip(2).step_by(3) {
        page.fill(0xa5);
    }
    refuse("damaged.db", &damaged, &["is damaged"]).await;
    let raw = fs::read(data.join("coffer.db")).unwrap();
    refuse("raw.db", &raw, &["copied out of a data directory"]).await;
    let tampered = tampered(&file, &elsewhere.path().join("work.db")).await;
    refuse(
        "tampered.db",
        &tampered,
        &["audit log", "not what was signed"],
    )
    .await;
    let gone = run(
        &instance,
        &["restore", "@", "--root-key", "@", "--data", "@"],
        &[
            &elsewhere.path().join("gone.db"),
            &key,
            &elsewhere.path().join("target"),
        ],
    )
    .await;
    refused(&gone, NOT_FOUND, &["there is no", "gone.db"]);
}

/// The backup with an event changed behind the triggers.
async fn tampered(file: &Path, work: &Path) -> Vec<u8> {
    fs::copy(file, work).unwrap();
    let mut connection = SqliteConnectOptions::new()
        .filename(work)
        .connect()
        .await
        .unwrap();
    sqlx::raw_sql(
        "DROP TRIGGER audit_events_are_not_edited; \
         UPDATE audit_events SET actor_id = 'somebody else' WHERE seq = 1; \
         CREATE TRIGGER audit_events_are_not_edited BEFORE UPDATE ON audit_events \
         BEGIN SELECT RAISE (ABORT, 'the audit log is append-only'); END",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
    fs::read(work).unwrap()
}

#[tokio::test]
async fn a_directory_that_is_not_empty_and_a_root_key_that_does_not_fit() {
    let (instance, elsewhere, file) = backed_up().await;
    let data = instance.data_dir();
    let key = data.join("root.key");
    let with_key = ["restore", "@", "--root-key", "@", "--data", "@"];
    let without = ["restore", "@", "--data", "@"];
    let output = run(&instance, &with_key, &[&file, &key, &data]).await;
    refused(&output, CONFLICT, &["is not empty", "coffer.db"]);

    let target = elsewhere.path().join("target");
    let output = run(&instance, &without, &[&file, &target]).await;
    refused(&output, USAGE, &["--root-key FILE", "root.key first"]);
    assert!(!target.exists());

    // The key of another installation, and the one that this had before it was rotated.
    let rotated = ["key", "rotate", "root", "--json", "--data", "@"];
    let new = done(&instance, &rotated, &[&data]).await;
    let former = PathBuf::from(new["former_file"].as_str().unwrap());
    let fingerprint = new["fingerprint"].as_str().unwrap();
    let output = run(&instance, &with_key, &[&file, &key, &target]).await;
    refused(&output, ERROR, &["does not open this backup", fingerprint]);
    assert!(!target.exists());
    let output = run(
        &instance,
        &with_key,
        &[&file, &former.with_extension("none"), &target],
    )
    .await;
    refused(&output, ERROR, &["is missing"]);

    // One that lies ready is taken; another beside the one that is given is not.
    fs::create_dir(&target).unwrap();
    let ready = target.join("root.key");
    fs::copy(&former, &ready).unwrap();
    let output = run(&instance, &with_key, &[&file, &key, &target]).await;
    refused(&output, CONFLICT, &["is another root key"]);
    assert_eq!(names(&target), ["root.key"]);
    // What an interrupted restoring left is no obstacle.
    fs::create_dir(target.join("restore.partial")).unwrap();
    fs::write(target.join("restore.partial/coffer.db"), "half of it").unwrap();
    done(
        &instance,
        &["restore", "@", "--json", "--data", "@"],
        &[&file, &target],
    )
    .await;
    assert_eq!(names(&target), ["coffer.db", "root.key"]);
    serves(&instance, &target).await;
}
