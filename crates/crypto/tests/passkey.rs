//! What authenticators send: the test vectors of WebAuthn Level 3, section 16, and malformed ones made of them.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use coffer_crypto::{AuthenticatorData, InvalidPasskey, PasskeyKey, authenticator_data_of};
use proptest::prelude::*;

/// 16.2, ES256 without attestation: the attestation object, and a signature of the same credential.
const ATTESTATION: &str = "a363666d74646e6f6e656761747453746d74a068617574684461746158a4bfabc37432958b063360d3ad6461\
     c9c4735ae7f8edd46592a5e0f01452b2e4b559000000008446ccb9ab1db374750b2367ff6f3a1f0020f91f391db4c9b2fde0ea70189cba3fb63\
     f579ba6122b33ad94ff3ec330084be4a5010203262001215820afefa16f97ca9b2d23eb86ccb64098d20db90856062eb249c33a9b672f26df61\
     225820930a56b87a2fca66334b03458abf879717c12cc68ed73290af2e2664796b9220";
const ES256: Vector = Vector {
    data: "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b51900000000",
    client_data: "7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a224f63446e55685158756c5455506f\
         334a5558543049393770767a7a59425039745a63685879617630314167222c226f726967696e223a2268747470733a2f2f6578616d706c652e\
         6f7267222c2263726f73734f726967696e223a66616c73657d",
    signature: "3046022100f50a4e2e4409249c4a853ba361282f09841df4dd4547a13a87780218deffcd380221008480ac0f0b93538174f575\
         bf11a1dd5d78c6e486013f937295ea13653e331e87",
};
/// 16.11, Ed25519: the key out of the attestation object, and a signature.
const ED25519_KEY: &str =
    "a401010327200621582044e06ddd331c36a8dc667bab52bcae63486c916aa5e339e6acebaa84934bf832";
const ED25519: Vector = Vector {
    data: "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b50100000000",
    client_data: "7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a2269566c583442786a4f6d6d44534b4c\
         596f7870557439736e364d48454f7943413135726947514a6e763949222c226f726967696e223a2268747470733a2f2f6578616d706c652e6f\
         7267222c2263726f73734f726967696e223a66616c73657d",
    signature: "f5c59c7e46c34f6f8cc197101ddf9934fa2595f68eb1913a637e8419eb9ba4cfdfc48f85393bc0d40b011f0d6fecb097d66075\
         25713223a0dc0d453993dae00b",
};
/// 16.10, RS256: a signature under the product of two Mersenne primes.
const RS256: Vector = Vector {
    data: "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b51900000000",
    client_data: "7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a224b56395a39667150356978617970346e\
         596d7834794e6f33617562597a5333536d75757459423462784d55222c226f726967696e223a2268747470733a2f2f6578616d706c652e6f72\
         67222c2263726f73734f726967696e223a66616c73657d",
    signature: "01063d52d7c39b4d432fc7063c5d93e582bdcb16889cd71f888d67d880ea730a428498d3bc8e1ee11f2b1ecbe6c292b118c55ff\
         aaddefa8cad0a54dd137c51f1eec673f1bb6c4d1789d6826a222b22d0f585fc901fdc933212e579d199b89d672aa44891333e6a1355536025\
         e82b25590256c3538229b55737083b2f6b9377e49e2472f11952f79fdd0da180b5ffd901b4049a8f081bb40711bef76c62aed943571f2d057\
         5304cb549d68d8892f95086a30f93716aee818f8dc06e96c0d5e0ed4cfa9fd8773d90464b68cf140f7986666ff9c9e3302acd0535d60d769f\
         465e2ab57ef8aabc89fccfef7ba32a64154a8b3d26be2298f470b8cc5377dbe3dfd4b0b45f8f01e63bde6cfc76b62771f9b70aa27cf40152c\
         ad93aa5acd784fd4b90f676e2ea828d0bf2400aebbaae4153e5838f537f88b6228346782a93a899be66ec77de45b3efcf311da6321c92e6b0\
         cd11bfe653bf3e98cee8e341f02d67dbb6f9c98d9e8178090cfb5b70fbc6d541599ac794ae2f1d4de1286ec8de8c2daf7b1d15c8438e90d92\
         4df5c19045220a4c8438c1b979bbe016cf3d0eeec23c3999d4882cc645b776de930756612cdc6dd398160ff02a6",
};

