//! `GET /accounts`, and `GET` and `PUT /accounts/{account_id}`.

use axum::extract::State;
use coffer_engine::{AccountList, Direction, Error, Invalid, ManageAccount, Problem, ViewAccount};
use coffer_protocol::identity::Account;
use coffer_types::{AccountId, AccountName};
use serde::Deserialize;
use serde_json::Value;

use crate::api::answer::Answer;
use crate::api::authentication::Recognised;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::permitted::Permitted;
use crate::app::App;

/// Page sizes of this list, from its API description; clients that ask for fewer get them all the same.
const PAGE_SIZES: std::ops::RangeInclusive<u32> = 1..=50;
const DEFAULT_PAGE_SIZE: u32 = 20;

/// The accounts that the actor may know of.
pub(super) async fn list(
    State(app): State<App>,
    Recognised(caller): Recognised,
    query: Query,
) -> ApiResult<Answer<Vec<Account>>> {
    let page = query.page(PAGE_SIZES, DEFAULT_PAGE_SIZE)?;
    let list = AccountList {
        name: query.value("name").map(str::to_owned),
        direction: query.direction(Direction::Ascending)?,
    };
    let (accounts, info) = page.of(app.engine.accounts_of(&caller, &list).await?);
    Ok(Answer::page(accounts, info))
}

/// One account.
pub(super) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewAccount>,
) -> ApiResult<Answer<Account>> {
    Ok(Answer::ok(app.engine.account(&permit)))
}

/// The account as it is to be. What clients repeat of it must be as it is.
#[derive(Debug, Deserialize)]
pub(super) struct Edit {
    #[serde(default)]
    name: String,
    id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    settings: Option<Settings>,
}

/// The settings of the original, of which none can be had here.
#[derive(Debug, Deserialize)]
struct Settings {
    enforce_twofactor: Option<bool>,
    abuse_contact_email: Option<Value>,
}

impl Edit {
    /// The name, if all the rest can be had.
    fn name(self, account_id: AccountId) -> Result<AccountName, Error> {
        let mut problems = Vec::new();
        let mut refuse = |wrong: bool, pointer: &str, rule| {
            if wrong {
                let (pointer, problem) = (pointer.to_owned(), Problem::NotOffered(rule));
                problems.push(Invalid { pointer, problem });
            }
        };
        let id = self.id.is_some_and(|id| id != account_id.to_string());
        refuse(id, "/id", "an account keeps its id");
        let kind = self.kind.is_some_and(|kind| kind != "standard");
        refuse(kind, "/type", "every account is standard");
        let settings = self.settings.as_ref();
        let twofactor = settings.and_then(|settings| settings.enforce_twofactor) == Some(true);
        let rule = "there is no second factor that could be enforced; leave it false";
        refuse(twofactor, "/settings/enforce_twofactor", rule);
        let abuse = settings.is_some_and(|settings| settings.abuse_contact_email.is_some());
        let rule = "no such address is kept; leave it out";
        refuse(abuse, "/settings/abuse_contact_email", rule);
        let name = self.name.parse().map_err(|error| Invalid {
            pointer: "/name".to_owned(),
            problem: Problem::AccountName(error),
        });
        match name {
            Ok(name) if problems.is_empty() => Ok(name),
            Ok(_) => Err(Error::Invalid(problems)),
            Err(invalid) => {
                problems.insert(0, invalid);
                Err(Error::Invalid(problems))
            }
        }
    }
}

