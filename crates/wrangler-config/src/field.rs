//! One value of the file with its name, read as what it should be. What it is not is told of, and gives `None`.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use crate::json::Json;
use crate::report::Report;
use crate::syntax::{Kind, Member, Span, Value};
use crate::words::{cut, described, unknown};

/// The largest whole number that JavaScript holds exactly.
const MAX_SAFE_INTEGER: i64 = 9_007_199_254_740_991;

/// A value and its name, as `env.staging.routes[0].pattern`.
#[derive(Clone)]
pub(crate) struct Field<'a> {
    pub(crate) path: String,
    value: &'a Value,
    report: &'a Report<'a>,
}

/// An object and its name.
#[derive(Clone)]
pub(crate) struct Table<'a> {
    pub(crate) path: String,
    members: &'a [Member],
    span: &'a Span,
    pub(crate) report: &'a Report<'a>,
}

impl<'a> Field<'a> {
    /// Tells that the value is wrong.
    pub(crate) fn wrong(&self, expected: &str) {
        let Self { path, value, .. } = self;
        let found = described(value);
        let message = format!("\"{path}\" must be {expected}, not {found}");
        self.report.error(&value.span, message);
    }

    pub(crate) fn error(&self, message: impl Into<String>) {
        self.report.error(&self.value.span, message);
    }

    pub(crate) fn warning(&self, message: impl Into<String>) {
        self.report.warning(&self.value.span, message);
    }

    pub(crate) fn is_text(&self) -> bool {
        matches!(self.value.kind, Kind::Text(_))
    }

    pub(crate) fn is_object(&self) -> bool {
        matches!(self.value.kind, Kind::Object(_))
    }

    pub(crate) fn is_list(&self) -> bool {
        matches!(self.value.kind, Kind::List(_))
    }

    pub(crate) fn text(&self) -> Option<String> {
        match &self.value.kind {
            Kind::Text(text) => Some(text.clone()),
            Kind::Date(date) => {
                let Self { path, value, .. } = self;
                let message = format!("\"{path}\" must be text: put the date {date} in quotes");
                self.report.error(&value.span, message);
                None
            }
            _ => {
                self.wrong("text");
                None
            }
        }
    }

    /// Text that is not empty.
    pub(crate) fn words(&self) -> Option<String> {
        let text = self.text()?;
        if text.trim().is_empty() {
            self.error(format!("\"{}\" must not be empty", self.path));
            return None;
        }
        Some(text)
    }

    /// A path, from the directory of the file.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        let text = self.words()?;
        if text.contains('\0') {
            self.error(format!("\"{}\" must be a path", self.path));
            return None;
        }
        Some(self.report.source.beside(&text))
    }

    pub(crate) fn boolean(&self) -> Option<bool> {
        self.boolean_or("true or false")
    }

    /// A boolean, where what else would be right is said.
    pub(crate) fn boolean_or(&self, expected: &str) -> Option<bool> {
        if let Kind::Boolean(boolean) = self.value.kind {
            return Some(boolean);
        }
        self.wrong(expected);
        None
    }

    pub(crate) fn integer(&self, range: RangeInclusive<u64>) -> Option<u64> {
        if let Kind::Number(number) = &self.value.kind
            && let Some(integer) = whole(number)
            && range.contains(&integer)
        {
            return Some(integer);
        }
        let (least, most) = (range.start(), range.end());
        self.wrong(&format!("a whole number from {least} to {most}"));
        None
    }

    /// One of several words.
    pub(crate) fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        if let Kind::Text(text) = &self.value.kind
            && let Some((_, meaning)) = words.iter().find(|(word, _)| word == text)
        {
            return Some(*meaning);
        }
        let quoted: Vec<_> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
        self.wrong(&match quoted.as_slice() {
            [before @ .., last] if !before.is_empty() => {
                format!("{} or {last}", before.join(", "))
            }
            all => all.join(""),
        });
        None
    }

    pub(crate) fn items(&self) -> Option<Vec<Field<'a>>> {
        self.items_of("a list")
    }

    /// The items of a list, which is called what it should be.
    pub(crate) fn items_of(&self, expected: &str) -> Option<Vec<Field<'a>>> {
        let Kind::List(items) = &self.value.kind else {
            self.wrong(expected);
            return None;
        };
        let items = items.iter().enumerate();
        Some(
            items
                .map(|(index, value)| Field {
                    path: format!("{}[{index}]", self.path),
                    value,
                    report: self.report,
                })
                .collect(),
        )
    }

    pub(crate) fn texts(&self) -> Option<Vec<String>> {
        let items = self.items_of("a list of texts")?;
        let count = items.len();
        let texts: Vec<_> = items.iter().filter_map(Field::text).collect();
        (texts.len() == count).then_some(texts)
    }

    pub(crate) fn table(&self) -> Option<Table<'a>> {
        let Kind::Object(members) = &self.value.kind else {
            self.wrong("an object");
            return None;
        };
        Some(Table {
            path: self.path.clone(),
            members,
            span: &self.value.span,
            report: self.report,
        })
    }

    /// Any value, as JSON.
    pub(crate) fn json(&self) -> Option<Json> {
        self.json_of(self.value)
    }

    fn json_of(&self, value: &Value) -> Option<Json> {
        Some(match &value.kind {
            Kind::Null => Json::Null,
            Kind::Boolean(boolean) => Json::Boolean(*boolean),
            Kind::Text(text) => Json::Text(text.clone()),
            Kind::Number(number) if is_exact(number) => Json::Number(number.clone()),
            Kind::Number(_) => {
                self.refuse_inner(
                    value,
                    "this number is too large for JavaScript; put it in quotes",
                );
                return None;
            }
            Kind::Date(_) => {
                self.refuse_inner(value, "there are no dates in JSON; put it in quotes");
                return None;
            }
            Kind::List(items) => {
                let items = items.iter().map(|item| self.json_of(item));
                Json::List(items.collect::<Option<_>>()?)
            }
            Kind::Object(members) => Json::Object(self.members_of(members)?),
        })
    }

    /// Names and values, each name once.
    fn members_of(&self, members: &[Member]) -> Option<Vec<(String, Json)>> {
        let mut places = std::collections::HashMap::new();
        let mut read: Vec<(String, Json)> = Vec::with_capacity(members.len());
        for member in members {
            let value = self.json_of(&member.value)?;
            match places
                .get(member.key.as_str())
                .and_then(|place: &usize| read.get_mut(*place))
            {
                Some(earlier) => earlier.1 = value,
                None => {
                    places.insert(member.key.as_str(), read.len());
                    read.push((member.key.clone(), value));
                }
            }
        }
        Some(read)
    }

    fn refuse_inner(&self, value: &Value, message: &str) {
        let message = format!("\"{}\": {message}", self.path);
        self.report.error(&value.span, message);
    }
}

