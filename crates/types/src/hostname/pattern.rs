//! Patterns of routes: a host or the hosts of a domain, and a path or what begins like it.

use std::cmp::Reverse;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Hostname, InvalidHostname};
use crate::limits::MAX_ROUTE_PATTERN_BYTES;

/// Which hosts a route is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPattern {
    /// One.
    One(Hostname),
    /// All below a name, as in `*.example.com`.
    Below(Hostname),
    /// A name and all below it, as in `*example.com`.
    AtAndBelow(Hostname),
}

impl HostPattern {
    /// The name without its wildcard.
    pub const fn base(&self) -> &Hostname {
        match self {
            Self::One(base) | Self::Below(base) | Self::AtAndBelow(base) => base,
        }
    }

    /// Whether it has a wildcard.
    pub const fn is_wildcard(&self) -> bool {
        !matches!(self, Self::One(_))
    }

    /// Whether it is about this host, which is lower-case.
    pub fn matches(&self, host: &str) -> bool {
        let base = self.base().as_str();
        match self {
            Self::One(_) => host == base,
            Self::Below(_) => host != base && super::is_at_or_below(host, base),
            Self::AtAndBelow(_) => super::is_at_or_below(host, base),
        }
    }

    const fn wildcard(&self) -> &'static str {
        match self {
            Self::One(_) => "",
            Self::Below(_) => "*.",
            Self::AtAndBelow(_) => "*",
        }
    }
}

/// The pattern of a route, as in `shop.example.com/cart/*`: a host that may begin with a wildcard, and a path that
/// may end with one. Without a path it is the root alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoutePattern {
    host: HostPattern,
    // With its slash in front and without its wildcard.
    path: String,
    any_suffix: bool,
}

/// Why a text is no pattern. None repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    /// Too long.
    #[error("may have at most {MAX_ROUTE_PATTERN_BYTES} bytes")]
    TooLong,
    /// Every host there is.
    #[error("must name a host: a pattern for every host would take what belongs to others")]
    EveryHost,
    /// A wildcard between other characters.
    #[error(
        "may have a * only where its host begins and where its path ends, as in *.example.com/shop/*"
    )]
    Infix,
    /// A query or a fragment.
    #[error("must come without a query: end it with * to match any")]
    Query,
    /// A path of other characters.
    #[error("must have a path of visible ASCII characters, percent-encoded where it has others")]
    Path,
    /// A path that no request has once it is resolved.
    #[error("must have a path without . and .. between its slashes")]
    Dots,
    /// A host that is none.
    #[error("must name a host, which {0}")]
    Host(InvalidHostname),
}

impl RoutePattern {
    /// Its hosts.
    pub const fn host(&self) -> &HostPattern {
        &self.host
    }

    /// Its path, without the wildcard at the end.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether this is the path, or begins like it if the pattern ends with a wildcard. `target` is a resolved path
    /// with its query: a pattern without a wildcard matches no request with a query.
    pub fn matches_target(&self, target: &str) -> bool {
        if self.any_suffix {
            target.starts_with(&self.path)
        } else {
            target == self.path
        }
    }

    /// Sorts the paths of one host: what is more specific comes first.
    pub fn path_order(&self) -> impl Ord + use<> {
        (self.any_suffix, Reverse(self.path.len()))
    }
}

impl FromStr for RoutePattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        if text.len() > MAX_ROUTE_PATTERN_BYTES {
            return Err(InvalidPattern::TooLong);
        }
        if text.contains("://") {
            return Err(InvalidPattern::Host(InvalidHostname::Scheme));
        }
        if text.contains(['?', '#']) {
            return Err(InvalidPattern::Query);
        }
        let (host, path) = match text.find('/') {
            Some(end) => text.split_at(end),
            None => (text, "/"),
        };
        let (path, any_suffix) = match path.strip_suffix('*') {
            Some(path) => (path, true),
            None => (path, false),
        };
        if path.contains('*') {
            return Err(InvalidPattern::Infix);
        }
        check_path(path)?;
        Ok(Self {
            host: host_pattern(host)?,
            path: path.to_owned(),
            any_suffix,
        })
    }
}

fn host_pattern(text: &str) -> Result<HostPattern, InvalidPattern> {
    if matches!(text, "*" | "*.") {
        return Err(InvalidPattern::EveryHost);
    }
    let (base, made): (_, fn(Hostname) -> HostPattern) = if let Some(base) = text.strip_prefix("*.")
    {
        (base, HostPattern::Below)
    } else if let Some(base) = text.strip_prefix('*') {
        (base, HostPattern::AtAndBelow)
    } else {
        (text, HostPattern::One)
    };
    match base.parse() {
        Ok(base) => Ok(made(base)),
        Err(InvalidHostname::Wildcard) => Err(InvalidPattern::Infix),
        Err(error) => Err(InvalidPattern::Host(error)),
    }
}

fn check_path(path: &str) -> Result<(), InvalidPattern> {
    let visible = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    if !path.bytes().all(visible) {
        return Err(InvalidPattern::Path);
    }
    let is_dots = |segment: &str| matches!(segment, "." | "..");
    if path.split('/').any(is_dots) || path.to_ascii_lowercase().contains("%2e") {
        return Err(InvalidPattern::Dots);
    }
    Ok(())
}

impl fmt::Display for RoutePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (wildcard, base) = (self.host.wildcard(), self.host.base());
        let suffix = if self.any_suffix { "*" } else { "" };
        write!(f, "{wildcard}{base}{}{suffix}", self.path)
    }
}

impl TryFrom<String> for RoutePattern {
    type Error = InvalidPattern;

    fn try_from(text: String) -> Result<Self, InvalidPattern> {
        text.parse()
    }
}

impl From<RoutePattern> for String {
    fn from(pattern: RoutePattern) -> Self {
        pattern.to_string()
    }
}
