//! How many versions and deployments a Worker keeps.

use axum::http::Method;
use coffer_protocol::feed::{ChangeSource, Record, Subject};
use coffer_store::rows::versions::VersionRow;
use coffer_store::rows::{blobs, versions, worker_secrets};
use coffer_types::limits::{DEPLOYABLE_VERSIONS, LISTED_DEPLOYMENTS};
use coffer_types::{VersionId, WorkerId};
use serde_json::{Value, json};

use crate::api::workers::testing::{ES_MODULE, Multipart, SCRIPTS, metadata, secret};
use crate::testing::{TestApp, failure, result, text_at};

const VERSIONS: &str = "/accounts/{account_id}/workers/workers/w/versions";

/// Uploads code of this text with these bindings, and deploys it if asked.
async fn upload(app: &TestApp, deploy: bool, code: &str, bindings: Value) -> String {
    let body = Multipart::of(&metadata(&bindings)).module("index.js", ES_MODULE, code);
    let (method, path) = match deploy {
        true => (Method::PUT, format!("{SCRIPTS}/w")),
        false => (Method::POST, format!("{SCRIPTS}/w/versions")),
    };
    result(&app.multipart(method, &path, body).await);
    text_at(&app.latest("w").await, "/id")
}

async fn worker_id(app: &TestApp) -> WorkerId {
    app.record_of("w").await.unwrap().worker_id
}

/// The Worker's versions as edges carry them, the oldest first.
async fn carried(app: &TestApp) -> Vec<u32> {
    let snapshot = app.engine.snapshot().await.unwrap();
    let records = snapshot.records.into_iter();
    let mut numbers: Vec<_> = records
        .filter_map(|record| match record {
            Record::Version(version) => Some(version.number),
            _ => None,
        })
        .collect();
    numbers.sort_unstable();
    numbers
}

async fn values(app: &TestApp) -> usize {
    let id = worker_id(app).await;
    let mut reader = app.store.reader().await.unwrap();
    let found = worker_secrets::of_worker(&mut reader, id).await;
    found.unwrap().len()
}

#[tokio::test]
async fn the_oldest_that_was_never_deployed_makes_room_with_all_that_only_it_had() {
    let app = TestApp::new().await;
    let deployed = upload(&app, true, "deployed", json!([secret("KEPT", "a")])).await;
    let oldest = upload(&app, false, "oldest", json!([secret("OWN", "b")])).await;
    let code = {
        let snapshot = app.engine.snapshot().await.unwrap();
        let mut records = snapshot.records.into_iter();
        records.find_map(|record| match record {
            Record::Version(version) if version.number == 2 => Some(version.modules[0].digest),
            _ => None,
        })
    };
    let code = code.unwrap();
    let without = json!({
        "main_module": "index.js",
        "bindings": [{ "name": "KEPT", "type": "inherit" }],
        "keep_bindings": ["plain_text"],
    });
    for number in 3..=DEPLOYABLE_VERSIONS + 1 {
        let body = Multipart::of(&without).module("index.js", ES_MODULE, &format!("code {number}"));
        let path = format!("{SCRIPTS}/w/versions");
        result(&app.multipart(Method::POST, &path, body).await);
    }
    let count = usize::try_from(DEPLOYABLE_VERSIONS).unwrap() + 1;
    // As many as can be deployed, and the one that serves.
    assert_eq!(carried(&app).await.len(), count);
    assert_eq!(values(&app).await, 2);
    let (before, events) = (
        app.engine.snapshot().await.unwrap().seq,
        app.audit_events().await.len(),
    );

    let newest = upload(&app, false, "newest", json!([])).await;

    let left = carried(&app).await;
    assert_eq!((left.len(), left[0], left[1]), (count, 1, 3));
    assert_eq!(values(&app).await, 1);
    assert_eq!(app.env("w").await["KEPT"], "a");
    let mut reader = app.store.reader().await.unwrap();
    assert_eq!(blobs::find(&mut reader, code).await.unwrap(), None);
    drop(reader);
    let id: VersionId = oldest.parse().unwrap();
    let changes = app.engine.changes(before).await.unwrap();
    let gone = |change: &&coffer_protocol::feed::Change| change.subject == Subject::Version(id);
    assert!(changes.iter().find(gone).unwrap().record.is_none());
    let told = app.audit_events().await.split_off(events);
    let kinds: Vec<_> = told
        .iter()
        .map(|event| format!("{} {}", event.action, event.resource_kind))
        .collect();
    assert_eq!(kinds, ["create version", "delete version"]);
    assert_eq!(told[0].resource_id, newest);
    assert_eq!(told[1].resource_id, oldest);
    assert_eq!(told[1].details["number"], 2);
    assert_eq!(told[1].details["secret_values_removed"], 1);
    let path = format!("{VERSIONS}/{oldest}");
    let (status, _) = failure(&app.request(Method::GET, &path, None).await);
    assert_eq!(status, 404);
    let (status, _) = failure(&app.deploy("w", &oldest, "?force=true").await);
    assert_eq!(status, 404);
    // The one that served all the while can be taken back once it no longer does.
    result(&app.deploy("w", &newest, "?force=true").await);
    result(&app.deploy("w", &deployed, "?force=true").await);
}

