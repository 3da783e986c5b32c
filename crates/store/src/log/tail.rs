//! The growing end of the log, as the writer has it in memory: never ahead of the database, because a transaction
//! works on a copy that is adopted once it is committed.

use std::sync::Arc;

use sqlx::SqliteConnection;

use crate::connection::{Tx, execute};
use crate::error::StoreError;
use crate::log::tree::{self, Frontier, Hash, TILE_WIDTH, Tile};
use crate::log::{LogHead, SignCheckpoint};
use crate::rows::{audit_checkpoints, audit_tiles};

/// Where the log ends, and what of it is not written yet.
#[derive(Clone, Debug)]
pub(crate) struct Tail {
    last_seq: u64,
    /// `None` once the log is damaged: events are still kept, and nothing is signed.
    tree: Option<Growth>,
}

#[derive(Clone, Debug, Default)]
struct Growth {
    frontier: Frontier,
    full: Vec<Tile>,
    /// Sizes with their roots of which a checkpoint is kept for ever.
    milestones: Vec<(u64, Hash)>,
}

impl Tail {
    /// Rebuilds the end of a log from its tiles: a few hundred of them at the most. Says why if it cannot.
    pub(crate) async fn load(
        connection: &mut SqliteConnection,
    ) -> Result<(Self, LogHead), StoreError> {
        let last: Option<i64> = sqlx::query_scalar("SELECT max(seq) FROM audit_events")
            .fetch_one(&mut *connection)
            .await?;
        let size = last.map_or(0, |seq| u64::try_from(seq).unwrap_or(0));
        let frontier = rebuilt(connection, size).await?;
        let note = audit_checkpoints::head_on(connection).await?;
        let damage = frontier
            .is_none()
            .then(|| Arc::from("its tiles do not make up its events"));
        let tail = Self {
            last_seq: size,
            tree: frontier.map(|frontier| Growth {
                frontier,
                ..Growth::default()
            }),
        };
        let head = LogHead {
            size,
            note: note.map(Arc::from),
            damage,
        };
        Ok((tail, head))
    }

    /// Compares the log with what was signed last. What was not is never signed, or an edited log would be made good
    /// by starting the server.
    pub(crate) fn check(&mut self, head: &mut LogHead, signer: &dyn SignCheckpoint) {
        let damage = match head.note.as_deref().map(|note| signer.signed(note)) {
            None => Some("its newest checkpoint is gone"),
            Some(None) => Some("its newest checkpoint is not signed by its key"),
            Some(Some((size, root))) => {
                // What was cut off is not filled up with other events.
                self.last_seq = self.last_seq.max(size);
                self.differs(size, &root)
            }
        };
        self.judge(head, damage);
    }

    /// The log of a database that was never used needs no signature to go on from, because it has no events.
    pub(crate) fn check_empty(&mut self, head: &mut LogHead) {
        let is_empty = self.last_seq == 0 && head.note.is_none();
        let damage = "it has events, and the installation that they are of is gone";
        self.judge(head, (!is_empty).then_some(damage));
    }

    fn judge(&mut self, head: &mut LogHead, damage: Option<&str>) {
        if let Some(damage) = damage {
            head.damage.get_or_insert_with(|| Arc::from(damage));
        }
        if head.damage.is_some() {
            self.tree = None;
        }
    }

    fn differs(&self, size: u64, root: &Hash) -> Option<&'static str> {
        let frontier = &self.tree.as_ref()?.frontier;
        if frontier.size() < size {
            Some("it has fewer events than were signed")
        } else if frontier.size() > size {
            Some("it has more events than were signed")
        } else if frontier.root() != *root {
            Some("its events are not those that were signed")
        } else {
            None
        }
    }

    /// Events so far, those of the transaction included.
    pub(crate) const fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// The place and the leaf of a further event.
    pub(crate) fn append(&mut self, line: &[u8]) -> (u64, Hash) {
        let leaf = tree::leaf_hash(line);
        self.last_seq += 1;
        if let Some(Growth {
            frontier,
            full,
            milestones,
        }) = &mut self.tree
        {
            frontier.append(leaf, full);
            if frontier.size() % TILE_WIDTH as u64 == 0 {
                milestones.push((frontier.size(), frontier.root()));
            }
        }
        (self.last_seq, leaf)
    }
}

/// Writes the tiles that a transaction filled and signs what the log is then. Gives the signed note; `None` if nothing
/// was added, nobody signs, or the log is damaged.
pub(crate) async fn seal(
    tx: &mut Tx<'_>,
    signer: Option<&dyn SignCheckpoint>,
    size_before: u64,
) -> Result<Option<String>, StoreError> {
    if tx.tail.last_seq == size_before {
        return Ok(None);
    }
    let Some(tree) = &mut tx.tail.tree else {
        return Ok(None);
    };
    let full = std::mem::take(&mut tree.full);
    let milestones = std::mem::take(&mut tree.milestones);
    let (size, root) = (tree.frontier.size(), tree.frontier.root());
    for tile in &full {
        audit_tiles::insert(tx, tile).await?;
    }
    let Some(signer) = signer else {
        return Ok(None);
    };
    for (size, root) in &milestones {
        audit_checkpoints::insert(tx, *size, &signer.sign(*size, root)).await?;
    }
    let note = signer.sign(size, &root);
    execute!(
        tx,
        "INSERT INTO audit_head (only_row, note) VALUES (1, $1) \
             ON CONFLICT (only_row) DO UPDATE SET note = excluded.note",
        note.clone()
    );
    Ok(Some(note))
}

/// The edge of the tree over this many events, from what is kept of them; `None` if that does not make one up.
pub(crate) async fn rebuilt(
    connection: &mut SqliteConnection,
    size: u64,
) -> Result<Option<Frontier>, StoreError> {
    let width = TILE_WIDTH as u64;
    let leaves: Vec<Option<Vec<u8>>> = sqlx::query_scalar(
        "SELECT leaf FROM audit_events WHERE seq > $1 AND seq <= $2 ORDER BY seq",
    )
    .bind(i64::try_from(size - size % width).unwrap_or(i64::MAX))
    .bind(i64::try_from(size).unwrap_or(i64::MAX))
    .fetch_all(&mut *connection)
    .await?;
    let leaves: Option<Vec<Hash>> = leaves
        .into_iter()
        .map(|leaf| leaf?.try_into().ok())
        .collect();
    let Some(leaves) = leaves else {
        return Ok(None);
    };
    let mut open = vec![leaves];
    let (mut count, mut below) = (size / width, 0);
    while count > 0 {
        let tiles =
            audit_tiles::between(&mut *connection, below, count - count % width, count).await?;
        let Some(roots) = tiles
            .iter()
            .map(|hashes| (hashes.len() == TILE_WIDTH).then(|| tree::perfect_root(hashes)))
            .collect()
        else {
            return Ok(None);
        };
        open.push(roots);
        (count, below) = (count / width, below + 1);
    }
    Ok(Frontier::of_open_tiles(size, open))
}
