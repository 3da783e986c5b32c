//! Removing secrets that deployed versions bind, in an account that protects such.

use axum::http::Method;
use serde_json::{Value, json};

use crate::api::workers::testing::{Multipart, SCRIPTS, metadata};
use crate::testing::{Answer, TestApp, failure, result};

/// A store with three secrets: `ONE` and `TWO` bound by deployed versions, `FREE` by none.
struct Protected {
    app: TestApp,
    store: String,
    one: String,
    two: String,
    free: String,
}

impl Protected {
    async fn new() -> Self {
        let (app, store) = TestApp::with_store().await;
        let one = app.create_secret(&store, "ONE", "v").await;
        let two = app.create_secret(&store, "TWO", "v").await;
        let free = app.create_secret(&store, "FREE", "v").await;
        let protected = Self {
            app,
            store,
            one,
            two,
            free,
        };
        let both = protected.bindings(&["ONE", "TWO"]);
        protected.app.upload("second", both).await;
        let first = protected.bindings(&["ONE"]);
        protected.app.upload("first", first).await;
        protected.protect(true).await;
        protected
    }

    fn bindings(&self, secrets: &[&str]) -> Value {
        let binding = |secret: &&str| {
            json!({
                "name": format!("B_{secret}"), "type": "secrets_store_secret",
                "store_id": self.store, "secret_name": secret,
            })
        };
        secrets.iter().map(binding).collect()
    }

    async fn protect(&self, on: bool) {
        let path = "/accounts/{account_id}/coffer/settings";
        let body = Some(json!({ "protect_bound_secrets": on }));
        result(&self.app.request(Method::PATCH, path, body).await);
    }

    async fn delete(&self, below: &str, body: Option<Value>) -> Answer {
        let path = format!(
            "/accounts/{{account_id}}/secrets_store/stores/{}{below}",
            self.store
        );
        self.app.request(Method::DELETE, &path, body).await
    }

    async fn is_there(&self, secret: &str) -> bool {
        self.app.sealed(secret).await.is_some()
    }
}

const ONE: &str = "1003 secret_in_use: ONE is bound by deployed versions of first, second; remove the bindings \
                   first, or add ?force=true";
const TWO: &str = "1003 secret_in_use: TWO is bound by deployed versions of second; remove the bindings first, or \
                   add ?force=true";

fn refusal(errors: &[&str]) -> (u16, Vec<String>) {
    (409, errors.iter().map(|one| (*one).to_owned()).collect())
}

#[tokio::test]
async fn without_protection_a_bound_secret_goes_as_any_other() {
    let protected = Protected::new().await;
    protected.protect(false).await;
    let below = format!("/secrets/{}", protected.one);
    assert_eq!(protected.delete(&below, None).await.0, 202);
    let event = protected.app.last_event().await;
    assert_eq!(event.details.get("forced"), None);
    // Force that nothing needs is no force.
    let below = format!("/secrets/{}?force=true", protected.two);
    assert_eq!(protected.delete(&below, None).await.0, 202);
    let event = protected.app.last_event().await;
    assert_eq!(event.details.get("forced"), None);
}

#[tokio::test]
async fn a_protected_secret_goes_only_by_force_which_is_recorded() {
    let protected = Protected::new().await;
    let Protected { app, one, free, .. } = &protected;
    let events = app.audit_events().await.len();
    for query in ["", "?force=false", "?force="] {
        let answer = protected
            .delete(&format!("/secrets/{one}{query}"), None)
            .await;
        assert_eq!(failure(&answer), refusal(&[ONE]), "{query}");
        assert_eq!(answer.1["x-should-retry"], "false");
    }
    let answer = protected
        .delete(&format!("/secrets/{one}?force=perhaps"), None)
        .await;
    let (status, errors) = failure(&answer);
    assert_eq!(status, 400);
    assert!(
        errors[0].ends_with("force must be true or false at force"),
        "{errors:?}"
    );
    assert!(protected.is_there(one).await);
    assert_eq!(app.audit_events().await.len(), events);

    // One that nothing binds needs no force.
    assert_eq!(
        protected.delete(&format!("/secrets/{free}"), None).await.0,
        202
    );
    assert_eq!(app.last_event().await.details.get("forced"), None);
    let answer = protected
        .delete(&format!("/secrets/{one}?force=true"), None)
        .await;
    assert_eq!(answer.0, 202);
    assert!(!protected.is_there(one).await);
    let details = app.last_event().await.details;
    assert_eq!(details["forced"], true);
    assert_eq!(details["workers"], json!(["first", "second"]));
    assert_eq!(details["before"]["name"], "ONE");
}

#[tokio::test]
async fn only_what_a_deployed_version_binds_is_protected() {
    let protected = Protected::new().await;
    let Protected {
        app,
        one,
        two,
        free,
        ..
    } = &protected;
    // Bound by a version that waits, and by versions that served before.
    app.upload_version("first", protected.bindings(&["FREE"]))
        .await;
    assert_eq!(
        protected.delete(&format!("/secrets/{free}"), None).await.0,
        202
    );
    app.upload("second", json!([])).await;
    assert_eq!(
        protected.delete(&format!("/secrets/{two}"), None).await.0,
        202
    );
    // A small share of the traffic is enough.
    let serving = app.serving("first").await.version_id;
    let next = app.upload_version("first", json!([])).await;
    let path = format!("{SCRIPTS}/first/deployments");
    let body = json!({ "strategy": "percentage", "versions": [
        { "version_id": next, "percentage": 99.99 }, { "version_id": serving, "percentage": 0.01 },
    ] });
    result(&app.request(Method::POST, &path, Some(body)).await);
    let answer = protected.delete(&format!("/secrets/{one}"), None).await;
    let only_first = ONE.replace("first, second", "first");
    assert_eq!(failure(&answer), refusal(&[&only_first]));
    // Without its Worker it is free.
    let path = format!("{SCRIPTS}/first");
    result(&app.request(Method::DELETE, &path, None).await);
    assert_eq!(
        protected.delete(&format!("/secrets/{one}"), None).await.0,
        202
    );
}

