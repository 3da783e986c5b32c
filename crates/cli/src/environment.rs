//! The environment, read in one place.
#![allow(
    clippy::disallowed_methods,
    reason = "the one module that reads the environment by name"
)]

/// The value of the first of these variables that is set and not empty.
pub(crate) fn first(names: &[&str]) -> Option<String> {
    names
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.trim().is_empty())
}
