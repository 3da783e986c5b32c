//! `POST …/coffer/stores/{store_id}/compare`: which secrets have the values given, and nothing else of them.

use axum::extract::{Path, State};
use coffer_engine::{Candidate, Error, ManageSecrets, Missing, SecretValue};
use coffer_protocol::comparison::Compared;
use coffer_types::limits::MAX_SECRET_VALUE_BYTES;
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::secrets_store::SecretProblems;
use crate::app::App;

#[derive(Debug, Deserialize)]
pub(super) struct StorePath {
    store_id: String,
}

/// One element of the request.
#[derive(Debug, Deserialize)]
pub(super) struct Element {
    name: Option<String>,
    value: Option<SecretValue>,
}

/// Compares values with those of the secrets of their names.
pub(super) async fn compare(
    State(app): State<App>,
    Path(path): Path<StorePath>,
    Change {
        permit,
        body: Json(elements),
    }: Change<ManageSecrets, Json<Vec<Element>>>,
) -> ApiResult<Answer<Vec<Compared>>> {
    let store_id = path.store_id.parse();
    let store_id = store_id.map_err(|_| Error::from(Missing::Store))?;
    let mut problems = SecretProblems::default();
    let candidates: Vec<Option<Candidate>> = elements
        .into_iter()
        .enumerate()
        .map(|(index, element)| parse(index, element, &mut problems))
        .collect();
    let candidates = problems.finish(candidates.into_iter().collect());
    if candidates.is_err() {
        app.engine.known_store(&permit, store_id).await?;
    }
    let compared = app
        .engine
        .compare_secrets(&permit, store_id, candidates?)
        .await?;
    Ok(Answer::ok(compared))
}

