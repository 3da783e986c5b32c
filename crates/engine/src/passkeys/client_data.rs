//! What a browser says of the page that asked (WebAuthn Level 3, 5.8.1). The authenticator signs its digest.

use coffer_types::limits::MAX_CLIENT_DATA_BYTES;
use serde::Deserialize;

use super::{PasskeyRefusal, PasskeySite};

/// What was asked of the authenticator.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ceremony {
    /// To make a credential.
    Create,
    /// To sign with one.
    Get,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
}

/// The challenge in a browser's words about a page of this site.
pub(super) fn challenge_of(
    bytes: &[u8],
    ceremony: Ceremony,
    site: &PasskeySite,
) -> Result<String, PasskeyRefusal> {
    if bytes.len() > MAX_CLIENT_DATA_BYTES {
        return Err(PasskeyRefusal::Malformed);
    }
    let data: ClientData = serde_json::from_slice(bytes).map_err(|_| PasskeyRefusal::Malformed)?;
    let wanted = match ceremony {
        Ceremony::Create => "webauthn.create",
        Ceremony::Get => "webauthn.get",
    };
    if data.r#type != wanted {
        return Err(PasskeyRefusal::Malformed);
    }
    // No page of ours is ever in a frame of another's.
    if data.origin != site.origin() || data.cross_origin {
        return Err(PasskeyRefusal::Elsewhere);
    }
    Ok(data.challenge)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(text: &str) -> Result<String, PasskeyRefusal> {
        let site = PasskeySite::of("https://coffer.example.com").unwrap();
        challenge_of(text.as_bytes(), Ceremony::Get, &site)
    }

    #[test]
    fn only_what_this_site_asked_for_counts() {
        let whole = r#"{"type":"webauthn.get","challenge":"abc","origin":"https://coffer.example.com","crossOrigin":false,"later":{}}"#;
        assert_eq!(challenge(whole).as_deref(), Ok("abc"));
        assert!(challenge(&whole.replace(r#","crossOrigin":false"#, "")).is_ok());
        for (from, to) in [
            ("example.com", "example.com.evil.example"),
            ("https://coffer", "http://coffer"),
            ("https://coffer", "https://www.coffer"),
            ("example.com", "example.com:8443"),
            ("example.com", "example.com/"),
            ("false", "true"),
        ] {
            let other = challenge(&whole.replace(from, to));
            assert_eq!(other, Err(PasskeyRefusal::Elsewhere), "{to}");
        }
        for (from, to) in [
            ("webauthn.get", "webauthn.create"),
            ("webauthn.get", "payment.get"),
            (r#""challenge":"abc","#, ""),
            (
                r#""challenge":"abc","#,
                r#""challenge":"abc","challenge":"abd","#,
            ),
            ("{}}", "{}"),
        ] {
            let other = challenge(&whole.replace(from, to));
            assert_eq!(other, Err(PasskeyRefusal::Malformed), "{to}");
        }
        let long = whole.replace("{}", &format!("\"{}\"", "x".repeat(MAX_CLIENT_DATA_BYTES)));
        assert_eq!(challenge(&long), Err(PasskeyRefusal::Malformed));
    }
}
