//! Rotating keys while everything goes on, and being killed meanwhile.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use coffer_testkit::{GatewayClient, Instance, Settings, wait};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::refusals::refused;

const READER: &str = "reader";
/// More than are sealed anew in two transactions.
const SECRETS: usize = 150;

/// Reads every binding of the Worker.
const CODE: &str = r"
    export default {
        async fetch(request, env) {
            const read = async ([name, binding]) =>
                [name, typeof binding === 'string' ? binding : await binding.get()];
            return Response.json(Object.fromEntries(await Promise.all(Object.entries(env).map(read))));
        },
    };";

/// A `coffer` command on the instance's directory, which must do what it is asked.
async fn coffer(instance: &Instance, arguments: &[&str]) -> Value {
    let output = command(instance, arguments).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn command(instance: &Instance, arguments: &[&str]) -> tokio::process::Command {
    let mut command = instance.command().unwrap();
    command
        .args(arguments)
        .args(["--json", "--data"])
        .arg(instance.data_dir())
        .kill_on_drop(true);
    command
}

/// Makes a store with many secrets, and a Worker that reads some of them and has one of its own.
async fn fill(instance: &Instance) -> Value {
    let raised = ["admin", "limits", "--secrets", "5000"];
    coffer(instance, &raised).await;
    let api = instance.api();
    let store = api
        .post("/secrets_store/stores", &json!({ "name": "keys" }))
        .await;
    let store = store.unwrap().success().unwrap();
    let id = store.result()["id"].as_str().unwrap();
    let path = format!("/secrets_store/stores/{id}/secrets");
    let names: Vec<_> = (0..SECRETS).map(|number| format!("S{number:04}")).collect();
    for names in names.chunks(50) {
        let new: Vec<_> = names
            .iter()
            .map(|name| json!({ "name": name, "value": format!("value of {name}"), "scopes": ["workers"] }))
            .collect();
        api.post(&path, &json!(new))
            .await
            .unwrap()
            .success()
            .unwrap();
    }
    let mut bindings = vec![json!({ "name": "OWN", "type": "secret_text", "text": "its own" })];
    let mut expected = json!({ "OWN": "its own" });
    for name in names.iter().step_by(10) {
        bindings.push(json!({ "name": name, "type": "secrets_store_secret", "store_id": id, "secret_name": name }));
        expected[name] = format!("value of {name}").into();
    }
    let deployed = api.deploy_worker(READER, CODE, &json!(bindings)).await;
    deployed.unwrap().success().unwrap();
    reads(instance, &expected).await;
    expected
}

/// Waits until the Worker reads all of it.
async fn reads(instance: &Instance, expected: &Value) {
    let gateway = instance.gateway();
    wait::until("the Worker to read everything", async || {
        let reply = gateway.get(READER, "/").await;
        let reply = reply.map_err(|error| error.to_string())?;
        if reply.status == 200 && reply.json() == *expected {
            Ok(())
        } else {
            Err(format!("{}: {}", reply.status, reply.text))
        }
    })
    .await
    .unwrap();
}

/// Reads all the time and counts; whatever is not as expected is kept.
struct Readers {
    stop: Arc<AtomicBool>,
    reads: Arc<AtomicU64>,
    tasks: tokio::task::JoinSet<Vec<String>>,
}

impl Readers {
    fn start(instance: &Instance, expected: &Value) -> Self {
        let mut readers = Self {
            stop: Arc::default(),
            reads: Arc::default(),
            tasks: tokio::task::JoinSet::new(),
        };
        for _ in 0..2 {
            let gateway = instance.gateway();
            let (stop, reads) = (Arc::clone(&readers.stop), Arc::clone(&readers.reads));
            let expected = expected.clone();
            readers
                .tasks
                .spawn(async move { read_until(&gateway, &expected, &stop, &reads).await });
        }
        readers
    }

    async fn further(&self, count: u64) {
        let from = self.reads.load(Ordering::SeqCst);
        wait::until("further reads", async || {
            let so_far = self.reads.load(Ordering::SeqCst);
            (so_far >= from + count).then_some(()).ok_or(so_far)
        })
        .await
        .unwrap();
    }

    async fn end(mut self) -> (u64, Vec<String>) {
        self.stop.store(true, Ordering::SeqCst);
        let mut failures = Vec::new();
        while let Some(found) = self.tasks.join_next().await {
            failures.extend(found.unwrap());
        }
        (self.reads.load(Ordering::SeqCst), failures)
    }
}

async fn read_until(
    gateway: &GatewayClient,
    expected: &Value,
    stop: &AtomicBool,
    reads: &AtomicU64,
) -> Vec<String> {
    let mut failures = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        match gateway.get(READER, "/").await {
            Ok(reply) if reply.status == 200 && reply.json() == *expected => {}
            Ok(reply) => failures.push(format!("{}: {}", reply.status, reply.text)),
            Err(error) => failures.push(error.to_string()),
        }
        reads.fetch_add(1, Ordering::SeqCst);
    }
    failures
}