impl<'a> Table<'a> {
    /// The file's own object.
    pub(crate) fn root(value: &'a Value, report: &'a Report<'a>) -> Option<Self> {
        let field = Field {
            path: String::new(),
            value,
            report,
        };
        if let Kind::Object(_) = value.kind {
            return field.table();
        }
        let found = described(value);
        let message = format!("the file must hold one object, not {found}");
        report.error(&value.span, message);
        None
    }

    /// The member of a name; of two the last.
    pub(crate) fn field(&self, key: &str) -> Option<Field<'a>> {
        let member = self.members.iter().rfind(|member| member.key == key)?;
        Some(self.named(member))
    }

    /// The member of a name, without which the object is wrong.
    pub(crate) fn required(&self, key: &str, why: &str) -> Option<Field<'a>> {
        let field = self.field(key);
        if field.is_none() {
            let message = format!("\"{}\" needs \"{key}\": {why}", self.path);
            self.report.error(self.span, message);
        }
        field
    }

    /// All members, each name once.
    pub(crate) fn fields(&self) -> Vec<(&'a str, Field<'a>)> {
        let mut fields: Vec<(&str, Field<'a>)> = Vec::with_capacity(self.members.len());
        let mut places = std::collections::HashMap::new();
        for member in self.members {
            let (key, field) = (member.key.as_str(), self.named(member));
            match places
                .get(key)
                .and_then(|place: &usize| fields.get_mut(*place))
            {
                Some(earlier) => earlier.1 = field,
                None => {
                    places.insert(key, fields.len());
                    fields.push((key, field));
                }
            }
        }
        fields
    }

    /// Every member as it stands there: its name, where that stands, and its value.
    pub(crate) fn members(&self) -> &'a [Member] {
        self.members
    }

    /// Warns of names that occur twice.
    pub(crate) fn warn_of_repeated(&self) {
        let mut seen = std::collections::HashMap::new();
        for member in self.members {
            if self.report.is_full() {
                return;
            }
            if let Some(first) = seen.insert(member.key.as_str(), member.key_span.start) {
                let path = self.path_of(&member.key);
                let line = self.report.source.line(first);
                let message =
                    format!("\"{path}\" is given twice; this one counts, not that of line {line}");
                self.report.warning(&member.key_span, message);
            }
        }
    }

    /// Warns of members that the object does not have, and of those that it has twice.
    pub(crate) fn only(&self, known: &[&str]) {
        self.warn_of_repeated();
        for member in self.members {
            if self.report.is_full() {
                return;
            }
            if !known.contains(&member.key.as_str()) {
                let message = unknown(&self.path, &member.key, known);
                self.report.warning(&member.key_span, message);
            }
        }
    }

    /// The full name of a member.
    pub(crate) fn path_of(&self, key: &str) -> String {
        // A name of a whole line would hide what is said of it.
        let key = cut(key);
        if self.path.is_empty() {
            return key;
        }
        format!("{}.{key}", self.path)
    }

    fn named(&self, member: &'a Member) -> Field<'a> {
        Field {
            path: self.path_of(&member.key),
            value: &member.value,
            report: self.report,
        }
    }
}

/// Whether JavaScript holds a number as it is written.
fn is_exact(number: &serde_json::Number) -> bool {
    number.is_f64()
        || number
            .as_i64()
            .is_some_and(|whole| whole.abs() <= MAX_SAFE_INTEGER)
}

/// A whole number, written as one or as `1.0`.
fn whole(number: &serde_json::Number) -> Option<u64> {
    number.as_u64().or_else(|| {
        let float = number.as_f64()?;
        let limit = 9_007_199_254_740_992_f64;
        // Whole and within what a float holds exactly, so nothing is lost.
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked: whole, not negative, below 2^53"
        )]
        (float.fract() == 0.0 && (0.0..limit).contains(&float)).then_some(float as u64)
    })
}
