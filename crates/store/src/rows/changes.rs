//! Changes: the order in which edges follow what happened.

use coffer_types::limits::CHANGES_KEPT;
use coffer_types::{AccountId, PagesProjectId, SecretId, VersionId, WorkerId};
use sqlx::SqliteConnection;

use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
use crate::rows::parsed;

/// What a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeSubject {
    /// The account itself or its keys.
    Account,
    /// A secret of a store.
    Secret(SecretId),
    /// A Worker, its settings or its deployment.
    Worker(WorkerId),
    /// A version of a Worker, or a deployment of a Pages project.
    Version(VersionId),
    /// A Pages project, or which of its deployments answers where.
    PagesProject(PagesProjectId),
}

/// One change.
#[derive(Clone, Copy, Debug)]
pub struct ChangeRow {
    /// Its place in the order.
    pub seq: u64,
    /// The account it happened in.
    pub account_id: AccountId,
    /// What changed.
    pub subject: ChangeSubject,
}

/// How many changes are recorded between two looks for those that are no longer kept.
const FORGET_EVERY: u64 = 256;
/// Changes removed at once: more than are recorded meanwhile, so that an order that grew long before comes down.
const FORGOTTEN_AT_ONCE: u64 = 4 * FORGET_EVERY;

/// Adds a change to the order and gives its place. The oldest are forgotten meanwhile: about [`CHANGES_KEPT`] are
/// kept, however far edges have come, since one that is further behind does better with a new snapshot.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn record(
    tx: &mut Tx<'_>,
    account_id: AccountId,
    subject: ChangeSubject,
) -> Result<u64, StoreError> {
    let (kind, subject_id) = match subject {
        ChangeSubject::Account => ("account", account_id.to_string()),
        ChangeSubject::Secret(id) => ("secret", id.to_string()),
        ChangeSubject::Worker(id) => ("worker", id.to_string()),
        ChangeSubject::Version(id) => ("version", id.to_string()),
        ChangeSubject::PagesProject(id) => ("pages_project", id.to_string()),
    };
    // Every change passes the one writer, so the order is counted here.
    let seq = tx.last_change + 1;
    execute!(
        tx,
        "INSERT INTO changes (seq, account_id, kind, subject_id) VALUES ($1, $2, $3, $4)",
        i64::try_from(seq).unwrap_or(i64::MAX),
        account_id.to_string(),
        kind,
        subject_id,
    );
    tx.last_change = seq;
    if seq.is_multiple_of(FORGET_EVERY) {
        forget(tx, seq.saturating_sub(CHANGES_KEPT)).await?;
    }
    Ok(seq)
}

/// Removes some of the changes up to a place.
async fn forget(tx: &mut Tx<'_>, up_to: u64) -> Result<(), StoreError> {
    execute!(
        tx,
        "DELETE FROM changes WHERE seq <= $1 AND seq < (SELECT min(seq) FROM changes) + $2",
        i64::try_from(up_to).unwrap_or(i64::MAX),
        i64::try_from(FORGOTTEN_AT_ONCE).unwrap_or(i64::MAX)
    );
    Ok(())
}

/// The changes after a place, in order, `limit` at the most.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn after(
    rows: &mut impl Rows,
    seq: u64,
    limit: u32,
) -> Result<Vec<ChangeRow>, StoreError> {
    let found: Vec<(i64, String, String, String)> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT seq, account_id, kind, subject_id FROM changes WHERE seq > $1 ORDER BY seq LIMIT $2",
        )
        .bind(i64::try_from(seq).unwrap_or(i64::MAX))
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await?
    });
    found
        .into_iter()
        .map(|(seq, account_id, kind, subject_id)| {
            let subject = match kind.as_str() {
                "account" => ChangeSubject::Account,
                "secret" => ChangeSubject::Secret(parsed("secret id", &subject_id)?),
                "worker" => ChangeSubject::Worker(parsed("worker id", &subject_id)?),
                "version" => ChangeSubject::Version(parsed("version id", &subject_id)?),
                "pages_project" => {
                    ChangeSubject::PagesProject(parsed("Pages project id", &subject_id)?)
                }
                other => return Err(StoreError::damaged("change kind", other)),
            };
            Ok(ChangeRow {
                seq: u64::try_from(seq).unwrap_or(0),
                account_id: parsed("account id", &account_id)?,
                subject,
            })
        })
        .collect()
}

/// The first place in the order that is kept; `None` before the first change.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn first_seq(rows: &mut impl Rows) -> Result<Option<u64>, StoreError> {
    let first: Option<i64> = on!(rows, connection => {
        sqlx::query_scalar("SELECT min(seq) FROM changes")
            .fetch_one(connection)
            .await?
    });
    Ok(first.map(|first| u64::try_from(first).unwrap_or(0)))
}

/// The last place in the order; zero before the first change.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn last_seq(rows: &mut impl Rows) -> Result<u64, StoreError> {
    on!(rows, connection => Ok(last_seq_on(connection).await?))
}

pub(crate) async fn last_seq_on(connection: &mut SqliteConnection) -> Result<u64, sqlx::Error> {
    let last: i64 = sqlx::query_scalar("SELECT coalesce(max(seq), 0) FROM changes")
        .fetch_one(connection)
        .await?;
    Ok(u64::try_from(last).unwrap_or(0))
}
