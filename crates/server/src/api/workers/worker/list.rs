//! `GET …/workers/workers`.

use axum::extract::State;
use coffer_engine::{Error, Problem, ViewWorkers, WorkerFacts};
use coffer_protocol::workers::Worker;
use coffer_types::limits::MAX_PAGE_SIZE;

use super::view;
use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::permitted::Permitted;
use crate::app::App;

/// Items on one page where a client names no number, from the API description.
const DEFAULT_SIZE: u32 = 10;

/// A page of the account's Workers, by default those first that were deployed last.
pub(super) async fn list(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    query: Query,
) -> ApiResult<Answer<Vec<Worker>>> {
    let order_by = query.value("order_by").unwrap_or("deployed_on");
    let refused = |rule: &str| Error::invalid("", Problem::Parameter(rule.to_owned()));
    let descending = match query.value("order") {
        None | Some("desc") => true,
        Some("asc") => false,
        Some(_) => return Err(refused("order must be asc or desc").into()),
    };
    let page = query.page(1..=MAX_PAGE_SIZE, DEFAULT_SIZE)?;
    let mut workers = app.engine.list_workers(&permit).await?;
    // By name where the rest is the same: that is how they come.
    match order_by {
        "name" => {}
        "deployed_on" => workers.sort_by_key(|one| one.deployed_at),
        "updated_on" => workers.sort_by_key(|one| one.script.modified_on),
        "created_on" => workers.sort_by_key(|one| one.script.created_on),
        _ => {
            let rule = "order_by must be deployed_on, updated_on, created_on or name";
            return Err(refused(rule).into());
        }
    }
    if descending {
        workers.reverse();
    }
    let (workers, info) = page.of(workers);
    let subdomain = permit.account().subdomain.as_ref();
    let shown = |facts: WorkerFacts| view(&app, subdomain, facts);
    Ok(Answer::page(workers.into_iter().map(shown).collect(), info))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::{Value, json};

    use crate::testing::{TestApp, failure, result};

    const WORKERS: &str = "/accounts/{account_id}/workers/workers";

    #[tokio::test]
    async fn pages_are_in_the_order_that_is_asked_for() {
        let app = TestApp::new().await;
        for name in ["b", "c", "a"] {
            app.upload(name, json!([])).await;
        }
        let list = async |query: &str| {
            let path = format!("{WORKERS}{query}");
            let answer = app.request(Method::GET, &path, None).await;
            let items = result(&answer).as_array().unwrap();
            let name = |item: &Value| item["name"].as_str().unwrap().to_owned();
            items.iter().map(name).collect::<Vec<_>>().join("")
        };
        assert_eq!(list("?order_by=name&order=asc").await, "abc");
        assert_eq!(list("?order_by=name").await, "cba");
        assert_eq!(list("").await.len(), 3);
        assert_eq!(list("?order_by=name&per_page=2&page=2").await, "a");
        assert_eq!(list("?page=3").await, "");
        for bad in ["?order=up", "?order_by=color", "?per_page=101", "?page=0"] {
            let answer = app
                .request(Method::GET, &format!("{WORKERS}{bad}"), None)
                .await;
            assert_eq!(failure(&answer).0, 400, "{bad}");
        }
    }
}
