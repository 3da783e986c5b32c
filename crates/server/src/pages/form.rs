//! Fields of forms, which hold passwords.

use coffer_engine::SecretValue;

/// A field of a form in a body of the type `application/x-www-form-urlencoded`; `None` if it is not there, or is
/// not UTF-8.
pub(super) fn field(body: &[u8], name: &str) -> Option<SecretValue> {
    let pairs = body.split(|byte| *byte == b'&');
    let value = pairs
        .filter_map(|pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
        .next()?;
    SecretValue::try_from(decoded(value)).ok()
}

/// The bytes that a value stands for. They are written once, to a place that is large enough: a vector that grows
/// would leave them behind.
fn decoded(value: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((first, after)) = rest.split_first() {
        let (byte, after) = match (first, after) {
            (b'+', _) => (b' ', after),
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => (high * 16 + low, after),
                _ => (b'%', rest.get(1..).unwrap_or_default()),
            },
            _ => (*first, after),
        };
        decoded.push(byte);
        rest = after;
    }
    decoded
}

fn digit(character: u8) -> Option<u8> {
    let digit = char::from(character).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_and_decoded() {
        let body = b"email=a%40b&password=one+two%20%C3%A9%26%3d&repeat=&odd=%zz%4&bad=%ff&password=second";
        let of = |name| field(body, name).map(|value| value.expose_secret().to_owned());
        assert_eq!(of("password").as_deref(), Some("one two \u{e9}&="));
        assert_eq!(of("email").as_deref(), Some("a@b"));
        assert_eq!(of("repeat").as_deref(), Some(""));
        assert_eq!(of("odd").as_deref(), Some("%zz%4"));
        assert_eq!(of("bad"), None);
        assert_eq!(of("pass"), None);
        assert_eq!(of("nothing"), None);
    }
}
