//! A request that goes on for as long as a test wants.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{DEADLINE, Site};

/// The end of a chunked body.
const LAST_CHUNK: &str = "0\r\n\r\n";

/// A request whose body is not over and whose response has begun.
pub(crate) struct Conversation(TcpStream);

impl Conversation {
    /// Begins one with a Worker that sends back what comes in, while it comes in. Asks again as long as
    /// others take the place that the Worker needs.
    pub(crate) async fn begin(site: &Site, host: &str) -> Self {
        let asking = async {
            loop {
                if let Some(conversation) = Self::try_begin(site, host).await {
                    return conversation;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let begun = tokio::time::timeout(DEADLINE, asking).await;
        begun.expect("the Worker lets a conversation begin")
    }

    async fn try_begin(site: &Site, host: &str) -> Option<Self> {
        let mut conversation = Self(TcpStream::connect(site.address).await.unwrap());
        let head = format!("POST / HTTP/1.1\r\nhost: {host}\r\ntransfer-encoding: chunked\r\n\r\n");
        conversation.0.write_all(head.as_bytes()).await.unwrap();
        conversation.say("hello").await;
        let answer = conversation
            .read_until(|heard| !heard.starts_with("HTTP/1.1 200 ") || heard.contains("hello"))
            .await;
        answer.starts_with("HTTP/1.1 200 ").then_some(conversation)
    }

    /// Sends a part of the body.
    pub(crate) async fn say(&mut self, text: &str) {
        let chunk = format!("{:x}\r\n{text}\r\n", text.len());
        self.0.write_all(chunk.as_bytes()).await.unwrap();
    }

    /// Waits until this comes back.
    pub(crate) async fn hear(&mut self, text: &str) {
        let heard = self.read_until(|heard| heard.contains(text)).await;
        assert!(heard.contains(text), "{heard}");
    }

    /// Ends the request and waits for the end of the response.
    pub(crate) async fn end(mut self) {
        self.0.write_all(LAST_CHUNK.as_bytes()).await.unwrap();
        let heard = self.read_until(|heard| heard.ends_with(LAST_CHUNK)).await;
        assert!(heard.ends_with(LAST_CHUNK), "{heard}");
    }

    /// What comes until it is as wanted, or the connection is closed.
    async fn read_until(&mut self, is_wanted: impl Fn(&str) -> bool) -> String {
        let mut heard = String::new();
        let reading = async {
            while heard.is_empty() || !is_wanted(&heard) {
                let mut bytes = [0; 4096];
                match self.0.read(&mut bytes).await.unwrap() {
                    0 => break,
                    count => heard.push_str(std::str::from_utf8(&bytes[..count]).unwrap()),
                }
            }
        };
        let _ = tokio::time::timeout(DEADLINE, reading).await;
        heard
    }
}
