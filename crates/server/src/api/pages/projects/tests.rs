//! Projects through the real router.

use axum::body::Body;
use axum::http::Method;
use coffer_store::rows::pages_secrets;
use coffer_types::Role;
use serde_json::{Map, Value, json};

use crate::testing::{Answer, TestApp, failure, result, text_at};

const PROJECTS: &str = "/accounts/{account_id}/pages/projects";
const SITE: &str = "/accounts/{account_id}/pages/projects/site";

async fn create(app: &TestApp, name: &str) -> Answer {
    let body = json!({ "name": name, "production_branch": "main" });
    app.request(Method::POST, PROJECTS, Some(body)).await
}

async fn with_site() -> TestApp {
    let app = TestApp::new().await;
    result(&create(&app, "site").await);
    app
}

async fn edit(app: &TestApp, body: Value) -> Answer {
    app.request(Method::PATCH, SITE, Some(body)).await
}

async fn set(app: &TestApp, environment: &str, variables: Value) -> Answer {
    let body = json!({ "deployment_configs": { environment: { "env_vars": variables } } });
    edit(app, body).await
}

fn secret(value: &str) -> Value {
    json!({ "type": "secret_text", "value": value })
}

fn plain(value: &str) -> Value {
    json!({ "type": "plain_text", "value": value })
}

async fn variables(app: &TestApp, environment: &str) -> Value {
    let answer = app.request(Method::GET, SITE, None).await;
    result(&answer)["deployment_configs"][environment]["env_vars"].clone()
}

/// How many sealed values of the project the database holds.
async fn sealed_values(app: &TestApp, id: &str) -> usize {
    let mut reader = app.store.reader().await.unwrap();
    let found = pages_secrets::of_project(&mut reader, id.parse().unwrap()).await;
    found.unwrap().len()
}

async fn site_id(app: &TestApp) -> String {
    text_at(result(&app.request(Method::GET, SITE, None).await), "/id")
}

#[tokio::test]
async fn a_project_is_made_listed_found_and_removed() {
    let app = TestApp::new().await;
    let body = json!({
        "name": "site", "production_branch": "trunk",
        "deployment_configs": {
            "production": { "compatibility_date": "2026-01-01", "compatibility_flags": ["nodejs_compat"] },
            "preview": {},
        },
    });
    // As Wrangler sends it: JSON that does not say so.
    let made = app
        .send_bytes(
            Method::POST,
            PROJECTS,
            "text/plain;charset=UTF-8",
            body.to_string(),
        )
        .await;
    let project = result(&made).clone();
    assert_eq!(project["subdomain"], "site.pages.localhost:7080");
    assert_eq!(project["domains"], json!(["site.pages.localhost:7080"]));
    assert_eq!(project["production_branch"], "trunk");
    assert_eq!(project["created_on"], app.now());
    let production = &project["deployment_configs"]["production"];
    assert_eq!(production["compatibility_date"], "2026-01-01");
    assert_eq!(production["compatibility_flags"], json!(["nodejs_compat"]));
    assert_eq!(production["env_vars"], json!({}));
    let preview = &project["deployment_configs"]["preview"];
    assert_eq!(preview["compatibility_date"], app.now()[..10]);
    let found = app.request(Method::GET, SITE, None).await;
    assert_eq!(result(&found), &project);

    result(&create(&app, "a").await);
    let (status, _, body) = app.request(Method::GET, PROJECTS, None).await;
    assert_eq!(
        (status.as_u16(), &body["result_info"]["total_count"]),
        (200, &json!(2))
    );
    let beyond = format!("{PROJECTS}?page=2&per_page=10");
    let beyond = app.request(Method::GET, &beyond, None).await;
    assert_eq!(result(&beyond), &json!([]));

    let gone = app.request(Method::DELETE, SITE, None).await;
    assert_eq!(result(&gone), &Value::Null);
    for method in [Method::GET, Method::DELETE, Method::PATCH] {
        let answer = app.request(method, SITE, Some(json!({}))).await;
        let (status, errors) = failure(&answer);
        assert_eq!(
            (status, &errors[0][..27]),
            (404, "8000007 Project not found. ")
        );
    }
}

