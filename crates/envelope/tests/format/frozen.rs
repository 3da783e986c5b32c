//! Envelopes of format 1 as they were written once. They must open for ever, so the file never changes;
//! a new format gets a new file.

use coffer_envelope::{AccountKey, Context, Owner, key_version, open, seal};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{given, second};

#[derive(Deserialize)]
struct Vector {
    name: String,
    account_key: String,
    key_version: u32,
    account_id: String,
    store_id: Option<String>,
    worker_id: Option<String>,
    secret_id: String,
    value_version: u32,
    salt: String,
    nonce: String,
    plaintext: String,
    envelope: String,
}

fn bytes<const LENGTH: usize>(digits: &str) -> [u8; LENGTH] {
    hex::decode(digits).unwrap().try_into().unwrap()
}

impl Vector {
    fn context(&self) -> Context {
        let owner = match (&self.store_id, &self.worker_id) {
            (Some(id), None) => Owner::Store(bytes(id)),
            (None, Some(id)) => Owner::Worker(bytes(id)),
            _ => panic!("{} has one owner", self.name),
        };
        Context {
            account_id: bytes(&self.account_id),
            owner,
            secret_id: bytes(&self.secret_id),
            value_version: self.value_version,
        }
    }
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("../vectors/format_1.json")).unwrap()
}

#[test]
fn both_implementations_open_them() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 8);
    for vector in vectors {
        let name = &vector.name;
        let envelope = hex::decode(&vector.envelope).unwrap();
        let plaintext = hex::decode(&vector.plaintext).unwrap();
        let key_bytes = bytes(&vector.account_key);
        let key = AccountKey::new(vector.key_version, Zeroizing::new(key_bytes));

        assert_eq!(key_version(&envelope), Ok(vector.key_version), "{name}");
        let opened = open(&key, &vector.context(), &envelope).unwrap();
        assert_eq!(opened.expose_secret(), plaintext, "{name}");
        let opened = second::open(&key_bytes, &vector.context(), &envelope);
        assert_eq!(opened, Some(plaintext), "{name}");
    }
}

#[test]
fn both_implementations_write_them() {
    for vector in vectors() {
        let name = &vector.name;
        let plaintext = hex::decode(&vector.plaintext).unwrap();
        let key_bytes = bytes(&vector.account_key);
        let key = AccountKey::new(vector.key_version, Zeroizing::new(key_bytes));
        let (salt, nonce) = (bytes(&vector.salt), bytes(&vector.nonce));

        let mut random = given(&salt, &nonce);
        let sealed = seal(&key, &vector.context(), &plaintext, &mut random).unwrap();
        assert_eq!(hex::encode(sealed), vector.envelope, "{name}");
        let sealed = second::seal(
            (vector.key_version, &key_bytes),
            &vector.context(),
            &second::padded(&plaintext),
            &salt,
            &nonce,
        );
        assert_eq!(hex::encode(sealed), vector.envelope, "{name}");
    }
}
