//! `_routes.json`: which requests are for a deployment's code.

use coffer_types::assets::RunWorkerFirst;
use coffer_types::limits::{MAX_PAGES_ROUTE_CHARS, MAX_PAGES_ROUTES};
use serde::Deserialize;

use crate::error::{Error, Problem, Result};

/// The only version of the file there is.
const VERSION: u64 = 1;

#[derive(Debug, Deserialize)]
struct Fields {
    version: Option<u64>,
    #[serde(default)]
    include: Vec<String>,
    #[serde(default)]
    exclude: Vec<String>,
}

/// The requests that this file sends to the code: those to include, but for those to exclude.
///
/// # Errors
/// [`Error::Invalid`] for what is no such file, has another version, includes nothing, has more than
/// [`MAX_PAGES_ROUTES`] rules, or a rule that does not begin with / or is over [`MAX_PAGES_ROUTE_CHARS`].
pub(super) fn parse(content: &[u8]) -> Result<RunWorkerFirst> {
    let fields: Fields = serde_json::from_slice(content).map_err(|error| {
        refused(&format!(
            "is not JSON of the form {{\"version\":1,\"include\":[…],\"exclude\":[…]}}: line {}, column {}",
            error.line(),
            error.column()
        ))
    })?;
    if fields.version != Some(VERSION) {
        return Err(refused(&format!("must have \"version\": {VERSION}")));
    }
    if fields.include.is_empty() {
        return Err(refused("must include at least one rule"));
    }
    let count = fields.include.len() + fields.exclude.len();
    if count > MAX_PAGES_ROUTES {
        let rule = format!("has {count} rules, the limit is {MAX_PAGES_ROUTES}");
        return Err(refused(&rule));
    }
    let fits = |rule: &String| {
        rule.starts_with('/')
            && rule.chars().count() <= MAX_PAGES_ROUTE_CHARS
            && !rule.chars().any(char::is_control)
    };
    let mut rules = fields.include.iter().chain(&fields.exclude);
    if let Some(wrong) = rules.find(|rule| !fits(rule)) {
        let shown: String = wrong.chars().take(MAX_PAGES_ROUTE_CHARS).collect();
        return Err(refused(&format!(
            "has the rule {shown:?}: a rule begins with / and has at most {MAX_PAGES_ROUTE_CHARS} characters"
        )));
    }
    let excluded = fields.exclude.iter().map(|rule| format!("!{rule}"));
    let rules = fields.include.iter().cloned().chain(excluded);
    Ok(RunWorkerFirst::Paths(rules.collect()))
}

fn refused(rule: &str) -> Error {
    Error::invalid(
        "/_routes.json",
        Problem::Pages(format!("_routes.json {rule}")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(content: &str) -> String {
        let Error::Invalid(problems) = parse(content.as_bytes()).unwrap_err() else {
            panic!("{content}");
        };
        problems[0].problem.to_string()
    }

    fn file(rules: usize, rule: &str) -> String {
        let include = vec![rule; rules];
        serde_json::json!({ "version": 1, "include": include, "exclude": ["/x"] }).to_string()
    }

    #[test]
    fn rules_to_exclude_come_with_a_mark() {
        let given =
            br#"{"version":1,"description":"d","include":["/api/*","/a"],"exclude":["/api/b"]}"#;
        let expected = ["/api/*", "/a", "!/api/b"].map(str::to_owned).to_vec();
        assert_eq!(parse(given).unwrap(), RunWorkerFirst::Paths(expected));
        assert!(parse(file(99, "/a").as_bytes()).is_ok());
        let longest = format!("/{}", "é".repeat(99));
        assert!(parse(file(1, &longest).as_bytes()).is_ok());
    }

    #[test]
    fn what_is_no_such_file_is_refused() {
        for (content, word) in [
            ("", "not JSON"),
            ("[]", "not JSON"),
            (r#"{"version":1,"include":"/a"}"#, "not JSON"),
            (r#"{"include":["/a"]}"#, "\"version\": 1"),
            (r#"{"version":2,"include":["/a"]}"#, "\"version\": 1"),
            (r#"{"version":1}"#, "at least one"),
            (
                r#"{"version":1,"include":[],"exclude":["/a"]}"#,
                "at least one",
            ),
            (r#"{"version":1,"include":["a"]}"#, "begins with /"),
            (
                r#"{"version":1,"include":["/a"],"exclude":["!/a"]}"#,
                "begins with /",
            ),
            (&file(100, "/a"), "101 rules"),
            (
                &file(1, &format!("/{}", "a".repeat(100))),
                "at most 100 characters",
            ),
        ] {
            let refusal = refusal(content);
            assert!(refusal.contains(word), "{refusal}");
        }
    }
}
