//! The newer part of the API: Workers by id or name, with their addresses, and versions in JSON.

mod delete_version;
mod edit;
mod list;
mod versions;

use axum::extract::{Path, State};
use axum::http::Method;
use coffer_engine::{EditSettings, Error, Missing, Permit, Requires, ViewWorkers, WorkerFacts};
use coffer_protocol::workers::{Worker, WorkerSubdomain};
use coffer_types::{Permission, Subdomain, WorkerId, WorkerName};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::permitted::Permitted;
use crate::api::route::{Route, route};
use crate::app::App;

pub(super) fn routes() -> Vec<Route> {
    const WORKERS: &str = "/accounts/{account_id}/workers/workers";
    const VERSIONS: &str = "/accounts/{account_id}/workers/workers/{worker_id}/versions";
    const VERSION: &str =
        "/accounts/{account_id}/workers/workers/{worker_id}/versions/{version_id}";
    const LATEST: &str = "/accounts/{account_id}/workers/workers/{worker_id}/versions/latest";
    const WORKER: &str = "/accounts/{account_id}/workers/workers/{worker_id}";
    let view = Some(Permission::ViewWorkers);
    let deploy = Some(Permission::DeployWorkers);
    vec![
        route(
            &Method::GET,
            WORKERS,
            "List Workers with their addresses",
            view,
            list::list,
        ),
        route(
            &Method::POST,
            WORKERS,
            "Make a Worker",
            deploy,
            edit::create,
        ),
        route(
            &Method::GET,
            WORKER,
            "Show a Worker with its addresses",
            view,
            find,
        ),
        route(
            &Method::PUT,
            WORKER,
            "Replace a Worker's settings",
            deploy,
            edit::replace,
        ),
        route(&Method::PATCH, WORKER, "Edit a Worker", deploy, edit::edit),
        route(
            &Method::DELETE,
            WORKER,
            "Delete a Worker",
            deploy,
            edit::delete,
        ),
        route(
            &Method::GET,
            VERSIONS,
            "List a Worker's versions",
            view,
            versions::list,
        ),
        route(
            &Method::GET,
            LATEST,
            "Show a Worker's newest version",
            view,
            versions::find_latest,
        ),
        // Who may only bind secrets of a store may make versions that change only bindings to these.
        route(
            &Method::POST,
            VERSIONS,
            "Make a version",
            view,
            versions::create,
        )
        .and_any_of(EditSettings::AND_ANY_OF),
        route(
            &Method::GET,
            VERSION,
            "Show a Worker's version",
            view,
            versions::find,
        ),
        route(
            &Method::DELETE,
            VERSION,
            "Delete a Worker's version",
            deploy,
            delete_version::delete,
        ),
        route(
            &Method::DELETE,
            LATEST,
            "Delete a Worker's newest version",
            deploy,
            delete_version::delete_latest,
        ),
    ]
}

/// The Worker of a path, by id or name.
#[derive(Debug, Deserialize)]
pub(super) struct WorkerPath {
    worker_id: String,
}

impl WorkerPath {
    /// The Worker's name.
    pub(super) async fn name<P>(&self, app: &App, permit: &Permit<P>) -> Result<WorkerName, Error> {
        if let Ok(id) = self.worker_id.parse::<WorkerId>() {
            match app.engine.worker_name(permit, id).await {
                Err(Error::NotFound(Missing::Worker)) => {}
                found => return found,
            }
        }
        self.worker_id.parse().map_err(|_| Missing::Worker.into())
    }
}

async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    Path(path): Path<WorkerPath>,
) -> ApiResult<Answer<Worker>> {
    let name = path.name(&app, &permit).await?;
    let facts = app.engine.worker(&permit, &name).await?;
    let subdomain = permit.account().subdomain.as_ref();
    Ok(Answer::ok(view(&app, subdomain, facts)))
}

fn view(app: &App, subdomain: Option<&Subdomain>, facts: WorkerFacts) -> Worker {
    let WorkerFacts {
        script,
        settings,
        subdomain: state,
        deployed_at,
        ..
    } = facts;
    let address = |label: String| {
        let subdomain = subdomain?;
        Some(app.workers_url.with_label(&format!("{label}.{subdomain}")))
    };
    let suffix = address(format!("-{}", script.id));
    Worker {
        id: script.tag,
        created_on: script.created_on,
        updated_on: script.modified_on,
        deployed_on: deployed_at,
        logpush: settings.script.logpush,
        observability: settings
            .script
            .observability
            .unwrap_or_else(|| json!({ "enabled": false })),
        references: references(),
        subdomain: WorkerSubdomain {
            state,
            url: address(script.id.to_string()),
            preview_url_suffix: suffix.as_deref().map(without_scheme),
        },
        name: script.id,
        tags: settings.script.tags.unwrap_or_default(),
        tail_consumers: settings.script.tail_consumers.unwrap_or_else(|| json!([])),
    }
}

fn without_scheme(address: &str) -> String {
    let rest = address.split_once("://").map(|(_, rest)| rest);
    rest.unwrap_or(address).to_owned()
}

/// What refers to a Worker: nothing can.
fn references() -> Map<String, Value> {
    [
        "dispatch_namespace_outbounds",
        "domains",
        "durable_objects",
        "queues",
        "workers",
    ]
    .into_iter()
    .map(|kind| (kind.to_owned(), json!([])))
    .collect()
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::json;

    use crate::testing::{TestApp, result};

    #[tokio::test]
    async fn addresses_are_those_that_the_gateway_answers_at() {
        let app = TestApp::new().await;
        app.upload("hello", json!([])).await;
        let path = "/accounts/{account_id}/workers/workers/hello";
        let answer = app.request(Method::GET, path, None).await;
        assert_eq!(
            result(&answer)["subdomain"],
            json!({
                "enabled": false,
                "previews_enabled": false,
                "url": "http://hello.dev.localhost:7080",
                "preview_url_suffix": "-hello.dev.localhost:7080",
            })
        );
        assert_eq!(result(&answer)["deployed_on"], app.now());
    }
}
