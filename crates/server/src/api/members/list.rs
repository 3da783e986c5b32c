//! `GET …/members`.

use axum::extract::State;
use coffer_engine::{Direction, MemberList, MemberOrder, ViewMembers};
use coffer_protocol::members::Member;
use coffer_types::MembershipStatus;

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::{Query, refused};
use crate::api::permitted::Permitted;
use crate::app::App;

/// Page sizes of this list, from its API description; clients that ask for fewer get them all the same.
const PAGE_SIZES: std::ops::RangeInclusive<u32> = 1..=50;
const DEFAULT_PAGE_SIZE: u32 = 20;

/// A page of the account's members.
pub(super) async fn list(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewMembers>,
    query: Query,
) -> ApiResult<Answer<Vec<Member>>> {
    let page = query.page(PAGE_SIZES, DEFAULT_PAGE_SIZE)?;
    let order = match query.value("order") {
        None | Some("user.email") => MemberOrder::Email,
        Some("user.first_name") => MemberOrder::FirstName,
        Some("user.last_name") => MemberOrder::LastName,
        Some("status") => MemberOrder::Status,
        Some(_) => {
            let rule = "must be user.first_name, user.last_name, user.email or status";
            return Err(refused("order", rule));
        }
    };
    let list = MemberList {
        status: query.status()?,
        order,
        direction: query.direction(Direction::Ascending)?,
        slice: page.slice(),
    };
    let found = app.engine.members(&permit, &list).await?;
    let info = page.info(found.members.len(), found.total);
    Ok(Answer::page(found.members, info))
}

impl Query {
    /// The status of the memberships that are asked for.
    pub(in crate::api) fn status(&self) -> ApiResult<Option<MembershipStatus>> {
        let status = self.value("status").map(str::parse).transpose();
        status.map_err(|error: coffer_types::access::UnknownMembershipStatus| {
            refused("status", &error.to_string())
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::Role;
    use serde_json::{Value, json};

    use crate::testing::members::{MEMBERS, invited};
    use crate::testing::{Answer, TestApp, failure, result};

    async fn list(app: &TestApp, query: &str) -> Answer {
        let path = format!("{MEMBERS}?{query}");
        app.request(Method::GET, &path, None).await
    }

    fn emails(answer: &Answer) -> Vec<String> {
        let members = result(answer).as_array().unwrap().iter();
        members
            .map(|member| member["email"].as_str().unwrap().to_owned())
            .collect()
    }

    #[tokio::test]
    async fn a_member_has_its_user_roles_and_policies() {
        let app = TestApp::new().await;
        let answer = list(&app, "").await;
        let member = &result(&answer)[0];
        let role = Role::SuperAdministrator;
        let account = app.first.account_id;
        let resource = format!("com.cloudflare.api.account.{account}");
        let mut expected = json!({
            "id": member["id"],
            "email": "admin@example.com",
            "status": "accepted",
            "user": {
                "id": app.admin_id().await,
                "email": "admin@example.com",
                "first_name": null,
                "last_name": null,
                "two_factor_authentication_enabled": false,
            },
            "roles": [{
                "id": role.id(),
                "name": role.title(),
                "description": role.description(),
                "permissions": member["roles"][0]["permissions"],
            }],
            "policies": [{
                "id": member["id"],
                "access": "allow",
                "permission_groups": [{ "id": role.id(), "name": role.title() }],
                "resource_groups": [{
                    "id": account,
                    "name": resource,
                    "scope": { "key": resource, "objects": [{ "key": "*" }] },
                }],
            }],
        });
        assert_eq!(member, &expected);
        assert_eq!(
            member["roles"][0]["permissions"]["organization"],
            json!({ "read": true, "write": true })
        );
        let info =
            json!({ "page": 1, "per_page": 20, "count": 1, "total_count": 1, "total_pages": 1 });
        assert_eq!(answer.2["result_info"], info);

        // The names are told of members, not of those who are only invited.
        let names = json!({ "first_name": "Ada", "last_name": "Lovelace" });
        result(&app.request(Method::PATCH, "/user", Some(names)).await);
        expected["user"]["first_name"] = json!("Ada");
        expected["user"]["last_name"] = json!("Lovelace");
        assert_eq!(result(&list(&app, "").await), &json!([expected]));
    }

    #[tokio::test]
    async fn members_are_ordered_filtered_and_paged_to_the_end() {
        let app = TestApp::new().await;
        for name in ["carol", "alice", "bob", "dave"] {
            invited(&app, &format!("{name}@example.com")).await;
        }
        let sorted =
            ["admin", "alice", "bob", "carol", "dave"].map(|name| format!("{name}@example.com"));
        assert_eq!(emails(&list(&app, "").await), sorted);
        let mut reversed = sorted.to_vec();
        reversed.reverse();
        for query in ["direction=desc", "order=user.email&direction=desc"] {
            assert_eq!(emails(&list(&app, query).await), reversed, "{query}");
        }
        for (query, expected) in [
            ("status=pending", 4),
            ("status=accepted", 1),
            ("status=rejected", 0),
        ] {
            let answer = list(&app, query).await;
            assert_eq!(emails(&answer).len(), expected, "{query}");
            assert_eq!(answer.2["result_info"]["total_count"], expected, "{query}");
        }
        let by_status = emails(&list(&app, "order=status").await);
        assert_eq!(by_status[0], "admin@example.com");
        for order in ["user.first_name", "user.last_name", "status"] {
            let mut paged = Vec::new();
            for page in 1..=3 {
                let query = format!("order={order}&per_page=2&page={page}");
                paged.extend(emails(&list(&app, &query).await));
            }
            paged.sort();
            assert_eq!(paged, sorted, "{order}");
        }
        let beyond = list(&app, "per_page=5&page=2").await;
        assert_eq!(result(&beyond), &json!([]));
    }

    #[tokio::test]
    async fn unknown_parameters_of_the_list_are_refused_by_name() {
        let app = TestApp::new().await;
        for (query, name) in [
            ("order=email", "order"),
            ("order=user.id", "order"),
            ("status=invited", "status"),
            ("direction=up", "direction"),
            ("page=0", "page"),
            ("per_page=0", "per_page"),
            ("per_page=51", "per_page"),
        ] {
            let answer = list(&app, query).await;
            assert_eq!(failure(&answer).0, 400, "{query}");
            assert_eq!(
                answer.2["errors"][0]["source"]["pointer"],
                Value::from(name)
            );
        }
    }
}
