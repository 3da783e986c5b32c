//! Which host a request is for.

use std::borrow::Cow;

use http::request::Parts;
use http::{HeaderMap, Uri, header};

/// The longest host name: the DNS limit of 253 characters, and the brackets of an address.
const MAX_HOST_BYTES: usize = 255;

/// The host in a request, lower-case, without port and without a final dot. A target in absolute form
/// counts more than the `Host` header (RFC 9112, section 3.2.2). `None` where it is missing, stated
/// twice or not a host name.
pub(super) fn requested_host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<Cow<'a, str>> {
    let mut stated = headers.get_all(header::HOST).iter();
    let header = stated.next();
    if stated.next().is_some() {
        return None;
    }
    let authority = match uri.authority() {
        Some(authority) => authority.as_str(),
        None => header?.to_str().ok()?,
    };
    normal_host(authority)
}

/// Turns a target in absolute form into origin form, and makes `Host` agree with it.
pub(super) fn make_origin_form(parts: &mut Parts) -> Result<(), http::Error> {
    let Some(authority) = parts.uri.authority() else {
        return Ok(());
    };
    let host = http::HeaderValue::from_str(authority.as_str())?;
    let path = parts
        .uri
        .path_and_query()
        .map_or("/", |path| path.as_str())
        .to_owned();
    parts.uri = path.parse::<Uri>()?;
    parts.headers.insert(header::HOST, host);
    Ok(())
}

fn normal_host(authority: &str) -> Option<Cow<'_, str>> {
    let host = without_port(authority)?;
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.is_empty() || host.len() > MAX_HOST_BYTES {
        return None;
    }
    let bracketed = host.starts_with('[');
    let mut upper_case = false;
    for byte in host.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {}
            b'A'..=b'Z' => upper_case = true,
            b'[' | b']' | b':' if bracketed => {}
            _ => return None,
        }
    }
    Some(if upper_case {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    })
}

fn without_port(authority: &str) -> Option<&str> {
    let name_end = if authority.starts_with('[') {
        authority.find(']')? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, port) = authority.split_at_checked(name_end)?;
    let valid = match port.strip_prefix(':') {
        Some(digits) => digits.len() <= 5 && digits.bytes().all(|byte| byte.is_ascii_digit()),
        None => port.is_empty(),
    };
    valid.then_some(host)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn hosts_are_brought_to_one_form() {
        for (given, expected) in [
            ("hello.dev.localhost", "hello.dev.localhost"),
            ("hello.dev.localhost:7080", "hello.dev.localhost"),
            ("HeLLo.Dev.LOCALHOST.:7080", "hello.dev.localhost"),
            ("hello:", "hello"),
            ("127.0.0.1:80", "127.0.0.1"),
            ("[::1]:7080", "[::1]"),
            ("a_b.example", "a_b.example"),
        ] {
            assert_eq!(normal_host(given).as_deref(), Some(expected), "{given}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        let long = "a".repeat(256);
        for given in [
            "", ".", ":80", "a b", "a/b", "a@b", "a:b", "a:1:2", "a:123456", "[::1", "[::1]x",
            "exämple", "a%00", &long,
        ] {
            assert_eq!(normal_host(given), None, "{given}");
        }
    }

    #[test]
    fn an_absolute_target_wins_over_the_header() {
        let (mut parts, ()) = Request::get("http://a.example:81/x?y=1")
            .header("host", "b.example")
            .body(())
            .unwrap()
            .into_parts();
        assert_eq!(
            requested_host(&parts.uri, &parts.headers).as_deref(),
            Some("a.example")
        );
        make_origin_form(&mut parts).unwrap();
        assert_eq!(parts.uri.to_string(), "/x?y=1");
        assert_eq!(parts.headers[header::HOST], "a.example:81");
    }

    #[test]
    fn two_hosts_are_refused() {
        let (parts, ()) = Request::get("/")
            .header("host", "a.example")
            .header("host", "b.example")
            .body(())
            .unwrap()
            .into_parts();
        assert_eq!(requested_host(&parts.uri, &parts.headers), None);
    }
}
