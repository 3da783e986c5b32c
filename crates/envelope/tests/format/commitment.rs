//! A ciphertext that AES-GCM opens under two keys, and the commitment that names one of them.
//!
//! Whoever knows two account keys can make such a ciphertext: the two tags are equal when one block
//! solves a linear equation in GF(2^128). The nonce below was searched (2^34 tries) so that the two key
//! streams also agree on the four bytes of the length, which makes both plaintexts well padded.

use aes_gcm::aes::Aes256;
use aes_gcm::aes::cipher::{BlockCipherEncrypt, KeyInit};
use coffer_envelope::{AccountKey, Error, open};
use zeroize::Zeroizing;

use crate::{CONTEXT, second};

const ONE: [u8; 32] = [0xa1; 32];
const OTHER: [u8; 32] = [0xb2; 32];
const SALT: [u8; 32] = [0x44; 32];
/// Searched; see above.
const NONCE_NUMBER: u64 = 20_056_586_138;

fn nonce() -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&NONCE_NUMBER.to_be_bytes());
    nonce
}

/// AES-GCM's parts under one key (NIST SP 800-38D).
struct Gcm(Aes256);

impl Gcm {
    fn new(key: &[u8; 32]) -> Self {
        let context = second::encoded(&CONTEXT, 1);
        let derived = second::derive(key, &SALT, &context);
        Self(Aes256::new(&derived.cipher_key.into()))
    }

    fn block(&self, input: u128) -> u128 {
        let mut block = input.to_be_bytes().into();
        self.0.encrypt_block(&mut block);
        u128::from_be_bytes(block.into())
    }

    fn counter(&self, counter: u32) -> u128 {
        let mut input = [0; 16];
        input[..12].copy_from_slice(&nonce());
        input[12..].copy_from_slice(&counter.to_be_bytes());
        self.block(u128::from_be_bytes(input))
    }

    fn hash_key(&self) -> u128 {
        self.block(0)
    }

    fn tag(&self, blocks: &[u128]) -> u128 {
        let hash = blocks
            .iter()
            .fold(0, |sum, block| multiply(sum ^ block, self.hash_key()));
        hash ^ self.counter(1)
    }
}

/// Multiplication in GCM's field.
fn multiply(one: u128, other: u128) -> u128 {
    let mut product = 0;
    let mut shifted = other;
    for bit in (0..128).rev() {
        if one >> bit & 1 == 1 {
            product ^= shifted;
        }
        let carry = shifted & 1;
        shifted = (shifted >> 1) ^ (carry * (0xe1 << 120));
    }
    product
}

/// The inverse: the power 2^128 - 2.
fn invert(element: u128) -> u128 {
    let mut power = element;
    let mut product = 1 << 127;
    for _ in 1..128 {
        power = multiply(power, power);
        product = multiply(product, power);
    }
    product
}

fn blocks(bytes: &[u8]) -> Vec<u128> {
    bytes
        .chunks(16)
        .map(|chunk| {
            let mut block = [0; 16];
            block[..chunk.len()].copy_from_slice(chunk);
            u128::from_be_bytes(block)
        })
        .collect()
}

/// Ciphertext and tag that open under both keys, as two different values of 60 bytes.
fn two_faced() -> Vec<u8> {
    let (one, other) = (Gcm::new(&ONE), Gcm::new(&OTHER));
    let context = second::encoded(&CONTEXT, 1);
    let mut ciphertext = blocks(&second::padded(&[b'x'; 60]));
    for (counter, block) in (2..).zip(&mut ciphertext) {
        *block ^= one.counter(counter);
    }

    let lengths = (context.len() as u128 * 8) << 64 | (64 * 8);
    let message = |ciphertext: &[u128]| [&blocks(&context)[..], ciphertext, &[lengths]].concat();
    // With the last block zero the tags differ by `gap`; the block itself enters each by the square of
    // the hash key.
    ciphertext[3] = 0;
    let gap = one.tag(&message(&ciphertext)) ^ other.tag(&message(&ciphertext));
    let square = |gcm: &Gcm| multiply(gcm.hash_key(), gcm.hash_key());
    ciphertext[3] = multiply(gap, invert(square(&one) ^ square(&other)));

    let tag = one.tag(&message(&ciphertext));
    assert_eq!(tag, other.tag(&message(&ciphertext)));
    ciphertext.push(tag);
    ciphertext
        .iter()
        .flat_map(|block| block.to_be_bytes())
        .collect()
}

fn envelope_committed_to(key: &[u8; 32]) -> Vec<u8> {
    let derived = second::derive(key, &SALT, &second::encoded(&CONTEXT, 1));
    let header: [&[u8]; 5] = [&[1, 1], &[0, 0, 0, 1], &SALT, &derived.commitment, &nonce()];
    [header.concat(), two_faced()].concat()
}

#[test]
fn without_the_commitment_both_keys_would_open_it() {
    let envelope = envelope_committed_to(&ONE);
    let one = second::open_uncommitted(&ONE, &CONTEXT, &envelope).unwrap();
    let other = second::open_uncommitted(&OTHER, &CONTEXT, &envelope).unwrap();
    assert_eq!((one.len(), other.len()), (60, 60));
    assert_ne!(one, other);
}

#[test]
fn the_commitment_lets_only_the_named_key_open_it() {
    for (named, stranger) in [(ONE, OTHER), (OTHER, ONE)] {
        let envelope = envelope_committed_to(&named);
        let key = AccountKey::new(1, Zeroizing::new(named));
        assert!(open(&key, &CONTEXT, &envelope).is_ok());
        let key = AccountKey::new(1, Zeroizing::new(stranger));
        let refused = open(&key, &CONTEXT, &envelope).map(|_| ()).unwrap_err();
        assert_eq!(refused, Error::DoesNotOpen);
    }
}
