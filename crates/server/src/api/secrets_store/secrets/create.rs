//! `POST …/stores/{store_id}/secrets`: an array, all of it or nothing.

use axum::extract::{Path, State};
use coffer_engine::{ManageSecrets, NewSecret, SecretValue};
use coffer_protocol::secrets_store::Secret;
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::secrets_store::fields::{Problems, StorePath, parsed_in};
use crate::app::App;

/// One element of the request.
#[derive(Debug, Deserialize)]
pub(in crate::api::secrets_store) struct Element {
    name: Option<String>,
    value: Option<SecretValue>,
    #[serde(default)]
    scopes: Vec<String>,
    comment: Option<String>,
}

/// Makes secrets.
pub(in crate::api::secrets_store) async fn create(
    State(app): State<App>,
    path: Path<StorePath>,
    Change {
        permit,
        body: Json(elements),
    }: Change<ManageSecrets, Json<Vec<Element>>>,
) -> ApiResult<Answer<Vec<Secret>>> {
    let store_id = StorePath::id(&path)?;
    let value_limit = permit.account().limits.value_bytes;
    let mut problems = Problems::default();
    let new = elements
        .into_iter()
        .enumerate()
        .map(|(index, element)| parse(index, element, value_limit, &mut problems));
    // Every element is looked at before the first refusal counts.
    let new: Vec<Option<NewSecret>> = new.collect();
    let parsed = problems.finish(new.into_iter().collect::<Option<Vec<_>>>());
    let new = parsed_in(&app, &permit, store_id, parsed).await?;
    Ok(Answer::ok(
        app.engine.create_secrets(&permit, store_id, new).await?,
    ))
}

