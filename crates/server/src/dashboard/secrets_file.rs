//! Files of names and values that are pasted or dropped into a form, and what a form tells of them: never a value.

use coffer_secrets_file::File;

use super::form::Form;

/// What would become of a name of a file.
pub(super) enum Fate {
    /// It is made.
    New,
    /// There is one of this name, which stays as it is.
    Exists,
    /// It cannot be made, for this reason.
    Refused(String),
}

/// The file in the field `text`, read; or what is wrong with it. `too_many` says so of a file with more than `most`
/// names.
pub(super) fn file_of(
    form: &Form,
    most: usize,
    too_many: impl Fn(usize) -> String,
) -> Result<File, String> {
    let text = form.secret("text");
    let text = text.ok_or("The file is not text in UTF-8.")?;
    let file = coffer_secrets_file::read(text.expose_secret());
    let file = file.map_err(|error| format!("The file {error}."))?;
    match file.entries.len() {
        0 => Err("There is no name with a value in it.".to_owned()),
        entries if entries > most => Err(too_many(entries)),
        _ => Ok(file),
    }
}

/// The lines that are no entries, in words; empty if there are none.
pub(super) fn ignored(lines: &[usize]) -> String {
    /// Lines that are named.
    const NAMED: usize = 8;
    let numbers: Vec<String> = lines.iter().take(NAMED).map(ToString::to_string).collect();
    match lines.len() {
        0 => String::new(),
        1 => format!(
            "Line {} has no name with a value and is left out.",
            numbers.join("")
        ),
        count if count > NAMED => format!(
            "{count} lines have no name with a value and are left out, among them {}.",
            numbers.join(", ")
        ),
        _ => format!(
            "Lines {} have no name with a value and are left out.",
            numbers.join(", ")
        ),
    }
}
