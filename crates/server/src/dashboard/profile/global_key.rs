//! The global API key: it is shown, replaced, disabled and enabled against the password.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use coffer_engine::{Conflict, Error, ManageUser, TokenText};

use super::confirm::{Question, Wrong, ask as ask_for, ask_again};
use super::password::fits;
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::respond;
use crate::dashboard::refusal::{problem_at, sentence};
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{UserSubmit, UserVisit, refused_in};

/// The key, shown.
#[derive(Template)]
#[template(path = "profile/global_key.html")]
struct KeyPage<'k> {
    shell: Shell,
    back: &'static str,
    title: &'static str,
    key: &'k TokenText,
}

/// What can be done with the key, as the address says it.
#[derive(Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Task {
    View,
    Roll,
    Disable,
    Enable,
}

impl Task {
    fn question(self) -> Question {
        let (title, text, button, is_danger) = match self {
            Self::View => (
                "View global API key",
                "The key may do everything you may, in every account. Prefer API tokens, which can do less.",
                "View key",
                false,
            ),
            Self::Roll => (
                "Roll global API key",
                "A new key takes the place of the old one, which is refused at once: whatever uses it fails until \
                 it has the new one.",
                "Roll key",
                true,
            ),
            Self::Disable => (
                "Disable global API key",
                "Whatever uses the key is refused until you enable it again.",
                "Disable key",
                true,
            ),
            Self::Enable => (
                "Enable global API key",
                "The key may do everything you may, in every account. Prefer API tokens, which can do less.",
                "Enable key",
                false,
            ),
        };
        Question {
            title,
            text: text.to_owned(),
            button,
            is_danger,
            wants_password: true,
            wants_code: false,
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
            code: None,
            other: None,
        };
        return ask_again(shell, task.question(), wrong);
    };
    let engine = &app.engine;
    let performed = match task {
        Task::View => engine.view_global_key(&permit, password).await.map(Some),
        Task::Roll => engine.roll_global_key(&permit, password).await.map(Some),
        Task::Disable | Task::Enable => {
            let enabled = matches!(task, Task::Enable);
            let changed = engine.enable_global_key(&permit, password, enabled).await;
            changed.map(|()| None)
        }
    };
    match performed {
        Ok(Some(key)) => respond(&KeyPage {
            shell,
            back: super::PATH,
            title: if matches!(task, Task::Roll) {
                "New global API key"
            } else {
                "Global API key"
            },
            key: &key,
        }),
        Ok(None) => super::done("global-key-changed"),
        Err(error) => refused(shell, task, &error),
    }
}

fn refused(shell: Shell, task: Task, error: &Error) -> Response {
    let wrong = match error {
        Error::Invalid(problems) => Wrong {
            password: problem_at(problems, "/password"),
            code: None,
            other: None,
        },
        Error::Conflict(Conflict::GlobalKeyNotKept | Conflict::CredentialsChanged) => Wrong {
            password: None,
            code: None,
            other: Some(sentence(error)),
        },
        other => return refused_in(shell, other),
    };
    ask_again(shell, task.question(), wrong)
}
