//! What a client says its files are.

use std::collections::{BTreeMap, HashMap};

use coffer_types::limits::{MAX_ASSET_BYTES, MAX_ASSET_PATH_BYTES, MAX_ASSETS_PER_VERSION};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Invalid, Problem, Result};

/// Characters of a hash.
const HASH_CHARS: usize = 32;
/// Problems told of at once.
const MAX_PROBLEMS: usize = 20;

/// A file as the client names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestEntry {
    /// The client's hash: 32 hexadecimal digits.
    pub hash: String,
    /// Its length in bytes.
    pub size: u64,
}

/// Files by their paths, each of which can be served.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NewManifest(BTreeMap<String, ManifestEntry>);

impl NewManifest {
    /// The manifest with these files.
    ///
    /// # Errors
    /// [`Error::Invalid`] that names each path that is none, hash that is none, size over the limit, and hash that
    /// comes with two sizes; or for too many files.
    pub fn new(mut entries: BTreeMap<String, ManifestEntry>) -> Result<Self> {
        if entries.len() > MAX_ASSETS_PER_VERSION {
            let rule = format!(
                "a version has at most {MAX_ASSETS_PER_VERSION} assets, this one would have {}",
                entries.len()
            );
            return Err(Error::invalid("/manifest", Problem::Upload(rule)));
        }
        for entry in entries.values_mut() {
            entry.hash.make_ascii_lowercase();
        }
        let mut sizes: HashMap<&str, u64> = HashMap::new();
        let mut problems = Vec::new();
        for (path, entry) in &entries {
            let known = *sizes.entry(&entry.hash).or_insert(entry.size);
            let rule = path_problem(path).or_else(|| entry.problem()).or_else(|| {
                (known != entry.size)
                    .then(|| "has a hash that another asset has with another size".to_owned())
            });
            if let Some(rule) = rule {
                problems.push(problem(path, &rule));
            }
            if problems.len() == MAX_PROBLEMS {
                break;
            }
        }
        if problems.is_empty() {
            Ok(Self(entries))
        } else {
            Err(Error::Invalid(problems))
        }
    }

    /// The files by their paths.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &ManifestEntry)> {
        self.0.iter().map(|(path, entry)| (path.as_str(), entry))
    }

    /// The hashes of all files.
    pub(super) fn hashes(&self) -> Vec<String> {
        self.0.values().map(|entry| entry.hash.clone()).collect()
    }

    /// How many files there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl ManifestEntry {
    fn problem(&self) -> Option<String> {
        let hexadecimal = self.hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if self.hash.len() != HASH_CHARS || !hexadecimal {
            return Some(format!("needs a hash of {HASH_CHARS} hexadecimal digits"));
        }
        (self.size > MAX_ASSET_BYTES).then(|| {
            format!(
                "is {} bytes, the limit for one asset is {MAX_ASSET_BYTES}",
                self.size
            )
        })
    }
}

/// A problem with the file at this path.
pub(super) fn problem(path: &str, rule: &str) -> Invalid {
    let shown: String = path.chars().take(200).collect();
    let pointer = format!("/manifest/{}", shown.replace('~', "~0").replace('/', "~1"));
    Invalid {
        pointer,
        problem: Problem::Upload(format!("asset {shown:?} {rule}")),
    }
}

/// What is wrong with a path. It is only ever a key, but what a request cannot name or a client would not have read
/// from a directory is a mistake or a trick.
pub(crate) fn path_problem(path: &str) -> Option<String> {
    let rule = if path.len() > MAX_ASSET_PATH_BYTES {
        return Some(format!(
            "has a path of {} bytes, the limit is {MAX_ASSET_PATH_BYTES}",
            path.len()
        ));
    } else if !path.starts_with('/') {
        "has a path that does not begin with /"
    } else if path.contains(['\\', '\0']) || path.chars().any(char::is_control) {
        "has a path with a backslash or a control character"
    } else if path[1..]
        .split('/')
        .any(|segment| matches!(segment, "" | "." | ".."))
    {
        "has a path with an empty segment, . or .."
    } else {
        return None;
    };
    Some(rule.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "6e685e4883fed022eae92500f07d7f39";

    fn manifest(entries: &[(&str, &str, u64)]) -> Result<NewManifest> {
        let entry = |(path, hash, size): &(&str, &str, u64)| {
            let entry = ManifestEntry {
                hash: (*hash).to_owned(),
                size: *size,
            };
            ((*path).to_owned(), entry)
        };
        NewManifest::new(entries.iter().map(entry).collect())
    }

    #[test]
    fn paths_are_such_as_a_request_can_name() {
        for path in ["/a", "/a/b.html", "/ü ñ/..a/b..", "/.well-known/x"] {
            assert!(manifest(&[(path, HASH, 1)]).is_ok(), "{path}");
        }
        let long = format!("/{}", "a".repeat(MAX_ASSET_PATH_BYTES));
        for path in [
            "", "a", "/", "//a", "/a/", "/a//b", "/../a", "/a/..", "/./a", "/a\\b", "/a\0", "/a\n",
            &long,
        ] {
            let refused = manifest(&[(path, HASH, 1)]).unwrap_err();
            let Error::Invalid(problems) = refused else {
                panic!("{refused}");
            };
            assert!(problems[0].pointer.starts_with("/manifest/"), "{path}");
        }
    }

    #[test]
    fn hashes_and_sizes_are_within_their_bounds() {
        assert!(manifest(&[("/a", &HASH.to_uppercase(), MAX_ASSET_BYTES)]).is_ok());
        assert!(manifest(&[("/a", HASH, 1), ("/b", HASH, 1)]).is_ok());
        assert!(manifest(&[("/a", HASH, 1), ("/b", HASH, 2)]).is_err());
        assert!(manifest(&[("/a", HASH, MAX_ASSET_BYTES + 1)]).is_err());
        for hash in ["", "00", "xe685e4883fed022eae92500f07d7f39"] {
            assert!(manifest(&[("/a", hash, 1)]).is_err(), "{hash}");
        }
    }

    #[test]
    fn a_version_has_so_many_assets_and_no_more() {
        let entries = |count: usize| {
            let entry = |index| {
                let entry = ManifestEntry {
                    hash: HASH.to_owned(),
                    size: 1,
                };
                (format!("/{index}"), entry)
            };
            NewManifest::new((0..count).map(entry).collect())
        };
        assert!(entries(MAX_ASSETS_PER_VERSION).is_ok());
        assert!(entries(MAX_ASSETS_PER_VERSION + 1).is_err());
    }
}
