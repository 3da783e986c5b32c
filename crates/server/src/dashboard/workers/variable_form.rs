//! Variables and secrets as a form has them. A secret's value is never given back to one.

use coffer_engine::{NewBindingKind, SecretValue};
use coffer_protocol::workers::{BindingShape, BindingShapeKind};
use coffer_types::BindingName;
use coffer_types::limits::MAX_BINDINGS_PER_VERSION;

use super::edit::Edits;
use crate::dashboard::form::Form;
use crate::dashboard::refusal::sentence;

/// What a variable can be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::dashboard) enum Kind {
    #[default]
    Text,
    Json,
    Secret,
}

/// Every kind, in the order of the choice.
pub(in crate::dashboard) const KINDS: [Kind; 3] = [Kind::Text, Kind::Json, Kind::Secret];

impl Kind {
    /// Its word in a form.
    pub(in crate::dashboard) const fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Secret => "secret",
        }
    }

    /// What people read.
    pub(in crate::dashboard) const fn label(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Json => "JSON",
            Self::Secret => "Secret (encrypted)",
        }
    }

    /// What is no word of a kind counts as a secret: what might be one is not shown.
    pub(in crate::dashboard) fn of(word: &str) -> Self {
        let found = KINDS.into_iter().find(|kind| kind.word() == word);
        found.unwrap_or(Self::Secret)
    }
}

/// One variable as it was typed.
#[derive(Debug, Default)]
pub(in crate::dashboard) struct Item {
    pub(in crate::dashboard) name: String,
    pub(in crate::dashboard) kind: Kind,
    /// What may be shown again; empty for a secret.
    pub(in crate::dashboard) text: String,
    pub(in crate::dashboard) name_problem: Option<String>,
    pub(in crate::dashboard) value_problem: Option<String>,
}

/// The variables of a form, and their values.
pub(in crate::dashboard) fn read(form: &Form) -> (Vec<Item>, Vec<Option<SecretValue>>) {
    let kinds = form.texts("kind");
    let values = form.secrets("value");
    let names = form.texts("name").into_iter();
    let items = names.take(MAX_BINDINGS_PER_VERSION).enumerate();
    let items = items.map(|(index, name)| {
        let kind = Kind::of(kinds.get(index).map_or("", String::as_str));
        let value = values.get(index).and_then(Option::as_ref);
        let shown = value.filter(|_| kind != Kind::Secret);
        Item {
            name,
            kind,
            text: shown.map_or_else(String::new, |value| value.expose_secret().to_owned()),
            ..Item::default()
        }
    });
    (items.collect(), values)
}

/// A binding as a form begins with it; `None` if no form has its kind.
pub(in crate::dashboard) fn item_of(binding: &BindingShape) -> Option<Item> {
    let (kind, text) = match &binding.kind {
        BindingShapeKind::PlainText { text } => (Kind::Text, text.clone()),
        BindingShapeKind::Json { json } => (Kind::Json, json.to_string()),
        BindingShapeKind::SecretText {} => (Kind::Secret, String::new()),
        _ => return None,
    };
    Some(Item {
        name: binding.name.to_string(),
        kind,
        text,
        ..Item::default()
    })
}

/// The edits that a form asks for; `None` if something is wrong, which then stands in the items. Lines without a name
/// and a value are passed over if there is another.
pub(in crate::dashboard) fn parse(
    items: &mut Vec<Item>,
    values: Vec<Option<SecretValue>>,
    taken: &[&str],
) -> Option<Edits> {
    let mut values: Vec<_> = values
        .into_iter()
        .chain(std::iter::repeat_with(|| None))
        .take(items.len())
        .collect();
    let is_blank = |item: &Item, value: &Option<SecretValue>| {
        item.name.is_empty() && value.as_ref().is_none_or(SecretValue::is_empty)
    };
    let mut index = 0;
    while items.len() > 1 && index < items.len() {
        if is_blank(&items[index], &values[index]) {
            items.remove(index);
            values.remove(index);
        } else {
            index += 1;
        }
    }
    let mut edits: Edits = Vec::with_capacity(items.len());
    let mut is_right = !items.is_empty();
    for (item, value) in items.iter_mut().zip(values) {
        let name = name_of(item, taken, &edits);
        let kind = kind_of(item.kind, value);
        match (name, kind) {
            (Ok(name), Ok(kind)) => edits.push((name, Some(kind))),
            (name, kind) => {
                item.name_problem = name.err();
                item.value_problem = kind.err();
                is_right = false;
            }
        }
    }
    is_right.then_some(edits)
}

fn name_of(item: &Item, taken: &[&str], before: &Edits) -> Result<BindingName, String> {
    if taken.contains(&item.name.as_str()) {
        return Err(
            "There is a binding of this name. Choose another, or edit that one.".to_owned(),
        );
    }
    if before.iter().any(|(name, _)| name.as_str() == item.name) {
        return Err("This name stands above already.".to_owned());
    }
    let parsed = item.name.parse();
    parsed.map_err(|error: coffer_types::name::InvalidName| {
        sentence(&format!("a variable's name {error}"))
    })
}

fn kind_of(kind: Kind, value: Option<SecretValue>) -> Result<NewBindingKind, String> {
    let value = value.ok_or_else(|| "The value is not UTF-8 text.".to_owned())?;
    match kind {
        Kind::Text => Ok(NewBindingKind::PlainText {
            text: value.expose_secret().to_owned(),
        }),
        Kind::Json => match serde_json::from_str(value.expose_secret()) {
            Ok(json) => Ok(NewBindingKind::Json { json }),
            Err(error) => Err(format!(
                "This is no JSON: see line {}, column {}.",
                error.line(),
                error.column()
            )),
        },
        Kind::Secret if value.is_empty() => Err("Give the secret a value.".to_owned()),
        Kind::Secret => Ok(NewBindingKind::SecretText { value }),
    }
}
