//! The authenticator app: setting it up, its recovery codes, and removing it.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use coffer_engine::{
    Conflict, Error, ManageUser, NewSecondFactor, RecoveryCodes, SecretValue, UserPermit,
};

use super::confirm::{Question, Wrong, ask as ask_for, ask_again};
use super::password::fits;
use super::qr::QrCode;
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::{respond, respond_with};
use crate::dashboard::refusal::{problem_at, sentence};
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{UserSubmit, UserVisit, refused_in};

/// Where an app is set up.
const SET_UP: &str = "/profile/second-factor/set-up";

/// The secret for the app, with the question for its first code.
#[derive(Template)]
#[template(path = "profile/scan.html")]
struct ScanPage<'s> {
    shell: Shell,
    back: &'static str,
    secret: &'s str,
    address: String,
    qr: QrCode,
    problem: Option<String>,
}

/// Recovery codes, shown once.
#[derive(Template)]
#[template(path = "profile/recovery_codes.html")]
struct CodesPage<'c> {
    shell: Shell,
    back: &'static str,
    codes: &'c [SecretValue],
}

impl CodesPage<'_> {
    fn text(&self) -> String {
        let codes: Vec<&str> = self.codes.iter().map(SecretValue::expose_secret).collect();
        codes.join("\n")
    }
}

/// What can be done with a second factor, as the address says it.
#[derive(Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Task {
    SetUp,
    Remove,
    RecoveryCodes,
}

impl Task {
    fn question(self) -> Question {
        let (title, text, button, is_danger, wants_code) = match self {
            Self::SetUp => (
                "Set up an authenticator app",
                "After your password you are asked for a code that the app shows. Enter your password to begin.",
                "Continue",
                false,
                false,
            ),
            Self::Remove => (
                "Remove the authenticator app",
                "From then on your password alone signs you in. The recovery codes stop working.",
                "Remove",
                true,
                true,
            ),
            Self::RecoveryCodes => (
                "New recovery codes",
                "The recovery codes that you have stop working, and new ones take their place.",
                "Make new codes",
                false,
                true,
            ),
        };
        Question {
            title,
            text: text.to_owned(),
            button,
            is_danger,
            wants_password: true,
            wants_code,
        }
    }
}

pub(super) async fn ask(
    Path(task): Path<Task>,
    UserVisit { shell, .. }: UserVisit<ManageUser>,
) -> Response {
    ask_for(shell, task.question())
}

pub(super) async fn perform(
    State(app): State<App>,
    Path(task): Path<Task>,
    UserSubmit {
        permit,
        shell,
        form,
    }: UserSubmit<ManageUser>,
) -> Response {
    let Some(password) = form.secret("password").filter(fits) else {
        let wrong = Wrong {
            password: Some("Enter your password.".to_owned()),
            ..Wrong::default()
        };
        return ask_again(shell, task.question(), wrong);
    };
    let code = form.secret("code");
    let code = code.unwrap_or_else(|| SecretValue::new(String::new()));
    let engine = &app.engine;
    let refusal = match task {
        Task::SetUp => match engine.begin_second_factor(&permit, password).await {
            Ok(new) => return scan(StatusCode::OK, shell, &new, None),
            Err(error) => error,
        },
        Task::Remove => match engine.remove_second_factor(&permit, password, code).await {
            Ok(()) => return super::done("second-factor-removed"),
            Err(error) => error,
        },
        Task::RecoveryCodes => match engine.renew_recovery_codes(&permit, password, code).await {
            Ok(codes) => return show_codes(shell, &codes),
            Err(error) => error,
        },
    };
    refused(shell, task, &refusal)
}

/// Whoever reloads the page of the codes finds them gone.
pub(super) async fn begin_again() -> Redirect {
    Redirect::to(super::PATH)
}

/// Takes the first code of the app.
pub(super) async fn confirm(
    State(app): State<App>,
    UserSubmit {
        permit,
        shell,
        form,
    }: UserSubmit<ManageUser>,
) -> Response {
    let code = form.secret("code");
    let code = code.unwrap_or_else(|| SecretValue::new(String::new()));
    match app.engine.confirm_second_factor(&permit, code).await {
        Ok(codes) => show_codes(shell, &codes),
        Err(Error::Invalid(problems)) => {
            let problem = problem_at(&problems, "/code");
            scan_again(&app, &permit, shell, problem).await
        }
        // It was begun too long ago.
        Err(Error::Conflict(Conflict::NoEnrolment)) => Redirect::to(SET_UP).into_response(),
        Err(error) => refused_in(shell, &error),
    }
}

async fn scan_again(
    app: &App,
    permit: &UserPermit<ManageUser>,
    shell: Shell,
    problem: Option<String>,
) -> Response {
    match app.engine.begun_second_factor(permit).await {
        Ok(begun) => scan(StatusCode::BAD_REQUEST, shell, &begun, problem),
        Err(Error::Conflict(Conflict::NoEnrolment)) => Redirect::to(SET_UP).into_response(),
        Err(error) => refused_in(shell, &error),
    }
}

fn scan(
    status: StatusCode,
    shell: Shell,
    new: &NewSecondFactor,
    problem: Option<String>,
) -> Response {
    let secret = new.secret.expose_secret();
    let address = address(&shell.email, secret);
    let Some(qr) = QrCode::of(&address) else {
        let error = Error::Internal("an address that is too long for a QR code".to_owned());
        return refused_in(shell, &error);
    };
    let page = ScanPage {
        shell,
        back: super::PATH,
        secret,
        address,
        qr,
        problem,
    };
    respond_with(status, &page)
}

/// The address that authenticator apps understand.
fn address(email: &str, secret: &str) -> String {
    let email = percent_encoding::utf8_percent_encode(email, percent_encoding::NON_ALPHANUMERIC);
    format!("otpauth://totp/Coffer:{email}?secret={secret}&issuer=Coffer")
}

fn show_codes(shell: Shell, codes: &RecoveryCodes) -> Response {
    respond(&CodesPage {
        shell,
        back: super::PATH,
        codes: codes.all(),
    })
}

fn refused(shell: Shell, task: Task, error: &Error) -> Response {
    let wrong = match error {
        Error::Invalid(problems) => Wrong {
            password: problem_at(problems, "/password"),
            code: problem_at(problems, "/code"),
            other: None,
        },
        Error::Conflict(_) => Wrong {
            other: Some(sentence(error)),
            ..Wrong::default()
        },
        other => return refused_in(shell, other),
    };
    ask_again(shell, task.question(), wrong)
}
