//! Which headers cross the gateway: what belongs to one connection stays on it, what a client might
//! forge is replaced.

use std::net::IpAddr;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version, header};

use super::config::MAX_HEAD_BYTES;
use super::fault::Fault;
use super::request_id::RequestId;

/// The request's id, in requests and responses.
pub(super) const CF_RAY: HeaderName = HeaderName::from_static("cf-ray");
/// Tells search engines what they may keep.
const X_ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");
const CF_CONNECTING_IP: HeaderName = HeaderName::from_static("cf-connecting-ip");
const CF_VISITOR: HeaderName = HeaderName::from_static("cf-visitor");
const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// Becomes `request.cf`; the runtime is configured with this name and removes the header.
const CF_BLOB: HeaderName = HeaderName::from_static("x-coffer-cf");

/// Every header costs the runtime about one and a half microseconds of its fifty, more than all that
/// the gateway does in user space: so only those that Cloudflare itself sends to a Worker are set.
const SCHEME: HeaderValue = HeaderValue::from_static("http");
const VISITOR: HeaderValue = HeaderValue::from_static("{\"scheme\":\"http\"}");
const TLS_SCHEME: HeaderValue = HeaderValue::from_static("https");
const TLS_VISITOR: HeaderValue = HeaderValue::from_static("{\"scheme\":\"https\"}");
const BLOB_HTTP_11: HeaderValue =
    HeaderValue::from_static("{\"httpProtocol\":\"HTTP/1.1\",\"colo\":\"LOCAL\"}");
const BLOB_HTTP_10: HeaderValue =
    HeaderValue::from_static("{\"httpProtocol\":\"HTTP/1.0\",\"colo\":\"LOCAL\"}");

/// Who is at the other end of a connection, in the form that requests carry it.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    address: HeaderValue,
    // Whether it speaks TLS.
    secure: bool,
}

impl Peer {
    /// The client with this address; an IPv4 address inside IPv6 is written as IPv4.
    pub(super) fn new(address: IpAddr) -> Self {
        let text = address.to_canonical().to_string();
        // From shared bytes, so that each request copies a pointer.
        let address = HeaderValue::from_maybe_shared(Bytes::from(text));
        Self {
            address: address.unwrap_or(HeaderValue::from_static("")),
            secure: false,
        }
    }

    /// The client with this address, which speaks TLS.
    pub(super) fn over_tls(address: IpAddr) -> Self {
        Self {
            secure: true,
            ..Self::new(address)
        }
    }
}

/// What a look at a request's headers found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// Some have to be taken out.
    unclean: bool,
    /// The client asks to speak WebSocket.
    pub(super) websocket: bool,
}

/// Looks at a request's headers once.
pub(super) fn inspect(parts: &Parts) -> Result<Findings, Fault> {
    let mut findings = Findings::default();
    let mut bytes = parts.uri.path().len() + parts.uri.query().map_or(0, str::len);
    for (name, value) in &parts.headers {
        // Two for the colon and space, two for the line's end.
        bytes += name.as_str().len() + value.len() + 4;
        findings.unclean |= is_unclean(name.as_str());
    }
    if bytes > MAX_HEAD_BYTES {
        return Err(Fault::HeadTooLarge);
    }
    if findings.unclean {
        findings.websocket = asks_for_websocket(parts);
        check_transfer_encoding(&parts.headers)?;
    }
    Ok(findings)
}

/// Makes a client's request one that the runtime may trust.
pub(super) fn prepare_request(
    parts: &mut Parts,
    findings: Findings,
    peer: &Peer,
    request_id: RequestId,
) {
    let headers = &mut parts.headers;
    if findings.unclean {
        clean_request(headers, findings.websocket);
    }
    let blob = if parts.version == Version::HTTP_10 {
        BLOB_HTTP_10
    } else {
        BLOB_HTTP_11
    };
    headers.insert(CF_CONNECTING_IP, peer.address.clone());
    headers.insert(X_REAL_IP, peer.address.clone());
    let (scheme, visitor) = if peer.secure {
        (TLS_SCHEME, TLS_VISITOR)
    } else {
        (SCHEME, VISITOR)
    };
    headers.insert(X_FORWARDED_PROTO, scheme);
    headers.insert(CF_VISITOR, visitor);
    headers.insert(CF_RAY, request_id.for_worker());
    headers.insert(CF_BLOB, blob);
    parts.version = Version::HTTP_11;
}

/// Makes a Worker's request to another one of its account one for the runtime. What the caller says of the client
/// is handed on: it may say what it likes to its own account's Workers.
pub(super) fn prepare_service_request(
    parts: &mut Parts,
    findings: Findings,
    request_id: RequestId,
) {
    let headers = &mut parts.headers;
    if findings.unclean {
        let chunked = headers.contains_key(header::TRANSFER_ENCODING);
        remove_hop_by_hop(headers);
        if chunked {
            headers.insert(
                header::TRANSFER_ENCODING,
                HeaderValue::from_static("chunked"),
            );
        }
        if findings.websocket {
            ask_for_websocket(headers);
        }
    }
    headers.entry(CF_RAY).or_insert(request_id.for_worker());
    headers.entry(CF_BLOB).or_insert(BLOB_HTTP_11);
    parts.version = Version::HTTP_11;
}