struct Vector {
    data: &'static str,
    client_data: &'static str,
    signature: &'static str,
}

impl Vector {
    /// Right under this key, and wrong once anything is changed.
    fn check(&self, key: &PasskeyKey) {
        let (data, client_data, signature) = (
            bytes(self.data),
            bytes(self.client_data),
            bytes(self.signature),
        );
        assert!(key.verify(&data, &client_data, &signature));
        for place in [0, 32, 36] {
            assert!(!key.verify(&flipped(&data, place), &client_data, &signature));
        }
        assert!(!key.verify(&data, &flipped(&client_data, 20), &signature));
        assert!(!key.verify(&data, &client_data, &flipped(&signature, 40)));
        assert!(!key.verify(&data, &client_data, &signature[..signature.len() - 1]));
        assert!(!key.verify(&data, &client_data, b""));
    }
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    hex::decode(hexadecimal).unwrap()
}

fn flipped(bytes: &[u8], place: usize) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    flipped[place] ^= 1;
    flipped
}

/// (2^1279 - 1) (2^2203 - 1), which is the bits 1279 to 2202, 2204 to 3481 and 0.
fn mersenne_modulus() -> Vec<u8> {
    let mut modulus = vec![0_u8; 436];
    for bit in (1279..=2202).chain(2204..=3481).chain([0]) {
        modulus[435 - bit / 8] |= 1 << (bit % 8);
    }
    modulus
}

/// An RSA key with this modulus and exponent.
fn rsa_key(modulus: &[u8], exponent: &str) -> Vec<u8> {
    let length = u16::try_from(modulus.len()).unwrap().to_be_bytes();
    let head = bytes("a401030339010020");
    [
        &head[..],
        &[0x59],
        &length[..],
        modulus,
        &[0x21],
        &bytes(exponent),
    ]
    .concat()
}

/// The authenticator data of the ES256 vector, with its credential.
fn registered() -> Vec<u8> {
    authenticator_data_of(&bytes(ATTESTATION)).unwrap().to_vec()
}

#[test]
fn the_vectors_of_the_specification_verify() {
    let attestation = bytes(ATTESTATION);
    let data = authenticator_data_of(&attestation).unwrap();
    let data = AuthenticatorData::parse(data).unwrap();
    let credential = data.credential.as_ref().unwrap();
    assert_eq!(
        hex::encode(credential.id),
        "f91f391db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330084be4"
    );
    assert!(data.is_user_present() && !data.is_user_verified() && data.is_backup_eligible());
    assert_eq!(data.sign_count, 0);
    ES256.check(&credential.key);
    // What is kept is the same key.
    ES256.check(&PasskeyKey::parse(credential.key_bytes).unwrap());
    ED25519.check(&PasskeyKey::parse(&bytes(ED25519_KEY)).unwrap());
    RS256.check(&PasskeyKey::parse(&rsa_key(&mersenne_modulus(), "43010001")).unwrap());

    let later = bytes(ES256.data);
    let later = AuthenticatorData::parse(&later).unwrap();
    assert!(later.credential.is_none());
    assert_eq!(later.relying_party, data.relying_party);
}

