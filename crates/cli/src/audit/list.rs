//! `coffer audit list`: what happened in an account, as its server tells.

use clap::Args;
use coffer_types::{Clock, SystemClock, Timestamp};
use serde_json::Value;

use crate::api::Answer;
use crate::failure::Failure;
use crate::output::{self, Table};
use crate::remote::{self, ServerFlags};

/// The most events on a page of the API.
const PAGE: usize = 1_000;
const MICROS_OF_SECOND: i64 = 1_000_000;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer audit list\n  coffer audit list --since 7d --actor ada@example.com --limit 1000\n  coffer audit list --filter resource_type=secret --filter action_type.not=view --json"
)]
pub(crate) struct List {
    /// From when: a date, a time such as 2026-01-31T12:00:00Z, or so long ago, as in 30m, 24h, 7d
    #[arg(long, value_name = "WHEN", default_value = "24h")]
    since: String,
    /// Until when [default: now]
    #[arg(long, value_name = "WHEN")]
    before: Option<String>,
    /// Only by this user
    #[arg(long, value_name = "EMAIL")]
    actor: Option<String>,
    /// Only events of this field's value, as in resource_type=secret; `.not` behind a name takes them out
    #[arg(long = "filter", value_name = "FIELD=VALUE")]
    filters: Vec<Filter>,
    /// The most events that are shown, newest first
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    #[command(flatten)]
    server: ServerFlags,
}

/// A field of an event with the value that it must have.
#[derive(Clone, Debug)]
struct Filter {
    field: String,
    value: String,
}

impl std::str::FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((field, value)) if !field.is_empty() => Ok(Self {
                field: field.to_owned(),
                value: value.to_owned(),
            }),
            _ => Err("write a field and its value, as in resource_type=secret".to_owned()),
        }
    }
}

/// Lists events.
pub(super) async fn run(list: &List) -> Result<(), Failure> {
    let now = SystemClock.now();
    let since = moment(&list.since, now)?;
    let before = match &list.before {
        Some(text) => moment(text, now)?,
        // What happened in this very second is told, too.
        None => now.plus_micros(MICROS_OF_SECOND).to_string(),
    };
    let server = remote::connect(&list.server, None).await?;
    let path = format!("/accounts/{}/logs/audit", server.account);
    let limit = usize::try_from(list.limit).unwrap_or(usize::MAX);
    let mut events: Vec<Value> = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let size = (limit - events.len()).min(PAGE).to_string();
        let mut query = vec![
            ("since", since.as_str()),
            ("before", before.as_str()),
            ("limit", size.as_str()),
        ];
        query.extend(list.actor.as_deref().map(|email| ("actor_email", email)));
        let filters = list.filters.iter();
        query.extend(filters.map(|filter| (filter.field.as_str(), filter.value.as_str())));
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let answer: Answer<Vec<Value>> = server.api.read(&path, &query).await?;
        let ended = answer.result.is_empty();
        events.extend(answer.result);
        cursor = answer.cursor;
        if ended || cursor.is_none() || events.len() >= limit {
            break;
        }
    }
    show(&events, cursor.is_some());
    Ok(())
}

fn show(events: &[Value], has_more: bool) {
    if output::is_json() {
        output::json(&events);
        return;
    }
    if events.is_empty() {
        output::note("Nothing happened in this time that matches");
        return;
    }
    let mut table = Table::new(&["TIME", "ACTOR", "ACTION", "RESULT", "RESOURCE", "ID"]);
    for event in events {
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
        let at = text("/action/time").unwrap_or_default();
        let actor = text("/actor/email").or_else(|| text("/actor/id"));
        table.row([
            at.parse().map_or_else(|_| at.to_owned(), output::moment),
            actor.unwrap_or_default().to_owned(),
            text("/action/type").unwrap_or_default().to_owned(),
            text("/action/result").unwrap_or_default().to_owned(),
            text("/resource/type").unwrap_or_default().to_owned(),
            text("/resource/id").unwrap_or("-").to_owned(),
        ]);
    }
    table.print();
    if has_more {
        output::note(format_args!(
            "The newest {}; there are more: raise --limit, or narrow with --filter",
            events.len()
        ));
    }
}

/// A moment as the API takes it: what is no length of time is passed on, and refused there if it is none.
fn moment(text: &str, now: Timestamp) -> Result<String, Failure> {
    let Some((number, unit)) = text
        .char_indices()
        .next_back()
        .map(|(at, unit)| (&text[..at], unit))
    else {
        return Err(Failure::usage("--since and --before name a moment"));
    };
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return Ok(text.to_owned()),
    };
    let Ok(number) = number.parse::<i64>() else {
        return Ok(text.to_owned());
    };
    number
        .checked_mul(seconds)
        .and_then(|seconds| seconds.checked_mul(-MICROS_OF_SECOND))
        .filter(|micros| *micros > -now.as_micros() && *micros <= 0)
        .map(|micros| now.plus_micros(micros).to_string())
        .ok_or_else(|| Failure::usage(format!("{text} ago is before all time")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_may_be_so_long_ago() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let of = |text: &str| moment(text, now).map_err(|failure| failure.message());
        assert_eq!(of("24h").unwrap(), "2026-11-21T12:00:00.000000Z");
        assert_eq!(of("30m").unwrap(), "2026-11-22T11:30:00.000000Z");
        assert_eq!(of("2026-01-31").unwrap(), "2026-01-31");
        assert_eq!(of("2026-01-31T12:00:00Z").unwrap(), "2026-01-31T12:00:00Z");
        assert!(of("99999999999d").is_err());
        assert!(of("-1h").is_err());
        assert!(of("").is_err());
    }
}
