//! The list of secrets.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use coffer_engine::{
    Direction, Engine, ManageSecrets, Permit, Result, SecretFilter, SecretList, SecretOrder, Slice,
    ViewSecrets,
};
use coffer_protocol::secrets_store::{QuotaOf, Secret, Store};
use coffer_types::{Permission, Scope, SecretStatus};
use serde::Deserialize;

use super::{SCOPES, store};
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::respond;
use crate::dashboard::pager::{Pager, query};
use crate::dashboard::refusal::refused;
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::Visit;

/// Secrets on one page: what a screen holds without scrolling far.
const PAGE_SIZE: u32 = 50;

/// What the list can be sorted by: the word in the address and the heading of the column.
const COLUMNS: [(&str, &str, SecretOrder); 5] = [
    ("name", "Name", SecretOrder::Name),
    ("comment", "Comment", SecretOrder::Comment),
    ("status", "Status", SecretOrder::Status),
    ("created", "Created", SecretOrder::Created),
    ("modified", "Changed", SecretOrder::Modified),
];

#[derive(Template)]
#[template(path = "secrets_store/list.html")]
struct ListPage {
    shell: Shell,
    store: Option<Store>,
    list: Asked,
    secrets: Vec<Secret>,
    pager: Pager,
    quota: QuotaOf,
}

/// The query of the page's address. Whatever is none of ours counts as nothing.
#[derive(Deserialize)]
pub(super) struct Parameters {
    #[serde(default)]
    search: String,
    #[serde(default)]
    scope: String,
    /// A column's word, with `-` before it for the other direction.
    #[serde(default)]
    order: String,
    #[serde(default)]
    page: String,
}

/// What the list shows.
struct Asked {
    search: String,
    scope: Option<Scope>,
    column: usize,
    direction: Direction,
    page: u64,
    place: String,
}

/// The heading of a column.
struct Column {
    label: &'static str,
    href: String,
    /// How the list is sorted by it, if it is.
    sorted: Option<&'static str>,
}

/// Shows the list. The account's store is made when someone who may do so first looks.
pub(super) async fn show(
    State(app): State<App>,
    Visit { permit, shell }: Visit<ViewSecrets>,
    Query(parameters): Query<Parameters>,
) -> Response {
    match page(&app.engine, &permit, shell, parameters).await {
        Ok(page) => respond(&page),
        Err(error) => refused(&error),
    }
}

async fn page(
    engine: &Engine,
    permit: &Permit<ViewSecrets>,
    shell: Shell,
    parameters: Parameters,
) -> Result<ListPage> {
    let asked = Asked::new(parameters, shell.place("secrets-store"));
    let store = match permit.and::<ManageSecrets>() {
        Ok(permit) => Some(store::find_or_create(engine, &permit).await?),
        Err(_) => store::find(engine, permit).await?,
    };
    let (secrets, total) = match &store {
        None => (Vec::new(), 0),
        Some(store) => {
            let found = engine.list_secrets(permit, asked.list(store)).await?;
            (found.secrets, found.total)
        }
    };
    let pager = Pager::new(asked.page, PAGE_SIZE, total.into(), |page| {
        asked.address(asked.order_word(), page)
    });
    Ok(ListPage {
        quota: engine.quota(permit).await?.secrets,
        shell,
        store,
        list: asked,
        secrets,
        pager,
    })
}

impl Asked {
    fn new(parameters: Parameters, place: String) -> Self {
        let order = parameters.order.strip_prefix('-');
        let (word, direction) = match order {
            Some(word) => (word, Direction::Descending),
            None => (parameters.order.as_str(), Direction::Ascending),
        };
        let column = COLUMNS.iter().position(|(other, ..)| *other == word);
        Self {
            search: parameters.search.trim().to_owned(),
            scope: parameters.scope.parse().ok(),
            column: column.unwrap_or(0),
            direction,
            page: parameters
                .page
                .parse()
                .unwrap_or(1)
                .clamp(1, u64::from(u32::MAX)),
            place,
        }
    }