#[test]
fn keys_that_are_not_accepted() {
    let point = |x: &str, y: &str| format!("a5010203262001215820{x}225820{y}");
    let (x, y) = (
        "afefa16f97ca9b2d23eb86ccb64098d20db90856062eb249c33a9b672f26df61",
        "930a56b87a2fca66334b03458abf879717c12cc68ed73290af2e2664796b9220",
    );
    assert!(PasskeyKey::parse(&bytes(&point(x, y))).is_ok());
    let on_other = |from: &str, to: &str| point(x, y).replacen(from, to, 1);
    for (why, text) in [
        ("not on the curve", point(y, x)),
        ("ES256 on P-384", on_other("2001", "2002")),
        ("ES384", on_other("0326", "033822")),
        ("EdDSA of an elliptic curve", on_other("0326", "0327")),
        ("of another kind", on_other("0102", "0104")),
        ("y as a sign", format!("a5010203262001215820{x}2201")),
        ("a short x", format!("a501020326200121411f225820{y}")),
        ("Ed448", ED25519_KEY.replacen("2006", "2007", 1)),
        ("no key at all", "a0".to_owned()),
    ] {
        let refused = PasskeyKey::parse(&bytes(&text)).err();
        assert_eq!(refused, Some(InvalidPasskey::Algorithm), "{why}");
    }
    let modulus = mersenne_modulus();
    for (why, key) in [
        ("1024 bits", rsa_key(&modulus[..128], "43010001")),
        ("8192 bits", rsa_key(&[0xff; 1024], "43010001")),
        (
            "an exponent of five bytes",
            rsa_key(&modulus, "450100000001"),
        ),
        ("an exponent of 1", rsa_key(&modulus, "4101")),
        (
            "a zero before the modulus",
            rsa_key(&[&[0], &modulus[..]].concat(), "43010001"),
        ),
    ] {
        let refused = PasskeyKey::parse(&key).err();
        assert_eq!(refused, Some(InvalidPasskey::Algorithm), "{why}");
    }
    for (why, text) in [
        ("nothing", String::new()),
        ("a list", "80".to_owned()),
        ("an endless map", format!("bf{}ff", &ED25519_KEY[2..])),
        (
            "a label twice",
            ED25519_KEY.replacen("a40101", "a501010101", 1),
        ),
        ("something behind it", format!("{ED25519_KEY}00")),
        ("cut short", ED25519_KEY[..40].to_owned()),
        (
            "more entries than there are bytes",
            "bb00ffffffffffffff".to_owned(),
        ),
    ] {
        let refused = PasskeyKey::parse(&bytes(&text)).err();
        assert_eq!(refused, Some(InvalidPasskey::Malformed), "{why}");
    }
}

#[test]
fn authenticator_data_has_no_byte_too_few_or_too_many() {
    let data = registered();
    for length in 0..data.len() {
        assert!(
            AuthenticatorData::parse(&data[..length]).is_err(),
            "{length}"
        );
    }
    let is_refused = |data: &[u8]| AuthenticatorData::parse(data).is_err();
    assert!(is_refused(&[&data[..], &[0]].concat()));
    let with_flags = |flags: u8, behind: &[u8]| {
        let mut data = [&data[..], behind].concat();
        data[32] = flags;
        data
    };
    // Extensions are one map.
    assert!(!is_refused(&with_flags(0xd9, &bytes("a16363726500"))));
    for behind in ["", "00", "80", "a1636372", "a0a0"] {
        assert!(is_refused(&with_flags(0xd9, &bytes(behind))), "{behind}");
    }
    // Backed up, but not to be backed up.
    assert!(is_refused(&with_flags(0x51, b"")));
    // A credential that the flags do not tell of, and none where they tell of one.
    assert!(is_refused(&with_flags(0x19, b"")));
    let mut without = bytes(ES256.data);
    without[32] |= 0x40;
    assert!(is_refused(&without));
}

#[test]
fn attestation_objects_of_other_forms() {
    let data = registered();
    let entry = |data: &[u8]| {
        [
            &bytes("68617574684461746158")[..],
            &[data.len() as u8],
            data,
        ]
        .concat()
    };
    let object = |head: &str, entries: &[&[u8]]| [&bytes(head)[..], &entries.concat()].concat();
    let entry = entry(&data);
    // What stands beside it, in whatever order, is passed over.
    let nested = bytes("6761747453746d74a1637835638142aabb");
    let found = object("a2", &[&entry, &nested]);
    assert_eq!(authenticator_data_of(&found).unwrap(), data);
    for (why, refused) in [
        ("none", object("a1", &[&nested])),
        ("two", object("a2", &[&entry, &entry])),
        ("something behind it", object("a1", &[&entry, &[0]])),
        ("endless", object("bf", &[&entry, &[0xff]])),
        ("a list", object("82", &[&entry])),
        ("text instead of bytes", bytes("a168617574684461746161")),
        ("nothing", Vec::new()),
    ] {
        assert!(authenticator_data_of(&refused).is_err(), "{why}");
    }
}

proptest! {
    /// Whatever is sent is read or refused.
    #[test]
    fn no_bytes_do_harm(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), place in 0..164_usize, with: u8) {
        let _ = authenticator_data_of(&bytes);
        let _ = PasskeyKey::parse(&bytes);
        bytes.insert(0, 0xa3);
        let _ = authenticator_data_of(&bytes);
        let mut data = registered();
        data[place] = with;
        let _ = AuthenticatorData::parse(&data);
    }
}
