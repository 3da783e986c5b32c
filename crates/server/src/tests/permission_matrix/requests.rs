//! What is asked of each operation.
//!
//! Requests are valid as far as they can be without changing what later rows see: what is made gets a name that
//! nothing else has, and what is changed or deleted is not there. Where only a right password would make a body
//! valid, or where anyone may ask, it is an empty object, and whoever is let through is told so.

use axum::body::Body;
use axum::http::{Method, Request, header};
use coffer_types::{PermissionGroup, Role};
use serde_json::{Value, json};

use super::Column;
use crate::RouteInfo;
use crate::testing::{Actor, Answer, TestApp, answer_of};

const ID: &str = "0123456789abcdef0123456789abcdef";
const UUID: &str = "01234567-89ab-4cde-8f01-23456789abcd";
const BOUNDARY: &str = "matrix";

/// What a request carries.
enum Content {
    Nothing,
    Json(Value),
    /// Parts, by their names.
    Form(Vec<(&'static str, String)>),
}

/// Asks one operation by one actor, with names that end in `number`.
pub(super) async fn ask(
    app: &TestApp,
    route: &RouteInfo,
    (column, actor): (&Column, &Actor),
    number: usize,
) -> Answer {
    let path = filled(route, number);
    let (content_type, body) = match content(app, route, number) {
        Content::Nothing => (None, Body::empty()),
        Content::Json(json) => (Some("application/json".to_owned()), json.to_string().into()),
        Content::Form(parts) => (
            Some(format!("multipart/form-data; boundary={BOUNDARY}")),
            form(&parts).into(),
        ),
    };
    let method = route.method.parse().unwrap();
    let mut request: Request<Body> = app.build(actor, method, &path, body);
    if let Some(content_type) = content_type {
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
    }
    if let Some(peer) = column.peer() {
        request.extensions_mut().insert(peer);
    }
    answer_of(&app.router, request).await
}

/// A path whose ids, but for the account's, name nothing, with the parameters that the operation needs.
fn filled(route: &RouteInfo, number: usize) -> String {
    let mut filled = String::new();
    for segment in route.path.split('/').skip(1) {
        let name = segment.strip_prefix('{');
        let name = name.and_then(|segment| segment.strip_suffix('}'));
        filled.push('/');
        match name {
            None | Some("account_id") => filled.push_str(segment),
            Some("version_id" | "deployment_id" | "id") => filled.push_str(UUID),
            Some("script_name") if is_upload(route) => filled.push_str(&format!("fresh-{number}")),
            Some(name) if name.ends_with("_id") => filled.push_str(ID),
            Some(_) => filled.push_str("nothing"),
        }
    }
    match route.path {
        "/accounts/{account_id}/logs/audit" => {
            filled.push_str("?since=2026-11-01&before=2026-12-01");
        }
        "/accounts/{account_id}/logs/audit/{id}/history" => {
            filled.push_str("?action_time=2026-11-21T00:00:00Z&since=2026-11-01&before=2026-12-01");
        }
        _ => {}
    }
    filled
}

/// Whether the operation makes the Worker that its path names.
pub(super) fn is_upload(route: &RouteInfo) -> bool {
    route.method == Method::PUT && route.path.ends_with("/workers/scripts/{script_name}")
}

fn content(app: &TestApp, route: &RouteInfo, number: usize) -> Content {
    if route.method == Method::GET {
        return Content::Nothing;
    }
    let path = route.path.strip_prefix("/accounts/{account_id}");
    let path = path.unwrap_or(route.path);
    let path = path
        .strip_prefix("/workers/scripts/{script_name}")
        .unwrap_or(path);
    let name = format!("fresh-{number}");
    match (route.method, path) {
        ("PUT", "") if is_upload(route) => script(),
        ("POST", "/versions") => script(),
        ("PUT", "/content") => script(),
        ("POST", "/pages/projects/{project_name}/deployments") => {
            Content::Form(vec![("manifest", "{}".to_owned())])
        }
        ("PATCH", "/settings") => Content::Form(vec![("settings", "{}".to_owned())]),
        (method, path) => Content::Json(match (method, path) {
            ("PUT", "") => json!({ "name": "First account" }),
            ("PUT", "/memberships/{membership_id}") => json!({ "status": "accepted" }),
            ("POST", "/members") => {
                let roles = [Role::SecretsStoreReporter.id()];
                json!({ "email": format!("{name}@example.com"), "roles": roles })
            }
            ("PUT", "/members/{member_id}") => {
                json!({ "roles": [{ "id": Role::SecretsStoreReporter.id() }] })
            }
            ("POST", "/secrets_store/stores" | "/workers/workers") => json!({ "name": name }),
            ("POST", "/secrets_store/stores/{store_id}/secrets") => {
                json!([{ "name": "KEY", "value": "v", "scopes": ["workers"] }])
            }
            ("POST", "/coffer/stores/{store_id}/compare") => {
                json!([{ "name": "KEY", "value": "v" }])
            }
            ("DELETE", "/secrets_store/stores/{store_id}/secrets") => json!([{ "id": ID }]),
            ("PUT", "/workers/domains") => {
                json!({ "hostname": "a.example.com", "service": "nothing" })
            }
            ("POST", "/domains/changeset") => json!([]),
            ("PUT", "/domains/records") => json!({ "origins": [] }),
            ("PUT", "/routes") => json!([{ "pattern": "a.example.com/*" }]),
            ("PUT", "/schedules") => json!([{ "cron": "* * * * *" }]),
            ("POST", "/deployments") => json!({
                "strategy": "percentage",
                "versions": [{ "version_id": UUID, "percentage": 100 }],
            }),
            ("POST", "/assets-upload-session") => {
                json!({ "manifest": { "/index.html": { "hash": ID, "size": 1 } } })
            }
            ("PUT", "/secrets") => json!({ "name": "KEY", "text": "v", "type": "secret_text" }),
            ("PATCH", "/secrets-bulk") => json!({ "secrets": { "KEY": null } }),
            ("POST", "/subdomain") => json!({ "enabled": true }),
            ("PUT", "/workers/subdomain") => json!({ "subdomain": name }),
            ("POST", "/pages/projects") => json!({ "name": name, "production_branch": "main" }),
            ("POST", "/pages/assets/check-missing" | "/pages/assets/upsert-hashes") => {
                json!({ "hashes": [] })
            }
            ("POST", "/pages/assets/upload") => json!([]),
            ("POST", "/tokens" | "/user/tokens") => token(app, &name),
            _ => json!({}),
        }),
    }
}

/// A whole upload of code that starts.
fn script() -> Content {
    let metadata = json!({ "main_module": "index.js", "compatibility_date": "2026-01-01" });
    let code = "export default { fetch() { return new Response('ok') } }";
    Content::Form(vec![
        ("metadata", metadata.to_string()),
        ("index.js", code.to_owned()),
    ])
}

/// What makes a token that may read the secrets of the first account.
fn token(app: &TestApp, name: &str) -> Value {
    let account = format!("com.cloudflare.api.account.{}", app.first.account_id);
    json!({
        "name": name,
        "policies": [{
            "effect": "allow",
            "permission_groups": [{ "id": PermissionGroup::SECRETS_STORE_READ.id }],
            "resources": { account: "*" },
        }],
    })
}

fn form(parts: &[(&str, String)]) -> String {
    let mut form = String::new();
    for (name, content) in parts {
        let file = match name.ends_with(".js") {
            true => format!("; filename=\"{name}\"\r\nContent-Type: application/javascript+module"),
            false => String::new(),
        };
        form.push_str(&format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n"
        ));
    }
    form.push_str(&format!("--{BOUNDARY}--\r\n"));
    form
}
