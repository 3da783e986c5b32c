//! The keys that pages know, which the script shows at the side when `?` is pressed.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::frame::Anyone;
use crate::dashboard::filters;

/// Where the list is.
pub(super) const PATH: &str = "/keys";

/// Each key with what it does. The script finds what they act on by `data-key`, but for Esc, which browsers know.
const KEYS: &[(&str, &str)] = &[
    ("/", "Search the list"),
    ("n", "Create, invite or add"),
    ("?", "Show these keys"),
    ("Esc", "Close a panel or a menu"),
];

#[derive(Template)]
#[template(path = "docs/keys.html")]
struct KeysPage;

/// Shows the list.
pub(super) async fn show(anyone: Anyone) -> Response {
    anyone.page(StatusCode::OK, "Keyboard", &KeysPage)
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use crate::testing::TestApp;
    use crate::testing::browser::Browser;

    #[tokio::test]
    async fn the_keys_are_listed_for_anyone_and_every_page_of_the_shell_leads_there() {
        let app = TestApp::new().await;
        let page = Browser::new(&app).open("/keys").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.html.contains("<kbd>?</kbd>"), "{}", page.html);
        let browser = Browser::of_administrator(&app).await;
        let page = browser.open("/{account_id}/secrets-store").await;
        let link = page.between("href=\"/keys\"", ">");
        assert!(link.contains("data-panel") && link.contains("data-key=\"?\""));
    }
}
