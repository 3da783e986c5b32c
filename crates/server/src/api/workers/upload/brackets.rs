//! JSON as form fields: `metadata[bindings][][type]`, as one of the official SDKs sends what others send in one part.
//!
//! Such fields have lost their types: all are texts, and where one item of a list ends and the next begins is told
//! only by a name that comes again. The metadata's own fields of other types are known by name.

use coffer_types::limits::MAX_JSON_BODY_BYTES;
use serde_json::{Map, Value};
use zeroize::Zeroize;

use super::form::{Form, Part, refused};
use crate::api::error::{ApiError, ApiResult};

/// Names in one field. Our own bound: the metadata's deepest have six.
const MAX_DEPTH: usize = 16;
/// Fields that are true or false.
const FLAGS: [&str; 9] = [
    "cross_version_cache",
    "enabled",
    "invocation_logs",
    "keep_assets",
    "logpush",
    "persist",
    "previews_enabled",
    "run_worker_first",
    "serve_directly",
];
/// Fields that are numbers.
const NUMBERS: [&str; 3] = ["cpu_ms", "head_sampling_rate", "subrequests"];

/// One name of a field: of an object's field, or of a list's item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step<'a> {
    Field(&'a str),
    Item,
}

/// The object that the form's fields below `root` make, if there are any; they are taken out of it.
///
/// # Errors
/// [`ApiError::BodyTooLarge`], or a refusal of fields that do not fit together.
pub(in crate::api::workers) fn take(form: &mut Form, root: &str) -> ApiResult<Option<Value>> {
    let is_field = |part: &Part| is_below(root, &part.name);
    if !form.parts.iter().any(is_field) {
        return Ok(None);
    }
    let (fields, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut form.parts)
        .into_iter()
        .partition(is_field);
    form.parts = rest;
    let bytes: usize = fields
        .iter()
        .map(|field| field.name.len() + field.content.len())
        .sum();
    if bytes > MAX_JSON_BODY_BYTES {
        return Err(ApiError::BodyTooLarge(MAX_JSON_BODY_BYTES));
    }
    let mut object = Value::Object(Map::new());
    for field in &fields {
        let text = std::str::from_utf8(&field.content);
        let text = text.map_err(|_| refused(&format!("a field of {root} is not UTF-8 text")))?;
        let put = steps(root, &field.name).and_then(|steps| put(&mut object, &steps, text));
        if put.is_none() {
            wipe(&mut object);
            return Err(refused(&format!(
                "a field of {root} has a name that does not fit: write {root}[name], {root}[list][] or {root}[list][][name]",
            )));
        }
    }
    Ok(Some(object))
}

fn is_below(root: &str, name: &str) -> bool {
    name.strip_prefix(root)
        .is_some_and(|rest| rest.starts_with('['))
}

/// The steps of `metadata[a][][b]` below `metadata`; `None` if it is not of that form.
fn steps<'n>(root: &str, name: &'n str) -> Option<Vec<Step<'n>>> {
    let inner = name.strip_prefix(root)?.strip_prefix('[')?;
    let inner = inner.strip_suffix(']')?;
    let steps: Vec<_> = inner
        .split("][")
        .map(|step| match step {
            "" => Step::Item,
            field => Step::Field(field),
        })
        .collect();
    let plain = |step: &Step<'_>| !matches!(step, Step::Field(name) if name.contains(['[', ']']));
    let fits = steps.len() <= MAX_DEPTH && steps[0] != Step::Item && steps.iter().all(plain);
    fits.then_some(steps)
}

