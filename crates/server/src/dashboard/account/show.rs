//! The page itself.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use coffer_engine::{AccountUsage, ViewAccount};
use coffer_protocol::identity::Account;
use coffer_types::{Permission, Subdomain};

use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::respond;
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Visit, refused_in};

#[derive(Template)]
#[template(path = "account/show.html")]
struct AccountPage {
    shell: Shell,
    account: Account,
    /// What stands before the names of Workers is `*`; nothing if the account has no label.
    workers_at: Option<String>,
    subdomain: Option<Subdomain>,
    limits: [Limit; 3],
    value_bytes: u32,
    protects: bool,
    api_base_url: String,
}

/// Clients for which there are settings to copy.
const WAYS: [&str; 4] = ["Wrangler", "Python", "TypeScript", "Terraform"];

impl AccountPage {
    /// What to tell each of [`WAYS`]. The token is for the reader to fill in.
    fn snippets(&self) -> [String; 4] {
        let (id, address) = (self.account.id, &self.api_base_url);
        let exports = |variable: &str| {
            format!(
                "export {variable}={address}\nexport CLOUDFLARE_ACCOUNT_ID={id}\n\
                 export CLOUDFLARE_API_TOKEN=<your API token>"
            )
        };
        [
            exports("CLOUDFLARE_API_BASE_URL"),
            exports("CLOUDFLARE_BASE_URL"),
            exports("CLOUDFLARE_BASE_URL"),
            format!(
                "provider \"cloudflare\" {{\n  base_url  = \"{address}\"\n  api_token = var.api_token\n}}\n\n\
                 locals {{\n  account_id = \"{id}\"\n}}"
            ),
        ]
    }
}

/// A limit, and how much of it is used.
struct Limit {
    label: &'static str,
    used: u32,
    most: u32,
}

impl Limit {
    /// Whether there is no room left, where there was for more than one: the one store is nothing to warn of.
    fn is_reached(&self) -> bool {
        self.most > 1 && self.used >= self.most
    }
}

pub(super) async fn show(
    State(app): State<App>,
    Visit { permit, shell }: Visit<ViewAccount>,
) -> Response {
    let found = async {
        let usage = app.engine.account_usage(&permit).await?;
        let settings = app.engine.coffer_settings(&permit).await?;
        Ok((usage, settings.protect_bound_secrets))
    };
    let (usage, protects) = match found.await {
        Ok(found) => found,
        Err(error) => return refused_in(shell, &error),
    };
    let row = permit.account();
    let subdomain = row.subdomain.clone();
    let at = |label| app.workers_url.with_label(&format!("*.{label}"));
    respond(&AccountPage {
        account: app.engine.account(&permit),
        workers_at: subdomain.as_ref().map(at),
        subdomain,
        limits: limits(usage, &row.limits),
        value_bytes: row.limits.value_bytes,
        protects,
        api_base_url: format!("{}/client/v4", app.public_url),
        shell,
    })
}

fn limits(usage: AccountUsage, most: &coffer_engine::AccountLimits) -> [Limit; 3] {
    let limit = |label, used, most| Limit { label, used, most };
    [
        limit("Secrets", usage.secrets, most.secrets),
        limit("Stores", usage.stores, most.stores),
        limit("Workers", usage.workers, most.workers),
    ]
}
