//! The page itself.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use coffer_engine::{
    Engine, ManageUser, NoPasskeys, Passkey, PasskeySite, Result, SecondFactor, UserPermit,
    ViewMemberships, ViewUser,
};
use coffer_protocol::identity::{Membership, User};
use coffer_protocol::sessions::Session;
use coffer_types::MembershipStatus;

use super::device::device;
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::respond;
use crate::dashboard::passkey::why_not;
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{UserVisit, refused_in};

#[derive(Template)]
#[template(path = "profile/show.html")]
struct ProfilePage {
    shell: Shell,
    about: About,
    passkey_site: Result<PasskeySite, NoPasskeys>,
}

/// What the page tells.
struct About {
    user: User,
    sessions: Vec<Session>,
    memberships: Vec<Membership>,
    global_key_enabled: bool,
    second_factor: Option<SecondFactor>,
    passkeys: Vec<Passkey>,
}

impl ProfilePage {
    /// Why there can be no passkeys, if that is so.
    fn no_passkeys(&self) -> Option<&'static str> {
        self.passkey_site
            .as_ref()
            .err()
            .map(|reason| why_not(*reason))
    }

    fn device(&self, session: &Session) -> String {
        device(session.user_agent.as_deref())
    }
}

impl About {
    /// The name in one line; `None` if the user told none.
    fn name(&self) -> Option<String> {
        let names = [&self.user.first_name, &self.user.last_name];
        let names: Vec<&str> = names
            .into_iter()
            .flatten()
            .map(coffer_types::PersonName::as_str)
            .collect();
        (!names.is_empty()).then(|| names.join(" "))
    }

    fn is_invited(&self) -> bool {
        let mut memberships = self.memberships.iter();
        memberships.any(|one| one.status == MembershipStatus::Pending)
    }
}

pub(super) async fn show(
    State(app): State<App>,
    UserVisit { permit, shell }: UserVisit<ManageUser>,
) -> Response {
    match about(&app.engine, &permit).await {
        Ok(about) => respond(&ProfilePage {
            shell,
            about,
            passkey_site: app.passkeys.clone(),
        }),
        Err(error) => refused_in(shell, &error),
    }
}

async fn about(engine: &Engine, permit: &UserPermit<ManageUser>) -> Result<About> {
    let caller = permit.caller();
    let viewing = engine.authorize_user::<ViewUser>(caller)?;
    let memberships = engine.authorize_user::<ViewMemberships>(caller)?;
    let memberships = engine.own_memberships(&memberships).await?;
    Ok(About {
        user: engine.own_user(&viewing),
        sessions: engine.own_sessions(&viewing).await?,
        memberships: memberships
            .into_iter()
            .filter(|one| one.status != MembershipStatus::Rejected)
            .collect(),
        second_factor: engine.second_factor(&viewing).await?,
        passkeys: engine.own_passkeys(&viewing).await?,
        global_key_enabled: engine.is_global_key_enabled(&viewing),
    })
}
