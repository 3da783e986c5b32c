//! Projects and deployments as they are read.

use coffer_protocol::pages::{
    Configurations, Deployment, Project, Stage, Trigger, TriggerMetadata, Variable,
};
use coffer_store::rows::Slice;
use coffer_store::rows::pages_deployments::{self, PagesDeploymentRow};
use coffer_store::rows::pages_projects::PagesProjectRow;
use coffer_store::{Rows, StoreError};
use coffer_types::{BindingKind, PagesBranch, PagesEnvironment, VersionId};
use serde_json::{Value, json};

/// The only stage of a deployment: nothing is built here.
const STAGE: &str = "deploy";
/// How that ended: what is refused is not kept.
const STATUS: &str = "success";
/// What makes deployments here.
const TRIGGER: &str = "ad_hoc";
/// What deployments are told of themselves, which is shown in other places.
pub(super) const TOLD: [&str; 4] = [
    "CF_PAGES",
    "CF_PAGES_BRANCH",
    "CF_PAGES_COMMIT_SHA",
    "CF_PAGES_URL",
];

/// The project with its deployments as the API shows it.
pub(super) async fn shown_project(
    rows: &mut impl Rows,
    row: &PagesProjectRow,
) -> Result<Project, StoreError> {
    let newest = Slice {
        limit: 1,
        offset: 0,
    };
    let previews = pages_deployments::previews(rows, row.id).await?;
    let (found, _) = pages_deployments::list(rows, row.id, None, newest).await?;
    let live = match row.production_deployment {
        Some(id) => pages_deployments::find(rows, row.id, id).await?,
        None => None,
    };
    let shown = |found: &PagesDeploymentRow| Box::new(deployment(row, found, &previews));
    let latest = found.first();
    Ok(Project {
        uses_functions: latest.map(|latest| latest.facts.version.main_module.is_some()),
        latest_deployment: latest.map(shown),
        canonical_deployment: live.as_ref().map(shown),
        ..project(row)
    })
}

/// A deployment as the API shows it.
pub(super) async fn shown_deployment(
    rows: &mut impl Rows,
    project: &PagesProjectRow,
    row: &PagesDeploymentRow,
) -> Result<Deployment, StoreError> {
    let previews = pages_deployments::previews(rows, project.id).await?;
    Ok(deployment(project, row, &previews))
}

/// A deployment as the API shows it, of a project whose branches have these newest previews. Its host names are
/// completed by who knows the domain.
pub(super) fn deployment(
    project: &PagesProjectRow,
    row: &PagesDeploymentRow,
    previews: &[(PagesBranch, VersionId)],
) -> Deployment {
    let version = &row.facts.version;
    let stage = Stage {
        name: STAGE.to_owned(),
        started_on: row.created_at,
        ended_on: row.created_at,
        status: STATUS.to_owned(),
    };
    let is_shown = |kind: &BindingKind| {
        matches!(
            kind,
            BindingKind::PlainText { .. } | BindingKind::SecretText { .. }
        )
    };
    let variables = version
        .bindings
        .iter()
        .filter(|one| is_shown(&one.kind) && !TOLD.contains(&one.name.as_str()));
    Deployment {
        id: row.id,
        short_id: row.id.short(),
        project_id: project.id,
        project_name: project.name.clone(),
        environment: row.environment,
        url: format!("{}.{}.pages", row.id.short(), project.label),
        created_on: row.created_at,
        modified_on: row.created_at,
        latest_stage: stage.clone(),
        deployment_trigger: Trigger {
            kind: TRIGGER.to_owned(),
            metadata: TriggerMetadata {
                branch: row.branch.clone(),
                commit_hash: row.facts.commit_hash.clone(),
                commit_message: row.facts.commit_message.clone(),
                commit_dirty: row.facts.commit_dirty,
            },
        },
        stages: vec![stage],
        build_config: project.build_config.clone().unwrap_or_else(|| json!({})),
        source: None,
        env_vars: variables
            .map(|one| (one.name.clone(), Variable::from(&one.kind)))
            .collect(),
        compatibility_date: version.compatibility_date.clone().unwrap_or_default(),
        compatibility_flags: version.compatibility_flags.clone(),
        production_branch: project.production_branch.clone(),
        aliases: alias(row, previews).map(|alias| vec![format!("{alias}.{}.pages", project.label)]),
        is_skipped: false,
        uses_functions: version.main_module.is_some(),
    }
}

/// The label of the branch, if this deployment answers at it. Of branches that are the same label, the newest
/// deployment does.
fn alias(row: &PagesDeploymentRow, previews: &[(PagesBranch, VersionId)]) -> Option<String> {
    let alias = row.branch.alias()?;
    let mut same = previews
        .iter()
        .filter(|(branch, _)| branch.alias().as_ref() == Some(&alias));
    let (_, newest) = same.next()?;
    (*newest == row.id).then_some(alias)
}

/// The project without its deployments.
fn project(row: &PagesProjectRow) -> Project {
    let script_name =
        |environment: PagesEnvironment| format!("pages-worker--{}-{environment}", row.label);
    Project {
        id: row.id,
        name: row.name.clone(),
        subdomain: row.label.clone(),
        domains: Vec::new(),
        production_branch: row.production_branch.clone(),
        created_on: row.created_at,
        build_config: row.build_config.clone().unwrap_or_else(|| json!({})),
        source: None,
        uses_functions: None,
        deployment_configs: Configurations::from(&row.configurations),
        latest_deployment: None,
        canonical_deployment: None,
        framework: String::new(),
        framework_version: String::new(),
        production_script_name: script_name(PagesEnvironment::Production),
        preview_script_name: script_name(PagesEnvironment::Preview),
    }
}

/// What the audit log tells of a project: no text of a variable, and nothing of its secrets, which have events of
/// their own.
pub(super) fn apart_from_secrets(row: &PagesProjectRow) -> Value {
    let mut told = json!({
        "production_branch": row.production_branch,
        "build_config": row.build_config,
    });
    for environment in PagesEnvironment::ALL {
        let one = row.configurations.of(environment);
        let variables: Vec<_> = one
            .variables
            .iter()
            .filter(|variable| matches!(variable.kind, BindingKind::PlainText { .. }))
            .map(|variable| &variable.name)
            .collect();
        told[environment.as_str()] = json!({
            "variables": variables,
            "compatibility_date": one.compatibility_date,
            "compatibility_flags": one.compatibility_flags,
            "wrangler_config_hash": one.wrangler_config_hash,
            "fail_open": one.fail_open,
            "limits": one.limits,
            "placement": one.placement,
        });
    }
    told
}
