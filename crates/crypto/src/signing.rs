//! Keys that sign checkpoints of the audit log.

use std::fmt;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::aead::{self, KeyBytes};
use crate::error::CryptoError;
use crate::note::{Checkpoint, SIGNATURE_PREFIX, VerifierKey, is_key_name};

/// The label in the derivation. Changing it invalidates every signature there is.
const SEED_LABEL: &str = "coffer audit log signing key 1";

/// The seed of the signing key below a master key.
pub(crate) fn seed(master_key: &[u8; 32]) -> Result<KeyBytes, CryptoError> {
    aead::derive(master_key, SEED_LABEL)
}

/// An Ed25519 key with the name under which it signs. The library wipes the key when it is dropped.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    verifier: VerifierKey,
}

impl SigningKey {
    /// The key of a seed. `name` is not empty and holds neither white space nor `+`.
    pub(crate) fn of_seed(name: &str, seed: &KeyBytes) -> Result<Self, CryptoError> {
        if !is_key_name(name) {
            return Err(CryptoError::DoesNotOpen);
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_slice())
            .map_err(|_| CryptoError::DoesNotOpen)?;
        let public_key = pair
            .public_key()
            .as_ref()
            .try_into()
            .map_err(|_| CryptoError::DoesNotOpen)?;
        Ok(Self {
            pair,
            verifier: VerifierKey::new(name.to_owned(), public_key),
        })
    }

    /// The key that verifies what this one signs.
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The signed note of a checkpoint of the log that has this key's name.
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        let text = checkpoint.text(self.verifier.name());
        let mut signature = self.verifier.id().to_vec();
        signature.extend(self.pair.sign(text.as_bytes()).as_ref());
        let (name, signature) = (self.verifier.name(), STANDARD.encode(signature));
        format!("{text}\n{SIGNATURE_PREFIX}{name} {signature}\n")
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    /// RFC 8032, 7.1, test 1.
    #[test]
    fn rfc_8032_vector() {
        let mut seed = Zeroizing::new([0; 32]);
        let hexadecimal = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
        hex::decode_to_slice(hexadecimal, seed.as_mut_slice()).unwrap();
        let key = SigningKey::of_seed("log", &seed).unwrap();
        assert_eq!(
            hex::encode(key.verifier().public_key()),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        );
        let signature = key.pair.sign(b"");
        assert!(hex::encode(signature.as_ref()).starts_with("e5564300c360ac729086e2cc806e828a"));
        assert_eq!(format!("{key:?}"), "SigningKey");
    }

    #[test]
    fn what_was_signed_verifies_under_its_own_key_alone() {
        let key = SigningKey::of_seed("log", &Zeroizing::new([1; 32])).unwrap();
        let checkpoint = Checkpoint {
            size: 300,
            root: [9; 32],
        };
        let note = key.sign(&checkpoint);
        assert_eq!(key.verifier().checkpoint(&note), Ok(checkpoint));
        let parsed = VerifierKey::parse(&key.verifier().to_string()).unwrap();
        assert_eq!(parsed.checkpoint(&note), Ok(checkpoint));
        for (name, seed) in [("log", 2), ("other", 1)] {
            let other = SigningKey::of_seed(name, &Zeroizing::new([seed; 32])).unwrap();
            assert!(other.verifier().checkpoint(&note).is_err());
        }
        for name in ["", "a b", "a+b", "a\nb"] {
            assert!(SigningKey::of_seed(name, &Zeroizing::new([1; 32])).is_err());
        }
    }
}
