//! One-time codes from an authenticator app: RFC 6238 with HMAC-SHA-1, six digits and steps of 30 seconds, which is
//! what every such app understands.
//!
//! The secret that the app shares is sealed as `format u8 = 1 | nonce 12 | ciphertext | tag 16` under a key below the
//! master key; the associated data is a label and the user's id, so that no row opens as another user's.

use std::fmt;

use aws_lc_rs::hmac;
use coffer_types::{Random, Timestamp, UserId};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::aead::{self, Cipher, KeyBytes, NONCE_BYTES, TAG_BYTES};
use crate::error::CryptoError;
use crate::value::SecretValue;

/// The only format so far.
const FORMAT: u8 = 1;
const LABEL: &[u8] = b"coffer one-time secret 1";
/// Bytes of a secret: as many as the hash has, as RFC 4226 advises.
const SECRET_BYTES: usize = 20;
/// RFC 4648's letters for five bits each.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Seconds that a code is for.
pub const STEP_SECONDS: i64 = 30;
/// Digits of a code.
pub const CODE_DIGITS: usize = 6;
/// Steps by which an app's clock may be wrong, either way.
const SKEW_STEPS: i64 = 1;

/// What a server and an app share. Wiped when dropped.
pub struct OneTimeSecret(Zeroizing<[u8; SECRET_BYTES]>);

impl OneTimeSecret {
    /// A new one.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        random.fill(bytes.as_mut_slice());
        Self(bytes)
    }

    /// The secret in Base32, as apps take it.
    pub fn to_base32(&self) -> SecretValue {
        let mut text = String::with_capacity(SECRET_BYTES / 5 * 8);
        for five in self.0.chunks_exact(5) {
            let bits = five
                .iter()
                .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            for place in (0..8).rev() {
                let letter = usize::try_from(bits >> (place * 5) & 31).unwrap_or(0);
                text.push(char::from(ALPHABET[letter]));
            }
        }
        SecretValue::new(text)
    }

    /// The secret that this Base32 text stands for, as an app reads it; `None` if it stands for none.
    pub fn of_base32(text: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        if text.len() != SECRET_BYTES / 5 * 8 {
            return None;
        }
        for (eight, five) in text.as_bytes().chunks(8).zip(bytes.chunks_mut(5)) {
            let mut bits = 0_u64;
            for letter in eight {
                let place = ALPHABET.iter().position(|one| one == letter)?;
                bits = bits << 5 | u64::try_from(place).ok()?;
            }
            five.copy_from_slice(&bits.to_be_bytes()[3..]);
        }
        Some(Self(bytes))
    }

    /// The code that an app shows at this time.
    pub fn code_at(&self, now: Timestamp) -> String {
        self.code(now.as_micros().div_euclid(1_000_000 * STEP_SECONDS))
    }

    /// The step whose code this is, at this time or within the skew; `None` if it is none, or of a step up to
    /// `last_step`: each code counts once.
    pub fn step_of(&self, code: &SecretValue, now: Timestamp, last_step: i64) -> Option<i64> {
        let code = code.expose_secret().trim().replace(' ', "");
        let present = now.as_micros().div_euclid(1_000_000 * STEP_SECONDS);
        let mut found = None;
        // Every step is compared, whichever fits.
        for step in present - SKEW_STEPS..=present + SKEW_STEPS {
            let is_same = self.code(step).as_bytes().ct_eq(code.as_bytes());
            if bool::from(is_same) && step > last_step && found.is_none() {
                found = Some(step);
            }
        }
        found
    }

    /// The code of a step.
    fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.0.as_slice());
        let hash = hmac::sign(&key, &step.to_be_bytes());
        let hash = hash.as_ref();
        // SHA-1 has 20 bytes, so four from a place below 16 are there.
        let place = usize::from(hash[hash.len() - 1] & 15);
        let number = hash[place..place + 4]
            .iter()
            .fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        let modulus = 10_u32.pow(u32::try_from(CODE_DIGITS).unwrap_or(6));
        let number = (number & 0x7fff_ffff) % modulus;
        format!("{number:0CODE_DIGITS$}")
    }
}

impl fmt::Debug for OneTimeSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeSecret")
    }
}

/// Seals and opens one-time secrets of users.
pub struct OneTimeSeal(KeyBytes);

impl OneTimeSeal {
    /// The seal below a master key.
    pub(crate) fn derive(master_key: &[u8; 32]) -> Result<Self, CryptoError> {
        aead::derive(master_key, "coffer one-time seal 1").map(Self)
    }

    /// The same again, for a second holder. Not `Clone`: only this crate says who holds one.
    pub(crate) fn duplicate(&self) -> Self {
        Self(Zeroizing::new(*self.0))
    }

