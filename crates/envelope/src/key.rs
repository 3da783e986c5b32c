//! What is secret here: a key, and what it opens.

use std::fmt;

use zeroize::Zeroizing;

/// The key of one account, 256 random bits, wiped when dropped.
///
/// The bytes live behind a pointer, so that moving the key leaves no copy behind.
pub struct AccountKey {
    version: u32,
    bytes: Box<Zeroizing<[u8; 32]>>,
}

impl AccountKey {
    /// The key made of these bytes. `version` counts the account's keys and is written into every
    /// envelope that the key seals.
    pub fn new(version: u32, bytes: Zeroizing<[u8; 32]>) -> Self {
        Self {
            version,
            bytes: Box::new(bytes),
        }
    }

    /// Which of the account's keys this is.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The key itself, for derivation and nothing else.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountKey")
    }
}

/// An opened value, wiped when dropped.
pub struct Plaintext(Zeroizing<Vec<u8>>);

impl Plaintext {
    pub(crate) fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// The value's bytes.
    pub fn expose_secret(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plaintext")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_prints_only_the_name() {
        let key = AccountKey::new(3, Zeroizing::new([0xab; 32]));
        assert_eq!(format!("{key:?}"), "AccountKey");
        assert_eq!(format!("{key:#?}"), "AccountKey");
        let plaintext = Plaintext::new(Zeroizing::new(b"marked".to_vec()));
        assert_eq!(format!("{plaintext:?}"), "Plaintext");
    }
}
