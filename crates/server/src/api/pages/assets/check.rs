//! `POST /pages/assets/check-missing` and `POST /pages/assets/upsert-hashes`.

use axum::extract::State;

use super::AboutFiles;
use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::app::App;

/// Those of the hashes whose files are to be sent.
pub(super) async fn missing(
    State(app): State<App>,
    AboutFiles { permit, hashes }: AboutFiles,
) -> ApiResult<Answer<Vec<String>>> {
    Ok(Answer::ok(
        app.engine.missing_pages_assets(&permit, hashes).await?,
    ))
}

/// Finds that the files were sent.
pub(super) async fn sent(
    State(app): State<App>,
    AboutFiles { permit, hashes }: AboutFiles,
) -> ApiResult<Answer<()>> {
    app.engine.known_pages_assets(&permit, hashes).await?;
    Ok(Answer::null())
}
