//! What a tail wants to see, in the words that Wrangler sends.

use std::net::IpAddr;

use coffer_protocol::tail::TraceEvent;
use coffer_types::VersionId;
use coffer_types::limits::{MAX_TAIL_FILTER_BYTES, MAX_TAIL_FILTER_VALUES, MAX_TAIL_FILTERS};
use serde_json::Value;

use crate::error::{Error, Invalid, Problem, Result};

/// The outcomes that an event can have.
const OUTCOMES: [&str; 10] = [
    "ok",
    "exception",
    "exceededCpu",
    "exceededMemory",
    "canceled",
    "unknown",
    "killSwitch",
    "loadShed",
    "responseStreamDisconnected",
    "scriptNotFound",
];
const KINDS: &str = "\"outcome\", \"sampling_rate\", \"method\", \"header\", \"client_ip\", \"query\" or \"scriptVersion\"";
/// Stands for the address of whoever makes the tail.
const SELF: &str = "self";

/// What a tail wants to see: what every filter lets through.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct TailFilters(Vec<Filter>);

#[derive(Clone, Debug, PartialEq)]
enum Filter {
    /// Any of these.
    Outcome(Vec<String>),
    /// This share of all.
    SamplingRate(f64),
    /// Any of these, in capitals.
    Method(Vec<String>),
    /// The header is there, and its value holds the text if there is one.
    Header { key: String, query: Option<String> },
    /// From any of these.
    ClientIp(Vec<IpAddr>),
    /// A line of the console holds it.
    Query(String),
    /// Of this version.
    Version(VersionId),
}

impl TailFilters {
    /// Reads the filters of a request from `client`.
    ///
    /// # Errors
    /// [`Problem::TailFilter`] for each one that is none, at its place.
    pub(super) fn parse(filters: &[Value], client: Option<IpAddr>) -> Result<Self> {
        if filters.len() > MAX_TAIL_FILTERS {
            let text = format!("send at most {MAX_TAIL_FILTERS} filters");
            return Err(Error::invalid("/filters", Problem::TailFilter(text)));
        }
        let mut problems = Vec::new();
        let mut read = Vec::new();
        for (index, filter) in filters.iter().enumerate() {
            match one(filter, client) {
                Ok(filter) => read.push(filter),
                Err((below, text)) => problems.push(Invalid {
                    pointer: format!("/filters/{index}{below}"),
                    problem: Problem::TailFilter(text),
                }),
            }
        }
        if problems.is_empty() {
            Ok(Self(read))
        } else {
            Err(Error::Invalid(problems))
        }
    }

    /// The same of what one version does.
    #[must_use]
    pub(super) fn of_version(mut self, version_id: VersionId) -> Self {
        self.0.push(Filter::Version(version_id));
        self
    }

    /// Whether only what this version does is let through.
    pub(super) fn is_of_version(&self, version_id: VersionId) -> bool {
        self.0.contains(&Filter::Version(version_id))
    }

    /// Whether an event is one to see. `chance` gives a number from 0 to 1, for a sample.
    pub(super) fn admit(&self, event: &TraceEvent, chance: &dyn Fn() -> f64) -> bool {
        self.0.iter().all(|filter| filter.admits(event, chance))
    }
}

impl Filter {
    fn admits(&self, event: &TraceEvent, chance: &dyn Fn() -> f64) -> bool {
        match self {
            Self::Outcome(outcomes) => outcomes.contains(&event.outcome),
            Self::SamplingRate(rate) => chance() < *rate,
            Self::Method(methods) => {
                let method = request(event, "/method").and_then(Value::as_str);
                method.is_some_and(|method| methods.contains(&method.to_ascii_uppercase()))
            }
            Self::Header { key, query } => header(event, key).is_some_and(|value| {
                query
                    .as_ref()
                    .is_none_or(|query| value.contains(query.as_str()))
            }),
            Self::ClientIp(addresses) => {
                let address = header(event, "cf-connecting-ip").and_then(|text| text.parse().ok());
                address.is_some_and(|address: IpAddr| addresses.contains(&address.to_canonical()))
            }
            Self::Query(query) => {
                let mut printed = event.logs.iter().flat_map(|log| &log.message);
                printed.any(|part| match part {
                    Value::String(text) => text.contains(query.as_str()),
                    other => other.to_string().contains(query.as_str()),
                })
            }
            Self::Version(version_id) => event
                .script_version
                .is_some_and(|version| version.id == *version_id),
        }
    }
}

fn request<'a>(event: &'a TraceEvent, pointer: &str) -> Option<&'a Value> {
    event.event.as_ref()?.get("request")?.pointer(pointer)
}