#[tokio::test]
async fn of_several_all_go_or_none() {
    let protected = Protected::new().await;
    let Protected {
        app,
        one,
        two,
        free,
        ..
    } = &protected;
    let several = json!([{ "id": free }, { "id": two }, { "id": one }]);
    let events = app.audit_events().await.len();
    let answer = protected.delete("/secrets", Some(several.clone())).await;
    assert_eq!(failure(&answer), refusal(&[TWO, ONE]));
    assert_eq!(answer.1["x-should-retry"], "false");
    // One that is not there comes first, and force does not help it.
    let unknown = json!([{ "id": one }, { "id": "0123456789abcdef0123456789abcdef" }]);
    for query in ["", "?force=true"] {
        let answer = protected
            .delete(&format!("/secrets{query}"), Some(unknown.clone()))
            .await;
        assert_eq!(failure(&answer).0, 404);
    }
    for id in [one, two, free] {
        assert!(protected.is_there(id).await);
    }
    assert_eq!(app.audit_events().await.len(), events);
    assert_eq!(
        protected
            .delete("/secrets?force=true", Some(several))
            .await
            .0,
        202
    );
    let told = app.audit_events().await.split_off(events);
    let told: Vec<_> = told
        .iter()
        .map(|event| {
            (
                event.resource_id.as_str(),
                &event.details["forced"],
                &event.details["workers"],
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (free.as_str(), &Value::Null, &Value::Null),
            (two, &json!(true), &json!(["second"])),
            (one, &json!(true), &json!(["first", "second"])),
        ]
    );
}

#[tokio::test]
async fn a_store_takes_protected_secrets_along_only_by_force_which_is_recorded() {
    let protected = Protected::new().await;
    let app = &protected.app;
    let (status, errors) = failure(&protected.delete("", None).await);
    assert_eq!(status, 409);
    assert!(errors[0].contains("store_not_empty"));
    assert!(protected.is_there(&protected.one).await);
    let events = app.audit_events().await.len();
    result(&protected.delete("?force=true", None).await);
    let told = app.audit_events().await.split_off(events);
    let forced = told.iter().filter(|event| event.details["forced"] == true);
    let forced: Vec<_> = forced.map(|event| event.resource_id.as_str()).collect();
    assert_eq!(forced.len(), 2);
    assert!(forced.contains(&protected.one.as_str()) && forced.contains(&protected.two.as_str()));
}

#[tokio::test]
async fn many_workers_are_counted_rather_than_named() {
    let protected = Protected::new().await;
    for index in 10..31 {
        let name = format!("w{index}");
        protected
            .app
            .upload(&name, protected.bindings(&["TWO"]))
            .await;
    }
    let answer = protected
        .delete(&format!("/secrets/{}", protected.two), None)
        .await;
    let (_, errors) = failure(&answer);
    assert!(errors[0].contains(" of second, w10, w11,"), "{errors:?}");
    assert!(errors[0].contains(", w28 and 2 more; "), "{errors:?}");
}

#[tokio::test]
async fn a_secret_that_goes_while_a_version_is_tried_is_not_deployed() {
    let protected = Protected::new().await;
    let Protected { app, free, .. } = &protected;
    let body = Multipart::script(&metadata(&protected.bindings(&["FREE"])));
    let path = format!("{SCRIPTS}/third");
    let hold = app.start_check.hold();
    let upload = app.multipart(Method::PUT, &path, body);
    let delete = async {
        hold.reached.await.unwrap();
        // Nothing that is deployed binds it yet.
        let answer = protected.delete(&format!("/secrets/{free}"), None).await;
        assert_eq!(answer.0, 202);
        drop(hold.release);
    };
    let (uploaded, ()) = tokio::join!(upload, delete);
    let (status, errors) = failure(&uploaded);
    assert_eq!(status, 400);
    assert!(
        errors[0].starts_with("10182 Secrets Store binding 'B_FREE'"),
        "{errors:?}"
    );
    assert!(app.record_of("third").await.is_none());
}

#[tokio::test]
async fn a_version_that_serves_before_its_secret_goes_keeps_it() {
    let protected = Protected::new().await;
    let Protected { app, free, .. } = &protected;
    let version = app
        .upload_version("first", protected.bindings(&["FREE"]))
        .await;
    // Whichever comes first: the secret never goes from under a version that serves.
    let deploy = app.deploy("first", &version, "");
    let below = format!("/secrets/{free}");
    let delete = protected.delete(&below, None);
    let (deployed, deleted) = tokio::join!(deploy, delete);
    match deployed.0.as_u16() {
        200 => assert_eq!(failure(&deleted).0, 409),
        _ => {
            assert!(failure(&deployed).1[0].starts_with("10182 "));
            assert_eq!(deleted.0, 202);
        }
    }
    assert_eq!(protected.is_there(free).await, deployed.0 == 200);
}
