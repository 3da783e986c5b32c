use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};

use super::guide::{GuidePage, find, pages};
use crate::testing::browser::{Browser, Page};
use crate::testing::{TestApp, failure};

/// Asks as a browser does that follows a link.
async fn visit(browser: &Browser<'_>, method: Method, path: &str) -> Page {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8");
    browser.ask(request, Body::empty()).await
}

#[test]
fn every_page_has_a_title_a_summary_and_what_it_promises() {
    for page in pages() {
        let document = &page.document;
        assert!(!document.title.is_empty(), "{}", page.name);
        let length = document.summary.chars().count();
        assert!((20..240).contains(&length), "{}: {length}", page.name);
        assert!(!document.headings.is_empty(), "{}", page.name);
        assert!(
            document.html.len() < 80_000,
            "{}: {}",
            page.name,
            document.html.len()
        );
        assert!(!page.markdown.contains("](http://"), "{}", page.name);
    }
}

/// Every page and every heading, as links have them.
fn places() -> HashSet<String> {
    let headings = |page: &'static GuidePage| {
        let anchors = page.document.headings.iter();
        anchors.map(|heading| format!("{}#{}", page.path(), heading.anchor))
    };
    pages()
        .iter()
        .flat_map(|page| headings(page).chain([page.path()]))
        .collect()
}

#[test]
fn every_link_leads_somewhere() {
    let places = places();
    let mut followed = 0;
    for page in pages() {
        for link in &page.document.links {
            if link.starts_with("https://") {
                continue;
            }
            let link = match link.strip_prefix('#') {
                Some(anchor) => format!("{}#{anchor}", page.path()),
                None => link.clone(),
            };
            assert!(places.contains(&link), "{}: {link}", page.name);
            followed += 1;
        }
    }
    assert!(followed > 0);
}

/// Every file below a directory.
fn files_below(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => files_below(&path),
            false => vec![path],
        })
        .collect()
}

#[test]
fn the_dashboard_leads_to_pages_that_there_are() {
    let places = places();
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let files = files_below(&templates);
    assert!(files.len() > 10);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for link in text.split("href=\"/docs/").skip(1) {
            let link = format!("/docs/{}", link.split('"').next().unwrap());
            assert!(places.contains(&link), "{}: {link}", file.display());
        }
    }
}

#[test]
fn every_code_of_the_api_is_explained() {
    let source = include_str!("../../api/error.rs");
    let (codes, _) = source.split_once("#[cfg(test)]").unwrap_or((source, ""));
    let numbers = codes.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let mut codes: Vec<u32> = numbers
        .filter_map(|number| number.replace('_', "").parse().ok())
        // Shorter numbers are lengths and seconds.
        .filter(|number| *number > 500)
        .collect();
    codes.sort_unstable();
    codes.dedup();
    assert!(codes.len() > 30 && codes.contains(&100_146), "{codes:?}");
    let (_, page) = find("troubleshooting").unwrap();
    for code in codes {
        let row = format!("\n| {code} |");
        let heading = format!("## {code}:");
        let explained = page.markdown.contains(&row) || page.markdown.contains(&heading);
        assert!(explained, "{code}");
    }
}

#[test]
fn the_repository_s_list_names_every_page() {
    let list = include_str!("../../../../../docs/guide/README.md");
    for page in pages() {
        let line = format!(
            "- [{}]({}.md): {}",
            page.document.title, page.name, page.document.summary
        );
        assert!(list.contains(&line), "{line}");
    }
}

#[tokio::test]
async fn the_guide_is_for_everyone_and_in_the_shell_for_who_is_signed_in() {
    let app = TestApp::new().await;
    let stranger = Browser::new(&app);
    let signed_in = Browser::of_administrator(&app).await;
    for page in pages() {
        for (browser, around) in [(&stranger, "href=\"/sign-in\""), (&signed_in, "Sign out")] {
            let shown = browser.open(&page.path()).await;
            assert_eq!(shown.status, StatusCode::OK, "{}", page.name);
            assert!(shown.html.contains(around), "{}", page.name);
            assert_eq!(shown.html.matches("<h1").count(), 1, "{}", page.name);
            for heading in &page.document.headings {
                let place = format!(" id=\"{}\"", heading.anchor);
                assert_eq!(
                    shown.html.matches(&place).count(),
                    1,
                    "{}: {place}",
                    page.name
                );
            }
            for inline in ["<style", " style=", "<script>", " onclick=", "javascript:"] {
                assert!(!shown.html.contains(inline), "{}: {inline}", page.name);
            }
            assert!(shown.headers.contains_key(header::CONTENT_SECURITY_POLICY));
            assert!(shown.html.len() < 100_000, "{}", page.name);
        }
    }
    let index = signed_in.open("/docs").await;
    for page in pages() {
        assert!(index.html.contains(&format!("href=\"{}\"", page.path())));
    }
    assert!(index.html.contains("href=\"/docs\" aria-current=\"page\""));
    let first = stranger.open(&pages()[0].path()).await;
    assert!(first.html.contains("rel=\"next\"") && !first.html.contains("rel=\"prev\""));
}