#[tokio::test]
async fn variables_and_secrets_are_merged_and_secrets_never_come_back() {
    let app = with_site().await;
    let id = site_id(&app).await;
    let both = json!({ "A": secret("first-marked"), "URL": plain("https://one.example") });
    let answer = set(&app, "production", both).await;
    assert!(!answer.2.to_string().contains("first-marked"));
    let expected = json!({ "A": secret(""), "URL": plain("https://one.example") });
    assert_eq!(variables(&app, "production").await, expected);
    assert_eq!(variables(&app, "preview").await, json!({}));
    assert_eq!(sealed_values(&app, &id).await, 1);

    // Another one does not touch the first; each environment has its own.
    result(
        &set(
            &app,
            "production",
            json!({ "B": secret("b"), "URL": null, "NONE": null }),
        )
        .await,
    );
    result(&set(&app, "preview", json!({ "A": secret("preview") })).await);
    let expected = json!({ "A": secret(""), "B": secret("") });
    assert_eq!(variables(&app, "production").await, expected);
    assert_eq!(variables(&app, "preview").await, json!({ "A": secret("") }));
    assert_eq!(sealed_values(&app, &id).await, 3);

    // A new value takes the place of the old, which is gone.
    result(&set(&app, "production", json!({ "A": secret("second") })).await);
    assert_eq!(sealed_values(&app, &id).await, 3);
    // What was read can be sent back, and a variable can become a secret and the other way round.
    let read = variables(&app, "production").await;
    result(&set(&app, "production", read).await);
    assert_eq!(sealed_values(&app, &id).await, 3);
    result(&set(&app, "production", json!({ "A": plain("now plain") })).await);
    assert_eq!(sealed_values(&app, &id).await, 2);
    result(
        &set(
            &app,
            "production",
            json!({ "A": secret("secret"), "B": null }),
        )
        .await,
    );
    assert_eq!(
        variables(&app, "production").await,
        json!({ "A": secret("") })
    );

    result(&app.request(Method::DELETE, SITE, None).await);
    assert_eq!(sealed_values(&app, &id).await, 0);
}

#[tokio::test]
async fn what_is_not_named_stays() {
    let app = with_site().await;
    result(&set(&app, "production", json!({ "A": secret("a") })).await);
    let body = json!({
        "production_branch": "trunk",
        "build_config": { "build_command": "make" },
        "deployment_configs": { "production": { "compatibility_flags": ["nodejs_compat"], "wrangler_config_hash": "h" } },
    });
    result(&edit(&app, body).await);
    let project = result(&set(&app, "preview", json!({ "B": plain("b") })).await).clone();
    assert_eq!(project["production_branch"], "trunk");
    assert_eq!(project["build_config"]["build_command"], "make");
    let production = &project["deployment_configs"]["production"];
    assert_eq!(production["compatibility_flags"], json!(["nodejs_compat"]));
    assert_eq!(production["wrangler_config_hash"], "h");
    assert_eq!(production["env_vars"], json!({ "A": secret("") }));
}

#[tokio::test]
async fn the_log_tells_of_each_secret_and_of_no_value() {
    let app = with_site().await;
    let told = async || -> Vec<(String, Value)> {
        let events = app.audit_events().await;
        let event = |event: &coffer_store::rows::audit::EventRow| {
            (
                format!("{} {}", event.action.as_str(), event.resource_kind.as_str()),
                event.details.clone(),
            )
        };
        events
            .iter()
            .filter(|one| one.resource_kind.as_str().starts_with("pages"))
            .map(event)
            .collect()
    };
    assert_eq!(told().await[0].0, "create pages_project");
    result(
        &set(
            &app,
            "production",
            json!({ "A": secret("marked-1"), "V": plain("marked-2") }),
        )
        .await,
    );
    result(&set(&app, "production", json!({ "A": secret("marked-3") })).await);
    // What changes nothing is not told.
    result(&set(&app, "production", json!({ "NONE": null, "A": secret("") })).await);
    result(&set(&app, "production", json!({ "A": null })).await);
    result(&app.request(Method::DELETE, SITE, None).await);
    let told = told().await;
    let names: Vec<_> = told.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "create pages_project",
            "create pages_secret",
            "update pages_project",
            "update pages_secret",
            "delete pages_secret",
            "delete pages_project",
        ]
    );
    assert_eq!(told[3].1["value_modified"], true);
    assert_eq!(told[3].1["environment"], "production");
    assert_eq!(told[2].1["before"]["production"]["variables"], json!([]));
    assert_eq!(told[2].1["after"]["production"]["variables"], json!(["V"]));
    assert!(!format!("{told:?}").contains("marked-"));
}

