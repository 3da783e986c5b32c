//! Fields that several requests of this area share, parsed into types that cannot be wrong.

use std::collections::BTreeMap;

use coffer_engine::{
    Error, Missing, NewPagesVariable, PagesConfigurationChanges, Problem, SecretValue,
};
use coffer_types::limits::{MAX_COMMENT_BYTES, MAX_JSON_BODY_BYTES};
use coffer_types::{BindingName, PagesBranch, PagesEnvironment, PagesProjectName};
use serde::Deserialize;
use serde_json::Value;

/// What deployments know under the name that their code has for static files.
const RESERVED: &str = "ASSETS";

/// The kinds of binding that the API knows in Pages and Coffer does not run.
const BINDING_KINDS: [&str; 12] = [
    "ai_bindings",
    "analytics_engine_datasets",
    "browsers",
    "d1_databases",
    "durable_object_namespaces",
    "hyperdrive_bindings",
    "kv_namespaces",
    "mtls_certificates",
    "queue_producers",
    "r2_buckets",
    "services",
    "vectorize_bindings",
];

/// The project of a path.
#[derive(Debug, Deserialize)]
pub(super) struct ProjectPath {
    project_name: String,
}

impl ProjectPath {
    /// The project's name; a text that is none names no project.
    pub(super) fn name(&self) -> Result<PagesProjectName, Error> {
        project_name(&self.project_name)
    }
}

/// A project's name in a path; a text that is none names no project.
pub(super) fn project_name(text: &str) -> Result<PagesProjectName, Error> {
    text.parse().map_err(|_| Missing::PagesProject.into())
}

/// A branch.
pub(super) fn branch(text: &str) -> Result<PagesBranch, Error> {
    text.parse()
        .map_err(|error| Error::invalid("/production_branch", Problem::PagesBranch(error)))
}

/// The configurations of a request, by environment.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ConfigurationsFields {
    production: Option<ConfigurationFields>,
    preview: Option<ConfigurationFields>,
    #[serde(flatten)]
    unknown: BTreeMap<String, serde::de::IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ConfigurationFields {
    env_vars: Option<BTreeMap<String, Option<VariableFields>>>,
    compatibility_date: Option<String>,
    compatibility_flags: Option<Vec<String>>,
    fail_open: Option<bool>,
    always_use_latest_compatibility_date: Option<bool>,
    build_image_major_version: Option<u32>,
    wrangler_config_hash: Option<String>,
    limits: Option<Value>,
    placement: Option<Value>,
    #[allow(
        dead_code,
        reason = "there is only one usage model; what a client says of it is passed over"
    )]
    usage_model: Option<serde::de::IgnoredAny>,
    #[serde(flatten)]
    others: BTreeMap<String, Given>,
}

/// A part that Coffer does not know: whether it asks for anything.
#[derive(Debug)]
struct Given(bool);

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let nothing = match Value::deserialize(deserializer)? {
            Value::Null => true,
            Value::Object(members) => members.values().all(Value::is_null),
            Value::Array(items) => items.is_empty(),
            _ => false,
        };
        Ok(Self(!nothing))
    }
}

#[derive(Debug, Deserialize)]
struct VariableFields {
    #[serde(rename = "type")]
    kind: Option<String>,
    value: Option<SecretValue>,
}

impl ConfigurationsFields {
    /// The changes to production and to previews.
    pub(super) fn parse(
        self,
    ) -> Result<(PagesConfigurationChanges, PagesConfigurationChanges), Error> {
        // What it is called is not quoted: it may be a value in the wrong place.
        if !self.unknown.is_empty() {
            let rule = "an environment is production or preview: leave others out".to_owned();
            return Err(Error::invalid("/deployment_configs", Problem::Pages(rule)));
        }
        let parse = |environment, fields: Option<ConfigurationFields>| {
            fields.unwrap_or_default().parse(environment)
        };
        Ok((
            parse(PagesEnvironment::Production, self.production)?,
            parse(PagesEnvironment::Preview, self.preview)?,
        ))
    }
}

impl ConfigurationFields {
    fn parse(self, environment: PagesEnvironment) -> Result<PagesConfigurationChanges, Error> {
        let at = format!("/deployment_configs/{environment}");
        if let Some((kind, _)) = self.others.iter().find(|(_, given)| given.0) {
            let known = BINDING_KINDS.contains(&kind.as_str());
            let kind = if known {
                kind
            } else {
                "what is none of its parts"
            };
            let rule = format!("Coffer does not run {kind} in Pages: leave it out");
            return Err(Error::invalid(at, Problem::Pages(rule)));
        }
        for (name, value) in [("limits", &self.limits), ("placement", &self.placement)] {
            check_small(&at, name, value.as_ref())?;
        }
        if self
            .wrangler_config_hash
            .as_ref()
            .is_some_and(|hash| hash.len() > MAX_COMMENT_BYTES)
        {
            let rule = format!("wrangler_config_hash must be at most {MAX_COMMENT_BYTES} bytes");
            return Err(Error::invalid(at, Problem::Pages(rule)));
        }
        let variables = self.env_vars.unwrap_or_default().into_iter();
        let variables = variables
            .map(|(name, fields)| variable(&at, &name, fields))
            .collect::<Result<_, _>>()?;
        Ok(PagesConfigurationChanges {
            variables,
            compatibility_date: self.compatibility_date.filter(|date| !date.is_empty()),
            compatibility_flags: self.compatibility_flags,
            fail_open: self.fail_open,
            always_use_latest_compatibility_date: self.always_use_latest_compatibility_date,
            build_image_major_version: self.build_image_major_version,
            wrangler_config_hash: self.wrangler_config_hash,
            limits: self.limits,
            placement: self.placement,
        })
    }
}

fn variable(
    at: &str,
    text: &str,
    fields: Option<VariableFields>,
) -> Result<(BindingName, Option<NewPagesVariable>), Error> {
    let refused = |rule: String| Error::invalid(format!("{at}/env_vars"), Problem::Pages(rule));
    // A text that is no name is not quoted: it may be a value in the wrong place.
    let name: BindingName = text
        .parse()
        .map_err(|error| refused(format!("the name of a variable {error}")))?;
    if text == RESERVED {
        let rule = format!("{RESERVED} is the name of the static files: choose another");
        return Err(refused(rule));
    }
    let Some(fields) = fields else {
        return Ok((name, None));
    };
    let variable = match (fields.kind.as_deref(), fields.value) {
        (None | Some("plain_text"), Some(value)) => {
            NewPagesVariable::PlainText(value.expose_secret().to_owned())
        }
        (None | Some("plain_text"), None) => {
            return Err(refused(format!("give the variable {name} a value")));
        }
        // As it is read: a secret comes back without its value.
        (Some("secret_text"), None) => NewPagesVariable::KeptSecret,
        (Some("secret_text"), Some(value)) if value.is_empty() => NewPagesVariable::KeptSecret,
        (Some("secret_text"), Some(value)) => NewPagesVariable::Secret(value),
        (Some(_), _) => {
            let rule = format!("the type of {name} must be plain_text or secret_text");
            return Err(refused(rule));
        }
    };
    Ok((name, Some(variable)))
}

/// Settings that are only kept must be small.
pub(super) fn check_small(at: &str, name: &str, value: Option<&Value>) -> Result<(), Error> {
    const MOST: usize = MAX_JSON_BODY_BYTES / 64;
    if value.is_some_and(|value| value.to_string().len() > MOST) {
        let rule = format!("{name} must be at most {MOST} bytes of JSON");
        return Err(Error::invalid(format!("{at}/{name}"), Problem::Pages(rule)));
    }
    Ok(())
}