fn header<'a>(event: &'a TraceEvent, name: &str) -> Option<&'a str> {
    request(event, "/headers")?.get(name)?.as_str()
}

/// Where below a filter something is wrong, and what would be right.
type Wrong = (&'static str, String);

fn one(filter: &Value, client: Option<IpAddr>) -> Result<Filter, Wrong> {
    let kinds = || ("", format!("a filter is an object with one of {KINDS}"));
    let fields = filter.as_object().ok_or_else(kinds)?;
    let mut fields = fields.iter();
    let (Some((kind, value)), None) = (fields.next(), fields.next()) else {
        return Err(kinds());
    };
    match kind.as_str() {
        "outcome" => outcome(value),
        "sampling_rate" => sampling_rate(value),
        "method" => method(value),
        "header" => header_filter(value),
        "client_ip" => client_ip(value, client),
        "query" => query(value),
        "scriptVersion" => version(value),
        _ => Err(kinds()),
    }
}

fn outcome(value: &Value) -> Result<Filter, Wrong> {
    let wrong = || {
        (
            "/outcome",
            format!("an outcome is one of {}", OUTCOMES.join(", ")),
        )
    };
    let outcomes = texts(value).ok_or_else(wrong)?;
    if outcomes.iter().all(|one| OUTCOMES.contains(&one.as_str())) {
        Ok(Filter::Outcome(outcomes))
    } else {
        Err(wrong())
    }
}

fn sampling_rate(value: &Value) -> Result<Filter, Wrong> {
    let rate = value.as_f64().filter(|rate| *rate > 0.0 && *rate <= 1.0);
    rate.map(Filter::SamplingRate).ok_or_else(|| {
        (
            "/sampling_rate",
            "a sampling rate is a number above 0 and at most 1, such as 0.25".to_owned(),
        )
    })
}

fn method(value: &Value) -> Result<Filter, Wrong> {
    let methods = texts(value).filter(|methods| methods.iter().all(|one| is_token(one)));
    let methods = methods.ok_or_else(|| {
        (
            "/method",
            "name HTTP methods, such as [\"GET\", \"POST\"]".to_owned(),
        )
    })?;
    Ok(Filter::Method(
        methods.iter().map(|one| one.to_ascii_uppercase()).collect(),
    ))
}

fn header_filter(value: &Value) -> Result<Filter, Wrong> {
    let wrong = || {
        (
            "/header",
            "name a header and, if you like, what its value holds: {\"key\": \"x-user\", \"query\": \"42\"}"
                .to_owned(),
        )
    };
    let fields = value.as_object().ok_or_else(wrong)?;
    if fields.keys().any(|name| name != "key" && name != "query") {
        return Err(wrong());
    }
    let key = fields.get("key").and_then(text).filter(|key| is_token(key));
    let query = fields
        .get("query")
        .map(|query| text(query).ok_or_else(wrong));
    Ok(Filter::Header {
        key: key.ok_or_else(wrong)?.to_ascii_lowercase(),
        query: query.transpose()?,
    })
}

fn client_ip(value: &Value, client: Option<IpAddr>) -> Result<Filter, Wrong> {
    let wrong = || {
        (
            "/client_ip",
            "name IP addresses, or \"self\" for your own".to_owned(),
        )
    };
    let read = |text: &String| {
        if text == SELF {
            client
        } else {
            text.parse().ok()
        }
    };
    let addresses: Option<Vec<IpAddr>> = texts(value).ok_or_else(wrong)?.iter().map(read).collect();
    let addresses = addresses.ok_or_else(wrong)?;
    Ok(Filter::ClientIp(
        addresses.iter().map(IpAddr::to_canonical).collect(),
    ))
}

fn query(value: &Value) -> Result<Filter, Wrong> {
    text(value).map(Filter::Query).ok_or_else(|| {
        let longest = format!("a search is a text of 1 to {MAX_TAIL_FILTER_BYTES} bytes");
        ("/query", longest)
    })
}

fn version(value: &Value) -> Result<Filter, Wrong> {
    let id = value.as_str().and_then(|text| text.parse().ok());
    id.map(Filter::Version).ok_or_else(|| {
        let right = "name a version by its id, a UUID".to_owned();
        ("/scriptVersion", right)
    })
}

/// One text or several; `None` if there are none, too many, or other things.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(values) if (1..=MAX_TAIL_FILTER_VALUES).contains(&values.len()) => {
            values.iter().map(text).collect()
        }
        Value::String(_) => Some(vec![text(value)?]),
        _ => None,
    }
}

fn text(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    (1..=MAX_TAIL_FILTER_BYTES)
        .contains(&text.len())
        .then(|| text.to_owned())
}

