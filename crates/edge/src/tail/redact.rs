//! Taking a process's secret values out of what it is traced with.

use coffer_protocol::tail::TraceEvent;
use serde_json::{Map, Value};

use crate::process::Redactor;

/// What divides an address or a header's value into parts that may be encoded.
const DIVIDERS: [char; 9] = ['/', '?', '&', '=', '#', ';', ',', ' ', '"'];

/// Takes the values out of everything that the Worker or its client put there. What headers authenticate with, the
/// runtime has taken out by then.
pub(super) fn redact(redactor: &Redactor, event: &mut TraceEvent) {
    for exception in &mut event.exceptions {
        exception.name = redactor.redact(&exception.name);
        value(redactor, &mut exception.message);
        if let Some(stack) = &mut exception.stack {
            *stack = redactor.redact(stack);
        }
    }
    for log in &mut event.logs {
        for part in &mut log.message {
            value(redactor, part);
        }
    }
    for published in &mut event.diagnostics_channel_events {
        value(redactor, published);
    }
    if let Some(cause) = &mut event.event {
        value(redactor, cause);
        if let Some(request) = cause.get_mut("request") {
            encoded_parts_of_request(redactor, request);
        }
    }
}

fn value(redactor: &Redactor, of: &mut Value) {
    match of {
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => {
            let text = number.to_string();
            let clean = redactor.redact(&text);
            if clean != text {
                *of = Value::String(clean);
            }
        }
        Value::String(text) => *text = redactor.redact(text),
        Value::Array(parts) => {
            for part in parts {
                value(redactor, part);
            }
        }
        Value::Object(fields) => {
            let clean = std::mem::take(fields).into_iter().map(|(name, mut part)| {
                value(redactor, &mut part);
                (redactor.redact(&name), part)
            });
            *fields = clean.collect::<Map<_, _>>();
        }
    }
}

fn encoded_parts_of_request(redactor: &Redactor, request: &mut Value) {
    if let Some(Value::String(url)) = request.get_mut("url") {
        *url = encoded_parts(redactor, url);
    }
    if let Some(Value::Object(headers)) = request.get_mut("headers") {
        for (_, header) in headers {
            if let Value::String(text) = header {
                *text = encoded_parts(redactor, text);
            }
        }
    }
}

/// A value in an address is percent-encoded, in a form's way or not: each part is looked at as it reads decoded.
fn encoded_parts(redactor: &Redactor, text: &str) -> String {
    if !text.contains(['%', '+']) {
        return text.to_owned();
    }
    text.split_inclusive(DIVIDERS)
        .map(|part| {
            let end = part.trim_end_matches(DIVIDERS).len();
            let (part, divider) = part.split_at(end);
            let plain = percent_decoded(part);
            let form = percent_decoded(&part.replace('+', " "));
            let clean = [plain, form].iter().find_map(|decoded| {
                let clean = redactor.redact(decoded);
                (clean != *decoded).then_some(clean)
            });
            clean.unwrap_or_else(|| part.to_owned()) + divider
        })
        .collect()
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).filter(|_| *first == b'%');
        match digits.and_then(|digits| hex::decode(digits).ok()) {
            Some(decoded) => {
                bytes.extend(decoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn redactor(values: &[&str]) -> Redactor {
        let redactor = Redactor::default();
        for value in values {
            redactor.add_text(value);
        }
        redactor
    }

    #[test]
    fn no_place_keeps_a_value() {
        let values = ["sk_live_51H", "a b+c/d&e=f", "73919531", "two\nlines of it"];
        let redactor = redactor(&values);
        let mut event: TraceEvent = serde_json::from_value(json!({
            "outcome": "ok",
            "exceptions": [{
                "name": "sk_live_51H", "message": "bad key sk_live_51H", "stack": "at sk_live_51H:1", "timestamp": 1,
            }],
            "logs": [{ "level": "log", "timestamp": 1, "message": [
                "key=sk_live_51H!", { "sk_live_51H": ["x", { "deep": "xsk_live_51Hx" }] }, 73_919_531, 7,
                "two\nlines of it", null,
            ] }],
            "diagnosticsChannelEvents": [{ "message": "sk_live_51H" }],
            "eventTimestamp": 1,
            "event": { "request": {
                "method": "GET",
                "url": "http://w/sk_live_51H/sk%5Flive%5F51H?a=a%20b%2Bc%2Fd%26e%3Df&b=a+b%2Bc%2Fd%26e%3Df&keep=a%20b",
                "headers": { "x-key": "sk_live_51H", "referer": "http://w/?k=sk%5flive%5F51H" },
            }, "response": { "status": 200 } },
        }))
        .unwrap();
        redact(&redactor, &mut event);
        let text = serde_json::to_string(&event).unwrap();
        for value in values {
            assert!(!text.contains(value), "{value}: {text}");
        }
        for part in ["51H", "c%2Fd", "lines of it"] {
            assert!(!text.contains(part), "{part}: {text}");
        }
        let told = serde_json::to_value(&event).unwrap();
        assert_eq!(
            told["event"]["request"]["url"],
            "http://w/REDACTED/REDACTED?a=REDACTED&b=REDACTED&keep=a%20b"
        );
        assert_eq!(
            told["logs"][0]["message"],
            json!(["key=REDACTED!", { "REDACTED": ["x", { "deep": "xREDACTEDx" }] }, "REDACTED", 7, "REDACTED", null])
        );
        assert_eq!(told["exceptions"][0]["stack"], "at REDACTED:1");
    }

    #[test]
    fn percent_signs_that_encode_nothing_stay() {
        for text in ["%", "%4", "%zz", "100%", "a%2"] {
            assert_eq!(percent_decoded(text), text);
        }
        assert_eq!(percent_decoded("a%41%zz%2Fb"), "aA%zz/b");
    }
}
