//! A new link for someone who has not accepted yet.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use coffer_engine::{Conflict, Error, ManageAccount, Permit, ViewMembers};
use coffer_protocol::members::Member;
use coffer_types::MembershipStatus;

use super::{MemberPath, invite, roles};
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::respond;
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Submit, Visit, refused_in};

#[derive(Template)]
#[template(path = "members/link.html")]
struct LinkPage {
    shell: Shell,
    back: String,
    member: Member,
}

/// Asks whether the link from before may die.
pub(super) async fn show(
    State(app): State<App>,
    Visit { permit, shell }: Visit<ManageAccount>,
    Path(path): Path<MemberPath>,
) -> Response {
    match invited(&app, &permit, &path).await {
        Ok(member) => respond(&LinkPage {
            back: shell.place(&format!("members/{}", member.id)),
            shell,
            member,
        }),
        Err(error) => refused_in(shell, &error),
    }
}

/// Invites with the same roles, which makes a new link.
pub(super) async fn renew(
    State(app): State<App>,
    Path(path): Path<MemberPath>,
    Submit { permit, shell, .. }: Submit<ManageAccount>,
) -> Response {
    let renewed = async {
        let member = invited(&app, &permit, &path).await?;
        let roles = roles::of_member(&member);
        app.engine.invite_member(&permit, member.email, roles).await
    };
    match renewed.await {
        Ok(invited) => respond(&invite::shown(&app, shell, invited)),
        Err(error) => refused_in(shell, &error),
    }
}

/// The member, who has yet to accept.
async fn invited(
    app: &App,
    permit: &Permit<ManageAccount>,
    path: &MemberPath,
) -> Result<Member, Error> {
    let view = permit.and::<ViewMembers>()?;
    let member = app.engine.member(&view, path.id()?).await?;
    match member.status {
        MembershipStatus::Accepted => Err(Conflict::AlreadyMember.into()),
        MembershipStatus::Pending | MembershipStatus::Rejected => Ok(member),
    }
}
