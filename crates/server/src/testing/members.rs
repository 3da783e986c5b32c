//! Members and invitations for the tests of this area and of the invitation's page.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Method;
use coffer_crypto::SystemRandom;
use coffer_store::rows::members::{self, MemberRow};
use coffer_store::rows::tokens::TokenOwner;
use coffer_types::{Clock, MemberId, MembershipStatus, PermissionGroup, Role, UserId};
use serde_json::{Value, json};

use super::{Actor, Answer, TestApp, TokenTimes, result, text_at};

pub(crate) const MEMBERS: &str = "/accounts/{account_id}/members";
pub(crate) const ACCEPT: &str = "/user/coffer/invitations/accept";

/// Someone invited, and the text of the invitation.
pub(crate) struct Invited {
    pub(crate) id: String,
    pub(crate) text: String,
}

/// Sends an invitation of the Super Administrator.
pub(crate) async fn invite(app: &TestApp, body: Value) -> Answer {
    app.request(Method::POST, MEMBERS, Some(body)).await
}

/// Invites someone as a reporter.
pub(crate) async fn invited(app: &TestApp, email: &str) -> Invited {
    let body = json!({ "email": email, "roles": [Role::SecretsStoreReporter.id()] });
    let answer = invite(app, body).await;
    Invited {
        id: text_at(result(&answer), "/id"),
        text: text_of(&answer),
    }
}

/// The text at the end of an invitation's link.
pub(crate) fn text_of(answer: &Answer) -> String {
    let url = text_at(result(answer), "/coffer/invitation_url");
    url.rsplit_once('/').unwrap().1.to_owned()
}

/// Accepts an invitation as nobody who is known.
pub(crate) async fn accept(app: &TestApp, invitation: &str, password: &str) -> Answer {
    let body = json!({ "invitation": invitation, "password": password });
    app.request_as(&Actor::nobody(), Method::POST, ACCEPT, Some(body))
        .await
}

/// The id of the member of the first account with this address.
pub(crate) async fn member_of(app: &TestApp, email: &str) -> String {
    let path = format!("{MEMBERS}?per_page=50");
    let answer = app.request(Method::GET, &path, None).await;
    let mut found = result(&answer).as_array().unwrap().iter();
    let member = found.find(|member| member["email"] == email).unwrap();
    text_at(member, "/id")
}

impl TestApp {
    /// Sends a JSON request as anyone, from an address.
    pub(crate) async fn request_from(
        &self,
        address: [u8; 4],
        actor: &Actor,
        method: Method,
        path: &str,
        body: Value,
    ) -> Answer {
        let mut request = self.build(actor, method, path, Body::from(body.to_string()));
        let peer = SocketAddr::from((address, 4711));
        request.extensions_mut().insert(ConnectInfo(peer));
        self.send(request).await
    }

    /// A moment so many seconds from now as the API writes it.
    pub(crate) fn clock_after(&self, seconds: i64) -> String {
        self.clock
            .now()
            .plus_micros(seconds * 1_000_000)
            .to_string()
    }

    /// A token of a user, with every permission group.
    pub(crate) async fn token_of(&self, user_id: UserId) -> Actor {
        let owner = TokenOwner::User(user_id);
        self.add_token(owner, &PermissionGroup::ALL, TokenTimes::default())
            .await
    }

    /// An accepted member of the first account, with a token that may do all the user may.
    pub(crate) async fn known_member(&self, roles: &[Role]) -> (String, Actor) {
        let user_id = self.add_user().await;
        let id = self
            .add_membership(user_id, roles, MembershipStatus::Accepted)
            .await;
        (id, self.token_of(user_id).await)
    }

    /// A user with a password who is invited with these roles.
    pub(crate) async fn pending_user(&self, roles: &[Role]) -> UserId {
        let user_id = self.add_user().await;
        self.add_membership(user_id, roles, MembershipStatus::Pending)
            .await;
        user_id
    }

    /// The user of a member.
    pub(crate) async fn user_of(&self, member_id: &str) -> UserId {
        let mut reader = self.store.reader().await.unwrap();
        let id = member_id.parse().unwrap();
        let found = members::find_any(&mut reader, id).await.unwrap();
        found.unwrap().user_id
    }

    async fn add_membership(
        &self,
        user_id: UserId,
        roles: &[Role],
        status: MembershipStatus,
    ) -> String {
        let row = Arc::new(MemberRow {
            id: MemberId::random(&SystemRandom),
            account_id: self.first.account_id,
            user_id,
            roles: roles.to_vec(),
            status,
            created_at: self.clock.now(),
        });
        let id = row.id.to_string();
        self.add_rows(move |tx| {
            let row = Arc::clone(&row);
            Box::pin(async move { members::insert(tx, &row).await })
        })
        .await;
        id
    }
}
