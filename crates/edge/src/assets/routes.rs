//! Which paths `_routes.json` of a Pages project means.

use super::glob::Glob;

/// The paths of one rule. `/a/*` means `/a` too, and `/a` and `/a/` mean each other.
#[derive(Debug)]
pub(super) struct Routes {
    glob: Glob,
    /// The path that the rule means beside what it says.
    bare: Option<Box<str>>,
}

impl Routes {
    pub(super) fn new(rule: &str) -> Self {
        let bare = match (rule.strip_suffix("/*"), rule.strip_suffix('/')) {
            (Some(directory), _) if !directory.contains('*') => Some(directory.to_owned()),
            (None, Some(file)) if !file.contains('*') => Some(file.to_owned()),
            (None, None) if !rule.contains('*') => Some(format!("{rule}/")),
            _ => None,
        };
        Self {
            glob: Glob::new(rule),
            bare: bare.map(Into::into),
        }
    }

    pub(super) fn matches(&self, path: &str) -> bool {
        self.bare.as_deref() == Some(path) || self.glob.matches(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_means_its_directory_with_and_without_a_slash() {
        for (rule, path, expected) in [
            ("/*", "/", true),
            ("/*", "/a/b", true),
            ("/", "/", true),
            ("/", "/a", false),
            ("/api/*", "/api", true),
            ("/api/*", "/api/", true),
            ("/api/*", "/api/a/b", true),
            ("/api/*", "/apix", false),
            ("/api", "/api/", true),
            ("/api/", "/api", true),
            ("/api", "/api/a", false),
            ("/api*", "/apix/y", true),
            ("/a/*/c", "/a/b/c", true),
            ("/a.b", "/axb", false),
        ] {
            assert_eq!(Routes::new(rule).matches(path), expected, "{rule} {path}");
        }
    }
}
