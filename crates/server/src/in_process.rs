//! The API for a caller in the same process, without a socket.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::{Request, Response};
use tower::ServiceExt;

/// The router of the API listener for a socket whose clients have no address: they are taken to be of this machine.
pub fn for_socket(router: Router) -> Router {
    let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    router.layer(axum::Extension(ConnectInfo(peer)))
}

/// What the API listener would answer, answered within the process.
#[derive(Clone, Debug)]
pub struct InProcess(Router);

impl InProcess {
    /// Over the router of the listener.
    pub const fn new(router: Router) -> Self {
        Self(router)
    }

    /// Answers a request, as if it came from this machine.
    ///
    /// # Errors
    /// Why the answer's body ended early.
    pub async fn call(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let mut request = request.map(Body::from);
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        request.extensions_mut().insert(ConnectInfo(peer));
        let answered: Result<_, Infallible> = self.0.clone().oneshot(request).await;
        let Ok(answer) = answered;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.map_err(|error| error.to_string())?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }
}
