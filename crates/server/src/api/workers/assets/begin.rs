//! `POST …/assets-upload-session`: begins an upload.

use std::collections::BTreeMap;

use axum::extract::{FromRequest, Path, Request, State};
use coffer_engine::{AssetUpload, DeployWorkers, ManifestEntry, NewManifest, Permit};
use coffer_types::limits::MAX_ASSET_MANIFEST_BYTES;
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::body::{FromBody, Json, read};
use crate::api::error::{ApiError, ApiResult};
use crate::api::permitted::Permitted;
use crate::api::workers::fields::ScriptPath;
use crate::app::App;

#[derive(Debug, Deserialize)]
struct Fields {
    manifest: BTreeMap<String, ManifestEntry>,
}

/// A permitted request with a manifest, which may be larger than other JSON bodies.
#[derive(Debug)]
pub(super) struct Begin {
    permit: Permit<DeployWorkers>,
    manifest: BTreeMap<String, ManifestEntry>,
}

impl FromRequest<App> for Begin {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        use axum::extract::FromRequestParts;
        let (mut parts, body) = request.into_parts();
        let Permitted(permit) = Permitted::from_request_parts(&mut parts, app).await?;
        let bytes = read(body, MAX_ASSET_MANIFEST_BYTES, app.body_idle).await?;
        let Json(Fields { manifest }) = Json::from_body(&bytes)?;
        Ok(Self { permit, manifest })
    }
}

pub(super) async fn begin(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    Begin { permit, manifest }: Begin,
) -> ApiResult<Answer<AssetUpload>> {
    let name = path.new_name()?;
    let manifest = NewManifest::new(manifest)?;
    let begun = app
        .engine
        .begin_asset_upload(&permit, name, manifest)
        .await?;
    Ok(Answer::ok(begun))
}
