//! The format implemented a second time, from its description alone and on other libraries.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use coffer_envelope::{Context, Owner};
use hkdf::Hkdf;
use sha2::Sha256;

/// One value's key and commitment.
pub(crate) struct Derived {
    pub(crate) cipher_key: [u8; 32],
    pub(crate) commitment: [u8; 32],
}

/// The context's encoding: each field behind its length.
pub(crate) fn encoded(context: &Context, key_version: u32) -> Vec<u8> {
    let (tag, owner) = match context.owner {
        Owner::Store(id) => (1u8, id),
        Owner::Worker(id) => (2u8, id),
    };
    let mut bytes = Vec::new();
    let mut field = |content: &[u8]| {
        bytes.extend((content.len() as u16).to_be_bytes());
        bytes.extend(content);
    };
    field(b"coffer value envelope");
    field(&context.account_id);
    field(&[tag]);
    field(&owner);
    field(&context.secret_id);
    field(&context.value_version.to_be_bytes());
    field(&[1]);
    field(&[1]);
    field(&key_version.to_be_bytes());
    bytes
}

pub(crate) fn derive(key: &[u8; 32], salt: &[u8; 32], context: &[u8]) -> Derived {
    let mut material = [0; 64];
    Hkdf::<Sha256>::new(Some(salt), key)
        .expand(context, &mut material)
        .unwrap();
    Derived {
        cipher_key: material[..32].try_into().unwrap(),
        commitment: material[32..].try_into().unwrap(),
    }
}

/// The value with its length before it and zeros up to the next 64 bytes.
pub(crate) fn padded(plaintext: &[u8]) -> Vec<u8> {
    let mut bytes = (plaintext.len() as u32).to_be_bytes().to_vec();
    bytes.extend(plaintext);
    bytes.resize(bytes.len().div_ceil(64) * 64, 0);
    bytes
}

pub(crate) fn seal(
    (version, key): (u32, &[u8; 32]),
    context: &Context,
    padded: &[u8],
    salt: &[u8; 32],
    nonce: &[u8; 12],
) -> Vec<u8> {
    let context = encoded(context, version);
    let derived = derive(key, salt, &context);
    let payload = Payload {
        msg: padded,
        aad: &context,
    };
    let sealed = Aes256Gcm::new(&derived.cipher_key.into())
        .encrypt(&Nonce::from(*nonce), payload)
        .unwrap();
    let version = version.to_be_bytes();
    let header: [&[u8]; 5] = [&[1, 1], &version, salt, &derived.commitment, nonce];
    [header.concat(), sealed].concat()
}

/// Opens without looking at the commitment: AES-GCM and nothing else.
pub(crate) fn open_uncommitted(
    key: &[u8; 32],
    context: &Context,
    envelope: &[u8],
) -> Option<Vec<u8>> {
    let context = encoded(
        context,
        u32::from_be_bytes(envelope[2..6].try_into().unwrap()),
    );
    let derived = derive(key, envelope[6..38].try_into().unwrap(), &context);
    let payload = Payload {
        msg: &envelope[82..],
        aad: &context,
    };
    let nonce: [u8; 12] = envelope[70..82].try_into().unwrap();
    let bytes = Aes256Gcm::new(&derived.cipher_key.into())
        .decrypt(&Nonce::from(nonce), payload)
        .ok()?;
    let length = u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
    let plaintext = bytes.get(4..4 + length)?;
    (padded(plaintext) == bytes).then(|| plaintext.to_vec())
}

/// Opens as the format says.
pub(crate) fn open(key: &[u8; 32], context: &Context, envelope: &[u8]) -> Option<Vec<u8>> {
    let version = u32::from_be_bytes(envelope[2..6].try_into().unwrap());
    let salt = envelope[6..38].try_into().unwrap();
    let derived = derive(key, salt, &encoded(context, version));
    if envelope[..2] != [1, 1] || derived.commitment != envelope[38..70] {
        return None;
    }
    open_uncommitted(key, context, envelope)
}
