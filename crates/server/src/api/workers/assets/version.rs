//! The assets of a version in the metadata of its upload.

use coffer_engine::{Error, NewAssets, Problem};
use coffer_types::AssetsConfig;
use coffer_types::assets::RunWorkerFirst;
use serde::Deserialize;
use serde_json::Value;

/// `assets` in the metadata of an upload.
#[derive(Debug, Deserialize)]
pub(in crate::api::workers) struct AssetFields {
    jwt: Option<String>,
    config: Option<Value>,
}

impl AssetFields {
    /// What the metadata asks for with `assets` and `keep_assets`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a configuration that is none.
    pub(in crate::api::workers) fn parse(
        fields: Option<Self>,
        keep: Option<bool>,
    ) -> Result<Option<NewAssets>, Error> {
        let keep = keep.unwrap_or_default();
        let Some(fields) = fields else {
            return Ok(keep.then_some(NewAssets::Kept));
        };
        let configured = fields.config.is_some();
        let config = config(fields.config)?;
        Ok(match fields.jwt {
            Some(jwt) => Some(NewAssets::Uploaded { jwt, config }),
            None if configured && keep => Some(NewAssets::Configured(config)),
            None if keep => Some(NewAssets::Kept),
            None => {
                let rule = "assets need the token of an upload, or keep_assets";
                let problem = Problem::Upload(rule.to_owned());
                return Err(Error::invalid("/assets/jwt", problem));
            }
        })
    }
}

fn config(given: Option<Value>) -> Result<AssetsConfig, Error> {
    let Some(given) = given else {
        return Ok(AssetsConfig::default());
    };
    // What older clients say instead of `run_worker_first`.
    let serve_directly = given.get("serve_directly").and_then(Value::as_bool);
    let mut config: AssetsConfig = serde_json::from_value(given).map_err(|error| {
        let rule = format!("the configuration of assets is not understood: {error}");
        Error::invalid("/assets/config", Problem::Upload(rule))
    })?;
    if serve_directly == Some(false) && config.run_worker_first == RunWorkerFirst::default() {
        config.run_worker_first = RunWorkerFirst::Always(true);
    }
    Ok(config)
}
