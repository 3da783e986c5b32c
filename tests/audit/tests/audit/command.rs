//! `coffer audit` as an auditor meets it.

use std::path::Path;
use std::process::Output;

use coffer_testkit::{Instance, Settings};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

async fn audit(instance: &Instance, arguments: &[&str]) -> Output {
    let mut command = instance.command().unwrap();
    command
        .arg("audit")
        .args(arguments)
        .arg("--data")
        .arg(instance.data_dir());
    command.output().await.unwrap()
}

fn printed(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_running_server_s_log_is_verified_exported_and_proven_offline() {
    let mut instance = Instance::start().await.unwrap();
    let api = instance.api();
    let body = json!({ "name": "main" });
    let store = api.post("/secrets_store/stores", &body).await.unwrap();
    store.success().unwrap();

    let verified = printed(&audit(&instance, &["verify"]).await);
    assert!(
        verified.starts_with("ok: 2 events, last at 20"),
        "{verified}"
    );
    let place = tempfile::tempdir().unwrap();
    let (key, kept) = (place.path().join("key"), place.path().join("kept"));
    std::fs::write(&key, printed(&audit(&instance, &["key"]).await)).unwrap();
    let checkpoint = printed(&audit(&instance, &["checkpoint"]).await);
    assert!(checkpoint.starts_with("coffer-audit/"), "{checkpoint}");
    std::fs::write(&kept, checkpoint).unwrap();

    let export = place.path().join("export");
    let exported = printed(&audit(&instance, &["export", "--output", text(&export)]).await);
    assert!(exported.starts_with("2 events exported to "), "{exported}");
    let again = audit(&instance, &["export", "--output", text(&export)]).await;
    assert_eq!(again.status.code(), Some(5));
    // Neither database nor root key is there any more.
    instance.terminate().await.unwrap();
    std::fs::remove_dir_all(instance.data_dir()).unwrap();
    for path in [export.clone(), export.join("entries.ndjson")] {
        let arguments = [
            "verify",
            "--json",
            "--export",
            text(&path),
            "--key",
            text(&key),
            "--checkpoint",
            text(&kept),
        ];
        let verified = printed(&audit(&instance, &arguments).await);
        let verified: Value = serde_json::from_str(&verified).unwrap();
        assert_eq!(
            (&verified["ok"], &verified["size"]),
            (&json!(true), &json!(2))
        );
        assert_eq!(verified["root"].as_str().unwrap().len(), 64);
    }
}

#[tokio::test]
async fn what_is_wrong_is_printed_and_exits_with_1() {
    let instance = Instance::initialise(Settings::default()).await.unwrap();
    let options = SqliteConnectOptions::new().filename(instance.data_dir().join("coffer.db"));
    let mut connection = options.connect().await.unwrap();
    let sql = "DROP TRIGGER audit_events_are_not_edited; UPDATE audit_events SET details = '{}'";
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();

    let found = audit(&instance, &["verify"]).await;
    assert_eq!(found.status.code(), Some(1));
    let stdout = String::from_utf8(found.stdout).unwrap();
    assert!(stdout.starts_with("event 1 ("), "{stdout}");
    assert!(
        stdout.contains(") was edited\nNOT ok: 1 events"),
        "{stdout}"
    );
    let found = audit(&instance, &["verify", "--json"]).await;
    assert_eq!(found.status.code(), Some(1));
    let found: Value = serde_json::from_slice(&found.stdout).unwrap();
    assert_eq!(found["ok"], false);
    assert_eq!(found["findings"][0]["kind"], "edited");
    assert_eq!(found["findings"][0]["seq"], 1);
}

#[tokio::test]
async fn what_cannot_be_verified_is_told_with_what_to_do() {
    let instance = Instance::initialise(Settings::default()).await.unwrap();
    let place = tempfile::tempdir().unwrap();
    let empty = place.path().join("empty");
    std::fs::write(&empty, "").unwrap();
    let missing = place.path().join("missing");
    for (arguments, code, sentence) in [
        (
            &["verify", "--export", text(place.path())][..],
            2,
            "needs --key",
        ),
        (&["verify", "--key", text(&empty)], 2, "not a verifier key"),
        (&["verify", "--key", text(&missing)], 1, "failed to read"),
        (
            &["verify", "--checkpoint", text(&missing)],
            1,
            "failed to read",
        ),
    ] {
        let output = audit(&instance, arguments).await;
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{errors}");
        assert!(errors.contains(sentence), "{errors}");
    }
    // An empty file is no checkpoint, which is a finding.
    let output = audit(&instance, &["verify", "--checkpoint", text(&empty)]).await;
    assert_eq!(output.status.code(), Some(1));
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains("proves nothing"), "{stdout}");

    let key = place.path().join("key");
    std::fs::write(&key, printed(&audit(&instance, &["key"]).await)).unwrap();
    let arguments = [
        "verify",
        "--export",
        text(place.path()),
        "--key",
        text(&key),
    ];
    let output = audit(&instance, &arguments).await;
    assert_eq!(output.status.code(), Some(3));
    let mut command = instance.command().unwrap();
    command.args(["audit", "verify", "--data"]).arg(&missing);
    let output = command.output().await.unwrap();
    assert_eq!(output.status.code(), Some(3));
}
