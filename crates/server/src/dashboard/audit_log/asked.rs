//! Which events the list is asked for, as its address has it.

use coffer_engine::{AuditField, AuditFilter, AuditQuery, Direction, TimeRange};
use coffer_types::Timestamp;
use serde::Deserialize;

use crate::dashboard::pager::query;

const MICROS_PER_HOUR: i64 = 3600 * 1_000_000;
const MICROS_PER_DAY: i64 = 24 * MICROS_PER_HOUR;
/// Characters of a text to look for; more would find nothing more.
const MAX_SEARCH_CHARS: usize = 200;

/// Stretches of time that end now: the word in the address, what people read, and how long.
pub(super) const RANGES: [(&str, &str, i64); 6] = [
    ("1h", "Last hour", MICROS_PER_HOUR),
    ("24h", "Last 24 hours", MICROS_PER_DAY),
    ("7d", "Last 7 days", 7 * MICROS_PER_DAY),
    (DEFAULT_RANGE, "Last 30 days", 30 * MICROS_PER_DAY),
    ("90d", "Last 90 days", 90 * MICROS_PER_DAY),
    ("all", "All time", i64::MAX),
];
const DEFAULT_RANGE: &str = "30d";

/// What may have been done.
pub(super) const ACTIONS: [(&str, &str); 4] = [
    ("create", "Created"),
    ("update", "Changed"),
    ("delete", "Deleted"),
    ("view", "Value read"),
];

/// How it may have ended.
pub(super) const RESULTS: [(&str, &str); 2] = [("success", "Done"), ("failure", "Refused")];

/// What it may have been about.
pub(super) const KINDS: [(&str, &str); 14] = [
    ("secret", "Secrets"),
    ("store", "Stores"),
    ("worker", "Workers"),
    ("version", "Versions"),
    ("deployment", "Deployments"),
    ("worker_secret", "Workers' own secrets"),
    ("tail", "Followed logs"),
    ("pages_project", "Pages projects"),
    ("pages_secret", "Secrets of Pages"),
    ("pages_deployment", "Deployments of Pages"),
    ("member", "Members"),
    ("token", "API tokens"),
    ("account", "The account"),
    ("user", "Users"),
];

/// The query of the page's address. Whatever is none of ours counts as nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Parameters {
    search: String,
    actor: String,
    action: String,
    kind: String,
    result: String,
    resource: String,
    range: String,
    /// The first day, or moment.
    from: String,
    /// The last day, or moment.
    to: String,
    /// When the first page was made, in microseconds: the pages behind it are of the same list.
    at: String,
    cursor: String,
}

/// What the list is narrowed by.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) search: String,
    pub(super) actor: String,
    pub(super) action: String,
    pub(super) kind: String,
    pub(super) result: String,
    pub(super) resource: String,
    pub(super) range: String,
    pub(super) from: String,
    pub(super) to: String,
    at: Option<i64>,
    cursor: String,
    place: String,
}

/// One thing that the list is narrowed by, and the address without it.
#[derive(Debug)]
pub(super) struct Chip {
    pub(super) label: &'static str,
    pub(super) value: String,
    pub(super) without: String,
}

impl Asked {
    pub(super) fn new(parameters: Parameters, place: String) -> Self {
        let word = |text: String, known: &[(&str, &str)]| match known {
            known if known.iter().any(|(word, _)| *word == text) => text,
            _ => String::new(),
        };
        let ranges = RANGES.map(|(word, label, _)| (word, label));
        let text = |text: String| text.trim().chars().take(MAX_SEARCH_CHARS).collect();
        Self {
            search: text(parameters.search),
            actor: text(parameters.actor),
            action: word(parameters.action, &ACTIONS),
            kind: word(parameters.kind, &KINDS),
            result: word(parameters.result, &RESULTS),
            resource: text(parameters.resource),
            range: word(parameters.range, &ranges),
            from: known_moment(parameters.from),
            to: known_moment(parameters.to),
            at: parameters.at.parse().ok(),
            cursor: parameters.cursor,
            place,
        }
    }

