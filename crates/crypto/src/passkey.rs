//! Passkeys: what an authenticator says, read from its bytes, and its signatures. Only WebAuthn Level 3
//! (<https://www.w3.org/TR/webauthn-3/>) is spoken, with the three algorithms that browsers' authenticators have.
//!
//! What makes a signature count, such as the challenge and the origin, is the caller's to check.

mod authenticator;
mod public_key;

pub use authenticator::{AuthenticatorData, NewCredential, authenticator_data_of};
pub use public_key::{PASSKEY_ALGORITHMS, PasskeyKey};

/// Why what an authenticator sent is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPasskey {
    /// Not of the form that the specification gives it.
    #[error("not what an authenticator sends")]
    Malformed,
    /// A key of an algorithm that was not offered, or one that is too weak.
    #[error("a key of an algorithm that is not accepted")]
    Algorithm,
}

impl From<minicbor::decode::Error> for InvalidPasskey {
    fn from(_: minicbor::decode::Error) -> Self {
        Self::Malformed
    }
}
