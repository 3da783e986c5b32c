//! Workers: scripts, versions, deployments, per-Worker secrets, settings.

mod account_settings;
mod account_subdomain;
mod assets;
#[cfg(test)]
mod at_once;
mod binding;
#[cfg(test)]
mod binding_edits;
mod deployments;
mod elsewhere;
mod fields;
mod hostnames;
mod schedules;
mod scripts;
mod secrets;
mod settings;
mod subdomain;
mod tails;
#[cfg(test)]
pub(super) mod testing;
mod upload;
mod versions;
mod worker;

pub(super) use upload::{Form, Part, Uploaded, parse as parse_upload};

use super::route::Route;

/// The routes of this area.
pub(super) fn routes() -> Vec<Route> {
    let mut routes = scripts::routes();
    routes.extend(schedules::routes());
    routes.extend(versions::routes());
    routes.extend(deployments::routes());
    routes.extend(assets::routes());
    routes.extend(secrets::routes());
    routes.extend(settings::routes());
    routes.extend(subdomain::routes());
    routes.extend(tails::routes());
    routes.extend(worker::routes());
    routes.extend(elsewhere::routes());
    routes.extend(hostnames::routes());
    routes
}

/// The routes of this area that are about the account.
pub(super) fn account_routes() -> Vec<Route> {
    let mut routes = account_settings::routes();
    routes.extend(account_subdomain::routes());
    routes
}

/// The routes of this area that are about no one account.
pub(super) fn zone_routes() -> Vec<Route> {
    hostnames::zone_routes()
}

/// The routes of this area that ask for another token than the API's.
pub(super) fn token_routes() -> Vec<Route> {
    assets::token_routes()
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::Role;

    use super::routes;
    use super::testing::Multipart;
    use crate::testing::{Actor, TestApp, failure};

    fn path_of(path: &str) -> String {
        let version = "c5e9c03c-4448-49b4-a1b1-b19bf4cd2241";
        path.replace("{script_name}", "w")
            .replace("{worker_id}", "w")
            .replace("{id}", "0123456789abcdef0123456789abcdef")
            .replace("{domain_id}", "0123456789abcdef0123456789abcdef")
            .replace("{version_id}", version)
            .replace("{deployment_id}", version)
            .replace("{secret_name}", "S")
    }

    #[tokio::test]
    async fn every_operation_asks_who_and_whether() {
        let app = TestApp::new().await;
        let viewer = app.member_with(&[Role::AuditLogsViewer]).await;
        let reader = app.member_with(&[Role::WorkersReadOnly]).await;
        let store_admin = app.member_with(&[Role::SecretsStoreAdmin]).await;
        let stranger = app.other_account().await.admin;
        app.upload("w", serde_json::json!([])).await;
        let written = app.written().await;
        for route in routes() {
            let info = route.info;
            let method: Method = info.method.parse().unwrap();
            let path = path_of(info.path);
            let refusal = async |actor: &Actor| {
                let body = Multipart::default().field("settings", "{}");
                failure(&app.multipart_as(actor, method.clone(), &path, body).await)
            };
            let name = format!("{} {}", info.method, info.path);
            let (status, errors) = refusal(&Actor::nobody()).await;
            assert_eq!((status, &errors[0][..5]), (400, "9106 "), "{name}");
            let (status, errors) = refusal(&Actor::wrong_token()).await;
            assert_eq!((status, &errors[0][..6]), (401, "10000 "), "{name}");
            for actor in [&viewer, &store_admin] {
                let (status, errors) = refusal(actor).await;
                assert_eq!((status, &errors[0][..6]), (403, "10000 "), "{name}");
            }
            // Another account's is as if it were not there at all.
            let (status, errors) = refusal(&stranger).await;
            assert_eq!((status, &errors[0][..5]), (404, "7003 "), "{name}");
            if method != Method::GET {
                assert_eq!(refusal(&reader).await.0, 403, "{name}");
            }
        }
        assert_eq!(app.written().await, written);
    }
}