/// The versions of account keys that values are sealed under, with how many.
async fn sealed_under(instance: &Instance) -> Vec<(i64, i64)> {
    let path = instance.data_dir().join("coffer.db");
    let mut connection = SqliteConnectOptions::new()
        .filename(&path)
        .read_only(true)
        .connect()
        .await
        .unwrap();
    let found: Vec<(Vec<u8>, i64)> = sqlx::query_as(
        "SELECT substr(sealed, 3, 4), count(*) FROM \
         (SELECT sealed FROM secrets UNION ALL SELECT sealed FROM worker_secrets) GROUP BY 1 ORDER BY 1",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
    let version = |bytes: Vec<u8>| i64::from(u32::from_be_bytes(bytes.try_into().unwrap()));
    found
        .into_iter()
        .map(|(bytes, count)| (version(bytes), count))
        .collect()
}

/// What verifies the audit log, and what tokens are known by, must outlive every key but the first master key.
async fn audit_key(instance: &Instance) -> String {
    let mut command = instance.command().unwrap();
    let command = command
        .args(["audit", "key", "--data"])
        .arg(instance.data_dir());
    let output = command.output().await.unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

fn root_key_files(directory: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains("root.key"))
        .collect();
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_key_is_rotated_under_load_without_a_failed_read_or_a_lost_token() {
    let mut instance = Instance::start().await.unwrap();
    let expected = fill(&instance).await;
    let total = i64::try_from(SECRETS).unwrap() + 1;
    assert_eq!(sealed_under(&instance).await, [(1, total)]);
    let log_key = audit_key(&instance).await;
    let readers = Readers::start(&instance, &expected);

    let root = coffer(&instance, &["key", "rotate", "root"]).await;
    let master = coffer(&instance, &["key", "rotate", "master"]).await;
    assert_eq!(master, json!({ "version": 2, "account_keys": 1 }));
    let rotated = coffer(&instance, &["key", "rotate", "account"]).await;
    assert_eq!(rotated[0]["resealed"], total);
    readers.further(10).await;
    let again = coffer(&instance, &["key", "rotate", "account"]).await;
    assert_eq!(
        (&again[0]["version"], &again[0]["outdated_values"]),
        (&json!(3), &json!(0))
    );
    let second = coffer(&instance, &["key", "rotate", "root"]).await;
    assert_eq!(second["former_fingerprint"], root["fingerprint"]);
    readers.further(20).await;
    let (count, failures) = readers.end().await;
    assert_eq!(failures, Vec::<String>::new(), "of {count} reads");

    assert_eq!(sealed_under(&instance).await, [(3, total)]);
    let status = coffer(&instance, &["key", "status"]).await;
    assert_eq!(status["root_key"]["fingerprint"], second["fingerprint"]);
    assert_eq!(status["master_keys"][0]["account_keys"], 0);
    assert_eq!(status["master_keys"][1]["current"], true);
    let keys = status["accounts"][0]["keys"].as_array().unwrap();
    let values: Vec<_> = keys
        .iter()
        .map(|key| key["values"].as_i64().unwrap())
        .collect();
    assert_eq!(values, [0, 0, total]);

    // What was made before goes on: the token that every call is made with, the log's key, the values.
    assert_eq!(instance.terminate().await.unwrap().code(), Some(0));
    instance.serve().await.unwrap();
    reads(&instance, &expected).await;
    assert_eq!(audit_key(&instance).await, log_key);
    told(&instance).await;
    no_key_is_told(&instance, &[root, master, rotated, second, status]);
    former_keys_do_not_fit(&mut instance).await;
}

/// Each rotation is in the audit log, which verifies.
async fn told(instance: &Instance) {
    let verified = coffer(instance, &["audit", "verify"]).await;
    assert_eq!(verified["ok"], true);
    let path = instance.data_dir().join("coffer.db");
    let mut connection = SqliteConnectOptions::new()
        .filename(&path)
        .connect()
        .await
        .unwrap();
    for (word, least) in [
        ("$.after.root_key", 2),
        ("$.after.master_key_version", 1),
        ("$.after.values_sealed_anew", 6),
    ] {
        let count: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM audit_events WHERE json_extract(details, $1) IS NOT NULL \
             AND actor_context = 'system'",
        )
        .bind(word)
        .fetch_one(&mut connection)
        .await
        .unwrap();
        assert!(count >= least, "{word}: {count}");
    }
    connection.close().await.unwrap();
}

/// Neither answers nor what the server printed hold what is in any file of a root key.
fn no_key_is_told(instance: &Instance, answers: &[Value]) {
    let files = root_key_files(&instance.data_dir());
    assert_eq!(files.len(), 3, "{files:?}");
    for file in files {
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o400, "{}", file.display());
        let line = fs::read_to_string(&file).unwrap();
        let (_, digits) = line.trim_end().split_once(':').unwrap();
        for answer in answers {
            assert!(!answer.to_string().contains(digits));
        }
        assert!(!instance.output().contains(digits));
    }
}

