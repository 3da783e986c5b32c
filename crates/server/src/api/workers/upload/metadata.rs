//! The metadata of an upload.

use std::collections::BTreeMap;

use coffer_engine::{Code, Compatibility, Error, NewVersion, Problem, Upload};
use coffer_types::limits::MAX_JSON_BODY_BYTES;
use serde::Deserialize;
use serde_json::Value;

use super::form::{Form, Part, refused};
use super::modules;
use crate::api::body::{FromBody, Json};
use crate::api::error::{ApiError, ApiResult};
use crate::api::workers::fields::{
    Bare, BindingFields, ScriptSettingsFields, annotations, bindings,
};

#[derive(Debug, Deserialize)]
struct Metadata {
    main_module: Option<String>,
    body_part: Option<String>,
    bindings: Option<Vec<BindingFields>>,
    keep_bindings: Option<Vec<String>>,
    compatibility_date: Option<String>,
    compatibility_flags: Option<Vec<String>>,
    annotations: Option<BTreeMap<String, String>>,
    limits: Option<Value>,
    placement: Option<Value>,
    assets: Option<Value>,
    keep_assets: Option<bool>,
    migrations: Option<Value>,
    containers: Option<Value>,
    exports: Option<Value>,
    #[serde(flatten)]
    settings: ScriptSettingsFields,
}

/// What an upload asks for.
///
/// # Errors
/// [`Error::Invalid`] for metadata that is missing, is no JSON or asks for what Coffer does not run, and for
/// parts that are no modules.
pub(in crate::api::workers) fn parse(
    mut form: Form,
    strict_inheritance: bool,
) -> ApiResult<Upload> {
    let part = form
        .take("metadata")
        .ok_or_else(|| refused("the upload has no part named metadata"))?;
    let metadata = read(&part)?;
    check_offered(&metadata)?;
    let main_module = metadata.main_module.as_deref().ok_or_else(|| {
        let rule = "main_module is missing: name the module whose default export handles requests";
        Error::invalid("/main_module", Problem::Script(rule.to_owned()))
    })?;
    let main_module = modules::module_name(main_module)
        .map_err(|problem| Error::invalid("/main_module", problem))?;
    let version = NewVersion {
        code: Code::new(main_module, modules::parse(form.parts)?)?,
        bindings: bindings(metadata.bindings.unwrap_or_default(), Bare::Refused)?,
        keep_bindings: metadata.keep_bindings.unwrap_or_default(),
        strict_inheritance,
        compatibility: Compatibility::parse(
            metadata.compatibility_date,
            metadata.compatibility_flags.unwrap_or_default(),
        )?,
        annotations: annotations(metadata.annotations)?,
        limits: metadata.limits,
        placement: metadata.placement,
    };
    Ok(Upload {
        version,
        settings: metadata.settings.into(),
    })
}

fn read(part: &Part) -> ApiResult<Metadata> {
    if part.content.len() > MAX_JSON_BODY_BYTES {
        return Err(ApiError::BodyTooLarge(MAX_JSON_BODY_BYTES));
    }
    let Json(metadata) = Json::from_body(&part.content)?;
    Ok(metadata)
}

/// Refuses what would be accepted without effect.
fn check_offered(metadata: &Metadata) -> Result<(), Error> {
    let asked = |value: &Option<Value>| match value {
        None | Some(Value::Null) => false,
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(fields)) => !fields.is_empty(),
        Some(_) => true,
    };
    let refusal = if metadata.body_part.is_some() {
        "the service-worker format (body_part) is not supported by Coffer: export default { fetch } from a module"
    } else if asked(&metadata.assets) || metadata.keep_assets == Some(true) {
        "static assets are not supported by Coffer"
    } else if asked(&metadata.migrations) || asked(&metadata.exports) {
        "Durable Objects are not supported by Coffer"
    } else if asked(&metadata.containers) {
        "containers are not supported by Coffer"
    } else {
        return Ok(());
    };
    Err(Error::invalid("", Problem::Script(refusal.to_owned())))
}
