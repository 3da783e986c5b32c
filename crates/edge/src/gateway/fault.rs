//! What a client reads when no Worker answers: a small page with a number and the request's id.

use std::fmt::Write as _;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::directory::RouteError;
use super::headers::CF_RAY;
use super::request_id::RequestId;

/// Seconds after which a client may try again where that may help.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// Why the gateway answers itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// `Host` is missing, doubled or not a host name.
    InvalidHost,
    /// The request's form is one that a Worker cannot be given.
    UnsupportedRequest,
    /// `CONNECT`, which no Worker serves.
    UnsupportedMethod,
    /// The target and headers are larger than allowed.
    HeadTooLarge,
    /// The body is larger than allowed.
    BodyTooLarge,
    /// No Worker has this host name.
    UnknownHost,
    /// No deployment of a Pages project has this host name.
    UnknownPages,
    /// The Worker has no active deployment.
    NoDeployment,
    /// The Worker that a binding means is not there any more.
    UnknownService,
    /// Workers that call each other without end.
    ServiceLoop,
    /// A static asset is neither here nor where it comes from.
    AssetsUnavailable,
    /// The version's process did not become ready.
    VersionStart,
    /// The version failed so often that it is left alone for a while.
    CircuitOpen,
    /// Too much at once.
    Overloaded,
    /// The process went away before it answered.
    ProcessDied,
    /// The Worker did not answer in time.
    ResponseTimeout,
}

/// What a client learns of a fault.
struct Page {
    number: u16,
    status: StatusCode,
    title: &'static str,
    advice: &'static str,
}

impl Fault {
    fn page(self) -> Page {
        let (number, status, title, advice) = match self {
            Self::InvalidHost => (
                1001,
                StatusCode::BAD_REQUEST,
                "The host name of this request is not valid",
                "Send exactly one Host header with a host name and, if need be, a port.",
            ),
            Self::UnsupportedRequest => (
                1002,
                StatusCode::BAD_REQUEST,
                "This form of request is not supported",
                "Send a target that starts with a slash, and no transfer coding but chunked.",
            ),
            Self::UnsupportedMethod => (
                1003,
                StatusCode::METHOD_NOT_ALLOWED,
                "This method is not supported",
                "Workers cannot be used as a tunnel.",
            ),
            Self::HeadTooLarge => (
                1004,
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "The headers of this request are too large",
                "Send less than 32 KB of headers; cookies are the usual reason.",
            ),
            Self::BodyTooLarge => (
                1005,
                StatusCode::PAYLOAD_TOO_LARGE,
                "The body of this request is too large",
                "Send it in smaller parts.",
            ),
            Self::UnknownHost => (
                1011,
                StatusCode::NOT_FOUND,
                "There is no Worker at this address",
                "Check the host name. A new Worker answers here once it is deployed.",
            ),
            Self::UnknownPages => (
                1015,
                StatusCode::NOT_FOUND,
                "Nothing is deployed at this address",
                "Check the host name. A project answers at its own name once it is deployed to production, and at \
                 the names of its branches and deployments once they are.",
            ),
            Self::NoDeployment => (
                1012,
                StatusCode::NOT_FOUND,
                "This Worker has not been deployed",
                "Deploy a version of it.",
            ),
            Self::UnknownService => (
                1013,
                StatusCode::NOT_FOUND,
                "The Worker that this service binding means is not there any more",
                "Deploy it again, or take the binding away.",
            ),
            Self::ServiceLoop => (
                1014,
                StatusCode::LOOP_DETECTED,
                "This request has passed through too many Workers",
                "Look for Workers whose service bindings call each other.",
            ),
            Self::AssetsUnavailable => (
                1024,
                StatusCode::SERVICE_UNAVAILABLE,
                "This file cannot be read now",
                "Try again in a moment.",
            ),
            Self::VersionStart => (
                1021,
                StatusCode::SERVICE_UNAVAILABLE,
                "This Worker could not be started",
                "If it is yours, its logs say why.",
            ),
            Self::CircuitOpen => (
                1022,
                StatusCode::SERVICE_UNAVAILABLE,
                "This Worker keeps failing and is given a pause",
                "Try again in a moment. If it is yours, its logs say why.",
            ),
            Self::Overloaded => (
                1023,
                StatusCode::SERVICE_UNAVAILABLE,
                "Too many requests at once",
                "Try again in a moment.",
            ),
            Self::ProcessDied => (
                1031,
                StatusCode::BAD_GATEWAY,
                "This Worker stopped before it answered",
                "Try again. If it is yours, its logs say why.",
            ),
            Self::ResponseTimeout => (
                1032,
                StatusCode::GATEWAY_TIMEOUT,
                "This Worker did not answer in time",
                "Try again. If it is yours, look for something that it waits for.",
            ),
        };
        Page {
            number,
            status,
            title,
            advice,
        }
    }

