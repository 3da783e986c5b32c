//! Names that are right by construction.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::limits;

/// Why a text is not a name. The message says what would be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Nothing was given.
    #[error("must not be empty")]
    Empty,
    /// Longer than its bound.
    #[error("must be at most {max} {unit}")]
    TooLong {
        /// The bound.
        max: usize,
        /// What is counted.
        unit: &'static str,
    },
    /// Made of other characters than it may be.
    #[error("must consist of {allowed}")]
    Form {
        /// The permitted form, in words.
        allowed: &'static str,
    },
    /// Kept for something else.
    #[error("must not be {name}: {holder} have it")]
    Reserved {
        /// The name.
        name: &'static str,
        /// Who has it, in words.
        holder: &'static str,
    },
}

/// The label that stands in host names of Pages projects where an account's subdomain stands in those of Workers.
pub const PAGES_SUBDOMAIN: &str = "pages";

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $check:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                $check(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

name!(/// A secret's name, unique in its store: 1 to 255 of `A-Z a-z 0-9 _ -`.
    SecretName, check_secret_name);
name!(/// A store's name: 1 to 255 printable characters without surrounding spaces.
    StoreName, check_store_name);
name!(/// A secret's comment, which may be empty.
    Comment, check_comment);
name!(/// A Worker's name: one lower-case DNS label (underscores allowed), at most 63 characters.
    WorkerName, check_worker_name);
name!(/// The name of a binding: what the Worker reads from `env`.
    BindingName, check_binding_name);
name!(/// An account's label in the host names of its Workers: one DNS label, and not [`PAGES_SUBDOMAIN`].
    Subdomain, check_subdomain);
name!(/// An e-mail address in the form that is compared: lower case, one `@`.
    Email, check_email);
name!(/// A module's name inside a version: a key, never a path of the machine.
    ModuleName, check_module_name);
name!(/// What people call an account: 1 to 100 printable characters without surrounding spaces.
    AccountName, check_account_name);
name!(/// A person's first or last name: 1 to 60 printable characters without surrounding spaces.
    PersonName, check_person_name);
name!(/// What its owner calls a passkey: 1 to 60 printable characters without surrounding spaces.
    PasskeyName, check_passkey_name);
name!(/// What its owner calls an API token: 1 to 120 printable characters without surrounding spaces.
    TokenName, check_token_name);
name!(/// The name of a Pages project: one lower-case DNS label of at most 58 characters.
    PagesProjectName, crate::pages::check_project_name);
name!(/// A branch that a Pages project is deployed from: 1 to 255 bytes without spaces.
    PagesBranch, crate::pages::check_branch);

impl Email {
    /// Parses an address as a person types it: surrounding spaces, letter case and how accented letters are
    /// composed do not matter.
    ///
    /// # Errors
    /// As [`Email::from_str`].
    pub fn normalised(text: &str) -> Result<Self, InvalidName> {
        // Lower case can take a text apart again, so composing comes last.
        let composed: String = text.trim().to_lowercase().nfc().collect();
        composed.parse()
    }
}

fn check_length(text: &str, max: usize) -> Result<(), InvalidName> {
    if text.is_empty() {
        return Err(InvalidName::Empty);
    }
    if text.chars().count() > max {
        return Err(InvalidName::TooLong {
            max,
            unit: "characters",
        });
    }
    Ok(())
}

fn check_form(fits: bool, allowed: &'static str) -> Result<(), InvalidName> {
    if fits {
        Ok(())
    } else {
        Err(InvalidName::Form { allowed })
    }
}

fn check_secret_name(text: &str) -> Result<(), InvalidName> {
    check_length(text, limits::MAX_SECRET_NAME_CHARS)?;
    check_form(
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')),
        "letters, digits, _ and - without spaces",
    )
}

fn check_store_name(text: &str) -> Result<(), InvalidName> {
    check_label(text, limits::MAX_STORE_NAME_CHARS)
}

fn check_account_name(text: &str) -> Result<(), InvalidName> {
    check_label(text, limits::MAX_ACCOUNT_NAME_CHARS)
}

fn check_person_name(text: &str) -> Result<(), InvalidName> {
    check_label(text, limits::MAX_PERSON_NAME_CHARS)
}

fn check_passkey_name(text: &str) -> Result<(), InvalidName> {
    check_label(text, limits::MAX_PASSKEY_NAME_CHARS)
}

fn check_token_name(text: &str) -> Result<(), InvalidName> {
    check_label(text, limits::MAX_TOKEN_NAME_CHARS)
}

fn check_label(text: &str, max: usize) -> Result<(), InvalidName> {
    check_length(text, max)?;
    check_form(
        text.trim() == text && !text.chars().any(char::is_control),
        "printable characters without surrounding spaces",
    )
}

fn check_comment(text: &str) -> Result<(), InvalidName> {
    if text.len() > limits::MAX_COMMENT_BYTES {
        return Err(InvalidName::TooLong {
            max: limits::MAX_COMMENT_BYTES,
            unit: "bytes",
        });
    }
    check_form(!text.contains('\0'), "text without NUL")
}

fn check_worker_name(text: &str) -> Result<(), InvalidName> {
    check_length(text, limits::MAX_WORKER_NAME_CHARS)?;
    check_form(
        text.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-')
        }) && !text.starts_with('-')
            && !text.ends_with('-'),
        "lower-case letters, digits, _ and -, not starting or ending with -",
    )
}

