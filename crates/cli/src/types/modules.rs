//! Files that the code imports and that are no code: the types of what they become.

use coffer_wrangler_config::{Config, Rule, RuleKind};

use super::literal::quoted;

/// A pattern of TypeScript, and the types that files of it have.
struct Pattern {
    glob: String,
    kinds: Vec<&'static str>,
}

/// A declaration for each pattern of the rules of all configurations.
pub(super) fn declarations<'a>(configs: impl Iterator<Item = &'a Config>) -> Vec<String> {
    let mut patterns: Vec<Pattern> = Vec::new();
    for config in configs {
        for (glob, kind) in globs(&config.bundle.rules) {
            match patterns.iter_mut().find(|one| one.glob == glob) {
                Some(known) if known.kinds.contains(&kind) => {}
                Some(known) => known.kinds.push(kind),
                None => patterns.push(Pattern {
                    glob,
                    kinds: vec![kind],
                }),
            }
        }
    }
    let each = patterns.into_iter().map(|pattern| {
        let kinds = pattern.kinds.join(" | ");
        let glob = quoted(&pattern.glob);
        format!("declare module {glob} {{\n\tconst value: {kinds};\n\texport default value;\n}}")
    });
    each.collect()
}

/// Patterns and types of one configuration. The first rule of a kind is the last of it, too, unless it falls through.
fn globs(rules: &[Rule]) -> Vec<(String, &'static str)> {
    let always: [(RuleKind, &[&str]); 3] = [
        (RuleKind::Text, &["**/*.txt", "**/*.html", "**/*.sql"]),
        (RuleKind::Data, &["**/*.bin"]),
        (RuleKind::CompiledWasm, &["**/*.wasm", "**/*.wasm?module"]),
    ];
    let given = rules.iter().map(|rule| {
        let globs: Vec<_> = rule.globs.iter().map(String::as_str).collect();
        (rule.kind, globs, rule.fallthrough == Some(true))
    });
    let always = always
        .into_iter()
        .map(|(kind, globs)| (kind, globs.to_vec(), false));
    let mut ended = Vec::new();
    let mut found: Vec<(String, &'static str)> = Vec::new();
    for (rule, globs, falls_through) in given.chain(always) {
        if ended.contains(&rule) {
            continue;
        }
        if !falls_through {
            ended.push(rule);
        }
        let Some(kind) = kind(rule) else { continue };
        for glob in globs.into_iter().filter_map(pattern) {
            // Of two rules for the same files the first counts.
            if !found.iter().any(|(known, _)| *known == glob) {
                found.push((glob, kind));
            }
        }
    }
    found
}

const fn kind(rule: RuleKind) -> Option<&'static str> {
    match rule {
        RuleKind::Text => Some("string"),
        RuleKind::Data => Some("ArrayBuffer"),
        RuleKind::CompiledWasm => Some("WebAssembly.Module"),
        RuleKind::EsModule
        | RuleKind::CommonJs
        | RuleKind::PythonModule
        | RuleKind::PythonRequirement => None,
    }
}

/// A glob as TypeScript takes it, with one star: what its files end with. A glob without an ending says nothing.
fn pattern(glob: &str) -> Option<String> {
    match glob.rsplit_once('*') {
        Some((_, "")) => None,
        Some((_, ending)) => Some(format!("*{ending}")),
        None => Some(glob.to_owned()),
    }
}
