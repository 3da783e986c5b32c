//! Which deployment answers where, and what is left of one that is gone.

use axum::http::Method;
use coffer_protocol::feed::{ChangeSource, Subject};
use coffer_store::rows::pages_deployments::{self, PagesDeploymentRow};
use coffer_store::rows::{Slice, blobs};
use coffer_types::limits::DEPLOYMENTS_PER_PAGES_PROJECT;
use coffer_types::{PagesProjectId, VersionId};
use serde_json::{Value, json};

use crate::api::pages::testing::{DEPLOYMENTS, SITE, id_of};
use crate::testing::{Answer, TestApp, failure, result, text_at};

async fn roll_back(app: &TestApp, deployment: &Value) -> Answer {
    let path = format!("{DEPLOYMENTS}/{}/rollback", id_of(deployment));
    app.request(Method::POST, &path, None).await
}

async fn delete(app: &TestApp, deployment: &Value, query: &str) -> Answer {
    let path = format!("{DEPLOYMENTS}/{}{query}", id_of(deployment));
    app.request(Method::DELETE, &path, None).await
}

async fn production(app: &TestApp) -> Option<VersionId> {
    app.told_project("site").await.unwrap().production
}

#[tokio::test]
async fn the_newest_to_production_is_live_until_one_is_rolled_back_to() {
    let app = TestApp::with_site().await;
    assert_eq!(production(&app).await, None);
    let first = app.deployed("main").await;
    let second = app.deployed("main").await;
    let preview = app.deployed("feature/New").await;
    assert_eq!(production(&app).await, Some(id_of(&second)));
    let aliases = json!(["http://feature-new.site.pages.localhost:7080"]);
    assert_eq!(preview["aliases"], aliases);
    assert_eq!(preview["environment"], "preview");

    let before = app.engine.snapshot().await.unwrap().seq;
    let back = roll_back(&app, &first).await;
    assert_eq!(result(&back)["id"], first["id"]);
    assert_eq!(production(&app).await, Some(id_of(&first)));
    let changes = app.engine.changes(before).await.unwrap();
    assert!(matches!(changes[0].subject, Subject::PagesProject(_)));
    let event = app.last_event().await;
    assert_eq!(
        (event.action.as_str(), event.resource_kind.as_str()),
        ("update", "pages_deployment")
    );
    assert_eq!(
        event.details["before"]["production_deployment"],
        second["id"]
    );
    assert_eq!(event.details["after"]["production_deployment"], first["id"]);
    // Again is nothing new.
    result(&roll_back(&app, &first).await);
    assert_eq!(app.last_event().await.seq, event.seq);
    let project = app.request(Method::GET, SITE, None).await;
    assert_eq!(result(&project)["canonical_deployment"]["id"], first["id"]);
    assert_eq!(result(&project)["latest_deployment"]["id"], preview["id"]);

    let (status, errors) = failure(&roll_back(&app, &preview).await);
    assert_eq!((status, &errors[0][..8]), (400, "8000039 "));
    let third = app.deployed("main").await;
    assert_eq!(production(&app).await, Some(id_of(&third)));
}

#[tokio::test]
async fn a_branch_answers_with_its_newest_preview() {
    let app = TestApp::with_site().await;
    let one = app.deployed("a/b").await;
    let other = app.deployed("c").await;
    let branches = async || app.told_project("site").await.unwrap().branches;
    let expected = [
        ("c".to_owned(), id_of(&other)),
        ("a-b".to_owned(), id_of(&one)),
    ];
    assert_eq!(branches().await, expected);
    // Two branches that are the same label: the newest deployment answers.
    let same = app.deployed("a-b").await;
    let expected = [
        ("a-b".to_owned(), id_of(&same)),
        ("c".to_owned(), id_of(&other)),
    ];
    assert_eq!(branches().await, expected);
    let path = format!("{DEPLOYMENTS}/{}", id_of(&one));
    let found = app.request(Method::GET, &path, None).await;
    assert_eq!(result(&found)["aliases"], Value::Null);
    assert_eq!(
        same["aliases"],
        json!(["http://a-b.site.pages.localhost:7080"])
    );
}

#[tokio::test]
async fn without_its_newest_preview_a_branch_answers_with_the_one_before() {
    let app = TestApp::with_site().await;
    let first = app.deployed("dev").await;
    let second = app.deployed("dev").await;
    let answering = async || app.told_project("site").await.unwrap().branches;
    assert_eq!(answering().await, [("dev".to_owned(), id_of(&second))]);
    result(&delete(&app, &second, "?force=true").await);
    assert_eq!(answering().await, [("dev".to_owned(), id_of(&first))]);
    let path = format!("{DEPLOYMENTS}/{}", id_of(&first));
    let found = app.request(Method::GET, &path, None).await;
    assert_eq!(
        result(&found)["aliases"],
        json!(["http://dev.site.pages.localhost:7080"])
    );
    result(&delete(&app, &first, "?force=true").await);
    assert!(answering().await.is_empty());
}

