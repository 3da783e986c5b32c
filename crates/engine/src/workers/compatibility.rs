//! The date and the flags that fix the runtime's behaviour.

use coffer_types::limits;

use crate::error::{Error, Problem, Result};

/// A compatibility date and flags of the right form. Whether the runtime knows them is found out when the
/// version is tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compatibility {
    pub(crate) date: Option<String>,
    pub(crate) flags: Vec<String>,
}

impl Compatibility {
    /// A date `YYYY-MM-DD`, if one is given, and flags.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a date of another form or one that does not exist, and for too many flags or a
    /// flag that cannot be one.
    pub fn parse(date: Option<String>, flags: Vec<String>) -> Result<Self> {
        if let Some(date) = &date
            && !is_date(date)
        {
            let rule = "compatibility_date must be a date of the form YYYY-MM-DD".to_owned();
            return Err(Error::invalid("/compatibility_date", Problem::Script(rule)));
        }
        let fits = |flag: &String| {
            (1..=limits::MAX_BINDING_NAME_CHARS).contains(&flag.len())
                && flag
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        };
        if flags.len() > limits::MAX_COMPATIBILITY_FLAGS || !flags.iter().all(fits) {
            let rule = format!(
                "compatibility_flags must be at most {} names made of letters, digits, _ and -",
                limits::MAX_COMPATIBILITY_FLAGS
            );
            return Err(Error::invalid(
                "/compatibility_flags",
                Problem::Script(rule),
            ));
        }
        Ok(Self { date, flags })
    }
}

fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
        && text.parse::<jiff::civil::Date>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dates_that_exist() {
        let date = |text: &str| Compatibility::parse(Some(text.to_owned()), Vec::new());
        assert!(date("2026-11-01").is_ok() && date("2024-02-29").is_ok());
        for bad in [
            "",
            "2026-02-30",
            "2026-1-1",
            "20261101",
            "2026-11-01T00:00:00Z",
            "latest",
            "2026-13-01",
        ] {
            assert!(date(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn flags_are_names() {
        let flag = |text: &str| Compatibility::parse(None, vec![text.to_owned()]);
        assert!(flag("nodejs_compat").is_ok());
        for bad in ["", "a b", "a\0", "\"", &"x".repeat(256)] {
            assert!(flag(bad).is_err(), "{bad}");
        }
        let many = vec!["f".to_owned(); limits::MAX_COMPATIBILITY_FLAGS + 1];
        assert!(Compatibility::parse(None, many).is_err());
    }
}
