//! `POST /pages/assets/upload`: files with their hashes, as JSON.

use std::fmt;

use axum::body::HttpBody;
use axum::extract::{Request, State};
use coffer_engine::{Error, NewAsset, Problem};
use coffer_types::limits::{MAX_ASSETS_PER_VERSION, MAX_COMMENT_BYTES, MAX_UPLOAD_BYTES};
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::permit;
use crate::api::answer::Answer;
use crate::api::body::{FromBody, Json, read};
use crate::api::error::ApiResult;
use crate::app::App;

#[derive(Deserialize)]
struct FileFields {
    key: String,
    value: String,
    #[serde(default)]
    metadata: Metadata,
    base64: Option<bool>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(rename = "contentType")]
    content_type: Option<String>,
}

/// The files of a request, as many as it may have: a body of tiny ones would take several times its size.
struct AtMost {
    fields: Vec<FileFields>,
    /// Whether the request has no more.
    is_all: bool,
}

impl<'de> Deserialize<'de> for AtMost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(AtMostVisitor)
    }
}

struct AtMostVisitor;

impl<'de> Visitor<'de> for AtMostVisitor {
    type Value = AtMost;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of files")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<AtMost, A::Error> {
        let mut fields = Vec::new();
        while fields.len() < MAX_ASSETS_PER_VERSION {
            match list.next_element()? {
                Some(one) => fields.push(one),
                None => {
                    return Ok(AtMost {
                        fields,
                        is_all: true,
                    });
                }
            }
        }
        let mut is_all = true;
        while list.next_element::<IgnoredAny>()?.is_some() {
            is_all = false;
        }
        Ok(AtMost { fields, is_all })
    }
}

/// What is answered: how many files were kept. One that is wrong is refused with all others.
#[derive(Debug, Serialize)]
pub(super) struct Kept {
    successful_key_count: usize,
    unsuccessful_keys: Vec<String>,
}

pub(super) async fn upload(State(app): State<App>, request: Request) -> ApiResult<Answer<Kept>> {
    let (mut parts, body) = request.into_parts();
    let permit = permit(&mut parts, &app).await?;
    let _room = app.upload_room.take(body.size_hint().upper()).await?;
    let bytes = read(body, MAX_UPLOAD_BYTES, app.body_idle).await?;
    let Json(fields): Json<AtMost> = Json::from_body(&bytes)?;
    drop(bytes);
    let files = files(fields)?;
    let count = app.engine.upload_pages_assets(&permit, files).await?;
    Ok(Answer::ok(Kept {
        successful_key_count: count,
        unsuccessful_keys: Vec::new(),
    }))
}

fn files(AtMost { fields, is_all }: AtMost) -> Result<Vec<NewAsset>, Error> {
    let refused =
        |pointer: String, rule: String| Err(Error::invalid(pointer, Problem::Pages(rule)));
    if !is_all {
        let rule = format!("at most {MAX_ASSETS_PER_VERSION} files per request");
        return refused(String::new(), rule);
    }
    let mut files = Vec::with_capacity(fields.len());
    for (index, file) in fields.into_iter().enumerate() {
        if file.base64 != Some(true) {
            let rule = "send the content in Base64, and say so with \"base64\": true";
            return refused(format!("/{index}/base64"), rule.to_owned());
        }
        let content_type = file.metadata.content_type.filter(|one| !one.is_empty());
        if content_type
            .as_ref()
            .is_some_and(|one| one.len() > MAX_COMMENT_BYTES)
        {
            let rule = format!("a media type has at most {MAX_COMMENT_BYTES} bytes");
            return refused(format!("/{index}/metadata/contentType"), rule);
        }
        files.push(NewAsset {
            hash: file.key,
            base64: file.value.into(),
            content_type,
        });
    }
    Ok(files)
}