#[tokio::test]
async fn an_ended_session_is_a_stranger_whose_cookie_is_taken_away() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    let page = browser.open("/docs").await;
    assert!(!page.headers.contains_key(header::SET_COOKIE));
    let token = page.between("name=\"form_token\" value=\"", "\"");
    browser.send("/sign-out", &[("form_token", token)]).await;
    let page = browser.open("/docs").await;
    assert!(page.html.contains("href=\"/sign-in\"") && !page.html.contains("Sign out"));
    let cookie = page.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.contains("Max-Age=0"), "{cookie}");
}

#[tokio::test]
async fn the_guide_is_searched() {
    let app = TestApp::new().await;
    let browser = Browser::new(&app);
    let page = browser.open("/docs?search=10182").await;
    assert!(page.html.contains("<mark>10182</mark>"), "{}", page.html);
    assert!(page.html.contains("href=\"/docs/troubleshooting#"));
    let page = browser.open("/docs?search=%3Cscript%3Ealert(1)").await;
    assert!(page.html.contains("Nothing found") && !page.html.contains("<script>"));
    assert!(page.html.contains("value=\"&#60;script&#62;alert(1)\""));
}

#[tokio::test]
async fn pages_are_told_to_programs_as_they_are_written() {
    let app = TestApp::new().await;
    let browser = Browser::new(&app);
    let list = browser.open("/llms.txt").await;
    assert_eq!(
        list.headers[header::CONTENT_TYPE],
        "text/plain; charset=utf-8"
    );
    for page in pages() {
        let path = format!("{}.md", page.path());
        assert!(
            list.html
                .contains(&format!("{path}): {}", page.document.summary))
        );
        let written = browser.open(&path).await;
        assert_eq!(
            written.headers[header::CONTENT_TYPE],
            "text/markdown; charset=utf-8"
        );
        assert_eq!(written.html, page.markdown);
    }
}

#[tokio::test]
async fn whoever_is_lost_is_helped() {
    let app = TestApp::new().await;
    let stranger = Browser::new(&app);
    let signed_in = Browser::of_administrator(&app).await;
    let id = app.first.account_id;
    for path in [
        "/docs/no-such-page".to_owned(),
        "/docs/no-such-page.md".to_owned(),
        "/nothing".to_owned(),
        "/a/b/c".to_owned(),
        "/nonsense/secrets-store".to_owned(),
        format!("/{id}/nothing/at/all"),
    ] {
        for (browser, place) in [(&stranger, "/sign-in"), (&signed_in, "/secrets-store")] {
            let page = visit(browser, Method::GET, &path).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
            assert!(
                page.html.contains("Page not found"),
                "{path}: {}",
                page.html
            );
            assert!(page.html.contains("action=\"/docs\"") && page.html.contains("/llms.txt"));
            assert!(page.html.contains(&format!("{place}\"")), "{path}");
        }
    }
    let page = visit(&stranger, Method::GET, "/help/audit-log").await;
    assert!(
        page.html.contains("href=\"/docs/audit-log\""),
        "{}",
        page.html
    );
    let page = visit(&stranger, Method::GET, "/x/%3Cscript%3E").await;
    assert!(!page.html.contains("<script>") && page.status == StatusCode::NOT_FOUND);
    let page = visit(&stranger, Method::DELETE, "/docs").await;
    assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(page.html.contains("action=\"/docs\""));
}

#[tokio::test]
async fn programs_are_told_in_the_api_s_form() {
    let app = TestApp::new().await;
    for (method, path, accept, expected) in [
        ("GET", "/nothing", "*/*", (404, "7003 ")),
        (
            "GET",
            "/nonsense/secrets-store",
            "application/json",
            (404, "7003 "),
        ),
        ("GET", "/client/v4/nothing", "text/html", (404, "7003 ")),
        ("DELETE", "/docs", "*/*", (405, "7001 ")),
        ("PUT", "/client/v4/accounts", "text/html", (405, "7001 ")),
    ] {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header::ACCEPT, accept).body(Body::empty());
        let (status, errors) = failure(&app.send(request.unwrap()).await);
        assert_eq!((status, &errors[0][..5]), expected, "{method} {path}");
    }
}
