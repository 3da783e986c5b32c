//! Whether the log is what was signed, and how to find out without trusting this page.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use coffer_engine::ViewAudit;
use coffer_engine::log::{LastVerified, LogHead};
use coffer_types::Timestamp;

use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::respond;
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::Visit;

#[derive(Template)]
#[template(path = "audit_log/integrity.html")]
struct IntegrityPage {
    shell: Shell,
    head: LogHead,
    signed: Option<Signed>,
    /// When the server compared the log's end with the newest checkpoint.
    compared_at: Timestamp,
    /// How every event was found when they were last read.
    verified: Option<LastVerified>,
}

/// What the newest checkpoint says, as it stands in its text: the log's name, how many events, and their root.
struct Signed {
    origin: String,
    size: String,
    root: String,
}

/// Shows the state of the log.
pub(super) async fn show(
    State(app): State<App>,
    Visit { shell, .. }: Visit<ViewAudit>,
) -> Response {
    let head = app.engine.audit_log();
    let signed = head.note.as_deref().and_then(signed);
    respond(&IntegrityPage {
        shell,
        head,
        signed,
        compared_at: app.engine.opened_at(),
        verified: app.engine.last_verified(),
    })
}

fn signed(note: &str) -> Option<Signed> {
    let mut lines = note.lines().map(str::to_owned);
    Some(Signed {
        origin: lines.next()?,
        size: lines.next()?,
        root: lines.next()?,
    })
}
