//! The list of tokens.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use coffer_engine::{Direction, Slice, TokenList, ViewTokens};
use coffer_protocol::tokens::{Token, TokenStatus};
use coffer_types::{Effect, Permission};
use serde::Deserialize;

use super::owner::{Owner, TokensVisit};
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::respond;
use crate::dashboard::pager::{Pager, query};
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::refused_in;

const PAGE_SIZE: u32 = 50;

#[derive(Template)]
#[template(path = "tokens/list.html")]
struct ListPage {
    shell: Shell,
    owner: Owner,
    tokens: Vec<Listed>,
    may_manage: bool,
    pager: Pager,
}

/// One token of the list.
struct Listed {
    token: Token,
    /// The beginning of its text.
    prefix: String,
    /// What it allows, in short.
    allows: String,
}

/// The query of the page's address. Whatever is none of ours counts as nothing.
#[derive(Deserialize)]
pub(super) struct Parameters {
    #[serde(default)]
    page: String,
}

/// Shows the list, newest first.
pub(super) async fn show(
    State(app): State<App>,
    TokensVisit {
        permit,
        shell,
        owner,
    }: TokensVisit<ViewTokens>,
    Query(parameters): Query<Parameters>,
) -> Response {
    let page = parameters.page.parse().unwrap_or(1);
    let page = u64::clamp(page, 1, u64::from(u32::MAX));
    let list = TokenList {
        include_expired: true,
        direction: Direction::Descending,
        slice: Slice {
            limit: PAGE_SIZE,
            offset: (page - 1) * u64::from(PAGE_SIZE),
        },
    };
    let found = match app.engine.list_tokens(&permit, list).await {
        Ok(found) => found,
        Err(error) => return refused_in(shell, &error),
    };
    let pager = Pager::new(page, PAGE_SIZE, found.total.into(), |page| {
        format!("{}{}", owner.list(), query(&[("page", &page.to_string())]))
    });
    let tokens = found.tokens.into_iter().zip(found.prefixes);
    let tokens = tokens.map(|(token, prefix)| Listed {
        allows: allows(&token),
        prefix,
        token,
    });
    respond(&ListPage {
        may_manage: owner.is_user() || shell.permits(Permission::ManageTokens),
        tokens: tokens.collect(),
        shell,
        owner,
        pager,
    })
}

/// The names of the groups that a token allows: the first two, and how many more.
fn allows(token: &Token) -> String {
    let allowed = token.policies.iter();
    let allowed = allowed.filter(|policy| policy.effect == Effect::Allow);
    let groups = allowed.flat_map(|policy| &policy.permission_groups);
    let names: Vec<_> = groups.map(|group| group.name.as_str()).collect();
    match names.as_slice() {
        [first, second, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second} and {} more", rest.len())
        }
        few => few.join(", "),
    }
}
