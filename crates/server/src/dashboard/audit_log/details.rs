//! What an event tells of a thing before and after, field by field.

use serde_json::{Map, Value};

/// A field, as it was and as it became.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

impl Field {
    /// Whether it was there before and after, and is another.
    pub(super) fn is_changed(&self) -> bool {
        self.before != self.after
    }
}

/// The fields of a thing before and after, in the order of their names.
pub(super) fn fields(before: Option<&Value>, after: &Map<String, Value>) -> Vec<Field> {
    let nothing = Map::new();
    let before = before.and_then(Value::as_object).unwrap_or(&nothing);
    let before = flat(before);
    let after = flat(after);
    let mut names: Vec<&String> = before.iter().chain(&after).map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    let of = |fields: &[(String, String)], name: &String| {
        let found = fields.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.clone())
    };
    names
        .into_iter()
        .map(|name| Field {
            name: name.replace('_', " "),
            before: of(&before, name),
            after: of(&after, name),
        })
        .collect()
}

/// What else an event tells, field by field.
pub(super) fn further(request: &Map<String, Value>) -> Vec<(String, String)> {
    let mut rest = request.clone();
    rest.remove("before");
    let fields = flat(&rest).into_iter();
    fields
        .map(|(name, value)| (name.replace('_', " "), value))
        .collect()
}

/// Names with dots for what is nested, and values as people read them.
fn flat(map: &Map<String, Value>) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for (name, value) in map {
        match value {
            Value::Object(inner) => {
                let inner = flat(inner).into_iter();
                fields.extend(inner.map(|(below, value)| (format!("{name} › {below}"), value)));
            }
            other => fields.push((name.clone(), text(other))),
        }
    }
    fields
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let items: Vec<_> = items.iter().filter_map(Value::as_str).collect();
            items.join(", ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_stand_beside_what_they_were() {
        let after =
            json!({ "name": "A", "scopes": ["dex", "workers"], "limits": { "secrets": 3 } });
        let before = json!({ "name": "A", "scopes": ["dex"], "comment": null });
        let told: Vec<_> = fields(Some(&before), after.as_object().unwrap())
            .into_iter()
            .map(|field| {
                (
                    field.name.clone(),
                    field.before.clone(),
                    field.after.clone(),
                    field.is_changed(),
                )
            })
            .collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            told,
            [
                ("comment".to_owned(), some("none"), None, true),
                ("limits › secrets".to_owned(), None, some("3"), true),
                ("name".to_owned(), some("A"), some("A"), false),
                ("scopes".to_owned(), some("dex"), some("dex, workers"), true),
            ]
        );
    }
}
