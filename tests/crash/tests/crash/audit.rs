//! The audit table against the data, in the database itself.

use coffer_testkit::Instance;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};

/// Each query counts what must not be.
const CONTRADICTIONS: &[(&str, &str)] = &[
    (
        "secrets that were not created exactly once",
        "SELECT count(*) FROM secrets WHERE 1 <> (SELECT count(*) FROM audit_events \
         WHERE resource_kind = 'secret' AND action = 'create' AND resource_id = secrets.id)",
    ),
    (
        "secrets that were deleted and are there",
        "SELECT count(*) FROM secrets WHERE 0 <> (SELECT count(*) FROM audit_events \
         WHERE resource_kind = 'secret' AND action = 'delete' AND resource_id = secrets.id)",
    ),
    (
        "secrets that are gone and were not deleted exactly once",
        "SELECT count(*) FROM audit_events AS created WHERE resource_kind = 'secret' AND action = 'create' \
         AND NOT EXISTS (SELECT 1 FROM secrets WHERE id = created.resource_id) \
         AND 1 <> (SELECT count(*) FROM audit_events AS deleted WHERE deleted.resource_kind = 'secret' \
         AND deleted.action = 'delete' AND deleted.resource_id = created.resource_id)",
    ),
    (
        "secrets with more or fewer updates than their generation tells",
        "SELECT count(*) FROM secrets WHERE CAST(comment AS INTEGER) - 1 <> (SELECT count(*) FROM audit_events \
         WHERE resource_kind = 'secret' AND action = 'update' AND resource_id = secrets.id)",
    ),
    (
        "secrets that were never announced to the edges as they are",
        "SELECT count(*) FROM secrets WHERE NOT EXISTS (SELECT 1 FROM changes \
         WHERE seq = secrets.change_seq AND subject_id = secrets.id)",
    ),
    (
        "a secret count that is not the number of secrets",
        "SELECT count(*) FROM accounts WHERE secret_count <> (SELECT count(*) FROM secrets \
         WHERE account_id = accounts.id)",
    ),
    (
        "versions that were not created exactly once",
        "SELECT count(*) FROM versions WHERE 1 <> (SELECT count(*) FROM audit_events \
         WHERE resource_kind = 'version' AND action = 'create' AND resource_id = versions.id)",
    ),
    (
        "version events without their version",
        "SELECT count(*) FROM audit_events WHERE resource_kind = 'version' AND action = 'create' \
         AND NOT EXISTS (SELECT 1 FROM versions WHERE id = audit_events.resource_id)",
    ),
    (
        "deployments that were not created exactly once",
        "SELECT count(*) FROM deployments WHERE 1 <> (SELECT count(*) FROM audit_events \
         WHERE resource_kind = 'deployment' AND action = 'create' AND resource_id = deployments.id)",
    ),
    (
        "modules that no version has",
        "SELECT count(*) FROM blobs WHERE NOT EXISTS (SELECT 1 FROM version_blobs \
         WHERE version_blobs.digest = blobs.digest)",
    ),
    (
        "rows that refer to nothing",
        "SELECT count(*) FROM pragma_foreign_key_check",
    ),
    (
        "damage to the file",
        "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
    ),
];

/// Each query counts what there must be, or the others would find nothing to contradict.
const EVIDENCE: &[(&str, &str)] = &[
    ("secrets", "SELECT count(*) FROM secrets"),
    (
        "updates of secrets that are there",
        "SELECT count(*) FROM audit_events JOIN secrets ON secrets.id = resource_id \
         WHERE resource_kind = 'secret' AND action = 'update'",
    ),
    (
        "deleted secrets",
        "SELECT count(*) FROM audit_events WHERE resource_kind = 'secret' AND action = 'delete'",
    ),
    ("versions", "SELECT count(*) FROM versions"),
    ("deployments", "SELECT count(*) FROM deployments"),
    ("modules", "SELECT count(*) FROM blobs"),
];

/// Looks for every contradiction. The server must have ended.
pub(crate) async fn agrees(instance: &Instance) {
    let mut connection = SqliteConnectOptions::new()
        .filename(instance.data_dir().join("coffer.db"))
        .connect()
        .await
        .unwrap();
    for (what, query) in EVIDENCE {
        assert_ne!(count(&mut connection, query).await, 0, "{what}");
    }
    for (what, query) in CONTRADICTIONS {
        assert_eq!(count(&mut connection, query).await, 0, "{what}");
    }
}

/// Lets the command verify the audit log, while the server runs.
pub(crate) async fn verifies(instance: &Instance, context: &str) {
    let mut command = instance.command().unwrap();
    command
        .args(["audit", "verify", "--data"])
        .arg(instance.data_dir());
    let output = command.output().await.unwrap();
    let findings = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{context}: {findings}");
}

async fn count(connection: &mut SqliteConnection, query: &'static str) -> i64 {
    sqlx::query_scalar(query)
        .fetch_one(connection)
        .await
        .unwrap()
}
