//! The account's label in the host names of its Workers.

use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use coffer_engine::{DeployWorkers, ViewWorkers};
use coffer_types::{Permission, Subdomain};
use serde::{Deserialize, Serialize};

use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::permitted::Permitted;
use crate::api::route::{Route, route};
use crate::app::App;

pub(super) fn routes() -> Vec<Route> {
    const ACCOUNT: &str = "/accounts/{account_id}/workers/subdomain";
    const NAMED: &str = "/accounts/{account_id}/workers/subdomains/{subdomain}";
    let view = Some(Permission::ViewWorkers);
    let deploy = Some(Permission::DeployWorkers);
    vec![
        route(
            &Method::GET,
            ACCOUNT,
            "Show the account's subdomain",
            view,
            find,
        ),
        route(
            &Method::PUT,
            ACCOUNT,
            "Register the account's subdomain",
            deploy,
            register,
        ),
        route(
            &Method::DELETE,
            ACCOUNT,
            "Delete the account's subdomain",
            deploy,
            delete,
        )
        .answers(StatusCode::NO_CONTENT),
        route(
            &Method::GET,
            NAMED,
            "Show whether a subdomain is available",
            view,
            look_up,
        ),
    ]
}

/// The account's label in host names.
#[derive(Debug, Serialize)]
struct AccountSubdomain {
    subdomain: Subdomain,
}

#[derive(Debug, Deserialize)]
struct Asked {
    subdomain: String,
}

#[derive(Debug, Deserialize)]
struct SubdomainPath {
    subdomain: String,
}

async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
) -> ApiResult<Answer<AccountSubdomain>> {
    let subdomain = app.engine.subdomain(&permit)?;
    Ok(Answer::ok(AccountSubdomain { subdomain }))
}

async fn look_up(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    Path(path): Path<SubdomainPath>,
) -> ApiResult<Answer<AccountSubdomain>> {
    let found = app.engine.look_up_subdomain(&permit, &path.subdomain);
    let subdomain = found.await?;
    Ok(Answer::ok(AccountSubdomain { subdomain }))
}

async fn register(
    State(app): State<App>,
    Change {
        permit,
        body: Json(asked),
    }: Change<DeployWorkers, Json<Asked>>,
) -> ApiResult<Answer<AccountSubdomain>> {
    let registered = app.engine.register_subdomain(&permit, &asked.subdomain);
    let subdomain = registered.await?;
    Ok(Answer::ok(AccountSubdomain { subdomain }))
}

