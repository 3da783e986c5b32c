//! Host names: the account's, and whether a Worker answers at its own.

use axum::extract::{Path, State};
use axum::http::Method;
use coffer_engine::{DeployWorkers, SubdomainChange, ViewWorkers};
use coffer_protocol::workers::SubdomainState;
use coffer_types::{Permission, Subdomain};
use serde::{Deserialize, Serialize};

use super::fields::ScriptPath;
use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::permitted::Permitted;
use crate::api::route::{Route, route};
use crate::app::App;

pub(super) fn routes() -> Vec<Route> {
    const ACCOUNT: &str = "/accounts/{account_id}/workers/subdomain";
    const SCRIPT: &str = "/accounts/{account_id}/workers/scripts/{script_name}/subdomain";
    let view = Some(Permission::ViewWorkers);
    let deploy = Some(Permission::DeployWorkers);
    vec![
        route(
            &Method::GET,
            ACCOUNT,
            "Show the account's subdomain",
            view,
            find,
        ),
        route(
            &Method::GET,
            SCRIPT,
            "Show whether a Worker's host name is on",
            view,
            find_state,
        ),
        route(
            &Method::POST,
            SCRIPT,
            "Switch a Worker's host name",
            deploy,
            switch,
        ),
        route(
            &Method::DELETE,
            SCRIPT,
            "Switch a Worker's host name off",
            deploy,
            switch_off,
        ),
    ]
}

/// The account's label in host names.
#[derive(Debug, Serialize)]
struct AccountSubdomain {
    subdomain: Subdomain,
}

/// The request: without `previews_enabled`, previews follow the Worker.
#[derive(Debug, Deserialize)]
struct Asked {
    enabled: bool,
    previews_enabled: Option<bool>,
}

async fn find(Permitted(permit): Permitted<ViewWorkers>) -> ApiResult<Answer<AccountSubdomain>> {
    Ok(Answer::ok(AccountSubdomain {
        subdomain: permit.account().subdomain.clone(),
    }))
}

async fn find_state(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    Path(path): Path<ScriptPath>,
) -> ApiResult<Answer<SubdomainState>> {
    let found = app.engine.worker(&permit, &path.name()?).await?;
    Ok(Answer::ok(found.subdomain))
}

async fn switch(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    Change {
        permit,
        body: Json(asked),
    }: Change<DeployWorkers, Json<Asked>>,
) -> ApiResult<Answer<SubdomainState>> {
    let change = SubdomainChange {
        enabled: asked.enabled,
        previews_enabled: asked.previews_enabled,
    };
    let name = path.name()?;
    Ok(Answer::ok(
        app.engine.switch_subdomain(&permit, name, change).await?,
    ))
}

async fn switch_off(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    Change { permit, body: () }: Change<DeployWorkers, ()>,
) -> ApiResult<Answer<SubdomainState>> {
    let change = SubdomainChange {
        enabled: false,
        previews_enabled: Some(false),
    };
    let name = path.name()?;
    Ok(Answer::ok(
        app.engine.switch_subdomain(&permit, name, change).await?,
    ))
}