#[tokio::test]
async fn names_and_branches_that_are_none_are_refused() {
    let app = TestApp::new().await;
    let written = app.written().await;
    for (body, at) in [
        (json!({ "production_branch": "main" }), "/name"),
        (json!({ "name": "", "production_branch": "main" }), "/name"),
        (json!({ "name": "My_Site" }), "/name"),
        (json!({ "name": "-a" }), "/name"),
        (json!({ "name": "a.b" }), "/name"),
        (json!({ "name": "x".repeat(59) }), "/name"),
        (
            json!({ "name": "a", "production_branch": "" }),
            "/production_branch",
        ),
        (
            json!({ "name": "a", "production_branch": "a b" }),
            "/production_branch",
        ),
        (
            json!({ "name": "a", "production_branch": "x".repeat(256) }),
            "/production_branch",
        ),
        (
            json!({ "name": "a", "source": { "type": "github" } }),
            "/source",
        ),
        (
            json!({ "name": "a", "build_config": { "x": "y".repeat(20_000) } }),
            "/build_config",
        ),
    ] {
        let (status, errors) = failure(
            &app.request(Method::POST, PROJECTS, Some(body.clone()))
                .await,
        );
        assert_eq!(status, 400, "{body}");
        assert!(
            errors[0].starts_with("1001 ") && errors[0].ends_with(&format!(" at {at}")),
            "{errors:?}"
        );
    }
    assert_eq!(app.written().await, written);
}

#[tokio::test]
async fn configurations_that_are_wrong_change_nothing() {
    let app = with_site().await;
    let many: Map<String, Value> = (0..129)
        .map(|index| (format!("V{index}"), plain("x")))
        .collect();
    let written = app.written().await;
    let of = |configuration: Value| json!({ "production": configuration });
    let vars = |variables: Value| json!({ "production": { "env_vars": variables } });
    for (configurations, code, says) in [
        (json!({ "staging": {} }), "1001 ", "production or preview"),
        (
            vars(json!({ "A": secret(&"x".repeat(5121)) })),
            "10054 ",
            "5121 bytes, the limit is 5120",
        ),
        (
            vars(json!({ "A": plain(&"x".repeat(5121)) })),
            "10054 ",
            "5121 bytes",
        ),
        (vars(Value::Object(many)), "1001 ", "at most 128"),
        (vars(json!({ "1A": secret("v") })), "1001 ", "identifier"),
        (
            vars(json!({ "ASSETS": secret("v") })),
            "1001 ",
            "choose another",
        ),
        (
            vars(json!({ "A": { "type": "json", "value": "1" } })),
            "1001 ",
            "plain_text or secret_text",
        ),
        (
            vars(json!({ "A": { "type": "plain_text" } })),
            "1001 ",
            "a value",
        ),
        (
            vars(json!({ "A": { "type": "secret_text" } })),
            "1001 ",
            "a value",
        ),
        (vars(json!({ "A": secret("") })), "1001 ", "a value"),
        (
            vars(json!({ "A": { "type": "secret_text", "value": 48_151_623 } })),
            "1001 ",
            "invalid_json_body",
        ),
        (vars(json!({ "A": "marked" })), "1001 ", "invalid_json_body"),
        (
            of(json!({ "compatibility_date": "2026-13-01" })),
            "10021 ",
            "YYYY-MM-DD",
        ),
        (
            of(json!({ "compatibility_flags": ["a b"] })),
            "10021 ",
            "letters",
        ),
        (
            of(json!({ "kv_namespaces": { "KV": { "namespace_id": "1" } } })),
            "1001 ",
            "kv_namespaces",
        ),
        (
            of(json!({ "marked": { "x": 1 } })),
            "1001 ",
            "none of its parts",
        ),
        (json!({ "marked": {} }), "1001 ", "production or preview"),
        (
            of(json!({ "placement": { "mode": "x".repeat(20_000) } })),
            "1001 ",
            "placement",
        ),
        (
            of(json!({ "wrangler_config_hash": "x".repeat(2000) })),
            "1001 ",
            "wrangler_config_hash",
        ),
    ] {
        // A part that is right beside it is not written either.
        let mut body = json!({ "production_branch": "other" });
        body["deployment_configs"] = configurations.clone();
        let (status, errors) = failure(&edit(&app, body).await);
        assert_eq!(status, 400, "{errors:?}");
        assert!(
            errors[0].starts_with(code) && errors[0].contains(says),
            "{errors:?}"
        );
        assert!(
            !errors[0].contains("48151623") && !errors[0].contains("marked"),
            "{errors:?}"
        );
    }
    let (_, errors) = failure(&edit(&app, json!({ "name": "other" })).await);
    assert!(
        errors[0].starts_with("1001 the name of a project never changes"),
        "{errors:?}"
    );
    assert_eq!(app.written().await, written);
    // What asks for nothing is no binding.
    result(
        &edit(
            &app,
            json!({ "deployment_configs": of(json!({ "kv_namespaces": {}, "services": null })) }),
        )
        .await,
    );
    result(
        &edit(
            &app,
            json!({ "deployment_configs": vars(json!({ "A": secret(&"x".repeat(5120)) })) }),
        )
        .await,
    );
}

