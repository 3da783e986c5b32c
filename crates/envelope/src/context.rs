//! Where a value lives, as bytes that its envelope is bound to.

use crate::layout::{ALGORITHM, FORMAT};

/// Says what the bytes are for, so that no other use of an account key can produce them.
const LABEL: &[u8] = b"coffer value envelope";
/// The tag of a value that belongs to a store.
const OWNER_STORE: u8 = 1;
/// The tag of a value that belongs to a Worker.
const OWNER_WORKER: u8 = 2;

/// Where a value lives. Only facts that never change are part of it: a sealed value moved to any other
/// place does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The account that owns the value.
    pub account_id: [u8; 16],
    /// What the value belongs to.
    pub owner: Owner,
    /// The value's id in its owner.
    pub secret_id: [u8; 16],
    /// Which of the secret's values, from 1.
    pub value_version: u32,
}

/// What a value belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The store with this id.
    Store([u8; 16]),
    /// The Worker with this id.
    Worker([u8; 16]),
}

impl Context {
    /// The context under one key, in the one way to write it: every field behind its length as a
    /// big-endian `u16`, so that no two different contexts share an encoding.
    pub(crate) fn encode(&self, key_version: u32) -> Vec<u8> {
        let (owner_tag, owner_id) = match &self.owner {
            Owner::Store(id) => (OWNER_STORE, id),
            Owner::Worker(id) => (OWNER_WORKER, id),
        };
        let fields: [&[u8]; 9] = [
            LABEL,
            &self.account_id,
            &[owner_tag],
            owner_id,
            &self.secret_id,
            &self.value_version.to_be_bytes(),
            &[FORMAT],
            &[ALGORITHM],
            &key_version.to_be_bytes(),
        ];
        let mut encoded = Vec::with_capacity(128);
        for field in fields {
            // The longest field is the label; the mask only makes the narrowing plain.
            let length = (field.len() & 0xffff) as u16;
            encoded.extend_from_slice(&length.to_be_bytes());
            encoded.extend_from_slice(field);
        }
        encoded
    }
}
