//! The list of members, and of who is invited.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use coffer_engine::{Direction, MemberList, MemberOrder, Slice, ViewMembers};
use coffer_protocol::members::Member;
use coffer_types::{MembershipStatus, Permission};
use serde::Deserialize;

use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::respond;
use crate::dashboard::pager::{Pager, query};
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Visit, refused_in};

const PAGE_SIZE: u32 = 50;

#[derive(Template)]
#[template(path = "members/list.html")]
struct ListPage {
    shell: Shell,
    members: Vec<Member>,
    status: Option<MembershipStatus>,
    pager: Pager,
}

/// The query of the page's address. Whatever is none of ours counts as nothing.
#[derive(Deserialize)]
pub(super) struct Parameters {
    #[serde(default)]
    status: String,
    #[serde(default)]
    page: String,
}

/// Shows the list.
pub(super) async fn show(
    State(app): State<App>,
    Visit { permit, shell }: Visit<ViewMembers>,
    Query(parameters): Query<Parameters>,
) -> Response {
    let page = parameters.page.parse().unwrap_or(1);
    let page = u64::clamp(page, 1, u64::from(u32::MAX));
    let status: Option<MembershipStatus> = parameters.status.parse().ok();
    let list = MemberList {
        status,
        order: MemberOrder::Email,
        direction: Direction::Ascending,
        slice: Slice {
            limit: PAGE_SIZE,
            offset: (page - 1) * u64::from(PAGE_SIZE),
        },
    };
    let found = match app.engine.members(&permit, &list).await {
        Ok(found) => found,
        Err(error) => return refused_in(shell, &error),
    };
    let word = status.map(MembershipStatus::as_str).unwrap_or_default();
    let pager = Pager::new(page, PAGE_SIZE, found.total.into(), |page| {
        let page = page.to_string();
        let parameters = query(&[("status", word), ("page", &page)]);
        format!("{}{parameters}", shell.place("members"))
    });
    respond(&ListPage {
        shell,
        members: found.members,
        status,
        pager,
    })
}
