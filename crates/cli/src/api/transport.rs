//! How requests get there.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use coffer_server::InProcess;
use http::{HeaderMap, Method, Request, Response};

use super::{ApiError, Outcome};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer may take; uploads of a Worker start it, too.
const ANSWER: Duration = Duration::from_secs(120);
/// The most bytes of an answer that are read.
const MAX_ANSWER_BYTES: usize = 256 << 20;
/// Where the API begins.
const PREFIX: &str = "/client/v4";

/// The way to a server.
pub(crate) enum Transport {
    /// HTTP, to an origin such as `https://coffer.example.com`.
    Http {
        /// Keeps connections.
        client: reqwest::Client,
        /// Scheme, host and port, without a slash at the end.
        origin: String,
    },
    /// A server in this process.
    InProcess {
        /// The server.
        server: InProcess,
        /// The directory that it works on.
        directory: PathBuf,
    },
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Transport({})", self.place())
    }
}

impl Transport {
    /// The way to an address, with or without `/client/v4` at its end.
    ///
    /// # Errors
    /// [`ApiError::Address`].
    pub(crate) fn to(address: &str) -> Result<Self, ApiError> {
        let origin = origin(address)?;
        Self::with(reqwest::Client::builder(), origin)
    }

    /// The way to a server that listens at a unix socket.
    ///
    /// # Errors
    /// [`ApiError::Address`].
    pub(crate) fn to_socket(socket: PathBuf) -> Result<Self, ApiError> {
        Self::with(
            reqwest::Client::builder().unix_socket(socket),
            "http://coffer.localhost".to_owned(),
        )
    }

    fn with(builder: reqwest::ClientBuilder, origin: String) -> Result<Self, ApiError> {
        let client = builder
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| ApiError::Address(format!("failed to prepare requests: {error}")))?;
        Ok(Self::Http { client, origin })
    }

    /// Where it leads, for people.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Http { origin, .. } => origin.clone(),
            Self::InProcess { directory, .. } => directory.display().to_string(),
        }
    }

    /// Scheme, host and port, if it is a server of its own.
    pub(crate) fn origin(&self) -> Option<&str> {
        match self {
            Self::Http { origin, .. } => Some(origin),
            Self::InProcess { .. } => None,
        }
    }

    pub(super) async fn send(
        &self,
        method: &Method,
        path: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Bytes>, ApiError> {
        match self {
            Self::Http { client, origin } => {
                let url = format!("{origin}{PREFIX}{path}");
                let request = client
                    .request(method.clone(), url)
                    .headers(headers)
                    .body(body);
                receive(request)
                    .await
                    .map_err(|error| away(origin, method, &error))
            }
            Self::InProcess { server, .. } => {
                let mut request = Request::new(body);
                *request.method_mut() = method.clone();
                *request.headers_mut() = headers;
                *request.uri_mut() = format!("{PREFIX}{path}")
                    .parse()
                    .map_err(|_| ApiError::Address(format!("{path} is no path")))?;
                server.call(request).await.map_err(|reason| ApiError::Away {
                    place: self.place(),
                    reason,
                    outcome: Outcome::Unknown,
                })
            }
        }
    }
}

async fn receive(request: reqwest::RequestBuilder) -> Result<Response<Bytes>, reqwest::Error> {
    let mut answer = request.send().await?;
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            break;
        }
        body.extend_from_slice(&chunk);
    }
    *response.body_mut() = body.into();
    Ok(response)
}

/// Says what came of a request without an answer. Neither address nor body is in it: only the reason at its root.
fn away(origin: &str, method: &Method, error: &reqwest::Error) -> ApiError {
    let mut root: &dyn std::error::Error = error;
    while let Some(source) = root.source() {
        root = source;
    }
    let outcome = if error.is_connect() {
        Outcome::NothingDone
    } else if *method == Method::GET {
        Outcome::OnlyRead
    } else {
        Outcome::Unknown
    };
    let reason = if error.is_timeout() {
        "it did not answer in time".to_owned()
    } else {
        explained(&root.to_string(), origin)
    };
    let reason = match proxy(origin) {
        Some(variable) if error.is_connect() => {
            format!("{reason} (by the proxy of {variable}, unless NO_PROXY excepts it)")
        }
        _ => reason,
    };
    ApiError::Away {
        place: origin.to_owned(),
        reason,
        outcome,
    }
}

/// What the system says, with what to do where TLS is not agreed on.
fn explained(reason: &str, origin: &str) -> String {
    if reason.contains("UnknownIssuer") || reason.contains("CaUsedAsEndEntity") {
        format!(
            "no authority that this machine trusts has signed its certificate ({reason}): add the authority's to the \
             system's certificates, or name its file in SSL_CERT_FILE"
        )
    } else if reason.contains("InvalidContentType") {
        let plain = origin.replacen("https://", "http://", 1);
        format!("it speaks no TLS there: should it be {plain}?")
    } else {
        reason.to_owned()
    }
}

/// The variable that names a proxy for an origin; its value may hold a password.
fn proxy(origin: &str) -> Option<&'static str> {
    let variables = match origin.starts_with("https://") {
        true => ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
        false => ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"],
    };
    variables
        .into_iter()
        .find(|name| crate::environment::first(&[*name]).is_some())
}

fn origin(address: &str) -> Result<String, ApiError> {
    let trimmed = address.trim().trim_end_matches('/');
    let origin = trimmed.strip_suffix(PREFIX).unwrap_or(trimmed);
    let host = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"))
        .unwrap_or_default();
    let odd = |byte: u8| !byte.is_ascii_graphic() || b"/?#@\\\"'<>".contains(&byte);
    if host.is_empty() || host.bytes().any(odd) {
        return Err(ApiError::Address(format!(
            "{address:?} is no address of an API: it is like http://127.0.0.1:7070 or https://coffer.example.com, with \
             or without {PREFIX}"
        )));
    }
    Ok(origin.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_without_tls_is_told_of() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut hello = [0; 4096];
            let _ = stream.read(&mut hello).await.unwrap();
            let refusal = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(refusal).await.unwrap();
        });
        let transport = Transport::to(&format!("https://{address}")).unwrap();
        let sent = transport.send(&Method::GET, "/user", HeaderMap::new(), Bytes::new());
        let error = sent.await.unwrap_err().to_string();
        let expected = format!("speaks no TLS there: should it be http://{address}?");
        assert!(error.contains(&expected), "{error}");
    }

    #[test]
    fn an_unknown_authority_is_told_with_what_to_do() {
        let reason = explained("invalid peer certificate: UnknownIssuer", "https://a");
        assert!(reason.contains("SSL_CERT_FILE"), "{reason}");
        assert_eq!(explained("refused", "https://a"), "refused");
    }

    #[test]
    fn an_address_may_end_with_the_prefix() {
        for address in [
            "http://127.0.0.1:7070",
            "http://127.0.0.1:7070/",
            "http://127.0.0.1:7070/client/v4",
            " http://127.0.0.1:7070/client/v4/ ",
        ] {
            assert_eq!(origin(address).unwrap(), "http://127.0.0.1:7070");
        }
        for address in [
            "",
            "127.0.0.1:7070",
            "ftp://a",
            "http://",
            "http://a/b",
            "https://u:p@a",
        ] {
            assert!(origin(address).is_err(), "{address}");
        }
    }
}