fn parse(
    index: usize,
    element: Element,
    value_limit: u32,
    problems: &mut Problems,
) -> Option<NewSecret> {
    let at = format!("/{index}");
    let name = problems.name(&at, element.name.as_deref());
    let value = problems.value(&at, element.value, value_limit);
    let scopes = problems.scopes(&at, &element.scopes);
    let comment = problems.comment(&at, element.comment.as_deref());
    Some(NewSecret {
        name: name?,
        value: value?,
        scopes: scopes?,
        comment: comment?,
    })
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::{Value, json};

    use crate::testing::{Answer, TestApp, failure, result, text_at};

    async fn create(app: &TestApp, store: &str, body: Value) -> Answer {
        let path = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets");
        app.request(Method::POST, &path, Some(body)).await
    }

    fn secret(name: &str, value: &str) -> Value {
        json!({ "name": name, "value": value, "scopes": ["workers"] })
    }

    /// Sends one element and expects exactly this refusal, with nothing made and nothing told.
    async fn refused(app: &TestApp, store: &str, body: Value, expected: &[&str]) {
        let events = app.audit_events().await.len();
        let (status, errors) = failure(&create(app, store, body.clone()).await);
        assert_eq!(status, 400, "{body}");
        assert_eq!(errors.len(), expected.len(), "{errors:?}");
        for (error, expected) in errors.iter().zip(expected) {
            let (code, at) = expected.split_once(" at ").unwrap_or((expected, ""));
            assert!(error.starts_with(&format!("1001 {code}")), "{errors:?}");
            assert!(
                at.is_empty() || error.ends_with(&format!(" at {at}")),
                "{errors:?}"
            );
        }
        assert_eq!(app.audit_events().await.len(), events);
    }

    #[tokio::test]
    async fn several_are_made_in_order_and_delivered() {
        let (app, store) = TestApp::with_store().await;
        let answer = create(
            &app,
            &store,
            json!([
                { "name": "STRIPE_KEY", "value": "sk_live_1", "scopes": ["workers", "ai_gateway", "workers"],
                  "comment": "billing" },
                { "name": "b-2", "value": "ü\u{0}\n", "scopes": ["dex"], "comment": "" },
                { "name": "c", "value": "3", "scopes": ["access"], "comment": null },
            ]),
        )
        .await;
        let made = result(&answer).as_array().unwrap();
        let id = text_at(&made[0], "/id");
        assert_eq!(
            made[0],
            json!({
                "id": id,
                "store_id": store,
                "name": "STRIPE_KEY",
                "comment": "billing",
                "scopes": ["ai_gateway", "workers"],
                "status": "active",
                "created": app.now(),
                "modified": app.now(),
            })
        );
        assert_eq!(
            (&made[1]["name"], &made[1]["comment"]),
            (&json!("b-2"), &json!(""))
        );
        assert_eq!(
            (&made[2]["name"], &made[2]["comment"]),
            (&json!("c"), &Value::Null)
        );
        assert_eq!(app.delivered(&id).await.as_deref(), Some("sk_live_1"));
        let second = app.delivered(&text_at(&made[1], "/id")).await;
        assert_eq!(second.as_deref(), Some("ü\0\n"));

        let mut events = app.audit_events().await;
        let events = events.split_off(events.len() - 3);
        assert_eq!(events[0].resource_id, id);
        assert_eq!(
            events[0].details,
            json!({ "after": {
                "store_id": store, "name": "STRIPE_KEY", "comment": "billing", "scopes": ["ai_gateway", "workers"],
            } })
        );
        assert!(
            events
                .iter()
                .all(|event| event.action == "create" && event.request_id == answer.1["cf-ray"])
        );
    }

    #[tokio::test]
    async fn names_are_letters_digits_underscores_and_hyphens() {
        let (app, store) = TestApp::with_store().await;
        refused(
            &app,
            &store,
            json!([secret("", "v")]),
            &["secret_name_empty at /0/name"],
        )
        .await;
        for name in [
            "a b",
            " a",
            "a.b",
            "a/b",
            "é",
            "a\u{0}",
            "`",
            &"x".repeat(256),
        ] {
            refused(
                &app,
                &store,
                json!([secret(name, "v")]),
                &["secret_name_invalid at /0/name"],
            )
            .await;
        }
        let nameless = json!([{ "value": "v", "scopes": ["workers"] }]);
        refused(&app, &store, nameless, &["secret_name_empty at /0/name"]).await;
        let null = json!([{ "name": null, "value": "v", "scopes": ["workers"] }]);
        refused(&app, &store, null, &["secret_name_empty at /0/name"]).await;
        result(
            &create(
                &app,
                &store,
                json!([secret(&"x".repeat(255), "v"), secret("-", "v")]),
            )
            .await,
        );
    }

    #[tokio::test]
    async fn a_value_is_1_to_1024_bytes_of_utf_8() {
        let (app, store) = TestApp::with_store().await;
        // Bytes count, not characters: é is two, 🔑 four.
        for (index, value) in ["x".repeat(1024), "é".repeat(512), "🔑".repeat(256)]
            .iter()
            .enumerate()
        {
            let made = create(&app, &store, json!([secret(&format!("N{index}"), value)])).await;
            let id = text_at(result(&made), "/0/id");
            assert_eq!(app.delivered(&id).await.as_ref(), Some(value));
        }
        for value in ["x".repeat(1025), "é".repeat(512) + "x", "🔑".repeat(257)] {
            let bytes = value.len();
            let expected = format!(
                "secret_value_too_large: the value is {bytes} bytes, the limit of this account is 1024 at /0/value"
            );
            refused(&app, &store, json!([secret("LONG", &value)]), &[&expected]).await;
        }
        refused(
            &app,
            &store,
            json!([secret("NONE", "")]),
            &["secret_value_empty at /0/value"],
        )
        .await;
        let absent = json!([{ "name": "NONE", "scopes": ["workers"] }]);
        refused(&app, &store, absent, &["secret_value_empty at /0/value"]).await;
        let null = json!([{ "name": "NONE", "value": null, "scopes": ["workers"] }]);
        refused(&app, &store, null, &["secret_value_empty at /0/value"]).await;

        app.set_limits(|limits| limits.value_bytes = 65_536).await;
        result(&create(&app, &store, json!([secret("LONG", &"x".repeat(65_536))])).await);
        refused(
            &app,
            &store,
            json!([secret("LONGER", &"x".repeat(65_537))]),
            &["secret_value_too_large at /0/value"],
        )
        .await;
    }

    #[tokio::test]
    async fn a_value_that_is_not_utf_8_or_no_text_is_refused_and_not_repeated() {
        let (app, store) = TestApp::with_store().await;
        let path = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets");
        let bodies: [&[u8]; 6] = [
            b"[{\"name\":\"A\",\"value\":\"sk_live_\xff\xfe\",\"scopes\":[\"workers\"]}]",
            b"[{\"name\":\"A\",\"value\":\"sk_live_\\ud800\",\"scopes\":[\"workers\"]}]",
            b"[{\"name\":\"A\",\"value\":9876543210,\"scopes\":[\"workers\"]}]",
            b"[{\"name\":\"A\",\"value\":{\"sk_live_1\":1},\"scopes\":[\"workers\"]}]",
            b"[{\"name\":\"A\",\"value\":[\"sk_live_1\"],\"scopes\":[\"workers\"]}]",
            b"[{\"name\":\"A\",\"value\":\"sk_live_1\",\"value\":\"sk_live_2\",\"scopes\":[\"workers\"]}]",
        ];
        for bytes in bodies {
            let answer = app
                .send_bytes(Method::POST, &path, "application/json", bytes)
                .await;
            let (status, errors) = failure(&answer);
            assert_eq!((status, errors.len()), (400, 1), "{errors:?}");
            assert!(
                errors[0].starts_with("1001 invalid_json_body: "),
                "{errors:?}"
            );
            assert!(
                !errors[0].contains("sk_live") && !errors[0].contains("98765"),
                "{errors:?}"
            );
        }
        assert_eq!(
            result(&app.request(Method::GET, &path, None).await),
            &json!([])
        );
    }

    #[tokio::test]
    async fn scopes_are_known_and_at_least_one() {
        let (app, store) = TestApp::with_store().await;
        let with = |scopes: Value| json!([{ "name": "A", "value": "v", "scopes": scopes }]);
        refused(
            &app,
            &store,
            with(json!([])),
            &["secret_scopes_empty at /0/scopes"],
        )
        .await;
        refused(
            &app,
            &store,
            json!([{ "name": "A", "value": "v" }]),
            &["secret_scopes_empty at /0/scopes"],
        )
        .await;
        for unknown in ["zones", "Workers", "", " workers"] {
            let body = with(json!(["workers", unknown]));
            refused(&app, &store, body, &["secret_scope_invalid at /0/scopes/1"]).await;
        }
        let all = json!([
            "workers",
            "websearch",
            "dex",
            "containers",
            "ai_gateway",
            "access"
        ]);
        let made = create(&app, &store, with(all)).await;
        assert_eq!(
            result(&made)[0]["scopes"],
            json!([
                "access",
                "ai_gateway",
                "containers",
                "dex",
                "websearch",
                "workers"
            ])
        );
    }

    #[tokio::test]
    async fn one_bad_item_makes_nothing_and_every_problem_is_told() {
        let (app, store) = TestApp::with_store().await;
        let body = json!([
            secret("GOOD", "v"),
            { "name": "a b", "value": "", "scopes": ["zones"], "comment": "x".repeat(1025) },
            secret("GOOD_TOO", "v"),
            secret("LONG", &"x".repeat(1025)),
            { "name": "", "value": "v", "scopes": [] },
        ]);
        let expected = [
            "secret_name_invalid at /1/name",
            "secret_value_empty at /1/value",
            "secret_scope_invalid at /1/scopes/0",
            "secret_comment_invalid at /1/comment",
            "secret_value_too_large at /3/value",
            "secret_name_empty at /4/name",
            "secret_scopes_empty at /4/scopes",
        ];
        refused(&app, &store, body, &expected).await;
        let path = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets");
        assert_eq!(
            result(&app.request(Method::GET, &path, None).await),
            &json!([])
        );
        // Nothing counts towards the quota either.
        let quota = app
            .request(
                Method::GET,
                "/accounts/{account_id}/secrets_store/quota",
                None,
            )
            .await;
        assert_eq!(result(&quota)["secrets"]["usage"], 0);
    }

    #[tokio::test]
    async fn a_name_twice_in_one_request_is_refused() {
        let (app, store) = TestApp::with_store().await;
        let body = json!([
            secret("A", "1"),
            secret("B", "2"),
            secret("A", "3"),
            secret("B", "4")
        ]);
        let expected = [
            "secret_name_repeated: A at /2/name",
            "secret_name_repeated: B at /3/name",
        ];
        refused(&app, &store, body, &expected).await;
    }

    #[tokio::test]
    async fn a_taken_name_is_a_conflict_and_undoes_the_rest() {
        let (app, store) = TestApp::with_store().await;
        let first = app.create_secret(&store, "TAKEN", "first").await;
        let answer = create(
            &app,
            &store,
            json!([secret("NEW", "v"), secret("TAKEN", "second")]),
        )
        .await;
        let expected = (
            409,
            vec!["1003 secret_name_already_exists: TAKEN".to_owned()],
        );
        assert_eq!(failure(&answer), expected);
        assert_eq!(answer.1["x-should-retry"], "false");
        assert_eq!(app.delivered(&first).await.as_deref(), Some("first"));
        // Names differ by case.
        result(
            &create(
                &app,
                &store,
                json!([secret("NEW", "v"), secret("taken", "v")]),
            )
            .await,
        );
    }

    #[tokio::test]
    async fn the_101st_secret_is_over_the_limit() {
        let (app, store) = TestApp::with_store().await;
        let many = |range: std::ops::Range<u32>| {
            Value::Array(range.map(|n| secret(&format!("N{n}"), "v")).collect())
        };
        refused(&app, &store, many(0..101), &["too_many_secrets"]).await;
        refused(&app, &store, json!([]), &["secrets_empty"]).await;
        result(&create(&app, &store, many(0..99)).await);
        // Two are one too many, and neither is made.
        let over = (
            400,
            vec!["1003 maximum_secrets_exceeded: the limit of this account is 100".to_owned()],
        );
        assert_eq!(failure(&create(&app, &store, many(99..101)).await), over);
        result(&create(&app, &store, many(99..100)).await);
        assert_eq!(failure(&create(&app, &store, many(100..101)).await), over);
    }

    #[tokio::test]
    async fn at_the_same_time_no_more_are_made_than_fit() {
        let (app, store) = TestApp::with_store().await;
        app.set_limits(|limits| limits.secrets = 5).await;
        let names: Vec<_> = (0..20).map(|n| format!("N{n}")).collect();
        let requests = names
            .iter()
            .map(|name| create(&app, &store, json!([secret(name, "v")])));
        let answers = futures::future::join_all(requests).await;
        assert_eq!(
            answers
                .iter()
                .filter(|(status, ..)| status.is_success())
                .count(),
            5
        );
        assert!(
            answers
                .iter()
                .all(|(status, ..)| matches!(status.as_u16(), 200 | 400))
        );
    }
}
