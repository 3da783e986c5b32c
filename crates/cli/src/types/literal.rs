//! Values, names and comments as TypeScript writes them.

use std::collections::BTreeSet;

use coffer_wrangler_config::Json;

/// The type that holds this value alone.
pub(super) fn literal(value: &Json) -> String {
    match value {
        Json::Null => "null".to_owned(),
        Json::Boolean(boolean) => boolean.to_string(),
        Json::Number(number) => written(number),
        Json::Text(text) => quoted(text),
        Json::List(items) => {
            let items: Vec<_> = items.iter().map(literal).collect();
            format!("[{}]", items.join(","))
        }
        Json::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| format!("{}:{}", quoted(name), literal(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
    }
}

/// The type of all values of its kind.
pub(super) fn kind(value: &Json) -> String {
    let Json::List(items) = value else {
        return word(value).to_owned();
    };
    let words: BTreeSet<_> = items.iter().map(word).collect();
    let words: Vec<_> = words.into_iter().collect();
    match words.as_slice() {
        [] => "unknown[]".to_owned(),
        [one] => format!("{one}[]"),
        several => format!("({})[]", several.join("|")),
    }
}

const fn word(value: &Json) -> &'static str {
    match value {
        Json::Boolean(_) => "boolean",
        Json::Number(_) => "number",
        Json::Text(_) => "string",
        Json::Null | Json::List(_) | Json::Object(_) => "object",
    }
}

/// A number as JavaScript writes it: one that is whole without a point.
fn written(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => {
            format!("{float:.0}")
        }
        _ => number.to_string(),
    }
}

/// A member's name, in quotes where it must be.
pub(super) fn key(name: &str) -> String {
    if is_identifier(name) {
        return name.to_owned();
    }
    quoted(name)
}

/// Whether a name can stand in code as it is.
pub(super) fn is_identifier(name: &str) -> bool {
    let begins = |first: char| first.is_ascii_alphabetic() || matches!(first, '_' | '$');
    let goes_on = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '$');
    name.starts_with(begins) && name.chars().all(goes_on)
}

/// Text in quotes.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Text within a comment, which it cannot end.
pub(super) fn comment(text: &str) -> String {
    text.replace("*/", "* /").replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_value_gets_out_of_its_literal() {
        let text = Json::Text("a\"; export {}; */ \u{2028}\n".to_owned());
        assert_eq!(literal(&text), "\"a\\\"; export {}; */ \u{2028}\\n\"");
        assert_eq!(comment("x */ y\n"), "x * / y ");
        assert_eq!(key("a b\": any; x"), "\"a b\\\": any; x\"");
        assert_eq!(key("$ok_1"), "$ok_1");
        assert_eq!(key("1x"), "\"1x\"");
        let number = |number| Json::Number(serde_json::Number::from_f64(number).unwrap());
        assert_eq!(literal(&number(2.0)), "2");
        assert_eq!(literal(&number(-1.25)), "-1.25");
        assert_eq!(kind(&Json::List(vec![])), "unknown[]");
    }
}
