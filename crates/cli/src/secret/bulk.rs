//! `coffer secret bulk`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Args;
use coffer_secrets_file::Entry;
use http::Method;
use serde::Serialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::{NewSecret, SecretText, put};
use crate::api::{Answer, ApiError, Body};
use crate::failure::Failure;
use crate::output::{self, Spinner, Table};
use crate::value;
use crate::worker::{Worker, WorkerFlags};

/// More than the API takes in one request.
const MAX_FILE_BYTES: u64 = 1 << 20;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer secret bulk secrets.json\n  coffer secret bulk .env\n  jq '{API_KEY}' all.json | coffer secret bulk\n\nIn JSON, null deletes a secret. All are changed together, in one version, or none is."
)]
pub(crate) struct Bulk {
    /// JSON such as {"NAME": "value"}, or a .env file [default: stdin]
    file: Option<PathBuf>,
    #[command(flatten)]
    worker: WorkerFlags,
}

/// What becomes of one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Change {
    /// It has the value of the file.
    Set,
    /// It is gone.
    Deleted,
}

#[derive(Serialize)]
struct Patch<'a> {
    secrets: BTreeMap<&'a str, Option<NewSecret<'a>>>,
}

impl Bulk {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let entries = read(self.file.as_deref())?;
        let worker = self.worker.open().await?;
        let spinner = Spinner::start(format!("Changing {} secrets", entries.len()));
        let sent = send(&worker, &entries).await;
        drop(spinner);
        match sent {
            Err(error) if Worker::is_missing(&error) => {
                put::create(&worker).await?;
                send(&worker, &entries).await?;
            }
            other => other?,
        }
        tell("worker", worker.name().as_str(), &entries);
        output::note(format_args!(
            "Worker {} is deployed with them",
            worker.name()
        ));
        Ok(())
    }
}

/// Reads names with their values, or with nothing where they are to be deleted.
///
/// # Errors
/// What is wrong with the file; every value that is no text is named.
pub(crate) fn read(file: Option<&Path>) -> Result<Vec<Entry>, Failure> {
    let (place, bytes) = match file.filter(|path| *path != Path::new("-")) {
        Some(path) => {
            let opened = File::open(path).map_err(|error| {
                Failure::usage(format!("failed to read {}: {error}", path.display()))
            })?;
            let bytes = value::read_bounded(opened, &path.display().to_string(), MAX_FILE_BYTES)?;
            (path.display().to_string(), bytes)
        }
        None if std::io::stdin().is_terminal() => {
            return Err(Failure::usage(
                "which secrets? Name a file, or give JSON or .env on stdin",
            ));
        }
        None => {
            let bytes = value::read_bounded(std::io::stdin().lock(), "stdin", MAX_FILE_BYTES)?;
            ("stdin".to_owned(), bytes)
        }
    };
    parse(&place, &bytes)
}

fn parse(place: &str, bytes: &Zeroizing<Vec<u8>>) -> Result<Vec<Entry>, Failure> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Failure::usage(format!("{place} is not UTF-8 text")))?;
    let file = coffer_secrets_file::read(text)
        .map_err(|error| Failure::usage(format!("{place} {error}")))?;
    let wrong: Vec<_> = file
        .entries
        .iter()
        .filter(|entry| entry.value.is_none() && !entry.is_null)
        .map(|entry| output::printable(&entry.name))
        .collect();
    if !wrong.is_empty() {
        return Err(Failure::usage(format!(
            "in {place}, the values of these are no text: {}; write them in quotes",
            wrong.join(", ")
        )));
    }
    if file.entries.is_empty() {
        return Err(Failure::usage(format!(
            "{place} holds no secrets: write {{\"NAME\": \"value\"}}, or NAME=value lines"
        )));
    }
    for line in file.ignored_lines {
        output::warning(format_args!(
            "{place}, line {line} is neither NAME=value nor a comment, and is left out"
        ));
    }
    Ok(file.entries)
}

async fn send(worker: &Worker, entries: &[Entry]) -> Result<(), ApiError> {
    let secrets = entries.iter().map(|entry| {
        let name = entry.name.as_str();
        let secret = entry.value.as_deref().map(|text| NewSecret {
            name,
            text: SecretText::new(text),
        });
        (name, secret)
    });
    let patch = Patch {
        secrets: secrets.collect(),
    };
    let path = worker.script_path("/secrets-bulk");
    let _: Answer<serde_json::Value> = worker
        .api()
        .write(Method::PATCH, &path, &[], Body::json(&patch))
        .await?;
    Ok(())
}

/// Tells what became of each name.
pub(crate) fn tell(kind: &str, of: &str, entries: &[Entry]) {
    let change = |entry: &Entry| {
        if entry.value.is_some() {
            Change::Set
        } else {
            Change::Deleted
        }
    };
    if output::is_json() {
        let secrets: Vec<_> = entries
            .iter()
            .map(|entry| json!({ "name": entry.name, "change": change(entry) }))
            .collect();
        output::json(&json!({ (kind): of, "secrets": secrets }));
        return;
    }
    let mut table = Table::new(&["NAME", "CHANGE"]);
    for entry in entries {
        let word = match change(entry) {
            Change::Set => "set",
            Change::Deleted => "deleted",
        };
        table.row([entry.name.as_str(), word]);
    }
    table.print();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Vec<Entry>, Failure> {
        parse("x", &Zeroizing::new(text.as_bytes().to_vec()))
    }

    #[test]
    fn what_is_no_text_is_named_and_null_deletes() {
        let entries = of(r#"{"A": "a", "B": null}"#).unwrap();
        assert_eq!(entries.len(), 2);
        assert!(entries[1].value.is_none());
        let message = of(r#"{"A": 1, "B": {"canary": "canary"}, "C": "c"}"#)
            .unwrap_err()
            .message();
        assert!(message.contains("A, B;"), "{message}");
        assert!(!message.contains("canary"), "{message}");
    }

    #[test]
    fn nothing_is_refused() {
        for text in ["", "{}", "# only a comment\n"] {
            assert!(of(text).unwrap_err().message().contains("holds no secrets"));
        }
    }
}