/// Puts a text in its place; `None` if something else is there.
fn put(place: &mut Value, steps: &[Step<'_>], text: &str) -> Option<()> {
    let (step, rest) = steps.split_first()?;
    match step {
        Step::Field(name) => {
            let fields = place.as_object_mut()?;
            if rest.is_empty() {
                let before = fields.insert((*name).to_owned(), typed(name, text));
                return before.is_none().then_some(());
            }
            let inner = fields.entry(*name).or_insert_with(|| empty(rest.first()));
            put(inner, rest, text)
        }
        Step::Item => {
            let items = place.as_array_mut()?;
            if rest.is_empty() {
                items.push(Value::String(text.to_owned()));
                return Some(());
            }
            let continues = items.last().is_some_and(|last| !has(last, rest));
            if !continues {
                items.push(empty(rest.first()));
            }
            put(items.last_mut()?, rest, text)
        }
    }
}

/// Whether a value is there already, so that another one belongs to the next item. A list takes more.
fn has(place: &Value, steps: &[Step<'_>]) -> bool {
    match steps.split_first() {
        None => true,
        Some((Step::Item, _)) => false,
        Some((Step::Field(name), rest)) => place.get(*name).is_some_and(|inner| has(inner, rest)),
    }
}

fn empty(next: Option<&Step<'_>>) -> Value {
    match next {
        Some(Step::Item) => Value::Array(Vec::new()),
        _ => Value::Object(Map::new()),
    }
}

fn typed(name: &str, text: &str) -> Value {
    let known = match text {
        "true" if FLAGS.contains(&name) => Some(Value::Bool(true)),
        "false" if FLAGS.contains(&name) => Some(Value::Bool(false)),
        number if NUMBERS.contains(&name) => number.parse().ok().map(Value::Number),
        _ => None,
    };
    known.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Overwrites the texts of metadata that is refused: some may be values.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(fields: &[(&str, &str)]) -> ApiResult<Option<Value>> {
        let part = |(name, text): &(&str, &str)| Part {
            name: (*name).to_owned(),
            file_name: None,
            media_type: None,
            content_type: None,
            content: text.as_bytes().to_vec().into(),
        };
        let parts = fields.iter().map(part).collect();
        take(&mut Form { parts }, "metadata")
    }

    #[test]
    fn items_end_where_a_name_comes_again() {
        let fields = [
            ("metadata[main_module]", "index.js"),
            ("metadata[bindings][][name]", "A"),
            ("metadata[bindings][][type]", "json"),
            ("metadata[bindings][][json][deep][er]", "x"),
            ("metadata[bindings][][json][list][]", "1"),
            ("metadata[bindings][][json][list][]", "2"),
            ("metadata[bindings][][type]", "secret_text"),
            ("metadata[bindings][][name]", "B"),
            ("metadata[bindings][][text]", "true"),
            ("metadata[keep_bindings][]", "secret_text"),
            ("metadata[keep_bindings][]", "secret_key"),
            ("metadata[logpush]", "true"),
            ("metadata[limits][cpu_ms]", "50"),
            ("metadata[observability][head_sampling_rate]", "0.5"),
        ];
        let expected = json!({
            "main_module": "index.js",
            "bindings": [
                { "name": "A", "type": "json", "json": { "deep": { "er": "x" }, "list": ["1", "2"] } },
                { "type": "secret_text", "name": "B", "text": "true" },
            ],
            "keep_bindings": ["secret_text", "secret_key"],
            "logpush": true,
            "limits": { "cpu_ms": 50 },
            "observability": { "head_sampling_rate": 0.5 },
        });
        assert_eq!(read(&fields).unwrap(), Some(expected));
        for other in ["metadata", "settings[logpush]", "metadata2[a]"] {
            assert_eq!(read(&[(other, "{}")]).unwrap(), None, "{other}");
        }
    }

    #[test]
    fn names_that_do_not_fit_are_refused() {
        let deep = format!("metadata{}", "[a]".repeat(17));
        for bad in [
            vec![("metadata[", "x")],
            vec![("metadata[a", "x")],
            vec![("metadata[a]b", "x")],
            vec![("metadata[]", "x")],
            vec![("metadata[a]]", "x")],
            vec![("metadata[[a]", "x")],
            vec![(deep.as_str(), "x")],
            vec![("metadata[a]", "x"), ("metadata[a]", "y")],
            vec![("metadata[a]", "x"), ("metadata[a][b]", "y")],
            vec![("metadata[a][]", "x"), ("metadata[a][b]", "y")],
            vec![("metadata[a][b]", "x"), ("metadata[a][]", "y")],
        ] {
            assert!(read(&bad).is_err(), "{bad:?}");
        }
    }
}
