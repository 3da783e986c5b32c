//! Keys with one value each.

use crate::field::Field;
use crate::json::Json;
use crate::layers::Layers;
use crate::words::quoted;

/// The Worker's name; an environment's is made of the top level's.
pub(super) fn name(layers: &Layers<'_>, pages: bool) -> Option<String> {
    let Some(environment) = layers.environment_name().filter(|_| !pages) else {
        return worker_name(&layers.top_field("name")?);
    };
    if let Some(own) = layers.environment_field("name") {
        return worker_name(&own);
    }
    let top = worker_name(&layers.top_field("name")?)?;
    Some(format!("{top}-{environment}"))
}

/// A name as the API takes it.
fn worker_name(field: &Field<'_>) -> Option<String> {
    let text = field.words()?;
    let good = |letter: char| {
        letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '-' | '_')
    };
    if text.starts_with('-') || !text.chars().all(good) {
        let Field { path, .. } = field;
        let shown = quoted(&text);
        field.error(format!(
            "\"{path}\" must be of lower-case letters, digits, dashes and underscores, and begin with no dash; it is \
             {shown}"
        ));
        return None;
    }
    Some(text)
}

pub(super) fn account_id(layers: &Layers<'_>) -> Option<String> {
    let field = layers.field("account_id")?;
    let text = field.text()?;
    if text.is_empty() {
        field.warning("\"account_id\" is empty and not read; leave it out");
        return None;
    }
    Some(text)
}

pub(super) fn compatibility_date(layers: &Layers<'_>) -> Option<String> {
    let field = layers.field("compatibility_date")?;
    let text = field.text()?;
    if is_date(&text) {
        return Some(text);
    }
    let shown = quoted(&text);
    field.error(format!(
        "\"{}\" must be a date as \"2026-11-22\", not {shown}",
        field.path
    ));
    None
}

/// Whether text is a day of the calendar as `2026-11-22`.
fn is_date(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return false;
    };
    let number = |part: &str, digits: usize| -> Option<u32> {
        let right = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        right.then(|| part.parse().ok()).flatten()
    };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2))
    else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1..=days).contains(&day)
}

pub(super) fn crons(layers: &Layers<'_>) -> Option<Vec<String>> {
    let triggers = layers.field("triggers")?.table()?;
    triggers.only(&["crons", "events"]);
    if let Some(events) = triggers.field("events") {
        events.warning(format!(
            "\"{}\" belongs to what Coffer does not run; it is not read",
            events.path
        ));
    }
    triggers.field("crons")?.texts()
}

/// An object that is handed on as it is.
pub(super) fn object(layers: &Layers<'_>, key: &str) -> Option<Json> {
    let field = layers.field(key)?;
    field.table()?;
    field.json()
}

pub(super) fn limits(layers: &Layers<'_>) -> Option<Json> {
    let field = layers.field("limits")?;
    let table = field.table()?;
    table.only(&["cpu_ms", "subrequests"]);
    for key in ["cpu_ms", "subrequests"] {
        if let Some(limit) = table.field(key) {
            limit.integer(1..=u64::from(u32::MAX));
        }
    }
    field.json()
}

pub(super) fn tail_consumers(layers: &Layers<'_>) -> Option<Json> {
    let field = layers.field("tail_consumers")?;
    for item in field.items()? {
        let Some(consumer) = item.table() else {
            continue;
        };
        consumer.only(&["service", "environment"]);
        if let Some(service) = consumer.required("service", "the name of a Worker") {
            service.words();
        }
        if let Some(environment) = consumer.field("environment") {
            environment.text();
        }
    }
    field.json()
}
