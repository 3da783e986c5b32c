//! How a command asks: over the socket of a running server, or of the directory itself where nobody serves it.

use std::io;
use std::path::{Path, PathBuf};

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tower::ServiceExt;
use zeroize::Zeroizing;

use super::answer::Wiped;
use super::socket::{Place, operator_socket_path};
use super::{OperatorApp, operator_router};

/// The way to who answers the operator.
#[derive(Debug)]
pub enum Door {
    /// A running server, by the socket in this data directory.
    Server(PathBuf),
    /// This process, which has opened the directory.
    Here(Router),
}

/// An answer.
#[derive(Debug)]
pub struct OperatorAnswer {
    /// How it went.
    pub status: StatusCode,
    /// JSON; it may hold what is told once.
    pub body: Zeroizing<Vec<u8>>,
}

/// Why nobody answered.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// The socket is there and does not let us in.
    #[error("the server at {} does not let this user in: run the command as the user that runs the server, or as root", .0.display())]
    Refused(PathBuf),
    /// The server went away.
    #[error("the server at {} did not answer: {source}; whether it did what was asked is not known", .path.display())]
    Lost {
        /// Its socket.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The request makes no sense.
    #[error("failed to make the request: {0}")]
    Request(axum::http::Error),
}

impl Door {
    /// The door to a server that holds this directory; `None` if no server listens there.
    ///
    /// # Errors
    /// [`DoorError::Refused`].
    pub async fn of_server(directory: &Path) -> Result<Option<Self>, DoorError> {
        match connect(directory).await {
            Ok(_) => Ok(Some(Self::Server(directory.to_owned()))),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Err(DoorError::Refused(operator_socket_path(directory)))
            }
            Err(_) => Ok(None),
        }
    }

    /// The door to what this process has opened.
    pub fn here(app: OperatorApp) -> Self {
        Self::Here(operator_router(app))
    }

    /// Asks.
    ///
    /// # Errors
    /// [`DoorError`], if nobody answered. A refusal is an answer.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Zeroizing<Vec<u8>>,
    ) -> Result<OperatorAnswer, DoorError> {
        let builder = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "operator")
            .header(header::CONTENT_TYPE, "application/json");
        let body = Bytes::from_owner(Wiped(body));
        match self {
            Self::Here(router) => {
                let request = builder.body(Body::from(body)).map_err(DoorError::Request)?;
                // A router refuses by answering.
                let Ok(answer) = router.clone().oneshot(request).await;
                let status = answer.status();
                let here = Path::new(".");
                let body = collected(answer.into_body()).await;
                body.map(|body| OperatorAnswer { status, body })
                    .map_err(|source| lost(here, source))
            }
            Self::Server(directory) => {
                let request = builder.body(Full::new(body)).map_err(DoorError::Request)?;
                over_socket(directory, request)
                    .await
                    .map_err(|source| lost(directory, source))
            }
        }
    }
}

type Source = Box<dyn std::error::Error + Send + Sync>;

fn lost(directory: &Path, source: Source) -> DoorError {
    DoorError::Lost {
        path: operator_socket_path(directory),
        source,
    }
}

async fn connect(directory: &Path) -> io::Result<UnixStream> {
    let place = Place::in_directory(directory)?;
    UnixStream::connect(place.path()).await
}

async fn over_socket(
    directory: &Path,
    request: Request<Full<Bytes>>,
) -> Result<OperatorAnswer, Source> {
    let stream = connect(directory).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let body = collected(answer.into_body()).await?;
    drop(sender);
    // It ends with the sender; an error after the answer changes nothing.
    let _ = connection.await;
    Ok(OperatorAnswer { status, body })
}

async fn collected<B>(body: B) -> Result<Zeroizing<Vec<u8>>, Source>
where
    B: hyper::body::Body<Data = Bytes>,
    B::Error: Into<Source>,
{
    let collected = body.collect().await.map_err(Into::into)?;
    Ok(Zeroizing::new(collected.to_bytes().into()))
}
