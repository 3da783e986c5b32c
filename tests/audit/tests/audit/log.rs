//! A data directory whose log is long, and both verifiers of it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use coffer_crypto::{PasswordHasher, RootKey, SystemRandom};
use coffer_engine::log::{AuditLog, Finding, GivenCheckpoint, LogKey, Verification, verify_export};
use coffer_engine::{Installation, NewInstallation};
use coffer_store::Files;
use coffer_store::log::{Snapshot, tree};
use coffer_testkit::FixedClock;
use coffer_types::AccountId;
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

/// Writes that wait at once, as many as the writer takes into one commit.
const AT_ONCE: u64 = 256;

/// A data directory.
pub(crate) struct Log {
    directory: TempDir,
}

/// What is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Database,
    Export,
}

impl Log {
    /// A new installation with this many events.
    pub(crate) async fn of(events: u64) -> Self {
        let log = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        let root_key = RootKey::create(&log.path().join("root.key"), &SystemRandom).unwrap();
        let new = NewInstallation {
            account_name: "account".to_owned(),
            subdomain: "dev".parse().unwrap(),
            email: "admin@example.com".parse().unwrap(),
        };
        let (installation, first) = Installation::create(
            log.path(),
            &root_key,
            &PasswordHasher::fast_for_tests(1),
            Arc::new(FixedClock::default()),
            Arc::new(SystemRandom),
            new,
        )
        .await
        .unwrap();
        add(&installation, first.account_id, events - 1).await;
        installation.close().await;
        log
    }

    /// Starts on it again and adds events.
    pub(crate) async fn grow(&self, events: u64) {
        let installation = self.open().await;
        let account_id = installation.accounts().await.unwrap()[0].id;
        add(&installation, account_id, events).await;
        installation.close().await;
    }

    pub(crate) async fn open(&self) -> Installation {
        let (clock, random) = (Arc::new(FixedClock::default()), Arc::new(SystemRandom));
        Installation::open(self.path(), &self.root_key(), clock, random)
            .await
            .unwrap()
    }

    pub(crate) fn root_key(&self) -> RootKey {
        RootKey::load(&self.path().join("root.key")).unwrap()
    }

    /// The same once more. Nothing has it open.
    pub(crate) fn copy(&self) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for name in ["coffer.db", "root.key"] {
            std::fs::copy(self.path().join(name), directory.path().join(name)).unwrap();
        }
        Self { directory }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Runs SQL as whoever may write the file can: without the triggers.
    pub(crate) async fn tamper(&self, sql: &str) {
        let options = SqliteConnectOptions::new().filename(self.path().join("coffer.db"));
        let mut connection = options.connect().await.unwrap();
        let triggers = "DROP TRIGGER IF EXISTS audit_events_are_not_edited; \
             DROP TRIGGER IF EXISTS audit_events_are_not_replaced; \
             DROP TRIGGER IF EXISTS audit_events_are_not_deleted;";
        sqlx::raw_sql(triggers)
            .execute(&mut connection)
            .await
            .unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }

    /// Edits an event and makes the hash beside it fit.
    pub(crate) async fn rewrite(&self, seq: i64) {
        let edit = format!("UPDATE audit_events SET actor_id = 'somebody else' WHERE seq = {seq}");
        self.tamper(&edit).await;
        let mut snapshot = Snapshot::open(&Files::new(self.path())).await.unwrap();
        let event = snapshot.events_after(seq - 1).await.unwrap().remove(0);
        snapshot.close().await;
        let leaf = tree::leaf_hash(&event.line)
            .map(|byte| format!("{byte:02x}"))
            .concat();
        let hash = format!("UPDATE audit_events SET leaf = x'{leaf}' WHERE seq = {seq}");
        self.tamper(&hash).await;
    }