/// Whether a text can be a method's or a header's name (RFC 9110, section 5.6.2).
fn is_token(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VERSION: &str = "c5e9c03c-4448-49b4-a1b1-b19bf4cd2241";

    fn event() -> TraceEvent {
        serde_json::from_value(json!({
            "outcome": "exception",
            "scriptVersion": { "id": VERSION },
            "logs": [{ "message": ["order", { "total": 42 }], "level": "log", "timestamp": 1 }],
            "eventTimestamp": 1,
            "event": { "request": {
                "url": "http://shop/", "method": "POST",
                "headers": { "x-user": "anna", "cf-connecting-ip": "192.0.2.7" },
            } },
        }))
        .unwrap()
    }

    fn admits(filters: &Value) -> bool {
        let client = Some("192.0.2.7".parse().unwrap());
        let filters = TailFilters::parse(filters.as_array().unwrap(), client).unwrap();
        filters.admit(&event(), &|| 0.5)
    }

    #[test]
    fn each_kind_lets_through_what_it_names() {
        for filters in [
            json!([]),
            json!([{ "outcome": ["ok", "exception"] }]),
            json!([{ "sampling_rate": 0.6 }]),
            json!([{ "method": ["get", "post"] }]),
            json!([{ "header": { "key": "X-User" } }]),
            json!([{ "header": { "key": "x-user", "query": "nn" } }]),
            json!([{ "client_ip": ["self"] }]),
            json!([{ "client_ip": ["::ffff:192.0.2.7"] }]),
            json!([{ "query": "ord" }]),
            json!([{ "query": "42" }]),
            json!([{ "scriptVersion": VERSION }]),
            json!([{ "outcome": "exception" }, { "method": ["POST"] }]),
        ] {
            assert!(admits(&filters), "{filters}");
        }
        for filters in [
            json!([{ "outcome": ["ok"] }]),
            json!([{ "sampling_rate": 0.5 }]),
            json!([{ "method": ["GET"] }]),
            json!([{ "header": { "key": "x-other" } }]),
            json!([{ "header": { "key": "x-user", "query": "bert" } }]),
            json!([{ "client_ip": ["192.0.2.8"] }]),
            json!([{ "query": "refund" }]),
            json!([{ "scriptVersion": "d5e9c03c-4448-49b4-a1b1-b19bf4cd2241" }]),
            json!([{ "outcome": "exception" }, { "method": ["GET"] }]),
        ] {
            assert!(!admits(&filters), "{filters}");
        }
    }

    #[test]
    fn what_is_no_filter_is_told_at_its_place() {
        let long = "x".repeat(MAX_TAIL_FILTER_BYTES + 1);
        for (filter, below) in [
            (json!("ok"), ""),
            (json!({}), ""),
            (json!({ "status": "ok" }), ""),
            (json!({ "outcome": ["ok"], "method": ["GET"] }), ""),
            (json!({ "outcome": ["fine"] }), "/outcome"),
            (json!({ "outcome": [] }), "/outcome"),
            (json!({ "outcome": 1 }), "/outcome"),
            (json!({ "sampling_rate": 0 }), "/sampling_rate"),
            (json!({ "sampling_rate": 1.01 }), "/sampling_rate"),
            (json!({ "sampling_rate": "half" }), "/sampling_rate"),
            (json!({ "method": ["GET POST"] }), "/method"),
            (json!({ "method": [1] }), "/method"),
            (json!({ "header": "x-user" }), "/header"),
            (json!({ "header": { "key": "" } }), "/header"),
            (json!({ "header": { "key": "a b" } }), "/header"),
            (json!({ "header": { "key": "a", "value": "b" } }), "/header"),
            (json!({ "header": { "key": "a", "query": 1 } }), "/header"),
            (json!({ "client_ip": ["everywhere"] }), "/client_ip"),
            (json!({ "client_ip": ["192.0.2.0/24"] }), "/client_ip"),
            (json!({ "query": "" }), "/query"),
            (json!({ "query": long }), "/query"),
            (json!({ "scriptVersion": "1" }), "/scriptVersion"),
        ] {
            let filters = [json!({ "query": "fine" }), filter.clone()];
            let Err(Error::Invalid(problems)) = TailFilters::parse(&filters, None) else {
                panic!("{filter} is let through");
            };
            let pointers: Vec<_> = problems.iter().map(|one| one.pointer.as_str()).collect();
            assert_eq!(pointers, [format!("/filters/1{below}")], "{filter}");
        }
        let many = vec![json!({ "query": "x" }); MAX_TAIL_FILTERS + 1];
        assert!(TailFilters::parse(&many, None).is_err());
        // Whoever has no address is nobody's self.
        assert!(TailFilters::parse(&[json!({ "client_ip": ["self"] })], None).is_err());
    }
}
