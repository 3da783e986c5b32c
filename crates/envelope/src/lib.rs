//! The sealed format: how one value is sealed under one account key, and opened again.
//!
//! The crate knows one envelope's bytes: its layout, padding, context, key derivation and commitment.
//! It must never know where keys come from, what a secret or a Worker is, or any I/O. Whoever depends
//! on it can open values, so only `crypto` (to seal) and `edge` (to deliver) may; the ban is in
//! `deny.toml`.
//!
//! An envelope of format 1 is
//!
//! ```text
//! format u8 = 1 | algorithm u8 = 1 | account key version u32, big-endian
//! | salt 32 | commitment 32 | nonce 12 | ciphertext | tag 16
//! ```
//!
//! HKDF-SHA-256 over the account key, with the salt and the encoded [`Context`] as info, gives 64 bytes:
//! a key for AES-256-GCM and the commitment. The context is also the associated data. AES-GCM alone
//! lets one ciphertext be made that opens under two keys; the commitment, compared before anything is
//! opened, names the one key that may.
//!
//! To add a format: give it the next number in `layout`, keep opening the older ones, and freeze
//! vectors of it beside those in `tests/vectors`.

mod cipher;
mod context;
mod derivation;
mod key;
mod layout;
mod padding;
mod seal;

pub use context::{Context, Owner};
pub use key::{AccountKey, Plaintext};
pub use seal::{Error, MAX_PLAINTEXT_BYTES, key_version, open, seal};