    pub(crate) async fn text(&self, query: &'static str) -> String {
        let options = SqliteConnectOptions::new().filename(self.path().join("coffer.db"));
        let mut connection = options.connect().await.unwrap();
        sqlx::query_scalar(query)
            .fetch_one(&mut connection)
            .await
            .unwrap()
    }

    pub(crate) async fn key(&self) -> LogKey {
        let mut log = AuditLog::open(self.path()).await.unwrap();
        log.key(&self.root_key()).await.unwrap()
    }

    pub(crate) async fn checkpoint(&self) -> GivenCheckpoint {
        let mut log = AuditLog::open(self.path()).await.unwrap();
        GivenCheckpoint {
            name: "kept".to_owned(),
            note: log.checkpoint().await.unwrap(),
        }
    }

    /// Exports it, to a directory within its own.
    pub(crate) async fn export(&self) -> PathBuf {
        let output = self.path().join("export");
        let log = AuditLog::open(self.path()).await.unwrap();
        log.export(&output, None, &mut |_| {}).await.unwrap();
        output
    }

    /// What both verifiers find; they must agree.
    pub(crate) async fn findings(&self, form: Form, given: &[GivenCheckpoint]) -> Vec<Finding> {
        let key = self.key().await;
        let verification = self.verified(form, &key, given).await;
        assert_eq!(verification.ok, verification.findings.is_empty());
        let told = told(&serde_json::to_value(&verification.findings).unwrap());
        let other = told_by_the_other(self, form, &key, given);
        assert_eq!(told, other, "{form:?}");
        verification.findings
    }

    async fn verified(&self, form: Form, key: &LogKey, given: &[GivenCheckpoint]) -> Verification {
        let log = AuditLog::open(self.path()).await.unwrap();
        match form {
            Form::Database => log.verify(key, given, &mut |_| {}).await.unwrap(),
            Form::Export => {
                let export = self.path().join("export");
                verify_export(&export, key, given, &mut |_| {})
                    .await
                    .unwrap()
            }
        }
    }
}

async fn add(installation: &Installation, account_id: AccountId, events: u64) {
    let limits = installation.accounts().await.unwrap()[0].limits;
    let mut left = events;
    while left > 0 {
        let now = left.min(AT_ONCE);
        let mut writes = tokio::task::JoinSet::new();
        for _ in 0..now {
            let installation = installation.clone();
            writes.spawn(async move { installation.set_limits(account_id, limits).await });
        }
        while let Some(written) = writes.join_next().await {
            written.unwrap().unwrap();
        }
        left -= now;
    }
}

/// What the verifier in Python says.
fn told_by_the_other(
    log: &Log,
    form: Form,
    key: &LogKey,
    given: &[GivenCheckpoint],
) -> Vec<String> {
    let key_path = log.path().join("audit.key");
    std::fs::write(&key_path, key.to_string()).unwrap();
    let mut command = Command::new("python3");
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("verify.py"))
        .arg(key_path);
    match form {
        Form::Database => command.arg("--database").arg(log.path().join("coffer.db")),
        Form::Export => command.arg("--export").arg(log.path().join("export")),
    };
    for (number, checkpoint) in given.iter().enumerate() {
        let path = log.path().join(format!("given-{number}"));
        std::fs::write(&path, &checkpoint.note).unwrap();
        command.arg(path);
    }
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.is_empty(), "{errors}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let findings: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(output.status.success(), findings.is_empty());
    told(&Value::Array(findings))
}

/// Each finding by its kind and the event it names. The verifier in Python looks at no tiles above the lowest, and its
/// words for reasons are its own.
fn told(findings: &Value) -> Vec<String> {
    let mut told: Vec<_> = findings
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["kind"] != "tile_changed")
        .map(|finding| {
            let fields = [
                "kind",
                "seq",
                "found_at",
                "id",
                "first_seq",
                "last_seq",
                "size",
            ];
            let fields = fields.map(|field| finding[field].to_string());
            fields.join(" ").replace(" null", "")
        })
        .collect();
    told.sort();
    told
}
