//! `DELETE …/members/{member_id}`.

use axum::extract::{Path, State};
use coffer_engine::ManageAccount;
use coffer_protocol::members::RemovedMember;

use super::fields::MemberPath;
use crate::api::answer::Answer;
use crate::api::body::Change;
use crate::api::error::ApiResult;
use crate::app::App;

/// Removes a member, or takes an invitation back.
pub(super) async fn remove(
    State(app): State<App>,
    path: Path<MemberPath>,
    Change { permit, body: () }: Change<ManageAccount, ()>,
) -> ApiResult<Answer<RemovedMember>> {
    let id = MemberPath::id(&path)?;
    Ok(Answer::ok(app.engine.remove_member(&permit, id).await?))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_store::rows::tokens::TokenOwner;
    use coffer_types::{Effect, PermissionGroup, Policy, Resource, Role};
    use serde_json::json;

    use crate::testing::members::{MEMBERS, accept, invited, member_of};
    use crate::testing::{TestApp, TokenTimes, failure, result};

    const STORES: &str = "/accounts/{account_id}/secrets_store/stores";

    #[tokio::test]
    async fn a_removed_member_is_out_at_once_and_so_are_tokens_for_that_account() {
        let app = TestApp::new().await;
        let (id, everywhere) = app.known_member(&[Role::SecretsStoreAdmin]).await;
        let user_id = app.user_of(&id).await;
        let other = app.other_account().await;
        app.add_member(other.id, user_id, &[Role::SecretsStoreReporter])
            .await;
        let allow = |resources| Policy {
            effect: Effect::Allow,
            permission_groups: vec![PermissionGroup::SECRETS_STORE_READ.id.to_owned()],
            resources,
        };
        let here = Resource::Account(app.first.account_id);
        let owner = TokenOwner::User(user_id);
        let only_here = app
            .add_token_with_policies(owner, vec![allow(vec![here])], TokenTimes::default())
            .await;
        let both = vec![allow(vec![here, Resource::Account(other.id)])];
        let both = app
            .add_token_with_policies(owner, both, TokenTimes::default())
            .await;
        let theirs = format!("/accounts/{}/secrets_store/stores", other.id);
        for actor in [&everywhere, &only_here, &both] {
            result(&app.request_as(actor, Method::GET, STORES, None).await);
        }

        let removed = app
            .request(Method::DELETE, &format!("{MEMBERS}/{id}"), None)
            .await;
        assert_eq!(result(&removed), &json!({ "id": id }));
        for (actor, here, there) in [
            (&everywhere, 404, 200),
            (&both, 404, 200),
            (&only_here, 401, 401),
        ] {
            let answer = app.request_as(actor, Method::GET, STORES, None).await;
            assert_eq!(answer.0, here);
            let answer = app.request_as(actor, Method::GET, &theirs, None).await;
            assert_eq!(answer.0, there);
        }
        let shown = app
            .request(Method::GET, &format!("{MEMBERS}/{id}"), None)
            .await;
        assert_eq!(
            failure(&shown),
            (404, vec!["1003 member_not_found".to_owned()])
        );
        let events = app.audit_events().await;
        let [.., member, token] = events.as_slice() else {
            panic!("{events:?}");
        };
        assert_eq!(
            (member.action.as_str(), member.resource_kind.as_str()),
            ("delete", "member")
        );
        assert_eq!(
            member.details["before"]["roles"],
            json!(["secrets_store_admin"])
        );
        assert_eq!(member.details["tokens_deleted"], 1);
        assert_eq!(
            (token.action.as_str(), token.resource_kind.as_str()),
            ("delete", "token")
        );
        assert_eq!(token.details["before"]["name"], "test token");
    }

    #[tokio::test]
    async fn the_last_super_administrator_stays() {
        let app = TestApp::new().await;
        let admin = format!("{MEMBERS}/{}", member_of(&app, "admin@example.com").await);
        let (status, errors) = failure(&app.request(Method::DELETE, &admin, None).await);
        assert_eq!(status, 409);
        assert!(
            errors[0].starts_with("1005 last_super_administrator"),
            "{errors:?}"
        );
        result(&app.request(Method::GET, &admin, None).await);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_two_super_administrators_who_remove_each_other_one_stays() {
        for _ in 0..8 {
            let app = TestApp::new().await;
            let (their_id, they) = app.known_member(&[Role::SuperAdministrator]).await;
            let my_id = member_of(&app, "admin@example.com").await;
            let me = app.admin();
            let remove = async |actor, id: &str| {
                let path = format!("{MEMBERS}/{id}");
                app.request_as(actor, Method::DELETE, &path, None).await.0
            };
            let (mine, theirs) = tokio::join!(remove(&me, &their_id), remove(&they, &my_id));
            assert!(mine.is_success() != theirs.is_success(), "{mine} {theirs}");
            let winner = if mine.is_success() { &me } else { &they };
            let left = app.request_as(winner, Method::GET, MEMBERS, None).await;
            assert_eq!(result(&left).as_array().unwrap().len(), 1);
        }
    }

    #[tokio::test]
    async fn an_invitation_that_is_taken_back_is_dead() {
        let app = TestApp::new().await;
        let invited = invited(&app, "new@example.com").await;
        let path = format!("{MEMBERS}/{}", invited.id);
        result(&app.request(Method::DELETE, &path, None).await);
        let (status, errors) = failure(&accept(&app, &invited.text, "a long password").await);
        assert_eq!(status, 404);
        assert!(
            errors[0].starts_with("1003 invitation_not_found"),
            "{errors:?}"
        );
        assert_eq!(
            failure(&app.request(Method::DELETE, &path, None).await).0,
            404
        );
    }
}
