//! The envelope's format against a second implementation, against damage, and against forgery.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod commitment;
mod frozen;
mod properties;
mod refused;
mod second;

use coffer_envelope::{AccountKey, Context, Owner};
use zeroize::Zeroizing;

/// Some account's first key.
fn key() -> AccountKey {
    AccountKey::new(1, Zeroizing::new([0xa1; 32]))
}

/// Some place.
const CONTEXT: Context = Context {
    account_id: [0x11; 16],
    owner: Owner::Store([0x22; 16]),
    secret_id: [0x33; 16],
    value_version: 1,
};

/// Randomness that gives this salt, then this nonce, and panics when asked for more.
fn given(salt: &[u8; 32], nonce: &[u8; 12]) -> impl FnMut(&mut [u8]) + use<> {
    let mut rest = [&salt[..], nonce].concat();
    move |buffer| {
        let taken: Vec<u8> = rest.drain(..buffer.len()).collect();
        buffer.copy_from_slice(&taken);
    }
}
