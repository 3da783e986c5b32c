//! The Secrets Store API.

mod fields;
#[cfg(test)]
mod protection;
mod quota;
mod secrets;
mod stores;

pub(crate) use fields::Problems as SecretProblems;

use axum::http::{Method, StatusCode};
use coffer_types::Permission;

use super::route::{Route, route};

/// The routes of this area.
pub(super) fn routes() -> Vec<Route> {
    const QUOTA: &str = "/accounts/{account_id}/secrets_store/quota";
    const STORES: &str = "/accounts/{account_id}/secrets_store/stores";
    const STORE: &str = "/accounts/{account_id}/secrets_store/stores/{store_id}";
    const SECRETS: &str = "/accounts/{account_id}/secrets_store/stores/{store_id}/secrets";
    const SECRET: &str =
        "/accounts/{account_id}/secrets_store/stores/{store_id}/secrets/{secret_id}";
    const DUPLICATE: &str =
        "/accounts/{account_id}/secrets_store/stores/{store_id}/secrets/{secret_id}/duplicate";
    let view = Some(Permission::ViewSecrets);
    let manage = Some(Permission::ManageSecrets);
    vec![
        route(&Method::GET, QUOTA, "Show the quota", view, quota::find),
        route(&Method::GET, STORES, "List stores", view, stores::list),
        route(
            &Method::POST,
            STORES,
            "Create a store",
            manage,
            stores::create,
        ),
        route(&Method::GET, STORE, "Show a store", view, stores::find),
        route(
            &Method::DELETE,
            STORE,
            "Delete a store",
            manage,
            stores::delete,
        ),
        route(&Method::GET, SECRETS, "List secrets", view, secrets::list),
        route(
            &Method::POST,
            SECRETS,
            "Create secrets",
            manage,
            secrets::create,
        ),
        route(
            &Method::DELETE,
            SECRETS,
            "Delete several secrets",
            manage,
            secrets::delete_several,
        )
        .answers(StatusCode::ACCEPTED),
        route(
            &Method::GET,
            SECRET,
            "Show a secret's metadata",
            view,
            secrets::find,
        ),
        route(
            &Method::PATCH,
            SECRET,
            "Edit a secret",
            manage,
            secrets::update,
        ),
        route(
            &Method::DELETE,
            SECRET,
            "Delete a secret",
            manage,
            secrets::delete,
        )
        .answers(StatusCode::ACCEPTED),
        route(
            &Method::POST,
            DUPLICATE,
            "Duplicate a secret",
            manage,
            secrets::duplicate,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::{Value, json};

    use crate::testing::{Answer, TestApp, failure, text_at};

    /// Every call below a store, with a body that would be right.
    fn calls_below_a_store(secret_id: &str) -> Vec<(Method, String, Option<Value>)> {
        let made = json!([{ "name": "NEW", "value": "v", "scopes": ["workers"] }]);
        let mut calls = vec![
            (Method::GET, String::new(), None),
            (Method::DELETE, String::new(), None),
            (Method::DELETE, "?force=true".to_owned(), None),
            (Method::GET, "/secrets".to_owned(), None),
            (Method::POST, "/secrets".to_owned(), Some(made)),
            (
                Method::DELETE,
                "/secrets".to_owned(),
                Some(json!([{ "id": secret_id }])),
            ),
        ];
        calls.extend(calls_of_a_secret(secret_id));
        calls
    }

    fn calls_of_a_secret(secret_id: &str) -> Vec<(Method, String, Option<Value>)> {
        let path = format!("/secrets/{secret_id}");
        let copy = json!({ "name": "COPY", "scopes": ["workers"] });
        vec![
            (Method::GET, path.clone(), None),
            (
                Method::PATCH,
                path.clone(),
                Some(json!({ "comment": "changed" })),
            ),
            (Method::DELETE, path.clone(), None),
            (Method::POST, format!("{path}/duplicate"), Some(copy)),
        ]
    }

    /// An answer without what differs in every answer.
    fn told((status, mut headers, body): Answer) -> (u16, String, Value) {
        headers.remove("cf-ray").unwrap();
        (status.as_u16(), format!("{headers:?}"), body)
    }

    struct Two {
        app: TestApp,
        store: String,
        secret: String,
        other_store: String,
        other_secret: String,
    }

    /// The first account's store and secret, and another account's.
    async fn two_accounts() -> Two {
        let (app, store) = TestApp::with_store().await;
        let secret = app.create_secret(&store, "KEY", "mine").await;
        let other = app.other_account().await;
        let path = format!("/accounts/{}/secrets_store/stores", other.id);
        let body = Some(json!({ "name": "theirs" }));
        let made = app
            .request_as(&other.admin, Method::POST, &path, body)
            .await;
        let other_store = text_at(&made.2, "/result/id");
        let path = format!("{path}/{other_store}/secrets");
        let body = Some(json!([{ "name": "KEY", "value": "theirs", "scopes": ["workers"] }]));
        let made = app
            .request_as(&other.admin, Method::POST, &path, body)
            .await;
        let other_secret = text_at(&made.2, "/result/0/id");
        Two {
            app,
            store,
            secret,
            other_store,
            other_secret,
        }
    }

    const UNKNOWN: [&str; 5] = [
        "0123456789abcdef0123456789abcdef",
        "0123456789ABCDEF0123456789ABCDEF",
        "00000000000000000000000000000000",
        "x",
        "..%2F..",
    ];

    #[tokio::test]
    async fn stores_that_are_not_mine_are_not_there() {
        let Two {
            app,
            secret,
            other_store,
            other_secret,
            ..
        } = two_accounts().await;
        let events = app.audit_events().await.len();
        let stores = "/accounts/{account_id}/secrets_store/stores";
        for id in [&secret, &other_secret] {
            for (method, below, body) in calls_below_a_store(id) {
                let theirs = format!("{stores}/{other_store}{below}");
                let theirs = app.request(method.clone(), &theirs, body.clone()).await;
                let expected = (404, vec!["1001 store_not_found".to_owned()]);
                assert_eq!(failure(&theirs), expected, "{method} {below}");
                let theirs = told(theirs);
                for unknown in UNKNOWN {
                    let path = format!("{stores}/{unknown}{below}");
                    let answer = app.request(method.clone(), &path, body.clone()).await;
                    assert_eq!(told(answer), theirs, "{method} {path}");
                }
            }
        }
        assert_eq!(app.audit_events().await.len(), events);
        assert_eq!(
            app.delivered(&other_secret).await.as_deref(),
            Some("theirs")
        );
    }

    #[tokio::test]
    async fn secrets_that_are_not_in_my_store_are_not_there() {
        let Two {
            app,
            store,
            secret,
            other_secret,
            ..
        } = two_accounts().await;
        // One of mine in another store is not there either.
        app.set_limits(|limits| limits.stores = 2).await;
        let stores = "/accounts/{account_id}/secrets_store/stores";
        let second = app
            .request(Method::POST, stores, Some(json!({ "name": "second" })))
            .await;
        let second = app
            .create_secret(&text_at(&second.2, "/result/id"), "ELSEWHERE", "v")
            .await;
        let events = app.audit_events().await.len();
        let theirs = calls_of_a_secret(&other_secret).into_iter();
        for (index, (method, below, body)) in theirs.enumerate() {
            let path = format!("{stores}/{store}{below}");
            let theirs = app.request(method.clone(), &path, body.clone()).await;
            assert_eq!(
                failure(&theirs),
                (404, vec!["1001 secret_not_found".to_owned()]),
                "{method} {below}"
            );
            let theirs = told(theirs);
            for unknown in UNKNOWN.into_iter().chain([second.as_str()]) {
                let (_, below, _) = calls_of_a_secret(unknown).swap_remove(index);
                let path = format!("{stores}/{store}{below}");
                let answer = app.request(method.clone(), &path, body.clone()).await;
                assert_eq!(told(answer), theirs, "{method} {path}");
            }
        }
        let path = format!("{stores}/{store}/secrets");
        let body = json!([{ "id": secret }, { "id": other_secret }]);
        let answer = app.request(Method::DELETE, &path, Some(body)).await;
        assert_eq!(
            failure(&answer),
            (404, vec!["1001 secret_not_found".to_owned()])
        );
        assert_eq!(app.audit_events().await.len(), events);
    }

    #[tokio::test]
    async fn accounts_that_are_not_mine_are_not_there() {
        let Two {
            app, store, secret, ..
        } = two_accounts().await;
        let other = app.other_account().await;
        for (method, below, body) in calls_below_a_store(&secret) {
            let of =
                |account: &str| format!("/accounts/{account}/secrets_store/stores/{store}{below}");
            let theirs = app
                .request(method.clone(), &of(&other.id.to_string()), body.clone())
                .await;
            let (status, errors) = failure(&theirs);
            assert_eq!(
                (status, &errors[0][..23]),
                (404, "7003 Could not route to"),
                "{errors:?}"
            );
            let theirs = told(theirs);
            for unknown in UNKNOWN {
                let answer = app
                    .request(method.clone(), &of(unknown), body.clone())
                    .await;
                assert_eq!(told(answer), theirs, "{method} {unknown}");
            }
        }
    }
}
