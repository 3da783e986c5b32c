//! What is sent again, and what is said of an answer that is lost, against a server that breaks connections.

use std::sync::{Arc, Mutex};

use http::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Answer, Api, ApiError, Body, Credentials, Outcome, Transport};

const ANSWER: &str = r#"{"success":true,"errors":[],"messages":[],"result":{"done":true}}"#;

/// A server that reads each request and closes the connection, but for the answer after so many; and what it read.
async fn breaking(answered_after: usize) -> (Api, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let read = Arc::new(Mutex::new(Vec::new()));
    let requests = Arc::clone(&read);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = Vec::new();
            let mut chunk = [0; 4096];
            while !String::from_utf8_lossy(&bytes).contains("end-of-body") {
                let count = stream.read(&mut chunk).await.unwrap();
                bytes.extend_from_slice(&chunk[..count]);
            }
            let count = {
                let mut requests = requests.lock().unwrap();
                requests.push(String::from_utf8_lossy(&bytes).into_owned());
                requests.len()
            };
            if count > answered_after {
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
                    ANSWER.len()
                );
                stream.write_all(head.as_bytes()).await.unwrap();
                stream.write_all(ANSWER.as_bytes()).await.unwrap();
            }
        }
    });
    let token = Credentials::Token("cfr_canary".to_owned().into());
    let transport = Transport::to(&format!("http://{address}")).unwrap();
    (Api::new(transport, Some(token)), read)
}

async fn write(api: &Api) -> Result<Answer<serde_json::Value>, ApiError> {
    let body = Body::json(&json!({ "value": "canary", "end": "end-of-body" }));
    api.write(Method::POST, "/accounts/a/things", &[], body)
        .await
}

fn key(request: &str) -> &str {
    let line = request
        .lines()
        .find(|line| line.starts_with("idempotency-key:"));
    line.expect("each write has a key")
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_sent_again_with_its_key() {
    let (api, read) = breaking(2).await;
    assert_eq!(write(&api).await.unwrap().result["done"], true);
    let read = read.lock().unwrap();
    assert_eq!(read.len(), 3);
    assert!(read.iter().all(|request| key(request) == key(&read[0])));
    // Another write is another.
    drop(read);
}

#[tokio::test]
async fn a_write_that_is_never_answered_may_have_been_done() {
    let (api, read) = breaking(usize::MAX).await;
    let error = write(&api).await.unwrap_err();
    assert!(matches!(
        error,
        ApiError::Away {
            outcome: Outcome::Unknown,
            ..
        }
    ));
    let message = error.to_string();
    assert!(
        message.contains("may or may not have been carried out"),
        "{message}"
    );
    assert!(!format!("{message}{error:?}{api:?}").contains("canary"));
    assert_eq!(read.lock().unwrap().len(), 3);
    write(&api).await.unwrap_err();
    let read = read.lock().unwrap();
    assert_ne!(
        key(&read[0]),
        key(&read[3]),
        "another write has another key"
    );
}

#[tokio::test]
async fn what_is_no_api_is_told_from_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut chunk = [0; 4096];
            let _ = stream.read(&mut chunk).await.unwrap();
            let page = "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 6\r\n\r\n<html>";
            stream.write_all(page.as_bytes()).await.unwrap();
        }
    });
    let api = Api::new(Transport::to(&format!("http://{address}")).unwrap(), None);
    let error = api
        .read::<serde_json::Value>("/user", &[])
        .await
        .unwrap_err();
    assert!(error.to_string().contains("is not Coffer's API"), "{error}");
    assert!(error.to_string().ends_with("; nothing was changed"));
    let error = write(&api).await.unwrap_err().to_string();
    assert!(error.contains("may or may not have been"), "{error}");
}
