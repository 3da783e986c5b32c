//! What happens around every request: its id, its log line, its figures, and an answer after a panic.

use std::any::Any;
use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderValue, Method};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing};
use coffer_types::{Random, RequestId};
use futures::FutureExt;

use crate::api::{ApiError, Attempted, unroutable};
use crate::app::App;
use crate::client_address::client_address;
use crate::dashboard::{fallback, method_not_allowed};
use crate::metrics::RequestLabels;
use crate::strict_transport;

/// The request's id, and where it came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) id: RequestId,
    /// The client's address, which is the peer's unless that is a trusted proxy.
    pub(crate) address: Option<IpAddr>,
}

/// Numbers requests: unique over restarts by a random beginning, and no randomness is drawn for each.
#[derive(Debug)]
pub(crate) struct RequestIds {
    beginning: [u8; 8],
    next: AtomicU64,
}

impl RequestIds {
    /// Ids that begin with bytes from this randomness.
    pub(crate) fn new(random: &dyn Random) -> Self {
        let mut beginning = [0; 8];
        random.fill(&mut beginning);
        Self {
            beginning,
            next: AtomicU64::new(1),
        }
    }

    fn next(&self) -> RequestId {
        let number = self.next.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.beginning);
        bytes[8..].copy_from_slice(&number);
        RequestId::from_bytes(bytes)
    }
}

/// Puts around a router what every request needs.
pub(crate) fn wrap(router: Router<App>, app: App) -> Router {
    router
        .fallback(fallback)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(app.clone(), around))
        .with_state(app.clone())
        .route(
            "/favicon.ico",
            routing::get(async || axum::http::StatusCode::NO_CONTENT),
        )
        .layer(from_fn_with_state(app, strict_transport::tell))
}

async fn around(State(app): State<App>, mut request: Request, next: Next) -> Response {
    #[allow(
        clippy::disallowed_methods,
        reason = "elapsed time only; no decision depends on it"
    )]
    let started = Instant::now();
    let id = app.request_ids.next();
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let address = peer.map(|ConnectInfo(peer)| {
        client_address(peer.ip(), request.headers(), &app.trusted_proxies)
    });
    request.extensions_mut().insert(Arrival { id, address });
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| Arc::<str>::from(path.as_str()));
    let route = route.unwrap_or_else(|| Arc::from(""));

    let mut response = match unroutable(request.uri()) {
        Some(refusal) => refusal.into_response(),
        None => {
            let attempted = Attempted::of(&mut request);
            let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
            let response = answered.unwrap_or_else(|panic| after_panic(id, panic.as_ref()));
            let refusal = attempted.and_then(|attempted| attempted.refusal(&response));
            if let Some(refusal) = refusal {
                refusal.record(&app).await;
            }
            response
        }
    };

    let elapsed = started.elapsed();
    let status = response.status().as_u16();
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert("cf-ray", value);
    }
    // Reads that went well are many and tell little.
    if method == Method::GET && status < 400 {
        tracing::debug!(request_id = %id, %method, %route, status, elapsed_us = elapsed.as_micros(), "answered");
    } else {
        tracing::info!(request_id = %id, %method, %route, status, elapsed_us = elapsed.as_micros(), "answered");
    }
    app.metrics.observe(
        &RequestLabels {
            method: method_label(&method),
            route,
            status,
        },
        elapsed,
    );
    response
}

/// The panic's text may hold anything, so it is neither logged nor answered; its place was logged by the
/// panic hook.
fn after_panic(id: RequestId, _panic: &(dyn Any + Send)) -> Response {
    tracing::error!(request_id = %id, "a handler panicked");
    ApiError::Engine(coffer_engine::Error::Internal(
        "a handler panicked".to_owned(),
    ))
    .into_response()
}

fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use axum::body::Body;
    use axum::http::Request;

    use super::*;
    use crate::testing::{TestApp, answer_of, failure, result};

    #[tokio::test]
    async fn a_panic_is_answered_in_the_envelope_without_its_text() {
        let app = TestApp::new().await;
        let router = Router::new()
            .route(
                "/panics",
                routing::get(async || -> &'static str { panic!("the text of the panic") }),
            )
            .route(
                "/panics-later",
                routing::get(async || -> &'static str {
                    tokio::task::yield_now().await;
                    panic!("the text of the panic")
                }),
            );
        let router = wrap(router, app.app.clone());
        for path in ["/panics", "/panics-later"] {
            let answer = answer_of(&router, Request::get(path).body(Body::empty()).unwrap()).await;
            let (status, errors) = failure(&answer);
            assert_eq!(status, 500);
            assert_eq!(
                errors,
                ["10013 internal error; the cf-ray header identifies it"]
            );
            assert_eq!(answer.1["cf-ray"].len(), 32);
        }
        // It is counted as what it was answered as.
        let metrics = Request::get("/metrics").body(Body::empty()).unwrap();
        let response = tower::ServiceExt::oneshot(app.router.clone(), metrics)
            .await
            .unwrap();
        let text = http_body_util::BodyExt::collect(response.into_body())
            .await
            .unwrap()
            .to_bytes();
        let text = std::str::from_utf8(&text).unwrap();
        let line = r#"coffer_api_requests_total{method="GET",route="/panics",status="500"} 1"#;
        assert!(text.contains(line), "{text}");
        assert!(!text.contains("the text of"), "{text}");
    }

    #[tokio::test]
    async fn every_answer_has_an_id_of_its_own() {
        let app = TestApp::new().await;
        let mut seen = HashSet::new();
        for path in ["/user", "/user", "/nothing", "/accounts"] {
            let answer = app.request(Method::GET, path, None).await;
            assert!(seen.insert(answer.1["cf-ray"].clone()));
        }
        result(&app.request(Method::GET, "/user", None).await);
    }

    #[tokio::test]
    async fn labels_come_from_routes_and_never_from_clients() {
        let app = TestApp::new().await;
        for path in [
            "/made-up-path",
            "/accounts/0123456789abcdef0123456789abcdef",
        ] {
            app.request(Method::GET, path, None).await;
        }
        app.request("BREW".parse().unwrap(), "/user", None).await;
        let request = Request::get("/metrics").body(Body::empty()).unwrap();
        let response = tower::ServiceExt::oneshot(app.router.clone(), request)
            .await
            .unwrap();
        let text = http_body_util::BodyExt::collect(response.into_body())
            .await
            .unwrap()
            .to_bytes();
        let text = std::str::from_utf8(&text).unwrap();
        assert!(
            text.contains(r#"route="/client/v4/accounts/{account_id}",status="404""#),
            "{text}"
        );
        for from_client in ["made-up-path", "BREW", "0123456789abcdef"] {
            assert!(!text.contains(from_client), "{text}");
        }
    }
}
