//! Sealed values of every kind, by the key that they are sealed under: for counting, and for sealing them anew.
//!
//! Every envelope names the version of its account's key in the four bytes after its first two. That is all the store
//! reads of one.

use coffer_types::{
    AccountId, PagesProjectId, SecretId, StoreId, ValueVersion, VersionId, WorkerId, WorkerSecretId,
};

use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
use crate::rows::{parsed, unsigned};

/// Where a sealed value is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealedIn {
    /// With a secret of a store.
    Secret(StoreId, SecretId, ValueVersion),
    /// With a Worker.
    Worker(WorkerId, WorkerSecretId),
    /// With a Pages project's configuration.
    PagesProject(PagesProjectId, WorkerSecretId),
    /// With a deployment of a Pages project.
    PagesDeployment(PagesProjectId, VersionId, WorkerSecretId),
}

/// A sealed value and where it is kept.
#[derive(Clone, Debug)]
pub struct SealedValue {
    /// Where.
    pub kept_in: SealedIn,
    /// The envelope.
    pub sealed: Vec<u8>,
}

/// How many values of an account are sealed under one of its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedCount {
    /// The account.
    pub account_id: AccountId,
    /// The version of its key.
    pub key_version: u32,
    /// Values.
    pub values: u64,
}

/// A place in the walk through an account's sealed values, table by table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    table: u8,
    /// The last row's key; its second part only where keys have two.
    after: (String, String),
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (first, second) = &self.after;
        write!(f, "{}.{first}.{second}", self.table)
    }
}

impl std::str::FromStr for Cursor {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let mut parts = text.splitn(3, '.');
        let table = parts.next().and_then(|table| table.parse().ok());
        match (table, parts.next(), parts.next()) {
            (Some(table), Some(first), Some(second)) => Ok(Self {
                table,
                after: (first.to_owned(), second.to_owned()),
            }),
            _ => Err(StoreError::damaged("cursor", text)),
        }
    }
}

/// One text for each table, in the order of the walk. `$1` is the account, `$2` the version as four bytes, `$3` and `$4`
/// the last row's key, `$5` the limit. Each gives: owner, id, second id, number of the value, envelope.
const OUTDATED: [&str; 4] = [
    "SELECT store_id, id, '', value_version, sealed FROM secrets \
     WHERE account_id = $1 AND substr(sealed, 3, 4) <> $2 AND id > $3 AND $4 = '' ORDER BY id LIMIT $5",
    "SELECT worker_secrets.worker_id, worker_secrets.id, '', 1, worker_secrets.sealed FROM worker_secrets \
     JOIN workers ON workers.id = worker_secrets.worker_id \
     WHERE workers.account_id = $1 AND substr(worker_secrets.sealed, 3, 4) <> $2 \
     AND worker_secrets.id > $3 AND $4 = '' ORDER BY worker_secrets.id LIMIT $5",
    "SELECT pages_secrets.project_id, pages_secrets.id, '', 1, pages_secrets.sealed FROM pages_secrets \
     JOIN pages_projects ON pages_projects.id = pages_secrets.project_id \
     WHERE pages_projects.account_id = $1 AND substr(pages_secrets.sealed, 3, 4) <> $2 \
     AND pages_secrets.id > $3 AND $4 = '' ORDER BY pages_secrets.id LIMIT $5",
    "SELECT pages_deployments.project_id, kept.deployment_id, kept.secret_id, 1, kept.sealed \
     FROM pages_deployment_secrets AS kept \
     JOIN pages_deployments ON pages_deployments.id = kept.deployment_id \
     JOIN pages_projects ON pages_projects.id = pages_deployments.project_id \
     WHERE pages_projects.account_id = $1 AND substr(kept.sealed, 3, 4) <> $2 \
     AND (kept.deployment_id, kept.secret_id) > ($3, $4) \
     ORDER BY kept.deployment_id, kept.secret_id LIMIT $5",
];

