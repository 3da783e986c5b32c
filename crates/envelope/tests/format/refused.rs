//! What must not open: damaged, cut, lengthened, moved, badly padded, or under another key. All of it is
//! refused with the one error.

use coffer_envelope::{
    AccountKey, Context, Error, MAX_PLAINTEXT_BYTES, Owner, key_version, open, seal,
};
use zeroize::Zeroizing;

use crate::{CONTEXT, given, key, second};

const SALT: [u8; 32] = [0x44; 32];
const NONCE: [u8; 12] = [0x55; 12];

fn sealed() -> Vec<u8> {
    let mut random = given(&SALT, &NONCE);
    let envelope = seal(&key(), &CONTEXT, b"a value", &mut random).unwrap();
    let opened = open(&key(), &CONTEXT, &envelope).unwrap();
    assert_eq!(opened.expose_secret(), b"a value");
    envelope
}

fn assert_refused(key: &AccountKey, context: &Context, envelope: &[u8], why: &str) {
    let error = open(key, context, envelope).map(|_| ()).unwrap_err();
    assert_eq!(error, Error::DoesNotOpen, "{why}");
    assert_eq!(error.to_string(), "the sealed value does not open");
}

#[test]
fn every_flipped_bit() {
    let envelope = sealed();
    assert_eq!(envelope.len(), 82 + 64 + 16);
    for bit in 0..envelope.len() * 8 {
        let mut bad = envelope.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert_refused(&key(), &CONTEXT, &bad, &format!("bit {bit}"));
    }
}

#[test]
fn every_truncation() {
    let envelope = sealed();
    for length in 0..envelope.len() {
        assert_refused(
            &key(),
            &CONTEXT,
            &envelope[..length],
            &format!("{length} bytes"),
        );
    }
    // What is too short to have a header and a tag does not name a key either.
    for length in 0..82 + 16 {
        assert_eq!(key_version(&envelope[..length]), Err(Error::DoesNotOpen));
    }
}

#[test]
fn trailing_and_leading_bytes() {
    let envelope = sealed();
    for extra in [1, 16, 64, 65_600] {
        let longer = [&envelope[..], &vec![0; extra]].concat();
        assert_refused(
            &key(),
            &CONTEXT,
            &longer,
            &format!("{extra} trailing bytes"),
        );
    }
    let shifted = [&[1], &envelope[..]].concat();
    assert_refused(&key(), &CONTEXT, &shifted, "a leading byte");
}

#[test]
fn other_formats_and_algorithms() {
    for (index, name) in [(0, "format"), (1, "algorithm")] {
        for value in (0..=255).filter(|value| *value != 1) {
            let mut bad = sealed();
            bad[index] = value;
            assert_refused(&key(), &CONTEXT, &bad, &format!("{name} {value}"));
            assert_eq!(key_version(&bad), Err(Error::DoesNotOpen), "{name} {value}");
        }
    }
}

#[test]
fn moved_anywhere_else() {
    let moved = [
        (
            "account",
            Context {
                account_id: [0x12; 16],
                ..CONTEXT
            },
        ),
        (
            "store",
            Context {
                owner: Owner::Store([0x23; 16]),
                ..CONTEXT
            },
        ),
        (
            "owner's kind",
            Context {
                owner: Owner::Worker([0x22; 16]),
                ..CONTEXT
            },
        ),
        (
            "secret",
            Context {
                secret_id: [0x34; 16],
                ..CONTEXT
            },
        ),
        (
            "earlier value",
            Context {
                value_version: 0,
                ..CONTEXT
            },
        ),
        (
            "later value",
            Context {
                value_version: 2,
                ..CONTEXT
            },
        ),
        (
            "exchanged ids",
            Context {
                owner: Owner::Store([0x33; 16]),
                secret_id: [0x22; 16],
                ..CONTEXT
            },
        ),
    ];
    for (what, context) in moved {
        assert_refused(&key(), &context, &sealed(), what);
    }
}

#[test]
fn another_key_or_another_version_of_it() {
    let other = AccountKey::new(1, Zeroizing::new([0xb2; 32]));
    assert_refused(&other, &CONTEXT, &sealed(), "another key");

    let second_version = AccountKey::new(2, Zeroizing::new([0xa1; 32]));
    assert_refused(
        &second_version,
        &CONTEXT,
        &sealed(),
        "the same bytes as version 2",
    );
    let mut renamed = sealed();
    renamed[5] = 2;
    assert_eq!(key_version(&renamed), Ok(2));
    assert_refused(&second_version, &CONTEXT, &renamed, "renamed to version 2");
}

/// Authentic in every way, by one who has the key; only the padding is not what the format says.
#[test]
fn bad_padding_behind_good_cryptography() {
    let write = |padded: &[u8]| second::seal((1, &[0xa1; 32]), &CONTEXT, padded, &SALT, &NONCE);
    let good = second::padded(b"a value");
    assert_eq!(write(&good), sealed());

    let mut nonzero = good.clone();
    nonzero[63] = 1;
    let mut shorter = good.clone();
    shorter[3] -= 1;
    let mut past_the_end = good.clone();
    past_the_end[3] = 61;
    let mut huge = good.clone();
    huge[..4].fill(0xff);
    for (what, padded) in [
        ("a padding byte that is not zero", nonzero),
        (
            "a length that leaves a byte of the value in the padding",
            shorter,
        ),
        ("a length past the end", past_the_end),
        ("the greatest length", huge),
        ("a step too many", [good.clone(), vec![0; 64]].concat()),
        ("half a step", good[..32].to_vec()),
        ("no step", Vec::new()),
        ("less than a length", vec![0; 3]),
        (
            "a value past the bound",
            second::padded(&vec![7; MAX_PLAINTEXT_BYTES + 64]),
        ),
    ] {
        assert_refused(&key(), &CONTEXT, &write(&padded), what);
    }
}

#[test]
fn a_value_past_the_bound_is_not_sealed() {
    let mut random = |bytes: &mut [u8]| bytes.fill(7);
    let longest = vec![b'x'; MAX_PLAINTEXT_BYTES];
    let envelope = seal(&key(), &CONTEXT, &longest, &mut random).unwrap();
    let opened = open(&key(), &CONTEXT, &envelope).unwrap();
    assert!(opened.expose_secret() == longest);

    let error = seal(
        &key(),
        &CONTEXT,
        &[&longest[..], b"x"].concat(),
        &mut random,
    )
    .unwrap_err();
    assert_eq!(error, Error::TooLong);
    assert_eq!(
        error.to_string(),
        "the value is too long to seal: at most 65536 bytes"
    );
}
