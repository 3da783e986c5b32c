//! Patterns in which `*` stands for any characters, slashes too. Matched without going back, so that a path that was
//! made to be slow is not.

/// A pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Glob {
    first: Box<str>,
    /// What follows each `*`; empty if there is none.
    rest: Vec<Box<str>>,
}

impl Glob {
    pub(super) fn new(pattern: &str) -> Self {
        let mut parts = pattern.split('*').map(Box::from);
        Self {
            first: parts.next().unwrap_or_default(),
            rest: parts.collect(),
        }
    }

    /// Whether the whole path is as the pattern says.
    pub(super) fn matches(&self, path: &str) -> bool {
        let Some((last, between)) = self.rest.split_last() else {
            return path == &*self.first;
        };
        let Some(mut left) = path.strip_prefix(&*self.first) else {
            return false;
        };
        for part in between {
            let Some(at) = left.find(&**part) else {
                return false;
            };
            left = &left[at + part.len()..];
        }
        left.ends_with(&**last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, path, expected) in [
            ("/api", "/api", true),
            ("/api", "/api/", false),
            ("/api/*", "/api/", true),
            ("/api/*", "/api/a/b", true),
            ("/api/*", "/api", false),
            ("/*", "/", true),
            ("/*.json", "/a/b.json", true),
            ("/*.json", "/a/b.json5", false),
            ("/a*b*c", "/abc", true),
            ("/a*b*c", "/axxbyyc", true),
            ("/a*b*c", "/acb", false),
            ("/a*bc*bc", "/abc", false),
            ("/a.b", "/axb", false),
        ] {
            assert_eq!(
                Glob::new(pattern).matches(path),
                expected,
                "{pattern} {path}"
            );
        }
    }
}
