//! Sealing and opening.

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::cipher;
use crate::context::Context;
use crate::derivation::ValueKey;
use crate::key::{AccountKey, Plaintext};
use crate::layout::{self, Envelope, HEADER_BYTES, NONCE_BYTES, SALT_BYTES, TAG_BYTES};
use crate::padding;

/// The longest value that can be sealed, in bytes: the most that an operator may allow for one secret.
pub const MAX_PLAINTEXT_BYTES: usize = 65_536;

/// Why nothing was sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Anything at all that is wrong with an envelope, its place or its key. Which of them is not said,
    /// so that nobody can learn by trying.
    #[error("the sealed value does not open")]
    DoesNotOpen,
    /// The value to seal is longer than [`MAX_PLAINTEXT_BYTES`].
    #[error("the value is too long to seal: at most {MAX_PLAINTEXT_BYTES} bytes")]
    TooLong,
}

/// Seals a value for one place.
///
/// `random` must fill each buffer with bytes fit for keys; the salt is asked for first, then the nonce.
///
/// # Errors
/// [`Error::TooLong`] for more than [`MAX_PLAINTEXT_BYTES`]; [`Error::DoesNotOpen`] when the
/// cryptographic library refuses.
pub fn seal(
    key: &AccountKey,
    context: &Context,
    plaintext: &[u8],
    random: &mut dyn FnMut(&mut [u8]),
) -> Result<Vec<u8>, Error> {
    let length = u32::try_from(plaintext.len()).map_err(|_| Error::TooLong)?;
    if plaintext.len() > MAX_PLAINTEXT_BYTES {
        return Err(Error::TooLong);
    }
    let mut salt = [0; SALT_BYTES];
    random(&mut salt);
    let mut nonce = [0; NONCE_BYTES];
    random(&mut nonce);

    let context = context.encode(key.version());
    let value_key = ValueKey::derive(key.bytes(), &salt, &context).ok_or(Error::DoesNotOpen)?;

    let padded = padding::padded_bytes(plaintext.len());
    let mut envelope = Vec::with_capacity(HEADER_BYTES + padded + TAG_BYTES);
    layout::write_header(
        &mut envelope,
        key.version(),
        &salt,
        value_key.commitment(),
        &nonce,
    );
    padding::write_padded(&mut envelope, length, plaintext);
    let encrypted = cipher::encrypt(
        value_key.cipher_key(),
        &nonce,
        &context,
        &mut envelope[HEADER_BYTES..],
    );
    let Some(tag) = encrypted else {
        // The value may still stand in the buffer.
        envelope.zeroize();
        return Err(Error::DoesNotOpen);
    };
    envelope.extend_from_slice(&tag);
    Ok(envelope)
}

/// Opens a value at one place.
///
/// # Errors
/// [`Error::DoesNotOpen`], whatever the reason.
pub fn open(key: &AccountKey, context: &Context, envelope: &[u8]) -> Result<Plaintext, Error> {
    open_bytes(key, context, envelope)
        .map(Plaintext::new)
        .ok_or(Error::DoesNotOpen)
}

/// The version of the account key that an envelope names. Nothing is verified by it.
///
/// # Errors
/// [`Error::DoesNotOpen`] when the bytes are no envelope of a known format.
pub fn key_version(envelope: &[u8]) -> Result<u32, Error> {
    Envelope::parse(envelope)
        .map(|parts| parts.key_version)
        .ok_or(Error::DoesNotOpen)
}

fn open_bytes(key: &AccountKey, context: &Context, envelope: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let parts = Envelope::parse(envelope)?;
    let longest = padding::padded_bytes(MAX_PLAINTEXT_BYTES) + TAG_BYTES;
    if parts.key_version != key.version() || parts.sealed.len() > longest {
        return None;
    }
    let context = context.encode(key.version());
    let value_key = ValueKey::derive(key.bytes(), parts.salt, &context)?;
    // Before anything is opened: a ciphertext can be made to open under two keys, a commitment cannot.
    if !bool::from(value_key.commitment().ct_eq(parts.commitment)) {
        return None;
    }
    let mut bytes = Zeroizing::new(parts.sealed.to_vec());
    let length = cipher::decrypt(value_key.cipher_key(), parts.nonce, &context, &mut bytes)?;
    bytes.truncate(length);
    padding::remove_padding(bytes)
}
