//! `GET /user/tokens` and `GET /accounts/{account_id}/tokens`.

use axum::extract::State;
use coffer_engine::{Direction, TokenList, TokensPermit, ViewTokens, ViewUserTokens};
use coffer_protocol::tokens::Token;
use coffer_types::limits::DEFAULT_PAGE_SIZE;

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::permitted::{Permitted, PermittedUser};
use crate::app::App;

/// Page sizes of this list, from its API description; clients that ask for fewer get them all the same.
const PAGE_SIZES: std::ops::RangeInclusive<u32> = 1..=50;

/// The tokens of the user who asks.
pub(super) async fn of_user(
    State(app): State<App>,
    PermittedUser(permit): PermittedUser<ViewUserTokens>,
    query: Query,
) -> ApiResult<Answer<Vec<Token>>> {
    list(&app, &permit.into(), &query).await
}

/// The account's own tokens.
pub(super) async fn of_account(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewTokens>,
    query: Query,
) -> ApiResult<Answer<Vec<Token>>> {
    list(&app, &permit.into(), &query).await
}

async fn list(
    app: &App,
    permit: &TokensPermit<ViewTokens>,
    query: &Query,
) -> ApiResult<Answer<Vec<Token>>> {
    let page = query.page(PAGE_SIZES, DEFAULT_PAGE_SIZE)?;
    let list = TokenList {
        include_expired: query.flag("include_expired")?,
        direction: query.direction(Direction::Descending)?,
        slice: page.slice(),
    };
    let found = app.engine.list_tokens(permit, list).await?;
    let info = page.info(found.tokens.len(), found.total);
    Ok(Answer::page(found.tokens, info))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::Clock;
    use serde_json::{Value, json};

    use crate::api::tokens::testing::{OF_ACCOUNT, OF_USER, made, reader, with};
    use crate::testing::{Answer, TestApp, failure, result};

    async fn list(app: &TestApp, path: &str, query: &str) -> Answer {
        app.request(Method::GET, &format!("{path}?{query}"), None)
            .await
    }

    fn names(answer: &Answer) -> Vec<&str> {
        let tokens = result(answer).as_array().unwrap().iter();
        tokens.filter_map(|token| token["name"].as_str()).collect()
    }

    #[tokio::test]
    async fn tokens_are_listed_page_by_page() {
        let app = TestApp::new().await;
        for path in [OF_USER, OF_ACCOUNT] {
            for index in 0..3 {
                app.clock.advance_seconds(1);
                let body = with(reader(&app), json!({ "name": format!("token {index}") }));
                made(&app, path, body).await;
            }
        }
        for (query, expected) in [
            ("", &["token 2", "token 1", "token 0"][..]),
            ("direction=desc", &["token 2", "token 1", "token 0"]),
            ("direction=asc", &["token 0", "token 1", "token 2"]),
            ("per_page=2", &["token 2", "token 1"]),
            ("per_page=2&page=2", &["token 0"]),
            ("per_page=2&page=3", &[]),
            ("page=4000000000&per_page=50", &[]),
        ] {
            assert_eq!(
                names(&list(&app, OF_ACCOUNT, query).await),
                expected,
                "{query}"
            );
        }
        let info = list(&app, OF_ACCOUNT, "per_page=2&page=2").await.2["result_info"].clone();
        assert_eq!(
            info,
            json!({ "page": 2, "per_page": 2, "count": 1, "total_count": 3, "total_pages": 2 })
        );
        // The user's own list has the first token, too.
        assert_eq!(
            list(&app, OF_USER, "").await.2["result_info"]["total_count"],
            4
        );
        assert_eq!(
            names(&list(&app, OF_USER, "direction=asc").await)[0],
            "initial token"
        );
    }

    #[tokio::test]
    async fn expired_tokens_are_listed_only_if_asked_for() {
        let app = TestApp::new().await;
        let end = app.clock.now().plus_micros(1);
        for fields in [
            json!({ "expires_on": end }),
            json!({ "status": "disabled" }),
        ] {
            made(&app, OF_ACCOUNT, with(reader(&app), fields)).await;
        }
        let statuses = |answer: &Answer| -> Vec<Value> {
            let tokens = result(answer).as_array().unwrap().iter();
            let mut statuses: Vec<_> = tokens.map(|token| token["status"].clone()).collect();
            statuses.sort_by_key(ToString::to_string);
            statuses
        };
        for (after_micros, query, expected) in [
            (0, "", &["active", "disabled"][..]),
            (1, "", &["disabled"]),
            (0, "include_expired=false", &["disabled"]),
            (0, "include_expired=true", &["disabled", "expired"]),
        ] {
            app.clock.advance_micros(after_micros);
            let answer = list(&app, OF_ACCOUNT, query).await;
            assert_eq!(statuses(&answer), expected, "{query}");
            let total = &answer.2["result_info"]["total_count"];
            assert_eq!(total, &json!(expected.len()), "{query}");
        }
    }

    #[tokio::test]
    async fn parameters_out_of_bounds_are_refused() {
        let app = TestApp::new().await;
        for query in [
            "page=0",
            "page=x",
            "per_page=0",
            "per_page=51",
            "direction=up",
            "include_expired=maybe",
        ] {
            for path in [OF_USER, OF_ACCOUNT] {
                let (status, errors) = failure(&list(&app, path, query).await);
                let name = query.split('=').next().unwrap();
                assert_eq!(status, 400, "{query}");
                assert!(errors[0].ends_with(&format!(" at {name}")), "{errors:?}");
            }
        }
    }
}
