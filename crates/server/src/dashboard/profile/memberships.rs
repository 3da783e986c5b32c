//! Leaving an account, and refusing an invitation.

use axum::extract::{Path, State};
use axum::response::Response;
use coffer_engine::{
    Conflict, Engine, Error, ManageMemberships, Missing, Result, UserPermit, ViewMemberships,
};
use coffer_protocol::identity::Membership;
use coffer_types::MembershipStatus;

use super::confirm::{Question, Wrong, ask as ask_whether, ask_again};
use super::sessions::signed_out;
use crate::app::App;
use crate::dashboard::visit::{UserSubmit, UserVisit, refused_in};

pub(super) async fn ask(
    State(app): State<App>,
    Path(id): Path<String>,
    UserVisit { permit, shell }: UserVisit<ManageMemberships>,
) -> Response {
    match found(&app.engine, &permit, &id).await {
        Ok((membership, is_last)) => ask_whether(shell, question(&membership, is_last)),
        Err(error) => refused_in(shell, &error),
    }
}

pub(super) async fn leave(
    State(app): State<App>,
    Path(id): Path<String>,
    UserSubmit { permit, shell, .. }: UserSubmit<ManageMemberships>,
) -> Response {
    let (membership, is_last) = match found(&app.engine, &permit, &id).await {
        Ok(found) => found,
        Err(error) => return refused_in(shell, &error),
    };
    match app.engine.leave_account(&permit, membership.id).await {
        // The sessions of who is in no account have ended.
        Ok(_) if is_last => signed_out(),
        Ok(_) => super::done(if is_pending(&membership) {
            "invitation-refused"
        } else {
            "account-left"
        }),
        Err(Error::Conflict(Conflict::LastSuperAdministrator)) => {
            let wrong = Wrong {
                password: None,
                code: None,
                other: Some(
                    "You are its only Super Administrator. Give someone else that role first."
                        .to_owned(),
                ),
            };
            ask_again(shell, question(&membership, is_last), wrong)
        }
        Err(error) => refused_in(shell, &error),
    }
}

/// The membership, and whether it is the last account that the user is in.
async fn found(
    engine: &Engine,
    permit: &UserPermit<ManageMemberships>,
    id: &str,
) -> Result<(Membership, bool)> {
    let id = id.parse().map_err(|_| Error::from(Missing::Membership))?;
    let viewing = engine.authorize_user::<ViewMemberships>(permit.caller())?;
    let membership = engine.own_membership(&viewing, id).await?;
    let all = engine.own_memberships(&viewing).await?;
    let is_last = all
        .iter()
        .all(|one| one.id == id || one.status != MembershipStatus::Accepted);
    Ok((membership, is_last))
}

fn is_pending(membership: &Membership) -> bool {
    membership.status == MembershipStatus::Pending
}

fn question(membership: &Membership, is_last: bool) -> Question {
    let account = &membership.account.name;
    let (title, text, button) = if is_pending(membership) {
        (
            "Refuse invitation",
            format!("The invitation to {account} can no longer be accepted."),
            "Refuse",
        )
    } else {
        (
            "Leave account",
            format!(
                "You can no longer do anything in {account}, and your API tokens there stop working. Only a new \
                 invitation brings you back."
            ),
            "Leave account",
        )
    };
    let end = if is_last {
        " You are in no other account, so you are signed out."
    } else {
        ""
    };
    Question {
        title,
        text: text + end,
        button,
        is_danger: true,
        wants_password: false,
        wants_code: false,
    }
}
