//! `GET …/coffer/secrets/{secret_id}/usage`: the Workers that bind a secret and those that read it.

use axum::extract::{Path, State};
use coffer_engine::{Error, Missing, ViewSecrets};
use coffer_protocol::usage::SecretUsage;
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::permitted::Permitted;
use crate::app::App;

#[derive(Debug, Deserialize)]
pub(super) struct SecretPath {
    secret_id: String,
}

/// Where a secret is used.
pub(super) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewSecrets>,
    Path(path): Path<SecretPath>,
) -> ApiResult<Answer<SecretUsage>> {
    let id = path.secret_id.parse();
    let id = id.map_err(|_| Error::from(Missing::Secret))?;
    Ok(Answer::ok(app.engine.secret_usage(&permit, id).await?))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_protocol::feed::{AccessReport, ChangeSource};
    use coffer_types::{Clock, PermissionGroup, Role, SecretId, ValueVersion, VersionId, WorkerId};
    use serde_json::{Value, json};

    use crate::api::workers::testing::SCRIPTS;
    use crate::testing::{TestApp, failure, result, text_at};

    const SECRETS: &str = "/accounts/{account_id}/coffer/secrets";

    async fn usage(app: &TestApp, secret: &str) -> Value {
        let path = format!("{SECRETS}/{secret}/usage");
        result(&app.request(Method::GET, &path, None).await).clone()
    }

    fn stored(binding: &str, store: &str, secret: &str) -> Value {
        json!({ "name": binding, "type": "secrets_store_secret", "store_id": store, "secret_name": secret })
    }

    async fn worker_id(app: &TestApp, name: &str) -> WorkerId {
        app.record_of(name).await.unwrap().worker_id
    }

    /// What an edge tells of reads in the last so many seconds.
    fn report(
        app: &TestApp,
        store: &str,
        secret: &str,
        worker_id: WorkerId,
        (seconds, reads): (i64, u64),
    ) -> AccessReport {
        let now = app.clock.now();
        AccessReport {
            account_id: app.first.account_id,
            store_id: store.parse().unwrap(),
            secret_id: secret.parse().unwrap(),
            value_version: ValueVersion::FIRST,
            worker_id,
            version_id: VersionId::random(&coffer_crypto::SystemRandom),
            first_at: now.plus_micros(-seconds * 1_000_000),
            last_at: now,
            reads,
        }
    }

    #[tokio::test]
    async fn versions_and_deployments_that_bind_a_secret_are_found() {
        let (app, store) = TestApp::with_store().await;
        let key = app.create_secret(&store, "KEY", "value").await;
        let other = app.create_secret(&store, "OTHER", "value").await;
        let none = json!({
            "secret_id": key, "store_id": store, "name": "KEY", "workers": [], "truncated": false,
        });
        assert_eq!(usage(&app, &key).await, none);
        let twice = json!([stored("B", &store, "KEY"), stored("A", &store, "KEY")]);
        let first = app.upload("beta", twice).await;
        let second = app
            .upload_version("beta", json!([stored("A", &store, "OTHER")]))
            .await;
        let third = app
            .upload_version("beta", json!([stored("C", &store, "KEY")]))
            .await;
        app.upload("alpha", json!([])).await;
        let unserved = app
            .upload_version("alpha", json!([stored("A", &store, "KEY")]))
            .await;

        let found = usage(&app, &key).await;
        let version = |id: &str, number: u32, bindings: Value, deployed: bool| {
            json!({
                "id": id, "number": number, "created_on": app.now(), "bindings": bindings,
                "deployed": deployed,
            })
        };
        let alpha = &found["workers"][0];
        assert_eq!(alpha["worker_name"], "alpha");
        assert_eq!(
            (&alpha["bound"], &alpha["deployed"]),
            (&json!(true), &json!(false))
        );
        assert_eq!(
            alpha["versions"],
            json!([version(&unserved, 2, json!(["A"]), false)])
        );
        assert_ne!(alpha["deployment"]["versions"][0]["version_id"], unserved);
        let beta = &found["workers"][1];
        assert_eq!(beta["worker_id"], worker_id(&app, "beta").await.to_string());
        assert_eq!(
            (&beta["worker_name"], &beta["deployed"]),
            (&json!("beta"), &json!(true))
        );
        assert_eq!(beta["version_count"], 2);
        assert_eq!(
            beta["versions"],
            json!([
                version(&third, 3, json!(["C"]), false),
                version(&first, 1, json!(["A", "B"]), true),
            ])
        );
        assert_eq!(
            beta["deployment"]["versions"],
            json!([{ "version_id": first, "percentage": 100 }])
        );
        assert_eq!(beta["reads"], Value::Null);
        assert_eq!(found["workers"].as_array().unwrap().len(), 2);
        assert_eq!(found["truncated"], false);
        let found = usage(&app, &other).await;
        assert_eq!(found["workers"][0]["versions"][0]["id"], second);

        // Traffic moves to two versions, one of which binds it.
        let path = format!("{SCRIPTS}/beta/deployments");
        let split = json!([
            { "version_id": second, "percentage": 60 }, { "version_id": third, "percentage": 40 },
        ]);
        let body = json!({ "strategy": "percentage", "versions": split });
        result(&app.request(Method::POST, &path, Some(body)).await);
        let found = usage(&app, &key).await;
        let beta = &found["workers"][1];
        assert_eq!(beta["deployment"]["versions"], split);
        assert_eq!(beta["versions"][0], version(&third, 3, json!(["C"]), true));
        assert_eq!(
            beta["versions"][1],
            version(&first, 1, json!(["A", "B"]), false)
        );
        // A Worker that is gone and never read it leaves nothing.
        let path = format!("{SCRIPTS}/alpha");
        result(&app.request(Method::DELETE, &path, None).await);
        assert_eq!(
            usage(&app, &key).await["workers"].as_array().unwrap().len(),
            1
        );
    }

    #[tokio::test]
    async fn every_worker_and_deployed_version_is_listed_and_others_are_bounded() {
        let (app, store) = TestApp::with_store().await;
        let key = app.create_secret(&store, "KEY", "value").await;
        let bound = json!([stored("A", &store, "KEY")]);
        let first = app.upload("old", bound.clone()).await;
        // A Worker keeps its newest versions, and those of its deployments.
        app.upload("new", bound.clone()).await;
        app.upload("new", json!([])).await;
        for _ in 0..100 {
            app.clock.advance_seconds(1);
            app.upload_version("new", bound.clone()).await;
        }
        let found = usage(&app, &key).await;
        assert_eq!(found["truncated"], true);
        let (new, old) = (&found["workers"][0], &found["workers"][1]);
        assert_eq!(
            (&new["version_count"], &old["version_count"]),
            (&json!(101), &json!(1))
        );
        assert_eq!(new["versions"].as_array().unwrap().len(), 100);
        assert_eq!(new["versions"][0]["number"], 102);
        assert_eq!(old["versions"][0]["id"], first);
    }

    #[tokio::test]
    async fn reads_are_counted_by_worker_and_outlive_it() {
        let (app, store) = TestApp::with_store().await;
        let key = app.create_secret(&store, "KEY", "value").await;
        for name in ["reader", "former"] {
            app.upload(name, json!([stored("A", &store, "KEY")])).await;
        }
        let reader = worker_id(&app, "reader").await;
        let former = worker_id(&app, "former").await;
        let first = app.clock.now();
        let of = |worker, reads| report(&app, &store, &key, worker, reads);
        app.engine
            .report_access(&[of(reader, (0, 1)), of(former, (0, 7))])
            .await
            .unwrap();
        app.clock.advance_seconds(100);
        // Two versions of a Worker tell in one call; reports may come late.
        app.engine
            .report_access(&[of(reader, (10, 5)), of(reader, (90, 3))])
            .await
            .unwrap();
        let last = app.clock.now();
        let late = AccessReport {
            first_at: first.plus_micros(-5),
            last_at: first.plus_micros(5),
            ..of(reader, (0, 1))
        };
        app.engine.report_access(&[late]).await.unwrap();
        let found = usage(&app, &key).await;
        let expected = json!({ "first": first.plus_micros(-5), "last": last, "count": 10 });
        assert_eq!(found["workers"][1]["reads"], expected);

        // One binds it no more, the other is gone.
        app.upload("former", json!([])).await;
        result(
            &app.request(Method::DELETE, &format!("{SCRIPTS}/reader"), None)
                .await,
        );
        let found = usage(&app, &key).await;
        let workers = found["workers"].as_array().unwrap();
        let former_usage = workers
            .iter()
            .find(|one| one["worker_name"] == "former")
            .unwrap();
        assert_eq!(
            (&former_usage["bound"], &former_usage["deployed"]),
            (&json!(true), &json!(false))
        );
        let gone = workers
            .iter()
            .find(|one| one["worker_id"] == reader.to_string())
            .unwrap();
        assert_eq!(
            (&gone["worker_name"], &gone["bound"]),
            (&Value::Null, &json!(false))
        );
        assert_eq!(gone["reads"], expected);
        assert_eq!(
            (&gone["versions"], &gone["deployment"]),
            (&json!([]), &Value::Null)
        );
    }

    #[tokio::test]
    async fn a_read_of_a_secret_that_is_gone_has_its_event_and_is_not_counted() {
        let (app, store) = TestApp::with_store().await;
        let key = app.create_secret(&store, "KEY", "value").await;
        let kept = app.create_secret(&store, "KEPT", "value").await;
        app.upload("w", json!([])).await;
        let worker = worker_id(&app, "w").await;
        let both = [
            report(&app, &store, &key, worker, (0, 2)),
            report(&app, &store, &kept, worker, (0, 3)),
        ];
        let path = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets/{key}");
        result(&app.request(Method::DELETE, &path, None).await);
        let events = app.audit_events().await.len();
        app.engine.report_access(&both).await.unwrap();
        let told = app.audit_events().await.split_off(events);
        let told: Vec<_> = told
            .iter()
            .map(|event| (event.action.as_str(), event.resource_id.as_str()))
            .collect();
        assert_eq!(told, [("access", key.as_str()), ("access", &kept)]);
        assert_eq!(usage(&app, &kept).await["workers"][0]["reads"]["count"], 3);
        // Another account's edge cannot count reads of it.
        let foreign = AccessReport {
            account_id: app.other_account().await.id,
            ..report(&app, &store, &kept, worker, (0, 100))
        };
        app.engine.report_access(&[foreign]).await.unwrap();
        assert_eq!(usage(&app, &kept).await["workers"][0]["reads"]["count"], 3);
        // The secret of the same name that comes later was never read.
        let again = app.create_secret(&store, "KEY", "value").await;
        assert_eq!(usage(&app, &again).await["workers"], json!([]));
    }

    #[tokio::test]
    async fn reports_that_were_refused_count_once_when_they_are_repeated() {
        let (app, store) = TestApp::with_store().await;
        let key = app.create_secret(&store, "KEY", "value").await;
        app.upload("w", json!([])).await;
        let worker = worker_id(&app, "w").await;
        // A count that no column holds: the second report fails, and the first with it.
        let good = report(&app, &store, &key, worker, (0, 4));
        let bad = report(&app, &store, &key, worker, (0, i64::MAX as u64));
        let events = app.audit_events().await.len();
        let refused = app.engine.report_access(&[good.clone(), bad]).await;
        assert!(refused.is_err());
        assert_eq!(app.audit_events().await.len(), events);
        app.engine.report_access(&[good]).await.unwrap();
        assert_eq!(usage(&app, &key).await["workers"][0]["reads"]["count"], 4);
    }

    #[tokio::test]
    async fn who_may_view_the_secret_learns_it_and_nobody_else() {
        let (app, store) = TestApp::with_store().await;
        let key = app.create_secret(&store, "KEY", "value").await;
        app.upload("w", json!([stored("A", &store, "KEY")])).await;
        let path = format!("{SECRETS}/{key}/usage");
        for actor in [
            app.member_with(&[Role::SecretsStoreReporter]).await,
            app.member_with(&[Role::SecretsStoreAdmin]).await,
            app.token_with(&[PermissionGroup::SECRETS_STORE_READ]).await,
        ] {
            let answer = app.request_as(&actor, Method::GET, &path, None).await;
            assert_eq!(text_at(result(&answer), "/workers/0/worker_name"), "w");
            assert!(!answer.2.to_string().contains("value\""));
        }
        let reader = app.member_with(&[Role::WorkersReadOnly]).await;
        let answer = app.request_as(&reader, Method::GET, &path, None).await;
        assert_eq!(failure(&answer).0, 403);
        let other = app.other_account().await;
        let theirs = path.replace("{account_id}", &other.id.to_string());
        let expected = (404, vec!["1001 secret_not_found".to_owned()]);
        let answer = app
            .request_as(&other.admin, Method::GET, &theirs, None)
            .await;
        assert_eq!(failure(&answer), expected);
        let nothing = SecretId::from_bytes([1; 16]).to_string();
        for unknown in [nothing.as_str(), "x", "..%2F..", "unused"] {
            let path = format!("{SECRETS}/{unknown}/usage");
            let answer = app.request(Method::GET, &path, None).await;
            assert_eq!(failure(&answer), expected, "{unknown}");
        }
    }
}
