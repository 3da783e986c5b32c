//! Where passkeys are of use: at one origin, which has a domain name.

use aws_lc_rs::digest::{SHA256, digest};

/// The origin that passkeys are made for, and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeySite {
    origin: String,
    relying_party: String,
}

/// Why there can be no passkeys at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPasskeys {
    /// It has no domain name, such as `https://192.0.2.1`.
    NoName,
    /// What goes there and back is not kept from others, so browsers offer no passkeys.
    NotSecure,
}

impl PasskeySite {
    /// The site that people reach at this URL, which has no path. At this machine's own address that is `localhost`.
    ///
    /// # Errors
    /// [`NoPasskeys`].
    pub fn of(public_url: &str) -> Result<Self, NoPasskeys> {
        let url = public_url.trim_end_matches('/').to_ascii_lowercase();
        let (scheme, authority) = url.split_once("://").ok_or(NoPasskeys::NoName)?;
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        // Where nobody said how the server is reached, it is at this machine's own address, which has a name.
        let host = match (scheme, host) {
            ("http", "127.0.0.1" | "[::1]") => "localhost",
            (_, host) => host,
        };
        if !is_domain(host) {
            return Err(NoPasskeys::NoName);
        }
        let is_local = host == "localhost" || host.ends_with(".localhost");
        let usual_port = match scheme {
            "https" => "443",
            "http" if is_local => "80",
            _ => return Err(NoPasskeys::NotSecure),
        };
        // Browsers leave the usual port out of an origin.
        let origin = match port.filter(|port| *port != usual_port) {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        };
        Ok(Self {
            origin,
            relying_party: host.to_owned(),
        })
    }

    /// The origin, as browsers write it.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The domain name that passkeys belong to.
    pub fn relying_party(&self) -> &str {
        &self.relying_party
    }

    /// What authenticators say of the name.
    pub(super) fn relying_party_hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        // SHA-256 gives exactly 32 bytes.
        hash.copy_from_slice(digest(&SHA256, self.relying_party.as_bytes()).as_ref());
        hash
    }
}

/// Whether this is a domain name as browsers write it. They take whatever ends in a number for an address.
fn is_domain(host: &str) -> bool {
    let is_label = |label: &str| {
        let is_inner =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !label.is_empty() && label.bytes().all(is_inner)
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    host.split('.').all(is_label) && last.starts_with(|first: char| first.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_as_browsers_write_them() {
        for (url, origin, relying_party) in [
            (
                "http://127.0.0.1:7070",
                "http://localhost:7070",
                "localhost",
            ),
            ("http://[::1]", "http://localhost", "localhost"),
            (
                "https://coffer.example.com",
                "https://coffer.example.com",
                "coffer.example.com",
            ),
            (
                "https://Coffer.Example.com:443/",
                "https://coffer.example.com",
                "coffer.example.com",
            ),
            ("https://coffer:8443", "https://coffer:8443", "coffer"),
            (
                "http://localhost:7070",
                "http://localhost:7070",
                "localhost",
            ),
            (
                "http://coffer.localhost:80",
                "http://coffer.localhost",
                "coffer.localhost",
            ),
            (
                "https://xn--bcher-kva.example",
                "https://xn--bcher-kva.example",
                "xn--bcher-kva.example",
            ),
        ] {
            let site = PasskeySite::of(url).unwrap();
            assert_eq!(
                (site.origin(), site.relying_party()),
                (origin, relying_party)
            );
        }
    }

    #[test]
    fn addresses_and_open_lines_have_none() {
        for url in [
            "http://0.0.0.0:7070",
            "https://127.0.0.1:7070",
            "https://192.0.2.1",
            "https://127.1",
            "https://0x7f000001",
            "https://[::1]:7070",
            "https://[::1]",
            "https://b\u{fc}cher.example",
            "https://coffer.example.",
            "coffer",
            "",
        ] {
            assert_eq!(PasskeySite::of(url), Err(NoPasskeys::NoName), "{url}");
        }
        for url in [
            "http://coffer.example.com",
            "http://localhost.example",
            "ftp://localhost",
        ] {
            assert_eq!(PasskeySite::of(url), Err(NoPasskeys::NotSecure), "{url}");
        }
    }
}
