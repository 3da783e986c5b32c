//! A version's keys in its configuration.

use coffer_types::{KeyDescription, KeyFormat, KeyUsage};
use zeroize::Zeroizing;

use super::{ConfigError, count};
use crate::workerd_capnp::worker::crypto_key::{self, Usage};

/// Characters in a line of PEM (RFC 7468, section 2).
const PEM_LINE_CHARS: usize = 64;

/// Writes a key: its material is base64, or a JSON web key.
pub(super) fn write(
    key: &KeyDescription,
    material: &str,
    mut entry: crypto_key::Builder<'_>,
) -> Result<(), ConfigError> {
    match key.format {
        KeyFormat::Raw => entry.set_base64(material),
        KeyFormat::Jwk => entry.set_jwk(material),
        KeyFormat::Pkcs8 => entry.set_pkcs8(pem("PRIVATE KEY", material).as_str()),
        KeyFormat::Spki => entry.set_spki(pem("PUBLIC KEY", material).as_str()),
    }
    let mut algorithm = entry.reborrow().init_algorithm();
    match key.algorithm.as_str() {
        Some(name) => algorithm.set_name(name),
        None => algorithm.set_json(key.algorithm.to_string()),
    }
    // Nobody reads a secret back, the Worker's own code no more than others.
    entry.set_extractable(false);
    let mut usages = entry.init_usages(count(key.usages.len())?);
    for (index, usage) in (0..).zip(&key.usages) {
        usages.set(index, named(*usage));
    }
    Ok(())
}

/// Base64 as PEM, the one form of these that the runtime takes.
fn pem(label: &str, base64: &str) -> Zeroizing<String> {
    let lines = base64.len() / PEM_LINE_CHARS + 3;
    // Of its final size, so that no part of it is left behind in memory unwiped.
    let room = base64.len() + lines + 2 * (label.len() + "-----BEGIN -----\n".len());
    let mut text = Zeroizing::new(String::with_capacity(room));
    for piece in ["-----BEGIN ", label, "-----\n"] {
        text.push_str(piece);
    }
    let mut rest = base64;
    while !rest.is_empty() {
        let (line, next) = rest.split_at_checked(PEM_LINE_CHARS).unwrap_or((rest, ""));
        text.push_str(line);
        text.push('\n');
        rest = next;
    }
    for piece in ["-----END ", label, "-----\n"] {
        text.push_str(piece);
    }
    text
}

const fn named(usage: KeyUsage) -> Usage {
    match usage {
        KeyUsage::Encrypt => Usage::Encrypt,
        KeyUsage::Decrypt => Usage::Decrypt,
        KeyUsage::Sign => Usage::Sign,
        KeyUsage::Verify => Usage::Verify,
        KeyUsage::DeriveKey => Usage::DeriveKey,
        KeyUsage::DeriveBits => Usage::DeriveBits,
        KeyUsage::WrapKey => Usage::WrapKey,
        KeyUsage::UnwrapKey => Usage::UnwrapKey,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pem_has_lines_and_no_second_copy() {
        let body = "A".repeat(130);
        let text = pem("PRIVATE KEY", &body);
        let lines: Vec<_> = text.lines().map(str::len).collect();
        assert_eq!(lines, [27, 64, 64, 2, 25]);
        assert!(text.ends_with("-----END PRIVATE KEY-----\n"));
        let room = text.capacity();
        assert!(room >= text.len() && room < text.len() + 64, "{room}");
    }
}
