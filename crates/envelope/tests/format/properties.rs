//! What holds for every value.

use coffer_envelope::{AccountKey, Context, Owner, key_version, open, seal};
use proptest::prelude::*;
use zeroize::Zeroizing;

use crate::{CONTEXT, given, key, second};

fn contexts() -> impl Strategy<Value = Context> {
    let id = any::<[u8; 16]>();
    (id, any::<bool>(), id, id, any::<u32>()).prop_map(
        |(account_id, worker, owner, secret_id, value_version)| Context {
            account_id,
            owner: if worker {
                Owner::Worker(owner)
            } else {
                Owner::Store(owner)
            },
            secret_id,
            value_version,
        },
    )
}

proptest! {
    #[test]
    fn what_is_sealed_opens_here_and_in_the_second_implementation(
        key_bytes in any::<[u8; 32]>(),
        version in any::<u32>(),
        context in contexts(),
        plaintext in proptest::collection::vec(any::<u8>(), 0..3000),
        salt in any::<[u8; 32]>(),
        nonce in any::<[u8; 12]>(),
    ) {
        let key = AccountKey::new(version, Zeroizing::new(key_bytes));
        let mut random = given(&salt, &nonce);
        let envelope = seal(&key, &context, &plaintext, &mut random).unwrap();
        prop_assert_eq!(key_version(&envelope), Ok(version));
        let opened = open(&key, &context, &envelope).unwrap();
        prop_assert_eq!(opened.expose_secret(), &plaintext[..]);
        prop_assert_eq!(second::open(&key_bytes, &context, &envelope), Some(plaintext));
    }

    #[test]
    fn a_place_that_differs_in_one_bit_is_another(one in contexts(), bit in 0..(16 * 3 + 4) * 8_usize) {
        let mut other = one;
        let (place, mask) = (bit / 8, 1 << (bit % 8));
        match (place / 16, &mut other.owner) {
            (0, _) => other.account_id[place] ^= mask,
            (1, Owner::Store(id) | Owner::Worker(id)) => id[place % 16] ^= mask,
            (2, _) => other.secret_id[place % 16] ^= mask,
            _ => other.value_version ^= 1 << (bit % 32),
        }
        prop_assert_ne!(one, other);
        let mut random = |bytes: &mut [u8]| bytes.fill(7);
        let envelope = seal(&key(), &one, b"value", &mut random).unwrap();
        prop_assert!(open(&key(), &one, &envelope).is_ok());
        prop_assert!(open(&key(), &other, &envelope).is_err());
    }

    #[test]
    fn arbitrary_bytes_never_open_and_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(open(&key(), &CONTEXT, &bytes).is_err());
        let headed = [&[1, 1, 0, 0, 0, 1], &bytes[..]].concat();
        prop_assert!(open(&key(), &CONTEXT, &headed).is_err());
    }
}

#[test]
fn an_envelope_tells_the_length_only_in_steps_of_64() {
    let mut random = |bytes: &mut [u8]| bytes.fill(7);
    for length in 0..=1024 {
        let envelope = seal(&key(), &CONTEXT, &vec![b'x'; length], &mut random).unwrap();
        let steps = (length + 4).div_ceil(64);
        assert_eq!(envelope.len(), 82 + steps * 64 + 16, "{length}");
    }
}

#[test]
fn the_value_is_nowhere_in_the_envelope_and_each_sealing_differs() {
    let mut counter = 0;
    let mut random = |bytes: &mut [u8]| {
        counter += 1;
        bytes.fill(counter);
    };
    let first = seal(&key(), &CONTEXT, b"marked-value", &mut random).unwrap();
    let second = seal(&key(), &CONTEXT, b"marked-value", &mut random).unwrap();
    assert!(!first.windows(6).any(|window| window == b"marked"));
    assert_ne!(first[38..70], second[38..70], "commitment");
    assert_ne!(first[82..], second[82..], "ciphertext");
}
