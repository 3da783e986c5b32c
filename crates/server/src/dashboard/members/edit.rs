//! The form that gives a member other roles.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use coffer_engine::{Error, ManageAccount, Permit, ViewMembers};
use coffer_protocol::members::Member;
use coffer_types::{MembershipStatus, Role};

use super::MemberPath;
use super::roles::{self, Choices};
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::{respond, respond_with};
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Submit, Visit, refused_in};

#[derive(Template)]
#[template(path = "members/edit.html")]
struct EditPage {
    shell: Shell,
    back: String,
    member: Member,
    choices: Choices,
}

impl EditPage {
    fn new(shell: Shell, member: Member, chosen: &[Role]) -> Self {
        Self {
            back: shell.place("members"),
            shell,
            member,
            choices: Choices::of(chosen),
        }
    }

    fn is_accepted(&self) -> bool {
        self.member.status == MembershipStatus::Accepted
    }

    fn place(&self, below: &str) -> String {
        format!("{}/{}/{below}", self.back, self.member.id)
    }
}

/// Shows the member with the roles that there are.
pub(super) async fn show(
    State(app): State<App>,
    Visit { permit, shell }: Visit<ManageAccount>,
    Path(path): Path<MemberPath>,
) -> Response {
    match find(&app, &permit, &path).await {
        Ok(member) => {
            let chosen = roles::of_member(&member);
            respond(&EditPage::new(shell, member, &chosen))
        }
        Err(error) => refused_in(shell, &error),
    }
}

/// Gives the roles.
pub(super) async fn save(
    State(app): State<App>,
    Path(path): Path<MemberPath>,
    Submit {
        permit,
        shell,
        form,
    }: Submit<ManageAccount>,
) -> Response {
    let chosen = roles::chosen(&form);
    let saved = async {
        let id = path.id()?;
        roles::check(&chosen)?;
        app.engine.update_member(&permit, id, chosen.clone()).await
    };
    match saved.await {
        Ok(_) => Redirect::to(&shell.place("members?done=member-saved")).into_response(),
        Err(error @ (Error::Invalid(_) | Error::Conflict(_))) => {
            match find(&app, &permit, &path).await {
                Ok(member) => {
                    let mut page = EditPage::new(shell, member, &chosen);
                    page.choices = page.choices.with_problem(&error);
                    respond_with(StatusCode::BAD_REQUEST, &page)
                }
                Err(error) => refused_in(shell, &error),
            }
        }
        Err(error) => refused_in(shell, &error),
    }
}

/// The member of the path.
pub(super) async fn find(
    app: &App,
    permit: &Permit<ManageAccount>,
    path: &MemberPath,
) -> Result<Member, Error> {
    let view = permit.and::<ViewMembers>()?;
    app.engine.member(&view, path.id()?).await
}
