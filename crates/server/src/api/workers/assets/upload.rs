//! `POST …/workers/assets/upload?base64=true`: sends files of an upload, each in a part named by its hash.

use axum::body::HttpBody;
use axum::extract::{FromRequestParts, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use coffer_engine::{AssetPermit, Error, NewAsset, Problem};
use serde::{Deserialize, Serialize};

use crate::api::answer::Answer;
use crate::api::authentication::Recognised;
use crate::api::error::ApiResult;
use crate::api::permitted::AccountPath;
use crate::api::workers::upload::Form;
use crate::app::App;

/// The media type by which clients say that a file is to be served without one.
const NO_MEDIA_TYPE: &str = "application/null";

#[derive(Debug, Deserialize)]
struct Parameters {
    base64: Option<String>,
}

/// What is answered: the token for the version once all files are there.
#[derive(Debug, Serialize)]
pub(super) struct Sent {
    jwt: Option<String>,
}

pub(super) async fn upload(State(app): State<App>, request: Request) -> ApiResult<Answer<Sent>> {
    let (mut parts, body) = request.into_parts();
    let permit = permit(&mut parts, &app).await?;
    let parameters = Query::<Parameters>::try_from_uri(&parts.uri).ok();
    let base64 = parameters.and_then(|Query(parameters)| parameters.base64);
    if base64.as_deref() != Some("true") {
        let rule = "send files in Base64, and say so with base64=true".to_owned();
        return Err(Error::invalid("base64", Problem::Parameter(rule)).into());
    }
    let content_type = parts.headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let _room = app.upload_room.take(body.size_hint().upper()).await?;
    let form = Form::read(content_type.unwrap_or_default(), body, app.body_idle).await?;
    let files = form.parts.into_iter().map(|part| NewAsset {
        hash: part.name,
        base64: part.content,
        content_type: part.content_type.filter(|one| one != NO_MEDIA_TYPE),
    });
    let jwt = app.engine.upload_assets(&permit, files.collect()).await?;
    let status = if jwt.is_some() {
        StatusCode::CREATED
    } else {
        StatusCode::ACCEPTED
    };
    Ok(Answer::ok(Sent { jwt }).with_status(status))
}

/// The upload that the request's token names. Whoever comes with other credentials is told whether these are good,
/// and that they are not what is asked for.
async fn permit(parts: &mut Parts, app: &App) -> ApiResult<AssetPermit> {
    let account = AccountPath::from_request_parts(parts, app).await;
    let token = parts.headers.get(header::AUTHORIZATION);
    let token = token.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    if let (Ok(AccountPath(account_id)), Some(token)) = (&account, token)
        && let Some(permit) = app.engine.asset_permit(*account_id, token)?
    {
        return Ok(permit);
    }
    let Recognised(_) = Recognised::from_request_parts(parts, app).await?;
    Err(Error::Denied.into())
}
