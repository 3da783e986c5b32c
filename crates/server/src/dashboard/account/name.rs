//! The account's name.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use coffer_engine::{ManageAccount, Problem};
use coffer_types::AccountName;
use coffer_types::limits::MAX_ACCOUNT_NAME_CHARS;

use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::{respond, respond_with};
use crate::dashboard::refusal::sentence;
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Submit, Visit, refused_in};

#[derive(Template)]
#[template(path = "account/name.html")]
struct NamePage {
    shell: Shell,
    back: String,
    name: String,
    problem: Option<String>,
}

impl NamePage {
    fn new(shell: Shell, name: String) -> Self {
        Self {
            back: shell.place(super::PLACE),
            shell,
            name,
            problem: None,
        }
    }
}

pub(super) async fn show(Visit { permit, shell }: Visit<ManageAccount>) -> Response {
    respond(&NamePage::new(shell, permit.account().name.clone()))
}

pub(super) async fn edit(
    State(app): State<App>,
    Submit {
        permit,
        shell,
        form,
    }: Submit<ManageAccount>,
) -> Response {
    let mut page = NamePage::new(shell, form.text("name"));
    let name: AccountName = match page.name.parse() {
        Ok(name) => name,
        Err(error) => {
            page.problem = Some(sentence(&Problem::AccountName(error)));
            return respond_with(StatusCode::BAD_REQUEST, &page);
        }
    };
    match app.engine.rename_account(&permit, name).await {
        Ok(_) => super::done(&page.shell, "account-saved"),
        Err(error) => refused_in(page.shell, &error),
    }
}
