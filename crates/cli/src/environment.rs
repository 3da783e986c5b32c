//! The environment, read in one place.
#![allow(
    clippy::disallowed_methods,
    reason = "the one module that reads the environment by name"
)]

use zeroize::Zeroizing;

/// All variables whose names and values are text, in memory that is wiped.
pub(crate) fn all() -> Vec<(String, Zeroizing<String>)> {
    std::env::vars_os()
        .filter_map(|(name, value)| {
            let value = value.into_string().ok()?;
            Some((name.into_string().ok()?, Zeroizing::new(value)))
        })
        .collect()
}

/// The value of the first of these variables that is set and not empty.
pub(crate) fn first(names: &[&str]) -> Option<String> {
    names
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.trim().is_empty())
}
