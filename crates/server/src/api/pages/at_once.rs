//! What happens to a project while it is deployed.

use axum::http::{Method, StatusCode};
use coffer_protocol::feed::{ChangeSource, Record, Seq};
use coffer_store::rows::pages_deployment_secrets;
use coffer_types::PagesProjectId;
use serde_json::{Value, json};

use super::testing::{PROJECTS, bundle, file, form, sent};
use crate::testing::{Answer, TestApp, failure, result, text_at};

/// How often each is tried: each time the other request comes so many requests later.
const ROUNDS: usize = 20;

/// A project with a secret, and whose one file was sent.
struct Project {
    path: String,
    id: PagesProjectId,
    page: String,
}

impl Project {
    async fn new(app: &TestApp, round: usize) -> Self {
        let name = format!("site-{round}");
        let path = format!("{PROJECTS}/{name}");
        app.project(&name).await;
        let found = app.request(Method::GET, &path, None).await;
        let id = text_at(result(&found), "/id").parse().unwrap();
        let project = Self {
            path,
            id,
            page: format!("<h1>{round}</h1>"),
        };
        result(&project.put_secret(app, "first").await);
        let token = app.upload_token(&name).await;
        let files = json!([sent("/index.html", &project.page)]);
        result(&app.about_files(&token, "upload", files).await);
        project
    }

    async fn put_secret(&self, app: &TestApp, value: &str) -> Answer {
        let variables = json!({ "KEY": { "type": "secret_text", "value": value } });
        let body = json!({ "deployment_configs": { "production": { "env_vars": variables } } });
        app.request(Method::PATCH, &self.path, Some(body)).await
    }

    /// Deploys its file and code that reads its secret.
    async fn deploy(&self, app: &TestApp) -> Answer {
        let files = form(&[("/index.html", &self.page)]);
        let form = file(files, "_worker.bundle", &bundle(&json!([])));
        let path = format!("{}/deployments", self.path);
        app.multipart(Method::POST, &path, form).await
    }

    /// Asks so often that what follows comes so much later.
    async fn look(&self, app: &TestApp, times: usize) {
        for _ in 0..times {
            result(&app.request(Method::GET, &self.path, None).await);
        }
    }

    /// How many sealed values its deployments have.
    async fn copies(&self, app: &TestApp) -> i64 {
        let mut reader = app.store.reader().await.unwrap();
        pages_deployment_secrets::count_of_project(&mut reader, self.id)
            .await
            .unwrap()
    }
}

async fn last_seq(app: &TestApp) -> Seq {
    app.engine.snapshot().await.unwrap().seq
}

/// How many deployments were made, as the audit log has it.
async fn deployments_made(app: &TestApp) -> usize {
    let events = app.audit_events().await;
    let made = events.iter().filter(|event| {
        format!("{} {}", event.action, event.resource_kind) == "create pages_deployment"
    });
    made.count()
}

fn is_of_pages(record: &Record) -> bool {
    matches!(record, Record::Version(_) | Record::PagesProject(_))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_is_deleted_while_it_is_deployed_is_gone_with_all_of_it() {
    let app = TestApp::new().await;
    for round in 0..ROUNDS {
        let project = Project::new(&app, round).await;
        let (before, made) = (last_seq(&app).await, deployments_made(&app).await);
        let delete = async {
            project.look(&app, round).await;
            app.request(Method::DELETE, &project.path, None).await
        };
        let (deployed, deleted) = tokio::join!(project.deploy(&app), delete);

        assert_eq!(result(&deleted), &Value::Null);
        let was_first = deployed.0 == StatusCode::OK;
        if !was_first {
            // It finds no project, or no longer all of what it has begun to read.
            let (status, errors) = failure(&deployed);
            let code = errors[0].split(' ').next().unwrap();
            assert!(
                matches!((status, code), (404, "8000007") | (409, "10013")),
                "{errors:?}"
            );
        }
        assert_eq!(
            deployments_made(&app).await - made,
            usize::from(was_first),
            "{round}"
        );
        assert_eq!(project.copies(&app).await, 0);
        let found = app.request(Method::GET, &project.path, None).await;
        assert_eq!(failure(&found).0, 404);
        // Neither who begins to follow nor who followed all along has anything of it.
        let told = app.engine.snapshot().await.unwrap().records;
        assert!(!told.iter().any(is_of_pages), "{told:?}");
        let changes = app.engine.changes(before).await.unwrap();
        let mut left = changes.iter().filter_map(|change| change.record.as_ref());
        assert!(!left.any(is_of_pages), "{changes:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_has_the_secret_of_before_or_after_or_says_that_it_was_changed() {
    let app = TestApp::new().await;
    for round in 0..ROUNDS {
        let project = Project::new(&app, round).await;
        let put = async {
            project.look(&app, round).await;
            project.put_secret(&app, "second").await
        };
        let (deployed, put) = tokio::join!(project.deploy(&app), put);

        result(&put);
        let told = app.told_project(&format!("site-{round}")).await.unwrap();
        if deployed.0 == StatusCode::OK {
            let deployment = app.told(result(&deployed)).await.unwrap();
            assert_eq!(told.production, Some(deployment.version_id));
            let read = app.opened(&deployment).await["KEY"].clone();
            assert!(read == "first" || read == "second", "{read}");
            assert_eq!(project.copies(&app).await, 1);
        } else {
            let (status, errors) = failure(&deployed);
            assert_eq!(status, 409, "{errors:?}");
            assert!(errors[0].starts_with("10013 "), "{errors:?}");
            assert_eq!(told.production, None);
            assert_eq!(project.copies(&app).await, 0);
        }
        // Whichever it was, the next has the secret of now.
        let next = project.deploy(&app).await;
        let next = app.told(result(&next)).await.unwrap();
        assert_eq!(app.opened(&next).await["KEY"], "second");
    }
}
