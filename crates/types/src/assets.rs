//! Static assets of a version: files that are served beside its code.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::module::Digest;

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asset {
    /// The address of its content.
    pub digest: Digest,
    /// Its content's length in bytes.
    pub size: u64,
    /// The media type to serve it as; `None` if the client named none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
}

/// The files of a version by their paths, each of which begins with `/`. Kept as one blob of JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AssetManifest(pub BTreeMap<String, Asset>);

/// What a version has of assets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assets {
    /// The address of the manifest, an [`AssetManifest`] as JSON.
    pub manifest: Digest,
    /// How they are served.
    pub config: AssetsConfig,
}

/// How assets are served.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetsConfig {
    /// How paths of HTML files are written.
    #[serde(default)]
    pub html_handling: HtmlHandling,
    /// What is answered where there is no file and no code.
    #[serde(default)]
    pub not_found_handling: NotFoundHandling,
    /// Which requests go to the code before the files are looked at.
    #[serde(default)]
    pub run_worker_first: RunWorkerFirst,
    /// The text of `_headers`.
    #[serde(default, rename = "_headers", skip_serializing_if = "Option::is_none")]
    pub headers: Option<String>,
    /// The text of `_redirects`.
    #[serde(
        default,
        rename = "_redirects",
        skip_serializing_if = "Option::is_none"
    )]
    pub redirects: Option<String>,
}

/// How paths of HTML files are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HtmlHandling {
    /// Without `.html`; with a slash at the end only for `index.html` of a directory.
    #[default]
    AutoTrailingSlash,
    /// Always with a slash at the end.
    ForceTrailingSlash,
    /// Never with a slash at the end.
    DropTrailingSlash,
    /// As the files are named.
    None,
}

/// What is answered where there is no file and no code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotFoundHandling {
    /// An empty 404.
    #[default]
    None,
    /// The nearest `404.html`, with 404.
    #[serde(rename = "404-page")]
    NotFoundPage,
    /// `/index.html`, with 200.
    SinglePageApplication,
}

/// Which requests go to the code before the files are looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RunWorkerFirst {
    /// All or none.
    Always(bool),
    /// Those whose path matches a pattern, less those that match one that begins with `!`.
    Paths(Vec<String>),
}

impl Default for RunWorkerFirst {
    fn default() -> Self {
        Self::Always(false)
    }
}
