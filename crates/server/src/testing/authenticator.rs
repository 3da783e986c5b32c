//! A device with passkeys and the browser before it, made of software. It answers what pages ask, and says what a test
//! has it say.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::browser::Page;

/// Flags: somebody touched it; it knows who; the passkey may be on several devices.
pub(crate) const PRESENT: u8 = 1;
pub(crate) const VERIFIED: u8 = 1 << 2;
pub(crate) const SYNCED: u8 = 1 << 3;
const NEW: u8 = 1 << 6;

/// The algorithms that passkeys have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Es256,
    Ed25519,
    Rs256,
}

enum Key {
    Es256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rs256(RsaKeyPair),
}

/// A device with one passkey.
pub(crate) struct Authenticator {
    key: Key,
    pub(crate) credential_id: Vec<u8>,
    /// Whose the passkey is; told when it is made.
    pub(crate) user_handle: Vec<u8>,
    /// How many signatures it says it made; it stays 0 on a device that does not count.
    pub(crate) sign_count: u32,
    pub(crate) flags: u8,
    /// The page that the browser says asked.
    pub(crate) origin: String,
    /// The name that the device says it signs for; `None` for the one that was asked.
    pub(crate) relying_party: Option<&'static str>,
    /// What the browser says was asked; `None` for what was.
    pub(crate) kind: Option<&'static str>,
}

/// Fields of a form.
pub(crate) type Fields = Vec<(&'static str, String)>;

/// The options in a page.
pub(crate) fn options_in(page: &Page) -> Value {
    let escaped = page.between("data-options=\"", "\"");
    let options = escaped.replace("&#34;", "\"").replace("&quot;", "\"");
    serde_json::from_str(&options).expect("options")
}

impl Authenticator {
    /// A new one, with nothing on it that anyone knows of.
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let key = match algorithm {
            Algorithm::Es256 => {
                Key::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())
            }
            Algorithm::Ed25519 => Key::Ed25519(Ed25519KeyPair::generate().unwrap()),
            Algorithm::Rs256 => Key::Rs256(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
        };
        let mut credential_id = vec![0; 32];
        aws_lc_rs::rand::fill(&mut credential_id).unwrap();
        Self {
            key,
            credential_id,
            user_handle: Vec::new(),
            sign_count: 0,
            flags: PRESENT | VERIFIED,
            origin: "http://localhost:7070".to_owned(),
            relying_party: None,
            kind: None,
        }
    }

    /// Makes the passkey that a page asks for. Gives the fields of the page's form.
    pub(crate) fn create(&mut self, options: &Value) -> Fields {
        assert_eq!(
            options["authenticatorSelection"]["userVerification"],
            "required"
        );
        self.user_handle = decoded(&options["user"]["id"]);
        let client_data = self.client_data("webauthn.create", options);
        let mut data = self.data(&options["rp"]["id"], NEW);
        data.extend([0; 16]);
        data.extend(
            u16::try_from(self.credential_id.len())
                .unwrap()
                .to_be_bytes(),
        );
        data.extend(&self.credential_id);
        data.extend(self.public_key());
        let mut attestation =
            hex::decode("a363666d74646e6f6e656761747453746d74a0686175746844617461").unwrap();
        attestation.push(0x59);
        attestation.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        attestation.extend(data);
        vec![
            ("client_data", encoded(&client_data)),
            ("attestation", encoded(&attestation)),
        ]
    }

    /// Signs what a page asks for. Gives the fields of the page's form.
    pub(crate) fn sign(&self, options: &Value) -> Fields {
        assert_eq!(options["userVerification"], "required");
        let client_data = self.client_data("webauthn.get", options);
        let data = self.data(&options["rpId"], 0);
        let message = [&data[..], digest(&SHA256, &client_data).as_ref()].concat();
        let random = SystemRandom::new();
        let signature = match &self.key {
            Key::Es256(key) => key.sign(&random, &message).unwrap().as_ref().to_vec(),
            Key::Ed25519(key) => key.sign(&message).as_ref().to_vec(),
            Key::Rs256(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, &message, &mut signature)
                    .unwrap();
                signature
            }
        };
        vec![
            ("credential_id", encoded(&self.credential_id)),
            ("user_handle", encoded(&self.user_handle)),
            ("client_data", encoded(&client_data)),
            ("authenticator_data", encoded(&data)),
            ("signature", encoded(&signature)),
        ]
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let data = json!({
            "type": self.kind.unwrap_or(kind),
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": false,
        });
        data.to_string().into_bytes()
    }

    fn data(&self, asked: &Value, flags: u8) -> Vec<u8> {
        let name = self.relying_party.or(asked.as_str()).unwrap();
        let mut data = digest(&SHA256, name.as_bytes()).as_ref().to_vec();
        data.push(self.flags | flags);
        data.extend(self.sign_count.to_be_bytes());
        data
    }

    /// The public key as COSE writes it.
    fn public_key(&self) -> Vec<u8> {
        match &self.key {
            Key::Es256(key) => {
                let point = key.public_key().as_ref();
                let (x, y) = point[1..].split_at(32);
                let head = hex::decode("a5010203262001215820").unwrap();
                [&head, x, &[0x22, 0x58, 0x20], y].concat()
            }
            Key::Ed25519(key) => {
                let head = hex::decode("a4010103272006215820").unwrap();
                [&head, key.public_key().as_ref()].concat()
            }
            Key::Rs256(key) => {
                // A sequence with the modulus, whose first byte is 0, and the exponent.
                let der = key.public_key().as_der().unwrap();
                let at = der.as_ref().len() - 5 - 256;
                let (modulus, exponent) = der.as_ref()[at..].split_at(256);
                assert_eq!(exponent, [2, 3, 1, 0, 1]);
                let head = hex::decode("a401030339010020590100").unwrap();
                [&head, modulus, &[0x21, 0x43, 1, 0, 1]].concat()
            }
        }
    }
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decoded(text: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap()
}
