//! Telling of each request that was answered, where somebody looks on.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, StatusCode};

/// Is told of every request, on the thread that answered it: it must not wait.
pub trait RequestObserver: Debug + Send + Sync {
    /// A request was answered.
    fn answered(&self, request: &AnsweredRequest);
}

/// A request and how it was answered.
#[derive(Clone, Debug)]
pub struct AnsweredRequest {
    /// The method.
    pub method: Method,
    /// Path and query, as they came.
    pub target: String,
    /// The answer's status.
    pub status: StatusCode,
    /// From the request's head to the answer's.
    pub took: Duration,
}

/// A request whose answer is told of, if anybody wants to know.
pub(super) struct Observed(Option<(Arc<dyn RequestObserver>, Method, String)>);

impl Observed {
    pub(super) fn begin<B>(
        observer: Option<&Arc<dyn RequestObserver>>,
        request: &Request<B>,
    ) -> Self {
        Self(observer.map(|observer| {
            let target = request.uri().path_and_query();
            let target = target.map_or("/", |target| target.as_str()).to_owned();
            (Arc::clone(observer), request.method().clone(), target)
        }))
    }

    pub(super) fn end(self, status: StatusCode, took: Duration) {
        if let Some((observer, method, target)) = self.0 {
            observer.answered(&AnsweredRequest {
                method,
                target,
                status,
                took,
            });
        }
    }
}
