//! `POST /user/tokens` and `POST /accounts/{account_id}/tokens`.

use axum::extract::State;
use coffer_engine::{ManageTokens, ManageUserTokens, TokenText, TokensPermit};
use coffer_protocol::tokens::{Token, TokenRequest};
use serde::{Serialize, Serializer};

use super::fields;
use crate::api::answer::Answer;
use crate::api::body::{Change, Json, UserChange};
use crate::api::error::ApiResult;
use crate::app::App;

/// A token with its text, which is shown here and never again.
#[derive(Debug, Serialize)]
pub(super) struct TokenWithValue {
    #[serde(flatten)]
    token: Token,
    value: ShownText,
}

/// A token's text, to be shown.
#[derive(Debug)]
pub(super) struct ShownText(pub(super) TokenText);

impl Serialize for ShownText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose_secret())
    }
}

/// Makes a token of the user who asks.
pub(super) async fn of_user(
    State(app): State<App>,
    UserChange { permit, body }: UserChange<ManageUserTokens, Json<TokenRequest>>,
) -> ApiResult<Answer<TokenWithValue>> {
    create(&app, &permit.into(), body.0).await
}

/// Makes a token of the account itself.
pub(super) async fn of_account(
    State(app): State<App>,
    Change { permit, body }: Change<ManageTokens, Json<TokenRequest>>,
) -> ApiResult<Answer<TokenWithValue>> {
    create(&app, &permit.into(), body.0).await
}

