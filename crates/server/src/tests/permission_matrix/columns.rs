//! The kinds of actors.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use axum::http::Method;
use coffer_types::{Clock, GroupScope, IpCondition, PermissionGroup, Permissions, Role, UserId};
use serde_json::json;

use crate::testing::members::{MEMBERS, accept, invited};
use crate::testing::{Actor, TestApp, TokenTimes, result, session_text, text_at};

/// From where a token asks that may be used only elsewhere.
const PEER: ([u8; 4], u16) = ([192, 0, 2, 1], 4711);

/// How good an actor's credentials are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credentials {
    /// There are none, or they are wrong, or do not count now.
    Bad,
    /// They are right, and may not be used from where the actor is.
    WrongPlace,
    /// They are right.
    Good,
}

/// A column.
pub(super) struct Column {
    pub(super) name: String,
    actor: Actor,
    /// What the actor may do in the account; `None` if the account is not to be known of.
    pub(super) may: Option<Permissions>,
    /// What the actor may do about its own user.
    pub(super) about_user: Permissions,
    pub(super) credentials: Credentials,
    /// Whether the requests come from a page of another origin.
    pub(super) elsewhere: bool,
    /// The user by whose session it acts: one of its own for each request, because some end it.
    session_of: Option<UserId>,
}

impl Column {
    fn new(name: &str, actor: Actor, may: Option<Permissions>, about_user: Permissions) -> Self {
        Self {
            name: name.to_owned(),
            actor,
            may,
            about_user,
            credentials: Credentials::Good,
            elsewhere: false,
            session_of: None,
        }
    }

    /// One that may do nothing, for its credentials.
    fn refused(name: &str, actor: Actor, credentials: Credentials) -> Self {
        Self {
            credentials,
            ..Self::new(name, actor, None, Permissions::NONE)
        }
    }

    /// Who asks the next time.
    pub(super) async fn acts(&self, app: &TestApp) -> Actor {
        match self.session_of {
            None => self.actor.clone(),
            Some(user_id) if self.elsewhere => {
                let session = app.session_of(user_id).await;
                session.and("origin", "https://elsewhere.example.com")
            }
            Some(user_id) => app.session_of(user_id).await,
        }
    }

    /// From where it asks, if that matters.
    pub(super) fn peer(&self) -> Option<ConnectInfo<SocketAddr>> {
        (self.credentials == Credentials::WrongPlace).then(|| ConnectInfo(SocketAddr::from(PEER)))
    }
}

pub(super) async fn columns(app: &TestApp) -> Vec<Column> {
    let mut columns = refused(app).await;
    columns.extend(strangers(app).await);
    columns.extend(administrators(app).await);
    columns.extend(sessions(app).await);
    for role in Role::ALL {
        let name = format!("role {}", role.title());
        let actor = app.member_with(&[role]).await;
        let may = Some(role.permissions());
        columns.push(Column::new(&name, actor, may, Permissions::OF_USER));
    }
    columns.push(reporter_by_key(app).await);
    for group in PermissionGroup::ALL {
        let (may, about_user) = match group.scope {
            GroupScope::Account => (Some(group.permissions), Permissions::NONE),
            GroupScope::User => (None, group.permissions),
        };
        let name = format!("token {}", group.name);
        let actor = app.token_with(&[group]).await;
        columns.push(Column::new(&name, actor, may, about_user));
    }
    columns
}

/// Those whose credentials count for nothing. Each of the tokens could do everything otherwise.
async fn refused(app: &TestApp) -> Vec<Column> {
    let disabled = TokenTimes {
        enabled: false,
        ..TokenTimes::default()
    };
    let expired = TokenTimes {
        expires_at: Some(app.clock.now()),
        ..TokenTimes::default()
    };
    let elsewhere = IpCondition {
        within: vec!["198.51.100.0/24".parse().unwrap()],
        not_in: Vec::new(),
    };
    let elsewhere = app.token_for(elsewhere).await;
    let (disabled, expired) = (
        app.timed_token(disabled).await,
        app.timed_token(expired).await,
    );
    vec![
        Column::refused("nobody", Actor::nobody(), Credentials::Bad),
        Column::refused("wrong token", Actor::wrong_token(), Credentials::Bad),
        Column::refused("disabled token", disabled, Credentials::Bad),
        Column::refused("expired token", expired, Credentials::Bad),
        Column::refused(
            "token from a wrong address",
            elsewhere,
            Credentials::WrongPlace,
        ),
    ]
}

/// Those who are known and are to know nothing of the account.
async fn strangers(app: &TestApp) -> Vec<Column> {
    let every_role = [Role::SuperAdministrator];
    let other = app.other_account().await.admin;
    let pending = app.pending_user(&every_role).await;
    let pending = app.token_of(pending).await;
    let (removed_id, removed) = app.known_member(&every_role).await;
    let path = format!("{MEMBERS}/{removed_id}");
    result(&app.request(Method::DELETE, &path, None).await);
    let stranger = |name, actor| Column::new(name, actor, None, Permissions::OF_USER);
    vec![
        stranger("Super Administrator of another account", other),
        stranger("Super Administrator to be, still invited", pending),
        stranger("Super Administrator that was, removed", removed),
        Column::new(
            "token without permission groups",
            app.token_with(&[]).await,
            None,
            Permissions::NONE,
        ),
    ]
}

/// Those who may do everything in the account.
async fn administrators(app: &TestApp) -> Vec<Column> {
    let account_token = app.account_token(&PermissionGroup::ALL).await;
    let column = |name, actor, about_user| {
        Column::new(name, actor, Some(Permissions::OF_ACCOUNT), about_user)
    };
    let (of_user, none) = (Permissions::OF_USER, Permissions::NONE);
    vec![
        column("Super Administrator's token", app.admin(), of_user),
        column(
            "Super Administrator's global key",
            app.admin_by_key(),
            of_user,
        ),
        column("account's own token, all groups", account_token, none),
    ]
}

/// Those who act by a session.
async fn sessions(app: &TestApp) -> Vec<Column> {
    let admin = app.admin_id().await;
    let role = Role::SecretsStoreReporter;
    let reporter = app.add_user().await;
    app.add_member(app.first.account_id, reporter, &[role])
        .await;
    let column = |name: &str, user_id, may: Permissions| Column {
        session_of: Some(user_id),
        ..Column::new(name, Actor::nobody(), Some(may), Permissions::OF_USER)
    };
    let every = Permissions::OF_ACCOUNT;
    vec![
        column("Super Administrator's session", admin, every),
        column(
            "session of a Secrets Store Reporter",
            reporter,
            role.permissions(),
        ),
        Column {
            elsewhere: true,
            ..column(
                "Super Administrator's session, from another origin",
                admin,
                every,
            )
        },
    ]
}

/// A member with little to do, by the global key, which the member asked for as members do.
async fn reporter_by_key(app: &TestApp) -> Column {
    let (email, password) = ("reporter@example.com", "a password for the matrix");
    let invitation = invited(app, email).await;
    result(&accept(app, &invitation.text, password).await);
    let session = session_text(&app.sign_in_with(email, password).await);
    let body = json!({ "password": password });
    let path = "/user/coffer/global_key/view";
    let answer = app
        .request_as(&Actor::session(&session), Method::POST, path, Some(body))
        .await;
    let key = text_at(result(&answer), "/value");
    Column::new(
        "global key of a Secrets Store Reporter",
        Actor::with_headers(&[("x-auth-email", email)]).and("x-auth-key", &key),
        Some(Role::SecretsStoreReporter.permissions()),
        Permissions::OF_USER,
    )
}
