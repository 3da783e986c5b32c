//! Full tiles of the audit log's tree.

use sqlx::SqliteConnection;

use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
use crate::log::tree::{self, Hash, Tile};

const INSERT: &str = "INSERT INTO audit_tiles (level, tile, hashes) VALUES ($1, $2, $3)";

pub(crate) async fn insert(tx: &mut Tx<'_>, tile: &Tile) -> Result<(), StoreError> {
    execute!(
        tx,
        INSERT,
        i64::from(tile.level),
        place(tile.index),
        tile.hashes.concat()
    );
    Ok(())
}

/// As [`insert`], outside a write.
pub(crate) async fn insert_on(
    connection: &mut SqliteConnection,
    tile: &Tile,
) -> Result<(), StoreError> {
    sqlx::query(INSERT)
        .bind(i64::from(tile.level))
        .bind(place(tile.index))
        .bind(tile.hashes.concat())
        .execute(connection)
        .await?;
    Ok(())
}

/// The hashes of the tiles of a level from one place to before another; none for one of no whole number of hashes.
pub(crate) async fn between(
    connection: &mut SqliteConnection,
    level: u8,
    from: u64,
    to: u64,
) -> Result<Vec<Vec<Hash>>, StoreError> {
    let found: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT hashes FROM audit_tiles WHERE level = $1 AND tile >= $2 AND tile < $3 ORDER BY tile",
    )
    .bind(i64::from(level))
    .bind(place(from))
    .bind(place(to))
    .fetch_all(connection)
    .await?;
    Ok(found
        .iter()
        .map(|bytes| tree::hashes(bytes).unwrap_or_default())
        .collect())
}

/// The bytes of a tile; `None` if it is not kept.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn find(
    rows: &mut impl Rows,
    level: u8,
    index: u64,
) -> Result<Option<Vec<u8>>, StoreError> {
    on!(rows, connection => {
        Ok(sqlx::query_scalar("SELECT hashes FROM audit_tiles WHERE level = $1 AND tile = $2")
            .bind(i64::from(level))
            .bind(place(index))
            .fetch_optional(connection)
            .await?)
    })
}

/// A tile as it is kept: its level, its place and its bytes, whatever they are.
pub type KeptTile = (i64, i64, Vec<u8>);

/// The tiles after one, by level and place, at most 256; the first ones for `None`.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn after(
    rows: &mut impl Rows,
    place: Option<(i64, i64)>,
) -> Result<Vec<KeptTile>, StoreError> {
    let (level, tile) = place.unwrap_or((-1, -1));
    on!(rows, connection => {
        Ok(sqlx::query_as(
            "SELECT level, tile, hashes FROM audit_tiles WHERE (level, tile) > ($1, $2) \
             ORDER BY level, tile LIMIT 256",
        )
        .bind(level)
        .bind(tile)
        .fetch_all(connection)
        .await?)
    })
}

fn place(index: u64) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}