/// Makes a runtime's response one for the client's connection.
pub(super) fn prepare_response(headers: &mut HeaderMap, websocket: bool, request_id: RequestId) {
    if headers.keys().any(|name| is_hop_by_hop(name.as_str())) {
        remove_hop_by_hop(headers);
    }
    if websocket {
        ask_for_websocket(headers);
    }
    headers.insert(CF_RAY, request_id.for_client());
}

/// Tells search engines not to keep a preview's response. What its own headers say of that stays: of several, the
/// strictest counts.
pub(super) fn leave_out_of_indexes(headers: &mut HeaderMap) {
    headers.append(X_ROBOTS_TAG, HeaderValue::from_static("noindex"));
}

/// Takes out of a request's trailers what may not be in its headers either.
pub(super) fn clean_trailers(trailers: &mut HeaderMap) {
    clean_request(trailers, false);
    for name in [
        header::TRANSFER_ENCODING,
        header::HOST,
        CF_CONNECTING_IP,
        X_REAL_IP,
        X_FORWARDED_PROTO,
        CF_VISITOR,
        CF_RAY,
    ] {
        trailers.remove(name);
    }
}

fn is_unclean(name: &str) -> bool {
    is_hop_by_hop(name) || is_forgeable(name)
}

/// Headers about one connection (RFC 9110, section 7.6.1). `trailer` is none of them: it announces
/// fields that cross with the body.
fn is_hop_by_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "proxy-connection"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "te"
            | "transfer-encoding"
            | "upgrade"
            | "http2-settings"
    )
}

/// Headers that a Worker takes for the platform's word and that the gateway does not overwrite anyway.
/// `expect` is here because the gateway itself answers it with 100.
fn is_forgeable(name: &str) -> bool {
    match name.as_bytes().first() {
        Some(b'c') => matches!(
            name,
            "cf-worker"
                | "cf-ew-via"
                | "cf-ipcountry"
                | "cf-connecting-ipv6"
                | "cf-pseudo-ipv4"
                | "cf-connecting-o2o"
        ),
        // `x-coffer-proto` is one of these: it would become the scheme of `request.url`, which is
        // `http` without it.
        Some(b'x') => name == "x-forwarded-for" || name.starts_with("x-coffer-"),
        Some(b't') => name == "true-client-ip",
        Some(b'f') => name == "forwarded",
        Some(b'e') => name == "expect",
        _ => false,
    }
}

fn clean_request(headers: &mut HeaderMap, websocket: bool) {
    let chunked = headers.contains_key(header::TRANSFER_ENCODING);
    let trailers = contains_token(headers, &header::TE, "trailers");
    remove_hop_by_hop(headers);
    let forgeable: Vec<HeaderName> = headers
        .keys()
        .filter(|name| is_forgeable(name.as_str()))
        .cloned()
        .collect();
    for name in forgeable {
        headers.remove(name);
    }
    if chunked {
        headers.insert(
            header::TRANSFER_ENCODING,
            HeaderValue::from_static("chunked"),
        );
    }
    if trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
    if websocket {
        ask_for_websocket(headers);
    }
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = tokens(headers, &header::CONNECTION)
        .filter_map(|token| HeaderName::from_bytes(token.as_bytes()).ok())
        // These say where the request ends and for whom it is: no client may have them taken out.
        .filter(|name| *name != header::HOST && *name != header::CONTENT_LENGTH)
        .collect();
    let own = headers.keys().filter(|name| is_hop_by_hop(name.as_str()));
    let own: Vec<HeaderName> = own.cloned().collect();
    for name in named.into_iter().chain(own) {
        headers.remove(name);
    }
}

fn ask_for_websocket(headers: &mut HeaderMap) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
}

/// No other protocol is let through: `h2c` would carry requests that the gateway never sees.
fn asks_for_websocket(parts: &Parts) -> bool {
    parts.method == Method::GET
        && parts.version == Version::HTTP_11
        && contains_token(&parts.headers, &header::UPGRADE, "websocket")
        && contains_token(&parts.headers, &header::CONNECTION, "upgrade")
}

/// Only the framing that the gateway itself takes off and puts on again may be used.
fn check_transfer_encoding(headers: &HeaderMap) -> Result<(), Fault> {
    let mut codings = tokens(headers, &header::TRANSFER_ENCODING);
    let supported = match codings.next() {
        Some(coding) => coding.eq_ignore_ascii_case("chunked") && codings.next().is_none(),
        None => !headers.contains_key(header::TRANSFER_ENCODING),
    };
    if supported {
        Ok(())
    } else {
        Err(Fault::UnsupportedRequest)
    }
}

fn contains_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    tokens(headers, name).any(|stated| stated.eq_ignore_ascii_case(token))
}

fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|token| !token.is_empty())
}
