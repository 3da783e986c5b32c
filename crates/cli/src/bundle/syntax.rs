//! Tells modules from scripts, without a parser.

/// Whether code has an `export` of its own: an ECMAScript module, not a script that listens for events. Comments,
/// strings and templates do not count.
pub(super) fn has_exports(code: &str) -> bool {
    let mut rest = code;
    let mut begins_word = true;
    while let Some(letter) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if matches!(letter, '"' | '\'' | '`') {
            quoted(rest, letter)
        } else if begins_word && is_export(rest) {
            return true;
        } else {
            letter.len_utf8()
        };
        begins_word = !(letter.is_alphanumeric() || matches!(letter, '_' | '$' | '.'));
        rest = &rest[skipped..];
    }
    false
}

fn is_export(rest: &str) -> bool {
    const NEXT: [&str; 8] = [
        "default", "const", "let", "var", "class", "function", "async", "abstract",
    ];
    let Some(after) = rest.strip_prefix("export") else {
        return false;
    };
    let next = after.trim_start();
    let apart = next.len() < after.len();
    next.starts_with(['{', '*']) || (apart && NEXT.iter().any(|word| next.starts_with(word)))
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
    use super::has_exports;

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
}
