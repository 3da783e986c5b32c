//! Memberships of the user who asks: `GET /memberships` and `GET /memberships/{membership_id}` here.

mod answer;
mod leave;

use axum::extract::{Path, State};
use coffer_engine::{Direction, Error, Missing, ViewMemberships};
use coffer_protocol::identity::Membership;
use coffer_types::MemberId;
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::error::{ApiError, ApiResult};
use crate::api::page::{Query, refused};
use crate::api::permitted::PermittedUser;
use crate::app::App;

pub(super) use answer::answer;
pub(super) use leave::leave;

/// Page sizes of this list, from its API description.
const PAGE_SIZES: std::ops::RangeInclusive<u32> = 1..=50;
const DEFAULT_PAGE_SIZE: u32 = 20;

/// The membership of a path.
#[derive(Debug, Deserialize)]
pub(in crate::api::identity) struct MembershipPath {
    membership_id: String,
}

impl MembershipPath {
    /// The membership's id; a text that is none names no membership.
    fn id(Path(path): &Path<Self>) -> Result<MemberId, Error> {
        let id = path.membership_id.parse();
        id.map_err(|_| Missing::Membership.into())
    }
}

/// The memberships of the user who asks.
pub(super) async fn list(
    State(app): State<App>,
    permitted: Result<PermittedUser<ViewMemberships>, ApiError>,
    query: Query,
) -> ApiResult<Answer<Vec<Membership>>> {
    let PermittedUser(permit) = permitted.map_err(denied)?;
    let page = query.page(PAGE_SIZES, DEFAULT_PAGE_SIZE)?;
    let (status, direction) = (query.status()?, query.direction(Direction::Ascending)?);
    let order = query.value("order");
    if !matches!(order, None | Some("id" | "account.name" | "status")) {
        return Err(refused("order", "must be id, account.name or status"));
    }
    let mut memberships = app.engine.own_memberships(&permit).await?;
    if let Some(status) = status {
        memberships.retain(|membership| membership.status == status);
    }
    if let Some(name) = query.value("account.name").or_else(|| query.value("name")) {
        memberships.retain(|membership| membership.account.name == name);
    }
    match order {
        Some("id") => memberships.sort_by_key(|one| one.id),
        Some("account.name") => {
            memberships.sort_by(|one, other| one.account.name.cmp(&other.account.name));
        }
        Some("status") => memberships.sort_by_key(|one| one.status.as_str()),
        _ => {}
    }
    if direction == Direction::Descending {
        memberships.reverse();
    }
    let (memberships, info) = page.of(memberships);
    Ok(Answer::page(memberships, info))
}

/// One membership of the user who asks.
pub(super) async fn find(
    State(app): State<App>,
    permitted: Result<PermittedUser<ViewMemberships>, ApiError>,
    path: Path<MembershipPath>,
) -> ApiResult<Answer<Membership>> {
    let PermittedUser(permit) = permitted.map_err(denied)?;
    let id = MembershipPath::id(&path)?;
    Ok(Answer::ok(app.engine.own_membership(&permit, id).await?))
}

/// To clients, code 9109 here would mean something else than that there is no user.
fn denied(error: ApiError) -> ApiError {
    match error {
        ApiError::Engine(Error::NoUser) => Error::Denied.into(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::{PermissionGroup, Role};
    use serde_json::json;

    use crate::testing::members::{MEMBERS, member_of};
    use crate::testing::{Answer, TestApp, failure, result, text_at};

    async fn list(app: &TestApp, query: &str) -> Answer {
        let path = format!("/memberships?{query}");
        app.request(Method::GET, &path, None).await
    }

    #[tokio::test]
    async fn a_membership_names_its_account_and_roles() {
        let app = TestApp::new().await;
        let answer = list(&app, "").await;
        let membership = &result(&answer)[0];
        let account = app
            .request(Method::GET, "/accounts/{account_id}", None)
            .await;
        let id = member_of(&app, "admin@example.com").await;
        let member = app
            .request(Method::GET, &format!("{MEMBERS}/{id}"), None)
            .await;
        assert_eq!(
            membership,
            &json!({
                "id": id,
                "status": "accepted",
                "account": result(&account),
                "api_access_enabled": true,
                "roles": ["Super Administrator - All Privileges"],
                "permissions": result(&member)["roles"][0]["permissions"],
                "policies": result(&member)["policies"],
            })
        );
        let shown = app
            .request(Method::GET, &format!("/memberships/{id}"), None)
            .await;
        assert_eq!(result(&shown), membership);
    }

    #[tokio::test]
    async fn memberships_are_paged_ordered_and_filtered() {
        let app = TestApp::new().await;
        let other = app.other_account().await;
        app.add_member(other.id, app.admin_id().await, &[Role::WorkersReadOnly])
            .await;
        for (query, expected) in [
            ("", 2),
            ("status=accepted", 2),
            ("status=pending", 0),
            ("status=rejected", 0),
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
        let names = async |query: &str| {
            let answer = list(&app, query).await;
            let found = result(&answer).as_array().unwrap().iter();
            found
                .map(|one| text_at(one, "/account/name"))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            names("order=account.name").await,
            ["First account", "Other account"]
        );
        assert_eq!(
            names("order=account.name&direction=desc").await,
            ["Other account", "First account"]
        );
        let mut by_id = names("order=id").await;
        by_id.reverse();
        assert_eq!(names("order=id&direction=desc").await, by_id);
        assert_eq!(names("order=status").await.len(), 2);
        for query in [
            "page=0",
            "per_page=51",
            "status=invited",
            "order=name",
            "direction=up",
        ] {
            assert_eq!(failure(&list(&app, query).await).0, 400, "{query}");
        }
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
