//! Tells modules from scripts, without a parser.

/// Whether code has an `export` of its own: an ECMAScript module, not a script that listens for events. Comments,
/// strings and templates do not count.
pub(crate) fn has_exports(code: &str) -> bool {
    find_export(code, |_| true)
}

/// Whether code exports this name by a statement that says it; what comes with `export *` is not known.
pub(crate) fn exports(code: &str, name: &str) -> bool {
    find_export(code, |exported| names(exported, name))
}

/// Whether there is an `export` for which this holds, of what follows it.
fn find_export(code: &str, holds: impl Fn(&str) -> bool) -> bool {
    let mut rest = code;
    let mut begins_word = true;
    while let Some(letter) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if matches!(letter, '"' | '\'' | '`') {
            quoted(rest, letter)
        } else if begins_word && exported(rest).is_some_and(&holds) {
            return true;
        } else {
            letter.len_utf8()
        };
        begins_word = !(letter.is_alphanumeric() || matches!(letter, '_' | '$' | '.'));
        rest = &rest[skipped..];
    }
    false
}

/// What follows an `export` at the beginning.
fn exported(rest: &str) -> Option<&str> {
    const NEXT: [&str; 8] = [
        "default", "const", "let", "var", "class", "function", "async", "abstract",
    ];
    let after = rest.strip_prefix("export")?;
    let next = after.trim_start();
    let apart = next.len() < after.len();
    let is_export =
        next.starts_with(['{', '*']) || (apart && NEXT.iter().any(|word| next.starts_with(word)));
    is_export.then_some(next)
}

/// Whether what follows an `export` gives out a name.
fn names(exported: &str, name: &str) -> bool {
    if let Some(list) = exported.strip_prefix('{') {
        let list = list.split_once('}').map_or(list, |(inside, _)| inside);
        return list
            .split(',')
            .filter_map(|one| one.split_whitespace().next_back())
            .any(|last| last == name);
    }
    let mut words = exported
        .split(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '$')))
        .filter(|word| !word.is_empty());
    if name == "default" {
        return words.next() == Some("default");
    }
    let said = words.find(|word| !matches!(*word, "async" | "abstract"));
    matches!(said, Some("const" | "let" | "var" | "class" | "function"))
        && words.next() == Some(name)
}

/// The length of a text in quotes at the beginning. One that does not end on its line was none, as a quote in a
/// regular expression, unless it is a template.
fn quoted(rest: &str, quote: char) -> usize {
    let mut letters = rest.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' {
            letters.next();
        } else if letter == quote {
            return at + letter.len_utf8();
        } else if letter == '\n' && quote != '`' {
            break;
        }
    }
    quote.len_utf8()
}

#[cfg(test)]
mod tests {
    use super::{exports, has_exports};

    #[test]
    fn modules_are_told_from_scripts() {
        for code in [
            "export default {}",
            "const a = 1;\nexport { a as default };",
            "export{a as default}",
            "/* x */ export * from './a.js'",
            "let quote = /'/;\nexport default { fetch() {} }",
            "const x = `a ${'b'}`; export class A {}",
        ] {
            assert!(has_exports(code), "{code}");
        }
        for code in [
            "addEventListener('fetch', e => e.respondWith(new Response('export default')))",
            "// export default {}\naddEventListener('fetch', f)",
            "/* export default {} */ module.exports = {}",
            "const exported = 1; a.export = {}; my_export = {}",
            "const s = `\nexport default {}`",
            "",
        ] {
            assert!(!has_exports(code), "{code}");
        }
    }

    #[test]
    fn names_are_told_that_code_exports() {
        let code = "export class Admin extends WorkerEntrypoint {}\nexport { a as B, C };\n\
                    export async function run() {}\n// export class No {}\nexport default {}";
        for name in ["Admin", "B", "C", "run", "default"] {
            assert!(exports(code, name), "{name}");
        }
        for name in ["a", "No", "extends", "WorkerEntrypoint", "class", "Adm"] {
            assert!(!exports(code, name), "{name}");
        }
        assert!(exports("export { x as default }", "default"));
        assert!(!exports("export * from './a.js'", "a"));
    }
}