#[tokio::test]
async fn deployments_are_listed_the_newest_first_and_by_environment() {
    let app = TestApp::with_site().await;
    let first = app.deployed("main").await;
    let preview = app.deployed("dev").await;
    let second = app.deployed("main").await;
    let list = async |query: &str| {
        let path = format!("{DEPLOYMENTS}{query}");
        let answer = app.request(Method::GET, &path, None).await;
        let listed = result(&answer).as_array().unwrap().clone();
        let ids: Vec<_> = listed.iter().map(id_of).collect();
        (ids, answer.2["result_info"]["total_count"].clone())
    };
    let ids = |deployments: &[&Value]| deployments.iter().map(|one| id_of(one)).collect::<Vec<_>>();
    assert_eq!(
        list("").await,
        (ids(&[&second, &preview, &first]), json!(3))
    );
    assert_eq!(
        list("?env=production").await,
        (ids(&[&second, &first]), json!(2))
    );
    assert_eq!(list("?env=preview").await, (ids(&[&preview]), json!(1)));
    assert_eq!(
        list("?per_page=1&page=2").await,
        (ids(&[&preview]), json!(3))
    );
    assert_eq!(list("?page=9").await, (ids(&[]), json!(3)));
    let path = format!("{DEPLOYMENTS}?env=staging");
    let (status, errors) = failure(&app.request(Method::GET, &path, None).await);
    assert_eq!(status, 400);
    assert!(
        errors[0].ends_with("production or preview at env"),
        "{errors:?}"
    );
}

#[tokio::test]
async fn nothing_of_a_deployment_is_left_and_edges_are_told() {
    let app = TestApp::with_site().await;
    let first = app
        .deployed_code(
            "main",
            &json!([{ "name": "S", "type": "secret_text", "text": "s" }]),
        )
        .await;
    let second = app.deployed("main").await;
    let preview = app.deployed("dev").await;
    for (deployment, code) in [(&second, "8000034 "), (&preview, "8000035 ")] {
        let (status, errors) = failure(&delete(&app, deployment, "").await);
        assert_eq!((status, &errors[0][..8]), (409, code));
    }
    let (status, _) = failure(&delete(&app, &second, "?force=true").await);
    assert_eq!(status, 409);

    let digest = app.told(&first).await.unwrap().modules[0].digest;
    let before = app.engine.snapshot().await.unwrap().seq;
    assert_eq!(result(&delete(&app, &first, "").await), &Value::Null);
    let changes = app.engine.changes(before).await.unwrap();
    assert_eq!(changes[0].subject, Subject::Version(id_of(&first)));
    assert!(changes[0].record.is_none());
    assert!(app.told(&first).await.is_none());
    let mut reader = app.store.reader().await.unwrap();
    assert!(blobs::find(&mut reader, digest).await.unwrap().is_none());
    let event = app.last_event().await;
    assert_eq!(
        (event.action.as_str(), event.resource_kind.as_str()),
        ("delete", "pages_deployment")
    );
    assert_eq!(event.resource_id, id_of(&first).to_string());

    // The files are the second's, too; they go with the last that has them.
    let manifest = app.told(&second).await.unwrap().assets.unwrap().manifest;
    result(&delete(&app, &preview, "?force=true").await);
    assert!(app.told_project("site").await.unwrap().branches.is_empty());
    assert!(blobs::find(&mut reader, manifest).await.unwrap().is_some());
    let before = app.engine.snapshot().await.unwrap().seq;
    result(&app.request(Method::DELETE, SITE, None).await);
    let changes = app.engine.changes(before).await.unwrap();
    let gone: Vec<_> = changes.iter().map(|change| change.subject).collect();
    assert_eq!(gone[0], Subject::Version(id_of(&second)));
    assert!(matches!(gone[1], Subject::PagesProject(_)));
    assert!(changes.iter().all(|change| change.record.is_none()));
    assert!(blobs::find(&mut reader, manifest).await.unwrap().is_none());
    assert_eq!(app.last_event().await.details["deployments"], 1);
}

#[tokio::test]
async fn the_oldest_that_nothing_needs_goes_when_there_are_too_many() {
    let app = TestApp::with_site().await;
    let live = app.deployed("main").await;
    let branch = app.deployed("dev").await;
    let oldest = app.deployed("main").await;
    result(&roll_back(&app, &live).await);
    let project = app.request(Method::GET, SITE, None).await;
    let project_id: PagesProjectId = text_at(result(&project), "/id").parse().unwrap();
    let mut reader = app.store.reader().await.unwrap();
    let template = pages_deployments::find(&mut reader, project_id, id_of(&oldest)).await;
    let template = template.unwrap().unwrap();
    // Rows that only fill: their numbers are far above those that are given next.
    let filling = (3..DEPLOYMENTS_PER_PAGES_PROJECT).map(|index| PagesDeploymentRow {
        id: VersionId::random(&coffer_crypto::SystemRandom),
        number: 1_000_000 + index,
        ..template.clone()
    });
    let filling: std::sync::Arc<Vec<_>> = std::sync::Arc::new(filling.collect());
    app.add_rows(move |tx| {
        let filling = std::sync::Arc::clone(&filling);
        Box::pin(async move {
            for row in filling.iter() {
                pages_deployments::insert(tx, row).await?;
            }
            Ok(())
        })
    })
    .await;
    let is_there = async |deployment: &Value| app.told(deployment).await.is_some();
    result(&roll_back(&app, &live).await);
    app.deployed("dev2").await;
    assert!(is_there(&live).await && is_there(&branch).await);
    assert!(!is_there(&oldest).await);
    let (_, total) = pages_deployments::list(&mut reader, project_id, None, Slice::ALL)
        .await
        .unwrap();
    assert_eq!(total, DEPLOYMENTS_PER_PAGES_PROJECT);
    let events = app.audit_events().await;
    let removed = events.iter().filter(|event| {
        event.action == "delete" && event.resource_id == id_of(&oldest).to_string()
    });
    assert_eq!(removed.count(), 1);
}
