//! `PATCH …/workers/{worker_id}/versions/latest`: a version out of the latest.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use coffer_engine::{DeployWorkers, Error, Invalid, NewBindingKind, VersionPatch};
use coffer_protocol::workers::Version;
use coffer_types::BindingName;
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::workers::fields::{Bare, BindingFields, annotations, binding_name};
use crate::api::workers::worker::WorkerPath;
use crate::app::App;

/// The request: a merge patch of the latest version's environment.
#[derive(Debug, Deserialize)]
pub(super) struct Patch {
    #[serde(default)]
    env: BTreeMap<String, Option<BindingFields>>,
    annotations: Option<BTreeMap<String, String>>,
}

/// Makes a version out of the latest.
pub(super) async fn patch(
    State(app): State<App>,
    Path(path): Path<WorkerPath>,
    query: Query,
    Change {
        permit,
        body: Json(body),
    }: Change<DeployWorkers, Json<Patch>>,
) -> ApiResult<Answer<Version>> {
    let name = path.name(&app, &permit).await?;
    let patch = VersionPatch {
        bindings: bindings(body.env)?,
        annotations: annotations(body.annotations)?,
        deploy: query.flag("deploy")?,
    };
    Ok(Answer::ok(
        app.engine
            .patch_latest_version(&permit, &name, patch)
            .await?,
    ))
}

type BindingPatch = (BindingName, Option<NewBindingKind>);

fn bindings(env: BTreeMap<String, Option<BindingFields>>) -> Result<Vec<BindingPatch>, Error> {
    let mut problems = Vec::new();
    let mut parsed = Vec::with_capacity(env.len());
    for (text, fields) in env {
        let one = binding_name(&text).and_then(|name| {
            let kind = fields.map(|fields| fields.kind(&name, Bare::Refused));
            Ok((name, kind.transpose()?))
        });
        match one {
            Ok(one) => parsed.push(one),
            Err(problem) => problems.push(Invalid {
                pointer: "/env".to_owned(),
                problem,
            }),
        }
    }
    if problems.is_empty() {
        Ok(parsed)
    } else {
        Err(Error::Invalid(problems))
    }
}
