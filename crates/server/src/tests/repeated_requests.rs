//! A repeated `Idempotency-Key` answers as the first time, even if what the request needs is gone.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::testing::{Answer, TestApp, failure, result};

const STORES: &str = "/accounts/{account_id}/secrets_store/stores";

/// A request of the Super Administrator, to be sent again.
struct Keyed {
    method: Method,
    path: String,
    body: Value,
}

impl Keyed {
    fn new(method: Method, path: &str, body: Value) -> Self {
        let path = path.to_owned();
        Self { method, path, body }
    }

    /// Sends it with its path as its key.
    async fn send(&self, app: &TestApp) -> Answer {
        let body = Body::from(self.body.to_string());
        let mut request = app.build(&app.admin(), self.method.clone(), &self.path, body);
        let key = format!("{}:{}", self.method, self.path).parse().unwrap();
        request.headers_mut().insert("idempotency-key", key);
        let media_type = "application/json".parse().unwrap();
        request
            .headers_mut()
            .insert(header::CONTENT_TYPE, media_type);
        app.send(request).await
    }
}

#[tokio::test]
async fn a_repeated_change_of_secrets_answers_the_same_when_all_are_gone() {
    let (app, store) = TestApp::with_store().await;
    app.set_limits(|limits| limits.stores = 2).await;
    let secrets = format!("{STORES}/{store}/secrets");
    let edited = app.create_secret(&store, "EDITED", "v").await;
    let removed = app.create_secret(&store, "REMOVED", "v").await;
    let listed = app.create_secret(&store, "LISTED", "v").await;
    let scopes = ["workers"];
    let requests = [
        Keyed::new(Method::POST, STORES, json!({ "name": "second" })),
        Keyed::new(
            Method::POST,
            &secrets,
            json!([{ "name": "MADE", "value": "v", "scopes": scopes }]),
        ),
        Keyed::new(
            Method::PATCH,
            &format!("{secrets}/{edited}"),
            json!({ "value": "new" }),
        ),
        Keyed::new(
            Method::POST,
            &format!("{secrets}/{edited}/duplicate"),
            json!({ "name": "COPY", "scopes": scopes }),
        ),
        Keyed::new(Method::DELETE, &format!("{secrets}/{removed}"), Value::Null),
        Keyed::new(Method::DELETE, &secrets, json!([{ "id": listed }])),
        Keyed::new(
            Method::DELETE,
            &format!("{STORES}/{store}?force=true"),
            Value::Null,
        ),
    ];
    let mut firsts = Vec::new();
    for request in &requests {
        let first = request.send(&app).await;
        result(&first);
        firsts.push(first);
    }
    // The last one took the store and its secrets away.
    let gone = app.request(Method::GET, &secrets, None).await;
    assert_eq!(failure(&gone).0, StatusCode::NOT_FOUND);
    let events = app.audit_events().await.len();
    for (request, first) in requests.iter().zip(&firsts) {
        let again = request.send(&app).await;
        let name = format!("{} {}", request.method, request.path);
        assert_eq!((again.0, &again.2), (first.0, &first.2), "{name}");
    }
    assert_eq!(app.audit_events().await.len(), events);

    // The key of a change that is undone is still no key for another.
    let other = Keyed {
        body: json!({ "value": "other" }),
        ..Keyed::new(Method::PATCH, &requests[2].path, Value::Null)
    };
    let (status, errors) = failure(&other.send(&app).await);
    assert_eq!(status, 409);
    assert!(
        errors[0].starts_with("1003 idempotency_key_reused"),
        "{errors:?}"
    );
}

#[tokio::test]
async fn an_unknown_store_is_told_before_what_it_is_asked_to_do() {
    let (app, store) = TestApp::with_store().await;
    let secret = app.create_secret(&store, "KEY", "v").await;
    let unknown = "0".repeat(32);
    let requests = |store: &str| {
        let secrets = format!("{STORES}/{store}/secrets");
        [
            (
                Method::POST,
                secrets.clone(),
                Some(json!([{ "name": "a b" }])),
            ),
            (Method::POST, secrets.clone(), Some(json!([]))),
            (
                Method::DELETE,
                secrets.clone(),
                Some(json!([{ "id": "none" }])),
            ),
            (Method::DELETE, secrets.clone(), None),
            (
                Method::PATCH,
                format!("{secrets}/{secret}"),
                Some(json!({ "value": "" })),
            ),
            (
                Method::POST,
                format!("{secrets}/{secret}/duplicate"),
                Some(json!({ "name": "" })),
            ),
        ]
    };
    for ((method, path, body), (_, known, _)) in
        requests(&unknown).into_iter().zip(requests(&store))
    {
        let refused = app.request(method.clone(), &path, body.clone()).await;
        let expected = (404, vec!["1001 store_not_found".to_owned()]);
        assert_eq!(failure(&refused), expected, "{method} {path} {body:?}");
        let of_known = failure(&app.request(method.clone(), &known, body.clone()).await);
        assert_ne!(of_known, expected, "{method} {known} {body:?}");
    }
}
