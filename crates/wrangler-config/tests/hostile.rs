//! Files that were changed at random: they are read or refused, in little time, and a refusal names places that are
//! in the file.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails should say where"
)]

use std::path::Path;

use coffer_wrangler_config::{PagesEnvironment, Project, Refusal};
use proptest::prelude::*;

const JSONC: &str = include_str!("files/full.jsonc");
const TOML: &str = include_str!("files/full.toml");

/// Pieces that mean something to a parser.
const PIECES: [&str; 22] = [
    "{", "}", "[", "]", "[[", "]]", "\"", "'", ",", ":", "=", "/*", "//", "#", "\\u", "\n", "\0",
    "\u{feff}", "\u{202e}", "null", "1e400", "\"\"\"",
];

fn try_everything(file: &str, text: &str) {
    let lines = text.split('\n').count();
    let check = |refusal: Refusal| {
        let shown = refusal.to_string();
        assert!(!shown.is_empty());
        assert!(
            !shown
                .chars()
                .any(|letter| letter.is_control() && letter != '\n'),
            "{shown:?}"
        );
        if let Refusal::Invalid(problems) = refusal {
            assert!(!problems.is_empty());
            for problem in problems {
                assert!((1..=lines).contains(&problem.line) && problem.column >= 1);
            }
        }
    };
    let project = match Project::parse(Path::new(file), text) {
        Ok(project) => project,
        Err(refusal) => return check(refusal),
    };
    let environments = project.environments();
    let mut read = vec![
        project.config(None),
        project.pages_config(PagesEnvironment::Preview),
    ];
    read.extend(environments.iter().map(|name| project.config(Some(name))));
    for result in read {
        match result {
            Ok(read) => {
                for warning in read.warnings {
                    assert!((1..=lines).contains(&warning.line));
                    assert!(!warning.to_string().contains('\u{1b}'));
                }
            }
            Err(refusal) => check(refusal),
        }
    }
}

/// A file with pieces put in, taken out or doubled.
fn mutated(text: &'static str) -> impl Strategy<Value = String> {
    let change = (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        0..24_usize,
        0..PIECES.len(),
    );
    prop::collection::vec(change, 1..5).prop_map(move |changes| {
        let mut letters: Vec<char> = text.chars().collect();
        for (at, other, length, piece) in changes {
            let at = at.index(letters.len() + 1);
            let end = (at + length).min(letters.len());
            match piece % 3 {
                0 => drop(letters.drain(at..end)),
                1 => drop(letters.splice(at..at, PIECES[piece].chars())),
                _ => {
                    let copied: Vec<char> = letters[at..end].to_vec();
                    let to = other.index(letters.len() + 1);
                    letters.splice(to..to, copied);
                }
            }
        }
        letters.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn changed_json_is_read_or_refused(text in mutated(JSONC)) {
        try_everything("wrangler.jsonc", &text);
    }

    #[test]
    fn changed_toml_is_read_or_refused(text in mutated(TOML)) {
        try_everything("wrangler.toml", &text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,80}", noise in "[{}\\[\\]\":,=#/*\\\\ \r\n\t\u{1b}a1]{0,80}") {
        for file in ["wrangler.json", "wrangler.toml"] {
            try_everything(file, &text);
            try_everything(file, &noise);
        }
    }
}

#[test]
fn files_made_to_be_slow_are_not() {
    let many = |item: &str, count: usize| item.repeat(count);
    let keys: String = (0..40_000)
        .map(|number| format!("\"key{number}\":1,"))
        .collect();
    let doubled = many("\"a\":1,", 150_000);
    for text in [
        format!("{{{keys}}}"),
        format!("{{{doubled}}}"),
        format!("{{\"vars\":{{{doubled}}}}}"),
        format!("{{\"vars\":{{{keys}}},\"env\":{{\"e\":{{\"vars\":{{}}}}}}}}"),
        format!("{{\"env\":{{{}}}}}", keys.replace(":1", ":{}")),
        format!("{{\"{}\":[{}1]}}", many("k", 400_000), many("1,", 200_000)),
        format!("{{\"compatibility_flags\":[{}1]}}", many("1,", 400_000)),
        format!("{{\"routes\":[{}\"\"]}}", many("{},", 250_000)),
    ] {
        try_many(&text);
    }
}

/// As `try_everything`, but only one of the environments.
fn try_many(text: &str) {
    let project = Project::parse(Path::new("wrangler.json"), text).unwrap();
    let environment = project.environments().last().copied();
    for read in [project.config(None), project.config(environment)] {
        match read {
            Ok(read) => assert!(read.warnings.len() <= coffer_wrangler_config::MAX_PROBLEMS),
            Err(Refusal::Invalid(problems)) => {
                assert!(problems.len() <= coffer_wrangler_config::MAX_PROBLEMS);
            }
            Err(other) => panic!("{other}"),
        }
    }
}