    /// The answer to a request with these headers; HTML where they prefer it.
    pub(super) fn response(self, html: bool, request_id: RequestId) -> Response<Bytes> {
        let page = self.page();
        let id = request_id.as_str();
        let (content_type, body) = if html {
            ("text/html; charset=utf-8", page.html(id))
        } else {
            ("text/plain; charset=utf-8", page.text(id))
        };
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = page.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(CF_RAY, request_id.for_client());
        if page.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        if self == Self::UnsupportedMethod {
            headers.insert(
                header::ALLOW,
                HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
            );
        }
        response
    }
}

impl From<&RouteError> for Fault {
    fn from(error: &RouteError) -> Self {
        match error {
            RouteError::UnknownHost => Self::UnknownHost,
            RouteError::UnknownPages => Self::UnknownPages,
            RouteError::NoDeployment => Self::NoDeployment,
            RouteError::UnknownService => Self::UnknownService,
            RouteError::VersionStart(_) => Self::VersionStart,
            RouteError::CircuitOpen => Self::CircuitOpen,
            RouteError::Overloaded => Self::Overloaded,
        }
    }
}

impl Page {
    fn text(&self, id: &str) -> String {
        let Self {
            number,
            title,
            advice,
            ..
        } = self;
        format!("Coffer error {number}: {title}.\n{advice}\nRequest id: {id}\n")
    }

    fn html(&self, id: &str) -> String {
        let Self {
            number,
            title,
            advice,
            status,
        } = self;
        let mut page = String::with_capacity(1024);
        // Nothing of the request is repeated here, so there is nothing to escape.
        let written = write!(
            page,
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\">\
             <title>{status} · {title}</title>\
             <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;\
             padding:0 1rem;color:#222;background:#fff}}small{{color:#666}}\
             @media(prefers-color-scheme:dark){{body{{color:#ddd;background:#161616}}\
             small{{color:#999}}}}</style></head>\n\
             <body><h1>{title}</h1><p>{advice}</p>\
             <p><small>Coffer error {number} · Request id {id}</small></p></body></html>\n"
        );
        debug_assert!(written.is_ok(), "a string takes all that is written");
        page
    }
}

/// Whether `Accept` names HTML and nothing textual that it likes more.
pub(super) fn prefers_html(headers: &HeaderMap) -> bool {
    let mut html = 0;
    let mut other = 0;
    let stated = headers.get_all(header::ACCEPT).iter();
    let ranges = stated
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    for range in ranges {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        let quality = parts.find_map(quality).unwrap_or(1000);
        if media.eq_ignore_ascii_case("text/html") {
            html = html.max(quality);
        } else if media.eq_ignore_ascii_case("text/plain")
            || media.eq_ignore_ascii_case("application/json")
        {
            other = other.max(quality);
        }
    }
    html > 0 && html >= other
}

/// A quality in thousandths; anything unreadable is as good as none.
fn quality(parameter: &str) -> Option<u32> {
    let value: f32 = parameter.strip_prefix("q=")?.parse().ok()?;
    let thousandths = (value.clamp(0.0, 1.0) * 1000.0).round();
    // In range after the clamp; a NaN becomes zero.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0–1000 above"
    )]
    Some(thousandths as u32)
}

#[cfg(test)]
mod tests {
    use super::super::request_id::RequestIds;
    use super::*;

    #[test]
    fn html_is_sent_to_those_who_prefer_it() {
        for (accept, expected) in [
            ("text/html,application/xhtml+xml,*/*;q=0.8", true),
            ("*/*", false),
            ("", false),
            ("application/json", false),
            ("application/json, text/html;q=0.5", false),
            ("text/plain;q=0.5, TEXT/HTML", true),
            ("text/html;q=0", false),
            ("text/html;q=nan", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(prefers_html(&headers), expected, "{accept}");
        }
    }

    #[test]
    fn pages_carry_number_and_request_id() {
        let id = RequestIds::new(1, 0).next();
        for html in [false, true] {
            let response = Fault::CircuitOpen.response(html, id);
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(response.headers()[header::RETRY_AFTER], "5");
            assert_eq!(response.headers()[CF_RAY], id.for_client());
            let body = std::str::from_utf8(response.body()).unwrap();
            assert!(body.contains("Coffer error 1022"), "{body}");
            assert!(body.contains(id.as_str()), "{body}");
            assert_eq!(body.contains("<html"), html, "{body}");
        }
    }
}
