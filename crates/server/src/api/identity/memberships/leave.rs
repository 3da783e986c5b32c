//! `DELETE /memberships/{membership_id}`.

use axum::extract::{Path, State};
use coffer_engine::ManageMemberships;
use coffer_protocol::members::RemovedMember;

use super::MembershipPath;
use crate::api::answer::Answer;
use crate::api::body::UserChange;
use crate::api::error::ApiResult;
use crate::app::App;

/// Leaves an account.
pub(in crate::api::identity) async fn leave(
    State(app): State<App>,
    path: Path<MembershipPath>,
    UserChange { permit, body: () }: UserChange<ManageMemberships, ()>,
) -> ApiResult<Answer<RemovedMember>> {
    let id = MembershipPath::id(&path)?;
    Ok(Answer::ok(app.engine.leave_account(&permit, id).await?))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::Role;
    use serde_json::json;

    use crate::testing::members::{MEMBERS, member_of};
    use crate::testing::{TestApp, failure, result, text_at};

    #[tokio::test]
    async fn whoever_leaves_is_out_at_once() {
        let app = TestApp::new().await;
        let (id, user) = app.known_member(&[Role::SecretsStoreAdmin]).await;
        let stores = "/accounts/{account_id}/secrets_store/stores";
        result(&app.request_as(&user, Method::GET, stores, None).await);
        let path = format!("/memberships/{id}");
        let left = app.request_as(&user, Method::DELETE, &path, None).await;
        assert_eq!(result(&left), &json!({ "id": id }));
        assert_eq!(
            failure(&app.request_as(&user, Method::GET, stores, None).await).0,
            404
        );
        let event = app.last_event().await;
        assert_eq!(
            (event.action.as_str(), event.resource_kind.as_str()),
            ("delete", "member")
        );
        assert_eq!(
            result(
                &app.request_as(&user, Method::GET, "/memberships", None)
                    .await
            ),
            &json!([])
        );
    }

    #[tokio::test]
    async fn the_last_super_administrator_does_not_leave() {
        let app = TestApp::new().await;
        let id = member_of(&app, "admin@example.com").await;
        let path = format!("/memberships/{id}");
        let (status, errors) = failure(&app.request(Method::DELETE, &path, None).await);
        assert_eq!(status, 409);
        assert!(
            errors[0].starts_with("1005 last_super_administrator"),
            "{errors:?}"
        );
        app.known_member(&[Role::SuperAdministrator]).await;
        result(&app.request(Method::DELETE, &path, None).await);
    }

    #[tokio::test]
    async fn sessions_end_with_the_last_membership_and_not_before() {
        let app = TestApp::new().await;
        let (id, _) = app.known_member(&[Role::SecretsStoreAdmin]).await;
        let user_id = app.user_of(&id).await;
        let other = app.other_account().await;
        app.add_member(other.id, user_id, &[Role::SecretsStoreReporter])
            .await;
        let session = app.session_of(user_id).await;
        let user = async || app.request_as(&session, Method::GET, "/user", None).await;
        result(&user().await);
        result(
            &app.request(Method::DELETE, &format!("{MEMBERS}/{id}"), None)
                .await,
        );
        result(&user().await);
        let members = format!("/accounts/{}/members", other.id);
        let theirs = app
            .request_as(&other.admin, Method::GET, &members, None)
            .await;
        let theirs = result(&theirs).as_array().unwrap().iter();
        let member = theirs
            .clone()
            .find(|member| member["user"]["id"] == user_id.to_string());
        let path = format!("{members}/{}", text_at(member.unwrap(), "/id"));
        result(
            &app.request_as(&other.admin, Method::DELETE, &path, None)
                .await,
        );
        assert_eq!(failure(&user().await).0, 401);
        assert_eq!(app.last_event().await.details["sessions_ended"], 1);
    }
}
