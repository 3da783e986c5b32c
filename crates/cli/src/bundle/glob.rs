//! Patterns of files: `*` is anything within a directory, `**` any directories, `?` one character.

/// Whether a path with forward slashes is as the pattern says.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    directories(&pattern, &path)
}

fn directories(pattern: &[&str], path: &[&str]) -> bool {
    match pattern {
        [] => path.is_empty(),
        ["**"] => !path.is_empty(),
        ["**", rest @ ..] => (0..=path.len()).any(|skipped| directories(rest, &path[skipped..])),
        [first, rest @ ..] => path.split_first().is_some_and(|(name, path)| {
            within(first.as_bytes(), name.as_bytes()) && directories(rest, path)
        }),
    }
}

/// One name. Never goes further back than to the last star.
fn within(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while read < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at + 1, read));
                at += 1;
            }
            Some(letter) if *letter == name[read] || *letter == b'?' => {
                at += 1;
                read += 1;
            }
            _ => {
                let Some((after, taken)) = star else {
                    return false;
                };
                star = Some((after, taken + 1));
                at = after;
                read = taken + 1;
            }
        }
    }
    pattern[at..].iter().all(|letter| *letter == b'*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_mean_what_rules_say() {
        for (pattern, path, expected) in [
            ("**/*.txt", "a.txt", true),
            ("**/*.txt", "a/b/c.txt", true),
            ("**/*.txt", "a.txt.js", false),
            ("*.txt", "a/b.txt", false),
            ("a/*.md", "a/x.md", true),
            ("a/*.md", "a/b/x.md", false),
            ("a/**/x.md", "a/x.md", true),
            ("a/**/x.md", "a/b/c/x.md", true),
            ("**", "a/b", true),
            ("data-?.bin", "data-1.bin", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("x", "y", false),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }
}
