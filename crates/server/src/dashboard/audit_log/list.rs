//! The list of events.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use coffer_engine::log::LogHead;
use coffer_engine::{Engine, Error, Permit, Result, ViewAudit};

use super::asked::{ACTIONS, Asked, KINDS, Parameters, RANGES, RESULTS};
use super::sentence::Told;
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::respond_with;
use crate::dashboard::refusal::sentence;
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Visit, refused_in};

/// Events on one page: what a screen or two hold.
const PAGE_SIZE: u32 = 50;

#[derive(Template)]
#[template(path = "audit_log/list.html")]
struct ListPage {
    shell: Shell,
    list: Asked,
    events: Vec<Told>,
    older: Option<String>,
    head: LogHead,
    problem: Option<String>,
}

/// Shows the list.
pub(super) async fn show(
    State(app): State<App>,
    Visit { permit, shell }: Visit<ViewAudit>,
    Query(parameters): Query<Parameters>,
) -> Response {
    let asked = Asked::new(parameters, shell.place("audit-log"));
    let found = find(&app.engine, &permit, &asked, &shell).await;
    let (status, events, older, problem) = match found {
        Ok((events, older)) => (StatusCode::OK, events, older, None),
        Err(Error::Invalid(problems)) => {
            let told = problems.first().map(|one| sentence(&one.problem));
            (StatusCode::BAD_REQUEST, Vec::new(), None, told)
        }
        Err(error) => return refused_in(shell, &error),
    };
    let page = ListPage {
        shell,
        list: asked,
        events,
        older,
        head: app.engine.audit_log(),
        problem,
    };
    respond_with(status, &page)
}

async fn find(
    engine: &Engine,
    permit: &Permit<ViewAudit>,
    asked: &Asked,
    shell: &Shell,
) -> Result<(Vec<Told>, Option<String>)> {
    let now = engine.now();
    let found = engine
        .audit_logs(permit, asked.query(now, PAGE_SIZE))
        .await?;
    let names = engine.audit_names(permit, &found.logs).await?;
    let place = shell.place("audit-log");
    let events = found.logs.iter();
    let events = events.map(|log| Told::of(log, &names, &place)).collect();
    let older = found.next.map(|cursor| asked.after(now, &cursor));
    Ok((events, older))
}
