//! `GET …/tails`.

use axum::extract::{Path, State};
use coffer_engine::TailWorkers;
use coffer_protocol::tail::TailInfo;
use coffer_types::limits::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE};

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::permitted::Permitted;
use crate::api::workers::fields::ScriptPath;
use crate::app::App;

/// A Worker's tails, the oldest first. Their addresses let nobody in.
pub(super) async fn list(
    State(app): State<App>,
    Permitted(permit): Permitted<TailWorkers>,
    Path(path): Path<ScriptPath>,
    query: Query,
) -> ApiResult<Answer<Vec<TailInfo>>> {
    let page = query.page(1..=MAX_PAGE_SIZE, DEFAULT_PAGE_SIZE)?;
    let tails = app.engine.list_tails(&permit, &path.name()?).await?;
    let (tails, info) = page.of(tails);
    let tails = tails.into_iter().map(|tail| TailInfo {
        id: tail.id.to_string(),
        url: app.tail_url(tail.id, None),
        expires_at: tail.expires_at.to_string(),
    });
    Ok(Answer::page(tails.collect(), info))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::json;

    use crate::testing::{TestApp, result, text_at};

    const TAILS: &str = "/accounts/{account_id}/workers/scripts/w/tails";

    #[tokio::test]
    async fn what_lets_in_is_not_told_again() {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        app.upload("other", json!([])).await;
        let mut ids = Vec::new();
        for _ in 0..2 {
            let answer = app.request(Method::POST, TAILS, Some(json!({}))).await;
            ids.push(text_at(result(&answer), "/id"));
            app.clock.advance_micros(1);
        }
        let answer = app.request(Method::GET, TAILS, None).await;
        let listed = result(&answer).as_array().unwrap();
        let listed_ids: Vec<_> = listed.iter().map(|one| text_at(one, "/id")).collect();
        assert_eq!(listed_ids, ids);
        assert_eq!(
            text_at(&listed[0], "/url"),
            format!("ws://localhost:7070/tails/{}", ids[0])
        );
        let second = app
            .request(Method::GET, &format!("{TAILS}?per_page=1&page=2"), None)
            .await;
        assert_eq!(text_at(result(&second), "/0/id"), ids[1]);
        let beyond = app
            .request(Method::GET, &format!("{TAILS}?page=9"), None)
            .await;
        assert_eq!(result(&beyond), &json!([]));
        let path = TAILS.replace("/w/", "/other/");
        let others = app.request(Method::GET, &path, None).await;
        assert_eq!(result(&others), &json!([]));
    }
}
