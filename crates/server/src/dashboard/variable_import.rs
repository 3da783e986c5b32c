//! The form that makes variables and secrets of a pasted file, after a look at their names. Each becomes a secret unless
//! a text is chosen, and what exists stays as it is.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use coffer_engine::{Problem, SecretValue};
use coffer_secrets_file::{Entry, File};
use coffer_types::limits::{MAX_BINDINGS_PER_VERSION, MAX_VARIABLE_BYTES};

use super::filters;
use super::form::Form;
use super::page::{respond, respond_with};
use super::refusal::sentence;
use super::secrets_file::{Fate, file_of, ignored};
use super::shell::Shell;
use super::workers::edit::Edits;
use super::workers::variable_form::{Item, Kind, parse};

/// What a name of a file can become, the usual first.
const KINDS: [Kind; 2] = [Kind::Secret, Kind::Text];

/// The form.
#[derive(Template)]
#[template(path = "variable_import.html")]
pub(super) struct ImportPage {
    shell: Shell,
    back: String,
    /// Whether what is made may be deployed at once; `None` where nothing is made but variables.
    deployable: Option<bool>,
    /// What the variables are for, in a sentence.
    note: Option<String>,
    /// What a name becomes if nothing else is chosen.
    usual: Kind,
    preview: Option<Preview>,
    text_problem: Option<String>,
    problem: Option<String>,
}

/// What a file has, without its values.
struct Preview {
    lines: Vec<Line>,
    /// How many can be made.
    ready: usize,
    /// Lines of the file that are no entries, in words; empty if there are none.
    ignored: String,
}

/// A name of the file.
struct Line {
    name: String,
    kind: Kind,
    fate: Fate,
}

impl ImportPage {
    /// The empty form, which leads back to this address.
    pub(super) const fn new(
        shell: Shell,
        back: String,
        deployable: Option<bool>,
        note: Option<String>,
    ) -> Self {
        Self {
            shell,
            back,
            deployable,
            note,
            usual: Kind::Secret,
            preview: None,
            text_problem: None,
            problem: None,
        }
    }

    /// Reads the form. Gives what is to be made, all that can be, once its names were seen; without it the page shows
    /// them, or what is wrong. `taken` are the names that exist.
    pub(super) fn take(&mut self, form: &Form, taken: &[&str]) -> Option<Edits> {
        self.usual = Kind::of(&form.text("usual"));
        let too_many = |names| {
            format!(
                "The file has {names} names. A version has at most {MAX_BINDINGS_PER_VERSION} bindings."
            )
        };
        let file = match file_of(form, MAX_BINDINGS_PER_VERSION, too_many) {
            Ok(file) => file,
            Err(problem) => {
                self.text_problem = Some(problem);
                return None;
            }
        };
        let (edits, preview) = examined(file, &Chosen::of(form, self.usual), taken);
        let was_seen = form.has("then") && form.text("ready") == preview.ready.to_string();
        self.preview = Some(preview);
        (was_seen && !edits.is_empty()).then_some(edits)
    }

    /// The page: refused if something is wrong.
    pub(super) fn answer(self) -> Response {
        if self.text_problem.is_some() || self.problem.is_some() {
            respond_with(StatusCode::BAD_REQUEST, &self)
        } else {
            respond(&self)
        }
    }

    /// The page with what was wrong when all was to be made.
    pub(super) fn refused(mut self, problem: String) -> Response {
        self.problem = Some(problem);
        self.answer()
    }

    /// The shell, for another answer than this page.
    pub(super) fn into_shell(self) -> Shell {
        self.shell
    }

    fn ready(&self) -> usize {
        self.preview.as_ref().map_or(0, |preview| preview.ready)
    }
}

/// What was chosen for the names of a preview that was seen.
struct Chosen {
    usual: Kind,
    /// Names with what was chosen for each; empty if the usual was changed since.
    named: Vec<(String, Kind)>,
}

impl Chosen {
    fn of(form: &Form, usual: Kind) -> Self {
        let kinds = form.texts("kind").into_iter();
        let named = form.texts("name").into_iter();
        let named = named.zip(kinds.map(|word| Kind::of(&word)));
        let is_as_before = form.text("usual_before") == usual.word();
        Self {
            usual,
            named: named.filter(|_| is_as_before).collect(),
        }
    }

    fn kind(&self, name: &str) -> Kind {
        let found = self.named.iter().find(|(other, _)| other == name);
        found.map_or(self.usual, |(_, kind)| *kind)
    }
}

/// What can be made of a file, and every name with what would become of it.
fn examined(file: File, chosen: &Chosen, taken: &[&str]) -> (Edits, Preview) {
    let mut edits = Edits::new();
    let ignored = ignored(&file.ignored_lines);
    let lines = file.entries.into_iter().map(|entry| {
        let kind = chosen.kind(&entry.name);
        let name = entry.name.clone();
        let fate = if taken.contains(&name.as_str()) {
            Fate::Exists
        } else {
            match edits_of(entry, kind) {
                Ok(edit) => {
                    edits.extend(edit);
                    Fate::New
                }
                Err(reason) => Fate::Refused(reason),
            }
        };
        Line { name, kind, fate }
    });
    let lines: Vec<Line> = lines.collect();
    let preview = Preview {
        lines,
        ready: edits.len(),
        ignored,
    };
    (edits, preview)
}

/// What one entry becomes, or why it cannot.
fn edits_of(entry: Entry, kind: Kind) -> Result<Edits, String> {
    let mut text = entry.value.ok_or("Its value is not text.")?;
    let value = SecretValue::new(std::mem::take(&mut *text));
    let bytes = value.expose_secret().len();
    let mut items = vec![Item {
        name: entry.name,
        kind,
        ..Item::default()
    }];
    match parse(&mut items, vec![Some(value)], &[]) {
        Some(edits) if bytes > MAX_VARIABLE_BYTES => {
            let problem = edits.into_iter().next().map(|(name, _)| {
                sentence(&Problem::VariableTooLarge {
                    name,
                    bytes,
                    limit: MAX_VARIABLE_BYTES,
                })
            });
            Err(problem.unwrap_or_default())
        }
        Some(edits) => Ok(edits),
        None => {
            let item = items.into_iter().next().unwrap_or_default();
            let problem = item.name_problem.or(item.value_problem);
            Err(problem.unwrap_or_default())
        }
    }
}
