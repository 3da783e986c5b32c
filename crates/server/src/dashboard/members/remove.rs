//! The page that asks before a member is removed, and tells what is lost.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use coffer_engine::{Conflict, Error, ManageAccount};
use coffer_protocol::members::Member;
use coffer_types::MembershipStatus;

use super::edit::find;
use super::{MemberPath, roles};
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::{respond, respond_with};
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Submit, Visit, refused_in};

#[derive(Template)]
#[template(path = "members/remove.html")]
struct RemovePage {
    shell: Shell,
    back: String,
    member: Member,
    problem: Option<&'static str>,
}

impl RemovePage {
    fn new(shell: Shell, member: Member, problem: Option<&'static str>) -> Self {
        Self {
            back: shell.place(&format!("members/{}", member.id)),
            shell,
            member,
            problem,
        }
    }

    fn is_accepted(&self) -> bool {
        self.member.status == MembershipStatus::Accepted
    }

    fn is_own(&self) -> bool {
        self.member.email.as_str() == self.shell.email
    }
}

/// Asks.
pub(super) async fn show(
    State(app): State<App>,
    Visit { permit, shell }: Visit<ManageAccount>,
    Path(path): Path<MemberPath>,
) -> Response {
    match find(&app, &permit, &path).await {
        Ok(member) => respond(&RemovePage::new(shell, member, None)),
        Err(error) => refused_in(shell, &error),
    }
}

/// Removes the member, or takes the invitation back.
pub(super) async fn remove(
    State(app): State<App>,
    Path(path): Path<MemberPath>,
    Submit { permit, shell, .. }: Submit<ManageAccount>,
) -> Response {
    let member = match find(&app, &permit, &path).await {
        Ok(member) => member,
        Err(error) => return refused_in(shell, &error),
    };
    match app.engine.remove_member(&permit, member.id).await {
        // Whoever left has no list to go back to.
        Ok(_) if member.email.as_str() == shell.email => Redirect::to("/").into_response(),
        Ok(_) => Redirect::to(&shell.place("members?done=member-removed")).into_response(),
        Err(Error::Conflict(Conflict::LastSuperAdministrator)) => {
            let page = RemovePage::new(shell, member, Some(roles::LAST));
            respond_with(StatusCode::BAD_REQUEST, &page)
        }
        Err(error) => refused_in(shell, &error),
    }
}
