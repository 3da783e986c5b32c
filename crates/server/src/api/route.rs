//! One line of the table of routes.

use axum::Extension;
use axum::handler::Handler;
use axum::http::{Extensions, Method, StatusCode};
use axum::routing::{MethodFilter, MethodRouter, on};
use coffer_types::{Permission, Permissions};

use crate::app::App;

/// What is known of an operation besides its handler.
#[derive(Clone, Copy, Debug)]
pub struct RouteInfo {
    /// Its method.
    pub method: &'static str,
    /// Its path below `/client/v4`.
    pub path: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What it needs in the account; `None` if being recognised is enough.
    pub permission: Option<Permission>,
    /// Whether it is for anyone, without credentials.
    pub open: bool,
    /// Whether it needs a token for uploading instead of credentials: one that another operation answered with.
    pub by_upload_token: bool,
    /// Further permissions of which it needs any one too; nothing more if the set is empty.
    pub and_any_of: Permissions,
    /// Whether it is served; if not, it answers 501 by name.
    pub served: bool,
}

/// An operation with its handler.
pub(crate) struct Route {
    pub(crate) info: RouteInfo,
    pub(crate) handler: MethodRouter<App>,
}

/// The status with which an operation answers once it is done, for its audit events, which are written before it
/// is answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SuccessStatus(StatusCode);

impl SuccessStatus {
    /// That of the operation whose request has these extensions: 200 if its route names no other.
    pub(crate) fn of(extensions: &Extensions) -> u16 {
        let told = extensions.get().map(|Self(status)| *status);
        told.unwrap_or(StatusCode::OK).as_u16()
    }
}

impl Route {
    /// The same for anyone, without credentials.
    pub(crate) fn open(mut self) -> Self {
        self.info.open = true;
        self
    }

    /// The same by a token for uploading alone.
    pub(crate) fn by_upload_token(mut self) -> Self {
        self.info.by_upload_token = true;
        self
    }

    /// The same, answering with another status than 200 once it is done.
    pub(crate) fn answers(mut self, status: StatusCode) -> Self {
        self.handler = self.handler.layer(Extension(SuccessStatus(status)));
        self
    }

    /// The same, needing one of these permissions too.
    pub(crate) fn and_any_of(mut self, permissions: Permissions) -> Self {
        self.info.and_any_of = permissions;
        self
    }
}

/// A served operation.
pub(crate) fn route<H, T>(
    method: &Method,
    path: &'static str,
    summary: &'static str,
    permission: Option<Permission>,
    handler: H,
) -> Route
where
    H: Handler<T, App>,
    T: 'static,
{
    let (name, filter) = known(method);
    Route {
        info: RouteInfo {
            method: name,
            path,
            summary,
            permission,
            open: false,
            by_upload_token: false,
            and_any_of: Permissions::NONE,
            served: true,
        },
        handler: on(filter, handler),
    }
}

/// The method's name and filter; anything but the five that the API uses counts as GET.
pub(crate) fn known(method: &Method) -> (&'static str, MethodFilter) {
    match *method {
        Method::POST => ("POST", MethodFilter::POST),
        Method::PUT => ("PUT", MethodFilter::PUT),
        Method::PATCH => ("PATCH", MethodFilter::PATCH),
        Method::DELETE => ("DELETE", MethodFilter::DELETE),
        _ => ("GET", MethodFilter::GET),
    }
}
