//! Names with values from a file of secrets, each checked before anything is sent.

use std::path::{Path, PathBuf};

use clap::Args;
use coffer_secrets_file::Entry;
use coffer_types::SecretName;
use coffer_types::limits::MAX_SECRET_VALUE_BYTES;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::output::printable;
use crate::secret::bulk;

/// Characters of a name that is none which an error repeats.
const MAX_NAME_CHARS: usize = 64;

/// A file of secrets.
#[derive(Debug, Args)]
pub(super) struct FileFlags {
    /// A .env file, or JSON such as {"NAME": "value"}; - is stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// A name with its value, as it is sent.
#[derive(Serialize)]
pub(super) struct Candidate {
    pub(super) name: SecretName,
    #[serde(serialize_with = "text")]
    pub(super) value: Zeroizing<String>,
}

fn text<S: serde::Serializer>(text: &Zeroizing<String>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(text)
}

impl FileFlags {
    /// What the file holds, in its order.
    ///
    /// # Errors
    /// A usage error that names every entry that cannot be a secret.
    pub(super) fn read(&self) -> Result<Vec<Candidate>, Failure> {
        checked(self.place(), bulk::read(Some(&self.file))?)
    }

    /// What the file is called.
    pub(super) fn place(&self) -> String {
        if self.file == Path::new("-") {
            "stdin".to_owned()
        } else {
            self.file.display().to_string()
        }
    }
}

fn checked(place: impl std::fmt::Display, entries: Vec<Entry>) -> Result<Vec<Candidate>, Failure> {
    let mut candidates = Vec::with_capacity(entries.len());
    let mut problems = Vec::new();
    for entry in entries {
        match candidate(&entry.name, entry.value) {
            Ok(candidate) => candidates.push(candidate),
            Err(problem) => {
                let name: String = entry.name.chars().take(MAX_NAME_CHARS).collect();
                problems.push(format!("\n  {}: {problem}", printable(&name)));
            }
        }
    }
    if problems.is_empty() {
        return Ok(candidates);
    }
    Err(Failure::usage(format!(
        "{place} has what no store can keep:{}",
        problems.concat()
    )))
}

fn candidate(name: &str, value: Option<Zeroizing<String>>) -> Result<Candidate, String> {
    let name = name.parse().map_err(|error| format!("a name {error}"))?;
    match value {
        None => Err("null is no value".to_owned()),
        Some(value) if value.is_empty() => Err("its value is empty".to_owned()),
        Some(value) if value.len() > MAX_SECRET_VALUE_BYTES as usize => Err(format!(
            "its value has {} bytes; {MAX_SECRET_VALUE_BYTES} are the most",
            value.len()
        )),
        Some(value) => Ok(Candidate { name, value }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Vec<Candidate>, Failure> {
        checked("x", coffer_secrets_file::read(text).unwrap().entries)
    }

    #[test]
    fn every_mistake_is_named_and_no_value() {
        let good = of("A=canary\nB='x y'").unwrap();
        assert_eq!(good[1].name.as_str(), "B");
        assert_eq!(good[1].value.as_str(), "x y");
        let message = of(r#"{"A b": "canary", "C": null, "D": "", "E": "canary"}"#)
            .err()
            .unwrap()
            .message();
        for part in [
            "\n  A b: a name ",
            "\n  C: null",
            "\n  D: its value is empty",
        ] {
            assert!(message.contains(part), "{message}");
        }
        assert!(!message.contains("canary"), "{message}");
        assert!(!message.contains("\n  E"), "{message}");
    }

    #[test]
    fn a_value_that_no_store_takes_is_named_by_its_length() {
        assert!(of(&format!("A={}", "a".repeat(65_536))).is_ok());
        let message = of(&format!("A=a\nB={}", "b".repeat(65_537)))
            .err()
            .unwrap()
            .message();
        assert!(
            message.ends_with("\n  B: its value has 65537 bytes; 65536 are the most"),
            "{message}"
        );
    }

    #[test]
    fn a_value_is_sent_as_it_is() {
        let sent = serde_json::to_string(&of("A=\"a\\nb'$c\"").unwrap()).unwrap();
        assert_eq!(sent, r#"[{"name":"A","value":"a\nb'$c"}]"#);
    }
}
