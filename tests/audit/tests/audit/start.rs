//! Starting on a log that was tampered with: it is served, told of, and never signed again.

use coffer_engine::log::Finding;
use coffer_testkit::{Instance, Settings};
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::log::{Form, Log};

const TAMPERINGS: [&str; 8] = [
    "DELETE FROM audit_events WHERE seq > 298",
    "UPDATE audit_events SET leaf = zeroblob(32) WHERE seq = 299",
    "UPDATE audit_tiles SET hashes = zeroblob(8192)",
    "DELETE FROM audit_tiles",
    "DELETE FROM audit_head",
    "DELETE FROM audit_tiles; DELETE FROM audit_checkpoints",
    "DELETE FROM audit_tiles; DELETE FROM audit_checkpoints; DELETE FROM audit_head",
    "UPDATE audit_head SET note = (SELECT note FROM audit_checkpoints WHERE size = 256)",
];

#[tokio::test]
async fn a_damaged_log_goes_on_and_is_never_signed_again() {
    let whole = Log::of(300).await;
    for tampering in TAMPERINGS {
        let log = whole.copy();
        log.tamper(tampering).await;
        let head = "SELECT ifnull((SELECT note FROM audit_head), 'none')";
        let before = log.text(head).await;
        log.grow(300).await;
        assert_eq!(log.text(head).await, before, "{tampering}");
        assert_ne!(log.findings(Form::Database, &[]).await, [], "{tampering}");
        let added = log
            .text("SELECT CAST(max(seq) AS TEXT) FROM audit_events")
            .await;
        // What was cut off is not filled up.
        assert_eq!(added, "600", "{tampering}");
    }
}

#[tokio::test]
async fn an_undamaged_log_goes_on_being_signed_after_each_start() {
    let log = Log::of(250).await;
    for events in [1, 5, 1, 300, 256] {
        log.grow(events).await;
        assert_eq!(log.findings(Form::Database, &[]).await, []);
    }
}

#[tokio::test]
async fn the_server_tells_of_damage_and_serves() {
    let mut instance = Instance::initialise(Settings::default()).await.unwrap();
    instance.serve().await.unwrap();
    let metrics = metric(&instance, "coffer_audit_log_damaged").await;
    assert_eq!(metrics, "0");
    assert_ne!(metric(&instance, "coffer_audit_log_size").await, "0");
    instance.terminate().await.unwrap();

    let options = SqliteConnectOptions::new().filename(instance.data_dir().join("coffer.db"));
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql("DELETE FROM audit_head")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    instance.serve().await.unwrap();
    assert_eq!(metric(&instance, "coffer_audit_log_damaged").await, "1");
    let ready = format!("{}/readyz", instance.api_origin());
    let ready = reqwest::get(ready).await.unwrap();
    assert_eq!(ready.status(), 200);
    let text = ready.text().await.unwrap();
    assert!(text.contains("audit log damaged"), "{text}");
    let store = instance
        .api()
        .post("/secrets_store/stores", &json!({ "name": "main" }))
        .await;
    store.unwrap().success().unwrap();
    assert!(instance.output().contains("audit log damaged"));
}

async fn metric(instance: &Instance, name: &str) -> String {
    let metrics = reqwest::get(format!("{}/metrics", instance.api_origin())).await;
    let text = metrics.unwrap().text().await.unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in {text}"))
        .to_owned()
}

/// Events are only taken over from a schema without a log; rows that are slipped in later have no place in it.
#[tokio::test]
async fn a_row_that_was_slipped_in_is_not_taken_over() {
    let log = Log::of(10).await;
    log.tamper(
        "CREATE TEMP TABLE one AS SELECT * FROM audit_events WHERE seq = 3; \
         UPDATE one SET seq = 11, leaf = NULL; INSERT INTO audit_events SELECT * FROM one",
    )
    .await;
    log.grow(1).await;
    let found = log.findings(Form::Database, &[]).await;
    let inserted: Vec<_> = found
        .iter()
        .filter_map(|finding| match finding {
            Finding::Inserted { seq, .. } => Some(*seq),
            _ => None,
        })
        .collect();
    // The row, and what came after it unsigned.
    assert_eq!(inserted, [11, 12]);
}
