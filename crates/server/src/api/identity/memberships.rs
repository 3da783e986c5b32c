//! `GET /memberships`.

use axum::extract::State;
use coffer_engine::{Error, ViewMemberships};
use coffer_protocol::identity::Membership;

use crate::api::answer::Answer;
use crate::api::error::{ApiError, ApiResult};
use crate::api::page::Query;
use crate::api::permitted::PermittedUser;
use crate::app::App;

/// Page sizes of this list, from its API description.
const PAGE_SIZES: std::ops::RangeInclusive<u32> = 1..=50;
const DEFAULT_PAGE_SIZE: u32 = 20;

/// The memberships of the user who asks.
pub(super) async fn list(
    State(app): State<App>,
    permitted: Result<PermittedUser<ViewMemberships>, ApiError>,
    query: Query,
) -> ApiResult<Answer<Vec<Membership>>> {
    // To clients, code 9109 here would mean something else than that there is no user.
    let PermittedUser(permit) = permitted.map_err(|error| match error {
        ApiError::Engine(Error::NoUser) => Error::Denied.into(),
        other => other,
    })?;
    let page = query.page(PAGE_SIZES, DEFAULT_PAGE_SIZE)?;
    let mut memberships = app.engine.own_memberships(&permit).await?;
    if let Some(status) = query.value("status") {
        memberships.retain(|membership| membership.status == status);
    }
    if let Some(name) = query.value("account.name").or_else(|| query.value("name")) {
        memberships.retain(|membership| membership.account.name == name);
    }
    let (memberships, info) = page.of(memberships);
    Ok(Answer::page(memberships, info))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::{PermissionGroup, Role};
    use serde_json::json;

    use crate::testing::{Answer, TestApp, failure, result, text_at};

    async fn list(app: &TestApp, query: &str) -> Answer {
        app.request(Method::GET, &format!("/memberships?{query}"), None)
            .await
    }

    #[tokio::test]
    async fn a_membership_names_its_account_and_roles() {
        let app = TestApp::new().await;
        let answer = list(&app, "").await;
        let id = text_at(result(&answer), "/0/id");
        assert_eq!(
            result(&answer),
            &json!([{
                "id": id,
                "status": "accepted",
                "account": { "id": app.first.account_id, "name": "First account" },
                "roles": ["Super Administrator - All Privileges"],
                "permissions": {},
            }])
        );
    }

    #[tokio::test]
    async fn memberships_are_paged_and_filtered() {
        let app = TestApp::new().await;
        let other = app.other_account().await;
        app.add_member(other.id, app.admin_id().await, &[Role::WorkersReadOnly])
            .await;
        for (query, expected) in [
            ("", 2),
            ("status=accepted", 2),
            ("status=pending", 0),
            ("account.name=Other%20account", 1),
            ("name=First+account", 1),
            ("name=First", 0),
            ("per_page=1&page=2", 1),
            ("per_page=1&page=3", 0),
            ("page=2", 0),
        ] {
            let answer = list(&app, query).await;
            assert_eq!(
                result(&answer).as_array().unwrap().len(),
                expected,
                "{query}"
            );
        }
        assert_eq!(failure(&list(&app, "page=0").await).0, 400);
    }

    #[tokio::test]
    async fn an_account_s_own_token_has_none() {
        let app = TestApp::new().await;
        let token = app.account_token(&PermissionGroup::ALL).await;
        let answer = app
            .request_as(&token, Method::GET, "/memberships", None)
            .await;
        let (status, errors) = failure(&answer);
        // Clients take any other code for a fault.
        assert_eq!((status, &errors[0][..6]), (403, "10000 "));
    }
}
