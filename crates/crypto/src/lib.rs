//! Root keys, the key hierarchy, tokens and passwords.
//!
//! The crate knows how keys hang together: a [`RootKey`] wraps the master key; the master key, in a
//! [`Keyring`], wraps one key per account and derives the keys that authenticate tokens, sessions and
//! cursors. A [`Sealer`] seals values under account keys, re-seals them for another place and compares them;
//! [`KeyLeases`] hands account keys to the edge; a [`PasswordSeal`] keeps a user's global key so that only the
//! user's password opens it, a [`OneTimeSeal`] the secrets that authenticator apps share. It must never know SQL or HTTP, and nothing here returns an opened value: whoever
//! has to open one depends on the envelope's crate, and only the edge may.
//!
//! Everything secret is wiped when dropped, prints only its type's name, and is read through
//! `expose_secret()` alone.
//!
//! To add a derived key: give [`MacLabel`] a variant with its own label. To add a provider of root keys:
//! a module that ends in a [`RootKey`]. To add a kind of token: a variant of [`TokenKind`] with a prefix
//! of its own.

mod aead;
mod cache;
mod error;
mod keyring;
mod lease;
mod mac;
mod note;
mod one_time;
mod passkey;
pub mod password;
mod password_seal;
mod place;
pub mod process;
mod random;
mod root_key;
mod root_key_files;
mod sealer;
mod signing;
pub mod token;
mod value;
mod wrap;

pub use error::CryptoError;
pub use keyring::{Keyring, KeyringError, WrappedMasterKey};
pub use lease::KeyLeases;
pub use mac::{MacKey, MacLabel};
pub use note::{Checkpoint, InvalidNote, InvalidVerifierKey, VerifierKey};
pub use one_time::{CODE_DIGITS, OneTimeSeal, OneTimeSecret, STEP_SECONDS};
pub use passkey::{
    AuthenticatorData, InvalidPasskey, NewCredential, PASSKEY_ALGORITHMS, PasskeyKey,
    authenticator_data_of,
};
pub use password::{PasswordError, PasswordHasher};
pub use password_seal::{PasswordSeal, PasswordSealError};
pub use place::context;
pub use random::SystemRandom;
pub use root_key::{RootKey, RootKeyError};
pub use root_key_files::{FoundRootKey, RootKeyFiles};
pub use sealer::Sealer;
pub use signing::SigningKey;
pub use token::{InvalidToken, TokenKind, TokenPepper, TokenText};
pub use value::{InvalidSecretValue, SecretValue};