async fn former_keys_do_not_fit(instance: &mut Instance) {
    instance.terminate().await.unwrap();
    let directory = instance.data_dir();
    let current = directory.join("root.key");
    let right = fs::read(&current).unwrap();
    for former in root_key_files(&directory) {
        if former == current {
            continue;
        }
        fs::remove_file(&current).unwrap();
        fs::copy(&former, &current).unwrap();
        let output = instance.serve_to_its_end(&[]).await.unwrap();
        refused(&output, &["the root key does not fit this database"]);
    }
    fs::remove_file(&current).unwrap();
    fs::write(&current, right).unwrap();
    fs::set_permissions(&current, PermissionsExt::from_mode(0o400)).unwrap();
    instance.serve().await.unwrap();
}

/// Runs a command on a directory that nobody serves and kills it at a moment that is not chosen.
async fn kill_soon(instance: &Instance, arguments: &[&str], after: Duration) {
    let mut running = command(instance, arguments)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // Waits for nothing: this is the moment.
    let _ = tokio::time::timeout(after, running.wait()).await;
    let _ = running.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotations_that_are_killed_leave_what_opens_and_are_continued() {
    let mut instance = Instance::start().await.unwrap();
    let expected = fill(&instance).await;
    let total = i64::try_from(SECRETS).unwrap() + 1;
    instance.terminate().await.unwrap();
    for round in 0..8_u64 {
        for rotation in ["root", "master", "account"] {
            let after = Duration::from_millis(8 * round + 10);
            kill_soon(&instance, &["key", "rotate", rotation], after).await;
            // It opens, by whichever key, and nothing is lost between two versions.
            let status = coffer(&instance, &["key", "status"]).await;
            let keys = status["accounts"][0]["keys"].as_array().unwrap();
            let values: i64 = keys.iter().map(|key| key["values"].as_i64().unwrap()).sum();
            assert_eq!(values, total, "{rotation}, round {round}");
        }
    }
    instance.serve().await.unwrap();
    reads(&instance, &expected).await;
    let continued = ["key", "rotate", "account", "--continue"];
    let left = coffer(&instance, &continued).await;
    assert_eq!(left[0]["outdated_values"], 0);
    let version = left[0]["version"].as_i64().unwrap();
    assert_eq!(sealed_under(&instance).await, [(version, total)]);
    reads(&instance, &expected).await;
    let nothing = coffer(&instance, &continued).await;
    assert_eq!(
        (&nothing[0]["resealed"], &nothing[0]["version"]),
        (&json!(0), &json!(version))
    );
    let verified = coffer(&instance, &["audit", "verify"]).await;
    assert_eq!(verified["ok"], true);
}

#[tokio::test]
async fn a_root_key_that_was_committed_and_not_renamed_is_found() {
    let mut instance = Instance::start().await.unwrap();
    let new = coffer(&instance, &["key", "rotate", "root"]).await;
    instance.kill().await.unwrap();
    // As after a crash between the commit and the renaming.
    let directory = instance.data_dir();
    let (current, next) = (directory.join("root.key"), directory.join("root.key.next"));
    let former = PathBuf::from(new["former_file"].as_str().unwrap());
    fs::rename(&current, &next).unwrap();
    fs::rename(&former, &current).unwrap();

    // What only reads finds it and changes nothing.
    let log_key = audit_key(&instance).await;
    assert!(next.exists());
    instance.serve().await.unwrap();
    assert!(!next.exists() && former.exists());
    assert!(
        instance.output().contains("interrupted"),
        "{}",
        instance.output()
    );
    assert_eq!(audit_key(&instance).await, log_key);
    let status = coffer(&instance, &["key", "status"]).await;
    assert_eq!(status["root_key"]["fingerprint"], new["fingerprint"]);
    instance.terminate().await.unwrap();

    // With the next one alone, too; what an attempt before its commit left is not used.
    fs::rename(&current, &next).unwrap();
    instance.serve().await.unwrap();
    instance.terminate().await.unwrap();
    fs::copy(&former, &next).unwrap();
    instance.serve().await.unwrap();
    let again = coffer(&instance, &["key", "rotate", "root"]).await;
    assert_eq!(again["former_fingerprint"], new["fingerprint"]);
    assert!(!next.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotations_at_the_same_time_take_turns_or_are_refused() {
    let mut instance = Instance::start().await.unwrap();
    let expected = fill(&instance).await;
    for served in [true, false] {
        if !served {
            instance.terminate().await.unwrap();
        }
        let mut at_once = tokio::task::JoinSet::new();
        for rotation in ["root", "root", "master", "account", "account"] {
            at_once.spawn(command(&instance, &["key", "rotate", rotation]).output());
        }
        let mut done = 0;
        while let Some(output) = at_once.join_next().await {
            let output = output.unwrap().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            match output.status.code() {
                Some(0) => done += 1,
                Some(5) => assert!(said.contains("another rotation"), "{said}"),
                // Of a directory that nobody serves, one command at a time has the database.
                code => {
                    assert_eq!(code, Some(1), "{said}");
                    assert!(
                        !served && said.contains("in use by another coffer"),
                        "{said}"
                    );
                }
            }
        }
        assert!(done > 0);
        coffer(&instance, &["key", "status"]).await;
    }
    instance.serve().await.unwrap();
    reads(&instance, &expected).await;
    coffer(
        &instance,
        &["key", "rotate", "account", "--all", "--continue"],
    )
    .await;
    reads(&instance, &expected).await;
}

#[tokio::test]
async fn what_cannot_be_rotated_is_named() {
    let instance = Instance::initialise(Settings::default()).await.unwrap();
    let other = "f".repeat(32);
    let arguments = ["key", "rotate", "account", "--account", &other];
    let output = command(&instance, &arguments).output().await.unwrap();
    assert_eq!(output.status.code(), Some(3));
    let current = instance.data_dir().join("root.key");
    let key = fs::read(&current).unwrap();
    fs::remove_file(&current).unwrap();
    let output = command(&instance, &["key", "rotate", "root"])
        .output()
        .await
        .unwrap();
    refused(&output, &["root.key", "is missing"]);
    assert_eq!(root_key_files(&instance.data_dir()), Vec::<PathBuf>::new());
    fs::write(&current, key).unwrap();
    fs::set_permissions(&current, PermissionsExt::from_mode(0o400)).unwrap();
    // A new file that cannot be written is told of before anything has changed. Root may write everywhere, but not a
    // directory where the file should be.
    fs::create_dir(instance.data_dir().join("root.key.next")).unwrap();
    let output = command(&instance, &["key", "rotate", "root"])
        .output()
        .await
        .unwrap();
    refused(&output, &["root.key.next", "cannot be removed"]);
    coffer(&instance, &["key", "status"]).await;
}
