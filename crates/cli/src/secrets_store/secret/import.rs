//! `coffer secrets-store secret import`.

use std::collections::HashSet;

use clap::{Args, ValueEnum};
use coffer_protocol::secrets_store::Secret;
use coffer_types::limits::MAX_SECRETS_PER_REQUEST;
use coffer_types::{Scope, SecretId, SecretName};
use serde::Serialize;
use serde_json::json;

use super::{make, scope, tell_of_length, warn_of_length};
use crate::failure::Failure;
use crate::output::{self, Table};
use crate::secrets_store::candidates::{Candidate, FileFlags};
use crate::secrets_store::chosen::{ChosenStore, find_store};
use crate::secrets_store::place::{PlaceFlags, explained, path_in, waiting};
use crate::target::Target;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer secrets-store secret import production .env --dry-run --remote\n  coffer secrets-store secret import production .env --remote\n  jq '{API_KEY}' all.json | coffer secrets-store secret import dev - --on-conflict skip\n\nAll are created in one call, or none is."
)]
pub(crate) struct Import {
    /// The store: its ID, or its name
    #[arg(value_name = "STORE")]
    store: String,
    #[command(flatten)]
    file: FileFlags,
    /// Who may use them, separated by commas
    #[arg(long, value_name = "SCOPES", value_delimiter = ',', value_parser = scope, default_value = "workers")]
    scopes: Vec<Scope>,
    /// What people should know of them
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// What to do if there are secrets of these names
    #[arg(long, value_enum, value_name = "WHAT", default_value = "fail")]
    on_conflict: OnConflict,
    /// Say what would be done, and stop
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    place: PlaceFlags,
}

/// What to do about names that are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OnConflict {
    /// Import nothing.
    Fail,
    /// Leave those secrets as they are, and import the others.
    Skip,
}

/// What becomes of one name.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Imported {
    name: SecretName,
    result: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<SecretId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Created,
    Exists,
}

/// A secret as it is sent.
#[derive(Serialize)]
struct New<'a> {
    #[serde(flatten)]
    candidate: &'a Candidate,
    scopes: &'a [Scope],
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'a str>,
}

impl Import {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let candidates = self.file.read()?;
        self.place
            .with(async |target| {
                let store = find_store(target, &self.store).await?;
                let imported = self.import(target, &store, &candidates).await?;
                self.tell(&store, &imported);
                Ok(())
            })
            .await
    }

    async fn import(
        &self,
        target: &Target,
        store: &ChosenStore,
        candidates: &[Candidate],
    ) -> Result<Vec<Imported>, Failure> {
        let spinner = waiting(target, "Comparing names");
        let taken = names_in(target, store).await?;
        drop(spinner);
        let (exist, new): (Vec<_>, Vec<_>) = candidates
            .iter()
            .partition(|candidate| taken.contains(&candidate.name));
        if self.on_conflict == OnConflict::Fail && !exist.is_empty() {
            return Err(in_the_way(&exist));
        }
        if new.len() > MAX_SECRETS_PER_REQUEST {
            return Err(Failure::usage(format!(
                "{} holds {} new secrets; one import takes {MAX_SECRETS_PER_REQUEST} at the most, so that all are \
                 created or none is: divide the file",
                self.file.place(),
                new.len()
            )));
        }
        for candidate in &new {
            if self.dry_run {
                tell_of_length(&candidate.name, &candidate.value);
            } else {
                warn_of_length(target, &candidate.name, &candidate.value);
            }
        }
        let made = match self.dry_run || new.is_empty() {
            true => Vec::new(),
            false => {
                let spinner = waiting(target, "Importing");
                let made = make(target, store, &self.sent(&new))
                    .await
                    .map_err(|failure| naming(failure, &new))?;
                drop(spinner);
                made
            }
        };
        Ok(outcomes(candidates, &taken, &made))
    }

    fn sent<'a>(&'a self, new: &[&'a Candidate]) -> Vec<New<'a>> {
        let one = |candidate: &&'a Candidate| New {
            candidate,
            scopes: &self.scopes,
            comment: self.comment.as_deref(),
        };
        new.iter().map(one).collect()
    }

    fn tell(&self, store: &ChosenStore, imported: &[Imported]) {
        if output::is_json() {
            output::json(&json!({
                "store_id": store.id, "dry_run": self.dry_run, "secrets": imported,
            }));
            return;
        }
        let word = |outcome| match (outcome, self.dry_run) {
            (Outcome::Created, false) => "created",
            (Outcome::Created, true) => "would be created",
            (Outcome::Exists, _) => "exists, left as it is",
        };
        let mut table = Table::new(&["NAME", "RESULT"]);
        for one in imported {
            table.row([one.name.as_str(), word(one.result)]);
        }
        table.print();
        let created = imported
            .iter()
            .filter(|one| one.result == Outcome::Created)
            .count();
        let of = match created {
            1 => "1 secret".to_owned(),
            many => format!("{many} secrets"),
        };
        if self.dry_run {
            output::note(format_args!(
                "{of} would be created; nothing was changed: --dry-run"
            ));
        } else {
            output::note(format_args!("{of} created"));
        }
    }
}

