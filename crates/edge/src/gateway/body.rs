//! Bodies as they stream through: counted, never collected.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::SendRequest;
use tokio::time::Instant;

use super::headers::clean_trailers;
use super::upstream::Presence;
use super::watch::Watch;
use crate::assets::AssetBody;

/// What a client sends.
#[derive(Debug, Default)]
pub(super) struct RequestBody {
    // Most requests have none, and need no allocation for it.
    incoming: Option<Box<Counted>>,
}

#[derive(Debug)]
struct Counted {
    incoming: Incoming,
    left_bytes: u64,
    upload: Arc<Upload>,
}

/// How far a request's body has come; outlives the body.
#[derive(Debug, Default)]
pub(super) struct Upload {
    complete: AtomicBool,
    too_large: AtomicBool,
}

/// Why a request's body ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// The client went away or broke the framing.
    #[error("the client's body broke off")]
    Client(#[source] hyper::Error),
    /// It is larger than the gateway allows.
    #[error("the client's body is too large")]
    TooLarge,
}

/// Why a response's body ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum ResponseError {
    /// The process went away or broke the framing.
    #[error("the Worker's body broke off")]
    Worker(#[source] hyper::Error),
    /// A file could not be read on.
    #[error("a file could not be read to its end")]
    Asset(#[source] io::Error),
}

impl RequestBody {
    /// A body of at most `max_bytes`, and what will tell how far it came; nothing to tell of an empty one.
    pub(super) fn new(incoming: Incoming, max_bytes: u64) -> (Self, Option<Arc<Upload>>) {
        if incoming.is_end_stream() {
            return (Self::default(), None);
        }
        let upload = Arc::new(Upload::default());
        let counted = Counted {
            incoming,
            left_bytes: max_bytes,
            upload: upload.clone(),
        };
        let body = Self {
            incoming: Some(Box::new(counted)),
        };
        (body, Some(upload))
    }

    /// Whether there is nothing to send.
    pub(super) fn is_empty(&self) -> bool {
        self.incoming.is_none()
    }
}

impl Upload {
    /// Whether all of it was read.
    pub(super) fn is_complete(&self) -> bool {
        self.complete.load(Ordering::Relaxed)
    }

    /// Whether it was given up because of its size.
    pub(super) fn is_too_large(&self) -> bool {
        self.too_large.load(Ordering::Relaxed)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.incoming {
            Some(counted) => counted.poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        let counted = self.incoming.as_ref();
        counted.is_none_or(|counted| counted.incoming.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.incoming {
            Some(counted) => counted.incoming.size_hint(),
            None => SizeHint::with_exact(0),
        }
    }
}

impl Counted {
    fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = ready!(Pin::new(&mut self.incoming).poll_frame(context));
        let Some(frame) = frame else {
            self.upload.complete.store(true, Ordering::Relaxed);
            return Poll::Ready(None);
        };
        let mut frame = frame.map_err(BodyError::Client)?;
        if let Some(data) = frame.data_ref() {
            let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
            let Some(left_bytes) = self.left_bytes.checked_sub(length) else {
                self.upload.too_large.store(true, Ordering::Relaxed);
                return Poll::Ready(Some(Err(BodyError::TooLarge)));
            };
            self.left_bytes = left_bytes;
        } else if let Some(trailers) = frame.trailers_mut() {
            clean_trailers(trailers);
        }
        if self.incoming.is_end_stream() {
            self.upload.complete.store(true, Ordering::Relaxed);
        }
        Poll::Ready(Some(Ok(frame)))
    }
}

/// What a client gets.
#[derive(Debug)]
pub(super) struct ResponseBody {
    source: Source,
    watch: Arc<Watch>,
}

#[derive(Debug)]
enum Source {
    Page(Option<Bytes>),
    Asset(AssetBody),
    Worker {
        incoming: Incoming,
        lease: Option<Lease>,
    },
}

/// A connection to a process for as long as a response needs it.
#[derive(Debug)]
pub(super) struct Lease {
    /// Counts the request in.
    pub(super) presence: Presence,
    /// The gateway thread it belongs to.
    pub(super) shard: usize,
    /// The connection.
    pub(super) sender: SendRequest<RequestBody>,
    /// The body of the request, if it had one.
    pub(super) upload: Option<Arc<Upload>>,
}

impl Lease {
    /// Ends the request: keeps the connection, if both its directions are free.
    fn release(self) {
        if self.upload.is_none_or(|upload| upload.is_complete()) {
            let upstream = self.presence.upstream();
            upstream.give_back(self.shard, self.sender, Instant::now());
        }
    }
}

impl ResponseBody {
    /// A body that the gateway wrote itself.
    pub(super) fn page(page: Bytes, watch: Arc<Watch>) -> Self {
        let page = (!page.is_empty()).then_some(page);
        Self {
            source: Source::Page(page),
            watch,
        }
    }

    /// A body that is a file.
    pub(super) fn asset(body: AssetBody, watch: Arc<Watch>) -> Self {
        Self {
            source: Source::Asset(body),
            watch,
        }
    }

    /// A body that comes from a Worker.
    pub(super) fn worker(incoming: Incoming, lease: Lease, watch: Arc<Watch>) -> Self {
        Self {
            source: Source::Worker {
                incoming,
                lease: Some(lease),
            },
            watch,
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = ResponseError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ResponseError>>> {
        match &mut self.source {
            Source::Page(page) => Poll::Ready(page.take().map(|page| Ok(Frame::data(page)))),
            Source::Asset(body) => {
                let frame = ready!(Pin::new(body).poll_frame(context));
                Poll::Ready(frame.map(|frame| frame.map_err(ResponseError::Asset)))
            }
            Source::Worker { incoming, lease } => {
                let frame = ready!(Pin::new(&mut *incoming).poll_frame(context));
                let over = match &frame {
                    None => true,
                    Some(Ok(_)) => incoming.is_end_stream(),
                    Some(Err(_)) => false,
                };
                if over && let Some(lease) = lease.take() {
                    lease.release();
                }
                Poll::Ready(frame.map(|frame| frame.map_err(ResponseError::Worker)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Page(page) => page.is_none(),
            Source::Asset(body) => body.is_end_stream(),
            Source::Worker { incoming, .. } => incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Page(page) => {
                let length = page.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
            }
            Source::Asset(body) => body.size_hint(),
            Source::Worker { incoming, .. } => incoming.size_hint(),
        }
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        self.watch.response_ended();
        // A response without a body is dropped unread, and one that broke off before its end: only the
        // first leaves its connection usable.
        if let Source::Worker { incoming, lease } = &mut self.source
            && incoming.is_end_stream()
            && let Some(lease) = lease.take()
        {
            lease.release();
        }
    }
}
