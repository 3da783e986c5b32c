//! `_redirects`: answers at paths that lead elsewhere, or serve another path in their place.
//!
//! Lines that mean nothing are passed over, as the platform does; the client that reads the file tells of them.

use std::collections::HashMap;

use http::StatusCode;

use super::pattern::Pattern;

/// Rules without names or `*` that count, from the platform's limits.
const MAX_STATIC_RULES: usize = 2000;
/// Other rules that count, from the platform's limits.
const MAX_DYNAMIC_RULES: usize = 100;
/// Characters of a line, from the platform's limits.
const MAX_LINE_CHARS: usize = 1000;

/// The rules of a version.
#[derive(Clone, Debug, Default)]
pub(super) struct Redirects {
    /// By path.
    fixed: HashMap<Box<str>, To>,
    dynamic: Vec<(Pattern, To)>,
}

#[derive(Clone, Debug)]
struct To {
    target: Box<str>,
    status: u16,
}

/// What a rule makes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Redirect {
    /// The client is sent elsewhere.
    Sent(StatusCode, String),
    /// Another path is served in its place.
    Served(String),
}

impl Redirects {
    pub(super) fn parse(text: &str) -> Self {
        let mut rules = Self::default();
        for line in text.lines() {
            if line.chars().count() <= MAX_LINE_CHARS {
                rules.add(line);
            }
        }
        rules
    }

    fn add(&mut self, line: &str) {
        let mut words = line
            .split_whitespace()
            .take_while(|word| !word.starts_with('#'));
        let (Some(from), Some(target)) = (words.next(), words.next()) else {
            return;
        };
        let status = match words.next().map(str::parse) {
            None => 302,
            Some(Ok(status @ (200 | 301 | 302 | 303 | 307 | 308))) => status,
            Some(_) => return,
        };
        if words.next().is_some() || !from.starts_with('/') {
            return;
        }
        let inside = target.starts_with('/') && !target.starts_with("//");
        let outside = target.starts_with("https://") || target.starts_with("http://");
        if !(inside || outside && status != 200) || leads_to_itself(from, target) {
            return;
        }
        let Some(pattern) = Pattern::parse(from) else {
            return;
        };
        let to = To {
            target: target.into(),
            status,
        };
        // After the first rule of the other kind, all are looked at in order.
        let fixed = pattern.is_static() && self.dynamic.is_empty();
        if fixed && self.fixed.len() < MAX_STATIC_RULES {
            self.fixed.entry(from.into()).or_insert(to);
        } else if !fixed && self.dynamic.len() < MAX_DYNAMIC_RULES {
            self.dynamic.push((pattern, to));
        }
    }

    /// What becomes of a request for this path. The query goes along unless the rule has its own.
    pub(super) fn find(&self, host: &str, path: &str, query: Option<&str>) -> Option<Redirect> {
        if let Some(to) = self.fixed.get(path) {
            return Some(to.redirect(to.target.to_string(), query));
        }
        self.dynamic.iter().find_map(|(pattern, to)| {
            let captures = pattern.captures(host, path)?;
            Some(to.redirect(captures.fill(&to.target), query))
        })
    }
}

impl To {
    fn redirect(&self, target: String, query: Option<&str>) -> Redirect {
        let target = if self.target.starts_with('/') {
            one_slash(&target)
        } else {
            target
        };
        match StatusCode::from_u16(self.status) {
            Ok(status) if status != StatusCode::OK => {
                Redirect::Sent(status, with_query(target, query))
            }
            _ => {
                let end = target.find(['?', '#']).unwrap_or(target.len());
                Redirect::Served(target[..end].to_owned())
            }
        }
    }
}

/// A rule that a client would follow for ever: from everything to the page that everything is.
fn leads_to_itself(from: &str, target: &str) -> bool {
    from == target
        || from.ends_with("/*")
            && matches!(
                target.strip_prefix(&from[..from.len() - 1]),
                Some("index" | "index.html")
            )
}

/// The target with one slash for several, so that what a name stands for cannot make it another host's address.
fn one_slash(target: &str) -> String {
    let end = target.find(['?', '#']).unwrap_or(target.len());
    let mut made = String::with_capacity(target.len());
    for character in target[..end].chars() {
        let slash = matches!(character, '/' | '\\');
        if !(slash && made.ends_with('/')) {
            made.push(if slash { '/' } else { character });
        }
    }
    made.push_str(&target[end..]);
    made
}

fn with_query(target: String, query: Option<&str>) -> String {
    let Some(query) = query.filter(|_| !target.contains('?')) else {
        return target;
    };
    match target.split_once('#') {
        None => format!("{target}?{query}"),
        Some((target, fragment)) => format!("{target}?{query}#{fragment}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str, path: &str) -> Option<(u16, String)> {
        let (path, query) = path
            .split_once('?')
            .map_or((path, None), |(path, query)| (path, Some(query)));
        Some(match Redirects::parse(text).find("h", path, query)? {
            Redirect::Sent(status, target) => (status.as_u16(), target),
            Redirect::Served(path) => (200, path),
        })
    }

    #[test]
    fn rules_lead_where_they_say() {
        let text = "/a /b\n/old/* https://example.com/:splat 301 # moved\n/p/:x /q/:x?k=1 307\n\
                    /app/* /app.html 200\n/frag /x#here 308\n/a /never\n";
        for (path, expected) in [
            ("/a", Some((302, "/b"))),
            ("/a?x=1", Some((302, "/b?x=1"))),
            ("/old/x/y", Some((301, "https://example.com/x/y"))),
            ("/p/1?z=2", Some((307, "/q/1?k=1"))),
            ("/app/deep", Some((200, "/app.html"))),
            ("/frag?q", Some((308, "/x?q#here"))),
            ("/b", None),
        ] {
            let found = find(text, path);
            let found = found.as_ref().map(|(status, to)| (*status, to.as_str()));
            assert_eq!(found, expected, "{path}");
        }
    }

    #[test]
    fn a_splat_cannot_make_another_hosts_address() {
        let text = "/out/* /:splat\n";
        assert_eq!(
            find(text, "/out//evil.example/"),
            Some((302, "/evil.example/".to_owned()))
        );
        assert_eq!(
            find(text, "/out/\\evil.example"),
            Some((302, "/evil.example".to_owned()))
        );
    }

    #[test]
    fn lines_that_mean_nothing_are_passed_over() {
        let long = format!("/a /{}", "x".repeat(MAX_LINE_CHARS));
        for line in [
            "",
            "/a",
            "# /a /b",
            "/a /b 404",
            "/a /b x",
            "/a /b 301 more",
            "a /b",
            "/a https://e.com 200",
            "/a //e.com",
            "/a javascript:alert(1)",
            "/a /a",
            &long,
        ] {
            assert_eq!(find(line, "/a"), None, "{line}");
        }
        assert_eq!(find("/* /index.html 200", "/x"), None);
    }

    #[test]
    fn only_so_many_rules_count() {
        let text: String = (0..=MAX_STATIC_RULES)
            .map(|n| format!("/{n} /x\n"))
            .collect();
        assert!(find(&text, "/1999").is_some());
        assert!(find(&text, "/2000").is_none());
        let text: String = (0..=MAX_DYNAMIC_RULES)
            .map(|n| format!("/{n}/* /x\n"))
            .collect();
        assert!(find(&text, "/99/").is_some());
        assert!(find(&text, "/100/").is_none());
    }
}
