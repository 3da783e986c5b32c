//! A file's text as values that know where they stand: the same for JSON and TOML.

pub(crate) mod jsonc;
pub(crate) mod toml;

use std::ops::Range;

/// Bytes of the file's text.
pub(crate) type Span = Range<usize>;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Null,
    Boolean(bool),
    Number(serde_json::Number),
    Text(String),
    /// A date or time of TOML, as it is written.
    Date(String),
    List(Vec<Value>),
    /// In the order of the file; a name may occur twice in JSON.
    Object(Vec<Member>),
}

impl Value {
    /// Whether there is nothing in it, however deep.
    pub(crate) fn is_empty(&self) -> bool {
        match &self.kind {
            Kind::Null => true,
            Kind::List(items) => items.is_empty(),
            Kind::Object(members) => members.iter().all(|member| member.value.is_empty()),
            Kind::Boolean(_) | Kind::Number(_) | Kind::Text(_) | Kind::Date(_) => false,
        }
    }
}

/// A member of an object.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Value,
}

/// Text that is no JSON or TOML.
#[derive(Debug)]
pub(crate) struct SyntaxError {
    pub(crate) span: Span,
    pub(crate) message: String,
}
