//! `coffer versions deploy`.

use clap::Args;
use coffer_protocol::workers::Version;
use coffer_types::VersionId;
use coffer_types::deployment::{Percentage, Share, Split};

use crate::deployments::create::{NewDeployment, create};
use crate::failure::Failure;
use crate::output::{self, Table, prompt};
use crate::worker::{Worker, WorkerFlags, annotated};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer versions deploy 1f2e3d4c-…@10% 9a8b7c6d-…@90%\n  coffer versions deploy 1f2e3d4c-… --yes"
)]
pub(crate) struct Deploy {
    /// Versions with their shares, as in ID@10%; what is left is divided among those without one
    #[arg(value_name = "ID@PERCENTAGE")]
    version_specs: Vec<Spec>,
    /// A version to deploy; its share is the --percentage at the same place
    #[arg(long = "version-id", value_name = "ID", num_args = 1..)]
    version_ids: Vec<VersionId>,
    /// The share of a --version-id
    #[arg(long = "percentage", value_name = "0.01–100", num_args = 1.., requires = "version_ids")]
    percentages: Vec<f64>,
    /// What people say of the deployment
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Say what would be deployed, and stop
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    worker: WorkerFlags,
}

/// A version, perhaps with its share.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Spec {
    version: VersionId,
    percentage: Option<f64>,
}

impl std::str::FromStr for Spec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (version, percentage) = match text.split_once('@') {
            Some((version, percentage)) => (version, Some(percentage)),
            None => (text, None),
        };
        let percentage = percentage
            .map(|text| text.strip_suffix('%').unwrap_or(text).parse())
            .transpose()
            .map_err(|_| "a share is a number such as 10% or 0.5".to_owned())?;
        let version = version
            .parse()
            .map_err(|error| format!("{error}; `coffer versions list` shows the versions"))?;
        Ok(Self {
            version,
            percentage,
        })
    }
}

impl Deploy {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let worker = self.worker.open().await?;
        let specs = self.specs();
        let specs = if specs.is_empty() {
            asked(&worker).await?
        } else {
            specs
        };
        let split = split(&specs)?;
        let mut versions = Vec::new();
        for share in split.shares() {
            versions.push(worker.version(share.version_id).await?);
        }
        show(&versions, split.shares());
        if self.dry_run {
            output::note("Nothing was deployed: --dry-run");
            return Ok(());
        }
        if !self.yes && output::may_ask() {
            let question = format!("Deploy Worker {} like this?", worker.name());
            if !prompt::confirm(&question, true, "add --yes")? {
                return Err(Failure::sentence("nothing was deployed"));
            }
        }
        let new = NewDeployment::new(split, self.message);
        let deployment = create(&worker, &new, self.yes).await?;
        if output::is_json() {
            output::json(&deployment);
        } else {
            output::note(format_args!(
                "Worker {} is deployed like this",
                worker.name()
            ));
        }
        Ok(())
    }

    fn specs(&self) -> Vec<Spec> {
        let named = self.version_ids.iter().enumerate().map(|(at, id)| Spec {
            version: *id,
            percentage: self.percentages.get(at).copied(),
        });
        self.version_specs.iter().copied().chain(named).collect()
    }
}

/// Lets one or two versions be chosen.
async fn asked(worker: &Worker) -> Result<Vec<Spec>, Failure> {
    let instead = "name versions, as in ID@100%: `coffer versions list` shows them";
    let versions = worker.versions(true).await?;
    let names: Vec<_> = versions
        .iter()
        .map(|version| {
            let message = annotated(&version.annotations, "workers/message");
            format!("v{} {} {message}", version.number, version.id)
        })
        .collect();
    let chosen = prompt::choose("Which version?", &names, instead)?;
    let share = prompt::text("Its share of traffic, in per cent", instead)?;
    let percentage: f64 = share
        .trim_end_matches('%')
        .trim()
        .parse()
        .map_err(|_| Failure::usage(format!("{share:?} is no percentage")))?;
    let mut specs = vec![Spec {
        version: versions[chosen].id,
        percentage: Some(percentage),
    }];
    if percentage < 100.0 {
        let other = prompt::choose("And which other version?", &names, instead)?;
        specs.push(Spec {
            version: versions[other].id,
            percentage: None,
        });
    }
    Ok(specs)
}

/// The share of each: what is left of 100 is divided equally among those that name none.
fn split(specs: &[Spec]) -> Result<Split, Failure> {
    let given: f64 = specs.iter().filter_map(|spec| spec.percentage).sum();
    let open = specs
        .iter()
        .filter(|spec| spec.percentage.is_none())
        .count();
    let each = ((100.0 - given) / open.max(1) as f64 * 100.0).round() / 100.0;
    let shares = specs.iter().map(|spec| {
        let percentage = Percentage::try_from(spec.percentage.unwrap_or(each))?;
        Ok(Share {
            version_id: spec.version,
            percentage,
        })
    });
    shares
        .collect::<Result<Vec<_>, _>>()
        .and_then(Split::try_from)
        .map_err(|error| Failure::usage(format!("{error}: write them as in ID@10% ID@90%")))
}

fn show(versions: &[Version], shares: &[Share]) {
    if output::is_json() {
        return;
    }
    let mut table = Table::new(&["SHARE", "VERSION", "NUMBER", "CREATED", "MESSAGE"]);
    for (version, share) in versions.iter().zip(shares) {
        table.row([
            percent(share.percentage),
            version.id.to_string(),
            version.number.to_string(),
            output::moment(version.metadata.created_on),
            annotated(&version.annotations, "workers/message").to_owned(),
        ]);
    }
    table.print();
}

/// A share for people.
pub(crate) fn percent(percentage: Percentage) -> String {
    format!("{} %", f64::from(percentage.hundredths()) / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "00000000-0000-4000-8000-00000000000a";
    const B: &str = "00000000-0000-4000-8000-00000000000b";

    fn of(texts: &[String]) -> Result<Vec<u16>, String> {
        let specs: Vec<Spec> = texts
            .iter()
            .map(|text| text.parse())
            .collect::<Result<_, String>>()?;
        split(&specs)
            .map(|split| {
                let shares = split.shares().iter();
                shares.map(|share| share.percentage.hundredths()).collect()
            })
            .map_err(|failure| failure.message())
    }

    #[test]
    fn what_is_left_is_divided() {
        assert_eq!(of(&[A.to_owned()]).unwrap(), [10_000]);
        assert_eq!(
            of(&[format!("{A}@10%"), B.to_owned()]).unwrap(),
            [1_000, 9_000]
        );
        assert_eq!(
            of(&[format!("{A}@0.5"), format!("{B}@99.5")]).unwrap(),
            [50, 9_950]
        );
        assert_eq!(of(&[A.to_owned(), B.to_owned()]).unwrap(), [5_000, 5_000]);
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for (specs, expected) in [
            (
                vec![format!("{A}@10%"), format!("{B}@80%")],
                "must sum to 100",
            ),
            (vec![format!("{A}@ten")], "a share is a number"),
            (vec!["v1".to_owned()], "coffer versions list"),
            (
                vec![format!("{A}@100"), B.to_owned()],
                "between 0.01 and 100",
            ),
        ] {
            let message = of(&specs).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }
}
