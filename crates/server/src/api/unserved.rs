//! Answers for what is not served: unknown paths, wrong methods, and operations that Coffer does not offer.

use axum::http::{Method, Uri};
use axum::routing::on;
use coffer_types::Permissions;
use percent_encoding::percent_decode_str;

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
                open: false,
                by_upload_token: false,
                and_any_of: Permissions::NONE,
                served: false,
            },
            handler: on(filter, async move || ApiError::NotOffered(summary)),
        })
        .collect()
}

/// The refusal of a path that routes would match in a wrong way: one that is not UTF-8 once it is decoded, which
/// the framework would refuse in words of its own, and one with an empty id, which has a code of its own.
pub(crate) fn unroutable(uri: &Uri) -> Option<ApiError> {
    let path = uri.path();
    if percent_decode_str(path).decode_utf8().is_err() {
        return Some(ApiError::no_route(uri));
    }
    let empty = path.contains("/secrets_store/") && (path.contains("//") || path.ends_with('/'));
    empty.then_some(ApiError::EmptyId)
}

/// The answer for a method that the path's routes do not have.
pub(crate) fn method_not_allowed(uri: &Uri) -> ApiError {
    ApiError::MethodNotAllowed {
        workers: uri.path().contains("/workers/"),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{Method, Request};

    use crate::testing::{Actor, TestApp, failure};

    #[tokio::test]
    async fn unknown_paths_are_told_as_such() {
        let app = TestApp::new().await;
        for path in [
            "/nothing",
            "/accounts/{account_id}/nothing",
            "/zones/nothing/nothing",
            "/",
            "",
            "/accounts/%ff",
            "/user/%00%ff",
        ] {
            let (status, errors) = failure(&app.request(Method::GET, path, None).await);
            assert_eq!(status, 404, "{path}");
            assert!(
                errors[0].starts_with("7003 Could not route to "),
                "{errors:?}"
            );
        }
        // Outside of the API, and without credentials, the answer is the same.
        for path in ["/nothing", "/client/v3/user", "/client/v4/nothing", "/%ff"] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let (status, errors) = failure(&app.send(request).await);
            assert_eq!((status, &errors[0][..5]), (404, "7003 "), "{path}");
        }
        let long = format!("/{}", "x".repeat(5000));
        let (_, errors) = failure(&app.request(Method::GET, &long, None).await);
        assert!(errors[0].len() < 300, "{}", errors[0].len());
    }

    #[tokio::test]
    async fn an_empty_id_names_nothing() {
        let app = TestApp::new().await;
        let stores = "/accounts/{account_id}/secrets_store/stores";
        for path in [
            format!("{stores}//secrets"),
            format!("{stores}/"),
            format!("{stores}/0123456789abcdef0123456789abcdef/secrets/"),
            format!("{stores}//secrets//duplicate"),
        ] {
            let (status, errors) = failure(&app.request(Method::GET, &path, None).await);
            assert_eq!((status, &errors[0][..5]), (404, "1000 "), "{path}");
        }
    }

    #[tokio::test]
    async fn wrong_methods_are_told_by_the_area_s_code() {
        let app = TestApp::new().await;
        let quota = "/accounts/{account_id}/secrets_store/quota";
        for method in [
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
            Method::OPTIONS,
        ] {
            let (status, errors) = failure(&app.request(method.clone(), quota, None).await);
            assert_eq!((status, &errors[0][..5]), (405, "7001 "), "{method}");
        }
        let answer = app
            .request(
                Method::TRACE,
                "/accounts/{account_id}/workers/scripts",
                None,
            )
            .await;
        assert_eq!(
            (failure(&answer).0, &failure(&answer).1[0][..6]),
            (405, "10405 ")
        );
    }

    #[tokio::test]
    async fn what_is_not_offered_is_told_by_name() {
        let app = TestApp::new().await;
        let mut unserved = 0;
        for route in crate::route_table().iter().filter(|route| !route.served) {
            unserved += 1;
            let path = route
                .path
                .replace("{account_id}", "0123456789abcdef0123456789abcdef");
            let path = path.replace(['{', '}'], "");
            let method: Method = route.method.parse().unwrap();
            // Whoever asks: nothing is told that is not public.
            let answer = app.request_as(&Actor::nobody(), method, &path, None).await;
            let (status, errors) = failure(&answer);
            assert_eq!(status, 501, "{path}");
            let expected = format!(
                "501 Coffer does not offer this operation: {}",
                route.summary
            );
            assert_eq!(errors, [expected]);
        }
        assert!(unserved > 0);
    }
}
