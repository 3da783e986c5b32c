//! Questions, on stderr; answers come from the terminal.

use dialoguer::{Confirm, Input, Password, Select};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Asks for a text that is not shown while it is typed.
///
/// # Errors
/// A usage error that names `instead` where there is nobody to ask.
pub(crate) fn hidden(question: &str, instead: &str) -> Result<Zeroizing<String>, Failure> {
    somebody(question, instead)?;
    Password::new()
        .with_prompt(question)
        .allow_empty_password(true)
        .report(false)
        .interact()
        .map(Zeroizing::new)
        .map_err(|error| failed(question, &error))
}

/// Asks for a text.
///
/// # Errors
/// As [`hidden`].
pub(crate) fn text(question: &str, instead: &str) -> Result<String, Failure> {
    somebody(question, instead)?;
    Input::new()
        .with_prompt(question)
        .interact_text()
        .map_err(|error| failed(question, &error))
}

/// Asks for a text that may be empty.
///
/// # Errors
/// As [`hidden`].
pub(crate) fn optional(question: &str, instead: &str) -> Result<String, Failure> {
    somebody(question, instead)?;
    Input::new()
        .with_prompt(question)
        .allow_empty(true)
        .interact_text()
        .map_err(|error| failed(question, &error))
}

/// Asks yes or no.
///
/// # Errors
/// As [`hidden`].
pub(crate) fn confirm(question: &str, default: bool, instead: &str) -> Result<bool, Failure> {
    somebody(question, instead)?;
    Confirm::new()
        .with_prompt(question)
        .default(default)
        .interact()
        .map_err(|error| failed(question, &error))
}

/// Lets one of several be chosen, and gives its index.
///
/// # Errors
/// As [`hidden`].
pub(crate) fn choose(question: &str, items: &[String], instead: &str) -> Result<usize, Failure> {
    somebody(question, instead)?;
    Select::new()
        .with_prompt(question)
        .items(items)
        .default(0)
        .interact()
        .map_err(|error| failed(question, &error))
}

fn somebody(question: &str, instead: &str) -> Result<(), Failure> {
    if super::may_ask() {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{question}: there is no terminal to ask at, or --no-input forbids it; {instead}"
    )))
}

fn failed(question: &str, error: &dialoguer::Error) -> Failure {
    Failure::error(&format!("failed to ask ({question})"), error)
}
