//! The user's name.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use coffer_engine::{Error, ManageUser, Problem, UserChanges, ViewUser};
use coffer_types::PersonName;
use coffer_types::limits::MAX_PERSON_NAME_CHARS;

use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::{respond, respond_with};
use crate::dashboard::refusal::sentence;
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{UserSubmit, UserVisit, refused_in};

#[derive(Template)]
#[template(path = "profile/name.html")]
struct NamePage {
    shell: Shell,
    back: &'static str,
    fields: [Field; 2],
}

/// One of the two names as it was typed.
struct Field {
    id: &'static str,
    label: &'static str,
    autocomplete: &'static str,
    text: String,
    problem: Option<String>,
}

impl NamePage {
    fn new(shell: Shell, first: String, last: String) -> Self {
        let field = |id, label, autocomplete, text| Field {
            id,
            label,
            autocomplete,
            text,
            problem: None,
        };
        Self {
            shell,
            back: super::PATH,
            fields: [
                field("first_name", "First name", "given-name", first),
                field("last_name", "Last name", "family-name", last),
            ],
        }
    }
}

impl Field {
    /// The name, `Some(None)` if it is taken away; `None` with the problem told if it is none.
    fn parsed(&mut self) -> Option<Option<PersonName>> {
        if self.text.is_empty() {
            return Some(None);
        }
        match self.text.parse() {
            Ok(name) => Some(Some(name)),
            Err(error) => {
                self.problem = Some(sentence(&Problem::PersonName(error)));
                None
            }
        }
    }
}

pub(super) async fn show(
    State(app): State<App>,
    UserVisit { permit, shell }: UserVisit<ManageUser>,
) -> Response {
    let viewing = app.engine.authorize_user::<ViewUser>(permit.caller());
    let user = match viewing {
        Ok(viewing) => app.engine.own_user(&viewing),
        Err(error) => return refused_in(shell, &error),
    };
    let text = |name: Option<PersonName>| name.map(|name| name.to_string()).unwrap_or_default();
    let page = NamePage::new(shell, text(user.first_name), text(user.last_name));
    respond(&page)
}

pub(super) async fn edit(
    State(app): State<App>,
    UserSubmit {
        permit,
        shell,
        form,
    }: UserSubmit<ManageUser>,
) -> Response {
    let mut page = NamePage::new(shell, form.text("first_name"), form.text("last_name"));
    let [first, last] = &mut page.fields;
    let (Some(first), Some(last)) = (first.parsed(), last.parsed()) else {
        return respond_with(StatusCode::BAD_REQUEST, &page);
    };
    let changes = UserChanges {
        first_name: Some(first),
        last_name: Some(last),
    };
    match app.engine.edit_user(&permit, changes).await {
        Ok(_) => super::done("profile-saved"),
        Err(error @ Error::Invalid(_)) => {
            page.fields[0].problem = Some(sentence(&error));
            respond_with(StatusCode::BAD_REQUEST, &page)
        }
        Err(error) => refused_in(page.shell, &error),
    }
}
