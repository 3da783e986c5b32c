//! `GET …/members/{member_id}`.

use axum::extract::{Path, State};
use coffer_engine::ViewMembers;
use coffer_protocol::members::Member;

use super::fields::MemberPath;
use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::permitted::Permitted;
use crate::app::App;

/// One member.
pub(super) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewMembers>,
    path: Path<MemberPath>,
) -> ApiResult<Answer<Member>> {
    let id = MemberPath::id(&path)?;
    Ok(Answer::ok(app.engine.member(&permit, id).await?))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::Role;
    use serde_json::json;

    use crate::testing::members::{MEMBERS, invited};
    use crate::testing::{TestApp, failure, result, text_at};

    #[tokio::test]
    async fn a_member_is_shown_as_listed_to_whoever_views_the_account() {
        let app = TestApp::new().await;
        let id = invited(&app, "new@example.com").await.id;
        let reporter = app.member_with(&[Role::SecretsStoreReporter]).await;
        let listed = app
            .request(Method::GET, &format!("{MEMBERS}?status=pending"), None)
            .await;
        let path = format!("{MEMBERS}/{id}");
        for actor in [app.admin(), reporter] {
            let shown = app.request_as(&actor, Method::GET, &path, None).await;
            assert_eq!(&json!([result(&shown)]), result(&listed));
        }
    }

    #[tokio::test]
    async fn members_of_other_accounts_are_not_there() {
        let app = TestApp::new().await;
        let other = app.other_account().await;
        let path = format!("/accounts/{}/members", other.id);
        let theirs = app.request_as(&other.admin, Method::GET, &path, None).await;
        let theirs = text_at(result(&theirs), "/0/id");
        let roles = json!({ "roles": [Role::WorkersReadOnly.id()] });
        for id in [theirs.as_str(), "0123456789abcdef0123456789abcdef", "x"] {
            for (method, body) in [
                (Method::GET, None),
                (Method::PUT, Some(roles.clone())),
                (Method::DELETE, None),
            ] {
                let path = format!("{MEMBERS}/{id}");
                let answer = app.request(method.clone(), &path, body).await;
                let expected = (404, vec!["1003 member_not_found".to_owned()]);
                assert_eq!(failure(&answer), expected, "{method} {id}");
            }
        }
    }
}
