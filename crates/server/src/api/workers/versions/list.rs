//! `GET …/versions`.

use axum::extract::{Path, State};
use coffer_engine::ViewWorkers;
use coffer_protocol::workers::VersionItems;
use coffer_types::limits::{DEFAULT_VERSIONS_PAGE_SIZE, MAX_PAGE_SIZE};

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::permitted::Permitted;
use crate::api::workers::fields::ScriptPath;
use crate::app::App;

/// A page of a Worker's versions, newest first.
pub(super) async fn list(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    Path(path): Path<ScriptPath>,
    query: Query,
) -> ApiResult<Answer<VersionItems>> {
    let deployable = query.flag("deployable")?;
    let page = query.page(1..=MAX_PAGE_SIZE, DEFAULT_VERSIONS_PAGE_SIZE)?;
    let found = app
        .engine
        .list_versions(&permit, &path.name()?, deployable, page.slice())
        .await?;
    let info = page.info(found.versions.len(), found.total);
    let items = VersionItems {
        items: found.versions,
    };
    Ok(Answer::page(items, info))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::json;

    use crate::api::workers::testing::SCRIPTS;
    use crate::testing::{TestApp, failure, result};

    #[tokio::test]
    async fn pages_end() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        for _ in 0..2 {
            app.upload_version("w", json!([])).await;
        }
        for (query, expected) in [
            ("", vec![3, 2, 1]),
            ("?deployable=true", vec![3, 2, 1]),
            ("?page=1&per_page=2", vec![3, 2]),
            ("?page=2&per_page=2", vec![1]),
            ("?page=3&per_page=2", vec![]),
            ("?page=2", vec![]),
            ("?deployable=true&page=2", vec![]),
        ] {
            let path = format!("{SCRIPTS}/w/versions{query}");
            let answer = app.request(Method::GET, &path, None).await;
            let items = result(&answer)["items"].as_array().unwrap();
            let numbers: Vec<_> = items
                .iter()
                .map(|one| one["number"].as_u64().unwrap())
                .collect();
            assert_eq!(numbers, expected, "{query}");
            assert_eq!(answer.2["result_info"]["total_count"], 3);
        }
        for query in ["?page=0", "?per_page=101", "?deployable=maybe"] {
            let path = format!("{SCRIPTS}/w/versions{query}");
            assert_eq!(failure(&app.request(Method::GET, &path, None).await).0, 400);
        }
    }

    #[tokio::test]
    async fn one_version_is_found_in_its_worker_only() {
        let app = TestApp::new().await;
        let version = app.upload("w", json!([])).await;
        app.upload("other", json!([])).await;
        let find = async |worker: &str, id: &str| {
            let path = format!("{SCRIPTS}/{worker}/versions/{id}");
            app.request(Method::GET, &path, None).await
        };
        assert_eq!(result(&find("w", &version).await)["id"], version);
        let unknown = "c5e9c03c-4448-49b4-a1b1-b19bf4cd2241";
        for (worker, id, code) in [
            ("other", version.as_str(), "100146 "),
            ("w", unknown, "100146 "),
            ("w", "nonsense", "100146 "),
            ("nope", version.as_str(), "10007 "),
            ("nope", "nonsense", "10007 "),
        ] {
            let (status, errors) = failure(&find(worker, id).await);
            assert_eq!(status, 404);
            assert!(errors[0].starts_with(code), "{errors:?}");
        }
    }
}
