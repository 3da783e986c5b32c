//! The static assets of one version, ready to be served.

use coffer_protocol::feed::VersionRecord;
use coffer_types::assets::{NotFoundHandling, RunWorkerFirst};
use coffer_types::{AssetManifest, Assets};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use std::sync::Arc;

use super::files::{Contents, File};
use super::glob::Glob;
use super::headers::HeaderRules;
use super::path;
use super::redirects::{Redirect, Redirects};
use super::routes::Routes;
use super::table::{Lead, Table};

/// The date from which navigation prefers assets to code, and the flags that say so or not.
const NAVIGATION_DATE: &str = "2025-04-01";
const NAVIGATION_PREFERS_ASSETS: &str = "assets_navigation_prefers_asset_serving";
const NAVIGATION_HAS_NO_EFFECT: &str = "assets_navigation_has_no_effect";

/// What is known of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'r> {
    pub(crate) method: &'r Method,
    /// The host name without a port.
    pub(crate) host: &'r str,
    /// The target in origin form.
    pub(crate) target: &'r PathAndQuery,
    pub(crate) headers: &'r HeaderMap,
}

/// What answers a request.
#[derive(Debug)]
pub(super) enum Found<'s> {
    /// A file; whether it stands for something that is not there.
    File(&'s ServedFile, StatusCode),
    /// The client is sent elsewhere.
    Elsewhere(StatusCode, String),
    /// The file has no such method.
    NoMethod,
    /// Nothing is there.
    Nothing,
}

/// A file with what is always said of it.
#[derive(Debug)]
pub(super) struct ServedFile {
    pub(super) file: File,
    pub(super) tag: HeaderValue,
    pub(super) content_type: Option<HeaderValue>,
}

/// What a site belongs to: the two differ in what is said of files and in which requests are for code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SiteKind {
    /// A version of a Worker.
    Worker,
    /// A deployment of a Pages project.
    Pages,
}

impl SiteKind {
    /// What a file that was uploaded as of this media type is served as. Clients tell the encoding of a Worker's
    /// texts; that of a Pages project's they leave to the server.
    fn content_type(self, text: &str) -> Option<HeaderValue> {
        if self == Self::Pages && text.starts_with("text/") && !text.contains("charset") {
            return HeaderValue::try_from(format!("{text}; charset=utf-8")).ok();
        }
        HeaderValue::try_from(text).ok()
    }
}

/// The static assets of one version.
#[derive(Debug)]
pub(crate) struct Site {
    files: Vec<ServedFile>,
    table: Table,
    redirects: Redirects,
    pub(super) headers: HeaderRules,
    first: First,
    has_code: bool,
    kind: SiteKind,
    /// Whether a page that a browser opens is an asset's, even one that is not there.
    navigation_prefers_assets: bool,
    has_fallback: bool,
}

/// Which requests go to the code before the files are looked at.
#[derive(Debug)]
enum First {
    Assets,
    Code,
    /// Those of the second list, but for those of the first.
    Matching {
        assets: Vec<Glob>,
        code: Vec<Glob>,
    },
    /// As in `Matching`, but no request of another path is ever for the code.
    Only {
        assets: Vec<Routes>,
        code: Vec<Routes>,
    },
}

impl Site {
    /// The assets of a version.
    pub(super) fn new(
        kind: SiteKind,
        version: &VersionRecord,
        assets: &Assets,
        manifest: &AssetManifest,
        contents: &Arc<Contents>,
    ) -> Self {
        let config = &assets.config;
        let rules = |text: &Option<String>| text.clone().unwrap_or_default();
        Self {
            files: manifest
                .0
                .values()
                .map(|asset| ServedFile {
                    file: File::new(asset, Arc::clone(contents)),
                    tag: tag(&asset.digest.to_string()),
                    content_type: asset
                        .content_type
                        .as_ref()
                        .and_then(|text| kind.content_type(text)),
                })
                .collect(),
            table: Table::new(manifest, config.html_handling, config.not_found_handling),
            redirects: Redirects::parse(&rules(&config.redirects)),
            headers: HeaderRules::parse(&rules(&config.headers)),
            first: First::of(kind, &config.run_worker_first),
            kind,
            has_code: version.main_module.is_some(),
            navigation_prefers_assets: navigation_prefers_assets(version),
            has_fallback: config.not_found_handling != NotFoundHandling::None,
        }
    }

    /// What it belongs to.
    pub(super) const fn kind(&self) -> SiteKind {
        self.kind
    }

    /// Whether there is code beside the files.
    pub(crate) const fn has_code(&self) -> bool {
        self.has_code
    }

