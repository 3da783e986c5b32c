//! Cursors: where a page ended, in a form that only Coffer makes and that fits no other list.

use coffer_crypto::MacKey;
use coffer_store::rows::audit_query::Position;
use coffer_types::Timestamp;

use crate::error::{Error, Problem, Result};

/// Bytes of a place: a time and a place in the log.
const POSITION_BYTES: usize = 16;

/// What a cursor is bound to: the list with all that it is filtered by, in parts that cannot be mistaken for others.
#[derive(Debug, Default)]
pub(super) struct CursorScope(Vec<u8>);

impl CursorScope {
    /// The same, bound to a further part.
    pub(super) fn with(mut self, part: &str) -> Self {
        self.0.extend_from_slice(&(part.len() as u64).to_be_bytes());
        self.0.extend_from_slice(part.as_bytes());
        self
    }

    /// The cursor for what comes behind a place.
    pub(super) fn cursor(&self, key: &MacKey, position: Position) -> String {
        let mut bytes = position_bytes(position).to_vec();
        let code = key.sign_parts([bytes.as_slice(), &self.0]);
        bytes.extend_from_slice(&code);
        hex::encode(bytes)
    }

    /// The place of a cursor that was made for this list.
    ///
    /// # Errors
    /// [`Problem::Parameter`] at `cursor` for any other text.
    pub(super) fn position(&self, key: &MacKey, cursor: &str) -> Result<Position> {
        let parsed = || {
            let bytes = hex::decode(cursor).ok()?;
            let (position, code) = bytes.split_first_chunk::<POSITION_BYTES>()?;
            let message = [position.as_slice(), &self.0].concat();
            key.verify(&message, code).then(|| position_of(*position))
        };
        parsed().ok_or_else(|| {
            let rule =
                "cursor must be one that the page before this one gave, with the same filters";
            Error::invalid("cursor", Problem::Parameter(rule.to_owned()))
        })
    }
}

fn position_bytes(position: Position) -> [u8; POSITION_BYTES] {
    let mut bytes = [0; POSITION_BYTES];
    bytes[..8].copy_from_slice(&position.at.as_micros().to_be_bytes());
    bytes[8..].copy_from_slice(&position.seq.to_be_bytes());
    bytes
}

fn position_of(bytes: [u8; POSITION_BYTES]) -> Position {
    let (mut at, mut seq) = ([0; 8], [0; 8]);
    at.copy_from_slice(&bytes[..8]);
    seq.copy_from_slice(&bytes[8..]);
    Position {
        at: Timestamp::from_micros(i64::from_be_bytes(at)),
        seq: u64::from_be_bytes(seq),
    }
}
