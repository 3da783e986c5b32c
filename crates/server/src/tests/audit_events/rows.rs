//! Which rows there are, to see that none appears without an event.

use std::collections::{BTreeMap, BTreeSet};

use coffer_store::Files;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use crate::testing::TestApp;

/// Each table whose new rows are told: its key, and the kind of resource in their events.
const TOLD: [(&str, &str, &str); 15] = [
    ("accounts", "id", "account"),
    ("users", "id", "user"),
    ("members", "id", "member"),
    ("invitations", "prefix", "member"),
    ("sessions", "id", "session"),
    ("tokens", "id", "token"),
    ("stores", "id", "store"),
    ("secrets", "id", "secret"),
    ("workers", "id", "worker"),
    ("versions", "id", "version"),
    ("deployments", "id", "deployment"),
    ("worker_secrets", "id", "worker_secret"),
    ("pages_projects", "id", "pages_project"),
    ("pages_secrets", "id", "pages_secret"),
    ("pages_deployments", "id", "pages_deployment"),
];

/// Tables whose rows only go with others or are nobody's: keys, contents, observations, the log itself, uploads
/// that are nothing until a version has them, hosts and routes, which are told of as changes of their Worker, and
/// second factors and passkeys, which are told of as changes of their user.
const NOT_TOLD: [&str; 27] = [
    "instance",
    "master_keys",
    "account_keys",
    "blobs",
    "version_blobs",
    "pages_deployment_blobs",
    "pages_deployment_secrets",
    "worker_hosts",
    "worker_routes",
    "manifest_blobs",
    "account_assets",
    "asset_sessions",
    "version_secrets",
    "secret_reads",
    "secret_read_hours",
    "secret_workers",
    "second_factors",
    "recovery_codes",
    "passkeys",
    "token_uses",
    "session_uses",
    "changes",
    "idempotency",
    "audit_events",
    "audit_tiles",
    "audit_checkpoints",
    "audit_head",
];

/// The keys of the rows of every table that is told.
#[derive(Debug)]
pub(super) struct Keys(BTreeMap<&'static str, BTreeSet<String>>);

async fn connect(app: &TestApp) -> SqliteConnection {
    let files = Files::new(app.directory.path());
    let options = SqliteConnectOptions::new()
        .filename(files.database())
        .read_only(true);
    SqliteConnection::connect_with(&options).await.unwrap()
}

impl Keys {
    /// Those that there are now.
    pub(super) async fn of(app: &TestApp) -> Self {
        let mut connection = connect(app).await;
        let mut keys = BTreeMap::new();
        for (table, key, _) in TOLD {
            let sql = AssertSqlSafe(format!("SELECT {key} FROM {table}"));
            let found: Vec<String> = sqlx::query_scalar(sql)
                .fetch_all(&mut connection)
                .await
                .unwrap();
            keys.insert(table, found.into_iter().collect());
        }
        Self(keys)
    }

    /// The tables in which more rows appeared since than events tell of, which are named as `create secret`.
    pub(super) fn untold(&self, before: &Self, events: &[String]) -> Vec<&'static str> {
        let is_untold = |(table, _, kind): &(&str, &str, &str)| {
            let appeared = self.0[table].difference(&before.0[table]).count();
            // A changed value, or another invitation of the same member, is a new row, too.
            let told = [format!("create {kind}"), format!("update {kind}")];
            let told = events.iter().filter(|event| told.contains(event)).count();
            appeared > told
        };
        let untold = TOLD.iter().filter(|table| is_untold(table));
        untold.map(|(table, ..)| *table).collect()
    }
}

#[tokio::test]
async fn every_table_is_told_or_has_a_reason_not_to_be() {
    let app = TestApp::new().await;
    let mut connection = connect(&app).await;
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('sqlite_sequence', '_sqlx_migrations')";
    let found: Vec<String> = sqlx::query_scalar(sql)
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let known: BTreeSet<_> = TOLD
        .iter()
        .map(|(table, ..)| *table)
        .chain(NOT_TOLD)
        .collect();
    let found: BTreeSet<_> = found.iter().map(String::as_str).collect();
    assert_eq!(found, known);
}

#[tokio::test]
async fn a_row_without_an_event_is_found() {
    let app = TestApp::new().await;
    let before = Keys::of(&app).await;
    app.add_user().await;
    let after = Keys::of(&app).await;
    assert_eq!(
        after.untold(&before, &["create session".to_owned()]),
        ["users"]
    );
    assert!(
        after
            .untold(&before, &["create user".to_owned()])
            .is_empty()
    );
}
