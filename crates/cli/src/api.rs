//! The client of the v4 API: one for a server far away, one for the embedded Coffer of a project.
//!
//! Every write carries an idempotency key, so one whose answer was lost is sent again and done once.

mod body;
mod credentials;
mod error;
mod follow;
#[cfg(test)]
mod tests;
mod transport;

pub(crate) use body::{Body, Form, Part};
pub(crate) use credentials::Credentials;
pub(crate) use error::{ApiError, Outcome};
pub(crate) use transport::Transport;

use coffer_protocol::v4::{Envelope, PageInfo};
use http::{HeaderMap, HeaderValue, Method, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// How often a write whose answer was lost is sent again, and a read that met no server.
const RETRIES: usize = 2;

/// A server's API, as whoever the credentials are for.
#[derive(Debug)]
pub(crate) struct Api {
    transport: Transport,
    credentials: Option<Credentials>,
}

/// What the API answered.
#[derive(Debug)]
pub(crate) struct Answer<T> {
    /// What was asked for.
    pub(crate) result: T,
    /// Where a list's page stands in the whole.
    pub(crate) page: Option<PageInfo>,
    /// Where the next page begins, in lists that tell it so.
    pub(crate) cursor: Option<String>,
}

impl Api {
    pub(crate) const fn new(transport: Transport, credentials: Option<Credentials>) -> Self {
        Self {
            transport,
            credentials,
        }
    }

    /// Where it is, for people.
    pub(crate) fn place(&self) -> String {
        self.transport.place()
    }

    /// Reads. The path begins after `/client/v4`, as in `/accounts/…`.
    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Answer<T>, ApiError> {
        let credentials = self.credentials.as_ref();
        self.call(credentials, Method::GET, path, query, Body::none())
            .await
    }

    /// Writes.
    pub(crate) async fn write<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Body,
    ) -> Result<Answer<T>, ApiError> {
        let credentials = self.credentials.as_ref();
        self.call(credentials, method, path, query, body).await
    }

    /// Writes with other credentials, such as the token of an upload.
    pub(crate) async fn write_as<T: DeserializeOwned>(
        &self,
        credentials: &Credentials,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Body,
    ) -> Result<Answer<T>, ApiError> {
        self.call(Some(credentials), method, path, query, body)
            .await
    }

    /// Reads every page of a list.
    pub(crate) async fn read_all<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Vec<T>, ApiError> {
        self.read_all_by(path, query, 50).await
    }

    /// Reads every page of a list, so many items at once.
    pub(crate) async fn read_all_by<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        size: u32,
    ) -> Result<Vec<T>, ApiError> {
        let size = size.to_string();
        let mut all = Vec::new();
        for page in 1u32.. {
            let number = page.to_string();
            let mut query = query.to_vec();
            query.extend([("page", number.as_str()), ("per_page", size.as_str())]);
            let answer: Answer<Vec<T>> = self.read(path, &query).await?;
            let ended =
                answer.result.is_empty() || answer.page.is_none_or(|info| page >= info.total_pages);
            all.extend(answer.result);
            if ended {
                break;
            }
        }
        Ok(all)
    }

    async fn call<T: DeserializeOwned>(
        &self,
        credentials: Option<&Credentials>,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Body,
    ) -> Result<Answer<T>, ApiError> {
        let headers = headers(credentials, &method, &body)?;
        let path = with_query(path, query);
        let mut tries_left = RETRIES;
        loop {
            let sent = self
                .transport
                .send(&method, &path, headers.clone(), body.bytes())
                .await;
            let read = match sent {
                Ok(answer) => understood(&method, &answer),
                Err(error) => Err(error),
            };
            match read {
                Err(error) if error.is_worth_another_try() && tries_left > 0 => tries_left -= 1,
                read => return read,
            }
        }
    }
}

fn headers(
    credentials: Option<&Credentials>,
    method: &Method,
    body: &Body,
) -> Result<HeaderMap, ApiError> {
    let mut headers = HeaderMap::new();
    let agent = concat!("coffer/", env!("CARGO_PKG_VERSION"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static(agent));
    if let Some(credentials) = credentials {
        credentials.add_to(&mut headers)?;
    }
    if let Some(content_type) = body.content_type() {
        let content_type = HeaderValue::from_str(content_type);
        headers.extend(content_type.map(|value| (header::CONTENT_TYPE, value)));
    }
    if *method != Method::GET {
        let key = crate::random::hex();
        headers.extend(
            HeaderValue::from_str(&key)
                .map(|key| (http::HeaderName::from_static("idempotency-key"), key)),
        );
    }
    Ok(headers)
}

/// A segment of a path, whatever is in it.
pub(crate) fn segment(text: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~');
    match text {
        // Dots alone would be another path.
        "." => "%2E".to_owned(),
        ".." => "%2E%2E".to_owned(),
        text => utf8_percent_encode(text, KEPT).to_string(),
    }
}

fn with_query(path: &str, query: &[(&str, &str)]) -> String {
    let pairs: Vec<_> = query
        .iter()
        .map(|(name, value)| format!("{}={}", segment(name), segment(value)))
        .collect();
    match pairs.is_empty() {
        true => path.to_owned(),
        false => format!("{path}?{}", pairs.join("&")),
    }
}

fn understood<T: DeserializeOwned>(
    method: &Method,
    answer: &http::Response<bytes::Bytes>,
) -> Result<Answer<T>, ApiError> {
    let status = answer.status();
    let body = answer.body();
    let strange = || ApiError::NotTheApi {
        status,
        outcome: match *method {
            Method::GET => Outcome::OnlyRead,
            _ => Outcome::Unknown,
        },
    };
    if status.is_success() {
        // A few operations answer a success with no body at all.
        let body: &[u8] = if body.is_empty() {
            br#"{"success":true,"errors":[],"messages":[],"result":null}"#
        } else {
            body
        };
        let envelope: Envelope<serde_json::Value, serde_json::Value> =
            serde_json::from_slice(body).map_err(|_| strange())?;
        let result = envelope.result.unwrap_or(serde_json::Value::Null);
        let info = envelope.result_info.unwrap_or(serde_json::Value::Null);
        let result = serde_json::from_value(result).map_err(ApiError::UnknownShape)?;
        return Ok(Answer {
            result,
            page: PageInfo::deserialize(&info).ok(),
            cursor: info["cursor"].as_str().map(str::to_owned),
        });
    }
    match serde_json::from_slice::<Envelope<serde_json::Value, serde_json::Value>>(body) {
        Ok(envelope) if !envelope.errors.is_empty() => Err(ApiError::Refused {
            status,
            errors: envelope.errors,
        }),
        _ => Err(strange()),
    }
}

#[cfg(test)]
mod paths {
    use super::*;

    #[test]
    fn a_segment_stays_one_segment() {
        assert_eq!(segment("a/b?c#d e%"), "a%2Fb%3Fc%23d%20e%25");
        assert_eq!(segment(".."), "%2E%2E");
        assert_eq!(segment("A-b_c.d~1"), "A-b_c.d~1");
    }

    #[test]
    fn a_query_is_added() {
        assert_eq!(with_query("/a", &[]), "/a");
        assert_eq!(
            with_query("/a", &[("b", "c&d"), ("e", "f")]),
            "/a?b=c%26d&e=f"
        );
    }
}
