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

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::PermissionGroup;
    use serde_json::json;

    use crate::api::tokens::testing::{OF_ACCOUNT, OF_USER};
    use crate::testing::{TestApp, failure, result};

    #[tokio::test]
    async fn groups_are_listed_by_name_and_scope() {
        let app = TestApp::new().await;
        let all = PermissionGroup::ALL.len();
        for (path, query, count) in [
            (OF_USER, "", all),
            (OF_ACCOUNT, "", all - 6),
            (OF_USER, "scope=com.cloudflare.api.user", 6),
            (OF_ACCOUNT, "scope=com.cloudflare.api.user", 0),
            (OF_USER, "scope=com.cloudflare.api.account.zone", 0),
            (OF_USER, "name=Secrets%20Store%20Bind", 1),
            (OF_ACCOUNT, "name=secrets+store+bind", 1),
            (OF_ACCOUNT, "name=Secrets", 0),
        ] {
            let path = format!("{path}/permission_groups?{query}");
            let answer = app.request(Method::GET, &path, None).await;
            assert_eq!(result(&answer).as_array().unwrap().len(), count, "{path}");
        }
        let path = format!("{OF_ACCOUNT}/permission_groups?name=Workers%20Scripts%20Write");
        assert_eq!(
            result(&app.request(Method::GET, &path, None).await),
            &json!([{
                "id": "e086da7e2179491d91ee5f35b3ca210a",
                "name": "Workers Scripts Write",
                "scopes": ["com.cloudflare.api.account"],
                "category": "developer_platform",
            }])
        );
        let path = format!("{OF_USER}/permission_groups?scope=account");
        let (status, errors) = failure(&app.request(Method::GET, &path, None).await);
        assert_eq!(status, 400);
        assert!(errors[0].ends_with(" at scope"), "{errors:?}");
    }
}