    /// The part of the list that is asked for, at this moment.
    pub(super) fn query(&self, now: Timestamp, limit: u32) -> AuditQuery {
        let now = self.made_at(now);
        let filters = [
            (actor_field(&self.actor), &self.actor),
            (AuditField::ActionType, &self.action),
            (AuditField::ResourceType, &self.kind),
            (AuditField::ActionResult, &self.result),
            (AuditField::ResourceId, &self.resource),
        ];
        let filters = filters.into_iter().filter(|(_, value)| !value.is_empty());
        AuditQuery {
            range: self.time_range(now),
            filters: filters
                .map(|(field, value)| AuditFilter {
                    field,
                    negated: false,
                    values: vec![value.clone()],
                })
                .collect(),
            text: (!self.search.is_empty()).then(|| self.search.clone()),
            direction: Direction::Descending,
            limit,
            cursor: (!self.cursor.is_empty()).then(|| self.cursor.clone()),
        }
    }

    /// Chosen days win over a stretch that ends now.
    fn time_range(&self, now: Timestamp) -> TimeRange {
        let end = moment(&self.to, true);
        let before = end.unwrap_or_else(|| now.plus_micros(1));
        let chosen = RANGES.iter().find(|(word, ..)| *word == self.range_word());
        let length = chosen.map_or(i64::MAX, |(.., length)| *length);
        let since = match (moment(&self.from, false), end) {
            (Some(from), _) => from,
            (None, Some(_)) => Timestamp::from_micros(0),
            (None, None) => {
                let start = now.as_micros().saturating_sub(length).max(0);
                Timestamp::from_micros(start)
            }
        };
        // A range that ends before it begins has nothing.
        TimeRange {
            since: since.min(before),
            before,
        }
    }

    /// When the first page of this list was made.
    fn made_at(&self, now: Timestamp) -> Timestamp {
        self.at.map_or(now, Timestamp::from_micros)
    }

    /// The word of the stretch of time, which is there always.
    pub(super) fn range_word(&self) -> &str {
        match self.range.as_str() {
            "" => DEFAULT_RANGE,
            word => word,
        }
    }

    /// Whether this is the first page, to which new events are added.
    pub(super) fn is_first(&self) -> bool {
        self.cursor.is_empty()
    }

    /// Whether something is left out but by time.
    pub(super) fn is_narrowed(&self) -> bool {
        !self.chips().is_empty()
    }

    /// Whether days were chosen.
    pub(super) fn has_days(&self) -> bool {
        !self.from.is_empty() || !self.to.is_empty()
    }

    /// The first page of the same list.
    pub(super) fn first(&self) -> String {
        format!("{}{}", self.place, self.words())
    }

    /// The page that begins with a cursor.
    pub(super) fn after(&self, now: Timestamp, cursor: &str) -> String {
        let at = self.made_at(now).as_micros().to_string();
        let words = self.words();
        let joint = if words.is_empty() { '?' } else { '&' };
        format!("{}{words}{joint}at={at}&cursor={cursor}", self.place)
    }

    /// The file of all that the list has.
    pub(super) fn file(&self, ending: &str) -> String {
        format!("{}/export.{ending}{}", self.place, self.words())
    }

    /// Each thing that the list is narrowed by.
    pub(super) fn chips(&self) -> Vec<Chip> {
        let chip = |label, value: &str, clear: fn(&mut Self)| {
            let mut without = self.clone();
            clear(&mut without);
            (!value.is_empty()).then(|| Chip {
                label,
                value: value.to_owned(),
                without: without.first(),
            })
        };
        let chips = [
            chip("Text", &self.search, |one| one.search.clear()),
            chip("By", &self.actor, |one| one.actor.clear()),
            chip("Action", label(&ACTIONS, &self.action), |one| {
                one.action.clear();
            }),
            chip("About", label(&KINDS, &self.kind), |one| one.kind.clear()),
            chip("Result", label(&RESULTS, &self.result), |one| {
                one.result.clear();
            }),
            chip("Resource", &self.resource, |one| one.resource.clear()),
            chip("From", &self.from, |one| one.from.clear()),
            chip("To", &self.to, |one| one.to.clear()),
        ];
        chips.into_iter().flatten().collect()
    }

