//! `assets`: a Worker's static files.

use std::path::PathBuf;

use super::names::Names;
use crate::field::Field;
use crate::layers::Layers;

/// Static files and how they are served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assets {
    /// Where they are.
    pub directory: Option<PathBuf>,
    /// The name by which the Worker reads them.
    pub binding: Option<String>,
    /// Slashes at the end of paths.
    pub html_handling: Option<HtmlHandling>,
    /// What is answered where there is no file.
    pub not_found_handling: Option<NotFoundHandling>,
    /// What the Worker is asked first for.
    pub run_worker_first: Option<RunWorkerFirst>,
}

/// `html_handling`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HtmlHandling {
    /// `auto-trailing-slash`.
    AutoTrailingSlash,
    /// `force-trailing-slash`.
    ForceTrailingSlash,
    /// `drop-trailing-slash`.
    DropTrailingSlash,
    /// `none`.
    None,
}

impl HtmlHandling {
    const ALL: [(&str, Self); 4] = [
        ("auto-trailing-slash", Self::AutoTrailingSlash),
        ("force-trailing-slash", Self::ForceTrailingSlash),
        ("drop-trailing-slash", Self::DropTrailingSlash),
        ("none", Self::None),
    ];

    /// As the file and the API write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        word(&Self::ALL, self)
    }
}

/// `not_found_handling`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotFoundHandling {
    /// `single-page-application`.
    SinglePageApplication,
    /// `404-page`.
    Page404,
    /// `none`.
    None,
}

impl NotFoundHandling {
    const ALL: [(&str, Self); 3] = [
        ("single-page-application", Self::SinglePageApplication),
        ("404-page", Self::Page404),
        ("none", Self::None),
    ];

    /// As the file and the API write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        word(&Self::ALL, self)
    }
}

/// `run_worker_first`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunWorkerFirst {
    /// For everything, or for nothing.
    Always(bool),
    /// For paths of these patterns; `!` before one takes paths out.
    Paths(Vec<String>),
}

fn word<T: Copy + PartialEq>(all: &[(&'static str, T)], meaning: T) -> &'static str {
    let found = all.iter().find(|(_, one)| *one == meaning);
    found.map_or("none", |(word, _)| word)
}

pub(super) fn read(layers: &Layers<'_>, names: &Names) -> Option<Assets> {
    let field = layers.field("assets")?;
    if field.is_text() {
        field.wrong("an object, as { \"directory\": \"./public\" }");
        return None;
    }
    let table = field.table()?;
    table.only(&[
        "directory",
        "binding",
        "html_handling",
        "not_found_handling",
        "run_worker_first",
        "base_path",
    ]);
    if let Some(base) = table.field("base_path") {
        let path = &base.path;
        base.warning(format!(
            "\"{path}\" is not supported by Coffer and not read"
        ));
    }
    let binding = table.field("binding");
    let binding = binding.and_then(|field| Some((field.words()?, field)));
    if let Some((name, field)) = &binding {
        names.take(name, field);
    }
    Some(Assets {
        directory: table.field("directory").and_then(|field| field.path()),
        binding: binding.map(|(name, _)| name),
        html_handling: table
            .field("html_handling")
            .and_then(|field| field.one_of(&HtmlHandling::ALL)),
        not_found_handling: table
            .field("not_found_handling")
            .and_then(|field| field.one_of(&NotFoundHandling::ALL)),
        run_worker_first: table
            .field("run_worker_first")
            .and_then(|field| run_worker_first(&field)),
    })
}

fn run_worker_first(field: &Field<'_>) -> Option<RunWorkerFirst> {
    if field.is_list() {
        return field.texts().map(RunWorkerFirst::Paths);
    }
    let always = field.boolean_or("true, false or a list of paths")?;
    Some(RunWorkerFirst::Always(always))
}
