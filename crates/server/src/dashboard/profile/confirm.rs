//! The form that asks once more, before something that cannot be taken back.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use crate::dashboard::filters;
use crate::dashboard::page::respond_with;
use crate::dashboard::shell::Shell;

#[derive(Template)]
#[template(path = "profile/confirm.html")]
struct ConfirmPage {
    shell: Shell,
    back: &'static str,
    question: Question,
    password_problem: Option<String>,
    code_problem: Option<String>,
    problem: Option<String>,
}

/// What is asked.
#[derive(Clone, Debug)]
pub(super) struct Question {
    /// What is to be done, as a heading.
    pub(super) title: &'static str,
    /// What it brings about.
    pub(super) text: String,
    /// The word on the button.
    pub(super) button: &'static str,
    /// Whether something ends.
    pub(super) is_danger: bool,
    /// Whether the password is asked for.
    pub(super) wants_password: bool,
    /// Whether a code of the second factor is asked for.
    pub(super) wants_code: bool,
}

/// What was wrong with the answer.
#[derive(Debug, Default)]
pub(super) struct Wrong {
    /// With the password.
    pub(super) password: Option<String>,
    /// With the code.
    pub(super) code: Option<String>,
    /// With the rest.
    pub(super) other: Option<String>,
}

/// Asks.
pub(super) fn ask(shell: Shell, question: Question) -> Response {
    answer(StatusCode::OK, shell, question, Wrong::default())
}

/// Asks again.
pub(super) fn ask_again(shell: Shell, question: Question, wrong: Wrong) -> Response {
    answer(StatusCode::BAD_REQUEST, shell, question, wrong)
}

fn answer(status: StatusCode, shell: Shell, question: Question, wrong: Wrong) -> Response {
    let page = ConfirmPage {
        shell,
        back: super::PATH,
        question,
        password_problem: wrong.password,
        code_problem: wrong.code,
        problem: wrong.other,
    };
    respond_with(status, &page)
}
