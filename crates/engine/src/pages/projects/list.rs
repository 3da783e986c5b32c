//! Listing projects.

use coffer_protocol::pages::Project;
use coffer_store::rows::{Slice, pages_projects};

use crate::authorize::{Permit, ViewPages};
use crate::engine::Engine;
use crate::error::Result;
use crate::pages::view;

/// Part of the list of projects.
#[derive(Clone, Debug)]
pub struct PagesProjectPage {
    /// The projects.
    pub projects: Vec<Project>,
    /// How many there are in all.
    pub total: u32,
}

impl Engine {
    /// Part of the account's projects, the newest first.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn list_pages_projects(
        &self,
        permit: &Permit<ViewPages>,
        slice: Slice,
    ) -> Result<PagesProjectPage> {
        let mut reader = self.store.reader().await?;
        let (rows, total) = pages_projects::list(&mut reader, permit.account_id(), slice).await?;
        let mut projects = Vec::with_capacity(rows.len());
        for row in &rows {
            projects.push(view::shown_project(&mut reader, row).await?);
        }
        Ok(PagesProjectPage { projects, total })
    }
}
