//! Whether secrets that deployed Workers are bound to are kept from being deleted.

use axum::extract::State;
use axum::response::Response;
use coffer_engine::{CofferSettingsChanges, ManageAccount};

use crate::app::App;
use crate::dashboard::visit::{Submit, refused_in};

pub(super) async fn change(
    State(app): State<App>,
    Submit {
        permit,
        shell,
        form,
    }: Submit<ManageAccount>,
) -> Response {
    let changes = CofferSettingsChanges {
        protect_bound_secrets: match form.text("protect").as_str() {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        },
    };
    match app.engine.change_coffer_settings(&permit, changes).await {
        Ok(_) => super::done(&shell, "account-saved"),
        Err(error) => refused_in(shell, &error),
    }
}
