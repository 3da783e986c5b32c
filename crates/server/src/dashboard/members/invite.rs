//! The form that invites someone, and the link that it gives.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use coffer_engine::{Conflict, Error, Invalid, Invited, ManageAccount, Permit, Problem};
use coffer_types::{Email, Role, Timestamp};

use super::roles::{self, Choices};
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::{respond, respond_with};
use crate::dashboard::refusal::{problem_at, sentence};
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Submit, Visit, refused_in};

#[derive(Template)]
#[template(path = "members/invite.html")]
struct InvitePage {
    shell: Shell,
    back: String,
    email: String,
    email_problem: Option<String>,
    choices: Choices,
    problem: Option<String>,
}

/// The link, which is shown once.
#[derive(Template)]
#[template(path = "members/invited.html")]
struct InvitedPage {
    shell: Shell,
    back: String,
    email: Email,
    url: Option<String>,
    expires_on: Timestamp,
}

impl InvitePage {
    fn new(shell: Shell, email: String, chosen: &[Role]) -> Self {
        Self {
            back: shell.place("members"),
            shell,
            email,
            email_problem: None,
            choices: Choices::of(chosen),
            problem: None,
        }
    }

    /// Puts each problem beside its field; what belongs to none stands above.
    fn tell(mut self, error: &Error) -> Self {
        self.choices = self.choices.with_problem(error);
        match error {
            Error::Invalid(problems) => self.email_problem = problem_at(problems, "/email"),
            Error::Conflict(Conflict::AlreadyMember) => {
                let text = "Whoever has this address is a member already.";
                self.email_problem = Some(text.to_owned());
            }
            other => self.problem = Some(sentence(other)),
        }
        self
    }
}

/// Shows the empty form.
pub(super) async fn show(Visit { shell, .. }: Visit<ManageAccount>) -> Response {
    respond(&InvitePage::new(shell, String::new(), &[]))
}

/// Invites, and shows the link.
pub(super) async fn invite(
    State(app): State<App>,
    Submit {
        permit,
        shell,
        form,
    }: Submit<ManageAccount>,
) -> Response {
    let email = form.text("email");
    let chosen = roles::chosen(&form);
    match invited(&app, &permit, &email, chosen.clone()).await {
        Ok(invited) => respond(&shown(&app, shell, invited)),
        Err(error @ (Error::Invalid(_) | Error::Conflict(_) | Error::LimitExceeded(_))) => {
            let page = InvitePage::new(shell, email, &chosen).tell(&error);
            respond_with(StatusCode::BAD_REQUEST, &page)
        }
        Err(error) => refused_in(shell, &error),
    }
}

async fn invited(
    app: &App,
    permit: &Permit<ManageAccount>,
    email: &str,
    roles: Vec<Role>,
) -> Result<Invited, Error> {
    let mut wrong = Vec::new();
    if let Err(Error::Invalid(problems)) = roles::check(&roles) {
        wrong.extend(problems);
    }
    match Email::normalised(email) {
        Ok(email) if wrong.is_empty() => app.engine.invite_member(permit, email, roles).await,
        Ok(_) => Err(Error::Invalid(wrong)),
        Err(error) => {
            wrong.push(Invalid {
                pointer: "/email".to_owned(),
                problem: Problem::Email(error),
            });
            Err(Error::Invalid(wrong))
        }
    }
}

/// The page with an invitation's link.
pub(super) fn shown(app: &App, shell: Shell, invited: Invited) -> impl Template + use<> {
    InvitedPage {
        back: shell.place("members"),
        shell,
        email: invited.member.email,
        url: invited.text.map(|text| app.invitation_url(&text)),
        expires_on: invited.expires_on,
    }
}
