//! `GET /accounts/{account_id}/iam/permission_groups` and `…/{permission_group_id}`.

use axum::extract::{Path, State};
use coffer_engine::{AccountGroupList, ViewAccount};
use coffer_protocol::tokens::AccountPermissionGroup;
use coffer_types::limits::DEFAULT_PAGE_SIZE;
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::permitted::Permitted;
use crate::app::App;

/// Page sizes of this list, from its API description; clients that ask for fewer get them all the same.
const PAGE_SIZES: std::ops::RangeInclusive<u32> = 1..=50;

/// The permission groups about accounts.
pub(super) async fn list(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewAccount>,
    query: Query,
) -> ApiResult<Answer<Vec<AccountPermissionGroup>>> {
    let page = query.page(PAGE_SIZES, DEFAULT_PAGE_SIZE)?;
    let value = |name: &str| query.value(name).map(str::to_owned);
    let list = AccountGroupList {
        id: value("id"),
        name: value("name"),
        label: value("label"),
    };
    let (groups, info) = page.of(app.engine.account_permission_groups(&permit, &list));
    Ok(Answer::page(groups, info))
}

/// The permission group of a path.
#[derive(Debug, Deserialize)]
pub(super) struct GroupPath {
    permission_group_id: String,
}

/// One permission group about accounts.
pub(super) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewAccount>,
    Path(path): Path<GroupPath>,
) -> ApiResult<Answer<AccountPermissionGroup>> {
    let id = &path.permission_group_id;
    let group = app.engine.account_permission_group(&permit, id)?;
    Ok(Answer::ok(group))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::json;

    use crate::testing::{TestApp, failure, result};

    const GROUPS: &str = "/accounts/{account_id}/iam/permission_groups";

    #[tokio::test]
    async fn groups_about_accounts_are_listed_and_shown() {
        let app = TestApp::new().await;
        let id = "c0ffe500000000000000000000000002";
        let shown = json!({
            "id": id,
            "name": "Secrets Store Bind",
            "meta": { "label": "secrets_store_bind", "scopes": "com.cloudflare.api.account" },
        });
        for (query, count) in [
            (format!("?id={id}"), 1),
            ("?name=Secrets%20Store%20Bind".to_owned(), 1),
            ("?label=secrets_store_bind".to_owned(), 1),
            ("?label=none".to_owned(), 0),
            ("?per_page=5".to_owned(), 5),
            ("?per_page=50&page=2".to_owned(), 0),
        ] {
            let answer = app
                .request(Method::GET, &format!("{GROUPS}{query}"), None)
                .await;
            let groups = result(&answer).as_array().unwrap();
            assert_eq!(groups.len(), count, "{query}");
            if count == 1 {
                assert_eq!(groups[0], shown);
            }
        }
        let answer = app
            .request(Method::GET, &format!("{GROUPS}/{id}"), None)
            .await;
        assert_eq!(result(&answer), &shown);
        // One about users, and none at all.
        for id in ["c0ffe500000000000000000000000006", "x"] {
            let answer = app
                .request(Method::GET, &format!("{GROUPS}/{id}"), None)
                .await;
            let (status, errors) = failure(&answer);
            assert_eq!((status, &errors[0][..5]), (404, "1003 "));
        }
    }
}
