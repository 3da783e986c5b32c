//! `GET /memberships`, and `GET`, `PUT` and `DELETE /memberships/{membership_id}`.

use axum::extract::{Path, State};
use coffer_engine::{
    Direction, Error, InvitationAnswer, ManageMemberships, Missing, Problem, ViewMemberships,
};
use coffer_protocol::identity::Membership;
use coffer_protocol::members::RemovedMember;
use coffer_types::MemberId;
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::body::{Json, UserChange};
use crate::api::error::{ApiError, ApiResult};
use crate::api::page::{Query, refused};
use crate::api::permitted::PermittedUser;
use crate::app::App;

/// Page sizes of this list, from its API description.
const PAGE_SIZES: std::ops::RangeInclusive<u32> = 1..=50;
const DEFAULT_PAGE_SIZE: u32 = 20;

/// The membership of a path.
#[derive(Debug, Deserialize)]
pub(super) struct MembershipPath {
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
            memberships.sort_by(|one, other| one.account.name.cmp(&other.account.name))
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

/// The answer to an invitation.
#[derive(Debug, Deserialize)]
pub(super) struct AnswerToInvitation {
    #[serde(default)]
    status: String,
}

/// Accepts an invitation, or refuses it.
pub(super) async fn answer(
    State(app): State<App>,
    path: Path<MembershipPath>,
    UserChange {
        permit,
        body: Json(body),
    }: UserChange<ManageMemberships, Json<AnswerToInvitation>>,
) -> ApiResult<Answer<Membership>> {
    let id = MembershipPath::id(&path)?;
    let answer = match body.status.as_str() {
        "accepted" => InvitationAnswer::Accept,
        "rejected" => InvitationAnswer::Reject,
        _ => {
            let problem = Problem::NotOffered("status must be accepted or rejected");
            return Err(Error::invalid("/status", problem).into());
        }
    };
    let membership = app.engine.answer_invitation(&permit, id, answer).await?;
    Ok(Answer::ok(membership))
}

/// Leaves an account.
pub(super) async fn leave(
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
    use coffer_types::{PermissionGroup, Role};
    use serde_json::{Value, json};

    use crate::testing::members::{MEMBERS, accept, invited, member_of};
    use crate::testing::{Actor, Answer, OtherAccount, TestApp, failure, result, text_at};

    const PASSWORD: &str = "correct horse battery";

    async fn list_as(app: &TestApp, actor: &Actor, query: &str) -> Answer {
        let path = format!("/memberships?{query}");
        app.request_as(actor, Method::GET, &path, None).await
    }

    async fn list(app: &TestApp, query: &str) -> Answer {
        list_as(app, &app.admin(), query).await
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

    /// A member of the first account whom another account invites; the token of that user, that account's
    /// administrator, and the membership there.
    async fn invited_elsewhere(app: &TestApp) -> (Actor, OtherAccount, String) {
        let member = invited(app, "new@example.com").await;
        result(&accept(app, &member.text, PASSWORD).await);
        let user = app.token_of(app.user_of(&member.id).await).await;
        let other = app.other_account().await;
        let path = format!("/accounts/{}/members", other.id);
        let body = json!({ "email": "new@example.com", "roles": [Role::SecretsStoreAdmin.id()] });
        let answer = app
            .request_as(&other.admin, Method::POST, &path, Some(body))
            .await;
        (user, other, text_at(result(&answer), "/id"))
    }

    async fn answer_with(app: &TestApp, actor: &Actor, id: &str, status: &str) -> Answer {
        let path = format!("/memberships/{id}");
        app.request_as(actor, Method::PUT, &path, Some(json!({ "status": status })))
            .await
    }

    #[tokio::test]
    async fn an_invitation_permits_nothing_until_it_is_accepted() {
        let app = TestApp::new().await;
        let (user, other, id) = invited_elsewhere(&app).await;
        let stores = format!("/accounts/{}/secrets_store/stores", other.id);
        let pending = list_as(&app, &user, "status=pending").await;
        assert_eq!(text_at(result(&pending), "/0/id"), id);
        assert_eq!(result(&pending)[0]["permissions"], json!({}));
        assert_eq!(
            failure(&app.request_as(&user, Method::GET, &stores, None).await).0,
            404
        );

        let accepted = answer_with(&app, &user, &id, "accepted").await;
        assert_eq!(result(&accepted)["status"], "accepted");
        assert_eq!(
            result(&accepted)["permissions"]["secrets_store"],
            json!({ "read": true, "write": true })
        );
        result(&app.request_as(&user, Method::GET, &stores, None).await);
        let event = app.last_event().await;
        assert_eq!(
            (event.resource_kind.as_str(), event.account_id),
            ("member", Some(other.id))
        );
        assert_eq!(event.details["before"]["status"], "pending");
        assert_eq!(event.details["after"]["status"], "accepted");

        // The same again changes nothing; another answer is too late.
        let events = app.audit_events().await.len();
        result(&answer_with(&app, &user, &id, "accepted").await);
        let (status, errors) = failure(&answer_with(&app, &user, &id, "rejected").await);
        assert_eq!(status, 409);
        assert!(
            errors[0].starts_with("1004 invitation_answered"),
            "{errors:?}"
        );
        assert_eq!(app.audit_events().await.len(), events);
    }

    #[tokio::test]
    async fn whoever_refuses_stays_out_until_invited_again() {
        let app = TestApp::new().await;
        let (user, other, id) = invited_elsewhere(&app).await;
        let rejected = answer_with(&app, &user, &id, "rejected").await;
        assert_eq!(result(&rejected)["status"], "rejected");
        let stores = format!("/accounts/{}/secrets_store/stores", other.id);
        assert_eq!(
            failure(&app.request_as(&user, Method::GET, &stores, None).await).0,
            404
        );
        assert_eq!(
            failure(&answer_with(&app, &user, &id, "accepted").await).0,
            409
        );
        let members = format!("/accounts/{}/members", other.id);
        let body =
            json!({ "email": "new@example.com", "roles": [Role::SecretsStoreReporter.id()] });
        let again = app
            .request_as(&other.admin, Method::POST, &members, Some(body))
            .await;
        assert_eq!(text_at(result(&again), "/id"), id);
        result(&answer_with(&app, &user, &id, "accepted").await);
        result(&app.request_as(&user, Method::GET, &stores, None).await);
    }

    #[tokio::test]
    async fn a_wrong_or_late_answer_is_refused() {
        let app = TestApp::new().await;
        let (user, _, id) = invited_elsewhere(&app).await;
        for status in ["", "pending", "yes"] {
            let (code, errors) = failure(&answer_with(&app, &user, &id, status).await);
            assert_eq!(code, 400);
            assert!(errors[0].ends_with(" at /status"), "{errors:?}");
        }
        // Nobody answers for another.
        for (actor, id) in [
            (app.admin(), id.as_str()),
            (user.clone(), "0123456789abcdef0123456789abcdef"),
            (user.clone(), "x"),
        ] {
            for (method, body) in [
                (Method::GET, None),
                (Method::PUT, Some(json!({ "status": "accepted" }))),
                (Method::DELETE, None),
            ] {
                let path = format!("/memberships/{id}");
                let answer = app.request_as(&actor, method, &path, body).await;
                let expected = (404, vec!["1003 membership_not_found".to_owned()]);
                assert_eq!(failure(&answer), expected);
            }
        }
        app.clock.advance_seconds(7 * 24 * 3600);
        let (code, errors) = failure(&answer_with(&app, &user, &id, "accepted").await);
        assert_eq!(code, 410);
        assert!(
            errors[0].starts_with("1003 invitation_expired"),
            "{errors:?}"
        );
    }

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
        assert_eq!(result(&list_as(&app, &user, "").await), &json!([]));
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
            .find(|member| member["user"]["id"] == Value::from(user_id.to_string()));
        let path = format!("{members}/{}", text_at(member.unwrap(), "/id"));
        result(
            &app.request_as(&other.admin, Method::DELETE, &path, None)
                .await,
        );
        assert_eq!(failure(&user().await).0, 401);
        assert_eq!(app.last_event().await.details["sessions_ended"], 1);
    }
}
