//! Patterns of `_headers` and `_redirects`: `*` stands for any characters, `:name` for one segment.
//!
//! Matching takes time proportional to the path. Each `:name` takes the whole of what it may, so a pattern that has
//! text after a `:name` in the same segment finds it at its last place; nothing is tried twice.

/// Names in one pattern: as many as anyone writes.
const MAX_NAMES: usize = 16;

/// A pattern of a path, and of a host before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    /// The host, if it is for one only.
    host: Option<Vec<Piece>>,
    before: Vec<Piece>,
    /// What follows the `*`, if there is one.
    after: Option<Vec<Piece>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Box<str>),
    Name(Box<str>),
}

/// What the parts of a pattern stand for in one path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Captures<'p>(Vec<(&'p str, &'p str)>);

/// The part that `*` stands for.
const SPLAT: &str = "splat";

impl Pattern {
    /// The pattern of this text; `None` if it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (host, path) = match text.strip_prefix("https://") {
            None => (None, text),
            Some(rest) => {
                let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                (Some(pieces(host)?), path)
            }
        };
        let path = if path.is_empty() && host.is_some() {
            "/"
        } else {
            path
        };
        if !path.starts_with('/') {
            return None;
        }
        let mut parts = path.split('*');
        let before = pieces(parts.next()?)?;
        let after = match parts.next() {
            None => None,
            Some(after) => Some(pieces(after)?),
        };
        let pattern = Self {
            host,
            before,
            after,
        };
        (parts.next().is_none() && pattern.names_differ()).then_some(pattern)
    }

    /// Whether it stands for one path only.
    pub(super) fn is_static(&self) -> bool {
        let mut pieces = self.host.iter().flatten().chain(&self.before);
        self.after.is_none() && pieces.all(|piece| matches!(piece, Piece::Text(_)))
    }

    /// What its parts stand for, if the request is as it says.
    pub(super) fn captures<'p>(&'p self, host: &'p str, path: &'p str) -> Option<Captures<'p>> {
        let mut captures = Captures::default();
        if let Some(pattern) = &self.host {
            let rest = forward(pattern, host, '.', &mut captures)?;
            if !rest.is_empty() {
                return None;
            }
        }
        let rest = forward(&self.before, path, '/', &mut captures)?;
        match &self.after {
            None => rest.is_empty().then_some(captures),
            Some(after) => {
                let splat = backward(after, rest, &mut captures)?;
                captures.0.push((SPLAT, splat));
                Some(captures)
            }
        }
    }

    fn names_differ(&self) -> bool {
        let pieces = self.host.iter().flatten().chain(&self.before);
        let pieces = pieces.chain(self.after.iter().flatten());
        let mut names = vec![];
        for piece in pieces {
            if let Piece::Name(name) = piece {
                if names.contains(&name) || &**name == SPLAT {
                    return false;
                }
                names.push(name);
            }
        }
        names.len() <= MAX_NAMES
    }
}

impl Captures<'_> {
    /// The text with each `:name` replaced by what it stands for. Control characters are left out.
    pub(super) fn fill(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(':') {
            filled.push_str(before);
            let name = name_length(after);
            match self.0.iter().find(|(known, _)| *known == &after[..name]) {
                Some((_, value)) => filled.extend(value.chars().filter(|one| !one.is_control())),
                None => {
                    filled.push(':');
                    filled.push_str(&after[..name]);
                }
            }
            rest = &after[name..];
        }
        filled.push_str(rest);
        filled
    }
}

/// The pieces of a text without `*`. Two names beside each other mean nothing.
fn pieces(text: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(':') {
        plain.push_str(before);
        let name = name_length(after);
        if name == 0 {
            plain.push(':');
        } else {
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain).into()));
            } else if matches!(pieces.last(), Some(Piece::Name(_))) {
                return None;
            }
            pieces.push(Piece::Name(after[..name].into()));
        }
        rest = &after[name..];
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain.into()));
    }
    Some(pieces)
}

/// How much of a text after a colon is a name: a letter, then letters, digits and underscores.
fn name_length(text: &str) -> usize {
    if !text.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return 0;
    }
    text.find(|one: char| !(one.is_ascii_alphanumeric() || one == '_'))
        .unwrap_or(text.len())
}

