//! The list of secrets.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use coffer_engine::{
    Direction, Engine, ManageSecrets, Permit, Result, SecretFilter, SecretList, SecretOrder,
    SecretUse, Slice, ViewSecrets,
};
use coffer_protocol::secrets_store::{QuotaOf, Secret};
use coffer_types::{Comment, Permission, Scope, SecretId, SecretStatus, StoreId};
use serde::Deserialize;

use super::SCOPES;
use super::store::{self, StoreChoice, Stores};
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
const ORDERS: [(&str, SecretOrder); 7] = [
    ("name", SecretOrder::Name),
    ("comment", SecretOrder::Comment),
    ("status", SecretOrder::Status),
    ("created", SecretOrder::Created),
    ("modified", SecretOrder::Modified),
    ("workers", SecretOrder::Workers),
    ("read", SecretOrder::LastRead),
];
/// The columns' headings, each with its place in [`ORDERS`].
const COLUMNS: [(&str, Option<usize>); 8] = [
    ("Name", Some(0)),
    ("Comment", Some(1)),
    ("Scope", None),
    ("Status", Some(2)),
    ("Workers", Some(5)),
    ("Last read", Some(6)),
    ("Changed", Some(4)),
    ("Created", Some(3)),
];
/// Those of [`ORDERS`] that tell how much a secret is used.
const BY_USE: [usize; 2] = [5, 6];
/// Characters of a comment that the list shows; the column cuts most of them off.
const COMMENT_CHARS: usize = 60;

#[derive(Template)]
#[template(path = "secrets_store/list.html")]
struct ListPage {
    shell: Shell,
    stores: Option<Stores>,
    list: Asked,
    rows: Vec<Row>,
    pager: Pager,
    quota: QuotaOf,
}

/// A secret of the list, and how much it is used.
struct Row {
    secret: Secret,
    used: SecretUse,
}

/// The query of the page's address. Whatever is none of ours counts as nothing.
#[derive(Deserialize)]
pub(super) struct Parameters {
    #[serde(default)]
    search: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    status: String,
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
    status: Option<SecretStatus>,
    /// Its place in [`ORDERS`].
    order: usize,
    direction: Direction,
    page: u64,
    /// The chosen store, as an address names it.
    store: String,
    place: String,
}

/// The heading of a column.
struct Column {
    label: &'static str,
    /// Sorts by it, or turns the order round.
    href: Option<String>,
    /// How the list is sorted by it, if it is.
    sorted: Option<&'static str>,
}

/// The address of the list of a store, with a word for what was done.
pub(super) fn address_of(shell: &Shell, choice: &StoreChoice, done: &str) -> String {
    let place = shell.place("secrets-store");
    let store = query(&[("store", choice.word())]);
    match (done, store.as_str()) {
        ("", _) => format!("{place}{store}"),
        (_, "") => format!("{place}?done={done}"),
        _ => format!("{place}{store}&done={done}"),
    }
}

/// Shows the list. The account's store is made when someone who may do so first looks.
pub(super) async fn show(
    State(app): State<App>,
    Visit { permit, shell }: Visit<ViewSecrets>,
    Query(parameters): Query<Parameters>,
    Query(choice): Query<StoreChoice>,
) -> Response {
    match page(&app.engine, &permit, shell, parameters, &choice).await {
        Ok(page) => respond(&page),
        Err(error) => refused(&error),
    }
}

async fn page(
    engine: &Engine,
    permit: &Permit<ViewSecrets>,
    shell: Shell,
    parameters: Parameters,
    choice: &StoreChoice,
) -> Result<ListPage> {
    let stores = match permit.and::<ManageSecrets>() {
        Ok(permit) => Some(store::find_or_create(engine, &permit, choice).await?),
        Err(_) => store::find(engine, permit, choice).await?,
    };
    let word = stores.as_ref().map(Stores::word).unwrap_or_default();
    let asked = Asked::new(&parameters, word, shell.place("secrets-store"));
    let (rows, total) = match &stores {
        None => (Vec::new(), 0),
        Some(stores) => rows(engine, permit, asked.list(stores.chosen.id)).await?,
    };
    let pager = Pager::new(asked.page, PAGE_SIZE, total.into(), |page| {
        asked.address(&asked.order_word(), page)
    });
    Ok(ListPage {
        quota: engine.quota(permit).await?.secrets,
        shell,
        stores,
        list: asked,
        rows,
        pager,
    })
}

/// The secrets of the page, and how many there are in all.
async fn rows(
    engine: &Engine,
    permit: &Permit<ViewSecrets>,
    list: SecretList,
) -> Result<(Vec<Row>, u32)> {
    let found = engine.list_secrets(permit, list).await?;
    let ids: Vec<SecretId> = found.secrets.iter().map(|secret| secret.id).collect();
    let uses = engine.uses_of_secrets(permit, &ids).await?;
    let row = |secret: Secret| Row {
        used: uses.get(&secret.id).copied().unwrap_or_default(),
        secret,
    };
    Ok((found.secrets.into_iter().map(row).collect(), found.total))
}

