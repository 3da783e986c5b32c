//! Events of before there was a Merkle log are taken into it once: in the transaction of the migration that makes its
//! tables, and at no other time, and signed in it. An event that is slipped into the table later has no place in the
//! tree, and a log without a signature is damaged.

use sqlx::SqliteConnection;

use crate::error::StoreError;
use crate::log::SignCheckpoint;
use crate::log::line;
use crate::log::snapshot;
use crate::log::tree::{Frontier, TILE_WIDTH, leaf_hash};
use crate::rows::{audit_checkpoints, audit_tiles};

/// The migration after which events are taken over, counted from 0.
pub(crate) const MIGRATION: usize = 1;

/// Gives every event its leaf, writes the full tiles over them, and signs.
pub(crate) async fn adopt(
    connection: &mut SqliteConnection,
    signer: Option<&dyn SignCheckpoint>,
) -> Result<(), StoreError> {
    let (mut frontier, mut full) = (Frontier::default(), Vec::new());
    loop {
        let after = i64::try_from(frontier.size()).unwrap_or(i64::MAX);
        let events = snapshot::events_after(connection, after).await?;
        if events.is_empty() {
            break;
        }
        for event in events {
            if u64::try_from(event.seq) != Ok(frontier.size() + 1) {
                let reason = format!("event {} is missing", frontier.size() + 1);
                return Err(StoreError::damaged("audit log", reason));
            }
            line::fits(&event.line)?;
            let leaf = leaf_hash(&event.line);
            frontier.append(leaf, &mut full);
            sqlx::query("UPDATE audit_events SET leaf = $1 WHERE seq = $2")
                .bind(leaf.to_vec())
                .bind(event.seq)
                .execute(&mut *connection)
                .await?;
            if let Some(signer) = signer
                && frontier.size() % TILE_WIDTH as u64 == 0
            {
                let note = signer.sign(frontier.size(), &frontier.root());
                audit_checkpoints::insert_on(connection, frontier.size(), &note).await?;
            }
        }
        for tile in full.drain(..) {
            audit_tiles::insert_on(connection, &tile).await?;
        }
    }
    if let Some(signer) = signer
        && frontier.size() > 0
    {
        let note = signer.sign(frontier.size(), &frontier.root());
        audit_checkpoints::insert_head_on(connection, &note).await?;
    }
    Ok(())
}