    fn list(&self, store: &Store) -> SecretList {
        let (_, _, order) = COLUMNS[self.column];
        SecretList {
            filter: SecretFilter {
                store_id: store.id,
                search: (!self.search.is_empty()).then(|| self.search.clone()),
                scopes: self.scope.into_iter().collect(),
            },
            order,
            direction: self.direction,
            slice: Slice {
                limit: PAGE_SIZE,
                offset: (self.page - 1) * u64::from(PAGE_SIZE),
            },
        }
    }

    /// The order as the address has it.
    fn order_word(&self) -> String {
        self.order_of(self.column, self.direction)
    }

    fn order_of(&self, column: usize, direction: Direction) -> String {
        let (word, ..) = COLUMNS[column];
        match direction {
            Direction::Ascending => word.to_owned(),
            Direction::Descending => format!("-{word}"),
        }
    }

    fn address(&self, order: String, page: u64) -> String {
        let scope = self.scope.map(Scope::as_str).unwrap_or_default();
        let page = if page == 1 {
            String::new()
        } else {
            page.to_string()
        };
        let parameters = [
            ("search", self.search.as_str()),
            ("scope", scope),
            ("order", order.as_str()),
            ("page", page.as_str()),
        ];
        format!("{}{}", self.place, query(&parameters))
    }

    /// Whether something is left out of the list.
    fn is_narrowed(&self) -> bool {
        !self.search.is_empty() || self.scope.is_some()
    }

    /// The headings; each link sorts by its column, or turns the order round.
    fn columns(&self) -> Vec<Column> {
        let columns = COLUMNS.iter().enumerate();
        columns
            .map(|(index, (_, label, _))| {
                let is_sorted = index == self.column;
                let next = match self.direction {
                    Direction::Ascending if is_sorted => Direction::Descending,
                    _ => Direction::Ascending,
                };
                let sorted = match self.direction {
                    Direction::Ascending => "ascending",
                    Direction::Descending => "descending",
                };
                Column {
                    label,
                    href: self.address(self.order_of(index, next), 1),
                    sorted: is_sorted.then_some(sorted),
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{Method, StatusCode};
    use serde_json::json;

    use crate::testing::browser::{Browser, Page};
    use crate::testing::{TestApp, result};

    fn names(page: &Page) -> Vec<&str> {
        assert_eq!(page.status, StatusCode::OK);
        let rows = page.html.split("<td class=\"cut\"><a href=").skip(1);
        rows.map(|row| row.split_once('>').unwrap().1.split_once('<').unwrap().0)
            .collect()
    }

    #[tokio::test]
    async fn the_list_is_searched_sorted_narrowed_and_parted() {
        let (app, store) = TestApp::with_store().await;
        let path = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets");
        let new = (0..60).map(|number| {
            let scope = if number % 2 == 0 { "workers" } else { "dex" };
            json!({ "name": format!("S{number:02}"), "value": "v", "scopes": [scope], "comment": "<i>&" })
        });
        result(&app.request(Method::POST, &path, Some(new.collect())).await);
        let browser = Browser::of_administrator(&app).await;
        let open = async |query: &str| {
            browser
                .open(&format!("/{{account_id}}/secrets-store{query}"))
                .await
        };
        let page = open("").await;
        assert_eq!((names(&page).len(), names(&page)[0]), (50, "S00"));
        assert!(page.html.contains("1–50 of 60") && page.html.contains("&#60;i&#62;&#38;"));
        let page = open("?page=2").await;
        assert_eq!((names(&page).len(), names(&page)[0]), (10, "S50"));
        assert_eq!(names(&open("?order=-name").await)[0], "S59");
        let page = open("?search=s1&scope=dex&order=-name").await;
        assert_eq!(names(&page), ["S19", "S17", "S15", "S13", "S11"]);
        assert!(
            page.html
                .contains("?search=s1&#38;scope=dex&#38;order=name\""),
            "{}",
            page.html
        );
        let page = open("?search=%3Cb%3E").await;
        assert!(page.html.contains("No secret matches") && !page.html.contains("<b>"));
        assert!(names(&open("?page=99").await).is_empty());
    }
}
