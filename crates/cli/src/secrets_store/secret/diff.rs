//! `coffer secrets-store secret diff`.

use clap::Args;
use coffer_protocol::comparison::{Compared, Comparison};
use coffer_protocol::secrets_store::Secret;
use coffer_types::limits::MAX_COMPARED_PER_REQUEST;
use coffer_types::{SecretName, StoreId};
use http::Method;
use serde::Serialize;
use serde_json::json;

use crate::api::{Answer, Body};
use crate::failure::Failure;
use crate::output::{self, Bar, Table};
use crate::secrets_store::candidates::{Candidate, FileFlags};
use crate::secrets_store::chosen::{ChosenStore, find_store};
use crate::secrets_store::place::{PlaceFlags, explained, own_path, path_in};
use crate::target::Target;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer secrets-store secret diff production .env.production --remote\n  coffer secrets-store secret diff dev .dev.vars --exit-code\n\nThe server compares the values and tells same or different, nothing else; it limits how many may be wrong, and \
    keeps the question in the audit log."
)]
pub(crate) struct Diff {
    /// The store: its ID, or its name
    #[arg(value_name = "STORE")]
    store: String,
    #[command(flatten)]
    file: FileFlags,
    /// Exit with 1 if there is a difference
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    place: PlaceFlags,
}

/// How one name compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// Only the file has it.
    Missing,
    /// Only the store has it.
    Extra,
    /// Both have it, with two values.
    Different,
    /// Both have it, with one value.
    Same,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Line {
    name: SecretName,
    state: State,
}

impl State {
    const ALL: [Self; 4] = [Self::Missing, Self::Extra, Self::Different, Self::Same];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Different => "different",
            Self::Same => "same",
        }
    }

    const fn meaning(self) -> &'static str {
        match self {
            Self::Missing => "only in the file",
            Self::Extra => "only in the store",
            Self::Different => "another value",
            Self::Same => "the same value",
        }
    }
}

impl Diff {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let candidates = self.file.read()?;
        self.place
            .with(async |target| {
                let store = find_store(target, &self.store).await?;
                let compared = compare(target, &store, &candidates).await?;
                let path = path_in(target, store.id, "/secrets");
                let all: Vec<Secret> = target
                    .api()
                    .read_all(&path, &[])
                    .await
                    .map_err(|error| explained(target, &store, error))?;
                let lines = lines(compared, all.into_iter().map(|secret| secret.name));
                tell(store.id, &lines);
                let differs = lines.iter().any(|line| line.state != State::Same);
                match self.exit_code && differs {
                    true => Err(Failure::silent()),
                    false => Ok(()),
                }
            })
            .await
    }
}

async fn compare(
    target: &Target,
    store: &ChosenStore,
    candidates: &[Candidate],
) -> Result<Vec<Compared>, Failure> {
    let path = own_path(target, &format!("/stores/{}/compare", store.id));
    let bar = Bar::start("Comparing", candidates.len() as u64);
    let mut compared = Vec::with_capacity(candidates.len());
    for part in candidates.chunks(MAX_COMPARED_PER_REQUEST) {
        let answer: Answer<Vec<Compared>> = target
            .api()
            .write(Method::POST, &path, &[], Body::json(&part))
            .await
            .map_err(|error| explained(target, store, error))?;
        compared.extend(answer.result);
        bar.reach(compared.len() as u64);
    }
    Ok(compared)
}

/// What differs first, each kind by name.
fn lines(compared: Vec<Compared>, all: impl Iterator<Item = SecretName>) -> Vec<Line> {
    let mut lines: Vec<_> = compared
        .into_iter()
        .map(|Compared { name, state }| Line {
            name,
            state: match state {
                Comparison::Missing => State::Missing,
                Comparison::Different => State::Different,
                Comparison::Same => State::Same,
            },
        })
        .collect();
    let in_file: std::collections::HashSet<_> =
        lines.iter().map(|line| line.name.clone()).collect();
    let extra = all.filter(|name| !in_file.contains(name));
    lines.extend(extra.map(|name| Line {
        name,
        state: State::Extra,
    }));
    lines.sort_by(|one, other| {
        (one.state, one.name.as_str()).cmp(&(other.state, other.name.as_str()))
    });
    lines
}

fn tell(store: StoreId, lines: &[Line]) {
    if output::is_json() {
        output::json(&json!({ "store_id": store, "secrets": lines }));
        return;
    }
    let mut table = Table::new(&["NAME", "STATE", ""]);
    for line in lines {
        let state = line.state;
        table.row([line.name.as_str(), state.as_str(), state.meaning()]);
    }
    table.print();
    let counts: Vec<_> = State::ALL
        .into_iter()
        .map(|state| {
            let count = lines.iter().filter(|line| line.state == state).count();
            format!("{count} {}", state.as_str())
        })
        .collect();
    output::note(counts.join(", "));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_comes_first() {
        let compared = [("B", Comparison::Same), ("C", Comparison::Missing)];
        let compared = compared.map(|(name, state)| Compared {
            name: name.parse().unwrap(),
            state,
        });
        let all = ["B", "A", "Z"].map(|name| name.parse().unwrap());
        let lines = lines(compared.into(), all.into_iter());
        let told: Vec<_> = lines
            .iter()
            .map(|line| (line.name.as_str(), line.state.as_str()))
            .collect();
        let expected = [
            ("C", "missing"),
            ("A", "extra"),
            ("Z", "extra"),
            ("B", "same"),
        ];
        assert_eq!(told, expected);
    }
}
