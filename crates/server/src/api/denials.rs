//! Which refusals the audit log tells of: those for want of a permission, of requests that would have changed
//! something, by someone who was recognised.
//!
//! They are seen here, around every handler, because a permission may be found missing anywhere: before the
//! handler, or by the use case behind it.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use axum::extract::{MatchedPath, Request};
use axum::http::{Extensions, Method, StatusCode};
use axum::response::Response;
use coffer_engine::{Caller, Denied};
use coffer_types::audit::{Action, ResourceKind};
use coffer_types::{
    AccountId, BindingName, DeploymentId, MemberId, PagesProjectName, SecretId, SessionId, StoreId,
    TailId, TokenId, VersionId, WorkerName,
};
use percent_encoding::percent_decode_str;

use crate::app::App;

/// Marks an answer that refuses for want of a permission.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ForWantOfPermission;

/// Where a request that changes something keeps who sent it, once that is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sender(Arc<OnceLock<Arc<Caller>>>);

/// A request that would change something, as it is needed if it is refused.
#[derive(Debug)]
pub(crate) struct Attempted {
    sender: Sender,
    method: Method,
    route: String,
    path: String,
}

/// A refused request to be recorded.
#[derive(Debug)]
pub(crate) struct Refusal {
    caller: Arc<Caller>,
    denied: Denied,
}

impl Refusal {
    /// Records it. The refusal stands, whether or not that can be done.
    pub(crate) async fn record(self, app: &App) {
        let recorded = app.engine.record_denial(&self.caller, self.denied).await;
        if let Err(error) = recorded {
            tracing::error!(%error, "a denied request is not in the audit log");
        }
    }
}

impl Sender {
    /// Keeps who sent the request with these extensions.
    pub(crate) fn keep(extensions: &Extensions, caller: &Arc<Caller>) {
        if let Some(Self(place)) = extensions.get() {
            // Whoever was recognised first is the same as later.
            let _ = place.set(Arc::clone(caller));
        }
    }
}

impl Attempted {
    /// What is needed of a request; `None` if it only reads or is none of the API's.
    pub(crate) fn of(request: &mut Request) -> Option<Self> {
        if request.method().is_safe() {
            return None;
        }
        let route = request.extensions().get::<MatchedPath>()?;
        let attempted = Self {
            sender: Sender::default(),
            method: request.method().clone(),
            route: route.as_str().to_owned(),
            path: request.uri().path().to_owned(),
        };
        request.extensions_mut().insert(attempted.sender.clone());
        Some(attempted)
    }

    /// What to record, if the answer refuses for want of a permission.
    pub(crate) fn refusal(&self, response: &Response) -> Option<Refusal> {
        response.extensions().get::<ForWantOfPermission>()?;
        let caller = Arc::clone(self.sender.0.get()?);
        let denied = self.denied(&caller, response.status());
        Some(Refusal { caller, denied })
    }

    fn denied(&self, caller: &Caller, status: StatusCode) -> Denied {
        let mut denied = Denied {
            account_id: None,
            action: action(&self.method),
            resource_kind: ResourceKind::User,
            resource_id: String::new(),
            status: status.as_u16(),
        };
        for (part, text) in self.route.split('/').zip(self.path.split('/')) {
            if part.starts_with('{') {
                let text = percent_decode_str(text).decode_utf8_lossy();
                if let Some(id) = id(denied.resource_kind, part, &text) {
                    denied.resource_id = id;
                }
            } else if let Some(kind) = kind(part, denied.resource_kind) {
                denied.resource_kind = kind;
                denied.resource_id.clear();
            }
            if part == "{account_id}" {
                denied.account_id = denied.resource_id.parse().ok();
            }
        }
        if let (ResourceKind::User, Some(user)) = (denied.resource_kind, caller.actor.user()) {
            denied.resource_id = user.id.to_string();
        }
        denied
    }
}

/// The kind of thing that a part of a path is followed by, or makes one of, `within` another; `None` for a part
/// that says more of the thing before it.
fn kind(part: &str, within: ResourceKind) -> Option<ResourceKind> {
    Some(match part {
        "accounts" => ResourceKind::Account,
        "members" | "memberships" => ResourceKind::Member,
        "user" | "users" => ResourceKind::User,
        "sessions" => ResourceKind::Session,
        "tokens" => ResourceKind::Token,
        "stores" => ResourceKind::Store,
        "workers" | "scripts" | "services" => ResourceKind::Worker,
        "projects" => ResourceKind::PagesProject,
        "versions" => ResourceKind::Version,
        "deployments" if within == ResourceKind::PagesProject => ResourceKind::PagesDeployment,
        "deployments" => ResourceKind::Deployment,
        "tails" => ResourceKind::Tail,
        "secrets" | "secrets-bulk" if within == ResourceKind::Worker => ResourceKind::WorkerSecret,
        "secrets" => ResourceKind::Secret,
        _ => return None,
    })
}

/// The id of a thing as its events have it; `None` for a text that is none of its kind. Whoever is refused chose the
/// text, so it is not kept as it came. Which user it is about, the path does not tell.
fn id(kind: ResourceKind, part: &str, text: &str) -> Option<String> {
    match kind {
        ResourceKind::Account if part == "{account_id}" => canonical::<AccountId>(text),
        ResourceKind::Account | ResourceKind::User => None,
        ResourceKind::Member => canonical::<MemberId>(text),
        ResourceKind::Token => canonical::<TokenId>(text),
        ResourceKind::Store => canonical::<StoreId>(text),
        ResourceKind::Secret => canonical::<SecretId>(text),
        ResourceKind::Session => canonical::<SessionId>(text),
        ResourceKind::Tail => canonical::<TailId>(text),
        ResourceKind::Version | ResourceKind::PagesDeployment => canonical::<VersionId>(text),
        ResourceKind::Deployment => canonical::<DeploymentId>(text),
        // Some operations name a Worker by its tag; that is of the form of a name, too.
        ResourceKind::Worker => canonical::<WorkerName>(text),
        ResourceKind::WorkerSecret | ResourceKind::PagesSecret => canonical::<BindingName>(text),
        ResourceKind::PagesProject => canonical::<PagesProjectName>(text),
    }
}

fn canonical<T: FromStr + Display>(text: &str) -> Option<String> {
    text.parse().ok().map(|id: T| id.to_string())
}

fn action(method: &Method) -> Action {
    match *method {
        Method::POST => Action::Create,
        Method::DELETE => Action::Delete,
        _ => Action::Update,
    }
}
