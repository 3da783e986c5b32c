//! `POST …/stores`.

use axum::extract::State;
use coffer_engine::{Error, ManageSecrets, Problem};
use coffer_protocol::secrets_store::Store;
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::app::App;

/// The request.
#[derive(Debug, Deserialize)]
pub(in crate::api::secrets_store) struct NewStore {
    #[serde(default)]
    name: String,
    /// Counts only where a project is developed: its configuration names stores of a server far away.
    #[serde(default)]
    id: Option<String>,
}

/// Makes a store.
pub(in crate::api::secrets_store) async fn create(
    State(app): State<App>,
    Change {
        permit,
        body: Json(new),
    }: Change<ManageSecrets, Json<NewStore>>,
) -> ApiResult<Answer<Store>> {
    let name = new
        .name
        .parse()
        .map_err(|error| Error::invalid("/name", Problem::StoreName(error)))?;
    let chosen = new.id.and_then(|id| id.parse().ok());
    let store = app.engine.create_store(&permit, name, chosen).await?;
    Ok(Answer::ok(store))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::{Value, json};

    use crate::testing::{Answer, TestApp, failure, result, text_at};

    const STORES: &str = "/accounts/{account_id}/secrets_store/stores";

    async fn create(app: &TestApp, body: Value) -> Answer {
        app.request(Method::POST, STORES, Some(body)).await
    }

    #[tokio::test]
    async fn a_store_is_made_and_told_of() {
        let app = TestApp::new().await;
        let answer = create(&app, json!({ "name": "dev store" })).await;
        let store = result(&answer);
        let id = text_at(store, "/id");
        assert_eq!(
            store,
            &json!({
                "id": id,
                "account_id": app.first.account_id,
                "name": "dev store",
                "created": app.now(),
                "modified": app.now(),
            })
        );
        assert_eq!(id.len(), 32);

        let event = app.last_event().await;
        assert_eq!(
            (event.action.as_str(), event.resource_kind.as_str()),
            ("create", "store")
        );
        assert_eq!(event.resource_id, id);
        assert_eq!(event.actor_email.as_deref(), Some("admin@example.com"));
        assert_eq!(event.actor_context, "api_token");
        assert_eq!(event.details, json!({ "after": { "name": "dev store" } }));
        // The answer names the request by which the event is found.
        assert_eq!(answer.1["cf-ray"], event.request_id.as_str());
    }

    #[tokio::test]
    async fn the_second_store_is_over_the_limit() {
        let (app, _) = TestApp::with_store().await;
        let events = app.audit_events().await.len();
        let expected = (
            400,
            vec!["1003 maximum_stores_exceeded: the limit of this account is 1".to_owned()],
        );
        assert_eq!(
            failure(&create(&app, json!({ "name": "other" })).await),
            expected
        );
        assert_eq!(app.audit_events().await.len(), events);

        // The operator may allow more, for this account alone.
        app.set_limits(|limits| limits.stores = 2).await;
        result(&create(&app, json!({ "name": "other" })).await);
        let (status, errors) = failure(&create(&app, json!({ "name": "third" })).await);
        assert_eq!((status, errors.len()), (400, 1));
    }

    #[tokio::test]
    async fn of_stores_made_at_the_same_time_one_is_within_the_limit() {
        let app = TestApp::new().await;
        let requests = (0..8).map(|index| create(&app, json!({ "name": format!("s{index}") })));
        let answers = futures::future::join_all(requests).await;
        let made = answers.iter().filter(|(status, ..)| status.is_success());
        assert_eq!(made.count(), 1);
    }

    #[tokio::test]
    async fn a_name_is_taken_once_and_again_after_a_delete() {
        let (app, id) = TestApp::with_store().await;
        app.set_limits(|limits| limits.stores = 10).await;
        let answer = create(&app, json!({ "name": "dev" })).await;
        let (status, errors) = failure(&answer);
        assert_eq!(status, 409);
        assert!(
            errors[0].starts_with("1003 store_name_already_exists"),
            "{errors:?}"
        );
        assert_eq!(answer.1["x-should-retry"], "false");

        result(
            &app.request(Method::DELETE, &format!("{STORES}/{id}"), None)
                .await,
        );
        result(&create(&app, json!({ "name": "dev" })).await);
    }

    #[tokio::test]
    async fn bad_names_are_refused_at_their_place() {
        let app = TestApp::new().await;
        let long = "x".repeat(256);
        for name in ["", " ", "a\n", " a", long.as_str()] {
            let (status, errors) = failure(&create(&app, json!({ "name": name })).await);
            assert_eq!(status, 400, "{name:?}");
            assert!(
                errors[0].starts_with("1001 store_name_invalid: "),
                "{errors:?}"
            );
            assert!(errors[0].ends_with(" at /name"), "{errors:?}");
        }
        for body in [
            json!({}),
            json!({ "name": null }),
            json!({ "name": 7 }),
            json!([]),
            json!("x"),
        ] {
            assert_eq!(failure(&create(&app, body.clone()).await).0, 400, "{body}");
        }
        assert_eq!(
            result(&app.request(Method::GET, STORES, None).await),
            &json!([])
        );
        result(&create(&app, json!({ "name": "x".repeat(255) })).await);
    }
}
