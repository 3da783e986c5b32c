//! Which site made a browser send a request.
//!
//! A cookie comes along whoever made the browser send it. `SameSite=Strict` keeps it from other sites, but another
//! port of the same host is the same site. So what changes something must say that it comes from a page of this
//! very origin, and browsers let no page say so that is not.

use axum::http::request::Parts;
use axum::http::{HeaderName, Uri, header};

/// Where a browser's request came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    /// A page of this origin.
    Own,
    /// Something else.
    Other,
    /// The request does not say: no page made a browser send it, or the client is no browser.
    Untold,
}

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

impl Site {
    /// Where a request came from. `Sec-Fetch-Site` decides where a browser sends it: it knows of what a proxy does
    /// to the host, and of the scheme. Else the `Origin` must be of the host that was asked.
    pub(crate) fn of(parts: &Parts) -> Self {
        match only(parts, &SEC_FETCH_SITE) {
            Told::Once("same-origin") => return Self::Own,
            // The user's own doing, such as a bookmark.
            Told::Once("none") => return Self::Untold,
            Told::Once(_) | Told::Unclear => return Self::Other,
            Told::Not => {}
        }
        match only(parts, &header::ORIGIN) {
            Told::Not => Self::Untold,
            Told::Once(origin) if is_of_host(origin, parts) => Self::Own,
            Told::Once(_) | Told::Unclear => Self::Other,
        }
    }
}

/// What a header that may come once says.
enum Told<'p> {
    Not,
    Once(&'p str),
    Unclear,
}

fn only<'p>(parts: &'p Parts, name: &HeaderName) -> Told<'p> {
    let mut values = parts.headers.get_all(name).iter();
    match (values.next().map(|value| value.to_str()), values.next()) {
        (None, _) => Told::Not,
        (Some(Ok(value)), None) => Told::Once(value),
        _ => Told::Unclear,
    }
}

/// Whether an origin, such as `https://coffer.example.com:8443`, is of the host that was asked.
fn is_of_host(origin: &str, parts: &Parts) -> bool {
    let asked = match (parts.uri.authority(), only(parts, &header::HOST)) {
        (Some(authority), _) => authority.as_str(),
        (None, Told::Once(host)) => host,
        (None, _) => return false,
    };
    let Ok(origin) = origin.parse::<Uri>() else {
        return false;
    };
    let (Some(scheme), Some(authority)) = (origin.scheme_str(), origin.authority()) else {
        return false;
    };
    let default_port = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => return false,
    };
    let without_port = |host: &str| {
        host.strip_suffix(default_port)
            .unwrap_or(host)
            .to_ascii_lowercase()
    };
    matches!(origin.path(), "" | "/") && without_port(authority.as_str()) == without_port(asked)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn site(headers: &[(&str, &str)]) -> Site {
        let mut request = Request::builder().uri("/client/v4/user");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Site::of(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn the_origin_must_be_of_the_host() {
        for (origin, host) in [
            ("https://coffer.example.com", "coffer.example.com"),
            ("https://coffer.example.com", "Coffer.Example.com:443"),
            ("http://localhost:7070", "localhost:7070"),
            ("http://[::1]:7070", "[::1]:7070"),
            ("http://a", "a:80"),
        ] {
            let own = site(&[("origin", origin), ("host", host)]);
            assert_eq!(own, Site::Own, "{origin} {host}");
        }
        for (origin, host) in [
            ("https://evil.example.com", "coffer.example.com"),
            ("https://coffer.example.com.evil", "coffer.example.com"),
            ("https://coffer.example.com@evil", "coffer.example.com"),
            ("http://localhost:7080", "localhost:7070"),
            ("http://localhost", "localhost:7070"),
            ("http://a:443", "a"),
            ("https://a:80", "a"),
            ("ftp://a", "a"),
            ("null", "null"),
            ("a", "a"),
            ("", ""),
            ("https://a/path", "a"),
        ] {
            let other = site(&[("origin", origin), ("host", host)]);
            assert_eq!(other, Site::Other, "{origin} {host}");
        }
        assert_eq!(site(&[("origin", "https://a")]), Site::Other);
        assert_eq!(
            site(&[
                ("origin", "https://a"),
                ("origin", "https://b"),
                ("host", "a")
            ]),
            Site::Other
        );
    }

    #[test]
    fn what_the_browser_says_of_the_site_decides() {
        let (origin, host) = (("origin", "https://a"), ("host", "a"));
        for (fetch, expected) in [
            ("same-origin", Site::Own),
            ("same-site", Site::Other),
            ("cross-site", Site::Other),
            ("none", Site::Untold),
            ("nonsense", Site::Other),
        ] {
            let fetch = ("sec-fetch-site", fetch);
            assert_eq!(site(&[fetch]), expected);
            assert_eq!(site(&[fetch, origin, host]), expected);
            assert_eq!(site(&[fetch, ("origin", "https://b"), host]), expected);
        }
        assert_eq!(site(&[]), Site::Untold);
        assert_eq!(site(&[host]), Site::Untold);
    }
}
