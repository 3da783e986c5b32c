//! An upload of code and nothing else.

use axum::http::HeaderMap;
use coffer_engine::{Code, Error, Problem};
use coffer_types::limits::MAX_JSON_BODY_BYTES;
use serde_json::{Map, Value};

use super::form::{Form, refused};
use super::metadata::{Entry, code};
use super::{brackets, modules};
use crate::api::body::{FromBody, Json};
use crate::api::error::{ApiError, ApiResult};
use crate::api::workers::fields::shown;

/// What names the main module, in the metadata and, instead of it, in a header.
const MAIN_MODULE: (&str, &str) = ("main_module", "cf-worker-main-module-part");
/// The same of a script that listens for requests.
const BODY_PART: (&str, &str) = ("body_part", "cf-worker-body-part");

/// The code that an upload has.
///
/// # Errors
/// [`Error::Invalid`] for metadata that is missing, is no JSON or names more than the code, and for parts that are no
/// modules.
pub(in crate::api::workers) fn parse_code(mut form: Form, headers: &HeaderMap) -> ApiResult<Code> {
    let metadata = metadata(&mut form)?;
    let named = |(field, header): (&str, &str)| -> ApiResult<Option<String>> {
        match metadata.get(field) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => return Ok(Some(text.clone())),
            Some(_) => {
                let problem = Problem::Upload(format!("{field} must be a text"));
                return Err(Error::invalid(format!("/{field}"), problem).into());
            }
        }
        let value = headers.get(header).and_then(|value| value.to_str().ok());
        Ok(value.map(str::to_owned))
    };
    let (main_module, body_part) = (named(MAIN_MODULE)?, named(BODY_PART)?);
    check_only_code(&metadata)?;
    let entry = Entry {
        main_module: main_module.as_deref(),
        body_part: body_part.as_deref(),
        may_lack: false,
    };
    let found = code(&entry, |naming| modules::parse(form.parts, naming))?;
    found.ok_or_else(|| refused("the upload has no code"))
}

fn metadata(form: &mut Form) -> ApiResult<Map<String, Value>> {
    let fields = match brackets::take(form, "metadata")? {
        Some(Value::Object(fields)) => fields,
        Some(_) => Map::new(),
        None => match form.take("metadata") {
            Some(part) if part.content.len() > MAX_JSON_BODY_BYTES => {
                return Err(ApiError::BodyTooLarge(MAX_JSON_BODY_BYTES));
            }
            Some(part) => Json::from_body(&part.content)?.0,
            None => Map::new(),
        },
    };
    Ok(fields)
}

/// What would be accepted without effect is refused.
fn check_only_code(metadata: &Map<String, Value>) -> Result<(), Error> {
    let is_code = |name: &str| [MAIN_MODULE.0, BODY_PART.0].contains(&name);
    let other = metadata
        .iter()
        .find(|(name, value)| !is_code(name) && !value.is_null());
    match other {
        None => Ok(()),
        Some((name, _)) => {
            let rule = format!(
                "{} is not changed with the code alone: leave it out, or upload the whole script",
                shown(name)
            );
            Err(Error::invalid("/metadata", Problem::Upload(rule)))
        }
    }
}
