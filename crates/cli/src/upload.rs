//! A version on its way to a server, or to the project's own Coffer: code, bindings and static files as one form.

pub(crate) mod assets;
mod bindings;
pub(crate) mod pages;

pub(crate) use bindings::{Binding, BindingKind, of_config};

use std::collections::BTreeMap;

use coffer_types::Format;
use coffer_wrangler_config::{Config, Json};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::api::{Body, Form, Part};
use crate::bundle::Bundled;
use crate::failure::Failure;
use crate::random;
use assets::UploadedAssets;

/// Kinds of bindings that outlive a deploy which does not name them: secrets are set apart from the code.
const SECRETS: [&str; 2] = ["secret_text", "secret_key"];
/// Those that do if variables are kept, too.
const VARIABLES: [&str; 2] = ["plain_text", "json"];

/// What a version is made of.
pub(crate) struct Upload<'a> {
    /// Its code; `None` for static files alone.
    pub(crate) bundled: Option<Bundled>,
    /// What `env` holds.
    pub(crate) bindings: Vec<Binding>,
    /// What else its configuration says.
    pub(crate) config: Option<&'a Config>,
    /// Its static files.
    pub(crate) assets: Option<UploadedAssets>,
    /// What people say of it: `workers/message` and the like.
    pub(crate) annotations: BTreeMap<&'static str, String>,
    /// Whether variables and secrets that are there already, and are not named here, stay.
    pub(crate) keeps: Keeps,
}

/// What of the bindings that are there already stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// Nothing: what is named is all there is.
    Nothing,
    /// Secrets.
    Secrets,
    /// Secrets and variables.
    SecretsAndVariables,
}

#[derive(Serialize)]
struct Metadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    main_module: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_part: Option<&'a str>,
    bindings: &'a [Binding],
    keep_bindings: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compatibility_date: Option<&'a str>,
    compatibility_flags: &'a [String],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: &'a BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<&'a Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    placement: Option<&'a Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assets: Option<&'a UploadedAssets>,
}

impl Upload<'_> {
    /// The form that the API takes.
    ///
    /// # Errors
    /// If a file that is bound cannot be read.
    pub(crate) fn body(self) -> Result<Body, Failure> {
        let mut form = Form::default();
        let main = self.bundled.as_ref().and_then(|bundled| {
            let name = bundled.modules.first()?.name.as_str();
            Some((name, bundled.format))
        });
        let config = self.config;
        let metadata = Metadata {
            main_module: main
                .and_then(|(name, format)| (format == Format::Modules).then_some(name)),
            body_part: main
                .and_then(|(name, format)| (format == Format::ServiceWorker).then_some(name)),
            bindings: &self.bindings,
            keep_bindings: self.keeps.kinds(),
            compatibility_date: config.and_then(|config| config.compatibility_date.as_deref()),
            compatibility_flags: config.map_or(&[], |config| &config.compatibility_flags),
            annotations: &self.annotations,
            limits: config.and_then(|config| config.limits.as_ref()),
            placement: config.and_then(|config| config.placement.as_ref()),
            assets: self.assets.as_ref(),
        };
        form.add(Part {
            name: "metadata".to_owned(),
            file_name: None,
            content_type: Some("application/json".to_owned()),
            content: Zeroizing::new(json_bytes(&metadata)),
        });
        for part in bindings::parts(&self.bindings)? {
            form.add(part);
        }
        for module in self
            .bundled
            .map(|bundled| bundled.modules)
            .unwrap_or_default()
        {
            form.add(Part {
                name: module.name.clone(),
                file_name: Some(module.name),
                content_type: Some(module.kind.media_type().to_owned()),
                content: Zeroizing::new(module.content),
            });
        }
        Ok(form.body(&random::boundary()))
    }
}

impl Keeps {
    fn kinds(self) -> Vec<&'static str> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Secrets => SECRETS.into(),
            Self::SecretsAndVariables => [VARIABLES, SECRETS].concat(),
        }
    }
}

/// The bytes of JSON that holds values, in one buffer.
fn json_bytes(value: &impl Serialize) -> Vec<u8> {
    Body::json(value).bytes().to_vec()
}
