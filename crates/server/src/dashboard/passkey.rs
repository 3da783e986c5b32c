//! What a page asks a browser for, of a passkey, and what comes back in a form. The words are those of WebAuthn's JSON
//! (Level 3, 5.1.8 to 5.1.10), so the script hands them on as they are.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use coffer_engine::{NoPasskeys, PASSKEY_ALGORITHMS, PasskeyOffer, PasskeySite};
use coffer_types::limits::PASSKEY_CHALLENGE_MINUTES;
use serde_json::{Value, json};

use super::form::Form;

/// What a browser is asked, in a form that is sent with its answer.
#[derive(Debug)]
pub(super) struct PasskeyRequest {
    /// Where it is of use: browsers offer passkeys to no other page.
    pub(super) origin: String,
    /// What is asked, as JSON.
    pub(super) options: String,
}

impl PasskeyRequest {
    /// Asks for a signature of any passkey of this site.
    pub(super) fn to_sign_in(site: &PasskeySite, challenge: &str) -> Self {
        let options = json!({
            "challenge": challenge,
            "rpId": site.relying_party(),
            "userVerification": "required",
            "timeout": milliseconds(),
        });
        Self::new(site, &options)
    }

    /// Asks for a new passkey of the user with this address.
    pub(super) fn to_add(site: &PasskeySite, offer: &PasskeyOffer, email: &str) -> Self {
        let kinds = PASSKEY_ALGORITHMS.map(|alg| json!({ "type": "public-key", "alg": alg }));
        let held = offer.held.iter();
        let held: Vec<Value> = held
            .map(|id| json!({ "type": "public-key", "id": id }))
            .collect();
        let options = json!({
            "challenge": offer.challenge,
            "rp": { "id": site.relying_party(), "name": "Coffer" },
            "user": { "id": offer.user_handle, "name": email, "displayName": email },
            "pubKeyCredParams": kinds,
            "excludeCredentials": held,
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": true,
                "userVerification": "required",
            },
            "attestation": "none",
            "timeout": milliseconds(),
        });
        Self::new(site, &options)
    }

    fn new(site: &PasskeySite, options: &Value) -> Self {
        Self {
            origin: site.origin().to_owned(),
            options: options.to_string(),
        }
    }
}

/// The browser gives up when the challenge has ended.
const fn milliseconds() -> i64 {
    PASSKEY_CHALLENGE_MINUTES * 60 * 1000
}

/// What a field with bytes holds; nothing if it is not there or not in Base64, which no passkey is.
pub(super) fn bytes(form: &Form, field: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(form.text(field)).unwrap_or_default()
}

/// Why there are no passkeys on this server, in words for its users.
pub(super) const fn why_not(reason: NoPasskeys) -> &'static str {
    match reason {
        NoPasskeys::NoName => {
            "Passkeys belong to a domain name, and this server is reached at an address without one. Whoever operates \
             it can give it a name, and set public_url to that."
        }
        NoPasskeys::NotSecure => {
            "Browsers have passkeys only where nobody can listen, and this server is reached without encryption. \
             Whoever operates it can set up HTTPS, and public_url to that."
        }
    }
}
