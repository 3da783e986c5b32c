//! One client connection, from accept to close.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::body::ResponseBody;
use super::config::MAX_RAW_HEAD_BYTES;
use super::exchange::answer;
use super::headers::Peer;
use super::watch::{Watch, Watched};
use super::worker::{Permit, Worker};

/// How long a client that connected just before the gateway was told to stop has for its first request: it is under
/// way, and whoever was let in is answered.
const FIRST_REQUEST: Duration = Duration::from_millis(500);

/// What the requests of one connection share.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) worker: Arc<Worker>,
    pub(super) watch: Arc<Watch>,
    pub(super) peer: Peer,
    /// Counts the connection, or the WebSocket that it becomes, until it is closed.
    _permit: Permit,
}

impl Link {
    /// A connection with its place among those that are open.
    pub(super) const fn new(
        worker: Arc<Worker>,
        watch: Arc<Watch>,
        peer: Peer,
        permit: Permit,
    ) -> Self {
        Self {
            worker,
            watch,
            peer,
            _permit: permit,
        }
    }
}

/// Serves a connection until either side ends it.
pub(super) async fn serve(worker: Arc<Worker>, stream: TcpStream, address: IpAddr, permit: Permit) {
    let Some(tls) = worker.config.tls.clone() else {
        let link = link(worker, Peer::new(address), permit);
        return told(converse(link, stream, answer).await);
    };
    let greeting = TlsAcceptor::from(tls).accept(stream);
    match timeout(worker.config.head_timeout, greeting).await {
        Ok(Ok(stream)) => {
            let link = link(worker, Peer::over_tls(address), permit);
            told(converse(link, stream, answer).await);
        }
        Ok(Err(error)) => tracing::debug!(%error, "a client does not speak TLS as we do"),
        Err(_) => tracing::debug!("a client did not finish its TLS greeting"),
    }
}

fn link(worker: Arc<Worker>, peer: Peer, permit: Permit) -> Arc<Link> {
    let watch = worker.watches.watch();
    Arc::new(Link::new(worker, watch, peer, permit))
}

fn told(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}

/// Answers the requests of a connection until either side ends it.
pub(super) async fn converse<Stream, Answering>(
    link: Arc<Link>,
    stream: Stream,
    answer: fn(Arc<Link>, Request<Incoming>) -> Answering,
) -> hyper::Result<()>
where
    Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    Answering: Future<Output = Response<ResponseBody>>,
{
    let watch = link.watch.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let answering = answer(link.clone(), request);
        async move { Ok::<_, Infallible>(answering.await) }
    });
    let connection = http1::Builder::new()
        .max_header_size(MAX_RAW_HEAD_BYTES)
        .max_buf_size(MAX_RAW_HEAD_BYTES)
        .serve_connection(TokioIo::new(Watched::new(stream, watch.clone())), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let mut draining = false;
    let mut first_request = None;
    poll_fn(|context| {
        watch.register(context);
        if watch.is_closing() {
            return Poll::Ready(Ok(()));
        }
        if watch.is_draining() && !draining {
            let waits = !watch.has_begun()
                && first_request
                    .get_or_insert_with(|| Box::pin(sleep(FIRST_REQUEST)))
                    .as_mut()
                    .poll(context)
                    .is_pending();
            if !waits {
                draining = true;
                connection.as_mut().graceful_shutdown();
            }
        }
        let polled = connection.as_mut().poll(context);
        // The first request came: it is the last one, too.
        if polled.is_pending() && watch.is_draining() && !draining && watch.has_begun() {
            draining = true;
            connection.as_mut().graceful_shutdown();
            return connection.as_mut().poll(context);
        }
        polled
    })
    .await
}