    /// Seals a user's secret.
    ///
    /// # Errors
    /// [`CryptoError::DoesNotOpen`] when the cryptographic library refuses.
    pub fn seal(
        &self,
        user_id: UserId,
        secret: &OneTimeSecret,
        random: &dyn Random,
    ) -> Result<Vec<u8>, CryptoError> {
        let mut nonce = [0; NONCE_BYTES];
        random.fill(&mut nonce);
        let mut bytes = Zeroizing::new(secret.0.to_vec());
        let tag = Cipher::new(&self.0)?.encrypt(nonce, &associated(user_id), &mut bytes)?;
        Ok([&[FORMAT], nonce.as_slice(), &bytes, &tag].concat())
    }

    /// Opens a user's secret.
    ///
    /// # Errors
    /// [`CryptoError::DoesNotOpen`] for another user's, or damage.
    pub fn open(&self, user_id: UserId, sealed: &[u8]) -> Result<OneTimeSecret, CryptoError> {
        let refused = CryptoError::DoesNotOpen;
        let rest = sealed.strip_prefix(&[FORMAT]).ok_or(refused)?;
        let (nonce, ciphertext) = rest.split_first_chunk().ok_or(refused)?;
        if ciphertext.len() != SECRET_BYTES + TAG_BYTES {
            return Err(refused);
        }
        let mut bytes = Zeroizing::new(ciphertext.to_vec());
        let opened = Cipher::new(&self.0)?.decrypt(*nonce, &associated(user_id), &mut bytes)?;
        let mut secret = Zeroizing::new([0; SECRET_BYTES]);
        secret.copy_from_slice(opened);
        Ok(OneTimeSecret(secret))
    }
}

impl fmt::Debug for OneTimeSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeSeal")
    }
}

fn associated(user_id: UserId) -> Vec<u8> {
    [LABEL, user_id.as_bytes().as_slice()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    const USER: UserId = UserId::from_bytes([7; 16]);

    fn of_rfc() -> OneTimeSecret {
        OneTimeSecret(Zeroizing::new(*b"12345678901234567890"))
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn code(text: &str) -> SecretValue {
        SecretValue::new(text.to_owned())
    }

    /// RFC 6238, appendix B, for SHA-1: the last six of its eight digits.
    #[test]
    fn codes_are_those_of_the_rfc() {
        for (seconds, digits) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let step = seconds / STEP_SECONDS;
            assert_eq!(of_rfc().code(step), digits);
            assert_eq!(of_rfc().step_of(&code(digits), at(seconds), 0), Some(step));
        }
        // RFC 4648's alphabet; the text is what apps show for this secret.
        assert_eq!(
            of_rfc().to_base32().expose_secret(),
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        );
        let read = OneTimeSecret::of_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap();
        assert_eq!(read.code_at(at(59)), "287082");
        for none in ["", "GEZDGNBV", "gEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"] {
            assert!(OneTimeSecret::of_base32(none).is_none());
        }
    }

    #[test]
    fn a_code_counts_once_and_near_its_time() {
        let secret = of_rfc();
        let step = 1_111_111_109 / STEP_SECONDS;
        let tried = |text: &str, steps: i64, last| {
            let now = at((step + steps) * STEP_SECONDS);
            secret.step_of(&code(text), now, last)
        };
        for steps in -1..=1 {
            assert_eq!(tried("081804", steps, 0), Some(step));
            assert_eq!(tried("081804", steps, step - 1), Some(step));
            assert_eq!(tried("081804", steps, step), None);
            assert_eq!(tried("081804", steps, step + 1), None);
        }
        for steps in [-2, 2] {
            assert_eq!(tried("081804", steps, 0), None);
        }
        assert_eq!(tried(" 081 804 ", 0, 0), Some(step));
        for wrong in ["", "081805", "81804", "0818040", "081804a", "\u{665}"] {
            assert_eq!(tried(wrong, 0, 0), None, "{wrong}");
        }
    }

    #[test]
    fn only_the_user_s_own_seal_opens() {
        let seal = OneTimeSeal::derive(&[1; 32]).unwrap();
        let sealed = seal.seal(USER, &of_rfc(), &SystemRandom).unwrap();
        let opened = seal.duplicate().open(USER, &sealed).unwrap();
        assert_eq!(*opened.0, *of_rfc().0);
        assert!(!sealed.windows(8).any(|window| window == b"12345678"));
        let other = OneTimeSeal::derive(&[2; 32]).unwrap();
        assert!(other.open(USER, &sealed).is_err());
        assert!(seal.open(UserId::from_bytes([8; 16]), &sealed).is_err());
        for index in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[index] ^= 1;
            assert!(seal.open(USER, &bad).is_err());
            assert!(seal.open(USER, &sealed[..index]).is_err());
        }
        assert_ne!(sealed, seal.seal(USER, &of_rfc(), &SystemRandom).unwrap());
        assert_eq!(format!("{seal:?} {opened:?}"), "OneTimeSeal OneTimeSecret");
    }
}
