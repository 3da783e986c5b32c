//! `GET …/roles` and `GET …/roles/{role_id}`.

use axum::extract::{Path, State};
use coffer_engine::ViewMembers;
use coffer_protocol::members::Role;
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::permitted::Permitted;
use crate::app::App;

/// Page sizes of this list, from its API description; clients that ask for fewer get them all the same.
const PAGE_SIZES: std::ops::RangeInclusive<u32> = 1..=50;
const DEFAULT_PAGE_SIZE: u32 = 20;

/// The role of a path.
#[derive(Debug, Deserialize)]
pub(super) struct RolePath {
    role_id: String,
}

/// A page of the roles.
pub(super) async fn list(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewMembers>,
    query: Query,
) -> ApiResult<Answer<Vec<Role>>> {
    let page = query.page(PAGE_SIZES, DEFAULT_PAGE_SIZE)?;
    let (roles, info) = page.of(app.engine.roles(&permit));
    Ok(Answer::page(roles, info))
}

/// One role.
pub(super) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewMembers>,
    Path(path): Path<RolePath>,
) -> ApiResult<Answer<Role>> {
    Ok(Answer::ok(app.engine.role(&permit, &path.role_id)?))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::Role;
    use serde_json::json;

    use crate::testing::{TestApp, failure, result};

    const ROLES: &str = "/accounts/{account_id}/roles";

    #[tokio::test]
    async fn roles_are_listed_page_by_page_and_shown_alike() {
        let app = TestApp::new().await;
        let all = app.request(Method::GET, ROLES, None).await;
        let listed = result(&all).as_array().unwrap();
        assert_eq!(listed.len(), Role::ALL.len());
        assert_eq!(all.2["result_info"]["total_count"], Role::ALL.len());
        assert_eq!(listed[0]["name"], "Super Administrator - All Privileges");
        assert_eq!(
            listed[3],
            json!({
                "id": Role::SecretsStoreReporter.id(),
                "name": "Secrets Store Reporter",
                "description": "Can view secrets' metadata.",
                "permissions": {
                    "organization": { "read": true, "write": false },
                    "secrets_store": { "read": true, "write": false },
                },
            })
        );
        for role in listed {
            let path = format!("{ROLES}/{}", role["id"].as_str().unwrap());
            let shown = app.request(Method::GET, &path, None).await;
            assert_eq!(result(&shown), role);
        }
        let page = app
            .request(Method::GET, &format!("{ROLES}?per_page=5&page=2"), None)
            .await;
        assert_eq!(result(&page), &json!(listed[5..]));
        let beyond = app
            .request(Method::GET, &format!("{ROLES}?page=2"), None)
            .await;
        assert_eq!(result(&beyond), &json!([]));
    }

    #[tokio::test]
    async fn what_is_no_role_is_not_there() {
        let app = TestApp::new().await;
        for id in ["0123456789abcdef0123456789abcdef", "x"] {
            let answer = app
                .request(Method::GET, &format!("{ROLES}/{id}"), None)
                .await;
            let expected = (404, vec!["1003 role_not_found".to_owned()]);
            assert_eq!(failure(&answer), expected, "{id}");
        }
    }
}