/// What is left of a text after pieces at its beginning.
fn forward<'p>(
    pieces: &'p [Piece],
    mut text: &'p str,
    separator: char,
    captures: &mut Captures<'p>,
) -> Option<&'p str> {
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Text(plain) => text = text.strip_prefix(&**plain)?,
            Piece::Name(name) => {
                let end = text.find(['/', separator]).unwrap_or(text.len());
                let end = match pieces.get(index + 1) {
                    Some(Piece::Text(next)) if !next.starts_with(['/', separator]) => {
                        let first = next.split(['/', separator]).next().unwrap_or_default();
                        text[..end].rfind(first)?
                    }
                    _ => end,
                };
                if end == 0 {
                    return None;
                }
                captures.0.push((name, &text[..end]));
                text = &text[end..];
            }
        }
    }
    Some(text)
}

/// What is left of a text before pieces at its end.
fn backward<'p>(
    pieces: &'p [Piece],
    mut text: &'p str,
    captures: &mut Captures<'p>,
) -> Option<&'p str> {
    for piece in pieces.iter().rev() {
        match piece {
            Piece::Text(plain) => text = text.strip_suffix(&**plain)?,
            Piece::Name(name) => {
                let start = text.rfind('/').map_or(0, |slash| slash + 1);
                if start == text.len() {
                    return None;
                }
                captures.0.push((name, &text[start..]));
                text = &text[..start];
            }
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(pattern: &str, url: (&str, &str), target: &str) -> Option<String> {
        let pattern = Pattern::parse(pattern).unwrap();
        let captures = pattern.captures(url.0, url.1)?;
        Some(captures.fill(target))
    }

    #[test]
    fn names_and_splats_are_captured() {
        for (pattern, path, target, expected) in [
            ("/a", "/a", "/b", Some("/b")),
            ("/a", "/a/", "/b", None),
            ("/blog/*", "/blog/x/y", "/news/:splat", Some("/news/x/y")),
            ("/blog/*", "/blog/", "/news/:splat", Some("/news/")),
            ("/blog/*", "/blog", "/news/:splat", None),
            ("/:a/:b", "/x/y", "/:b/:a", Some("/y/x")),
            ("/:a/:b", "/x/", "/:b/:a", None),
            ("/:a", "/x/y", "/:a", None),
            ("/:a.html", "/x.html.html", "/:a", Some("/x.html")),
            ("/:a-:b/c", "/x-y-z/c", "/:a/:b", Some("/x-y/z")),
            ("/*/tail/:n", "/p/q/tail/r", "/:n?:splat", Some("/r?p/q")),
            ("/*.jpg", "/a/b.jpg", "/img:splat", Some("/imga/b")),
            ("/x", "/x", "/:unknown:splat", Some("/:unknown:splat")),
        ] {
            let found = filled(pattern, ("h", path), target);
            assert_eq!(found.as_deref(), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn a_host_is_matched_by_its_labels() {
        let of = |host, path| filled("https://:sub.example.com/*", (host, path), ":sub :splat");
        assert_eq!(of("a.example.com", "/x").as_deref(), Some("a x"));
        assert_eq!(of("a.b.example.com", "/x"), None);
        assert_eq!(of("example.com", "/x"), None);
    }

    #[test]
    fn what_is_ambiguous_is_no_pattern() {
        for text in ["", "a", "/*/*", "/:a/:a", "/:a:b", "/:splat", "http://a/b"] {
            assert_eq!(Pattern::parse(text), None, "{text}");
        }
        assert!(Pattern::parse("/a:1").unwrap().is_static());
        assert!(!Pattern::parse("/a:b").unwrap().is_static());
    }

    #[test]
    fn a_hostile_path_is_matched_in_one_pass() {
        let names: String = (0..MAX_NAMES).map(|index| format!("/:n{index}x")).collect();
        let pattern = Pattern::parse(&names).unwrap();
        let path = "/xxxxxxxx".repeat(4000);
        assert_eq!(pattern.captures("h", &path), None);
    }
}
