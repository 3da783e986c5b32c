//! References in values of `.env` files, as npm's `dotenv-expand` reads them: `$NAME`, `${NAME}`, `${NAME:-default}`,
//! `${NAME-default}`, `${NAME:+other}`, `${NAME+other}`, and `\$` for a dollar sign.
//!
//! Unlike there, a value that is put in keeps its dollar signs, and a reference behind an escaped one of its name is the
//! one that is replaced.
//!
//! A reference is to an earlier entry of the files or to the process's environment, which counts more.

use std::collections::HashMap;

use zeroize::Zeroizing;

use super::{Environment, LocalValue};
use crate::bounds::MAX_FILE_BYTES;

/// References that one value may lead to.
const MAX_REFERENCES: usize = 1000;

/// Puts in what values refer to. The process's own values come behind those of the files.
///
/// # Errors
/// The name of the entry whose value grows beyond what a file may hold.
pub(super) fn expand(
    entries: Vec<LocalValue>,
    process: Environment,
) -> Result<Vec<LocalValue>, String> {
    let process: HashMap<String, Zeroizing<String>> = process.into_iter().collect();
    let mut known: HashMap<String, Zeroizing<String>> = HashMap::new();
    let mut order = Vec::with_capacity(entries.len());
    for LocalValue { name, value } in entries {
        let own = process.get(&name).filter(|own| !own.is_empty());
        let value = match own {
            Some(own) if **own != *value => own.clone(),
            _ => expanded(value, &known, &process).ok_or_else(|| name.clone())?,
        };
        known.insert(name.clone(), without_escapes(&value));
        order.push(name);
    }
    let mut rest: Vec<_> = process
        .into_iter()
        .filter(|(name, _)| !known.contains_key(name))
        .collect();
    rest.sort_by(|one, other| one.0.cmp(&other.0));
    let files = order.into_iter().filter_map(|name| {
        let value = known.remove(&name)?;
        Some(LocalValue { name, value })
    });
    let mut values: Vec<_> = files.collect();
    values.extend(
        rest.into_iter()
            .map(|(name, value)| LocalValue { name, value }),
    );
    Ok(values)
}

/// A value with everything put in that it refers to, and what that refers to; `None` if it grows too large.
fn expanded(
    value: Zeroizing<String>,
    known: &HashMap<String, Zeroizing<String>>,
    process: &HashMap<String, Zeroizing<String>>,
) -> Option<Zeroizing<String>> {
    let limit = usize::try_from(MAX_FILE_BYTES).unwrap_or(usize::MAX);
    let mut result = value;
    // What the value was before: a value that refers to itself ends there.
    let mut before: Vec<Zeroizing<String>> = Vec::new();
    for _ in 0..MAX_REFERENCES {
        let Some(found) = reference(&result) else {
            return Some(result);
        };
        let there = process.get(found.name).or_else(|| known.get(found.name));
        let there = there.filter(|value| !value.is_empty());
        let is_loop = there.is_some_and(|value| before.contains(value) || *value == result);
        let put_in = match (found.kind, there) {
            (ReferenceKind::IfThere, Some(_)) => found.rest,
            (ReferenceKind::IfThere, None) => "",
            (ReferenceKind::Value, Some(value)) if !is_loop => value,
            (ReferenceKind::Value, _) => found.rest,
        };
        let length = result.len() - found.length + put_in.len();
        if length > limit {
            return None;
        }
        let mut next = Zeroizing::new(String::with_capacity(length));
        next.push_str(&result[..found.at]);
        next.push_str(put_in);
        next.push_str(&result[found.at + found.length..]);
        let settled = known.get(found.name).is_some_and(|value| *value == next);
        before.push(std::mem::replace(&mut result, next));
        if settled {
            return Some(result);
        }
    }
    None
}

struct Reference<'a> {
    at: usize,
    length: usize,
    name: &'a str,
    kind: ReferenceKind,
    /// What stands behind the sign.
    rest: &'a str,
}

#[derive(Clone, Copy)]
enum ReferenceKind {
    /// The value, or what is behind the sign.
    Value,
    /// What is behind the sign, if there is a value.
    IfThere,
}

/// The first reference of a text.
fn reference(text: &str) -> Option<Reference<'_>> {
    let places = text.match_indices('$').map(|(at, _)| at);
    places
        .filter(|at| !text[..*at].ends_with('\\'))
        .find_map(|at| {
            let after = &text[at + 1..];
            let (length, inside) = match after.strip_prefix('{') {
                Some(inside) => {
                    let end = inside.find(['{', '}'])?;
                    let closed = inside[end..].starts_with('}') && end > 0;
                    (end + 3, closed.then_some(&inside[..end])?)
                }
                None => {
                    let end = after
                        .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
                        .unwrap_or(after.len());
                    let begins = after.starts_with(|letter: char| !letter.is_ascii_digit());
                    (end + 1, (begins && end > 0).then_some(&after[..end])?)
                }
            };
            let (name, kind, rest) = parts(inside);
            Some(Reference {
                at,
                length,
                name,
                kind,
                rest,
            })
        })
}

/// The name, and what is behind the first sign.
fn parts(inside: &str) -> (&str, ReferenceKind, &str) {
    let Some(at) = inside.find(['+', '-']) else {
        return (inside, ReferenceKind::Value, "");
    };
    let kind = if inside[at..].starts_with('+') {
        ReferenceKind::IfThere
    } else {
        ReferenceKind::Value
    };
    let name = &inside[..at];
    (
        name.strip_suffix(':').unwrap_or(name),
        kind,
        &inside[at + 1..],
    )
}

fn without_escapes(value: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(value.len()));
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("\\$") {
        plain.push_str(before);
        plain.push('$');
        rest = after;
    }
    plain.push_str(rest);
    plain
}
