//! `POST …/members`.

use axum::extract::State;
use coffer_engine::{Error, ManageAccount, Problem};
use coffer_protocol::members::{InvitationLink, InvitedMember};
use coffer_types::MembershipStatus;
use serde::Deserialize;

use super::fields::{Membership, Problems};
use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::app::App;

/// The request.
#[derive(Debug, Deserialize)]
pub(super) struct Invite {
    #[serde(default)]
    email: String,
    #[serde(flatten)]
    membership: Membership,
    status: Option<String>,
}

/// Invites someone. The answer has the link to accept by, which is told this once: Coffer sends no mail.
pub(super) async fn invite(
    State(app): State<App>,
    Change {
        permit,
        body: Json(request),
    }: Change<ManageAccount, Json<Invite>>,
) -> ApiResult<Answer<InvitedMember>> {
    let mut problems = Problems::default();
    let email = problems.email(&request.email);
    let roles = problems.roles(permit.account_id(), &request.membership);
    let pending = MembershipStatus::Pending.as_str();
    if request.status.is_some_and(|status| status != pending) {
        let rule = "status can only be pending: whoever is invited accepts";
        problems.note("/status", Problem::NotOffered(rule));
    }
    problems.into_result()?;
    let email = email
        .ok_or_else(|| Error::Internal("an address was neither read nor refused".to_owned()))?;
    let invited = app.engine.invite_member(&permit, email, roles).await?;
    Ok(Answer::ok(InvitedMember {
        member: invited.member,
        coffer: InvitationLink {
            invitation_url: invited.text.map(|text| app.invitation_url(&text)),
            expires_on: invited.expires_on,
        },
    }))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Method;
    use coffer_types::Role;
    use serde_json::{Value, json};

    use crate::testing::members::{MEMBERS, accept, invite, invited, text_of};
    use crate::testing::{Actor, TestApp, failure, result, text_at};

    #[tokio::test]
    async fn whoever_is_invited_is_a_pending_member_with_a_link() {
        let app = TestApp::new().await;
        let roles = json!([Role::SecretsStoreAdmin.id(), { "id": Role::WorkersReadOnly.id(), "name": "x" }]);
        let body = json!({ "email": " New@Example.com ", "roles": roles, "status": "pending" });
        let answer = invite(&app, body).await;
        let made = result(&answer);
        assert_eq!(made["email"], "new@example.com");
        assert_eq!(made["status"], "pending");
        let names: Vec<_> = made["roles"]
            .as_array()
            .unwrap()
            .iter()
            .map(|role| &role["name"])
            .collect();
        assert_eq!(names, ["Secrets Store Admin", "Workers Read Only"]);
        let url = text_at(made, "/coffer/invitation_url");
        let text = url
            .strip_prefix("http://localhost:7070/invitations/")
            .unwrap();
        assert!(text.starts_with("cfi_"), "{url}");
        let week = app.clock_after(7 * 24 * 3600);
        assert_eq!(made["coffer"]["expires_on"], week);

        // Nobody is told the link again.
        let path = format!("{MEMBERS}/{}", text_at(made, "/id"));
        let shown = app.request(Method::GET, &path, None).await;
        let mut expected = made.clone();
        expected.as_object_mut().unwrap().remove("coffer");
        assert_eq!(result(&shown), &expected);
        assert!(!shown.2.to_string().contains(text));

        let event = app.last_event().await;
        assert_eq!(
            (event.action.as_str(), event.resource_kind.as_str()),
            ("create", "member")
        );
        assert_eq!(
            event.details,
            json!({
                "after": {
                    "email": "new@example.com",
                    "roles": ["secrets_store_admin", "workers_read_only"],
                    "status": "pending",
                },
                "invitation_expires_on": week,
            })
        );
    }

    #[tokio::test]
    async fn policies_are_the_same_as_roles() {
        let app = TestApp::new().await;
        let policies = json!([{
            "access": "allow",
            "permission_groups": [{ "id": Role::AuditLogsViewer.id() }],
            "resource_groups": [{ "id": app.first.account_id }],
        }]);
        let body = json!({ "email": "a@example.com", "policies": policies });
        let by_policies = invite(&app, body).await;
        let by_roles = invite(
            &app,
            json!({ "email": "b@example.com", "roles": [Role::AuditLogsViewer.id()] }),
        )
        .await;
        assert_eq!(result(&by_policies)["roles"], result(&by_roles)["roles"]);
        let both = json!({ "email": "c@example.com", "policies": policies, "roles": [Role::AuditLogsViewer.id()] });
        result(&invite(&app, both).await);
    }

    #[tokio::test]
    async fn a_wrong_invitation_is_refused_field_by_field_and_makes_nothing() {
        let app = TestApp::new().await;
        let events = app.audit_events().await.len();
        let reporter = Role::SecretsStoreReporter.id();
        let policy = |access: &str, role: &str, account: &str| json!([{ "access": access, "permission_groups": [{ "id": role }], "resource_groups": [{ "id": account }] }]);
        let account = app.first.account_id.to_string();
        let other = "0123456789abcdef0123456789abcdef";
        let with = |part: &str, value: Value| {
            let mut body = json!({ "email": "a@example.com", "roles": [reporter] });
            body[part] = value;
            body
        };
        let with_policies =
            |policies: Value| json!({ "email": "a@example.com", "policies": policies });
        let long = format!("{}@example.com", "x".repeat(250));
        for (body, pointer) in [
            (with("email", json!("")), "/email"),
            (with("email", json!("nobody")), "/email"),
            (with("email", json!("a@b@c")), "/email"),
            (with("email", json!(long)), "/email"),
            (json!({ "roles": [reporter] }), "/email"),
            (with("roles", json!([])), "/roles"),
            (json!({ "email": "a@example.com" }), "/roles"),
            (with("roles", json!([reporter, other])), "/roles/1"),
            (with("roles", json!([{ "id": "x" }])), "/roles/0"),
            (with("status", json!("accepted")), "/status"),
            (with("status", json!("rejected")), "/status"),
            (
                with(
                    "policies",
                    policy("allow", Role::WorkersReadOnly.id(), &account),
                ),
                "/policies",
            ),
            (with_policies(json!([])), "/policies"),
            (
                with_policies(policy("deny", reporter, &account)),
                "/policies/0/access",
            ),
            (
                with_policies(policy("allow", other, &account)),
                "/policies/0/permission_groups/0",
            ),
            (
                with_policies(policy("allow", reporter, other)),
                "/policies/0/resource_groups/0",
            ),
            (
                with_policies(json!([{ "access": "allow" }])),
                "/policies/0/permission_groups",
            ),
        ] {
            let answer = invite(&app, body.clone()).await;
            let (status, errors) = failure(&answer);
            assert_eq!(status, 400, "{body}");
            assert!(
                errors[0].starts_with("1001 ") && errors[0].ends_with(&format!(" at {pointer}")),
                "{errors:?}"
            );
        }
        for body in [
            with("roles", json!("x")),
            with("roles", json!([7])),
            with("email", json!(7)),
            json!([]),
        ] {
            assert_eq!(failure(&invite(&app, body).await).0, 400);
        }
        // One answer names all that is wrong.
        let answer = invite(&app, json!({ "email": "", "roles": [] })).await;
        assert_eq!(failure(&answer).1.len(), 2);
        assert_eq!(app.audit_events().await.len(), events);
        let members = app.request(Method::GET, MEMBERS, None).await;
        assert_eq!(result(&members).as_array().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_member_is_not_invited_and_nobody_invites_themselves() {
        let app = TestApp::new().await;
        let member = invited(&app, "new@example.com").await;
        accept(&app, &member.text, "a long password").await;
        let events = app.audit_events().await.len();
        for email in ["new@example.com", "NEW@example.com", "admin@example.com"] {
            let body = json!({ "email": email, "roles": [Role::SuperAdministrator.id()] });
            let (status, errors) = failure(&invite(&app, body).await);
            assert_eq!(status, 409);
            assert!(
                errors[0].starts_with("1004 member_already_exists"),
                "{errors:?}"
            );
        }
        assert_eq!(app.audit_events().await.len(), events);
    }

    #[tokio::test]
    async fn whoever_is_invited_again_has_one_member_and_one_link() {
        let app = TestApp::new().await;
        let first = invited(&app, "new@example.com").await;
        let body = json!({ "email": "new@example.com", "roles": [Role::WorkersReadOnly.id()] });
        let again = invite(&app, body).await;
        assert_eq!(text_at(result(&again), "/id"), first.id);
        assert_eq!(result(&again)["roles"][0]["name"], "Workers Read Only");
        let event = app.last_event().await;
        assert_eq!(event.action, "update");
        assert_eq!(
            event.details["before"]["roles"],
            json!(["secrets_store_reporter"])
        );
        assert_eq!(
            event.details["after"]["roles"],
            json!(["workers_read_only"])
        );

        let (status, errors) = failure(&accept(&app, &first.text, "a long password").await);
        assert_eq!(status, 404);
        assert!(
            errors[0].starts_with("1003 invitation_not_found"),
            "{errors:?}"
        );
        result(&accept(&app, &text_of(&again), "a long password").await);
    }

    #[tokio::test]
    async fn a_repeated_request_is_answered_without_the_link() {
        let app = TestApp::new().await;
        let body = json!({ "email": "new@example.com", "roles": [Role::WorkersReadOnly.id()] });
        let send = async || {
            let mut request = app.build(
                &app.admin(),
                Method::POST,
                MEMBERS,
                Body::from(body.to_string()),
            );
            request
                .headers_mut()
                .insert("idempotency-key", "one".parse().unwrap());
            app.send(request).await
        };
        let first = send().await;
        let events = app.audit_events().await.len();
        let second = send().await;
        assert_eq!(app.audit_events().await.len(), events);
        assert_eq!(result(&second)["id"], result(&first)["id"]);
        assert_eq!(result(&second)["coffer"]["invitation_url"], Value::Null);
        assert_eq!(
            result(&second)["coffer"]["expires_on"],
            result(&first)["coffer"]["expires_on"]
        );
        // The link of the first answer is alive.
        result(&accept(&app, &text_of(&first), "a long password").await);
    }

    #[tokio::test]
    async fn an_invited_user_can_do_nothing_yet() {
        let app = TestApp::new().await;
        let user_id = app.pending_user(&[Role::SuperAdministrator]).await;
        let waiting = app.token_of(user_id).await;
        let answer = app.request_as(&waiting, Method::GET, MEMBERS, None).await;
        assert_eq!(failure(&answer).0, 404);
        let accounts = app
            .request_as(&waiting, Method::GET, "/accounts", None)
            .await;
        assert_eq!(result(&accounts), &json!([]));
    }

    #[tokio::test]
    async fn only_who_manages_the_account_invites() {
        let app = TestApp::new().await;
        let body = json!({ "email": "new@example.com", "roles": [Role::WorkersReadOnly.id()] });
        let admin = app
            .member_with(&[Role::SecretsStoreAdmin, Role::WorkersPlatformAdmin])
            .await;
        for (actor, expected) in [
            (admin, 403),
            (Actor::nobody(), 400),
            (app.other_account().await.admin, 404),
        ] {
            let answer = app
                .request_as(&actor, Method::POST, MEMBERS, Some(body.clone()))
                .await;
            assert_eq!(failure(&answer).0, expected);
        }
    }
}
