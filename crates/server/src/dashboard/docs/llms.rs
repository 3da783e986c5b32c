//! `/llms.txt`: what Coffer is and where its guide stands, for programs that read.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::guide::parts;
use crate::app::App;

const ABOUT: &str = "# Coffer

> A self-hosted Secrets Store with the Workers platform that uses it. It speaks Cloudflare's v4 API, so Wrangler, the
> SDKs and Terraform work with it unmodified. Secrets are written once and can never be viewed again; Workers read them
> with `await env.NAME.get()`.

The API is below `/client/v4` of this server. Each page of the guide is Markdown.
";

/// The list of the guide's pages.
pub(super) async fn show(State(app): State<App>) -> Response {
    let mut text = ABOUT.to_owned();
    for (part, pages) in parts() {
        text.push_str(&format!("\n## {part}\n\n"));
        for page in pages {
            let (title, summary) = (&page.document.title, &page.document.summary);
            let address = format!("{}{}.md", app.public_url, page.path());
            text.push_str(&format!("- [{title}]({address}): {summary}\n"));
        }
    }
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    (headers, text).into_response()
}
