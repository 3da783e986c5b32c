//! Answers for what is not served: unknown paths, wrong methods, and operations that Coffer does not offer.

use axum::extract::OriginalUri;
use axum::http::Method;
use axum::routing::on;

use super::error::ApiError;
use super::route::{Route, RouteInfo, known};

/// Real operations of the v4 API in Coffer's domain that it does not offer: method, path, what it would do.
const UNSERVED: &[(Method, &str, &str)] = include!("unserved_operations.rs");

/// A route that answers 501 for each unserved operation.
pub(super) fn routes(served: &[Route]) -> Vec<Route> {
    UNSERVED
        .iter()
        .map(|(method, path, summary)| (known(method), *path, *summary))
        .filter(|((name, _), path, _)| {
            !served
                .iter()
                .any(|route| route.info.method == *name && route.info.path == *path)
        })
        .map(|((name, filter), path, summary)| Route {
            info: RouteInfo {
                method: name,
                path,
                summary,
                permission: None,
                served: false,
            },
            handler: on(filter, async move || ApiError::NotOffered(summary)),
        })
        .collect()
}

/// The answer for a path that no route has.
pub(crate) async fn fallback(OriginalUri(uri): OriginalUri) -> ApiError {
    let path = uri.path();
    if path.contains("/secrets_store/") && path.contains("//") {
        return ApiError::EmptyId;
    }
    let below = path.strip_prefix("/client/v4").unwrap_or(path);
    ApiError::NoRoute(below.chars().take(200).collect())
}

/// The answer for a method that the path's routes do not have.
pub(crate) async fn method_not_allowed(OriginalUri(uri): OriginalUri) -> ApiError {
    ApiError::MethodNotAllowed {
        workers: uri.path().contains("/workers/"),
    }
}