#[tokio::test]
async fn deployments_beyond_those_listed_go_with_the_versions_that_only_they_name() {
    let app = TestApp::new().await;
    let most = usize::try_from(LISTED_DEPLOYMENTS).unwrap();
    let mut ids = Vec::new();
    for number in 0..most + 3 {
        ids.push(upload(&app, true, &format!("code {number}"), json!([])).await);
    }
    let deployments = async || {
        let path = format!("{SCRIPTS}/w/deployments");
        let answer = app.request(Method::GET, &path, None).await;
        let found = result(&answer)["deployments"].as_array().unwrap().clone();
        let named = found
            .iter()
            .map(|one| text_at(one, "/versions/0/version_id"));
        named.collect::<Vec<_>>()
    };
    let newest: Vec<_> = ids.iter().rev().take(most).cloned().collect();
    assert_eq!(deployments().await, newest);
    let left = carried(&app).await;
    assert_eq!((left.len(), left[0]), (most, 4));
    // Going back and forth makes no version and forgets none that is still named.
    let (first, last) = (&ids[3], &ids[most + 2]);
    for _ in 0..3 {
        result(&app.deploy("w", first, "").await);
        result(&app.deploy("w", last, "").await);
    }
    assert_eq!(deployments().await.len(), most);
    assert_eq!(carried(&app).await.len(), most);
    let id = worker_id(&app).await;
    let mut reader = app.store.reader().await.unwrap();
    let kept =
        coffer_store::rows::deployments::list(&mut reader, id, coffer_store::rows::Slice::ALL);
    assert_eq!(kept.await.unwrap().len(), most);
    drop(reader);
    let deleted: Vec<_> = app
        .audit_events()
        .await
        .iter()
        .filter(|event| event.action == "delete")
        .map(|event| event.resource_kind.clone())
        .collect();
    assert_eq!(deleted.iter().filter(|kind| *kind == "version").count(), 3);
    assert_eq!(
        deleted.iter().filter(|kind| *kind == "deployment").count(),
        9
    );
    assert_eq!(deleted.len(), 12);
}

#[tokio::test]
async fn a_worker_that_had_too_many_comes_down() {
    let app = TestApp::new().await;
    upload(&app, true, "deployed", json!([])).await;
    let id = worker_id(&app).await;
    let mut reader = app.store.reader().await.unwrap();
    let model = versions::latest(&mut reader, id).await.unwrap().unwrap();
    drop(reader);
    let crowd = DEPLOYABLE_VERSIONS + 40;
    app.add_rows(move |tx| {
        let model = model.clone();
        Box::pin(async move {
            for number in 2..=crowd {
                let version = VersionRow {
                    id: VersionId::random(&coffer_crypto::SystemRandom),
                    number,
                    ..model.clone()
                };
                versions::insert(tx, &version).await?;
            }
            let mut worker = coffer_store::rows::workers::find(tx, id).await?.unwrap();
            worker.last_version = crowd;
            coffer_store::rows::workers::update(tx, &worker).await
        })
    })
    .await;
    let mut counts = Vec::new();
    for number in 0..5 {
        upload(&app, false, &format!("code {number}"), json!([])).await;
        counts.push(carried(&app).await.len());
    }
    assert_eq!(counts, [125, 110, 101, 101, 101]);
    assert_eq!(app.serving("w").await.number, 1);
}
