//! The public key of a passkey, as COSE writes it (RFC 9052 and 9053; RFC 8230 for RSA).

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents,
};
use minicbor::Decoder;
use minicbor::data::Type;

use super::InvalidPasskey;

/// ECDSA on P-256 with SHA-256.
const ES256: i64 = -7;
/// EdDSA; here on Ed25519.
const EDDSA: i64 = -8;
/// RSASSA-PKCS1-v1_5 with SHA-256, which Windows' own authenticator has.
const RS256: i64 = -257;
/// The algorithms that are accepted, by their numbers in COSE, the best liked first.
pub const PASSKEY_ALGORITHMS: [i64; 3] = [ES256, EDDSA, RS256];

/// Labels in a key, and the kinds and curves.
const KIND: i64 = 1;
const ALGORITHM: i64 = 3;
const OCTET_PAIR: i64 = 1;
const ELLIPTIC_CURVE: i64 = 2;
const RSA: i64 = 3;
const P256: i64 = 1;
const CURVE_25519: i64 = 6;
/// Bytes of a coordinate on either curve.
const COORDINATE_BYTES: usize = 32;
/// Bytes of an RSA modulus: 2048 to 4096 bits.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=512;

/// The exponent that every authenticator has, 65537. With 1, anyone could sign.
const RSA_EXPONENT: [u8; 3] = [1, 0, 1];

/// A public key that signatures are verified with.
pub struct PasskeyKey(ParsedPublicKey);

impl PasskeyKey {
    /// The key in these bytes, and nothing behind it.
    ///
    /// # Errors
    /// [`InvalidPasskey`] if it is none, or not of an accepted algorithm.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidPasskey> {
        let mut decoder = Decoder::new(bytes);
        let key = Self::decode(&mut decoder)?;
        if decoder.position() == bytes.len() {
            Ok(key)
        } else {
            Err(InvalidPasskey::Malformed)
        }
    }

    /// The key that comes next.
    pub(super) fn decode(decoder: &mut Decoder<'_>) -> Result<Self, InvalidPasskey> {
        let fields = Fields::decode(decoder)?;
        let parsed = match (fields.kind, fields.algorithm) {
            (Some(ELLIPTIC_CURVE), Some(ES256)) => fields.p256(),
            (Some(OCTET_PAIR), Some(EDDSA)) => fields.ed25519(),
            (Some(RSA), Some(RS256)) => fields.rsa(),
            _ => None,
        };
        parsed.map(Self).ok_or(InvalidPasskey::Algorithm)
    }

    /// Whether this key signed the authenticator's data with the browser's.
    pub fn verify(&self, authenticator_data: &[u8], client_data: &[u8], signature: &[u8]) -> bool {
        let client_data = digest(&SHA256, client_data);
        let message = [authenticator_data, client_data.as_ref()].concat();
        self.0.verify_sig(&message, signature).is_ok()
    }
}

impl fmt::Debug for PasskeyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasskeyKey")
    }
}

/// What stands in a key. The labels -1, -2 and -3 mean something else for each kind.
#[derive(Default)]
struct Fields<'k> {
    kind: Option<i64>,
    algorithm: Option<i64>,
    particular: [Option<Field<'k>>; 3],
}

#[derive(Clone, Copy)]
enum Field<'k> {
    Number(i64),
    Bytes(&'k [u8]),
}

impl<'k> Fields<'k> {
    fn decode(decoder: &mut Decoder<'k>) -> Result<Self, InvalidPasskey> {
        let mut fields = Self::default();
        let count = decoder.map()?.ok_or(InvalidPasskey::Malformed)?;
        for _ in 0..count {
            let is_first = match decoder.i64()? {
                KIND => fields.kind.replace(decoder.i64()?).is_none(),
                ALGORITHM => fields.algorithm.replace(decoder.i64()?).is_none(),
                label @ -3..=-1 => {
                    let place = usize::try_from(-1 - label).unwrap_or(0);
                    let field = match decoder.datatype()? {
                        Type::Bytes => Field::Bytes(decoder.bytes()?),
                        _ => Field::Number(decoder.i64()?),
                    };
                    fields.particular[place].replace(field).is_none()
                }
                // Such as a key's id, or what it may be used for.
                _ => {
                    decoder.skip()?;
                    true
                }
            };
            if !is_first {
                return Err(InvalidPasskey::Malformed);
            }
        }
        Ok(fields)
    }

    fn p256(&self) -> Option<ParsedPublicKey> {
        let [
            Some(Field::Number(P256)),
            Some(Field::Bytes(x)),
            Some(Field::Bytes(y)),
        ] = self.particular
        else {
            return None;
        };
        if x.len() != COORDINATE_BYTES || y.len() != COORDINATE_BYTES {
            return None;
        }
        // SEC 1's form of a point that is not compressed. Whether it is on the curve is seen by who parses it.
        let point = [&[4], x, y].concat();
        ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &point).ok()
    }

    fn ed25519(&self) -> Option<ParsedPublicKey> {
        let [
            Some(Field::Number(CURVE_25519)),
            Some(Field::Bytes(x)),
            None,
        ] = self.particular
        else {
            return None;
        };
        if x.len() != COORDINATE_BYTES {
            return None;
        }
        ParsedPublicKey::new(&ED25519, x).ok()
    }

    fn rsa(&self) -> Option<ParsedPublicKey> {
        let [Some(Field::Bytes(n)), Some(Field::Bytes(e)), None] = self.particular else {
            return None;
        };
        if !RSA_BYTES.contains(&n.len()) || e != RSA_EXPONENT {
            return None;
        }
        let components = RsaPublicKeyComponents { n, e };
        components
            .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
            .ok()
    }
}
