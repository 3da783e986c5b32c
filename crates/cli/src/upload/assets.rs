//! Static files: found, hashed, and sent where the server has not got them.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_types::limits::{MAX_ASSET_BYTES, MAX_ASSETS_PER_VERSION};
use coffer_wrangler_config::{Assets, HtmlHandling, NotFoundHandling, RunWorkerFirst};
use http::Method;
use ignore::WalkBuilder;
use ignore::overrides::OverrideBuilder;
use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::Zeroizing;

use crate::api::{Answer, Api, Body, Credentials, Form, Part};
use crate::failure::Failure;
use crate::output::Bar;
use crate::random;

/// Files that are not served: what they say is.
const RULES: [&str; 3] = ["/_headers", "/_redirects", "/.assetsignore"];
/// The same of a Pages project, with its code.
const RULES_OF_PAGES: [&str; 7] = [
    "/_headers",
    "/_redirects",
    "/_routes.json",
    "/_worker.js",
    "/.assetsignore",
    "/.DS_Store",
    "/wrangler.toml",
];
/// A file that lists what is not served, as `.gitignore` does.
const IGNORE: &str = ".assetsignore";
/// Characters of a file's hash.
const HASH_CHARS: usize = 32;

/// Files that the server has, and how they are served.
#[derive(Debug, Serialize)]
pub(crate) struct UploadedAssets {
    jwt: String,
    config: AssetsConfig,
}

/// How files are served.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct AssetsConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    html_handling: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_found_handling: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_worker_first: Option<WorkerFirst>,
    #[serde(rename = "_headers", skip_serializing_if = "Option::is_none")]
    headers: Option<String>,
    #[serde(rename = "_redirects", skip_serializing_if = "Option::is_none")]
    redirects: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum WorkerFirst {
    Always(bool),
    Paths(Vec<String>),
}

/// A directory of static files.
#[derive(Debug)]
pub(crate) struct AssetFiles {
    files: BTreeMap<String, AssetFile>,
    /// A name of each file by its hash.
    names: HashMap<String, String>,
    config: AssetsConfig,
}

#[derive(Debug)]
struct AssetFile {
    path: PathBuf,
    hash: String,
    size: u64,
}

#[derive(Deserialize)]
struct Begun {
    jwt: String,
    buckets: Vec<Vec<String>>,
}

#[derive(Deserialize)]
struct Sent {
    jwt: Option<String>,
}

impl AssetFiles {
    /// The files of a directory, but what its `.assetsignore` names.
    ///
    /// # Errors
    /// For a directory that is none, a file that is too large or cannot be read, and too many of them.
    pub(crate) fn read(directory: &Path, settings: &Assets) -> Result<Self, Failure> {
        let skipped = |name: &str| RULES.contains(&name);
        let files = files(directory, skipped)?;
        if let Some(worker) = files.get("/_worker.js") {
            return Err(Failure::usage(format!(
                "{} would be readable by everyone: name it in {IGNORE} if it is the Worker's code",
                worker.path.display()
            )));
        }
        let rules = |name: &str| fs::read_to_string(directory.join(name)).ok();
        let config = AssetsConfig {
            html_handling: settings.html_handling.map(HtmlHandling::as_str),
            not_found_handling: settings.not_found_handling.map(NotFoundHandling::as_str),
            run_worker_first: settings.run_worker_first.as_ref().map(|first| match first {
                RunWorkerFirst::Always(always) => WorkerFirst::Always(*always),
                RunWorkerFirst::Paths(paths) => WorkerFirst::Paths(paths.clone()),
            }),
            headers: rules("_headers"),
            redirects: rules("_redirects"),
        };
        Ok(Self::new(files, config))
    }