async fn delete(
    State(app): State<App>,
    Change { permit, body: () }: Change<DeployWorkers, ()>,
) -> ApiResult<StatusCode> {
    app.engine.delete_subdomain(&permit).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::{Value, json};

    use crate::testing::{Answer, TestApp, failure, result};

    const PATH: &str = "/accounts/{account_id}/workers/subdomain";
    const NAMED: &str = "/accounts/{account_id}/workers/subdomains";

    async fn put(app: &TestApp, subdomain: &str) -> Answer {
        let asked = Some(json!({ "subdomain": subdomain }));
        app.request(Method::PUT, PATH, asked).await
    }

    async fn look_up(app: &TestApp, subdomain: &str) -> Answer {
        let path = format!("{NAMED}/{subdomain}");
        app.request(Method::GET, &path, None).await
    }

    async fn urls(app: &TestApp) -> Value {
        let path = "/accounts/{account_id}/workers/workers/hello";
        let answer = app.request(Method::GET, path, None).await;
        result(&answer)["subdomain"].clone()
    }

    #[tokio::test]
    async fn the_label_is_changed_deleted_and_registered_again() {
        let app = TestApp::new().await;
        app.upload("hello", json!([])).await;
        let found = app.request(Method::GET, PATH, None).await;
        assert_eq!(result(&found), &json!({ "subdomain": "dev" }));
        assert_eq!(
            result(&put(&app, "shop").await),
            &json!({ "subdomain": "shop" })
        );
        let found = app.request(Method::GET, PATH, None).await;
        assert_eq!(result(&found), &json!({ "subdomain": "shop" }));
        assert_eq!(urls(&app).await["url"], "http://hello.shop.localhost:7080");
        let event = app.last_event().await;
        assert_eq!(
            (event.action.as_str(), event.resource_kind.as_str()),
            ("update", "account")
        );
        let expected =
            json!({ "before": { "subdomain": "dev" }, "after": { "subdomain": "shop" } });
        assert_eq!(event.details, expected);

        let deleted = app.request(Method::DELETE, PATH, None).await;
        assert_eq!((deleted.0.as_u16(), &deleted.2), (204, &Value::Null));
        let missing = app.request(Method::GET, PATH, None).await;
        assert_eq!(failure(&missing).0, 404);
        assert!(failure(&missing).1[0].starts_with("10007 "));
        let off = json!({ "enabled": false, "previews_enabled": false });
        assert_eq!(urls(&app).await, off);
        let event = app.last_event().await;
        assert_eq!(event.details["after"], json!({ "subdomain": null }));
        let again = app.request(Method::DELETE, PATH, None).await;
        assert!(failure(&again).1[0].starts_with("10007 "));

        // As Wrangler registers one: it is free, and then it is the account's.
        let free = failure(&look_up(&app, "dev").await);
        assert_eq!((free.0, &free.1[0][..6]), (404, "10032 "));
        result(&put(&app, "dev").await);
        assert_eq!(
            result(&look_up(&app, "dev").await),
            &json!({ "subdomain": "dev" })
        );
        // Whoever has it is told it again, and nothing happens.
        let written = app.audit_events().await.len();
        result(&put(&app, "dev").await);
        assert_eq!(app.audit_events().await.len(), written);
    }

    #[tokio::test]
    async fn what_another_has_or_is_no_label_is_refused() {
        let app = TestApp::new().await;
        let other = app.other_account().await;
        let taken = format!("s{}", other.id);
        let written = app.audit_events().await.len();
        for subdomain in [taken.as_str(), "pages"] {
            for answer in [put(&app, subdomain).await, look_up(&app, subdomain).await] {
                let (status, errors) = failure(&answer);
                assert_eq!((status, &errors[0][..6]), (409, "10031 "), "{subdomain}");
            }
        }
        for subdomain in [
            "Shop",
            "two.labels",
            "-shop",
            "shop-",
            "under_score",
            &"a".repeat(64),
        ] {
            let (status, errors) = failure(&put(&app, subdomain).await);
            assert_eq!(status, 400, "{subdomain}");
            assert!(
                errors[0].starts_with("10021 a subdomain must "),
                "{errors:?}"
            );
            assert!(errors[0].ends_with(" at /subdomain"), "{errors:?}");
            let (status, errors) = failure(&look_up(&app, subdomain).await);
            assert_eq!((status, &errors[0][..6]), (400, "10021 "), "{subdomain}");
        }
        let empty = failure(&put(&app, "").await);
        assert_eq!((empty.0, &empty.1[0][..6]), (400, "10021 "));
        let none = app.request(Method::PUT, PATH, Some(json!({}))).await;
        assert_eq!(failure(&none).0, 400);
        assert_eq!(app.audit_events().await.len(), written);
        let found = app.request(Method::GET, PATH, None).await;
        assert_eq!(result(&found), &json!({ "subdomain": "dev" }));
    }

    #[tokio::test]
    async fn two_accounts_may_be_without_a_label() {
        let app = TestApp::new().await;
        let other = app.other_account().await;
        result_of_deletion(&app.request(Method::DELETE, PATH, None).await);
        let path = format!("/accounts/{}/workers/subdomain", other.id);
        let deleted = app
            .request_as(&other.admin, Method::DELETE, &path, None)
            .await;
        result_of_deletion(&deleted);
        // What one gave up the other may have.
        let asked = Some(json!({ "subdomain": "dev" }));
        result(
            &app.request_as(&other.admin, Method::PUT, &path, asked)
                .await,
        );
        let (status, errors) = failure(&put(&app, "dev").await);
        assert_eq!((status, &errors[0][..6]), (409, "10031 "));
    }

    fn result_of_deletion(answer: &Answer) {
        assert_eq!(answer.0.as_u16(), 204, "{}", answer.2);
    }
}
