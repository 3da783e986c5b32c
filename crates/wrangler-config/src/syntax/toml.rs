//! TOML.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Kind, Member, Span, SyntaxError, Value};
use crate::bounds::MAX_DEPTH;

/// Reads a document.
pub(crate) fn parse(text: &str) -> Result<Value, SyntaxError> {
    let table = DeTable::parse(text).map_err(|error| SyntaxError {
        span: error.span().unwrap_or(0..0),
        message: error.message().replace('\n', "; "),
    })?;
    let kind = object(table.into_inner(), 0)?;
    Ok(Value {
        kind,
        span: 0..text.len(),
    })
}

/// The parser keeps a table by name: the order of the file is that of its keys.
fn object(table: DeTable<'_>, depth: usize) -> Result<Kind, SyntaxError> {
    let mut members = table
        .into_iter()
        .map(|(key, value)| {
            Ok(Member {
                key_span: key.span(),
                key: key.into_inner().into_owned(),
                value: converted(value, depth + 1)?,
            })
        })
        .collect::<Result<Vec<_>, SyntaxError>>()?;
    members.sort_by_key(|member| member.key_span.start);
    Ok(Kind::Object(members))
}

fn converted(value: Spanned<DeValue<'_>>, depth: usize) -> Result<Value, SyntaxError> {
    let span = value.span();
    if depth > MAX_DEPTH {
        return Err(SyntaxError {
            span,
            message: format!("lists and tables may be at most {MAX_DEPTH} deep"),
        });
    }
    let kind = match value.into_inner() {
        DeValue::String(text) => Kind::Text(text.into_owned()),
        DeValue::Boolean(boolean) => Kind::Boolean(boolean),
        DeValue::Integer(integer) => {
            let number = i64::from_str_radix(integer.as_str(), integer.radix());
            Kind::Number(number.map_err(|_| no_number(&span))?.into())
        }
        DeValue::Float(float) => {
            let number = float.as_str().parse().ok();
            let number = number.and_then(serde_json::Number::from_f64);
            Kind::Number(number.ok_or_else(|| no_number(&span))?)
        }
        DeValue::Datetime(date) => Kind::Date(date.to_string()),
        DeValue::Array(list) => Kind::List(
            list.into_iter()
                .map(|item| converted(item, depth + 1))
                .collect::<Result<_, _>>()?,
        ),
        DeValue::Table(table) => object(table, depth)?,
    };
    Ok(Value { kind, span })
}

fn no_number(span: &Span) -> SyntaxError {
    SyntaxError {
        span: span.clone(),
        message: "this number is too large, or none that JSON knows".to_owned(),
    }
}