/// The next values of an account after a place that are sealed under another key than this version, at most `limit`, all
/// of one table; with the place after them. Nothing is found only at the walk's end.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn outdated(
    rows: &mut impl Rows,
    account_id: AccountId,
    key_version: u32,
    after: &Cursor,
    limit: u32,
) -> Result<(Vec<SealedValue>, Cursor), StoreError> {
    let mut cursor = after.clone();
    while let Some(sql) = OUTDATED.get(usize::from(cursor.table)) {
        let found: Vec<Outdated> = on!(rows, connection => {
            sqlx::query_as(*sql)
                .bind(account_id.to_string())
                .bind(key_version.to_be_bytes().to_vec())
                .bind(cursor.after.0.clone())
                .bind(cursor.after.1.clone())
                .bind(i64::from(limit))
                .fetch_all(connection)
                .await?
        });
        if let Some((_, first, second, _, _)) = found.last() {
            cursor.after = (first.clone(), second.clone());
            let table = cursor.table;
            let values: Result<_, _> = found.into_iter().map(|row| value(table, row)).collect();
            return Ok((values?, cursor));
        }
        cursor = Cursor {
            table: cursor.table + 1,
            ..Cursor::default()
        };
    }
    Ok((Vec::new(), cursor))
}

type Outdated = (String, String, String, i64, Vec<u8>);

fn value(table: u8, row: Outdated) -> Result<SealedValue, StoreError> {
    let (owner, first, second, number, sealed) = row;
    let kept_in = match table {
        0 => SealedIn::Secret(
            parsed("store id", &owner)?,
            parsed("secret id", &first)?,
            ValueVersion(unsigned("value version", number)?),
        ),
        1 => SealedIn::Worker(
            parsed("worker id", &owner)?,
            parsed("worker secret id", &first)?,
        ),
        2 => SealedIn::PagesProject(
            parsed("Pages project id", &owner)?,
            parsed("Pages secret id", &first)?,
        ),
        _ => SealedIn::PagesDeployment(
            parsed("Pages project id", &owner)?,
            parsed("Pages deployment id", &first)?,
            parsed("Pages secret id", &second)?,
        ),
    };
    Ok(SealedValue { kept_in, sealed })
}

/// Keeps a value as it is sealed now. Nothing else of what it belongs to changes.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn replace(tx: &mut Tx<'_>, value: &SealedValue) -> Result<(), StoreError> {
    let sealed = value.sealed.clone();
    match value.kept_in {
        SealedIn::Secret(_, id, _) => execute!(
            tx,
            "UPDATE secrets SET sealed = $2 WHERE id = $1",
            id.to_string(),
            sealed
        ),
        SealedIn::Worker(_, id) => execute!(
            tx,
            "UPDATE worker_secrets SET sealed = $2 WHERE id = $1",
            id.to_string(),
            sealed
        ),
        SealedIn::PagesProject(_, id) => execute!(
            tx,
            "UPDATE pages_secrets SET sealed = $2 WHERE id = $1",
            id.to_string(),
            sealed
        ),
        SealedIn::PagesDeployment(_, deployment_id, secret_id) => execute!(
            tx,
            "UPDATE pages_deployment_secrets SET sealed = $3 WHERE deployment_id = $1 AND secret_id = $2",
            deployment_id.to_string(),
            secret_id.to_string(),
            sealed
        ),
    }
    Ok(())
}

/// How many values of each account are sealed under each of its keys.
///
/// # Errors
/// [`StoreError`] if the database fails, or holds an envelope that is none.
pub async fn count(rows: &mut impl Rows) -> Result<Vec<SealedCount>, StoreError> {
    let found: Vec<(String, Vec<u8>, i64)> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT account_id, version, count(*) FROM ( \
                 SELECT account_id, substr(sealed, 3, 4) AS version FROM secrets \
                 UNION ALL SELECT workers.account_id, substr(worker_secrets.sealed, 3, 4) FROM worker_secrets \
                     JOIN workers ON workers.id = worker_secrets.worker_id \
                 UNION ALL SELECT pages_projects.account_id, substr(pages_secrets.sealed, 3, 4) FROM pages_secrets \
                     JOIN pages_projects ON pages_projects.id = pages_secrets.project_id \
                 UNION ALL SELECT pages_projects.account_id, substr(kept.sealed, 3, 4) \
                     FROM pages_deployment_secrets AS kept \
                     JOIN pages_deployments ON pages_deployments.id = kept.deployment_id \
                     JOIN pages_projects ON pages_projects.id = pages_deployments.project_id \
             ) AS sealed_values GROUP BY account_id, version ORDER BY account_id, version",
        )
        .fetch_all(connection)
        .await?
    });
    let count = |(account_id, version, values): (String, Vec<u8>, i64)| {
        let bytes: [u8; 4] = version
            .try_into()
            .map_err(|_| StoreError::damaged("sealed value", "it is cut off"))?;
        Ok(SealedCount {
            account_id: parsed("account id", &account_id)?,
            key_version: u32::from_be_bytes(bytes),
            values: u64::try_from(values).unwrap_or(0),
        })
    };
    found.into_iter().map(count).collect()
}
