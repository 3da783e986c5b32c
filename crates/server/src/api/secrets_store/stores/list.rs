//! `GET …/stores`.

use axum::extract::State;
use coffer_engine::{Direction, StoreList, StoreOrder, ViewSecrets};
use coffer_protocol::secrets_store::Store;
use coffer_types::limits::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE};

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::{Query, refused};
use crate::api::permitted::Permitted;
use crate::app::App;

/// A page of the account's stores.
pub(in crate::api::secrets_store) async fn list(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewSecrets>,
    query: Query,
) -> ApiResult<Answer<Vec<Store>>> {
    let page = query.page(0..=MAX_PAGE_SIZE, DEFAULT_PAGE_SIZE)?;
    let order = match query.value("order") {
        None | Some("created") => StoreOrder::Created,
        Some("name") => StoreOrder::Name,
        Some("modified") => StoreOrder::Modified,
        Some(_) => return Err(refused("order", "must be name, created or modified")),
    };
    let direction = query.direction(Direction::Descending)?;
    let found = app
        .engine
        .list_stores(
            &permit,
            StoreList {
                order,
                direction,
                slice: page.slice(),
            },
        )
        .await?;
    let info = page.info(found.stores.len(), found.total);
    Ok(Answer::page(found.stores, info))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::{Value, json};

    use crate::testing::{Answer, TestApp, failure, result};

    const STORES: &str = "/accounts/{account_id}/secrets_store/stores";

    /// Three stores, made a second apart.
    async fn app() -> TestApp {
        let app = TestApp::new().await;
        app.set_limits(|limits| limits.stores = 3).await;
        for name in ["b", "a", "c"] {
            app.clock.advance_seconds(1);
            result(
                &app.request(Method::POST, STORES, Some(json!({ "name": name })))
                    .await,
            );
        }
        app
    }

    async fn list(app: &TestApp, query: &str) -> Answer {
        app.request(Method::GET, &format!("{STORES}?{query}"), None)
            .await
    }

    fn names(answer: &Answer) -> Vec<&str> {
        let stores = result(answer).as_array().unwrap().iter();
        stores
            .map(|store| store["name"].as_str().unwrap())
            .collect()
    }

    #[tokio::test]
    async fn the_newest_comes_first_unless_asked_otherwise() {
        let app = app().await;
        for (query, expected) in [
            ("", ["c", "a", "b"]),
            ("order=created&direction=asc", ["b", "a", "c"]),
            ("order=name&direction=asc", ["a", "b", "c"]),
            ("order=name", ["c", "b", "a"]),
            ("order=modified&direction=desc", ["c", "a", "b"]),
        ] {
            assert_eq!(names(&list(&app, query).await), expected, "{query}");
        }
    }

    #[tokio::test]
    async fn pages_end_with_an_empty_one() {
        let app = app().await;
        let first = list(&app, "order=name&direction=asc&per_page=2&page=1").await;
        assert_eq!(names(&first), ["a", "b"]);
        assert_eq!(
            first.2["result_info"],
            json!({ "page": 1, "per_page": 2, "count": 2, "total_count": 3, "total_pages": 2 })
        );
        assert_eq!(
            names(&list(&app, "order=name&direction=asc&per_page=2&page=2").await),
            ["c"]
        );
        for query in [
            "per_page=2&page=3",
            "page=4294967295&per_page=100",
            "per_page=0",
        ] {
            let beyond = list(&app, query).await;
            assert_eq!(names(&beyond), Vec::<&str>::new(), "{query}");
            assert_eq!(beyond.2["result_info"]["total_count"], 3, "{query}");
        }
    }

    #[tokio::test]
    async fn parameters_out_of_bounds_are_refused() {
        let app = app().await;
        for query in [
            "page=0",
            "page=-1",
            "page=x",
            "per_page=101",
            "per_page=-1",
            "order=comment",
            "direction=up",
            "order=%ff",
        ] {
            let (status, errors) = failure(&list(&app, query).await);
            assert_eq!(status, 400, "{query}");
            assert!(
                errors[0].starts_with("1001 invalid parameter: "),
                "{errors:?}"
            );
        }
    }

    #[tokio::test]
    async fn another_account_lists_only_its_own() {
        let app = app().await;
        let other = app.other_account().await;
        let path = format!("/accounts/{}/secrets_store/stores", other.id);
        let answer = app.request_as(&other.admin, Method::GET, &path, None).await;
        assert_eq!(result(&answer), &Value::Array(Vec::new()));
        assert_eq!(answer.2["result_info"]["total_count"], 0);
    }
}
