//! `PUT …/members/{member_id}`.

use axum::extract::{Path, State};
use coffer_engine::ManageAccount;
use coffer_protocol::members::Member;

use super::fields::{MemberPath, Membership, Problems};
use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::app::App;

/// Gives a member roles. What else clients repeat of the member is only for reading.
pub(super) async fn update(
    State(app): State<App>,
    path: Path<MemberPath>,
    Change {
        permit,
        body: Json(request),
    }: Change<ManageAccount, Json<Membership>>,
) -> ApiResult<Answer<Member>> {
    let id = MemberPath::id(&path)?;
    let mut problems = Problems::default();
    let roles = problems.roles(permit.account_id(), &request);
    problems.into_result()?;
    let member = app.engine.update_member(&permit, id, roles).await?;
    Ok(Answer::ok(member))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::Role;
    use serde_json::json;

    use crate::testing::members::{MEMBERS, invited, member_of};
    use crate::testing::{TestApp, failure, result};

    const STORES: &str = "/accounts/{account_id}/secrets_store/stores";

    #[tokio::test]
    async fn other_roles_count_at_once_for_a_token_in_use() {
        let app = TestApp::new().await;
        let (id, actor) = app.known_member(&[Role::SecretsStoreAdmin]).await;
        let made = app
            .request_as(&actor, Method::POST, STORES, Some(json!({ "name": "one" })))
            .await;
        result(&made);
        let path = format!("{MEMBERS}/{id}");
        let roles = json!({ "roles": [{ "id": Role::SecretsStoreReporter.id() }] });
        let updated = app.request(Method::PUT, &path, Some(roles)).await;
        assert_eq!(
            result(&updated)["roles"][0]["name"],
            "Secrets Store Reporter"
        );
        let event = app.last_event().await;
        assert_eq!(
            (event.action.as_str(), event.resource_kind.as_str()),
            ("update", "member")
        );
        assert_eq!(
            event.details["before"]["roles"],
            json!(["secrets_store_admin"])
        );
        assert_eq!(
            event.details["after"]["roles"],
            json!(["secrets_store_reporter"])
        );
        let refused = app
            .request_as(&actor, Method::POST, STORES, Some(json!({ "name": "two" })))
            .await;
        assert_eq!(failure(&refused).0, 403);
        result(&app.request_as(&actor, Method::GET, STORES, None).await);
    }

    #[tokio::test]
    async fn what_was_shown_of_a_member_can_be_sent_back() {
        let app = TestApp::new().await;
        let id = invited(&app, "new@example.com").await.id;
        let path = format!("{MEMBERS}/{id}");
        let shown = app.request(Method::GET, &path, None).await;
        let updated = app
            .request(Method::PUT, &path, Some(result(&shown).clone()))
            .await;
        assert_eq!(result(&updated), result(&shown));
        for body in [
            json!({}),
            json!({ "roles": [] }),
            json!({ "roles": ["x"] }),
            json!({ "policies": [] }),
        ] {
            let refused = app.request(Method::PUT, &path, Some(body.clone())).await;
            assert_eq!(failure(&refused).0, 400, "{body}");
        }
        assert_eq!(
            result(&app.request(Method::GET, &path, None).await),
            result(&shown)
        );
    }

    #[tokio::test]
    async fn the_last_super_administrator_is_not_demoted() {
        let app = TestApp::new().await;
        let admin = member_of(&app, "admin@example.com").await;
        let path = format!("{MEMBERS}/{admin}");
        let demoted = json!({ "roles": [Role::SecretsStoreAdmin.id()] });
        // One who is only invited does not count.
        app.pending_user(&[Role::SuperAdministrator]).await;
        let (status, errors) =
            failure(&app.request(Method::PUT, &path, Some(demoted.clone())).await);
        assert_eq!(status, 409);
        assert!(
            errors[0].starts_with("1005 last_super_administrator"),
            "{errors:?}"
        );
        // With more roles beside it nothing is lost.
        let more = json!({ "roles": [Role::SuperAdministrator.id(), Role::AuditLogsViewer.id()] });
        result(&app.request(Method::PUT, &path, Some(more)).await);
        app.known_member(&[Role::SuperAdministrator]).await;
        result(&app.request(Method::PUT, &path, Some(demoted)).await);
        assert_eq!(
            failure(&app.request(Method::DELETE, &path, None).await).0,
            403
        );
    }
}
