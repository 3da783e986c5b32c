//! The metadata of an upload.

use std::collections::BTreeMap;

use coffer_engine::{Code, Compatibility, Error, NewModule, NewVersion, Problem, Upload};
use coffer_types::limits::MAX_JSON_BODY_BYTES;
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::brackets;
use super::form::{Form, Part, refused};
use super::modules::{self, ModuleFields, Naming, module_name};
use crate::api::body::{FromBody, Json};
use crate::api::error::{ApiError, ApiResult};
use crate::api::workers::assets::AssetFields;
use crate::api::workers::binding::{Bare, BindingFields, bindings};
use crate::api::workers::fields::{ScriptSettingsFields, annotations};

/// What an upload in parts keeps that does not tell what it keeps. Older clients never tell, and count on
/// secrets that were set apart from the code to outlive a deploy of it.
const KEPT_UNASKED: [&str; 2] = ["secret_text", "secret_key"];

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
    assets: Option<AssetFields>,
    keep_assets: Option<bool>,
    migrations: Option<Value>,
    containers: Option<Value>,
    modules: Option<Vec<ModuleFields>>,
    exports: Option<Value>,
    #[serde(flatten)]
    settings: ScriptSettingsFields,
}

/// What an upload asks for.
///
/// # Errors
/// [`Error::Invalid`] for metadata that is missing, is no JSON or asks for what Coffer does not run, and for
/// parts that are no modules.
pub(in crate::api) fn parse(mut form: Form, strict_inheritance: bool) -> ApiResult<Upload> {
    let mut metadata: Metadata = match brackets::take(&mut form, "metadata")? {
        Some(fields) => Json::from_body(&Zeroizing::new(fields.to_string().into_bytes()))?.0,
        None => {
            let part = form.take("metadata");
            read(&part.ok_or_else(|| refused("the upload has no part named metadata"))?)?
        }
    };
    if metadata.modules.is_some() {
        return Err(refused(
            "modules in the metadata are for JSON bodies: send each as a part",
        ));
    }
    metadata
        .keep_bindings
        .get_or_insert_with(|| KEPT_UNASKED.map(str::to_owned).into());
    upload(metadata, strict_inheritance, |naming| {
        modules::parse(form.parts, naming)
    })
}

/// What a version in JSON asks for: its modules are in it.
///
/// # Errors
/// [`Error::Invalid`] as for [`parse`].
pub(in crate::api::workers) fn parse_json(body: &[u8]) -> ApiResult<Upload> {
    let Json(mut metadata): Json<Metadata> = Json::from_body(body)?;
    let given = metadata.modules.take().unwrap_or_default();
    upload(metadata, true, |_| modules::decode(given))
}

fn upload(
    metadata: Metadata,
    strict_inheritance: bool,
    modules: impl FnOnce(Naming) -> Result<Vec<NewModule>, Error>,
) -> ApiResult<Upload> {
    check_offered(&metadata)?;
    let version = NewVersion {
        code: code(
            &Entry {
                main_module: metadata.main_module.as_deref(),
                body_part: metadata.body_part.as_deref(),
                // A version may be nothing but static assets.
                may_lack: metadata.assets.is_some() || metadata.keep_assets == Some(true),
            },
            modules,
        )?,
        assets: AssetFields::parse(metadata.assets, metadata.keep_assets)?,
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

/// Where code begins.
pub(super) struct Entry<'a> {
    pub(super) main_module: Option<&'a str>,
    pub(super) body_part: Option<&'a str>,
    /// Whether there may be no code.
    pub(super) may_lack: bool,
}

/// The code of an upload: modules, or a script and its parts.
pub(super) fn code(
    entry: &Entry<'_>,
    modules: impl FnOnce(Naming) -> Result<Vec<NewModule>, Error>,
) -> Result<Option<Code>, Error> {
    let name = |pointer: &str, text: &str| {
        module_name(text).map_err(|problem| Error::invalid(pointer, problem))
    };
    match (entry.main_module, entry.body_part) {
        (Some(main_module), None) => {
            let main_module = name("/main_module", main_module)?;
            Code::new(main_module, modules(Naming::File)?).map(Some)
        }
        (None, Some(body_part)) => {
            let body_part = name("/body_part", body_part)?;
            Code::service_worker(body_part, modules(Naming::Part)?).map(Some)
        }
        (Some(_), Some(_)) => {
            let rule = "main_module and body_part exclude each other: name the module whose default export handles requests, or the script that listens for them";
            Err(Error::invalid(
                "/body_part",
                Problem::Script(rule.to_owned()),
            ))
        }
        (None, None) if entry.may_lack => Ok(None),
        (None, None) => {
            let rule =
                "main_module is missing: name the module whose default export handles requests";
            Err(Error::invalid(
                "/main_module",
                Problem::Script(rule.to_owned()),
            ))
        }
    }
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
    let refusal = if asked(&metadata.migrations) || asked(&metadata.exports) {
        "Durable Objects are not supported by Coffer"
    } else if asked(&metadata.containers) {
        "containers are not supported by Coffer"
    } else {
        return Ok(());
    };
    Err(Error::invalid("", Problem::Script(refusal.to_owned())))
}
