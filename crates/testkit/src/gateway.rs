//! A client of Workers, as `curl -H Host:` is one.

use std::time::Duration;

use reqwest::header::{HOST, HeaderMap};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

const TIMEOUT: Duration = Duration::from_secs(60);

/// Asks Workers through the gateway.
#[derive(Clone, Debug)]
pub struct GatewayClient {
    http: reqwest::Client,
    port: u16,
    domain: String,
}

/// A Worker's answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The reply's headers.
    pub headers: HeaderMap,
    /// The body, as text.
    pub text: String,
}

impl Reply {
    /// The body as JSON; `Null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

impl GatewayClient {
    /// A client of the gateway on this port of the loopback address, for the Workers below `domain`
    /// (`dev.localhost`).
    pub fn new(port: u16, domain: &str) -> Self {
        Self {
            http: reqwest::Client::builder()
                .pool_max_idle_per_host(0)
                .timeout(TIMEOUT)
                .no_proxy()
                .build()
                .unwrap_or_default(),
            port,
            domain: domain.to_owned(),
        }
    }

    /// The host name and port at which a Worker answers.
    pub fn host(&self, worker: &str) -> String {
        format!("{worker}.{}:{}", self.domain, self.port)
    }

    /// `GET` of a Worker's path.
    ///
    /// # Errors
    /// When the gateway does not answer.
    pub async fn get(&self, worker: &str, path: &str) -> Result<Reply, reqwest::Error> {
        self.send(self.request(Method::GET, worker, path)).await
    }

    /// A request to a Worker, to be completed and sent with [`GatewayClient::send`].
    pub fn request(&self, method: Method, worker: &str, path: &str) -> RequestBuilder {
        // Connects to the address and names the host, so that no resolver has a say.
        self.http
            .request(method, format!("http://127.0.0.1:{}{path}", self.port))
            .header(HOST, self.host(worker))
    }

    /// Sends a request.
    ///
    /// # Errors
    /// When the gateway does not answer.
    pub async fn send(&self, request: RequestBuilder) -> Result<Reply, reqwest::Error> {
        let response = request.send().await?;
        Ok(Reply {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await?,
        })
    }
}