    fn words(&self) -> String {
        query(&[
            ("search", &self.search),
            ("actor", &self.actor),
            ("action", &self.action),
            ("kind", &self.kind),
            ("result", &self.result),
            ("resource", &self.resource),
            ("range", &self.range),
            ("from", &self.from),
            ("to", &self.to),
        ])
    }
}

/// Actors are named by address or by id.
fn actor_field(actor: &str) -> AuditField {
    match actor.contains('@') {
        true => AuditField::ActorEmail,
        false => AuditField::ActorId,
    }
}

fn label<'l>(known: &[(&str, &'l str)], word: &str) -> &'l str {
    let found = known.iter().find(|(other, _)| *other == word);
    found.map_or("", |(_, label)| *label)
}

/// The text, if it is a day or a moment.
fn known_moment(text: String) -> String {
    match moment(&text, false) {
        Some(_) => text,
        None => String::new(),
    }
}

/// The beginning of a day in UTC, or its end; or a moment as it stands.
fn moment(text: &str, is_end: bool) -> Option<Timestamp> {
    if text.len() != "2026-01-31".len() {
        return text.parse().ok();
    }
    let day: Timestamp = format!("{text}T00:00:00Z").parse().ok()?;
    Some(day.plus_micros(if is_end { MICROS_PER_DAY } else { 0 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: &str, to: &str, word: &str) -> (String, String) {
        let parameters = Parameters {
            range: word.to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
            ..Parameters::default()
        };
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        let range = Asked::new(parameters, String::new()).query(now, 1).range;
        (range.since.to_string(), range.before.to_string())
    }

    #[test]
    fn time_is_chosen_by_a_stretch_that_ends_now_or_by_whole_days() {
        let pair = |since: &str, before: &str| (since.to_owned(), before.to_owned());
        let (day, end) = ("2026-11-01T00:00:00.000000Z", "2026-11-22T12:00:00.000001Z");
        assert_eq!(
            range("", "", "1h"),
            pair("2026-11-22T11:00:00.000000Z", end)
        );
        let month = pair("2026-10-23T12:00:00.000000Z", end);
        assert_eq!(range("", "", ""), month);
        assert_eq!(range("nonsense", "x", "nonsense"), month);
        let beginning = "1970-01-01T00:00:00.000000Z";
        assert_eq!(range("", "", "all"), pair(beginning, end));
        assert_eq!(range("2026-11-01", "", "1h"), pair(day, end));
        let next = "2026-11-03T00:00:00.000000Z";
        assert_eq!(range("2026-11-01", "2026-11-02", ""), pair(day, next));
        assert_eq!(range("", "2026-11-02", "1h"), pair(beginning, next));
        assert_eq!(range("2026-11-09", "2026-11-02", "").0, next);
    }

    #[test]
    fn each_chip_leads_to_the_list_without_it() {
        let parameters = Parameters {
            search: " a&b ".to_owned(),
            action: "update".to_owned(),
            kind: "nonsense".to_owned(),
            range: "7d".to_owned(),
            cursor: "x".to_owned(),
            ..Parameters::default()
        };
        let chips = Asked::new(parameters, "/log".to_owned()).chips();
        let told: Vec<_> = chips
            .iter()
            .map(|chip| (chip.label, chip.value.as_str(), chip.without.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("Text", "a&b", "/log?action=update&range=7d"),
                ("Action", "Changed", "/log?search=a%26b&range=7d"),
            ]
        );
    }
}
