//! The form that creates secrets, one or several at once.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use coffer_engine::{Conflict, Error, Invalid, ManageSecrets, NewSecret, SecretValue};
use coffer_types::limits::MAX_SECRETS_PER_REQUEST;
use coffer_types::{Scope, Scopes};

use super::store::{self, StoreChoice};
use super::{SCOPES, list};
use crate::api::SecretProblems;
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::form::Form;
use crate::dashboard::page::{respond, respond_with};
use crate::dashboard::refusal::{problem_at, sentence};
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Submit, Visit, refused_in};

#[derive(Template)]
#[template(path = "secrets_store/create.html")]
struct CreatePage {
    shell: Shell,
    back: String,
    items: Vec<Item>,
    value_limit: u32,
    problem: Option<String>,
}

/// One secret as it was typed, without its value.
struct Item {
    name: String,
    scopes: Scopes,
    comment: String,
    name_problem: Option<String>,
    value_problem: Option<String>,
    scopes_problem: Option<String>,
    comment_problem: Option<String>,
}

impl Default for Item {
    /// Most secrets are for Workers.
    fn default() -> Self {
        Self {
            name: String::new(),
            scopes: Scopes::from_iter([Scope::Workers]),
            comment: String::new(),
            name_problem: None,
            value_problem: None,
            scopes_problem: None,
            comment_problem: None,
        }
    }
}

impl CreatePage {
    fn new(shell: Shell, choice: &StoreChoice, items: Vec<Item>, value_limit: u32) -> Self {
        Self {
            back: list::address_of(&shell, choice, ""),
            shell,
            items,
            value_limit,
            problem: None,
        }
    }

    /// Puts each problem beside its field; what belongs to none stands above.
    fn tell(&mut self, error: &Error) {
        match error {
            Error::Invalid(problems) => {
                for (index, item) in self.items.iter_mut().enumerate() {
                    item.tell(index, problems);
                }
                let own = problems.iter().find(|one| !one.pointer.starts_with('/'));
                self.problem = own.map(|one| sentence(&one.problem));
            }
            Error::Conflict(Conflict::SecretName(name)) => {
                let taken = self
                    .items
                    .iter_mut()
                    .find(|item| item.name == name.as_str());
                if let Some(item) = taken {
                    item.name_problem = Some(
                        "The store has a secret of this name. Choose another, or edit that one."
                            .to_owned(),
                    );
                }
            }
            other => self.problem = Some(sentence(other)),
        }
    }
}

impl Item {
    fn tell(&mut self, index: usize, problems: &[Invalid]) {
        self.name_problem = problem_at(problems, &format!("/{index}/name"));
        self.value_problem = problem_at(problems, &format!("/{index}/value"));
        self.scopes_problem = problem_at(problems, &format!("/{index}/scopes"));
        self.comment_problem = problem_at(problems, &format!("/{index}/comment"));
    }
}

/// Shows the empty form.
pub(super) async fn show(
    Visit { permit, shell }: Visit<ManageSecrets>,
    Query(choice): Query<StoreChoice>,
) -> Response {
    let limit = permit.account().limits.value_bytes;
    respond(&CreatePage::new(
        shell,
        &choice,
        vec![Item::default()],
        limit,
    ))
}

/// Creates the secrets: all of them, or none.
pub(super) async fn create(
    State(app): State<App>,
    Query(choice): Query<StoreChoice>,
    Submit {
        permit,
        shell,
        form,
    }: Submit<ManageSecrets>,
) -> Response {
    let limit = permit.account().limits.value_bytes;
    let (mut items, values) = read(&form);
    if form.has("add") {
        items.push(Item::default());
        return respond(&CreatePage::new(shell, &choice, items, limit));
    }
    let made = async {
        let new = parse(&items, values, limit)?;
        let stores = store::find_or_create(&app.engine, &permit, &choice).await?;
        app.engine
            .create_secrets(&permit, stores.chosen.id, new)
            .await
    };
    match made.await {
        Ok(_) => {
            let list = list::address_of(&shell, &choice, "secrets-created");
            Redirect::to(&list).into_response()
        }
        Err(error @ (Error::Invalid(_) | Error::Conflict(_) | Error::LimitExceeded(_))) => {
            let mut page = CreatePage::new(shell, &choice, items, limit);
            page.tell(&error);
            respond_with(StatusCode::BAD_REQUEST, &page)
        }
        Err(error) => refused_in(shell, &error),
    }
}

/// The secrets of a form: what may be shown again, and the values.
fn read(form: &Form) -> (Vec<Item>, Vec<Option<SecretValue>>) {
    let names = form.texts("name");
    let comments = form.texts("comment");
    let items = names.into_iter().take(MAX_SECRETS_PER_REQUEST).enumerate();
    let items = items.map(|(index, name)| {
        let scopes = form.texts(&format!("scope-{}", index + 1));
        let scopes = scopes
            .iter()
            .filter_map(|scope| scope.parse::<Scope>().ok());
        Item {
            name,
            scopes: scopes.collect(),
            comment: comments.get(index).cloned().unwrap_or_default(),
            ..Item::default()
        }
    });
    (items.collect(), form.secrets("value"))
}

fn parse(
    items: &[Item],
    values: Vec<Option<SecretValue>>,
    value_limit: u32,
) -> Result<Vec<NewSecret>, Error> {
    let mut problems = SecretProblems::default();
    let mut values = values.into_iter();
    let mut new = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let at = format!("/{index}");
        let scopes: Vec<String> = item
            .scopes
            .iter()
            .map(|scope| scope.as_str().to_owned())
            .collect();
        let name = problems.name(&at, Some(&item.name));
        let value = problems.value(&at, values.next().flatten(), value_limit);
        let scopes = problems.scopes(&at, &scopes);
        let comment = (!item.comment.is_empty()).then_some(item.comment.as_str());
        let comment = problems.comment(&at, comment);
        if let (Some(name), Some(value), Some(scopes), Some(comment)) =
            (name, value, scopes, comment)
        {
            new.push(NewSecret {
                name,
                value,
                scopes,
                comment,
            });
        }
    }
    problems.finish(Some(new))
}

