//! `POST …/deployments`: traffic to one version or two.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use coffer_engine::{DeployWorkers, Error, NewDeployment, Problem};
use coffer_protocol::workers::{Deployment, STRATEGY};
use coffer_types::deployment::Share;
use coffer_types::{Percentage, Split};
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::workers::fields::{ScriptPath, annotations, shown, version_id};
use crate::app::App;

/// The request.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    strategy: Option<String>,
    versions: Vec<AskedShare>,
    annotations: Option<BTreeMap<String, String>>,
}

/// A version's share of the traffic.
#[derive(Debug, Deserialize)]
struct AskedShare {
    version_id: String,
    percentage: f64,
}

/// Deploys versions.
pub(super) async fn create(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    query: Query,
    Change {
        permit,
        body: Json(asked),
    }: Change<DeployWorkers, Json<Asked>>,
) -> ApiResult<Answer<Deployment>> {
    let name = path.name()?;
    check_strategy(asked.strategy.as_deref())?;
    let new = NewDeployment {
        split: split(&asked.versions)?,
        annotations: annotations(asked.annotations)?,
        force: query.flag("force")?,
    };
    Ok(Answer::ok(
        app.engine.create_deployment(&permit, name, new).await?,
    ))
}

fn check_strategy(strategy: Option<&str>) -> Result<(), Error> {
    match strategy {
        None | Some(STRATEGY) => Ok(()),
        Some(other) => {
            let rule = format!("strategy must be {STRATEGY}, not '{}'", shown(other));
            Err(Error::invalid("/strategy", Problem::Upload(rule)))
        }
    }
}

fn split(asked: &[AskedShare]) -> Result<Split, Error> {
    let refused = |error| Error::invalid("/versions", Problem::Split(error));
    let shares: Vec<Share> = asked
        .iter()
        .map(|share| {
            Ok(Share {
                percentage: Percentage::try_from(share.percentage).map_err(refused)?,
                version_id: version_id(&share.version_id)?,
            })
        })
        .collect::<Result<_, Error>>()?;
    Split::try_from(shares).map_err(refused)
}
