//! Names of hosts that Workers answer at besides their own, and patterns of routes over such names.

mod pattern;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use pattern::{HostPattern, InvalidPattern, RoutePattern};

/// Bytes in a host name: the limit of the DNS (RFC 1035) as it is written.
const MAX_HOST_BYTES: usize = 253;
/// Bytes between two dots (RFC 1035).
const MAX_LABEL_BYTES: usize = 63;

/// The name of a host of two or more labels, lower-case, as requests name it: no address, no port, no final dot,
/// nothing at or below `localhost`. Other scripts than ASCII are in Punycode.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hostname(String);

/// Why a text is no name of a host. None repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHostname {
    /// Nothing.
    #[error("is missing: name a host, such as shop.example.com")]
    Empty,
    /// A scheme in front.
    #[error("must come without a scheme: leave http:// or https:// away")]
    Scheme,
    /// More than a host.
    #[error("must be a host name only: leave the path, the query and the user away")]
    More,
    /// A port behind.
    #[error("must come without a port: a host is served at the gateway's own")]
    Port,
    /// A wildcard.
    #[error("must be one host: wildcards are for routes, such as *.example.com/*")]
    Wildcard,
    /// Too long.
    #[error("may have at most 253 characters, and 63 between two dots")]
    TooLong,
    /// One label.
    #[error("needs a domain, as in shop.example.com")]
    OneLabel,
    /// An address of a machine.
    #[error("must be a name and no IP address")]
    Address,
    /// Every machine means itself by it.
    #[error("must not be localhost or below it")]
    Local,
    /// Characters that no host name has.
    #[error(
        "may have the letters a to z, digits and hyphens between its dots, and no hyphen at the end of a part"
    )]
    Characters,
    /// Other scripts, or an encoding that stands for nothing.
    #[error("must be written in Punycode (xn--...) where it has other letters than a to z")]
    Punycode,
}

impl Hostname {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the other name or one below it.
    pub fn is_at_or_below(&self, other: &str) -> bool {
        is_at_or_below(&self.0, other)
    }
}

/// Whether `host` is `other` or below it. Both are lower-case.
pub fn is_at_or_below(host: &str, other: &str) -> bool {
    match host.strip_suffix(other) {
        Some("") => true,
        Some(labels) => labels.ends_with('.'),
        None => false,
    }
}

impl FromStr for Hostname {
    type Err = InvalidHostname;

    fn from_str(text: &str) -> Result<Self, InvalidHostname> {
        check_surroundings(text)?;
        if !text.is_ascii() {
            return Err(InvalidHostname::Punycode);
        }
        let host = text.to_ascii_lowercase();
        if host.len() > MAX_HOST_BYTES {
            return Err(InvalidHostname::TooLong);
        }
        for label in host.split('.') {
            check_label(label)?;
        }
        let (_, last) = host.rsplit_once('.').unwrap_or(("", &host));
        // What a browser takes for the last part of an address, in whichever notation.
        let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
            || last
                .strip_prefix("0x")
                .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if is_number {
            return Err(InvalidHostname::Address);
        }
        if last == "localhost" {
            return Err(InvalidHostname::Local);
        }
        if last == host {
            return Err(InvalidHostname::OneLabel);
        }
        let encoded = idna::domain_to_ascii(&host);
        if encoded.is_ok_and(|encoded| encoded == host) {
            Ok(Self(host))
        } else {
            Err(InvalidHostname::Punycode)
        }
    }
}

/// Finds what is not part of a host's name, to say so rather than that a character is wrong.
fn check_surroundings(text: &str) -> Result<(), InvalidHostname> {
    if text.is_empty() {
        Err(InvalidHostname::Empty)
    } else if text.contains("://") {
        Err(InvalidHostname::Scheme)
    } else if text.contains('*') {
        Err(InvalidHostname::Wildcard)
    } else if text.starts_with('[') {
        Err(InvalidHostname::Address)
    } else if text.contains(['/', '?', '#', '@', '\\']) {
        Err(InvalidHostname::More)
    } else if text.contains(':') {
        let is_port = text.split_once(':').is_some_and(|(_, port)| {
            port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit())
        });
        Err(if is_port {
            InvalidHostname::Port
        } else {
            InvalidHostname::Address
        })
    } else {
        Ok(())
    }
}

fn check_label(label: &str) -> Result<(), InvalidHostname> {
    if label.len() > MAX_LABEL_BYTES {
        return Err(InvalidHostname::TooLong);
    }
    let plain = label
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if label.is_empty() || !plain || label.starts_with('-') || label.ends_with('-') {
        return Err(InvalidHostname::Characters);
    }
    Ok(())
}

impl fmt::Display for Hostname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Hostname {
    type Error = InvalidHostname;

    fn try_from(text: String) -> Result<Self, InvalidHostname> {
        text.parse()
    }
}

impl From<Hostname> for String {
    fn from(host: Hostname) -> Self {
        host.0
    }
}
