//! A multipart body, read within its bounds.

use std::error::Error as StdError;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use bytes::{Bytes, BytesMut};
use coffer_engine::{Error, Problem};
use coffer_types::limits::{MAX_UPLOAD_BYTES, MAX_UPLOAD_PARTS};
use futures::{Stream, StreamExt, future, stream};
use multer::{Constraints, Multipart, SizeLimit};
use parking_lot::Mutex;

use crate::api::error::{ApiError, ApiResult};

/// Bytes past the bound that are read and thrown away, so that a client that is still sending reads the
/// refusal instead of a closed connection.
const MAX_DRAINED_BYTES: usize = 64 * 1024 * 1024;

/// Bytes of the text between parts (RFC 2046, section 5.1.1).
const MAX_BOUNDARY_BYTES: usize = 70;

/// The parts of a multipart body, in order.
#[derive(Debug)]
pub(in crate::api) struct Form {
    pub(in crate::api) parts: Vec<Part>,
}

/// One part. Its content may hold values, so it is never printed.
pub(in crate::api) struct Part {
    pub(in crate::api) name: String,
    pub(in crate::api) file_name: Option<String>,
    pub(in crate::api) media_type: Option<String>,
    /// The media type with its parameters.
    pub(in crate::api) content_type: Option<String>,
    pub(in crate::api) content: Bytes,
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Part")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Form {
    /// Reads a body of at most [`MAX_UPLOAD_BYTES`] and [`MAX_UPLOAD_PARTS`]. The client may pause for `idle`.
    ///
    /// # Errors
    /// [`ApiError::BodyTooLarge`], [`ApiError::TooManyParts`], [`ApiError::BodyUnreadable`],
    /// [`ApiError::BodyTooSlow`], [`ApiError::NotMultipart`], or [`Problem::Upload`] if it is malformed.
    pub(in crate::api) async fn read(
        content_type: &str,
        body: Body,
        idle: Duration,
    ) -> ApiResult<Self> {
        let (boundary, body) = match multer::parse_boundary(content_type) {
            Ok(boundary) => (boundary, body),
            Err(_) if may_lack_boundary(content_type) => begun(body, idle).await?,
            Err(_) => return Err(ApiError::NotMultipart),
        };
        let source = Source::new(body, idle);
        let read = read_parts(Multipart::with_constraints(
            source.stream(),
            boundary,
            Constraints::new().size_limit(SizeLimit::new().whole_stream(MAX_UPLOAD_BYTES as u64)),
        ))
        .await;
        if matches!(
            read,
            Err(ApiError::BodyTooLarge(_) | ApiError::TooManyParts(_))
        ) {
            source.drain().await;
        }
        Ok(Self { parts: read? })
    }

    /// Takes out the part with this name.
    pub(in crate::api) fn take(&mut self, name: &str) -> Option<Part> {
        let index = self.parts.iter().position(|part| part.name == name)?;
        Some(self.parts.remove(index))
    }

    /// Everything that makes this body what it is.
    pub(super) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.parts.iter().flat_map(|part| {
            [
                part.name.as_bytes(),
                part.file_name.as_deref().unwrap_or_default().as_bytes(),
                part.media_type.as_deref().unwrap_or_default().as_bytes(),
                &part.content,
            ]
        })
    }
}

/// Whether a client sends forms under this Content-Type without telling where their parts end.
fn may_lack_boundary(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    matches!(
        essence,
        "multipart/form-data" | "application/javascript" | "application/javascript+module"
    )
}

/// The boundary as the body's first line tells it, and the body.
async fn begun(body: Body, idle: Duration) -> ApiResult<(String, Body)> {
    let mut rest = body.into_data_stream();
    let mut head = BytesMut::new();
    let end = loop {
        if let Some(end) = head.windows(2).position(|pair| pair == b"\r\n") {
            break end;
        }
        if head.len() > MAX_BOUNDARY_BYTES + 4 {
            return Err(ApiError::NotMultipart);
        }
        let next = tokio::time::timeout(idle, rest.next()).await;
        match next.map_err(|_| ApiError::BodyTooSlow)? {
            Some(Ok(data)) => head.extend_from_slice(&data),
            Some(Err(_)) => return Err(ApiError::BodyUnreadable),
            None => return Err(ApiError::NotMultipart),
        }
    };
    let line = std::str::from_utf8(&head[..end]).ok();
    let boundary = line.and_then(|line| line.strip_prefix("--"));
    let boundary = boundary
        .filter(|text| (1..=MAX_BOUNDARY_BYTES).contains(&text.len()) && text.is_ascii())
        .ok_or(ApiError::NotMultipart)?
        .to_owned();
    let head = stream::iter([Ok(head.freeze())]);
    Ok((boundary, Body::from_stream(head.chain(rest))))
}

