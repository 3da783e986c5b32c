//! `GET …/scripts`.

use axum::extract::State;
use coffer_engine::ViewWorkers;
use coffer_protocol::workers::Script;
use coffer_types::limits::{DEFAULT_WORKERS_PER_ACCOUNT, MAX_PAGE_SIZE};

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::permitted::Permitted;
use crate::app::App;

/// The account's Workers by name.
pub(super) async fn list(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    query: Query,
) -> ApiResult<Answer<Vec<Script>>> {
    let scripts = app.engine.list_scripts(&permit).await?;
    // The original's list has no pages, so whoever names none gets all; who pages finds an end.
    let all = u32::try_from(scripts.len()).unwrap_or(u32::MAX);
    let sizes = 1..=DEFAULT_WORKERS_PER_ACCOUNT.max(all);
    let page = query.page(sizes, all.max(MAX_PAGE_SIZE))?;
    let (scripts, info) = page.of(scripts);
    Ok(Answer::page(scripts, info))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::json;

    use crate::api::workers::testing::SCRIPTS;
    use crate::testing::{TestApp, result};

    #[tokio::test]
    async fn workers_come_by_name_and_pages_end() {
        let app = TestApp::new().await;
        for name in ["b", "a", "c"] {
            app.upload(name, json!([])).await;
        }
        for (query, expected) in [
            ("", vec!["a", "b", "c"]),
            ("?per_page=2", vec!["a", "b"]),
            ("?page=2&per_page=2", vec!["c"]),
            ("?page=2", vec![]),
        ] {
            let answer = app
                .request(Method::GET, &format!("{SCRIPTS}{query}"), None)
                .await;
            let scripts = result(&answer).as_array().unwrap();
            let names: Vec<_> = scripts
                .iter()
                .map(|one| one["id"].as_str().unwrap())
                .collect();
            assert_eq!(names, expected, "{query}");
        }
    }
}