fn check_binding_name(text: &str) -> Result<(), InvalidName> {
    check_length(text, limits::MAX_BINDING_NAME_CHARS)?;
    let mut characters = text.chars();
    let starts = characters
        .next()
        .is_some_and(|first| first.is_alphabetic() || matches!(first, '_' | '$'));
    check_form(
        starts && characters.all(|other| other.is_alphanumeric() || matches!(other, '_' | '$')),
        "a JavaScript identifier: letters, digits, _ and $, not starting with a digit",
    )
}

fn check_subdomain(text: &str) -> Result<(), InvalidName> {
    check_length(text, limits::MAX_WORKER_NAME_CHARS)?;
    if text == PAGES_SUBDOMAIN {
        return Err(InvalidName::Reserved {
            name: PAGES_SUBDOMAIN,
            holder: "Pages projects",
        });
    }
    check_form(
        text.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-'),
        "lower-case letters, digits and -, not starting or ending with -",
    )
}

fn check_email(text: &str) -> Result<(), InvalidName> {
    check_length(text, limits::MAX_EMAIL_CHARS)?;
    let parts = text.split_once('@');
    check_form(
        parts.is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@')
        }) && !text
            .chars()
            .any(|other| other.is_whitespace() || other.is_control() || other.is_uppercase()),
        "one @ with text on both sides, in lower case and without spaces",
    )
}

fn check_module_name(text: &str) -> Result<(), InvalidName> {
    if text.is_empty() {
        return Err(InvalidName::Empty);
    }
    if text.len() > limits::MAX_MODULE_NAME_BYTES {
        return Err(InvalidName::TooLong {
            max: limits::MAX_MODULE_NAME_BYTES,
            unit: "bytes",
        });
    }
    check_form(
        !text.starts_with('/')
            && !text.contains('\\')
            && !text.chars().any(char::is_control)
            && text
                .split('/')
                .all(|segment| !matches!(segment, "" | "." | "..")),
        "relative segments joined by /, without .. or . segments, backslashes or control characters",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secret_names() {
        for good in ["A", "STRIPE_KEY", "a-b_C9", &"x".repeat(255)] {
            assert!(good.parse::<SecretName>().is_ok(), "{good}");
        }
        for bad in ["", " ", "a b", "é", "a.b", "a/b", "a\0", &"x".repeat(256)] {
            assert!(bad.parse::<SecretName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn subdomains() {
        for label in ["dev", "a", "a-1", &"a".repeat(63)] {
            assert_eq!(label.parse::<Subdomain>().unwrap().as_str(), label);
        }
        for other in [
            "",
            "-a",
            "a-",
            "A",
            "a.b",
            "a_b",
            &"a".repeat(64),
            PAGES_SUBDOMAIN,
        ] {
            assert!(other.parse::<Subdomain>().is_err(), "{other:?}");
        }
    }

    #[test]
    fn module_names_are_never_paths_out() {
        for good in [
            "index.js",
            "a/b/c.mjs",
            "./x".trim_start_matches("./"),
            "data with space.txt",
            "…/x",
            "0123-text.html",
        ] {
            assert!(good.parse::<ModuleName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "../x",
            "/etc/passwd",
            "a/../b",
            "a//b",
            "./a",
            "a\\b",
            "a\0b",
            "a/..",
            "a/",
        ] {
            assert!(bad.parse::<ModuleName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn worker_names_are_host_labels() {
        for good in ["my-worker", "a", "w_1"] {
            assert!(good.parse::<WorkerName>().is_ok(), "{good}");
        }
        for bad in ["", "My", "-a", "a-", "a.b", "a b", &"x".repeat(64)] {
            assert!(bad.parse::<WorkerName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn emails_are_normalised() {
        assert_eq!(
            Email::normalised(" Dev@Example.COM ").unwrap().as_str(),
            "dev@example.com"
        );
        for spelling in [
            "jörg@b.example",
            "JO\u{308}RG@B.example",
            "jo\u{308}rg@b.example",
        ] {
            let email = Email::normalised(spelling).unwrap();
            assert_eq!(email.as_str(), "j\u{f6}rg@b.example");
        }
        for bad in ["", "a", "@b", "a@", "a@b@c", "a b@c"] {
            assert!(Email::normalised(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_of_accounts_and_people_are_short_and_trimmed() {
        for good in ["A", "Acme, Inc. – Überwachung", &"x".repeat(100)] {
            assert!(good.parse::<AccountName>().is_ok(), "{good}");
        }
        for bad in ["", " ", " a", "a ", "a\nb", "a\0", &"x".repeat(101)] {
            assert!(bad.parse::<AccountName>().is_err(), "{bad}");
        }
        assert!("é".repeat(60).parse::<PersonName>().is_ok());
        assert!("é".repeat(61).parse::<PersonName>().is_err());
    }

    proptest! {
        #[test]
        fn what_parses_prints_the_same(text in ".{0,300}") {
            if let Ok(name) = text.parse::<SecretName>() { prop_assert_eq!(name.as_str(), &text); }
            if let Ok(name) = text.parse::<ModuleName>() { prop_assert!(!name.as_str().contains("..") || !name.as_str().split('/').any(|part| part == "..")); }
        }
    }
}
