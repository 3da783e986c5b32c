//! Forms, which hold passwords and secrets.

use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use coffer_engine::SecretValue;
use zeroize::Zeroizing;

/// What a form is sent as.
const URL_ENCODED: &str = "application/x-www-form-urlencoded";

/// A form as it was sent, wiped when it is dropped.
pub(super) struct Form(Zeroizing<Vec<u8>>);

impl Form {
    /// A body as a form; `None` if it says that it is something else.
    pub(super) fn read(parts: &Parts, body: Zeroizing<Vec<u8>>) -> Option<Self> {
        let content_type = parts.headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let (kind, _) = content_type.split_once(';').unwrap_or((content_type, ""));
        kind.trim()
            .eq_ignore_ascii_case(URL_ENCODED)
            .then(|| Self(body))
    }

    /// The first field of this name as text that is no secret, without space around it; empty if it is not there,
    /// or is not UTF-8.
    pub(super) fn text(&self, name: &str) -> String {
        self.texts(name).into_iter().next().unwrap_or_default()
    }

    /// Every field of this name, in order.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        let values = self.values(name).map(decoded);
        values
            .map(|value| {
                String::from_utf8(value)
                    .unwrap_or_default()
                    .trim()
                    .to_owned()
            })
            .collect()
    }

    /// Whether there is a field of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    /// The first field of this name as it was typed, line feeds between its lines; `None` if it is not there, or is
    /// not UTF-8.
    pub(super) fn secret(&self, name: &str) -> Option<SecretValue> {
        self.secrets(name).into_iter().next().flatten()
    }

    /// Every field of this name, as [`secret`](Self::secret) reads them.
    pub(super) fn secrets(&self, name: &str) -> Vec<Option<SecretValue>> {
        let values = self.values(name).map(decoded);
        values
            .map(|value| SecretValue::try_from(with_line_feeds(value)).ok())
            .collect()
    }

    fn values<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f [u8]> {
        let pairs = self.0.split(|byte| *byte == b'&');
        pairs.filter_map(move |pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
    }
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Form")
    }
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

/// Browsers send every end of a line as CR LF, whatever was typed or pasted.
fn with_line_feeds(mut value: Vec<u8>) -> Vec<u8> {
    let mut kept = 0;
    for index in 0..value.len() {
        let is_pair = value[index] == b'\r' && value.get(index + 1) == Some(&b'\n');
        if !is_pair {
            value[kept] = value[index];
            kept += 1;
        }
    }
    // What is behind the end stays in memory until it is overwritten.
    value[kept..].fill(0);
    value.truncate(kept);
    value
}

fn digit(character: u8) -> Option<u8> {
    let digit = char::from(character).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn form(body: &str) -> Form {
        let request = Request::post("/")
            .header(CONTENT_TYPE, URL_ENCODED)
            .body(());
        let (parts, ()) = request.unwrap().into_parts();
        Form::read(&parts, Zeroizing::new(body.into())).unwrap()
    }

    #[test]
    fn fields_are_found_and_decoded() {
        let form = form(
            "email=+a%40b&password=one+two%20%C3%A9%26%3d&repeat=&odd=%zz%4&bad=%ff&password=second",
        );
        let of = |name| {
            form.secret(name)
                .map(|value| value.expose_secret().to_owned())
        };
        assert_eq!(of("password").as_deref(), Some("one two \u{e9}&="));
        assert_eq!(of("email").as_deref(), Some(" a@b"));
        assert_eq!(form.text("email"), "a@b");
        assert_eq!(of("repeat").as_deref(), Some(""));
        assert_eq!(of("odd").as_deref(), Some("%zz%4"));
        assert_eq!(of("bad"), None);
        assert_eq!(of("pass"), None);
        assert_eq!(of("nothing"), None);
        assert_eq!(form.secrets("password").len(), 2);
        assert!(form.has("repeat") && !form.has("nothing"));
    }

    #[test]
    fn lines_end_as_they_were_typed() {
        let form = form("value=a%0D%0Ab%0D%0D%0A%0Ac%0D");
        let value = form.secret("value").unwrap();
        assert_eq!(value.expose_secret(), "a\nb\r\n\nc\r");
    }

    #[test]
    fn what_is_no_form_is_not_read() {
        for content_type in [
            "application/json",
            "text/plain",
            "multipart/form-data; boundary=x",
            "",
        ] {
            let request = Request::post("/")
                .header(CONTENT_TYPE, content_type)
                .body(());
            let (parts, ()) = request.unwrap().into_parts();
            assert!(
                Form::read(&parts, Zeroizing::default()).is_none(),
                "{content_type}"
            );
        }
    }
}
