//! Refusing to start.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use coffer_testkit::{Instance, Settings};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};

/// An initialised data directory that nobody serves.
async fn initialised() -> Instance {
    Instance::initialise(Settings::default()).await.unwrap()
}

/// Exit codes, as documented.
const ERROR: i32 = 1;
const USAGE: i32 = 2;
const CONFLICT: i32 = 5;

/// Asserts that the command failed with exit code 1 and a sentence that contains these words.
#[track_caller]
pub(crate) fn refused(output: &Output, words: &[&str]) {
    refused_with(ERROR, output, words);
}

#[track_caller]
fn refused_with(code: i32, output: &Output, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(
        output.stdout.is_empty(),
        "data belongs on stdout, and there is none"
    );
    for word in words {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
    assert!(!said.contains("panicked"), "{said}");
}

/// Every file of a directory with its content.
pub(crate) fn contents(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read(&path).unwrap()))
        .collect()
}

fn database(instance: &Instance) -> PathBuf {
    instance.data_dir().join("coffer.db")
}

/// The only file that not even its owner may write.
fn root_key(instance: &Instance) -> PathBuf {
    let files = contents(&instance.data_dir()).into_keys();
    let mut keys = files.filter(|path| mode(path) == 0o400);
    let key = keys.next().expect("a root key with mode 0400");
    assert_eq!(keys.next(), None);
    key
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_file_that_is_not_a_database() {
    let instance = initialised().await;
    fs::write(database(&instance), "My diary, not a database at all.").unwrap();
    let before = contents(&instance.data_dir());
    let output = instance.serve_to_its_end(&[]).await.unwrap();
    refused(&output, &["coffer.db"]);
    assert_eq!(
        contents(&instance.data_dir())[&database(&instance)],
        before[&database(&instance)]
    );
}

#[tokio::test]
async fn a_database_of_another_program() {
    let instance = initialised().await;
    change_database(&instance, "PRAGMA application_id = 7").await;
    let output = instance.serve_to_its_end(&[]).await.unwrap();
    refused(&output, &["coffer.db"]);
}

#[tokio::test]
async fn a_database_that_a_newer_coffer_wrote() {
    let instance = initialised().await;
    let ours = schema_version(&instance).await;
    set_schema_version(&instance, 1000).await;
    let output = instance.serve_to_its_end(&[]).await.unwrap();
    refused(&output, &["coffer.db", "newer"]);
    set_schema_version(&instance, ours).await;
    let mut instance = instance;
    instance.serve().await.expect("nothing was changed");
}

async fn schema_version(instance: &Instance) -> i64 {
    let options = SqliteConnectOptions::new().filename(database(instance));
    let mut connection = options.connect().await.unwrap();
    let version = sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    version
}

async fn set_schema_version(instance: &Instance, version: i64) {
    let options = SqliteConnectOptions::new().filename(database(instance));
    let mut connection = options.connect().await.unwrap();
    let statement = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {version}"));
    sqlx::raw_sql(statement)
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

async fn change_database(instance: &Instance, statement: &'static str) {
    let options = SqliteConnectOptions::new().filename(database(instance));
    let mut connection = options.connect().await.unwrap();
    connection.execute(statement).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_directory_that_another_process_serves() {
    let instance = Instance::start().await.unwrap();
    // Other ports, so that only the directory is in the way.
    let elsewhere = ["--listen", "127.0.0.1:0", "--workers-listen", "127.0.0.1:0"];
    let mut command = instance.command().unwrap();
    let output = command
        .arg("serve")
        .arg("--data")
        .arg(instance.data_dir())
        .args(elsewhere);
    let output = output.output().await.unwrap();
    refused(&output, &[instance.data_dir().to_str().unwrap()]);
    assert_eq!(
        instance.api().get("").await.unwrap().status,
        200,
        "the first still serves"
    );
}

#[tokio::test]
async fn a_directory_that_cannot_be_written() {
    let instance = initialised().await;
    let mut command = instance.command().unwrap();
    // Not even root makes a directory there.
    let output = command
        .args(["init", "--data", "/proc/coffer"])
        .output()
        .await
        .unwrap();
    refused(&output, &["/proc/coffer"]);
}

#[tokio::test]
async fn a_directory_that_is_initialised_already() {
    let mut instance = initialised().await;
    let before = contents(&instance.data_dir());
    let mut command = instance.command().unwrap();
    let output = command
        .args(["init", "--json", "--data"])
        .arg(instance.data_dir());
    let output = output.output().await.unwrap();
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    assert_eq!(
        contents(&instance.data_dir())[&root_key(&instance)],
        before[&root_key(&instance)]
    );
    instance.serve().await.unwrap();
    assert_eq!(
        instance.api().get("").await.unwrap().status,
        200,
        "the first credentials are good"
    );
}

#[tokio::test]
async fn a_root_key_of_another_database() {
    let instance = initialised().await;
    let other = initialised().await;
    let key = root_key(&instance);
    fs::remove_file(&key).unwrap();
    fs::copy(root_key(&other), &key).unwrap();
    let output = instance.serve_to_its_end(&[]).await.unwrap();
    refused(&output, &["root key"]);
}

#[tokio::test]
async fn a_root_key_that_is_missing() {
    let instance = initialised().await;
    let key = root_key(&instance);
    fs::remove_file(&key).unwrap();
    let output = instance.serve_to_its_end(&[]).await.unwrap();
    refused(&output, &["root key", key.to_str().unwrap()]);
    assert!(
        !key.exists(),
        "a new one would make every secret unreadable"
    );
}

#[tokio::test]
async fn a_root_key_that_others_can_read() {
    let instance = initialised().await;
    let key = root_key(&instance);
    for open in [0o440, 0o404] {
        fs::set_permissions(&key, fs::Permissions::from_mode(open)).unwrap();
        let output = instance.serve_to_its_end(&[]).await.unwrap();
        refused(&output, &[key.to_str().unwrap()]);
    }
}

#[tokio::test]
async fn a_port_in_use() {
    let instance = initialised().await;
    for option in ["--listen", "--workers-listen"] {
        let held = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = held.local_addr().unwrap().to_string();
        let mut command = instance.command().unwrap();
        command.arg("serve").arg("--data").arg(instance.data_dir());
        let other = if option == "--listen" {
            "--workers-listen"
        } else {
            "--listen"
        };
        let output = command
            .args([option, &address, other, "127.0.0.1:0"])
            .output()
            .await
            .unwrap();
        refused_with(CONFLICT, &output, &[&address, option]);
    }
}

#[tokio::test]
async fn a_configuration_with_an_unknown_key() {
    let instance = initialised().await;
    let file = instance.data_dir().join("coffer.toml");
    fs::write(&file, "# first line\nlistne = \"127.0.0.1:7070\"\n").unwrap();
    let output = instance
        .serve_to_its_end(&["--config", file.to_str().unwrap()])
        .await
        .unwrap();
    refused_with(
        USAGE,
        &output,
        &[file.to_str().unwrap(), "listne", "line 2"],
    );
}

#[tokio::test]
async fn an_unknown_option_is_a_usage_error() {
    let instance = initialised().await;
    let output = instance.serve_to_its_end(&["--nonsense"]).await.unwrap();
    refused_with(USAGE, &output, &["--nonsense"]);
}