async fn read_parts(mut multipart: Multipart<'_>) -> ApiResult<Vec<Part>> {
    let mut parts = Vec::new();
    while let Some(field) = multipart
        .next_field()
        .await
        .map_err(|error| fault(&error))?
    {
        if parts.len() == MAX_UPLOAD_PARTS {
            return Err(ApiError::TooManyParts(MAX_UPLOAD_PARTS));
        }
        let name = field
            .name()
            .ok_or_else(|| refused("every part needs a name"))?
            .to_owned();
        let file_name = field.file_name().map(str::to_owned);
        let media_type = field
            .content_type()
            .map(|media_type| media_type.essence_str().to_owned());
        let content_type = field.content_type().map(ToString::to_string);
        let content = field.bytes().await.map_err(|error| fault(&error))?;
        parts.push(Part {
            name,
            file_name,
            media_type,
            content_type,
            content,
        });
    }
    Ok(parts)
}

/// The refusal of a body. The reader's own words may quote it, and it may hold a value.
fn fault(error: &multer::Error) -> ApiError {
    match error {
        multer::Error::StreamSizeExceeded { .. } | multer::Error::FieldSizeExceeded { .. } => {
            ApiError::BodyTooLarge(MAX_UPLOAD_BYTES)
        }
        multer::Error::StreamReadFailed(source) if source.is::<Stalled>() => ApiError::BodyTooSlow,
        multer::Error::StreamReadFailed(_) => ApiError::BodyUnreadable,
        _ => refused("the multipart body is malformed or ends too early"),
    }
}

pub(in crate::api::workers) fn refused(rule: &str) -> ApiError {
    Error::invalid("", Problem::Upload(rule.to_owned())).into()
}

/// The body, of which a reader that gives up leaves the rest.
struct Source {
    body: Arc<Mutex<BodyDataStream>>,
    idle: Duration,
}

/// The client sends no more.
#[derive(Debug, thiserror::Error)]
#[error("the client sends no more")]
struct Stalled;

type SourceError = Box<dyn StdError + Send + Sync>;

impl Source {
    fn new(body: Body, idle: Duration) -> Self {
        let body = Arc::new(Mutex::new(body.into_data_stream()));
        Self { body, idle }
    }

    fn stream(&self) -> impl Stream<Item = Result<Bytes, SourceError>> + Send + 'static {
        let idle = self.idle;
        stream::unfold(Arc::clone(&self.body), move |body| async move {
            let next = future::poll_fn(|context| Pin::new(&mut *body.lock()).poll_next(context));
            let read = match tokio::time::timeout(idle, next).await {
                Ok(read) => read?.map_err(SourceError::from),
                Err(_) => Err(SourceError::from(Stalled)),
            };
            Some((read, body))
        })
    }

    async fn drain(&self) {
        let mut rest = pin!(self.stream());
        let mut drained = 0;
        while let Some(Ok(data)) = rest.next().await {
            drained += data.len();
            if drained > MAX_DRAINED_BYTES {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_upload_that_stalls_is_given_up() {
        let begun = "--b\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{";
        let begun = stream::iter([Ok::<_, std::io::Error>(begun)]);
        let stalled = Body::from_stream(begun.chain(stream::pending()));
        let read = Form::read("multipart/form-data; boundary=b", stalled, Duration::ZERO).await;
        assert!(matches!(read, Err(ApiError::BodyTooSlow)), "{read:?}");
    }

    #[tokio::test]
    async fn what_stalls_after_the_bound_is_not_read_for_ever() {
        let begun = "--b\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n";
        let chunks = [Bytes::from(begun), vec![b'x'; MAX_UPLOAD_BYTES].into()];
        let begun = stream::iter(chunks.map(Ok::<_, std::io::Error>));
        let stalled = Body::from_stream(begun.chain(stream::pending()));
        let read = Form::read("multipart/form-data; boundary=b", stalled, Duration::ZERO).await;
        assert!(matches!(read, Err(ApiError::BodyTooLarge(_))), "{read:?}");
    }
}
