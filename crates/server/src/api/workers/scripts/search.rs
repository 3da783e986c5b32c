//! `GET …/scripts-search`: Workers by a part of their names, or by id.

use axum::extract::State;
use coffer_engine::{Error, Problem, ViewWorkers};
use coffer_protocol::workers::{ENVIRONMENT, FoundScript, Script};
use coffer_types::limits::MAX_PAGE_SIZE;

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::permitted::Permitted;
use crate::app::App;

/// Items on one page where a client names no number, from the API description.
const DEFAULT_SIZE: u32 = 10;

/// A page of the Workers that a client looks for, by default by name.
pub(super) async fn search(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    query: Query,
) -> ApiResult<Answer<Vec<FoundScript>>> {
    let page = query.page(1..=MAX_PAGE_SIZE, DEFAULT_SIZE)?;
    let order: fn(&Script, &Script) -> std::cmp::Ordering = match query.value("order_by") {
        None | Some("name") => |one, other| one.id.cmp(&other.id),
        Some("created_on") => |one, other| one.created_on.cmp(&other.created_on),
        Some("modified_on") => |one, other| one.modified_on.cmp(&other.modified_on),
        Some(_) => {
            let rule = "order_by must be name, created_on or modified_on".to_owned();
            return Err(Error::invalid("order_by", Problem::Parameter(rule)).into());
        }
    };
    let (name, id) = (query.value("name"), query.value("id"));
    let mut found = app.engine.list_scripts(&permit).await?;
    found.retain(|script| {
        name.is_none_or(|part| script.id.as_str().contains(part))
            && id.is_none_or(|id| script.tag.to_string() == id)
    });
    found.sort_by(order);
    let (found, info) = page.of(found);
    Ok(Answer::page(found.into_iter().map(shown).collect(), info))
}

fn shown(script: Script) -> FoundScript {
    FoundScript {
        id: script.tag,
        script_name: script.id.clone(),
        service_name: script.id,
        environment_name: ENVIRONMENT.to_owned(),
        environment_is_default: true,
        created_on: script.created_on,
        modified_on: script.modified_on,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::json;

    use crate::testing::{TestApp, failure, result, text_at};

    const SEARCH: &str = "/accounts/{account_id}/workers/scripts-search";

    #[tokio::test]
    async fn workers_are_found_by_name_and_by_id() {
        let app = TestApp::new().await;
        for name in ["shop-api", "blog", "shop"] {
            app.upload(name, json!([])).await;
        }
        let search = async |query: &str| {
            let answer = app
                .request(Method::GET, &format!("{SEARCH}{query}"), None)
                .await;
            let found = result(&answer).as_array().unwrap().clone();
            let names: Vec<_> = found
                .iter()
                .map(|one| text_at(one, "/script_name"))
                .collect();
            (names.join(" "), found, answer.2)
        };
        assert_eq!(search("").await.0, "blog shop shop-api");
        assert_eq!(search("?order_by=created_on").await.0.len(), 18);
        let (names, found, answer) = search("?name=shop&per_page=1").await;
        assert_eq!(
            (names.as_str(), &answer["result_info"]["total_count"]),
            ("shop", &json!(2))
        );
        assert_eq!(search("?name=shop&per_page=1&page=2").await.0, "shop-api");
        assert_eq!(search("?name=shop&page=9").await.0, "");
        assert_eq!(found[0]["environment_is_default"], true);
        let id = text_at(&found[0], "/id");
        assert_eq!(search(&format!("?id={id}")).await.0, "shop");
        assert_eq!(search(&format!("?id={id}&name=blog")).await.0, "");
        assert_eq!(search(&format!("?id={}", &id[..8])).await.0, "");
        assert_eq!(search("?name=Shop").await.0, "");
    }

    #[tokio::test]
    async fn parameters_out_of_bounds_are_refused() {
        let app = TestApp::new().await;
        for query in ["?order_by=size", "?per_page=0", "?per_page=101", "?page=0"] {
            let path = format!("{SEARCH}{query}");
            let (status, errors) = failure(&app.request(Method::GET, &path, None).await);
            assert_eq!((status, &errors[0][..5]), (400, "1001 "), "{query}");
        }
    }
}