async fn create(
    app: &App,
    permit: &TokensPermit<ManageTokens>,
    request: TokenRequest,
) -> ApiResult<Answer<TokenWithValue>> {
    let settings = fields::settings(request)?;
    let created = app.engine.create_token(permit, settings).await?;
    Ok(Answer::ok(TokenWithValue {
        token: created.token,
        value: ShownText(created.text),
    }))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::PermissionGroup;
    use serde_json::{Value, json};

    use crate::api::tokens::testing::{
        OF_ACCOUNT, OF_USER, keyed, look, made, policy, reader, with, with_value,
    };
    use crate::testing::{Answer, TestApp, failure, result, text_at};

    const READ: PermissionGroup = PermissionGroup::SECRETS_STORE_READ;

    async fn create(app: &TestApp, path: &str, body: Value) -> Answer {
        app.request(Method::POST, path, Some(body)).await
    }

    #[tokio::test]
    async fn a_token_is_made_and_its_value_shown_once() {
        let app = TestApp::new().await;
        let account = app.first.account_id;
        let resource = format!("com.cloudflare.api.account.{account}");
        for (path, event_account) in [(OF_USER, None), (OF_ACCOUNT, Some(account))] {
            let body = with(
                reader(&app),
                json!({
                    "not_before": "2020-01-01T00:00:00Z",
                    "expires_on": "2999-01-01T00:00:00+01:00",
                    "condition": { "request_ip": { "in": ["0.0.0.0/0", "::/0"], "not_in": ["203.0.113.7"] } },
                }),
            );
            let answer = create(&app, path, body).await;
            let token = result(&answer);
            let (id, value) = (text_at(token, "/id"), text_at(token, "/value"));
            let shown = json!({
                "id": id,
                "name": "reader",
                "status": "active",
                "issued_on": app.now(),
                "modified_on": app.now(),
                "not_before": "2020-01-01T00:00:00.000000Z",
                "expires_on": "2998-12-31T23:00:00.000000Z",
                "condition": { "request_ip": { "in": ["0.0.0.0/0", "::/0"], "not_in": ["203.0.113.7"] } },
                "policies": [{
                    "id": text_at(token, "/policies/0/id"),
                    "effect": "allow",
                    "permission_groups": [{ "id": READ.id, "name": "Secrets Store Read" }],
                    "resources": { &resource: "*" },
                }],
            });
            assert_eq!(token, &with(shown.clone(), json!({ "value": value })));
            assert_eq!(text_at(token, "/policies/0/id").len(), 32);
            assert!((40..=80).contains(&value.len()), "{}", value.len());

            let found = app
                .request(Method::GET, &format!("{path}/{id}"), None)
                .await;
            assert_eq!(result(&found), &shown);
            let listed = app.request(Method::GET, path, None).await;
            assert!(result(&listed).as_array().unwrap().contains(&shown));

            let event = app.last_event().await;
            assert_eq!(
                (event.action.as_str(), event.resource_kind.as_str()),
                ("create", "token")
            );
            assert_eq!((event.resource_id, event.account_id), (id, event_account));
            assert_eq!(
                event.details["after"]["policies"],
                json!([{
                    "effect": "allow",
                    "permission_groups": ["Secrets Store Read"],
                    "resources": [resource],
                }])
            );
            assert_eq!(event.details["after"]["name"], "reader");
        }
    }

    #[tokio::test]
    async fn a_token_does_what_its_policies_allow() {
        let app = TestApp::new().await;
        for path in [OF_USER, OF_ACCOUNT] {
            let token = made(&app, path, reader(&app)).await.actor();
            assert_eq!(look(&app, &token).await, 200);
            let stores = "/accounts/{account_id}/secrets_store/stores";
            let body = Some(json!({ "name": "dev" }));
            let refused = app.request_as(&token, Method::POST, stores, body).await;
            assert_eq!(failure(&refused).0, 403);
        }
        let disabled = with(reader(&app), json!({ "status": "disabled" }));
        let disabled = made(&app, OF_USER, disabled).await;
        assert_eq!(look(&app, &disabled.actor()).await, 401);
        let all = "com.cloudflare.api.account.*";
        let denied = json!({ "effect": "deny", "permission_groups": [{ "id": READ.id }], "resources": { all: "*" } });
        let policies = json!([policy(PermissionGroup::SECRETS_STORE_WRITE, all), denied]);
        let half = with(reader(&app), json!({ "policies": policies }));
        for path in [OF_USER, OF_ACCOUNT] {
            let half = made(&app, path, half.clone()).await;
            assert_eq!(look(&app, &half.actor()).await, 403);
        }
    }

    #[tokio::test]
    async fn resources_may_be_nested_if_that_means_the_same() {
        let app = TestApp::new().await;
        let account = format!("com.cloudflare.api.account.{}", app.first.account_id);
        for nested in [json!({ "*": "*" }), json!({ &account: "*" })] {
            let mut body = reader(&app);
            body["policies"][0]["resources"][&account] = nested;
            let answer = create(&app, OF_ACCOUNT, body).await;
            assert_eq!(
                result(&answer)["policies"][0]["resources"],
                json!({ &account: "*" })
            );
        }
    }

    /// What is wrong with one field, for either owner: the field, its value, the code word and the pointer.
    fn wrong_fields(app: &TestApp, other_account: &str, other_user: &str) -> Vec<(Value, String)> {
        let account = format!("com.cloudflare.api.account.{}", app.first.account_id);
        let of = |resource: &str| json!({ "policies": [policy(READ, resource)] });
        let groups = |groups: Value| json!({ "policies": [{ "effect": "allow", "permission_groups": groups, "resources": { &account: "*" } }] });
        let resources = |resources: Value| json!({ "policies": [{ "effect": "allow", "permission_groups": [{ "id": READ.id }], "resources": resources }] });
        let ip = |list: &str, text: &str| json!({ "condition": { "request_ip": { list: ["203.0.113.7", text] } } });
        let now = app.now();
        let many = |count: usize, one: Value| Value::Array(vec![one; count]);
        let (user, zone) = (
            format!("com.cloudflare.api.user.{other_user}"),
            "com.cloudflare.api.account.zone.*",
        );
        let unknown_account = "com.cloudflare.api.account.0123456789abcdef0123456789abcdef";
        let first = "/policies/0";
        let long = "x".repeat(121);
        let wrong = [
            (json!({ "name": null }), "/name"),
            (json!({ "name": "" }), "/name"),
            (json!({ "name": " " }), "/name"),
            (json!({ "name": "a\nb" }), "/name"),
            (json!({ "name": "a\u{7f}" }), "/name"),
            (json!({ "name": long }), "/name"),
            (json!({ "status": "expired" }), "/status"),
            (json!({ "status": "Active" }), "/status"),
            (json!({ "status": "" }), "/status"),
            (json!({ "policies": null }), "/policies"),
            (json!({ "policies": [] }), "/policies"),
            (
                json!({ "policies": many(101, policy(READ, &account)) }),
                "/policies",
            ),
            (groups(many(301, json!({ "id": READ.id }))), "/policies"),
            (json!({ "policies": [{}] }), "/policies/0/effect"),
            (
                json!({ "policies": [with(policy(READ, &account), json!({ "effect": "permit" }))] }),
                "/policies/0/effect",
            ),
            (groups(json!([])), "/policies/0/permission_groups"),
            (
                groups(json!([{ "id": READ.id }, { "id": "0".repeat(32) }])),
                "/policies/0/permission_groups/1/id",
            ),
            (
                groups(json!([{ "id": READ.name }])),
                "/policies/0/permission_groups/0/id",
            ),
            (groups(json!([{}])), "/policies/0/permission_groups/0/id"),
            (
                groups(json!([{ "id": READ.id }, { "id": PermissionGroup::USER_DETAILS_READ.id }])),
                "/policies/0/permission_groups/1/id",
            ),
            (resources(json!({})), "/policies/0/resources"),
            (
                resources(json!({ "a/b~c": "*" })),
                "/policies/0/resources/a~1b~0c",
            ),
            (resources(json!({ &account: "read" })), ""),
            (resources(json!({ &account: 1 })), ""),
            (resources(json!({ &account: {} })), ""),
            (resources(json!({ &account: { zone: "*" } })), ""),
            (resources(json!({ &account: { "*": "read" } })), ""),
            (
                of(zone),
                "/policies/0/resources/com.cloudflare.api.account.zone.*",
            ),
            (
                of("com.cloudflare.api.account"),
                "/policies/0/resources/com.cloudflare.api.account",
            ),
            (
                of("com.cloudflare.edge.r2.bucket.x"),
                "/policies/0/resources/com.cloudflare.edge.r2.bucket.x",
            ),
            (of("*"), "/policies/0/resources/*"),
            (of(unknown_account), "?"),
            (
                of(&format!("com.cloudflare.api.account.{other_account}")),
                "?",
            ),
            (
                json!({ "policies": [policy(PermissionGroup::USER_DETAILS_READ, &user)] }),
                "?",
            ),
            (json!({ "expires_on": now }), "/expires_on"),
            (
                json!({ "expires_on": "2020-01-01T00:00:00Z" }),
                "/expires_on",
            ),
            (json!({ "expires_on": "2999-01-01" }), "/expires_on"),
            (json!({ "expires_on": "tomorrow" }), "/expires_on"),
            (
                json!({ "expires_on": "2999-02-30T00:00:00Z" }),
                "/expires_on",
            ),
            (json!({ "expires_on": "" }), "/expires_on"),
            (
                json!({ "not_before": "2999-01-01T00:00:00" }),
                "/not_before",
            ),
            (
                json!({ "not_before": "2999-01-01T00:00:00Z", "expires_on": "2999-01-01T00:00:00Z" }),
                "/not_before",
            ),
            (
                json!({ "not_before": "2999-01-02T00:00:00Z", "expires_on": "2999-01-01T00:00:00Z" }),
                "/not_before",
            ),
            (ip("in", "203.0.113.0/33"), "/condition/request_ip/in/1"),
            (ip("in", "localhost"), "/condition/request_ip/in/1"),
            (
                ip("not_in", "2001:db8::/129"),
                "/condition/request_ip/not_in/1",
            ),
            (ip("not_in", ""), "/condition/request_ip/not_in/1"),
            (
                json!({ "condition": { "request_ip": { "in": many(101, json!("203.0.113.7")) } } }),
                "/condition/request_ip/in",
            ),
        ];
        let pointer = |fields: &Value, pointer: &str| match pointer {
            "" => format!("{first}/resources/{account}"),
            "?" => {
                let resources = fields["policies"][0]["resources"].as_object().unwrap();
                format!("{first}/resources/{}", resources.keys().next().unwrap())
            }
            other => other.to_owned(),
        };
        wrong
            .into_iter()
            .map(|(fields, at)| {
                let at = pointer(&fields, at);
                (fields, at)
            })
            .collect()
    }

    #[tokio::test]
    async fn what_a_token_cannot_be_is_refused_at_its_place() {
        let app = TestApp::new().await;
        let other = app.other_account().await;
        let me = app
            .request_as(&other.admin, Method::GET, "/user", None)
            .await;
        let (other_account, other_user) = (other.id.to_string(), text_at(result(&me), "/id"));
        let tokens = [OF_USER, OF_ACCOUNT];
        let mut paths: Vec<_> = tokens.map(|path| (Method::POST, path.to_owned())).into();
        for path in tokens {
            paths.push((Method::PUT, made(&app, path, reader(&app)).await.path));
        }
        let events = app.audit_events().await.len();
        for (fields, pointer) in wrong_fields(&app, &other_account, &other_user) {
            for (method, path) in &paths {
                let body = with(reader(&app), fields.clone());
                let answer = app.request(method.clone(), path, Some(body)).await;
                let (status, errors) = failure(&answer);
                assert_eq!(status, 400, "{method} {path} {fields}");
                assert!(
                    errors[0].starts_with("1001 ")
                        && errors[0].ends_with(&format!(" at {pointer}")),
                    "{method} {path} {fields}: {errors:?}"
                );
                assert!(errors[0].len() < 400, "{errors:?}");
            }
        }
        for (method, path) in &paths {
            for body in [json!([]), json!({ "name": 1 }), json!({ "policies": {} })] {
                let answer = app.request(method.clone(), path, Some(body)).await;
                assert_eq!(failure(&answer).0, 400);
            }
        }
        assert_eq!(app.audit_events().await.len(), events);
        for (_, path) in &paths[2..] {
            let token = app.request(Method::GET, path, None).await;
            assert_eq!(result(&token)["name"], "reader");
        }
    }

    #[tokio::test]
    async fn all_that_is_wrong_is_told_at_once() {
        let app = TestApp::new().await;
        let body = json!({ "name": "", "status": "off", "policies": [{}], "expires_on": "x" });
        let (_, errors) = failure(&create(&app, OF_USER, body).await);
        let ends: Vec<_> = errors
            .iter()
            .filter_map(|error| error.split(" at /").last())
            .collect();
        assert_eq!(
            ends,
            [
                "name",
                "status",
                "policies/0/effect",
                "policies/0/permission_groups",
                "policies/0/resources",
                "expires_on"
            ]
        );
    }

    #[tokio::test]
    async fn as_many_policies_as_are_allowed_are_kept() {
        let app = TestApp::new().await;
        let policies = Value::Array(vec![policy(READ, "com.cloudflare.api.account.*"); 100]);
        let body = with(
            reader(&app),
            json!({ "policies": policies, "name": "x".repeat(120) }),
        );
        let answer = create(&app, OF_USER, body).await;
        let policies = result(&answer)["policies"].as_array().unwrap();
        let ids: std::collections::BTreeSet<_> = policies
            .iter()
            .map(|policy| text_at(policy, "/id"))
            .collect();
        assert_eq!(ids.len(), 100);
    }

    #[tokio::test]
    async fn a_token_of_a_user_is_about_accounts_that_the_user_is_in() {
        let app = TestApp::new().await;
        let other = app.other_account().await;
        let body = json!({
            "name": "elsewhere",
            "policies": [policy(READ, &format!("com.cloudflare.api.account.{}", other.id))],
        });
        assert_eq!(failure(&create(&app, OF_USER, body.clone()).await).0, 400);
        let roles = [coffer_types::Role::SecretsStoreReporter];
        app.add_member(other.id, app.admin_id().await, &roles).await;
        let token = made(&app, OF_USER, body).await.actor();
        let path = format!("/accounts/{}/secrets_store/stores", other.id);
        let seen = app.request_as(&token, Method::GET, &path, None).await;
        assert_eq!(seen.0, 200);
        assert_eq!(look(&app, &token).await, 404);
    }

    #[tokio::test]
    async fn a_user_can_let_a_token_know_the_user() {
        let app = TestApp::new().await;
        let user = format!("com.cloudflare.api.user.{}", app.admin_id().await);
        let body = json!({
            "name": "who",
            "policies": [policy(PermissionGroup::USER_DETAILS_READ, &user)],
        });
        let token = made(&app, OF_USER, body.clone()).await.actor();
        result(&app.request_as(&token, Method::GET, "/user", None).await);
        // Only a user's own can.
        let (status, errors) = failure(&create(&app, OF_ACCOUNT, body).await);
        assert_eq!(status, 400);
        assert!(errors[0].contains("cannot be about a user"), "{errors:?}");
    }

    #[tokio::test]
    async fn a_repeated_key_does_not_show_the_value_again() {
        let app = TestApp::new().await;
        for path in [OF_USER, OF_ACCOUNT] {
            let first = keyed(&app, path, Method::POST, path, reader(&app)).await;
            let value = text_at(result(&first), "/value");
            let events = app.audit_events().await.len();
            let again = keyed(&app, path, Method::POST, path, reader(&app)).await;
            let (status, errors) = failure(&again);
            assert_eq!(
                (status, again.1["x-should-retry"].as_bytes()),
                (409, &b"false"[..])
            );
            let id = text_at(result(&first), "/id");
            assert!(
                errors[0].starts_with("1003 value_shown_once") && errors[0].contains(&id),
                "{errors:?}"
            );
            assert_eq!(app.audit_events().await.len(), events);
            assert_eq!(look(&app, &with_value(&value)).await, 200);
        }
    }

    #[tokio::test]
    async fn of_the_same_request_at_the_same_time_one_shows_a_value() {
        let app = TestApp::new().await;
        let requests = (0..8).map(|_| keyed(&app, "k", Method::POST, OF_USER, reader(&app)));
        let answers = futures::future::join_all(requests).await;
        let shown: Vec<_> = answers
            .iter()
            .filter(|(status, ..)| status.is_success())
            .collect();
        assert_eq!(shown.len(), 1);
        let token = with_value(&text_at(result(shown[0]), "/value"));
        assert_eq!(look(&app, &token).await, 200);
        for answer in answers.iter().filter(|(status, ..)| !status.is_success()) {
            assert!(failure(answer).1[0].starts_with("1003 value_shown_once"));
        }
    }
}
