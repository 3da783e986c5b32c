//! Users.

use axum::extract::State;
use coffer_engine::{Entry, SecretValue};
use coffer_protocol::operator::{NewUser, OfUser, User};
use coffer_types::{Email, Timestamp};
use serde::{Deserialize, Serialize};

use super::OperatorApp;
use super::answer::{Asked, Told, ToldOnce};

/// A user who was made, with a password, or invited by a link. Both are told once.
#[derive(Serialize)]
pub(super) struct Created {
    user: User,
    password: Option<ToldOnce>,
    invitation_url: Option<ToldOnce>,
    invitation_expires_on: Option<Timestamp>,
}

/// Another password for a user; without one, it is generated.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetPassword {
    email: Email,
    password: Option<SecretValue>,
}

/// A password was set, and sessions ended.
#[derive(Serialize)]
pub(super) struct PasswordSet {
    password: Option<ToldOnce>,
    sessions_ended: u32,
}

/// Sessions that ended.
#[derive(Serialize)]
pub(super) struct SessionsEnded {
    sessions_ended: u32,
}

pub(super) async fn list(State(app): State<OperatorApp>) -> Told<Vec<User>> {
    app.operator.users().await.into()
}

pub(super) async fn create(
    State(app): State<OperatorApp>,
    Asked(new): Asked<NewUser>,
) -> Told<Created> {
    let created = app.operator.create_user(new).await;
    let created = created.map(|created| {
        let user = created.user;
        match created.entry {
            Entry::Password(password) => Created {
                user,
                password: Some(ToldOnce::from(&password)),
                invitation_url: None,
                invitation_expires_on: None,
            },
            Entry::Invitation(text, expires_on) => Created {
                user,
                password: None,
                invitation_url: Some(ToldOnce::link(format!(
                    "{}/invitations/{}",
                    app.public_url,
                    text.expose_secret()
                ))),
                invitation_expires_on: Some(expires_on),
            },
        }
    });
    created.into()
}

pub(super) async fn set_password(
    State(app): State<OperatorApp>,
    Asked(asked): Asked<SetPassword>,
) -> Told<PasswordSet> {
    let set = app
        .operator
        .set_password(&asked.email, asked.password)
        .await;
    let set = set.map(|(sessions_ended, generated)| PasswordSet {
        password: generated.as_ref().map(ToldOnce::from),
        sessions_ended,
    });
    set.into()
}

pub(super) async fn remove_second_factor(
    State(app): State<OperatorApp>,
    Asked(asked): Asked<OfUser>,
) -> Told<SessionsEnded> {
    let installation = app.operator.installation();
    let ended = installation.remove_second_factor(&asked.email).await;
    ended
        .map(|sessions_ended| SessionsEnded { sessions_ended })
        .into()
}