impl Row {
    /// The beginning of the comment.
    fn comment(&self) -> String {
        let comment = self.secret.comment.as_ref();
        let comment = comment.map(Comment::as_str).unwrap_or_default();
        comment.chars().take(COMMENT_CHARS).collect()
    }
}

impl Asked {
    fn new(parameters: &Parameters, store: String, place: String) -> Self {
        let order = parameters.order.strip_prefix('-');
        let (word, direction) = match order {
            Some(word) => (word, Direction::Descending),
            None => (parameters.order.as_str(), Direction::Ascending),
        };
        let order = ORDERS.iter().position(|(other, _)| *other == word);
        Self {
            search: parameters.search.trim().to_owned(),
            scope: parameters.scope.parse().ok(),
            status: match parameters.status.as_str() {
                "pending" => Some(SecretStatus::Pending),
                "active" => Some(SecretStatus::Active),
                _ => None,
            },
            order: order.unwrap_or(0),
            direction,
            page: parameters
                .page
                .parse()
                .unwrap_or(1)
                .clamp(1, u64::from(u32::MAX)),
            store,
            place,
        }
    }

    fn list(&self, store_id: StoreId) -> SecretList {
        let (_, order) = ORDERS[self.order];
        SecretList {
            filter: SecretFilter {
                store_id,
                search: (!self.search.is_empty()).then(|| self.search.clone()),
                scopes: self.scope.into_iter().collect(),
                pending: self.status.map(|status| status == SecretStatus::Pending),
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
        word_of(self.order, self.direction)
    }

    fn address(&self, order: &str, page: u64) -> String {
        let scope = self.scope.map(Scope::as_str).unwrap_or_default();
        let page = if page == 1 {
            String::new()
        } else {
            page.to_string()
        };
        let parameters = [
            ("store", self.store.as_str()),
            ("search", self.search.as_str()),
            ("scope", scope),
            ("status", self.status_word()),
            ("order", order),
            ("page", page.as_str()),
        ];
        format!("{}{}", self.place, query(&parameters))
    }

    const fn status_word(&self) -> &'static str {
        match self.status {
            Some(SecretStatus::Pending) => "pending",
            Some(SecretStatus::Active) => "active",
            _ => "",
        }
    }

    /// The chosen store as the query of an address.
    fn store_query(&self) -> String {
        query(&[("store", self.store.as_str())])
    }

    /// Whether something is left out of the list.
    fn is_narrowed(&self) -> bool {
        !self.search.is_empty() || self.scope.is_some() || self.status.is_some()
    }

    /// The headings; each link sorts by its column, or turns the order round.
    fn columns(&self) -> Vec<Column> {
        let sorted = match self.direction {
            Direction::Ascending => "ascending",
            Direction::Descending => "descending",
        };
        let columns = COLUMNS.iter();
        columns
            .map(|(label, order)| {
                let is_sorted = *order == Some(self.order);
                let next = match self.direction {
                    Direction::Ascending if is_sorted => Direction::Descending,
                    // Of what is used, the most or the latest is looked for first.
                    _ if !is_sorted && order.is_some_and(|order| BY_USE.contains(&order)) => {
                        Direction::Descending
                    }
                    _ => Direction::Ascending,
                };
                Column {
                    label,
                    href: order.map(|order| self.address(&word_of(order, next), 1)),
                    sorted: is_sorted.then_some(sorted),
                }
            })
            .collect()
    }
}

/// An order as addresses have it.
fn word_of(order: usize, direction: Direction) -> String {
    let (word, _) = ORDERS[order];
    match direction {
        Direction::Ascending => word.to_owned(),
        Direction::Descending => format!("-{word}"),
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
        // Each column that has an order leads to it.
        let page = open("").await;
        for order in [
            "-name", "comment", "status", "-workers", "-read", "modified", "created",
        ] {
            let link = format!("?order={order}\"");
            assert!(page.html.contains(&link), "{order}: {}", page.html);
            assert_eq!(names(&open(&format!("?order={order}")).await).len(), 50);
        }
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

    #[tokio::test]
    async fn a_full_page_is_small_however_much_is_said_of_its_secrets() {
        let (app, store) = TestApp::with_store().await;
        let path = format!("/accounts/{{account_id}}/secrets_store/stores/{store}/secrets");
        let scopes = ["workers", "ai_gateway"];
        let new = (0..60).map(|number| {
            let name = format!("SECRET_OF_A_SERVICE_WITH_A_NAME_{number:08}");
            json!({ "name": name, "value": "v", "scopes": scopes, "comment": "&".repeat(1024) })
        });
        result(&app.request(Method::POST, &path, Some(new.collect())).await);
        let browser = Browser::of_administrator(&app).await;
        let page = browser.open("/{account_id}/secrets-store").await;
        assert_eq!(names(&page).len(), 50);
        assert!(page.html.len() < 100_000, "{} bytes", page.html.len());
    }
}