    /// The files of a Pages project's directory, but those that say how it is served and its code.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(crate) fn of_pages(directory: &Path) -> Result<Self, Failure> {
        let skipped = |name: &str| {
            RULES_OF_PAGES.contains(&name)
                || name.starts_with("/_worker.js/")
                || name.starts_with("/functions/")
        };
        Ok(Self::new(
            files(directory, skipped)?,
            AssetsConfig::default(),
        ))
    }

    fn new(files: BTreeMap<String, AssetFile>, config: AssetsConfig) -> Self {
        let names = files.iter();
        let names = names.map(|(name, file)| (file.hash.clone(), name.clone()));
        Self {
            names: names.collect(),
            files,
            config,
        }
    }

    /// The hashes of the files by their paths.
    pub(crate) fn manifest(&self) -> BTreeMap<&str, &str> {
        let files = self.files.iter();
        files
            .map(|(name, file)| (name.as_str(), file.hash.as_str()))
            .collect()
    }

    /// The file with a hash: its media type and its content.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub(crate) fn with_hash(&self, hash: &str) -> Result<(String, Vec<u8>), Failure> {
        let file = self.names.get(hash).and_then(|name| {
            let file = self.files.get(name)?;
            Some((name, file))
        });
        let (name, file) =
            file.ok_or_else(|| Failure::sentence("the server asks for a file that is not here"))?;
        Ok((media_type(name), read(&file.path)?))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// Sends those that the server has not got. `workers_path` is that of the account's Workers.
    ///
    /// # Errors
    /// What the server refuses, and files that changed meanwhile.
    pub(crate) async fn upload(
        self,
        api: &Api,
        workers_path: &str,
        worker: &str,
    ) -> Result<UploadedAssets, Failure> {
        let manifest: BTreeMap<_, _> = self
            .files
            .iter()
            .map(|(name, file)| (name, json!({ "hash": file.hash, "size": file.size })))
            .collect();
        let path = format!(
            "{workers_path}/scripts/{}/assets-upload-session",
            crate::api::segment(worker)
        );
        let body = Body::json(&json!({ "manifest": manifest }));
        let begun: Answer<Begun> = api.write(Method::POST, &path, &[], body).await?;
        let Begun { jwt, buckets } = begun.result;
        let mut done = jwt.clone();
        let total = buckets.iter().map(Vec::len).sum::<usize>();
        let bar = Bar::start("Uploading files", total as u64);
        let token = Credentials::Token(Zeroizing::new(jwt));
        let path = format!("{workers_path}/assets/upload");
        let mut count = 0;
        for bucket in buckets {
            count += bucket.len();
            let body = self.form(&bucket)?;
            let sent: Answer<Sent> = api
                .write_as(&token, Method::POST, &path, &[("base64", "true")], body)
                .await?;
            bar.reach(count as u64);
            done = sent.result.jwt.unwrap_or(done);
        }
        Ok(UploadedAssets {
            jwt: done,
            config: self.config,
        })
    }

    fn form(&self, hashes: &[String]) -> Result<Body, Failure> {
        let mut form = Form::default();
        for hash in hashes {
            let (content_type, content) = self.with_hash(hash)?;
            form.add(Part {
                name: hash.clone(),
                file_name: Some(hash.clone()),
                content_type: Some(content_type),
                content: Zeroizing::new(STANDARD.encode(content).into_bytes()),
            });
        }
        Ok(form.body(&random::boundary()))
    }
}

impl AssetFile {
    fn read(path: PathBuf) -> Result<Self, Failure> {
        let content = read(&path)?;
        let size = content.len() as u64;
        if size > MAX_ASSET_BYTES {
            return Err(Failure::usage(format!(
                "{} has {size} bytes, and a static file at most {MAX_ASSET_BYTES}: name it in {IGNORE}, or keep it \
                 elsewhere",
                path.display()
            )));
        }
        let extension = path
            .extension()
            .and_then(|one| one.to_str())
            .unwrap_or_default();
        // As Wrangler hashes files, so that what it has sent is not sent again.
        let mut hasher = blake3::Hasher::new();
        hasher.update(STANDARD.encode(&content).as_bytes());
        hasher.update(extension.as_bytes());
        let hash = hasher.finalize().to_hex()[..HASH_CHARS].to_owned();
        Ok(Self { path, hash, size })
    }
}

