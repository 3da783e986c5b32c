//! The token under which files are sent: a JSON Web Token for one project and an hour.

use coffer_store::rows::pages_projects;
use coffer_types::limits::{ASSET_UPLOAD_MINUTES, MAX_ASSETS_PER_VERSION};
use coffer_types::{AccountId, PagesProjectId, PagesProjectName};
use serde::{Deserialize, Serialize};

use crate::authorize::{DeployPages, Permit};
use crate::engine::Engine;
use crate::error::{Error, Result, Unauthenticated};
use crate::pages::projects::existing;

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_MINUTE: i64 = 60 * MICROS_PER_SECOND;

/// What a token says. An upload for a Worker has other claims, so neither token is taken for the other.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Claims {
    /// When it ends, in seconds since 1970; clients read it.
    exp: i64,
    /// How many files a deployment may have; clients read it.
    max_file_count_allowed: usize,
    /// The account.
    account_id: AccountId,
    /// The project.
    pages_project_id: PagesProjectId,
}

/// Proof that a request comes with the token of a project that is there.
#[derive(Clone, Copy, Debug)]
pub struct PagesUploadPermit {
    pub(super) account_id: AccountId,
}

impl Engine {
    /// The token under which files for a project are sent. What the files are is told by the deployment, so nothing is
    /// written before one is asked about or sent; from then on it stays until the token has ended.
    ///
    /// # Errors
    /// [`crate::Missing::PagesProject`].
    pub async fn pages_upload_token(
        &self,
        permit: &Permit<DeployPages>,
        name: &PagesProjectName,
    ) -> Result<String> {
        let mut reader = self.store.reader().await?;
        let project = existing(&mut reader, permit.account_id(), name).await?;
        drop(reader);
        let now = self.clock.now();
        let expires_at = now.plus_micros(ASSET_UPLOAD_MINUTES * MICROS_PER_MINUTE);
        self.signed_claims(&Claims {
            exp: expires_at.as_micros() / MICROS_PER_SECOND,
            max_file_count_allowed: MAX_ASSETS_PER_VERSION,
            account_id: project.account_id,
            pages_project_id: project.id,
        })
    }

    /// What a token permits, if it is ours; `None` if it is something else altogether.
    ///
    /// # Errors
    /// [`Unauthenticated::PagesUpload`] if it has ended, or its project is gone.
    pub async fn pages_upload_permit(&self, token: &str) -> Result<Option<PagesUploadPermit>> {
        let refused = || Error::from(Unauthenticated::PagesUpload);
        let Some(claims) = self.claims::<Claims>(token) else {
            return Ok(None);
        };
        if claims.exp <= self.clock.now().as_micros() / MICROS_PER_SECOND {
            return Err(refused());
        }
        let mut reader = self.store.reader().await?;
        let project = pages_projects::find(&mut reader, claims.pages_project_id).await?;
        let account_id = project.ok_or_else(refused)?.account_id;
        if account_id != claims.account_id {
            return Err(refused());
        }
        Ok(Some(PagesUploadPermit { account_id }))
    }
}
