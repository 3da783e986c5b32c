//! `_headers`: headers that are set on, or taken from, what is served at paths.
//!
//! Lines that mean nothing are passed over, as the platform does; the client that reads the file tells of them.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::pattern::Pattern;

/// Rules that count, from the platform's limits.
const MAX_RULES: usize = 100;
/// Characters of a line, from the platform's limits.
const MAX_LINE_CHARS: usize = 2000;

/// The rules of a version.
#[derive(Clone, Debug, Default)]
pub(super) struct HeaderRules(Vec<Rule>);

#[derive(Clone, Debug)]
struct Rule {
    pattern: Pattern,
    unset: Vec<HeaderName>,
    set: Vec<(HeaderName, Value)>,
}

#[derive(Clone, Debug)]
enum Value {
    Plain(HeaderValue),
    /// With names to be replaced.
    Template(String),
}

impl HeaderRules {
    pub(super) fn parse(text: &str) -> Self {
        let mut rules: Vec<Rule> = Vec::new();
        let mut open = false;
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') || line.chars().count() > MAX_LINE_CHARS {
                continue;
            }
            if line.starts_with('/') || line.starts_with("https://") {
                open = false;
                if let Some(pattern) = Pattern::parse(line) {
                    rules.push(Rule {
                        pattern,
                        unset: Vec::new(),
                        set: Vec::new(),
                    });
                    open = true;
                }
            } else if let Some(rule) = rules.last_mut().filter(|_| open) {
                rule.add(line);
            }
        }
        rules.retain(|rule| !rule.set.is_empty() || !rule.unset.is_empty());
        rules.truncate(MAX_RULES);
        Self(rules)
    }

    /// Changes the headers of a response to a request for this path. The first rule that sets a header replaces it;
    /// later ones add to it.
    pub(super) fn apply(&self, host: &str, path: &str, headers: &mut HeaderMap) {
        if self.0.is_empty() {
            return;
        }
        let mut set_before: Vec<&HeaderName> = Vec::new();
        for rule in &self.0 {
            let Some(captures) = rule.pattern.captures(host, path) else {
                continue;
            };
            for name in &rule.unset {
                headers.remove(name);
            }
            for (name, value) in &rule.set {
                let value = match value {
                    Value::Plain(value) => Some(value.clone()),
                    Value::Template(text) => HeaderValue::try_from(captures.fill(text)).ok(),
                };
                let Some(value) = value else { continue };
                if set_before.contains(&name) {
                    headers.append(name, value);
                } else {
                    headers.insert(name, value);
                    set_before.push(name);
                }
            }
        }
    }
}

impl Rule {
    /// Adds `Name: value`, or `! Name`.
    fn add(&mut self, line: &str) {
        if let Some(name) = line.strip_prefix('!') {
            self.unset.extend(header_name(name.trim()));
            return;
        }
        let Some((name, value)) = line.split_once(':') else {
            return;
        };
        let (Some(name), value) = (header_name(name.trim()), value.trim()) else {
            return;
        };
        let value = if value.is_empty() {
            return;
        } else if value.contains(':') {
            Value::Template(value.to_owned())
        } else {
            match HeaderValue::try_from(value) {
                Ok(value) => Value::Plain(value),
                Err(_) => return,
            }
        };
        self.set.push((name, value));
    }
}

/// A header that a rule may touch: not one that says where a message ends or how it is carried.
fn header_name(text: &str) -> Option<HeaderName> {
    let name = HeaderName::try_from(text).ok()?;
    let framing = matches!(
        name.as_str(),
        "connection"
            | "content-length"
            | "content-range"
            | "keep-alive"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    );
    (!framing).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(text: &str, path: &str) -> Vec<String> {
        let mut headers = HeaderMap::new();
        headers.insert("cache-control", HeaderValue::from_static("default"));
        HeaderRules::parse(text).apply("h.example.com", path, &mut headers);
        let mut lines: Vec<_> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        lines.sort();
        lines
    }

    #[test]
    fn rules_set_add_and_take_away() {
        let text = "# a comment\n/*\n  X-A: 1\n  X-B: b\n\n/static/*\n  ! Cache-Control\n  X-A: 2\n\
                    https://:sub.example.com/x\n  X-Sub: s-:sub\n  Link: <https://e.com/:splat>\n";
        assert_eq!(
            applied(text, "/other"),
            ["cache-control: default", "x-a: 1", "x-b: b"]
        );
        assert_eq!(applied(text, "/static/y"), ["x-a: 1", "x-a: 2", "x-b: b"]);
        assert_eq!(
            applied(text, "/x"),
            [
                "cache-control: default",
                "link: <https://e.com/:splat>",
                "x-a: 1",
                "x-b: b",
                "x-sub: s-h"
            ]
        );
    }

    #[test]
    fn lines_that_mean_nothing_are_passed_over() {
        let long = format!("/*\n  X-Long: {}\n", "x".repeat(MAX_LINE_CHARS));
        for text in [
            "X-A: 1\n",
            "/a/*/*\n  X-A: 1\n",
            "/*\n  no colon\n",
            "/*\n  bad name: 1\n",
            "/*\n  X-A:\n",
            "/*\n  X-A: \u{7f}\n",
            "/*\n  Content-Length: 5\n  Transfer-Encoding: chunked\n",
            "/*\n",
            &long,
        ] {
            assert_eq!(applied(text, "/a"), ["cache-control: default"], "{text}");
        }
    }

    #[test]
    fn only_so_many_rules_count() {
        let rule = |index| format!("/{index}\n  X-A: 1\n");
        let text: String = (0..=MAX_RULES).map(rule).collect();
        assert_eq!(applied(&text, "/99").len(), 2);
        assert_eq!(applied(&text, "/100").len(), 1);
    }
}