/// The files of a directory by the paths at which they are served.
fn files(
    directory: &Path,
    skipped: impl Fn(&str) -> bool,
) -> Result<BTreeMap<String, AssetFile>, Failure> {
    if !directory.is_dir() {
        return Err(Failure::usage(format!(
            "the directory of static files {} is not there: build it first, or name another",
            directory.display()
        )));
    }
    let mut files = BTreeMap::new();
    for path in paths(directory)? {
        let Some(name) = served_name(directory, &path) else {
            return Err(Failure::usage(format!(
                "the name of {} is not UTF-8",
                path.display()
            )));
        };
        if !skipped(&name) {
            files.insert(name, AssetFile::read(path)?);
        }
    }
    if files.len() > MAX_ASSETS_PER_VERSION {
        return Err(Failure::usage(format!(
            "{} holds {} files, and a version has at most {MAX_ASSETS_PER_VERSION}",
            directory.display(),
            files.len()
        )));
    }
    Ok(files)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path)
        .map_err(|error| Failure::usage(format!("failed to read {}: {error}", path.display())))
}

fn paths(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: ignore::Error| {
        Failure::usage(format!("failed to read {}: {error}", directory.display()))
    };
    // What packages and versioning leave behind is no website, whatever the list says.
    let mut overrides = OverrideBuilder::new(directory);
    for never in ["!node_modules", "!.git", "!.wrangler", "!.coffer"] {
        overrides.add(never).map_err(failed)?;
    }
    let walk = WalkBuilder::new(directory)
        .standard_filters(false)
        .hidden(false)
        .follow_links(true)
        .overrides(overrides.build().map_err(failed)?)
        .add_custom_ignore_filename(IGNORE)
        .sort_by_file_path(Path::cmp)
        .build();
    let mut paths = Vec::new();
    for entry in walk {
        let entry = entry.map_err(failed)?;
        if entry.file_type().is_some_and(|kind| kind.is_file()) {
            paths.push(entry.into_path());
        }
    }
    Ok(paths)
}

/// The path at which a file is served.
fn served_name(directory: &Path, path: &Path) -> Option<String> {
    let below = path.strip_prefix(directory).ok()?;
    let segments: Option<Vec<_>> = below.iter().map(|segment| segment.to_str()).collect();
    Some(format!("/{}", segments?.join("/")))
}

fn media_type(name: &str) -> String {
    let guessed = mime_guess::from_path(name).first();
    let guessed = guessed.map_or_else(
        || "application/octet-stream".to_owned(),
        |one| one.to_string(),
    );
    if guessed.starts_with("text/") {
        format!("{guessed}; charset=utf-8")
    } else {
        guessed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Assets {
        Assets {
            directory: None,
            binding: None,
            html_handling: None,
            not_found_handling: None,
            run_worker_first: None,
        }
    }

    #[test]
    fn files_are_found_but_what_is_ignored_and_what_rules() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("index.html", "<h1>x</h1>\n");
        write("a/b.txt", "text");
        write(".well-known/x", "x");
        write("draft/c.txt", "c");
        write(".assetsignore", "draft\n");
        write("_headers", "/*\n  a: b\n");
        write("node_modules/x.js", "x");
        let found = AssetFiles::read(directory.path(), &settings()).unwrap();
        let names: Vec<_> = found.files.keys().map(String::as_str).collect();
        assert_eq!(names, ["/.well-known/x", "/a/b.txt", "/index.html"]);
        // As Wrangler 4.164 hashes this file, captured.
        assert_eq!(
            found.files["/index.html"].hash,
            "6e685e4883fed022eae92500f07d7f39"
        );
        assert_eq!(found.config.headers.as_deref(), Some("/*\n  a: b\n"));
    }

    #[test]
    fn code_among_files_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("_worker.js"), "").unwrap();
        let message = AssetFiles::read(directory.path(), &settings())
            .unwrap_err()
            .message();
        assert!(message.contains(".assetsignore"), "{message}");
        assert!(AssetFiles::read(&directory.path().join("none"), &settings()).is_err());
    }

    #[test]
    fn texts_say_how_they_are_written() {
        assert_eq!(media_type("/a.html"), "text/html; charset=utf-8");
        assert_eq!(media_type("/a.png"), "image/png");
        assert_eq!(media_type("/a"), "application/octet-stream");
    }
}
