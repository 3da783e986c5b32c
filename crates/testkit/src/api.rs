//! A client of the v4 API that shows answers as they are.

use std::fmt;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::credentials::Credentials;

/// Longer than any answer takes.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Calls the API as one actor.
#[derive(Clone)]
pub struct ApiClient {
    http: reqwest::Client,
    base_url: String,
    account_id: String,
    authorization: Authorization,
}

/// How the actor proves who it is.
#[derive(Clone)]
pub enum Authorization {
    /// Not at all.
    Nobody,
    /// `Authorization: Bearer`.
    Token(String),
    /// `X-Auth-Email` and `X-Auth-Key`.
    GlobalKey {
        /// The user's address.
        email: String,
        /// The user's global API key.
        key: String,
    },
}

/// An answer of the API.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The answer's headers.
    pub headers: HeaderMap,
    /// The v4 envelope; `Null` when the body was empty.
    pub json: Value,
}

impl Answer {
    /// The envelope's `result`.
    pub fn result(&self) -> &Value {
        &self.json["result"]
    }

    /// The codes in the envelope's `errors`.
    pub fn codes(&self) -> Vec<u64> {
        let errors = self.json["errors"].as_array();
        errors
            .into_iter()
            .flatten()
            .filter_map(|error| error["code"].as_u64())
            .collect()
    }

    /// The first error's message, or nothing.
    pub fn message(&self) -> &str {
        self.json["errors"][0]["message"]
            .as_str()
            .unwrap_or_default()
    }

    /// The answer, if it is a success.
    ///
    /// # Errors
    /// [`ApiError::Refused`] with the whole answer.
    pub fn success(self) -> Result<Self, ApiError> {
        if self.status < 300 && self.json["success"] == true {
            Ok(self)
        } else {
            Err(ApiError::Refused {
                status: self.status,
                json: self.json.to_string(),
            })
        }
    }
}

/// Why there is no answer to look at.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No connection, or it broke.
    #[error("the API did not answer: {0}")]
    Unreachable(#[from] reqwest::Error),
    /// The body is not JSON.
    #[error("the API answered {status} with a body that is not JSON: {body}")]
    NotJson {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: String,
    },
    /// A success was asked for.
    #[error("the API answered {status}: {json}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The envelope.
        json: String,
    },
}

impl ApiClient {
    /// A client for the API at `base_url` that acts on one account.
    pub fn new(base_url: &str, account_id: &str, authorization: Authorization) -> Self {
        Self {
            // One connection per call: a connection kept over a restart of the server would break the next one.
            http: reqwest::Client::builder()
                .pool_max_idle_per_host(0)
                .timeout(TIMEOUT)
                .no_proxy()
                .build()
                .unwrap_or_default(),
            base_url: base_url.to_owned(),
            account_id: account_id.to_owned(),
            authorization,
        }
    }

    /// The administrator, with the API token.
    pub fn with_token(base_url: &str, credentials: &Credentials) -> Self {
        let authorization = Authorization::Token(credentials.api_token.clone());
        Self::new(base_url, &credentials.account_id, authorization)
    }

    /// The same account and server, as another actor.
    #[must_use]
    pub fn acting_as(&self, authorization: Authorization) -> Self {
        Self {
            authorization,
            ..self.clone()
        }
    }

    /// `GET` of a path below the account, such as `/secrets_store/stores`.
    ///
    /// # Errors
    /// As [`ApiClient::send`].
    pub async fn get(&self, path: &str) -> Result<Answer, ApiError> {
        self.send(self.request(Method::GET, path)).await
    }

    /// `POST` of JSON to a path below the account.
    ///
    /// # Errors
    /// As [`ApiClient::send`].
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, ApiError> {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// `PUT` of JSON to a path below the account.
    ///
    /// # Errors
    /// As [`ApiClient::send`].
    pub async fn put(&self, path: &str, body: &Value) -> Result<Answer, ApiError> {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    /// `PATCH` of JSON to a path below the account.
    ///
    /// # Errors
    /// As [`ApiClient::send`].
    pub async fn patch(&self, path: &str, body: &Value) -> Result<Answer, ApiError> {
        self.send(self.request(Method::PATCH, path).json(body))
            .await
    }

    /// `DELETE` of a path below the account.
    ///
    /// # Errors
    /// As [`ApiClient::send`].
    pub async fn delete(&self, path: &str) -> Result<Answer, ApiError> {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// A request below the account, to be completed with a body and sent with [`ApiClient::send`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.request_anywhere(method, &format!("/accounts/{}{path}", self.account_id))
    }

    /// A request to any path below the base URL.
    pub fn request_anywhere(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self
            .http
            .request(method, format!("{}{path}", self.base_url));
        match &self.authorization {
            Authorization::Nobody => request,
            Authorization::Token(token) => request.bearer_auth(token),
            Authorization::GlobalKey { email, key } => request
                .header("X-Auth-Email", email)
                .header("X-Auth-Key", key),
        }
    }

    /// Sends a request. An answer that is an error of the API is an answer.
    ///
    /// # Errors
    /// [`ApiError::Unreachable`] and [`ApiError::NotJson`].
    pub async fn send(&self, request: RequestBuilder) -> Result<Answer, ApiError> {
        let response = request.send().await?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = response.text().await?;
        let json = if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&body).map_err(|_| ApiError::NotJson { status, body })?
        };
        Ok(Answer {
            status,
            headers,
            json,
        })
    }
}

impl fmt::Debug for ApiClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiClient({})", self.base_url)
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nobody => "Nobody",
            Self::Token(_) => "Token",
            Self::GlobalKey { .. } => "GlobalKey",
        })
    }
}
