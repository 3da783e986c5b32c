//! The way of the operator's commands to an installation: over the socket of the server that holds the data directory,
//! or, where none runs, by opening the directory. Both answer the same routes.

use coffer_crypto::PasswordHasher;
use coffer_engine::{Installation, Operator};
use coffer_protocol::operator::Refusal;
use coffer_server::{Door, OperatorAnswer, OperatorApp};
use http::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::config::Config;
use crate::failure::Failure;
use crate::installation;

/// A request with a password is small: a buffer that grows leaves copies behind.
const REQUEST_BYTES: usize = 4096;

/// An installation that can be asked as its operator.
pub(crate) struct Operated {
    door: Door,
    /// What this process has opened, if no server runs.
    opened: Option<Installation>,
}

impl Operated {
    /// The installation of the data directory.
    ///
    /// # Errors
    /// A sentence for whatever is missing, does not fit or does not let this user in.
    pub(crate) async fn of(config: &Config) -> Result<Self, Failure> {
        let server = Door::of_server(&config.data).await;
        if let Some(door) = server.map_err(Failure::denied)? {
            return Ok(Self { door, opened: None });
        }
        let installation = installation::open(config).await?;
        let operator = Operator::new(installation.clone(), PasswordHasher::new(1));
        let app = OperatorApp::new(operator, &config.public_url(), None);
        Ok(Self {
            door: Door::here(app),
            opened: Some(installation),
        })
    }

    /// Asks for what there is.
    ///
    /// # Errors
    /// The refusal, with the exit code that goes with it.
    pub(crate) async fn look<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let answer = self.door.ask(Method::GET, path, Zeroizing::default()).await;
        read(&answer.map_err(Failure::sentence)?)
    }

    /// Asks for something to be done.
    ///
    /// # Errors
    /// The refusal, with the exit code that goes with it.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(REQUEST_BYTES));
        serde_json::to_writer(&mut *bytes, body)
            .map_err(|error| Failure::error("failed to make the request", error))?;
        let answer = self.door.ask(Method::POST, path, bytes).await;
        read(&answer.map_err(Failure::sentence)?)
    }

    /// Whether a server answers, and not this process.
    pub(crate) const fn is_served(&self) -> bool {
        self.opened.is_none()
    }

    /// Closes what was opened.
    pub(crate) async fn close(self) {
        if let Some(installation) = self.opened {
            installation.close().await;
        }
    }
}

fn read<T: DeserializeOwned>(answer: &OperatorAnswer) -> Result<T, Failure> {
    if answer.status == StatusCode::OK {
        // The parser's own words may quote what is told once.
        return serde_json::from_slice(&answer.body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Failure::sentence(format!(
                "the server's answer is not as expected (line {line}, column {column}): is it as new as the command?"
            ))
        });
    }
    let words = match serde_json::from_slice(&answer.body) {
        Ok(Refusal { error }) => error,
        Err(_) => format!("the server answered {}", answer.status),
    };
    Err(match answer.status {
        StatusCode::BAD_REQUEST => Failure::usage(words),
        StatusCode::FORBIDDEN => Failure::denied(words),
        StatusCode::NOT_FOUND => Failure::not_found(words),
        StatusCode::CONFLICT => Failure::conflict(words),
        _ => Failure::sentence(words),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_keeps_its_words_and_its_exit_code() {
        let answer = |status, body: &str| OperatorAnswer {
            status,
            body: Zeroizing::new(body.as_bytes().to_vec()),
        };
        let refused = answer(
            StatusCode::CONFLICT,
            r#"{"error":"the subdomain is taken"}"#,
        );
        let failure = read::<()>(&refused).unwrap_err();
        assert_eq!(failure.message(), "the subdomain is taken");
        assert_eq!(failure.exit_code(), std::process::ExitCode::from(5));
        // What is no refusal of ours is told by its status, what cannot be read by its place.
        let failure = read::<()>(&answer(StatusCode::BAD_GATEWAY, "secret")).unwrap_err();
        assert!(failure.message().contains("502"), "{}", failure.message());
        let failure = read::<Vec<u8>>(&answer(StatusCode::OK, r#"{"password":"secret"}"#));
        let message = failure.unwrap_err().message();
        assert!(
            message.contains("line 1") && !message.contains("secret"),
            "{message}"
        );
    }
}