/// Renames an account.
pub(super) async fn edit(
    State(app): State<App>,
    Change {
        permit,
        body: Json(edit),
    }: Change<ManageAccount, Json<Edit>>,
) -> ApiResult<Answer<Account>> {
    let name = edit.name(permit.account_id())?;
    Ok(Answer::ok(app.engine.rename_account(&permit, name).await?))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use coffer_types::{PermissionGroup, Role};
    use serde_json::{Value, json};

    use crate::testing::{Actor, Answer, TestApp, failure, result};

    async fn list(app: &TestApp, actor: &Actor, query: &str) -> Answer {
        app.request_as(actor, Method::GET, &format!("/accounts?{query}"), None)
            .await
    }

    #[tokio::test]
    async fn an_account_is_listed_and_shown_alike() {
        let app = TestApp::new().await;
        let expected = json!({
            "id": app.first.account_id,
            "name": "First account",
            "type": "standard",
            "settings": { "enforce_twofactor": false },
            "created_on": app.now(),
        });
        let own = app
            .account_token(&[PermissionGroup::SECRETS_STORE_READ])
            .await;
        for actor in [app.admin(), app.admin_by_key(), own] {
            let answer = list(&app, &actor, "").await;
            assert_eq!(result(&answer), &Value::Array(vec![expected.clone()]));
            assert_eq!(
                answer.2["result_info"],
                json!({ "page": 1, "per_page": 20, "count": 1, "total_count": 1, "total_pages": 1 })
            );
            let shown = app
                .request_as(&actor, Method::GET, "/accounts/{account_id}", None)
                .await;
            assert_eq!(result(&shown), &expected);
        }
    }

    #[tokio::test]
    async fn accounts_are_paged_and_found_by_name() {
        let app = TestApp::new().await;
        let other = app.other_account().await;
        app.add_member(
            other.id,
            app.admin_id().await,
            &[Role::SecretsStoreReporter],
        )
        .await;
        let names = |answer: &Answer| {
            let accounts = result(answer).as_array().unwrap().iter();
            let mut names: Vec<_> = accounts
                .map(|account| account["name"].as_str().unwrap().to_owned())
                .collect();
            names.sort();
            names
        };
        let admin = app.admin();
        assert_eq!(
            names(&list(&app, &admin, "").await),
            ["First account", "Other account"]
        );
        assert_eq!(
            names(&list(&app, &admin, "name=Other%20account").await),
            ["Other account"]
        );
        assert_eq!(names(&list(&app, &admin, "name=nothing").await), [""; 0]);
        let mut paged = names(&list(&app, &admin, "per_page=1&page=1").await);
        paged.extend(names(&list(&app, &admin, "per_page=1&page=2").await));
        paged.sort();
        assert_eq!(paged, ["First account", "Other account"]);
        let beyond = list(&app, &admin, "per_page=1&page=3").await;
        assert_eq!(result(&beyond), &json!([]));
        assert_eq!(beyond.2["result_info"]["total_count"], 2);
        for query in ["page=0", "per_page=51", "per_page=0", "page=x"] {
            assert_eq!(failure(&list(&app, &admin, query).await).0, 400, "{query}");
        }
    }

    #[tokio::test]
    async fn an_account_is_renamed_at_once_and_told_in_the_log() {
        let app = TestApp::new().await;
        let path = "/accounts/{account_id}";
        let body = json!({
            "id": app.first.account_id,
            "type": "standard",
            "name": "Acme \u{dc}ber, Inc.",
            "settings": { "enforce_twofactor": false, "abuse_contact_email": null },
        });
        let renamed = app.request(Method::PUT, path, Some(body.clone())).await;
        assert_eq!(result(&renamed)["name"], "Acme \u{dc}ber, Inc.");
        let shown = app.request(Method::GET, path, None).await;
        assert_eq!(result(&shown), result(&renamed));
        let event = app.last_event().await;
        assert_eq!(
            (event.action.as_str(), event.resource_kind.as_str()),
            ("update", "account")
        );
        assert_eq!(
            event.details,
            json!({ "before": { "name": "First account" }, "after": { "name": "Acme \u{dc}ber, Inc." } })
        );
        // Nothing changes, and nothing is told, if the name stays.
        let events = app.audit_events().await.len();
        result(&app.request(Method::PUT, path, Some(body)).await);
        assert_eq!(app.audit_events().await.len(), events);
    }

    #[tokio::test]
    async fn an_account_that_cannot_be_so_is_refused_by_the_field() {
        let app = TestApp::new().await;
        let path = "/accounts/{account_id}";
        let long = "x".repeat(101);
        for (body, pointer) in [
            (json!({}), "/name"),
            (json!({ "name": "" }), "/name"),
            (json!({ "name": " a" }), "/name"),
            (json!({ "name": "a\nb" }), "/name"),
            (json!({ "name": long }), "/name"),
            (
                json!({ "name": "a", "id": "0123456789abcdef0123456789abcdef" }),
                "/id",
            ),
            (json!({ "name": "a", "type": "enterprise" }), "/type"),
            (
                json!({ "name": "a", "settings": { "enforce_twofactor": true } }),
                "/settings/enforce_twofactor",
            ),
            (
                json!({ "name": "a", "settings": { "abuse_contact_email": "a@b" } }),
                "/settings/abuse_contact_email",
            ),
        ] {
            let answer = app.request(Method::PUT, path, Some(body.clone())).await;
            let (status, errors) = failure(&answer);
            assert_eq!(status, 400, "{body}");
            assert!(errors[0].ends_with(&format!(" at {pointer}")), "{errors:?}");
        }
        for body in [
            json!({ "name": 7 }),
            json!([]),
            json!({ "name": "a", "settings": 1 }),
        ] {
            assert_eq!(
                failure(&app.request(Method::PUT, path, Some(body)).await).0,
                400
            );
        }
        let shown = app.request(Method::GET, path, None).await;
        assert_eq!(result(&shown)["name"], "First account");
        let viewer = app.member_with(&[Role::SecretsStoreAdmin]).await;
        let body = Some(json!({ "name": "a" }));
        assert_eq!(
            failure(&app.request_as(&viewer, Method::PUT, path, body).await).0,
            403
        );
    }

    #[tokio::test]
    async fn an_account_of_others_is_neither_listed_nor_shown() {
        let app = TestApp::new().await;
        let other = app.other_account().await;
        assert_eq!(
            result(&list(&app, &app.admin(), "").await)
                .as_array()
                .unwrap()
                .len(),
            1
        );
        let theirs = app
            .request(Method::GET, &format!("/accounts/{}", other.id), None)
            .await;
        for unknown in ["0123456789abcdef0123456789abcdef", "x"] {
            let answer = app
                .request(Method::GET, &format!("/accounts/{unknown}"), None)
                .await;
            assert_eq!(failure(&answer), failure(&theirs));
            assert_eq!(answer.2, theirs.2);
        }
        assert_eq!(failure(&theirs).0, 404);
        // A token that grants nothing does not even list its owner's account.
        assert_eq!(
            result(&list(&app, &app.token_with(&[]).await, "").await),
            &json!([])
        );
    }
}
