//! The token of an upload: a JSON Web Token that names it, for one account, one Worker and an hour.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use coffer_types::{AccountId, Timestamp, WorkerName};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::error::{Error, Result, Unauthenticated};

/// `{"alg":"HS256","typ":"JWT"}`, the only header that is ever written or read.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
/// Bytes of a token that is looked at.
const MAX_TOKEN_BYTES: usize = 2048;
const MICROS_PER_SECOND: i64 = 1_000_000;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Claims {
    /// When it ends, in seconds since 1970; clients read it.
    exp: i64,
    /// The account.
    account_id: AccountId,
    /// The Worker that the files are for.
    script_name: WorkerName,
    /// The upload, which has the manifest.
    session_id: String,
}

/// Proof that a request belongs to an upload that was begun with permission and has not ended.
#[derive(Clone, Debug)]
pub struct AssetPermit {
    pub(super) account_id: AccountId,
    pub(super) worker_name: WorkerName,
    pub(super) session_id: String,
    pub(super) token: String,
}

impl Engine {
    /// The token of an upload.
    pub(super) fn asset_token(
        &self,
        account_id: AccountId,
        worker_name: &WorkerName,
        session_id: &str,
        expires_at: Timestamp,
    ) -> Result<String> {
        let claims = Claims {
            exp: expires_at.as_micros() / MICROS_PER_SECOND,
            account_id,
            script_name: worker_name.clone(),
            session_id: session_id.to_owned(),
        };
        self.signed_claims(&claims)
    }

    /// A token that says this.
    pub(crate) fn signed_claims(&self, claims: &impl Serialize) -> Result<String> {
        let claims =
            serde_json::to_vec(claims).map_err(|error| Error::Internal(error.to_string()))?;
        let signed = format!("{HEADER}.{}", URL_SAFE_NO_PAD.encode(claims));
        let code = URL_SAFE_NO_PAD.encode(self.asset_mac.sign(signed.as_bytes()));
        Ok(format!("{signed}.{code}"))
    }

    /// The upload that a token names, if the token is ours; `None` if it is something else altogether.
    ///
    /// # Errors
    /// [`Unauthenticated::Invalid`] if it has ended or is another account's.
    pub fn asset_permit(&self, account_id: AccountId, token: &str) -> Result<Option<AssetPermit>> {
        let Some(claims) = self.claims::<Claims>(token) else {
            return Ok(None);
        };
        let now = self.clock.now().as_micros() / MICROS_PER_SECOND;
        if claims.exp <= now || claims.account_id != account_id {
            return Err(Unauthenticated::Invalid.into());
        }
        Ok(Some(AssetPermit {
            account_id,
            worker_name: claims.script_name,
            session_id: claims.session_id,
            token: token.to_owned(),
        }))
    }

    /// What a token of ours says, if it says such things. Whether it has ended is not looked at.
    pub(crate) fn claims<T: DeserializeOwned>(&self, token: &str) -> Option<T> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let (signed, code) = token.rsplit_once('.')?;
        let claims = signed.strip_prefix(HEADER)?.strip_prefix('.')?;
        let code = URL_SAFE_NO_PAD.decode(code).ok()?;
        if !self.asset_mac.verify(signed.as_bytes(), &code) {
            return None;
        }
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_what_it_is_said_to_be() {
        let header = URL_SAFE_NO_PAD.decode(HEADER).unwrap();
        assert_eq!(header, br#"{"alg":"HS256","typ":"JWT"}"#);
    }
}
