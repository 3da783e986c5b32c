//! The form that creates the secrets of a file, after a look at their names.

use std::collections::HashSet;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use coffer_engine::{Error, ManageSecrets, NewSecret, Permit, SecretValue, ViewSecrets};
use coffer_secrets_file::File;
use coffer_types::limits::MAX_SECRETS_PER_REQUEST;
use coffer_types::{Scope, Scopes, SecretName};

use super::SCOPES;
use super::list::address_of;
use super::place::{Metadata, is_told_in_form};
use super::store::{self, StoreChoice};
use crate::api::SecretProblems;
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::form::Form;
use crate::dashboard::page::{respond, respond_with};
use crate::dashboard::refusal::{problem_at, sentence};
use crate::dashboard::secrets_file::{Fate, file_of, ignored};
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Submit, Visit, refused_in};

/// Names that a preview shows; no file of people's has more.
const MAX_PREVIEWED: usize = 500;

#[derive(Template)]
#[template(path = "secrets_store/import.html")]
struct ImportPage {
    back: String,
    shell: Shell,
    metadata: Metadata,
    preview: Option<Preview>,
    text_problem: Option<String>,
    problem: Option<String>,
}

/// What a file has, without its values.
#[derive(Default)]
struct Preview {
    lines: Vec<Line>,
    /// How many can be created.
    ready: usize,
    /// Lines of the file that are no entries, in words; empty if there are none.
    ignored: String,
}

/// A name of the file.
struct Line {
    name: String,
    fate: Fate,
}

/// An entry of the file that can be created if its name is free.
struct Candidate {
    name: SecretName,
    value: SecretValue,
}

impl ImportPage {
    fn new(shell: Shell, choice: &StoreChoice, metadata: Metadata) -> Self {
        Self {
            back: address_of(&shell, choice, ""),
            shell,
            metadata,
            preview: None,
            text_problem: None,
            problem: None,
        }
    }

    /// The button that creates; without a preview there is none.
    fn ready(&self) -> usize {
        self.preview.as_ref().map_or(0, |preview| preview.ready)
    }

    fn tell(&mut self, error: &Error) {
        match error {
            Error::Invalid(problems) => {
                self.metadata.tell(problems);
                let own = problems.iter().find(|one| one.pointer.is_empty());
                self.problem = own.map(|one| sentence(&one.problem));
                self.text_problem = problem_at(problems, "/text");
            }
            other => self.problem = Some(sentence(other)),
        }
    }
}

/// Shows the empty form.
pub(super) async fn show(
    Visit { shell, .. }: Visit<ManageSecrets>,
    Query(choice): Query<StoreChoice>,
) -> Response {
    let metadata = Metadata::new(Scopes::from_iter([Scope::Workers]));
    respond(&ImportPage::new(shell, &choice, metadata))
}

/// Shows what the file has or, once that was seen, creates it: all that can be, or nothing.
pub(super) async fn import(
    State(app): State<App>,
    Query(choice): Query<StoreChoice>,
    Submit {
        permit,
        shell,
        form,
    }: Submit<ManageSecrets>,
) -> Response {
    let mut page = ImportPage::new(shell, &choice, Metadata::read(&form));
    let file = match file_of(&form, MAX_PREVIEWED, too_many) {
        Ok(file) => file,
        Err(problem) => {
            page.text_problem = Some(problem);
            return respond_with(StatusCode::BAD_REQUEST, &page);
        }
    };
    match take(&app, &permit, &choice, &form, &mut page, file).await {
        Ok(true) => {
            let list = address_of(&page.shell, &choice, "secrets-created");
            Redirect::to(&list).into_response()
        }
        Ok(false) => respond(&page),
        Err(error) if is_told_in_form(&error) => {
            page.tell(&error);
            respond_with(StatusCode::BAD_REQUEST, &page)
        }
        Err(error) => refused_in(page.shell, &error),
    }
}

/// A file of more names than a preview shows.
fn too_many(names: usize) -> String {
    format!(
        "The file has {names} names, of which {MAX_SECRETS_PER_REQUEST} can be created at once. Divide it."
    )
}

/// Puts the preview into the page, and creates what it has if that was asked for and was seen; says whether.
async fn take(
    app: &App,
    permit: &Permit<ManageSecrets>,
    choice: &StoreChoice,
    form: &Form,
    page: &mut ImportPage,
    file: File,
) -> Result<bool, Error> {
    let store_id = store::find_or_create(&app.engine, permit, choice)
        .await?
        .chosen
        .id;
    let view = permit.and::<ViewSecrets>()?;
    let ignored = ignored(&file.ignored_lines);
    let (candidates, mut lines) = examined(file, permit.account().limits.value_bytes);
    let names: Vec<SecretName> = candidates.iter().map(|one| one.name.clone()).collect();
    let taken = app.engine.taken_names(&view, store_id, &names).await?;
    mark(&mut lines, &taken);
    let ready = candidates.len() - taken.len();
    page.preview = Some(Preview {
        lines,
        ready,
        ignored,
    });
    let mut problems = SecretProblems::default();
    let metadata = page.metadata.parse(&mut problems);
    let (scopes, comment) = problems.finish(metadata)?;
    if !form.has("create") || form.text("ready") != ready.to_string() || ready == 0 {
        return Ok(false);
    }
    let new = candidates
        .into_iter()
        .filter(|one| !taken.contains(&one.name))
        .map(|Candidate { name, value }| NewSecret {
            name,
            value,
            scopes,
            comment: comment.clone(),
        });
    app.engine
        .create_secrets(permit, store_id, new.collect())
        .await?;
    Ok(true)
}

/// The entries that could be created, and every name with what would become of it, as far as the file tells.
fn examined(file: File, value_limit: u32) -> (Vec<Candidate>, Vec<Line>) {
    let mut candidates = Vec::new();
    let mut lines = Vec::new();
    for entry in file.entries {
        let mut problems = SecretProblems::default();
        let name = problems.name("", Some(&entry.name));
        let fate = match entry.value {
            None => Fate::Refused("Its value is not text.".to_owned()),
            Some(mut text) => {
                let text = SecretValue::new(std::mem::take(&mut *text));
                let value = problems.value("", Some(text), value_limit);
                match problems.finish(name.zip(value)) {
                    Ok((name, value)) => {
                        candidates.push(Candidate { name, value });
                        Fate::New
                    }
                    Err(error) => Fate::Refused(reason(&error)),
                }
            }
        };
        lines.push(Line {
            name: entry.name,
            fate,
        });
    }
    (candidates, lines)
}

fn reason(error: &Error) -> String {
    match error {
        Error::Invalid(problems) => problems
            .iter()
            .map(|one| sentence(&one.problem))
            .collect::<Vec<_>>()
            .join(" "),
        other => sentence(other),
    }
}

/// Notes which names the store has already.
fn mark(lines: &mut [Line], taken: &HashSet<SecretName>) {
    let taken: HashSet<&str> = taken.iter().map(SecretName::as_str).collect();
    for line in lines {
        if matches!(line.fate, Fate::New) && taken.contains(line.name.as_str()) {
            line.fate = Fate::Exists;
        }
    }
}
