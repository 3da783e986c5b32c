//! Telling browsers to come by HTTPS alone.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;

/// A year. Subdomains are not included: Workers answer there, by a listener of their own that may be plain.
const POLICY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// In the extensions of a request that came by a connection which speaks TLS.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OverTls;

/// Says so in every answer, if people reach this server by HTTPS: at its own listener, or at a proxy before it.
pub(crate) async fn tell(State(app): State<App>, request: Request, next: Next) -> Response {
    let over_tls = request.extensions().get::<OverTls>().is_some();
    let told = app.public_url_is_strict || over_tls && !asks_exempt(request.headers());
    let mut response = next.run(request).await;
    if told {
        let headers = response.headers_mut();
        headers.insert(header::STRICT_TRANSPORT_SECURITY, POLICY);
    }
    response
}

/// Whether who reaches the server here always does so by HTTPS.
pub(crate) fn is_strict(public_url: &str) -> bool {
    let parsed = public_url.parse::<Uri>().ok();
    parsed.is_some_and(|url| {
        url.scheme_str() == Some("https") && url.host().is_some_and(|host| !is_exempt(host))
    })
}

fn asks_exempt(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).map(HeaderValue::as_bytes);
    let host = host.and_then(|host| Authority::try_from(host).ok());
    host.is_some_and(|host| is_exempt(host.host()))
}

/// Whether no policy is told for this host. A policy is for a name with all its ports: at `localhost`, other things of
/// whoever develops answer by plain HTTP; for an address there is none (RFC 6797, 8.1.1).
fn is_exempt(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.ends_with(".localhost") || address.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use tower::ServiceExt;

    use super::*;
    use crate::testing::TestApp;

    /// What is told at this path of who asks for this host.
    async fn told(router: &Router, path: &str, host: &str, over_tls: bool) -> Option<String> {
        let mut request = Request::get(path).header("host", host);
        if over_tls {
            request = request.extension(OverTls);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let policy = response.headers().get(header::STRICT_TRANSPORT_SECURITY);
        policy.map(|policy| policy.to_str().unwrap().to_owned())
    }

    /// A page, an answer of the API, one that is refused, a file, and what is not there.
    const PATHS: [&str; 6] = [
        "/sign-in",
        "/healthz",
        "/client/v4/user",
        "/assets/dashboard.css",
        "/favicon.ico",
        "/nothing",
    ];

    #[tokio::test]
    async fn every_answer_over_tls_says_so() {
        let router = TestApp::new().await.router;
        for path in PATHS {
            let policy = told(&router, path, "coffer.example.com:7070", true).await;
            assert_eq!(policy.as_deref(), Some("max-age=31536000"), "{path}");
            // Over plain HTTP the browser would not believe it, and there may be no HTTPS at all.
            let policy = told(&router, path, "coffer.example.com:7070", false).await;
            assert_eq!(policy, None, "{path}");
        }
    }

    #[tokio::test]
    async fn every_answer_says_so_where_a_proxy_speaks_tls() {
        let app = TestApp::reached_at("https://coffer.example.com").await;
        for path in PATHS {
            // Proxies may put another host there.
            let policy = told(&app.router, path, "localhost:7070", false).await;
            assert_eq!(policy.as_deref(), Some("max-age=31536000"), "{path}");
        }
        let app = TestApp::reached_at("http://coffer.example.com").await;
        let policy = told(&app.router, "/sign-in", "coffer.example.com", false).await;
        assert_eq!(policy, None);
    }

    #[tokio::test]
    async fn the_other_ports_of_localhost_are_left_alone() {
        const HOSTS: [&str; 5] = [
            "localhost",
            "LocalHost:7070",
            "coffer.localhost:7070",
            "127.0.0.1:7070",
            "[::1]:7070",
        ];
        // The address is the usual public URL of a listener that speaks TLS.
        for public_url in ["https://localhost:7070", "https://127.0.0.1:7070"] {
            let app = TestApp::reached_at(public_url).await;
            for host in HOSTS {
                let policy = told(&app.router, "/sign-in", host, true).await;
                assert_eq!(policy, None, "{public_url} {host}");
            }
            let named = told(&app.router, "/sign-in", "localhost.example.com", true).await;
            assert!(named.is_some());
        }
    }
}