    /// What answers a client's request; `None` if the code does.
    pub(super) fn route(&self, asked: &Asked<'_>) -> Option<Found<'_>> {
        if !self.has_code {
            return Some(self.find(asked, true));
        }
        let fallback = match &self.first {
            First::Code => return None,
            First::Only { assets, code } => {
                let raw = asked.target.path();
                let is_in = |routes: &[Routes]| routes.iter().any(|route| route.matches(raw));
                if is_in(code) && !is_in(assets) {
                    return None;
                }
                return Some(self.find(asked, true));
            }
            First::Matching { assets, code } => {
                let raw = asked.target.path();
                if assets.iter().any(|glob| glob.matches(raw)) {
                    return Some(self.find(asked, true));
                }
                if code.iter().any(|glob| glob.matches(raw)) {
                    return None;
                }
                true
            }
            First::Assets => {
                self.has_fallback && self.navigation_prefers_assets && is_navigation(asked.headers)
            }
        };
        match self.find(asked, fallback) {
            Found::Nothing => None,
            found => Some(found),
        }
    }

    /// What answers a request that is for the assets in any case.
    pub(super) fn find(&self, asked: &Asked<'_>, fallback: bool) -> Found<'_> {
        let (raw, query) = (asked.target.path(), asked.target.query());
        let served;
        let asked_path = match self.redirects.find(asked.host, raw, query) {
            None => raw,
            Some(Redirect::Sent(status, target)) => return Found::Elsewhere(status, target),
            Some(Redirect::Served(path)) => {
                served = path;
                &served
            }
        };
        let decoded = path::decode(asked_path);
        let found = match self.table.lead(&decoded) {
            Some(Lead::File(file)) => Some((*file, StatusCode::OK)),
            Some(Lead::Path(to)) => return self.elsewhere(asked, to),
            None if fallback => self.table.fallback(&decoded).map(|(file, missing)| {
                let status = if missing {
                    StatusCode::NOT_FOUND
                } else {
                    StatusCode::OK
                };
                (file, status)
            }),
            None => None,
        };
        let Some((file, status)) =
            found.and_then(|(file, status)| Some((self.files.get(file)?, status)))
        else {
            return Found::Nothing;
        };
        if !is_read(asked.method) {
            return Found::NoMethod;
        }
        if !path::is_plain(asked_path) && path::encode(&decoded) != asked_path {
            return self.elsewhere(asked, &decoded);
        }
        Found::File(file, status)
    }

    fn elsewhere(&self, asked: &Asked<'_>, decoded: &str) -> Found<'_> {
        if !is_read(asked.method) {
            return Found::NoMethod;
        }
        let mut target = path::encode(decoded).into_owned();
        if let Some(query) = asked.target.query() {
            target.push('?');
            target.push_str(query);
        }
        let status = match self.kind {
            SiteKind::Worker => StatusCode::TEMPORARY_REDIRECT,
            SiteKind::Pages => StatusCode::PERMANENT_REDIRECT,
        };
        Found::Elsewhere(status, target)
    }
}

impl First {
    fn of(kind: SiteKind, config: &RunWorkerFirst) -> Self {
        match config {
            RunWorkerFirst::Always(false) => Self::Assets,
            RunWorkerFirst::Always(true) => Self::Code,
            RunWorkerFirst::Paths(patterns) => {
                let excluded = || {
                    patterns
                        .iter()
                        .filter_map(|pattern| pattern.strip_prefix('!'))
                };
                let named = || patterns.iter().filter(|pattern| !pattern.starts_with('!'));
                match kind {
                    SiteKind::Worker => Self::Matching {
                        assets: excluded().map(Glob::new).collect(),
                        code: named().map(|pattern| Glob::new(pattern)).collect(),
                    },
                    SiteKind::Pages => Self::Only {
                        assets: excluded().map(Routes::new).collect(),
                        code: named().map(|pattern| Routes::new(pattern)).collect(),
                    },
                }
            }
        }
    }
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Whether a browser asks for a page to be opened.
fn is_navigation(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-mode")
        .is_some_and(|mode| mode.as_bytes() == b"navigate")
}

fn navigation_prefers_assets(version: &VersionRecord) -> bool {
    let flags = &version.compatibility_flags;
    if flags.iter().any(|flag| flag == NAVIGATION_HAS_NO_EFFECT) {
        return false;
    }
    version.compatibility_date.as_str() >= NAVIGATION_DATE
        || flags.iter().any(|flag| flag == NAVIGATION_PREFERS_ASSETS)
}

fn tag(digest: &str) -> HeaderValue {
    // Hexadecimal digits in quotes are always a header's value.
    HeaderValue::try_from(format!("\"{digest}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Whether a client has this content already (RFC 9110, section 13.1.2).
pub(super) fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let stated = headers.get_all(header::IF_NONE_MATCH).iter();
    let texts = stated.filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).any(|one| {
        let one = one.trim();
        one == "*" || one.strip_prefix("W/").unwrap_or(one).as_bytes() == tag.as_bytes()
    })
}
