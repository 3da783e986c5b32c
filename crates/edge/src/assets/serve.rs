//! The private socket on which a version's code asks for its own assets. The socket is the capability: whose assets
//! are asked for is known by it, never by what is said on it.

use std::convert::Infallible;
use std::sync::Arc;

use coffer_types::VersionId;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::files::AssetBody;
use super::site::{Asked, Site};
use super::sites::Sites;
use crate::private_socket;

/// Connections of one process at once: as many as it has requests in flight, within reason.
const MAX_CONNECTIONS: usize = 1024;
/// Bytes of one request's head, as the gateway lets through.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// Answers the process of this version until stopped.
pub(crate) async fn serve(
    listener: UnixListener,
    sites: Arc<Sites>,
    version_id: VersionId,
    stop: CancellationToken,
) {
    let own = Arc::new(Own {
        sites,
        version_id,
        site: OnceCell::new(),
    });
    let converse = |stream| converse(stream, Arc::clone(&own));
    private_socket::accept(
        listener,
        MAX_CONNECTIONS,
        "a process's request for assets",
        stop,
        converse,
    )
    .await;
}

/// The assets of the version, held from the first request on.
struct Own {
    sites: Arc<Sites>,
    version_id: VersionId,
    site: OnceCell<Option<Arc<Site>>>,
}

async fn converse(stream: UnixStream, own: Arc<Own>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let own = Arc::clone(&own);
        async move { Ok::<_, Infallible>(respond(&own, &request).await) }
    });
    // The peer is a process of ours; how its connections end is not news.
    let _ = http1::Builder::new()
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn respond(own: &Own, request: &Request<Incoming>) -> Response<AssetBody> {
    let refusal = |status| {
        let mut response = Response::new(AssetBody::default());
        *response.status_mut() = status;
        response
    };
    let Some(target) = request.uri().path_and_query() else {
        return refusal(StatusCode::BAD_REQUEST);
    };
    let host = request.headers().get(http::header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    let asked = Asked {
        method: request.method(),
        host: host.split(':').next().unwrap_or_default(),
        target,
        headers: request.headers(),
    };
    let loaded = own.site.get_or_try_init(|| own.sites.load(own.version_id));
    let answered = match loaded.await {
        Ok(Some(site)) => site.fetch(&asked).await,
        Ok(None) => return refusal(StatusCode::NOT_FOUND),
        Err(error) => Err(error),
    };
    answered.unwrap_or_else(|error| {
        tracing::warn!(version = %own.version_id, %error, "an asset cannot be served");
        refusal(StatusCode::SERVICE_UNAVAILABLE)
    })
}
