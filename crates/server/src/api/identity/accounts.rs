//! `GET /accounts` and `GET /accounts/{account_id}`.

use axum::extract::State;
use coffer_engine::{AccountList, ViewAccount};
use coffer_protocol::identity::Account;

use crate::api::answer::Answer;
use crate::api::authentication::Recognised;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::permitted::Permitted;
use crate::app::App;

/// Page sizes of this list, from its API description; clients that ask for fewer get them all the same.
const PAGE_SIZES: std::ops::RangeInclusive<u32> = 1..=50;
const DEFAULT_PAGE_SIZE: u32 = 20;

/// The accounts that the actor may know of.
pub(super) async fn list(
    State(app): State<App>,
    Recognised(caller): Recognised,
    query: Query,
) -> ApiResult<Answer<Vec<Account>>> {
    let page = query.page(PAGE_SIZES, DEFAULT_PAGE_SIZE)?;
    let list = AccountList {
        name: query.value("name").map(str::to_owned),
    };
    let (accounts, info) = page.of(app.engine.accounts_of(&caller, &list).await?);
    Ok(Answer::page(accounts, info))
}

/// One account.
pub(super) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewAccount>,
) -> ApiResult<Answer<Account>> {
    Ok(Answer::ok(app.engine.account(&permit)))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::{PermissionGroup, Role};
    use serde_json::{Value, json};

    use crate::testing::{Actor, Answer, TestApp, failure, result};

    async fn list(app: &TestApp, actor: &Actor, query: &str) -> Answer {
        app.request_as(actor, Method::GET, &format!("/accounts?{query}"), None)
            .await
    }

    #[tokio::test]
    async fn an_account_is_listed_and_shown_alike() {
        let app = TestApp::new().await;
        let expected = json!({
            "id": app.first.account_id,
            "name": "First account",
            "type": "standard",
            "settings": { "enforce_twofactor": false },
            "created_on": app.now(),
        });
        let own = app
            .account_token(&[PermissionGroup::SECRETS_STORE_READ])
            .await;
        for actor in [app.admin(), app.admin_by_key(), own] {
            let answer = list(&app, &actor, "").await;
            assert_eq!(result(&answer), &Value::Array(vec![expected.clone()]));
            assert_eq!(
                answer.2["result_info"],
                json!({ "page": 1, "per_page": 20, "count": 1, "total_count": 1, "total_pages": 1 })
            );
            let shown = app
                .request_as(&actor, Method::GET, "/accounts/{account_id}", None)
                .await;
            assert_eq!(result(&shown), &expected);
        }
    }

    #[tokio::test]
    async fn accounts_are_paged_and_found_by_name() {
        let app = TestApp::new().await;
        let other = app.other_account().await;
        app.add_member(
            other.id,
            app.admin_id().await,
            &[Role::SecretsStoreReporter],
        )
        .await;
        let names = |answer: &Answer| {
            let accounts = result(answer).as_array().unwrap().iter();
            let mut names: Vec<_> = accounts
                .map(|account| account["name"].as_str().unwrap().to_owned())
                .collect();
            names.sort();
            names
        };
        let admin = app.admin();
        assert_eq!(
            names(&list(&app, &admin, "").await),
            ["First account", "Other account"]
        );
        assert_eq!(
            names(&list(&app, &admin, "name=Other%20account").await),
            ["Other account"]
        );
        assert_eq!(names(&list(&app, &admin, "name=nothing").await), [""; 0]);
        let mut paged = names(&list(&app, &admin, "per_page=1&page=1").await);
        paged.extend(names(&list(&app, &admin, "per_page=1&page=2").await));
        paged.sort();
        assert_eq!(paged, ["First account", "Other account"]);
        let beyond = list(&app, &admin, "per_page=1&page=3").await;
        assert_eq!(result(&beyond), &json!([]));
        assert_eq!(beyond.2["result_info"]["total_count"], 2);
        for query in ["page=0", "per_page=51", "per_page=0", "page=x"] {
            assert_eq!(failure(&list(&app, &admin, query).await).0, 400, "{query}");
        }
    }

    #[tokio::test]
    async fn an_account_of_others_is_neither_listed_nor_shown() {
        let app = TestApp::new().await;
        let other = app.other_account().await;
        assert_eq!(
            result(&list(&app, &app.admin(), "").await)
                .as_array()
                .unwrap()
                .len(),
            1
        );
        let theirs = app
            .request(Method::GET, &format!("/accounts/{}", other.id), None)
            .await;
        for unknown in ["0123456789abcdef0123456789abcdef", "x"] {
            let answer = app
                .request(Method::GET, &format!("/accounts/{unknown}"), None)
                .await;
            assert_eq!(failure(&answer), failure(&theirs));
            assert_eq!(answer.2, theirs.2);
        }
        assert_eq!(failure(&theirs).0, 404);
        // A token that grants nothing does not even list its owner's account.
        assert_eq!(
            result(&list(&app, &app.token_with(&[]).await, "").await),
            &json!([])
        );
    }
}
