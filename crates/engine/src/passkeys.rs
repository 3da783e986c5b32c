//! Passkeys: keys in a user's devices that sign the user in, without password and code.
//!
//! An authenticator asks who it is, by a fingerprint, a face or a PIN, before it signs; one that did not is refused. So
//! a passkey alone signs in. What it signs names a challenge of ours, which counts once, and the origin of the page
//! that asked. A passkey is added with the password, and with a code by those who have a second factor: it opens what
//! both of these guard.

mod add;
mod challenge;
mod client_data;
mod own;
mod sign_in;
mod site;

pub use add::{NewPasskey, PasskeyOffer};
pub use own::Passkey;
pub use sign_in::PasskeyAnswer;
pub use site::{NoPasskeys, PasskeySite};

pub(crate) use challenge::Challenges;
pub(crate) use sign_in::PasskeyUse;

use coffer_crypto::{AuthenticatorData, InvalidPasskey};

/// Why what a passkey sent is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyRefusal {
    /// It has another form, or is too large.
    #[error("it is not what a browser sends")]
    Malformed,
    /// The challenge is older than some minutes, for something else, or was answered before.
    #[error("that took too long, or was sent twice: try again")]
    Late,
    /// It was asked for by another page than ours.
    #[error("it is for another address than this server's")]
    Elsewhere,
    /// The authenticator did not find out who uses it.
    #[error(
        "the authenticator did not find out who you are: use one with a fingerprint, a face or a PIN"
    )]
    Unverified,
    /// The key is of an algorithm that was not offered.
    #[error("its key is of an algorithm that is not accepted")]
    Algorithm,
    /// Nobody here has it.
    #[error("it is not known here")]
    Unknown,
    /// It is another user's than it says, or not what it was when it was added.
    #[error("it is not what it was when it was added")]
    Changed,
    /// The signature is not its key's.
    #[error("the signature is wrong")]
    Signature,
    /// It counted fewer signatures than before: there is a copy of it.
    #[error("it counts fewer signatures than before")]
    Counter,
}

impl From<InvalidPasskey> for PasskeyRefusal {
    fn from(error: InvalidPasskey) -> Self {
        match error {
            InvalidPasskey::Malformed => Self::Malformed,
            InvalidPasskey::Algorithm => Self::Algorithm,
        }
    }
}

/// Sees that an authenticator speaks of this site, and that it found out who uses it.
fn check_authenticator(
    data: &AuthenticatorData<'_>,
    site: &PasskeySite,
) -> Result<(), PasskeyRefusal> {
    if data.relying_party != site.relying_party_hash() {
        return Err(PasskeyRefusal::Elsewhere);
    }
    if !data.is_user_present() || !data.is_user_verified() {
        return Err(PasskeyRefusal::Unverified);
    }
    Ok(())
}
