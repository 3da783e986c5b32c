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
    use coffer_types::{Effect, PermissionGroup, Policy, Resource, Role, UserId};
    use serde_json::json;

    use crate::testing::members::{MEMBERS, accept, invited, member_of};
    use crate::testing::{Actor, TestApp, TokenTimes, failure, result};

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
        let [.., member, one, other] = events.as_slice() else {
            panic!("{events:?}");
        };
        let (deleted, changed) = if one.action == "delete" {
            (one, other)
        } else {
            (other, one)
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
            (deleted.action.as_str(), deleted.resource_kind.as_str()),
            ("delete", "token")
        );
        assert_eq!(deleted.details["before"]["name"], "test token");
        assert_eq!(
            (changed.action.as_str(), changed.resource_kind.as_str()),
            ("update", "token")
        );
        // The account's log tells of no other account.
        let named = format!("com.cloudflare.api.account.{}", app.first.account_id);
        assert_eq!(changed.details["before"]["resources"], json!([named]));
        assert_eq!(changed.details["after"]["resources"], json!([]));
    }

    /// A user's token of a shape, which may view stores in the accounts that it names.
    async fn token_over(app: &TestApp, user_id: UserId, shape: &[&[Resource]]) -> Actor {
        let policy = |resources: &[Resource]| Policy {
            effect: Effect::Allow,
            permission_groups: vec![match resources[0] {
                Resource::User(_) => PermissionGroup::USER_DETAILS_READ.id.to_owned(),
                _ => PermissionGroup::SECRETS_STORE_READ.id.to_owned(),
            }],
            resources: resources.to_vec(),
        };
        let policies = shape.iter().map(|resources| policy(resources)).collect();
        app.add_token_with_policies(TokenOwner::User(user_id), policies, TokenTimes::default())
            .await
    }

    #[tokio::test]
    async fn a_member_who_comes_back_brings_no_token_of_before() {
        let app = TestApp::new().await;
        let (id, everything) = app.known_member(&[Role::SecretsStoreAdmin]).await;
        let user_id = app.user_of(&id).await;
        let other = app.other_account().await;
        app.add_member(other.id, user_id, &[Role::SecretsStoreReporter])
            .await;
        let here = Resource::Account(app.first.account_id);
        let there = Resource::Account(other.id);
        let user = Resource::User(user_id);
        let shapes: [&[&[Resource]]; 6] = [
            &[&[here]],
            &[&[here], &[user]],
            &[&[here, there]],
            &[&[here], &[there], &[user]],
            &[&[Resource::EveryAccount]],
            &[&[Resource::EveryAccount], &[here]],
        ];
        let mut tokens = vec![everything];
        for shape in shapes {
            tokens.push(token_over(&app, user_id, shape).await);
        }
        for token in &tokens {
            result(&app.request_as(token, Method::GET, STORES, None).await);
        }
        let path = format!("{MEMBERS}/{id}");
        result(&app.request(Method::DELETE, &path, None).await);
        app.clock.advance_seconds(1);
        app.add_member(app.first.account_id, user_id, &[Role::SuperAdministrator])
            .await;
        for (index, token) in tokens.iter().enumerate() {
            let (status, _) = failure(&app.request_as(token, Method::GET, STORES, None).await);
            assert!(matches!(status, 401 | 404), "{index}: {status}");
        }
        // Elsewhere the tokens do what they did.
        let theirs = format!("/accounts/{}/secrets_store/stores", other.id);
        for index in [0, 3, 4, 5, 6] {
            let answer = app
                .request_as(&tokens[index], Method::GET, &theirs, None)
                .await;
            result(&answer);
        }
        // What is issued from now on acts here, and so does a token that names the account from now on.
        for shape in [&[&[here][..]][..], &[&[Resource::EveryAccount]]] {
            let token = token_over(&app, user_id, shape).await;
            result(&app.request_as(&token, Method::GET, STORES, None).await);
        }
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
