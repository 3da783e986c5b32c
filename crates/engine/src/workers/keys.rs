//! Keys given to a Worker as a `CryptoKey`: whether the material is written as the description says. What it is a
//! key of, the runtime finds out when the version is tried.

use coffer_crypto::SecretValue;
use coffer_types::{BindingName, KeyDescription, KeyFormat, limits};

use crate::error::Problem;

/// Refuses a key that the runtime could not be given. The refusal never quotes the material.
pub(super) fn check_key(
    name: &BindingName,
    key: &KeyDescription,
    material: &SecretValue,
) -> Result<(), Problem> {
    let refused = |rule: String| Err(Problem::Upload(format!("binding {name} {rule}")));
    if key.algorithm.to_string().len() > limits::MAX_KEY_ALGORITHM_BYTES {
        let most = limits::MAX_KEY_ALGORITHM_BYTES;
        return refused(format!(
            "has an algorithm of more than {most} bytes of JSON"
        ));
    }
    if !(key.algorithm.is_object() || key.algorithm.is_string()) {
        return refused(
            "needs algorithm: an object or a name, as crypto.subtle.importKey takes it".into(),
        );
    }
    if key.usages.is_empty() {
        return refused("needs usages: at least one, such as \"sign\"".into());
    }
    match key.format {
        KeyFormat::Jwk => Ok(()),
        _ if is_base64(material.expose_secret()) => Ok(()),
        _ => refused("needs key_base64: standard base64 with its padding".into()),
    }
}

/// Whether the text is base64 (RFC 4648, section 4) of at least one byte.
fn is_base64(text: &str) -> bool {
    let padding = text.bytes().rev().take_while(|byte| *byte == b'=').count();
    let digits = &text.as_bytes()[..text.len() - padding];
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    text.len().is_multiple_of(4)
        && padding <= 2
        && !digits.is_empty()
        && digits.iter().all(is_digit)
}

#[cfg(test)]
mod tests {
    use coffer_types::KeyUsage;
    use serde_json::{Value, json};

    use super::*;

    fn check(format: KeyFormat, algorithm: Value, usages: Vec<KeyUsage>, text: &str) -> bool {
        let key = KeyDescription {
            format,
            algorithm,
            usages,
        };
        let material = SecretValue::new(text.to_owned());
        check_key(&"K".parse().unwrap(), &key, &material).is_ok()
    }

    #[test]
    fn a_key_is_written_as_it_says() {
        let sign = || vec![KeyUsage::Sign];
        let hmac = || json!({ "name": "HMAC", "hash": "SHA-256" });
        for good in ["AA==", "AAA=", "AAAA", "ab+/"] {
            assert!(check(KeyFormat::Raw, hmac(), sign(), good), "{good}");
        }
        for bad in ["", "====", "AA=A", "AAAAA", "A A=", "ab-_", "AAA\n"] {
            assert!(!check(KeyFormat::Raw, hmac(), sign(), bad), "{bad}");
        }
        assert!(check(KeyFormat::Jwk, json!("HMAC"), sign(), "{}"));
        assert!(!check(KeyFormat::Raw, hmac(), Vec::new(), "AAAA"));
        for bad in [
            json!(null),
            json!(5),
            json!(["HMAC"]),
            json!("x".repeat(5000)),
        ] {
            assert!(!check(KeyFormat::Raw, bad, sign(), "AAAA"));
        }
    }
}
