//! JSON with comments and commas before closing brackets, which Wrangler reads in `.json` files too.

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::errors::{ParseError, ParseErrorKind};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::{Kind, Member, Span, SyntaxError, Value};
use crate::bounds::MAX_DEPTH;

/// Reads the one value of a text.
pub(crate) fn parse(text: &str) -> Result<Value, SyntaxError> {
    if let Some(span) = broken_text(text) {
        let message = "this text has no closing quote on its line".to_owned();
        return Err(SyntaxError { span, message });
    }
    let options = ParseOptions {
        allow_comments: true,
        allow_loose_object_property_names: false,
        allow_trailing_commas: true,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let parsed = parse_to_ast(text, &CollectOptions::default(), &options)
        .map_err(|error| refused(&error))?;
    match parsed.value {
        Some(value) => converted(value, 0),
        None => Err(SyntaxError {
            span: 0..0,
            message: "the file is empty; it needs at least { \"name\": \"my-worker\" }".to_owned(),
        }),
    }
}

/// The first text that goes on after its line. The parser takes it for one of several lines, and would stumble over a
/// quote that is missing far behind the place where it is.
fn broken_text(text: &str) -> Option<Span> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text[at..];
        if rest.starts_with("//") {
            at += rest.find('\n')?;
        } else if let Some(comment) = rest.strip_prefix("/*") {
            at += 2 + comment.find("*/")? + 2;
        } else if bytes[at] == b'"' {
            let begin = at;
            at += 1;
            while bytes.get(at).is_some_and(|byte| *byte != b'"') {
                if bytes[at] == b'\n' {
                    return Some(begin..at);
                }
                at += if bytes[at] == b'\\' { 2 } else { 1 };
            }
            at += 1;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
        while !text.is_char_boundary(at.min(text.len())) {
            at += 1;
        }
    }
    None
}

fn refused(error: &ParseError) -> SyntaxError {
    let message = match error.kind() {
        ParseErrorKind::ExpectedComma => "a comma must stand here".to_owned(),
        ParseErrorKind::ExpectedColonAfterObjectKey => "a colon must follow the key".to_owned(),
        ParseErrorKind::ExpectedObjectValue => "a value must follow the colon".to_owned(),
        ParseErrorKind::ExpectedStringObjectProperty | ParseErrorKind::UnexpectedTokenInObject => {
            "a key in double quotes must stand here, or the closing }".to_owned()
        }
        ParseErrorKind::SingleQuotedStringsNotAllowed => {
            "text must stand in double quotes".to_owned()
        }
        ParseErrorKind::UnexpectedWord => {
            "this word is no value; text must stand in double quotes".to_owned()
        }
        ParseErrorKind::UnterminatedArray => "the ] that closes this list is missing".to_owned(),
        ParseErrorKind::UnterminatedObject => "the } that closes this object is missing".to_owned(),
        ParseErrorKind::UnterminatedCommentBlock => {
            "the */ that closes this comment is missing".to_owned()
        }
        ParseErrorKind::MultipleRootJsonValues => {
            "the file ends with the first object; nothing but a comment may follow it".to_owned()
        }
        ParseErrorKind::UnexpectedCloseBrace | ParseErrorKind::UnexpectedCloseBracket => {
            "this closes nothing that is open, or a value is missing before it".to_owned()
        }
        ParseErrorKind::UnexpectedComma => "a value must stand before this comma".to_owned(),
        ParseErrorKind::NestingDepthExceeded => too_deep(),
        other => {
            let text = other.to_string();
            let mut letters = text.chars();
            letters
                .next()
                .map(|first| first.to_lowercase().chain(letters).collect())
                .unwrap_or_default()
        }
    };
    SyntaxError {
        span: error.range().start..error.range().end,
        message,
    }
}

fn too_deep() -> String {
    format!("lists and objects may be at most {MAX_DEPTH} deep")
}

fn converted(value: ast::Value<'_>, depth: usize) -> Result<Value, SyntaxError> {
    let span = span(&value);
    if depth > MAX_DEPTH {
        return Err(SyntaxError {
            span,
            message: too_deep(),
        });
    }
    let kind = match value {
        ast::Value::NullKeyword(_) => Kind::Null,
        ast::Value::BooleanLit(literal) => Kind::Boolean(literal.value),
        ast::Value::StringLit(literal) => Kind::Text(literal.value.into_owned()),
        ast::Value::NumberLit(literal) => match literal.value.parse() {
            Ok(number) => Kind::Number(number),
            Err(_) => {
                return Err(SyntaxError {
                    span,
                    message: "this is no number of JSON, or too large for one".to_owned(),
                });
            }
        },
        ast::Value::Array(list) => Kind::List(
            list.elements
                .into_iter()
                .map(|item| converted(item, depth + 1))
                .collect::<Result<_, _>>()?,
        ),
        ast::Value::Object(object) => Kind::Object(
            object
                .properties
                .into_iter()
                .map(|property| {
                    let range = property.name.range();
                    Ok(Member {
                        key: property.name.into_string(),
                        key_span: range.start..range.end,
                        value: converted(property.value, depth + 1)?,
                    })
                })
                .collect::<Result<_, _>>()?,
        ),
    };
    Ok(Value { kind, span })
}

fn span(value: &ast::Value<'_>) -> Span {
    let range = value.range();
    range.start..range.end
}
