//! A secret's value on its way in.

use std::fmt;

use serde::{Deserialize, Deserializer, de};
use zeroize::{Zeroize, Zeroizing};

/// Text that must never be shown again: a secret's value or a password. Wiped when dropped.
///
/// It can be read from JSON but not written to it, and cannot be cloned, compared or printed.
pub struct SecretValue(Zeroizing<String>);

/// Bytes that are not text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value is not UTF-8: send text")]
pub struct InvalidSecretValue;

impl SecretValue {
    /// Takes the text over, without a copy.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The length in bytes of UTF-8.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text.
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue")
    }
}

impl TryFrom<Vec<u8>> for SecretValue {
    type Error = InvalidSecretValue;

    /// Takes the bytes over, without a copy; bytes that are refused are wiped.
    fn try_from(bytes: Vec<u8>) -> Result<Self, InvalidSecretValue> {
        String::from_utf8(bytes).map(Self::new).map_err(|error| {
            error.into_bytes().zeroize();
            InvalidSecretValue
        })
    }
}

impl<'de> Deserialize<'de> for SecretValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Asked for a string, a JSON parser quotes the number that it met instead; asked for anything, it
        // leaves the refusal to the visitor.
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl de::Visitor<'_> for TextVisitor {
    type Value = SecretValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<SecretValue, E> {
        Ok(SecretValue::new(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<SecretValue, E> {
        Ok(SecretValue::new(text))
    }

    // Serde's own refusals quote what they met. A number or a byte string in a value's place is most
    // likely the value, so these say only what was expected.
    fn visit_bool<E: de::Error>(self, _: bool) -> Result<SecretValue, E> {
        Err(not_text())
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<SecretValue, E> {
        Err(not_text())
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<SecretValue, E> {
        Err(not_text())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<SecretValue, E> {
        Err(not_text())
    }

    fn visit_bytes<E: de::Error>(self, _: &[u8]) -> Result<SecretValue, E> {
        Err(not_text())
    }
}

fn not_text<E: de::Error>() -> E {
    E::custom("expected a string")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_in_and_is_counted_in_bytes() {
        let value: SecretValue = serde_json::from_str(r#""p\u00e4\n$1""#).unwrap();
        assert_eq!(value.expose_secret(), "pä\n$1");
        assert_eq!(value.len(), 6);
        assert!(!value.is_empty() && SecretValue::new(String::new()).is_empty());
        assert_eq!(format!("{value:?} {value:#?}"), "SecretValue SecretValue");
    }

    #[test]
    fn bytes_that_are_not_text_are_refused_without_quoting_them() {
        let value = SecretValue::try_from(b"marked".to_vec()).unwrap();
        assert_eq!(value.expose_secret(), "marked");
        let error = SecretValue::try_from(b"marked\xff".to_vec()).unwrap_err();
        assert_eq!(error.to_string(), "the value is not UTF-8: send text");
        assert!(!format!("{error:?}").contains("marked"));
    }

    #[test]
    fn json_of_another_type_is_refused_without_quoting_it() {
        for json in [
            "8675309",
            "-8675309",
            "86753.09",
            "true",
            "null",
            "[1]",
            "{\"a\":1}",
        ] {
            let error = serde_json::from_str::<SecretValue>(json).unwrap_err();
            let text = error.to_string();
            assert!(!text.contains("8675") && !text.contains("true"), "{text}");
            assert!(text.contains("string"), "{text}");
        }
    }
}
