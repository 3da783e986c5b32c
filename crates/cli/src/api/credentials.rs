//! Who a request comes from.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use zeroize::Zeroizing;

use super::ApiError;

/// A token, or a user's global key.
pub(crate) enum Credentials {
    /// An API token, or one of `coffer login`.
    Token(Zeroizing<String>),
    /// A user's address with the global API key.
    GlobalKey {
        /// The address.
        email: String,
        /// The key.
        key: Zeroizing<String>,
    },
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials")
    }
}

impl Credentials {
    pub(super) fn add_to(&self, headers: &mut HeaderMap) -> Result<(), ApiError> {
        match self {
            Self::Token(token) => {
                let value = Zeroizing::new(format!("Bearer {}", token.as_str()));
                headers.insert(header::AUTHORIZATION, sensitive(&value)?);
            }
            Self::GlobalKey { email, key } => {
                headers.insert(HeaderName::from_static("x-auth-email"), sensitive(email)?);
                headers.insert(HeaderName::from_static("x-auth-key"), sensitive(key)?);
            }
        }
        Ok(())
    }
}

fn sensitive(text: &str) -> Result<HeaderValue, ApiError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| ApiError::Credentials)?;
    value.set_sensitive(true);
    Ok(value)
}
