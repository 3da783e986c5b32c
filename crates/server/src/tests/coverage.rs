//! `docs/api-coverage.md` lists what the router serves.

use std::fmt::Write;
use std::path::Path;

use coffer_types::{Permission, Permissions};

use crate::{RouteInfo, route_table};

/// Set it to write the page anew.
const UPDATE: &str = "UPDATE_DOCS";

#[test]
fn the_page_lists_every_route() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api-coverage.md");
    let expected = page(&route_table());
    if std::env::var_os(UPDATE).is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "docs/api-coverage.md differs from the table of routes: run this test with {UPDATE}=1"
    );
}

#[test]
fn no_route_is_listed_twice() {
    let mut seen = std::collections::HashSet::new();
    for route in route_table() {
        assert!(
            seen.insert((route.method, route.path)),
            "{} {}",
            route.method,
            route.path
        );
    }
}

fn page(routes: &[RouteInfo]) -> String {
    let mut page = String::from(
        "# What of the v4 API is served\n\n\
         This page is generated from the table of routes; a test compares them. Paths are below `/client/v4`. What is \
         not served answers 501 with a v4 error that names the operation.\n",
    );
    table(
        &mut page,
        "Served",
        routes.iter().filter(|route| route.served),
    );
    table(
        &mut page,
        "Not served",
        routes.iter().filter(|route| !route.served),
    );
    page
}

fn table<'r>(page: &mut String, title: &str, routes: impl Iterator<Item = &'r RouteInfo>) {
    let mut routes: Vec<_> = routes.collect();
    routes.sort_by_key(|route| (route.path, route.method));
    write!(page, "\n## {title}: {}\n\n", routes.len()).unwrap();
    page.push_str("| method | path | what | needs | served |\n|---|---|---|---|---|\n");
    for route in routes {
        let needs = match (route.served, route.permission) {
            (false, _) => String::new(),
            (true, None) if route.open => "nothing".to_owned(),
            (true, None) if route.by_upload_token => "upload token".to_owned(),
            (true, None) => "credentials".to_owned(),
            (true, Some(permission)) => with_any_of(permission.words(), route.and_any_of),
        };
        let served = if route.served { "yes" } else { "501" };
        let RouteInfo {
            method,
            path,
            summary,
            ..
        } = route;
        writeln!(
            page,
            "| {method} | `{path}` | {summary} | {needs} | {served} |"
        )
        .unwrap();
    }
}

fn with_any_of(first: &str, further: Permissions) -> String {
    let any: Vec<_> = Permission::ALL
        .into_iter()
        .filter(|one| further.contains(*one))
        .map(Permission::words)
        .collect();
    if any.is_empty() {
        first.to_owned()
    } else {
        format!("{first}, and any of: {}", any.join(", "))
    }
}