#[cfg(test)]
mod tests {
    use axum::http::{Method, StatusCode};
    use serde_json::Value;

    use crate::testing::browser::Browser;
    use crate::testing::{TestApp, result};

    const CREATE: &str = "/{account_id}/secrets-store/create";
    const LIST: &str = "/{account_id}/secrets-store";

    async fn secrets(app: &TestApp) -> Vec<Value> {
        let stores = "/accounts/{account_id}/secrets_store/stores";
        let answer = app.request(Method::GET, stores, None).await;
        let Some(store) = result(&answer)[0]["id"].as_str() else {
            return Vec::new();
        };
        let path = format!("{stores}/{store}/secrets?order=name&direction=asc");
        let answer = app.request(Method::GET, &path, None).await;
        result(&answer).as_array().unwrap().clone()
    }

    #[tokio::test]
    async fn several_are_created_at_once_and_delivered_as_typed() {
        let app = TestApp::new().await;
        let browser = Browser::of_administrator(&app).await;
        let fields = [
            ("name", "API_KEY"),
            ("value", "one\r\ntwo \u{e9}&="),
            ("scope-1", "workers"),
            ("scope-1", "ai_gateway"),
            ("comment", "billing"),
            ("name", "OTHER"),
            ("value", " spaced "),
            ("scope-2", "dex"),
            ("comment", ""),
        ];
        let page = browser.submit(CREATE, &fields).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
        assert!(
            page.location()
                .ends_with("/secrets-store?done=secrets-created")
        );
        assert!(
            browser
                .open(page.location())
                .await
                .html
                .contains("can no longer be viewed.")
        );
        let made = secrets(&app).await;
        assert_eq!(
            (&made[0]["name"], &made[0]["comment"]),
            (&"API_KEY".into(), &"billing".into())
        );
        assert_eq!(
            made[0]["scopes"],
            serde_json::json!(["ai_gateway", "workers"])
        );
        let id = |secret: &Value| secret["id"].as_str().unwrap().to_owned();
        assert_eq!(
            app.delivered(&id(&made[0])).await.as_deref(),
            Some("one\ntwo \u{e9}&=")
        );
        assert_eq!(
            app.delivered(&id(&made[1])).await.as_deref(),
            Some(" spaced ")
        );
        assert_eq!(app.last_event().await.actor_context, "dash");
    }

    #[tokio::test]
    async fn what_was_typed_comes_back_but_for_the_value() {
        let app = TestApp::new().await;
        let browser = Browser::of_administrator(&app).await;
        let page = browser
            .submit(
                CREATE,
                &[
                    ("name", "<b>bad name"),
                    ("value", "canary-5d1f"),
                    ("scope-1", "dex"),
                    ("comment", "\"><script>alert(1)</script>"),
                    ("name", "GOOD"),
                    ("value", ""),
                    ("comment", &"x".repeat(2000)),
                ],
            )
            .await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        assert!(!page.html.contains("canary"));
        assert!(!page.html.contains("<b>bad") && !page.html.contains("<script>alert"));
        for told in [
            "must consist of letters, digits, _ and -",
            "Give the secret a value.",
            "Name at least one scope",
            "A comment must be at most 1024 bytes",
            "id=\"name-2\"",
            "value=\"GOOD\"",
        ] {
            assert!(page.html.contains(told), "{told}: {}", page.html);
        }
        assert!(
            page.between("name=\"scope-1\" value=\"dex\"", ">")
                .contains("checked")
        );
        assert!(
            !page
                .between("name=\"scope-1\" value=\"workers\"", ">")
                .contains("checked")
        );
        assert!(secrets(&app).await.is_empty());
    }

    #[tokio::test]
    async fn a_name_that_is_taken_and_a_full_store_are_told_where_they_belong() {
        let app = TestApp::new().await;
        let browser = Browser::of_administrator(&app).await;
        let fields = [
            ("name", "TAKEN"),
            ("value", "v"),
            ("scope-1", "workers"),
            ("comment", ""),
        ];
        browser.submit(CREATE, &fields).await;
        let page = browser.submit(CREATE, &fields).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        assert!(
            page.between("name-problem-1", "</p>")
                .contains("has a secret of this name")
        );
        app.set_limits(|limits| limits.secrets = 1).await;
        let fields = [
            ("name", "MORE"),
            ("value", "v"),
            ("scope-1", "workers"),
            ("comment", ""),
        ];
        let page = browser.submit(CREATE, &fields).await;
        assert!(
            page.html.contains("At most 1 secrets per account."),
            "{}",
            page.html
        );
        let page = browser.open(LIST).await;
        assert!(page.html.contains("1 of 1 secrets"));
    }

    #[tokio::test]
    async fn one_more_is_added_without_a_script() {
        let app = TestApp::new().await;
        let browser = Browser::of_administrator(&app).await;
        let page = browser
            .submit(
                CREATE,
                &[
                    ("name", "FIRST"),
                    ("value", "canary"),
                    ("scope-1", "dex"),
                    ("comment", "c"),
                    ("add", "1"),
                ],
            )
            .await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.html.contains("value=\"FIRST\"") && page.html.contains("id=\"name-2\""));
        assert!(!page.html.contains("canary"));
    }
}
