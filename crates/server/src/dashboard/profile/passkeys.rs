//! Passkeys: adding, renaming and removing them.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use coffer_engine::{
    Error, ManageUser, Missing, NewPasskey, Passkey, Problem, Result, SecretValue, UserPermit,
    ViewUser,
};
use coffer_types::PasskeyName;
use coffer_types::limits::MAX_PASSKEY_NAME_CHARS;

use super::confirm::{Question, ask as ask_whether};
use super::device::device;
use super::password::fits;
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::{respond, respond_with};
use crate::dashboard::passkey::{PasskeyRequest, bytes, why_not};
use crate::dashboard::refusal::{problem_at, sentence};
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{UserSubmit, UserVisit, refused_in};

/// Where one is begun.
pub(super) const ADD: &str = "/profile/passkeys/add";
/// Where what the browser made is sent.
pub(super) const CREATE: &str = "/profile/passkeys/create";

/// Asks for a name and the password, before the browser is asked.
#[derive(Template)]
#[template(path = "profile/add_passkey.html")]
struct AddPage {
    shell: Shell,
    back: &'static str,
    name: String,
    wants_code: bool,
    wrong: Wrong,
}

/// What was wrong with what was typed.
#[derive(Debug, Default)]
struct Wrong {
    name: Option<String>,
    password: Option<String>,
    code: Option<String>,
    other: Option<String>,
}

/// Has the browser make a passkey.
#[derive(Template)]
#[template(path = "profile/create_passkey.html")]
struct CreatePage {
    shell: Shell,
    back: &'static str,
    name: PasskeyName,
    request: PasskeyRequest,
}

/// Asks for another name.
#[derive(Template)]
#[template(path = "profile/passkey_name.html")]
struct NamePage {
    shell: Shell,
    back: &'static str,
    name: String,
    problem: Option<String>,
}

pub(super) async fn ask(
    State(app): State<App>,
    headers: HeaderMap,
    UserVisit { permit, shell }: UserVisit<ManageUser>,
) -> Response {
    let agent = headers.get(header::USER_AGENT);
    let name = device(agent.and_then(|agent| agent.to_str().ok()));
    add_page(&app, &permit, shell, name, Wrong::default()).await
}

/// Takes name, password and code, and asks the browser for a passkey.
pub(super) async fn begin(
    State(app): State<App>,
    UserSubmit {
        permit,
        shell,
        form,
    }: UserSubmit<ManageUser>,
) -> Response {
    let typed = form.text("name");
    let password = form.secret("password").filter(fits);
    let mut wrong = Wrong::default();
    if password.is_none() {
        wrong.password = Some("Enter your password.".to_owned());
    }
    let name = match typed.parse::<PasskeyName>() {
        Ok(name) => Some(name),
        Err(error) => {
            wrong.name = Some(sentence(&Problem::PasskeyName(error)));
            None
        }
    };
    let (Ok(site), Some(name), Some(password)) = (&app.passkeys, name, password) else {
        return add_page(&app, &permit, shell, typed, wrong).await;
    };
    let code = form.secret("code");
    let code = code.unwrap_or_else(|| SecretValue::new(String::new()));
    match app.engine.begin_passkey(&permit, password, code).await {
        Ok(offer) => respond(&CreatePage {
            back: super::PATH,
            name,
            request: PasskeyRequest::to_add(site, &offer, &shell.email),
            shell,
        }),
        Err(error) => refused(&app, &permit, shell, typed, &error).await,
    }
}

/// Whoever reloads the page of the browser's answer begins again.
pub(super) async fn begin_again() -> Redirect {
    Redirect::to(ADD)
}

/// Takes what the browser made.
pub(super) async fn create(
    State(app): State<App>,
    UserSubmit {
        permit,
        shell,
        form,
    }: UserSubmit<ManageUser>,
) -> Response {
    let typed = form.text("name");
    let (Ok(site), Ok(name)) = (&app.passkeys, typed.parse()) else {
        return Redirect::to(ADD).into_response();
    };
    let new = NewPasskey {
        name,
        client_data: bytes(&form, "client_data"),
        attestation: bytes(&form, "attestation"),
    };
    match app.engine.add_passkey(&permit, site, new).await {
        Ok(_) => super::done("passkey-added"),
        Err(error) => refused(&app, &permit, shell, typed, &error).await,
    }
}

