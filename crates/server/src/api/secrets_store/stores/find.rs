//! `GET …/stores/{store_id}`.

use axum::extract::{Path, State};
use coffer_engine::ViewSecrets;
use coffer_protocol::secrets_store::Store;

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::permitted::Permitted;
use crate::api::secrets_store::fields::StorePath;
use crate::app::App;

/// One store.
pub(in crate::api::secrets_store) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewSecrets>,
    path: Path<StorePath>,
) -> ApiResult<Answer<Store>> {
    Ok(Answer::ok(
        app.engine.store(&permit, StorePath::id(&path)?).await?,
    ))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;

    use crate::testing::{TestApp, result};

    #[tokio::test]
    async fn a_store_is_shown_as_it_was_made() {
        let (app, id) = TestApp::with_store().await;
        let stores = "/accounts/{account_id}/secrets_store/stores";
        let shown = app
            .request(Method::GET, &format!("{stores}/{id}"), None)
            .await;
        let listed = app.request(Method::GET, stores, None).await;
        assert_eq!(result(&shown), &result(&listed)[0]);
        assert_eq!(result(&shown)["id"], id.as_str());
        assert_eq!(result(&shown)["name"], "dev");
    }
}
