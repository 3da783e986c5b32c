//! The envelope's bytes: what stands where.

/// The only format so far.
pub(crate) const FORMAT: u8 = 1;
/// HKDF-SHA-256, AES-256-GCM and a 32-byte key commitment.
pub(crate) const ALGORITHM: u8 = 1;

/// Bytes of the salt: one HKDF block, so that every value has its own key.
pub(crate) const SALT_BYTES: usize = 32;
/// Bytes of the commitment: finding two keys with the same one costs 2^128 work.
pub(crate) const COMMITMENT_BYTES: usize = 32;
/// Bytes of an AES-GCM nonce (NIST SP 800-38D).
pub(crate) const NONCE_BYTES: usize = 12;
/// Bytes of an AES-GCM tag.
pub(crate) const TAG_BYTES: usize = 16;
/// Bytes before the ciphertext.
pub(crate) const HEADER_BYTES: usize = 2 + 4 + SALT_BYTES + COMMITMENT_BYTES + NONCE_BYTES;

/// An envelope taken apart. Everything is present and of its length; nothing is verified.
pub(crate) struct Envelope<'a> {
    pub(crate) key_version: u32,
    pub(crate) salt: &'a [u8; SALT_BYTES],
    pub(crate) commitment: &'a [u8; COMMITMENT_BYTES],
    pub(crate) nonce: &'a [u8; NONCE_BYTES],
    /// The ciphertext and its tag.
    pub(crate) sealed: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// Takes an envelope apart; `None` when it is too short or of another format or algorithm.
    pub(crate) fn parse(envelope: &'a [u8]) -> Option<Self> {
        let ([format, algorithm], rest) = envelope.split_first_chunk()?;
        if *format != FORMAT || *algorithm != ALGORITHM {
            return None;
        }
        let (key_version, rest) = rest.split_first_chunk()?;
        let (salt, rest) = rest.split_first_chunk()?;
        let (commitment, rest) = rest.split_first_chunk()?;
        let (nonce, sealed) = rest.split_first_chunk()?;
        if sealed.len() < TAG_BYTES {
            return None;
        }
        Some(Self {
            key_version: u32::from_be_bytes(*key_version),
            salt,
            commitment,
            nonce,
            sealed,
        })
    }
}

/// Writes the header of an envelope into an empty buffer.
pub(crate) fn write_header(
    envelope: &mut Vec<u8>,
    key_version: u32,
    salt: &[u8; SALT_BYTES],
    commitment: &[u8],
    nonce: &[u8; NONCE_BYTES],
) {
    envelope.extend_from_slice(&[FORMAT, ALGORITHM]);
    envelope.extend_from_slice(&key_version.to_be_bytes());
    envelope.extend_from_slice(salt);
    envelope.extend_from_slice(commitment);
    envelope.extend_from_slice(nonce);
}
