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
use crate::api::workers::fields::{ScriptPath, annotations, version_id};
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
        Some(_) => {
            let rule = format!("strategy must be {STRATEGY}");
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

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::Role;
    use serde_json::{Value, json};

    use crate::api::workers::testing::{SCRIPTS, secret};
    use crate::testing::{Answer, TestApp, failure, result};

    async fn split(app: &TestApp, versions: &[(&str, f64)]) -> Answer {
        let versions: Vec<_> = versions
            .iter()
            .map(|(id, percentage)| json!({ "version_id": id, "percentage": percentage }))
            .collect();
        let path = format!("{SCRIPTS}/w/deployments");
        let body = json!({ "strategy": "percentage", "versions": versions,
            "annotations": { "workers/message": "gradual" },
            "code_update_strategy": { "mode": "deferred", "max_delay": 300 } });
        app.request(Method::POST, &path, Some(body)).await
    }

    #[tokio::test]
    async fn traffic_is_divided_as_asked() {
        let app = TestApp::new().await;
        let one = app.upload("w", json!([])).await;
        let two = app.upload_version("w", json!([])).await;
        let answer = split(&app, &[(&one, 99.95), (&two, 0.05)]).await;
        let deployment = result(&answer);
        assert_eq!(deployment["strategy"], "percentage");
        assert_eq!(deployment["author_email"], "admin@example.com");
        assert_eq!(
            deployment["annotations"]["workers/triggered_by"],
            "deployment"
        );
        assert_eq!(deployment["annotations"]["workers/message"], "gradual");
        let shares = app.record_of("w").await.unwrap().deployment.unwrap();
        let shares: Vec<_> = shares
            .shares()
            .iter()
            .map(|one| one.percentage.hundredths())
            .collect();
        assert_eq!(shares, [9995, 5]);

        let path = format!("{SCRIPTS}/w/deployments");
        let list = app.request(Method::GET, &path, None).await;
        let list = result(&list)["deployments"].as_array().unwrap().clone();
        assert_eq!(list.len(), 2);
        assert_eq!(&list[0], deployment);
        assert_eq!(
            list[1]["annotations"]["workers/message"],
            "Automatic deployment on upload."
        );
        assert_eq!(list[1]["annotations"]["workers/triggered_by"], "upload");
        let id = list[1]["id"].as_str().unwrap();
        let found = app
            .request(Method::GET, &format!("{path}/{id}"), None)
            .await;
        assert_eq!(result(&found), &list[1]);
        for id in ["nonsense", two.as_str()] {
            let answer = app
                .request(Method::GET, &format!("{path}/{id}"), None)
                .await;
            assert!(failure(&answer).1[0].starts_with("10336 "));
        }
        // A secret may be edited while the latest version has a share.
        result(&app.put_secret("w", "S", "s").await);
        assert_eq!(
            app.record_of("w")
                .await
                .unwrap()
                .deployment
                .unwrap()
                .shares()
                .len(),
            1
        );
    }

    #[tokio::test]
    async fn shares_that_make_no_deployment_are_refused() {
        let app = TestApp::new().await;
        let one = app.upload("w", json!([])).await;
        let two = app.upload_version("w", json!([])).await;
        let three = app.upload_version("w", json!([])).await;
        let foreign = app.upload("other", json!([])).await;
        let written = app.written().await;
        for (versions, expected) in [
            (vec![], "10021 a deployment must have one or two versions"),
            (
                vec![(one.as_str(), 99.0)],
                "10021 the percentages must sum to 100",
            ),
            (
                vec![(&one, 50.0), (&one, 50.0)],
                "10021 a version must appear once",
            ),
            (
                vec![(&one, 0.0), (&two, 100.0)],
                "10021 a percentage must be between",
            ),
            (
                vec![(&one, -1.0), (&two, 101.0)],
                "10021 a percentage must be between",
            ),
            (
                vec![(&one, 33.333), (&two, 66.667)],
                "10021 a percentage must be between",
            ),
            (
                vec![(&one, 40.0), (&two, 40.0), (&three, 20.0)],
                "10021 a deployment must have one or two",
            ),
            (vec![(&foreign, 100.0)], "100146 "),
            (vec![("nonsense", 100.0)], "100146 "),
        ] {
            let (_, errors) = failure(&split(&app, &versions).await);
            assert!(
                errors[0].starts_with(expected),
                "{errors:?} is not {expected}"
            );
        }
        let path = format!("{SCRIPTS}/w/deployments");
        for body in [
            json!({}),
            json!({ "versions": "x" }),
            json!({ "strategy": "lottery", "versions": [{ "version_id": one, "percentage": 100 }] }),
        ] {
            assert_eq!(
                failure(&app.request(Method::POST, &path, Some(body)).await).0,
                400
            );
        }
        assert_eq!(app.written().await, written);
        let answer = app.deploy("nope", &one, "").await;
        assert!(failure(&answer).1[0].starts_with("10007 "));
    }

    #[tokio::test]
    async fn older_secrets_come_back_only_by_force() {
        let app = TestApp::new().await;
        let old = app
            .upload("w", json!([secret("SAME", "s"), secret("A", "1")]))
            .await;
        result(&app.put_secret("w", "A", "2").await);
        result(&app.put_secret("w", "B", "new").await);
        let (status, errors) = failure(&app.deploy("w", &old, "").await);
        assert_eq!(status, 409);
        assert_eq!(errors, ["10220 The following secrets have changed: A, B"]);
        assert_eq!(app.env("w").await["A"], "2");
        result(&app.deploy("w", &old, "?force=true").await);
        assert_eq!(app.env("w").await["A"], "1");

        // Going forward to newer secrets is no question.
        let newest = app.latest("w").await["id"].as_str().unwrap().to_owned();
        result(&app.deploy("w", &newest, "").await);
        // Nor is going back without any change of secrets.
        let newer = app.upload_version("w", json!([])).await;
        result(&app.deploy("w", &newer, "").await);
        result(&app.deploy("w", &newest, "").await);
        // Nor what is serving already.
        result(&app.deploy("w", &newest, "").await);
    }

    #[tokio::test]
    async fn a_version_that_reads_a_store_is_deployed_only_by_who_may_bind() {
        let (app, store) = TestApp::with_store().await;
        app.create_secret(&store, "KEY", "value").await;
        let stored = json!({ "name": "B", "type": "secrets_store_secret", "store_id": store, "secret_name": "KEY" });
        let old = app.upload("w", json!([])).await;
        let new = app.upload_version("w", json!([stored])).await;
        let workers = app.member_with(&[Role::WorkersPlatformAdmin]).await;
        let deploy = async |version: &str, force: &str| {
            let path = format!("{SCRIPTS}/w/deployments{force}");
            let body = json!({ "strategy": "percentage",
                "versions": [{ "version_id": version, "percentage": 100 }] });
            app.request_as(&workers, Method::POST, &path, Some(body))
                .await
        };
        let patch = async || {
            let path = "/accounts/{account_id}/workers/workers/w/versions/latest?deploy=true";
            let var = json!({ "V": { "type": "plain_text", "text": "x" } });
            app.request_as(&workers, Method::PATCH, path, Some(json!({ "env": var })))
                .await
        };
        let written = app.written().await;
        for answer in [
            deploy(&new, "").await,
            deploy(&new, "?force=true").await,
            patch().await,
        ] {
            let (_, errors) = failure(&answer);
            assert!(
                errors[0].starts_with("10021 Secrets store binding authorization"),
                "{errors:?}"
            );
        }
        assert_eq!(app.written().await, written);
        result(&app.deploy("w", &new, "").await);
        // What serves already reads nothing new.
        result(&deploy(&new, "").await);
        result(&patch().await);
        // Going back to code without the binding needs no more than deploying.
        result(&deploy(&old, "").await);
    }

    #[tokio::test]
    async fn a_version_whose_stored_secret_is_gone_or_withdrawn_does_not_come_back() {
        let (app, store) = TestApp::with_store().await;
        let id = app.create_secret(&store, "KEY", "value").await;
        let stored = json!({ "name": "B", "type": "secrets_store_secret", "store_id": store, "secret_name": "KEY" });
        let old = app.upload("w", json!([stored])).await;
        app.upload("w", json!([])).await;
        let path = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets/{id}");
        let scopes = Some(json!({ "scopes": ["ai_gateway"] }));
        result(&app.request(Method::PATCH, &path, scopes).await);
        let (_, errors) = failure(&app.deploy("w", &old, "").await);
        assert!(errors[0].starts_with("10021 "), "{errors:?}");
        result(&app.request(Method::DELETE, &path, None).await);
        let (_, errors) = failure(&app.deploy("w", &old, "?force=true").await);
        assert!(errors[0].starts_with("10182 "), "{errors:?}");
        assert_ne!(app.serving("w").await.version_id.to_string(), old);
    }

    #[tokio::test]
    async fn a_conflict_is_not_to_be_repeated() {
        let app = TestApp::new().await;
        let old = app.upload("w", json!([secret("A", "1")])).await;
        result(&app.put_secret("w", "A", "2").await);
        let answer = app.deploy("w", &old, "").await;
        assert_eq!(answer.0, 409);
        assert_eq!(answer.1["x-should-retry"], "false");
        assert_eq!(answer.2["result"], Value::Null);
    }
}
