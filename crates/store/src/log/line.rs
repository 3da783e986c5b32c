//! The one text of an event: what is hashed, exported and verified.

use crate::error::StoreError;

/// Bytes of an event's line: what an entry of a tile bundle holds (<https://c2sp.org/tlog-tiles>).
pub const MAX_LINE_BYTES: usize = u16::MAX as usize;
/// Bytes of an event's details; longer ones are replaced by their length.
pub const MAX_DETAILS_BYTES: usize = 32 * 1024;

/// An event's columns as they are stored. Its place is not among them: that is the leaf's place in the tree.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the columns of the table, by their names")]
pub struct Columns<'c> {
    pub id: &'c str,
    pub account_id: Option<&'c str>,
    /// Microseconds since the Unix epoch.
    pub at: i64,
    pub action: &'c str,
    pub result: &'c str,
    pub resource_kind: &'c str,
    pub resource_id: &'c str,
    pub actor_id: &'c str,
    pub actor_kind: &'c str,
    pub actor_email: Option<&'c str>,
    pub actor_context: &'c str,
    pub actor_ip: Option<&'c str>,
    pub token_id: Option<&'c str>,
    pub token_name: Option<&'c str>,
    pub request_id: &'c str,
    pub method: Option<&'c str>,
    pub path: Option<&'c str>,
    pub user_agent: Option<&'c str>,
    pub status: Option<i64>,
    /// JSON, which stands in the line as it is.
    pub details: &'c str,
}

/// The line of an event: one JSON object without white space, its fields in this order and none left out. Texts are
/// escaped as `serde_json` does it: `"`, `\` and control characters only. No two rows have the same line.
pub fn line(columns: &Columns<'_>) -> Vec<u8> {
    let mut line = Line(Vec::with_capacity(512 + columns.details.len()));
    line.0.extend_from_slice(b"{\"v\":1");
    line.text("id", Some(columns.id));
    line.text("account_id", columns.account_id);
    line.number("at", Some(columns.at));
    line.text("action", Some(columns.action));
    line.text("result", Some(columns.result));
    line.text("resource_kind", Some(columns.resource_kind));
    line.text("resource_id", Some(columns.resource_id));
    line.text("actor_id", Some(columns.actor_id));
    line.text("actor_kind", Some(columns.actor_kind));
    line.text("actor_email", columns.actor_email);
    line.text("actor_context", Some(columns.actor_context));
    line.text("actor_ip", columns.actor_ip);
    line.text("token_id", columns.token_id);
    line.text("token_name", columns.token_name);
    line.text("request_id", Some(columns.request_id));
    line.text("method", columns.method);
    line.text("path", columns.path);
    line.text("user_agent", columns.user_agent);
    line.number("status", columns.status);
    line.name("details");
    line.0.extend_from_slice(columns.details.as_bytes());
    line.0.push(b'}');
    line.0
}

/// Details as they are kept: those that are too long are replaced by how long they were.
pub(crate) fn bounded_details(details: String) -> String {
    if details.len() <= MAX_DETAILS_BYTES {
        details
    } else {
        format!("{{\"truncated\":true,\"bytes\":{}}}", details.len())
    }
}

/// Refuses a line that no bundle could hold.
pub(crate) fn fits(line: &[u8]) -> Result<(), StoreError> {
    if line.len() <= MAX_LINE_BYTES {
        Ok(())
    } else {
        Err(StoreError::damaged(
            "audit event",
            format_args!(
                "{} bytes, and at most {MAX_LINE_BYTES} are kept",
                line.len()
            ),
        ))
    }
}

struct Line(Vec<u8>);

impl Line {
    fn name(&mut self, name: &str) {
        self.0.extend_from_slice(b",\"");
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    fn text(&mut self, name: &str, value: Option<&str>) {
        self.name(name);
        // Writing to memory does not fail, and a text always has a form in JSON.
        let _ = serde_json::to_writer(&mut self.0, &value);
    }

    fn number(&mut self, name: &str, value: Option<i64>) {
        self.name(name);
        let _ = serde_json::to_writer(&mut self.0, &value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: Columns<'_> = Columns {
        id: "e",
        account_id: Some("a"),
        at: 1_700_000_000_000_000,
        action: "create",
        result: "success",
        resource_kind: "secret",
        resource_id: "s",
        actor_id: "u",
        actor_kind: "user",
        actor_email: None,
        actor_context: "api_token",
        actor_ip: Some("::1"),
        token_id: Some("t"),
        token_name: Some("na\"me\n\u{1}\u{7f}\u{fc}\u{1f511}"),
        request_id: "r",
        method: Some("POST"),
        path: None,
        user_agent: Some("w"),
        status: Some(200),
        details: r#"{"after":{"b":1,"a":2}}"#,
    };

    #[test]
    fn the_line_of_an_event() {
        assert_eq!(
            String::from_utf8(line(&EVENT)).unwrap(),
            "{\"v\":1,\"id\":\"e\",\"account_id\":\"a\",\"at\":1700000000000000,\"action\":\"create\",\
             \"result\":\"success\",\"resource_kind\":\"secret\",\"resource_id\":\"s\",\"actor_id\":\"u\",\
             \"actor_kind\":\"user\",\"actor_email\":null,\"actor_context\":\"api_token\",\"actor_ip\":\"::1\",\
             \"token_id\":\"t\",\"token_name\":\"na\\\"me\\n\\u0001\u{7f}\u{fc}\u{1f511}\",\"request_id\":\"r\",\
             \"method\":\"POST\",\"path\":null,\"user_agent\":\"w\",\"status\":200,\
             \"details\":{\"after\":{\"b\":1,\"a\":2}}}"
        );
    }

    #[test]
    fn every_column_counts() {
        let changes: [fn(&mut Columns<'_>); 20] = [
            |c| c.id = "x",
            |c| c.account_id = None,
            |c| c.at += 1,
            |c| c.action = "x",
            |c| c.result = "x",
            |c| c.resource_kind = "x",
            |c| c.resource_id = "x",
            |c| c.actor_id = "x",
            |c| c.actor_kind = "x",
            |c| c.actor_email = Some("null"),
            |c| c.actor_context = "x",
            |c| c.actor_ip = None,
            |c| c.token_id = None,
            |c| c.token_name = None,
            |c| c.request_id = "x",
            |c| c.method = None,
            |c| c.path = Some(""),
            |c| c.user_agent = None,
            |c| c.status = None,
            |c| c.details = "{}",
        ];
        let mut lines = vec![line(&EVENT)];
        for change in changes {
            let mut changed = EVENT;
            change(&mut changed);
            lines.push(line(&changed));
        }
        let count = lines.len();
        lines.sort();
        lines.dedup();
        assert_eq!(lines.len(), count);
    }

    #[test]
    fn long_details_are_replaced_by_their_length() {
        let short = format!("\"{}\"", "x".repeat(MAX_DETAILS_BYTES - 2));
        assert_eq!(bounded_details(short.clone()), short);
        let long = format!("\"{}\"", "x".repeat(MAX_DETAILS_BYTES - 1));
        assert_eq!(
            bounded_details(long),
            "{\"truncated\":true,\"bytes\":32769}"
        );
        assert!(fits(&[0; MAX_LINE_BYTES]).is_ok());
        assert!(fits(&[0; MAX_LINE_BYTES + 1]).is_err());
    }
}
