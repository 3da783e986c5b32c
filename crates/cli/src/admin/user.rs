//! `coffer admin user`.

use std::io::IsTerminal;

use coffer_crypto::SecretValue;
use coffer_protocol::operator::{self, Membership, User};
use coffer_types::{Email, MembershipStatus, Role, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::Zeroizing;

use super::{chosen, operated};
use crate::arguments::{CreateUser, DataSettings, OfUser, SetPassword, Settings, UserAction};
use crate::failure::Failure;
use crate::operator::Operated;
use crate::output::{self, Table, prompt};
use crate::value;

/// A user who was made or invited. Password and link are told once.
#[derive(Deserialize)]
struct Created {
    user: User,
    password: Option<SecretValue>,
    invitation_url: Option<SecretValue>,
    invitation_expires_on: Option<Timestamp>,
}

/// Another password; without one, the server makes one up.
#[derive(Serialize)]
struct NewPassword<'a> {
    email: &'a Email,
    password: Option<&'a str>,
}

#[derive(Deserialize)]
struct PasswordSet {
    password: Option<SecretValue>,
    sessions_ended: u32,
}

#[derive(Deserialize)]
struct SessionsEnded {
    sessions_ended: u32,
}

pub(super) async fn run(action: UserAction) -> Result<(), Failure> {
    match action {
        UserAction::List(settings) => list(&settings).await,
        UserAction::Create(arguments) => create(arguments).await,
        UserAction::SetPassword(arguments) => set_password(arguments).await,
        UserAction::RemoveSecondFactor(arguments) => remove_second_factor(arguments).await,
    }
}

async fn list(settings: &DataSettings) -> Result<(), Failure> {
    let operated = operated(settings).await?;
    let users: Vec<User> = operated.look("/users").await?;
    operated.close().await;
    if output::is_json() {
        output::json(&users);
        return Ok(());
    }
    let mut table = Table::new(&["Address", "Password", "Second factor", "Accounts"]);
    for user in users {
        let accounts: Vec<_> = user.accounts.iter().map(described).collect();
        table.row([
            user.email.to_string(),
            yes(user.has_password),
            yes(user.second_factor),
            accounts.join("; "),
        ]);
    }
    table.print();
    Ok(())
}

fn yes(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

fn described(membership: &Membership) -> String {
    let roles: Vec<_> = membership
        .roles
        .iter()
        .map(|role| Role::title(*role))
        .collect();
    let invited = match membership.status {
        MembershipStatus::Accepted => "",
        MembershipStatus::Pending => ", invited",
        MembershipStatus::Rejected => ", refused",
    };
    format!("{} ({}{invited})", membership.name, roles.join(", "))
}

async fn create(arguments: CreateUser) -> Result<(), Failure> {
    let settings = Settings {
        data: arguments.settings,
        public_url: arguments.public_url,
        ..Settings::default()
    };
    let operated = Operated::of(&crate::start(&settings)?).await?;
    let new = operator::NewUser {
        account: chosen(&operated, arguments.account).await?.id,
        email: arguments.email,
        roles: arguments.roles,
        invite: arguments.invite,
    };
    let created: Created = operated.ask("/users", &new).await?;
    operated.close().await;
    let password = created.password.as_ref().map(SecretValue::expose_secret);
    let link = created
        .invitation_url
        .as_ref()
        .map(SecretValue::expose_secret);
    if output::is_json() {
        output::json(&json!({
            "user": created.user,
            "password": password,
            "invitation_url": link,
            "invitation_expires_on": created.invitation_expires_on,
        }));
        return Ok(());
    }
    let mut facts = vec![("email", created.user.email.to_string())];
    if let Some(password) = password {
        facts.push(("password", password.to_owned()));
    }
    if let Some(link) = link {
        facts.push(("invitation", link.to_owned()));
    }
    if let Some(expires_on) = created.invitation_expires_on {
        facts.push(("until", expires_on.to_string()));
    }
    output::facts(&facts);
    output::note(if link.is_some() {
        "The link is shown once; give it to the user alone."
    } else {
        "The password is shown once; the user can change it in the dashboard."
    });
    Ok(())
}

async fn set_password(arguments: SetPassword) -> Result<(), Failure> {
    // Asked before anything is opened: typing takes as long as it takes.
    let password = if arguments.generate {
        None
    } else {
        Some(new_password(&arguments.email)?)
    };
    let operated = operated(&arguments.settings).await?;
    let body = NewPassword {
        email: &arguments.email,
        password: password.as_ref().map(|password| password.as_str()),
    };
    let set: PasswordSet = operated.ask("/users/password", &body).await?;
    operated.close().await;
    let generated = set.password.as_ref().map(SecretValue::expose_secret);
    if output::is_json() {
        output::json(&json!({
            "email": arguments.email,
            "password": generated,
            "sessions_ended": set.sessions_ended,
        }));
        return Ok(());
    }
    if let Some(password) = generated {
        output::data(password);
        output::note("The password is shown once.");
    }
    output::note(format_args!(
        "{} has a new password; {}.",
        arguments.email,
        ended(set.sessions_ended)
    ));
    Ok(())
}

/// A password from a prompt, typed twice, or all of stdin.
fn new_password(email: &Email) -> Result<Zeroizing<String>, Failure> {
    let question = format!("New password of {email}");
    let password = value::read(&question, false)?;
    if std::io::stdin().is_terminal() {
        let again = prompt::hidden("Once more", "give the password on stdin")?;
        if *again != *password {
            return Err(Failure::usage(
                "the two passwords differ: nothing was changed",
            ));
        }
    }
    Ok(password)
}

async fn remove_second_factor(arguments: OfUser) -> Result<(), Failure> {
    let operated = operated(&arguments.settings).await?;
    let body = operator::OfUser {
        email: arguments.email,
    };
    let removed: SessionsEnded = operated.ask("/users/second-factor/remove", &body).await?;
    operated.close().await;
    if output::is_json() {
        output::json(&json!({ "email": body.email, "sessions_ended": removed.sessions_ended }));
        return Ok(());
    }
    output::note(format_args!(
        "{} signs in without a second factor from now on; {}.",
        body.email,
        ended(removed.sessions_ended)
    ));
    Ok(())
}

fn ended(sessions: u32) -> String {
    match sessions {
        0 => "no session ended".to_owned(),
        1 => "1 session ended".to_owned(),
        many => format!("{many} sessions ended"),
    }
}
