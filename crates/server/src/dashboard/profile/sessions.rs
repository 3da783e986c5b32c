//! Ending one's sessions.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use coffer_engine::{Ended, Error, ManageUser, Missing, ViewUser};
use coffer_protocol::sessions::Session;

use super::confirm::{Question, ask as ask_whether};
use super::device::device;
use crate::api::taken_away;
use crate::app::App;
use crate::dashboard::sign_in;
use crate::dashboard::visit::{UserSubmit, UserVisit, refused_in};

/// Asks whether one session is to end.
pub(super) async fn ask(
    State(app): State<App>,
    Path(id): Path<String>,
    UserVisit { permit, shell }: UserVisit<ManageUser>,
) -> Response {
    let found = async {
        let viewing = app.engine.authorize_user::<ViewUser>(permit.caller())?;
        let sessions = app.engine.own_sessions(&viewing).await?;
        let found = sessions.into_iter().find(|one| one.id.to_string() == id);
        found.ok_or_else(|| Error::from(Missing::Session))
    };
    match found.await {
        Ok(session) => ask_whether(shell, question(&session)),
        Err(error) => refused_in(shell, &error),
    }
}

fn question(session: &Session) -> Question {
    let device = device(session.user_agent.as_deref());
    let place = session.ip.as_deref().unwrap_or("an unknown address");
    let text = if session.current {
        "This is the session you are using: you are signed out here.".to_owned()
    } else {
        format!("{device} at {place} is signed out and has to sign in again.")
    };
    Question {
        title: "End session",
        text,
        button: "End session",
        is_danger: true,
        wants_password: false,
        wants_code: false,
    }
}

/// Ends one session.
pub(super) async fn end(
    State(app): State<App>,
    Path(id): Path<String>,
    UserSubmit { permit, shell, .. }: UserSubmit<ManageUser>,
) -> Response {
    let ended = match id.parse() {
        Ok(id) => app.engine.end_session(&permit, id).await,
        Err(_) => Err(Missing::Session.into()),
    };
    match ended {
        Ok(Ended { current: true, .. }) => signed_out(),
        Ok(_) => super::done("session-ended"),
        Err(error) => refused_in(shell, &error),
    }
}

/// Asks whether all sessions are to end.
pub(super) async fn ask_all(UserVisit { shell, .. }: UserVisit<ManageUser>) -> Response {
    let question = Question {
        title: "Sign out everywhere",
        text: "Every session of yours ends, this one included, on every device. API tokens and the global API key \
               go on working."
            .to_owned(),
        button: "Sign out everywhere",
        is_danger: true,
        wants_password: false,
        wants_code: false,
    };
    ask_whether(shell, question)
}

/// Ends all sessions.
pub(super) async fn end_all(
    State(app): State<App>,
    UserSubmit { permit, shell, .. }: UserSubmit<ManageUser>,
) -> Response {
    match app.engine.end_all_sessions(&permit).await {
        Ok(_) => signed_out(),
        Err(error) => refused_in(shell, &error),
    }
}

/// Leads to the page for signing in, and the cookie away.
pub(super) fn signed_out() -> Response {
    let cookie = [(header::SET_COOKIE, taken_away())];
    (cookie, Redirect::to(sign_in::PATH)).into_response()
}
