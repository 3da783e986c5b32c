//! `GET …/tokens/permission_groups`.

use axum::extract::State;
use coffer_engine::{TokenGroupList, TokensPermit, ViewTokens, ViewUserTokens};
use coffer_protocol::tokens::TokenPermissionGroup;

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::{Query, refused};
use crate::api::permitted::{Permitted, PermittedUser};
use crate::app::App;

/// What permission groups can be about, from the list's API description; nothing here is about zones or buckets.
const SCOPES: [&str; 4] = [
    "com.cloudflare.api.account",
    "com.cloudflare.api.account.zone",
    "com.cloudflare.api.user",
    "com.cloudflare.edge.r2.bucket",
];

/// What the user's tokens can be granted.
pub(super) async fn of_user(
    State(app): State<App>,
    PermittedUser(permit): PermittedUser<ViewUserTokens>,
    query: Query,
) -> ApiResult<Answer<Vec<TokenPermissionGroup>>> {
    groups(&app, &permit.into(), &query)
}

/// What the account's own tokens can be granted.
pub(super) async fn of_account(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewTokens>,
    query: Query,
) -> ApiResult<Answer<Vec<TokenPermissionGroup>>> {
    groups(&app, &permit.into(), &query)
}

fn groups(
    app: &App,
    permit: &TokensPermit<ViewTokens>,
    query: &Query,
) -> ApiResult<Answer<Vec<TokenPermissionGroup>>> {
    let scope = query.value("scope");
    if scope.is_some_and(|scope| !SCOPES.contains(&scope)) {
        return Err(refused(
            "scope",
            &format!("must be one of {}", SCOPES.join(", ")),
        ));
    }
    let list = TokenGroupList {
        name: query.value("name").map(str::to_owned),
        scope: scope.map(str::to_owned),
    };
    Ok(Answer::ok(
        app.engine.token_permission_groups(permit, &list),
    ))
}