/// The names of all secrets of a store; none if the project's own Coffer does not have it yet.
async fn names_in(target: &Target, store: &ChosenStore) -> Result<HashSet<SecretName>, Failure> {
    let path = path_in(target, store.id, "/secrets");
    match target.api().read_all::<Secret>(&path, &[]).await {
        Ok(secrets) => Ok(secrets.into_iter().map(|secret| secret.name).collect()),
        Err(error) if target.is_local() && error.says("store_not_found") => Ok(HashSet::new()),
        Err(error) => Err(explained(target, store, error)),
    }
}

fn in_the_way(exist: &[&Candidate]) -> Failure {
    let names: Vec<_> = exist.iter().map(|one| one.name.as_str()).collect();
    let (there, them) = match names.len() {
        1 => ("is a secret of this name", "it"),
        _ => ("are secrets of these names", "them"),
    };
    Failure::conflict(format!(
        "nothing was imported: there {there} already: {}\n--on-conflict skip imports the others; `coffer \
         secrets-store secret update` gives {them} new values",
        names.join(", ")
    ))
}

/// Names the secrets whose values are too long for the account, which the server knows by their places.
fn naming(failure: Failure, new: &[&Candidate]) -> Failure {
    let message = failure.message();
    if !message.contains("secret_value_too_large") {
        return failure;
    }
    let too_long: Vec<_> = new
        .iter()
        .enumerate()
        .filter(|(place, _)| message.contains(&format!("at /{place}/value")))
        .map(|(_, candidate)| candidate.name.as_str())
        .collect();
    failure.advised(&format!(
        "nothing was imported, too long: {}",
        too_long.join(", ")
    ))
}

fn outcomes(
    candidates: &[Candidate],
    taken: &HashSet<SecretName>,
    made: &[Secret],
) -> Vec<Imported> {
    let outcome = |candidate: &Candidate| {
        let name = candidate.name.clone();
        let id = made.iter().find(|one| one.name == name).map(|one| one.id);
        let result = match taken.contains(&name) {
            true => Outcome::Exists,
            false => Outcome::Created,
        };
        Imported { name, result, id }
    };
    candidates.iter().map(outcome).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_too_long_are_named() {
        let one = |name: &str| Candidate {
            name: name.parse().unwrap(),
            value: "a".to_owned().into(),
        };
        let (first, second) = (one("FIRST"), one("SECOND"));
        let refused = Failure::usage(
            "secret_value_too_large: the value is 5000 bytes, the limit of this account is 1024 at /1/value",
        );
        let message = naming(refused, &[&first, &second]).message();
        assert!(message.ends_with("too long: SECOND"), "{message}");
        let other = naming(Failure::usage("other"), &[&first]).message();
        assert_eq!(other, "other");
    }
}