#[tokio::test]
async fn the_129th_variable_is_refused_whenever_it_comes() {
    let app = with_site().await;
    let id = site_id(&app).await;
    let most: Map<String, Value> = (0..128)
        .map(|index| (format!("V{index}"), secret("x")))
        .collect();
    result(&set(&app, "production", Value::Object(most)).await);
    let (status, errors) =
        failure(&set(&app, "production", json!({ "ONE_MORE": secret("x") })).await);
    assert_eq!(status, 400);
    assert!(
        errors[0].contains("production would have 129"),
        "{errors:?}"
    );
    assert_eq!(sealed_values(&app, &id).await, 128);
    // Another environment has room, and a swap needs none.
    result(&set(&app, "preview", json!({ "ONE_MORE": secret("x") })).await);
    result(
        &set(
            &app,
            "production",
            json!({ "ONE_MORE": secret("x"), "V0": null }),
        )
        .await,
    );
}

#[tokio::test]
async fn names_are_of_the_account_and_host_names_of_the_installation() {
    let app = with_site().await;
    let (status, errors) = failure(&create(&app, "site").await);
    assert_eq!((status, &errors[0][..8]), (409, "8000002 "));
    let other = app.other_account().await;
    let path = format!("/accounts/{}/pages/projects", other.id);
    let body = json!({ "name": "site", "production_branch": "main" });
    let made = app
        .request_as(&other.admin, Method::POST, &path, Some(body))
        .await;
    let subdomain = text_at(result(&made), "/subdomain");
    let label = subdomain.strip_suffix(".pages.localhost:7080").unwrap();
    assert!(label.starts_with("site-") && label.len() == 8, "{label}");
    // Neither sees or touches the other's.
    let listed = app.request(Method::GET, PROJECTS, None).await;
    assert_eq!(result(&listed).as_array().unwrap().len(), 1);
    result(&app.request(Method::DELETE, SITE, None).await);
    let still = app
        .request_as(&other.admin, Method::GET, &format!("{path}/site"), None)
        .await;
    assert_eq!(result(&still)["name"], "site");
}

#[tokio::test]
async fn an_account_has_at_most_a_hundred_projects() {
    let app = TestApp::new().await;
    for index in 0..100 {
        result(&create(&app, &format!("p{index}")).await);
    }
    let (status, errors) = failure(&create(&app, "p100").await);
    assert_eq!(status, 400);
    assert!(
        errors[0].starts_with("1003 maximum_pages_projects_exceeded"),
        "{errors:?}"
    );
    result(
        &app.request(Method::DELETE, &format!("{PROJECTS}/p7"), None)
            .await,
    );
    result(&create(&app, "p100").await);
}

#[tokio::test]
async fn who_may_view_may_not_edit() {
    let app = with_site().await;
    let reader = app.member_with(&[Role::WorkersReadOnly]).await;
    let found = app.request_as(&reader, Method::GET, SITE, None).await;
    assert_eq!(result(&found)["name"], "site");
    for (method, path) in [
        (Method::POST, PROJECTS),
        (Method::PATCH, SITE),
        (Method::DELETE, SITE),
    ] {
        let answer = app
            .request_as(&reader, method, path, Some(json!({ "name": "x" })))
            .await;
        assert_eq!(failure(&answer).0, 403);
    }
    let secrets_only = app.member_with(&[Role::SecretsStoreAdmin]).await;
    assert_eq!(
        failure(&app.request_as(&secrets_only, Method::GET, SITE, None).await).0,
        403
    );
}

#[tokio::test]
async fn a_repeated_key_answers_the_same_and_does_nothing() {
    let app = TestApp::new().await;
    let keyed = async |key: &str, method: Method, path: &str, body: Value| {
        let mut request = app.build(&app.admin(), method, path, Body::from(body.to_string()));
        request
            .headers_mut()
            .insert("idempotency-key", key.parse().unwrap());
        app.send(request).await
    };
    let project = json!({ "name": "site", "production_branch": "main" });
    let put =
        json!({ "deployment_configs": { "production": { "env_vars": { "A": secret("v") } } } });
    let steps = [
        ("1", Method::POST, PROJECTS, project.clone()),
        ("2", Method::PATCH, SITE, put),
        ("3", Method::DELETE, SITE, Value::Null),
    ];
    let mut firsts = Vec::new();
    for (key, method, path, body) in steps.clone() {
        let first = keyed(key, method, path, body).await;
        result(&first);
        firsts.push(first);
    }
    // Now that the project is gone, each is answered as it was.
    let written = app.written().await;
    for ((key, method, path, body), first) in steps.into_iter().zip(&firsts) {
        let again = keyed(key, method, path, body).await;
        assert_eq!((again.0, &again.2), (first.0, &first.2));
    }
    assert_eq!(app.written().await, written);
    let other = keyed("1", Method::POST, PROJECTS, json!({ "name": "other" })).await;
    assert_eq!(failure(&other).0, 409);
}