fn parse(index: usize, element: Element, problems: &mut SecretProblems) -> Option<Candidate> {
    let at = format!("/{index}");
    let name = problems.name(&at, element.name.as_deref());
    // Longer than the account allows is no mistake here: no secret has it.
    let value = problems.value(&at, element.value, MAX_SECRET_VALUE_BYTES);
    Some(Candidate {
        name: name?,
        value: value?,
    })
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::limits::WRONG_COMPARISONS_PER_HOUR;
    use coffer_types::{PermissionGroup, Role};
    use serde_json::{Value, json};

    use crate::testing::{Answer, TestApp, failure, result};

    fn path(store: &str) -> String {
        format!("/accounts/{{account_id}}/coffer/stores/{store}/compare")
    }

    async fn compare(app: &TestApp, store: &str, body: Value) -> Answer {
        app.request(Method::POST, &path(store), Some(body)).await
    }

    fn element(name: &str, value: &str) -> Value {
        json!({ "name": name, "value": value })
    }

    /// The states that the answer tells, in its order.
    fn states(answer: &Answer) -> Vec<&str> {
        let compared = result(answer).as_array().unwrap().iter();
        compared.map(|one| one["state"].as_str().unwrap()).collect()
    }

    #[tokio::test]
    async fn each_name_is_told_and_no_value() {
        let (app, store) = TestApp::with_store().await;
        let key = app.create_secret(&store, "KEY", "sk_live_1").await;
        app.create_secret(&store, "OTHER", "ü\r\n\"$🔑").await;
        let events = app.audit_events().await.len();
        let answer = compare(
            &app,
            &store,
            json!([
                element("OTHER", "ü\r\n\"$🔑"),
                element("NEW", "x"),
                element("KEY", "sk_live_2"),
            ]),
        )
        .await;
        let expected = json!([
            { "name": "OTHER", "state": "same" },
            { "name": "NEW", "state": "missing" },
            { "name": "KEY", "state": "different" },
        ]);
        assert_eq!(result(&answer), &expected);
        assert_eq!(app.audit_events().await.len(), events + 1);
        let event = app.last_event().await;
        assert_eq!(
            (event.action.as_str(), event.resource_kind.as_str()),
            ("access", "store")
        );
        assert_eq!(event.resource_id, store);
        let told = json!({
            "compared": ["OTHER", "NEW", "KEY"], "same": 1, "different": 1, "missing": 1,
        });
        assert_eq!(event.details, told);
        assert!(!event.details.to_string().contains("sk_live"));

        // A beginning is another value, and so is a longer one; the newest value counts.
        for (value, state) in [
            ("sk_live_", "different"),
            ("sk_live_1\n", "different"),
            ("SK_LIVE_1", "different"),
            (&"x".repeat(65_536), "different"),
            ("sk_live_1", "same"),
        ] {
            let answer = compare(&app, &store, json!([element("KEY", value)])).await;
            assert_eq!(states(&answer), [state]);
        }
        let secret = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets/{key}");
        let body = json!({ "value": "sk_live_2" });
        result(&app.request(Method::PATCH, &secret, Some(body)).await);
        let body = json!([element("KEY", "sk_live_1")]);
        assert_eq!(states(&compare(&app, &store, body).await), ["different"]);
        let body = json!({ "name": "COPY", "scopes": ["workers"] });
        let duplicate = format!("{secret}/duplicate");
        result(&app.request(Method::POST, &duplicate, Some(body)).await);
        let body = json!([element("COPY", "sk_live_2")]);
        assert_eq!(states(&compare(&app, &store, body).await), ["same"]);
    }

    #[tokio::test]
    async fn what_cannot_be_compared_is_refused_and_not_repeated() {
        let (app, store) = TestApp::with_store().await;
        let events = app.audit_events().await.len();
        let many: Vec<_> = (0..101)
            .map(|index| element(&format!("N{index}"), "v"))
            .collect();
        for (body, expected) in [
            (json!([]), "1001 secrets_empty"),
            (json!(many), "1001 too_many_secrets"),
            (
                json!([element("A", "sk_live_1"), element("A", "2")]),
                "1001 secret_name_repeated",
            ),
            (
                json!([element("a b", "sk_live_1")]),
                "1001 secret_name_invalid",
            ),
            (json!([element("A", "")]), "1001 secret_value_empty"),
            (json!([{ "name": "A" }]), "1001 secret_value_empty"),
            (
                json!([element("A", &"sk_live_1".repeat(8_000))]),
                "1001 secret_value_too_large",
            ),
        ] {
            let answer = compare(&app, &store, body).await;
            let (status, errors) = failure(&answer);
            assert_eq!(status, 400);
            assert!(errors[0].starts_with(expected), "{errors:?}");
            assert!(!answer.2.to_string().contains("sk_live"));
        }
        let nothing = "0".repeat(32);
        for unknown in [nothing.as_str(), "x"] {
            let answer = compare(&app, unknown, json!([element("A", "v")])).await;
            let expected = (404, vec!["1001 store_not_found".to_owned()]);
            assert_eq!(failure(&answer), expected);
        }
        assert_eq!(app.audit_events().await.len(), events);
    }

    #[tokio::test]
    async fn wrong_values_are_limited_and_right_ones_are_not() {
        let (app, store) = TestApp::with_store().await;
        app.create_secret(&store, "KEY", "0000").await;
        let right = json!([element("KEY", "0000")]);
        let wrong = json!([element("KEY", "1111")]);
        for _ in 0..WRONG_COMPARISONS_PER_HOUR {
            assert_eq!(
                states(&compare(&app, &store, right.clone()).await),
                ["same"]
            );
            let answer = compare(&app, &store, wrong.clone()).await;
            assert_eq!(states(&answer), ["different"]);
        }
        // Then even the right one is not told.
        let events = app.audit_events().await.len();
        for body in [&wrong, &right] {
            let answer = compare(&app, &store, body.clone()).await;
            assert_eq!(failure(&answer).0, 429);
            assert_eq!(answer.1["retry-after"], "12");
        }
        assert_eq!(app.audit_events().await.len(), events);
        app.clock.advance_seconds(12);
        assert_eq!(states(&compare(&app, &store, right).await), ["same"]);
        assert_eq!(states(&compare(&app, &store, wrong).await), ["different"]);
    }

    #[tokio::test]
    async fn who_may_replace_a_value_may_compare_it_and_nobody_else() {
        let (app, store) = TestApp::with_store().await;
        app.create_secret(&store, "KEY", "value").await;
        let body = || Some(json!([element("KEY", "value")]));
        let path = path(&store);
        for actor in [
            app.member_with(&[Role::SecretsStoreAdmin]).await,
            app.token_with(&[PermissionGroup::SECRETS_STORE_WRITE])
                .await,
        ] {
            let answer = app.request_as(&actor, Method::POST, &path, body()).await;
            assert_eq!(states(&answer), ["same"]);
        }
        for actor in [
            app.member_with(&[Role::SecretsStoreReporter]).await,
            app.member_with(&[Role::SecretsStoreDeployer]).await,
            app.token_with(&[PermissionGroup::SECRETS_STORE_READ]).await,
        ] {
            let answer = app.request_as(&actor, Method::POST, &path, body()).await;
            assert_eq!(failure(&answer).0, 403);
        }
        let other = app.other_account().await;
        let theirs = path.replace("{account_id}", &other.id.to_string());
        let answer = app
            .request_as(&other.admin, Method::POST, &theirs, body())
            .await;
        let expected = (404, vec!["1001 store_not_found".to_owned()]);
        assert_eq!(failure(&answer), expected);
    }
}