async fn refused(
    app: &App,
    permit: &UserPermit<ManageUser>,
    shell: Shell,
    name: String,
    error: &Error,
) -> Response {
    let wrong = match error {
        Error::Invalid(problems) => Wrong {
            password: problem_at(problems, "/password"),
            code: problem_at(problems, "/code"),
            other: problem_at(problems, "/passkey"),
            name: None,
        },
        Error::Conflict(_) | Error::LimitExceeded(_) => Wrong {
            other: Some(sentence(error)),
            ..Wrong::default()
        },
        other => return refused_in(shell, other),
    };
    add_page(app, permit, shell, name, wrong).await
}

/// The first page; with what is wrong, if that is told or there can be no passkeys.
async fn add_page(
    app: &App,
    permit: &UserPermit<ManageUser>,
    shell: Shell,
    name: String,
    mut wrong: Wrong,
) -> Response {
    let has_second_factor = async {
        let viewing = app.engine.authorize_user::<ViewUser>(permit.caller())?;
        Ok::<_, Error>(app.engine.second_factor(&viewing).await?.is_some())
    };
    let wants_code = match has_second_factor.await {
        Ok(wants_code) => wants_code,
        Err(error) => return refused_in(shell, &error),
    };
    if let Err(reason) = app.passkeys {
        wrong.other = Some(why_not(reason).to_owned());
    }
    let status = if wrong.is_nothing() {
        StatusCode::OK
    } else {
        StatusCode::BAD_REQUEST
    };
    let page = AddPage {
        shell,
        back: super::PATH,
        name,
        wants_code,
        wrong,
    };
    respond_with(status, &page)
}

impl Wrong {
    fn is_nothing(&self) -> bool {
        let Self {
            name,
            password,
            code,
            other,
        } = self;
        [name, password, code, other]
            .into_iter()
            .all(Option::is_none)
    }
}

/// Asks for another name.
pub(super) async fn ask_name(
    State(app): State<App>,
    Path(id): Path<String>,
    UserVisit { permit, shell }: UserVisit<ManageUser>,
) -> Response {
    match found(&app, &permit, &id).await {
        Ok(passkey) => respond(&NamePage {
            shell,
            back: super::PATH,
            name: passkey.name.to_string(),
            problem: None,
        }),
        Err(error) => refused_in(shell, &error),
    }
}

/// Gives it another name.
pub(super) async fn rename(
    State(app): State<App>,
    Path(id): Path<String>,
    UserSubmit {
        permit,
        shell,
        form,
    }: UserSubmit<ManageUser>,
) -> Response {
    let typed = form.text("name");
    let name = match typed.parse::<PasskeyName>() {
        Ok(name) => name,
        Err(error) => {
            let page = NamePage {
                shell,
                back: super::PATH,
                name: typed,
                problem: Some(sentence(&Problem::PasskeyName(error))),
            };
            return respond_with(StatusCode::BAD_REQUEST, &page);
        }
    };
    let renamed = match id.parse() {
        Ok(id) => app.engine.rename_passkey(&permit, id, name).await,
        Err(_) => Err(Missing::Passkey.into()),
    };
    match renamed {
        Ok(()) => super::done("profile-saved"),
        Err(error) => refused_in(shell, &error),
    }
}

/// Asks whether it is to be removed.
pub(super) async fn ask_removal(
    State(app): State<App>,
    Path(id): Path<String>,
    UserVisit { permit, shell }: UserVisit<ManageUser>,
) -> Response {
    match found(&app, &permit, &id).await {
        Ok(passkey) => ask_whether(shell, removal(&passkey)),
        Err(error) => refused_in(shell, &error),
    }
}

fn removal(passkey: &Passkey) -> Question {
    Question {
        title: "Remove passkey",
        text: format!(
            "{} no longer signs you in. Sessions that it began go on. The device still offers it until you remove it \
             there too.",
            passkey.name
        ),
        button: "Remove",
        is_danger: true,
        wants_password: false,
        wants_code: false,
    }
}

/// Removes it.
pub(super) async fn remove(
    State(app): State<App>,
    Path(id): Path<String>,
    UserSubmit { permit, shell, .. }: UserSubmit<ManageUser>,
) -> Response {
    let removed = match id.parse() {
        Ok(id) => app.engine.remove_passkey(&permit, id).await,
        Err(_) => Err(Missing::Passkey.into()),
    };
    match removed {
        Ok(()) => super::done("passkey-removed"),
        Err(error) => refused_in(shell, &error),
    }
}

async fn found(app: &App, permit: &UserPermit<ManageUser>, id: &str) -> Result<Passkey> {
    let viewing = app.engine.authorize_user::<ViewUser>(permit.caller())?;
    let passkeys = app.engine.own_passkeys(&viewing).await?;
    let found = passkeys.into_iter().find(|one| one.id.to_string() == id);
    found.ok_or_else(|| Error::from(Missing::Passkey))
}
