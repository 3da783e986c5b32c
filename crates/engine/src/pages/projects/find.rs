//! Finding one project.

use coffer_protocol::pages::Project;
use coffer_store::Rows;
use coffer_store::rows::pages_projects::{self, PagesProjectRow};
use coffer_types::{AccountId, PagesProjectName};

use crate::authorize::{Permit, ViewPages};
use crate::engine::Engine;
use crate::error::{Missing, Result};
use crate::pages::view;

impl Engine {
    /// The account's project with this name.
    ///
    /// # Errors
    /// [`Missing::PagesProject`].
    pub async fn pages_project(
        &self,
        permit: &Permit<ViewPages>,
        name: &PagesProjectName,
    ) -> Result<Project> {
        let mut reader = self.store.reader().await?;
        let found = existing(&mut reader, permit.account_id(), name).await?;
        Ok(view::shown_project(&mut reader, &found).await?)
    }

    /// Finds that the account has the project, for a request that is refused anyway.
    ///
    /// # Errors
    /// [`Missing::PagesProject`].
    pub async fn known_pages_project<P>(
        &self,
        permit: &Permit<P>,
        name: &PagesProjectName,
    ) -> Result<()> {
        let mut reader = self.store.reader().await?;
        existing(&mut reader, permit.account_id(), name)
            .await
            .map(drop)
    }
}

/// The account's project, or the refusal.
pub(crate) async fn existing(
    rows: &mut impl Rows,
    account_id: AccountId,
    name: &PagesProjectName,
) -> Result<PagesProjectRow> {
    pages_projects::with_name(rows, account_id, name)
        .await?
        .ok_or_else(|| Missing::PagesProject.into())
}
