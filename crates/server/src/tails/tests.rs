//! A tail's address, over a real connection.

use std::net::SocketAddr;
use std::time::Duration;

use axum::http::Method;
use coffer_protocol::tail::{TailSink, TraceEvent};
use coffer_store::rows::workers;
use coffer_types::WorkerId;
use futures::{FutureExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tokio_util::sync::CancellationToken;

use crate::testing::{TestApp, failure, result, text_at};
use crate::{ServeLimits, serve};

const TAILS: &str = "/accounts/{account_id}/workers/scripts/w/tails";
/// The longest anything is waited for.
const DEADLINE: Duration = Duration::from_secs(30);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// An application that listens, with a Worker `w`.
struct Site {
    app: TestApp,
    address: SocketAddr,
    worker_id: WorkerId,
    _stop: tokio_util::sync::DropGuard,
}

impl Site {
    async fn start() -> Self {
        let app = TestApp::new().await;
        app.upload("w", json!([])).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let limits = ServeLimits::default();
        tokio::spawn(serve(listener, app.router.clone(), limits, stop.clone()));
        let mut reader = app.store.reader().await.unwrap();
        let name = "w".parse().unwrap();
        let worker = workers::with_name(&mut reader, app.first.account_id, &name).await;
        drop(reader);
        Self {
            worker_id: worker.unwrap().unwrap().id,
            app,
            address,
            _stop: stop.drop_guard(),
        }
    }

    /// A new tail's id, and the path of its address.
    async fn create(&self, body: Value) -> (String, String) {
        let answer = self.app.request(Method::POST, TAILS, Some(body)).await;
        let url = text_at(result(&answer), "/url");
        let path = url.strip_prefix("ws://localhost:7070").unwrap();
        (text_at(result(&answer), "/id"), path.to_owned())
    }

    async fn connect_with(&self, path: &str, protocol: Option<&str>) -> Result<Socket, Error> {
        let url = format!("ws://{}{path}", self.address);
        let mut request = url.into_client_request().unwrap();
        if let Some(protocol) = protocol {
            let headers = request.headers_mut();
            headers.insert("sec-websocket-protocol", protocol.parse().unwrap());
        }
        connect_async(request).await.map(|(socket, _)| socket)
    }

    async fn connect(&self, path: &str) -> Result<Socket, Error> {
        self.connect_with(path, Some("trace-v1")).await
    }

    async fn refusal(&self, path: &str, protocol: Option<&str>) -> u16 {
        match self.connect_with(path, protocol).await {
            Err(Error::Http(response)) => response.status().as_u16(),
            other => panic!("{other:?}"),
        }
    }

    fn deliver(&self, outcome: &str, text: &str) {
        let event: TraceEvent = serde_json::from_value(json!({
            "outcome": outcome,
            "logs": [{ "level": "log", "message": [text], "timestamp": 1 }],
            "eventTimestamp": 1,
            "event": null,
        }))
        .unwrap();
        TailSink::deliver(&self.app.engine, self.worker_id, event);
    }

    async fn listed(&self) -> usize {
        let answer = self.app.request(Method::GET, TAILS, None).await;
        result(&answer).as_array().unwrap().len()
    }
}

async fn next(socket: &mut Socket) -> Message {
    let next = tokio::time::timeout(DEADLINE, socket.next()).await;
    next.unwrap().unwrap().unwrap()
}

async fn event(socket: &mut Socket) -> Value {
    match next(socket).await {
        Message::Text(text) => serde_json::from_str(&text).unwrap(),
        other => panic!("{other:?}"),
    }
}

async fn farewell(socket: &mut Socket) -> u16 {
    match next(socket).await {
        Message::Close(Some(frame)) => frame.code.into(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_address_lets_in_once_and_only_a_tail_s_client() {
    let site = Site::start().await;
    let (id, path) = site.create(json!({})).await;
    let (_, other) = site.create(json!({})).await;
    let (_, token) = other.rsplit_once('/').unwrap();
    for (wrong, protocol, status) in [
        (path.clone(), None, 426),
        (path.clone(), Some("trace-v2"), 426),
        (format!("/tails/{id}/{token}"), Some("trace-v1"), 404),
        (format!("/tails/{id}/cft_x"), Some("trace-v1"), 404),
        (path[..path.len() - 1].to_owned(), Some("trace-v1"), 404),
        (format!("/tails/none/{token}"), Some("trace-v1"), 404),
        (format!("/tails/{id}"), Some("trace-v1"), 404),
    ] {
        assert_eq!(site.refusal(&wrong, protocol).await, status, "{wrong}");
    }
    let plain = axum::http::Request::get(&path).body(axum::body::Body::empty());
    let answer = site.app.send(plain.unwrap()).await;
    assert_eq!(failure(&answer).0, 426);
    // None of that has used it up.
    let mut socket = site.connect(&path).await.unwrap();
    site.deliver("ok", "first");
    assert_eq!(event(&mut socket).await["logs"][0]["message"][0], "first");
    assert_eq!(site.refusal(&path, Some("trace-v1")).await, 404);
}

#[tokio::test]
async fn each_client_gets_what_its_filters_let_through() {
    let site = Site::start().await;
    let (_, all) = site.create(json!({ "filters": [] })).await;
    let (_, failed) = site
        .create(json!({ "filters": [{ "outcome": ["exception"] }] }))
        .await;
    let mut all = site.connect(&all).await.unwrap();
    let mut failed = site.connect(&failed).await.unwrap();
    // As Wrangler begins.
    let hello = Message::text("{\"debug\":false}");
    futures::SinkExt::send(&mut all, hello).await.unwrap();
    site.deliver("ok", "fine");
    site.deliver("exception", "not fine");
    assert_eq!(event(&mut all).await["outcome"], "ok");
    assert_eq!(event(&mut all).await["outcome"], "exception");
    assert_eq!(
        event(&mut failed).await["logs"][0]["message"][0],
        "not fine"
    );
    // And nothing more came to the second.
    assert!(failed.next().now_or_never().is_none());
}

#[tokio::test]
async fn an_end_is_told_as_clients_understand_it() {
    let site = Site::start().await;
    // Deleted: Wrangler ends.
    let (id, path) = site.create(json!({})).await;
    let mut socket = site.connect(&path).await.unwrap();
    site.deliver("ok", "last");
    let deleted = site
        .app
        .request(Method::DELETE, &format!("{TAILS}/{id}"), None)
        .await;
    result(&deleted);
    event(&mut socket).await;
    assert_eq!(farewell(&mut socket).await, 1000);
    // Expired: Wrangler makes the next one.
    let (_, path) = site.create(json!({})).await;
    let mut socket = site.connect(&path).await.unwrap();
    site.app.clock.advance_micros(3600 * 1_000_000);
    assert_eq!(site.listed().await, 0);
    assert_eq!(farewell(&mut socket).await, 1001);
    // Nobody came in time.
    let (_, path) = site.create(json!({})).await;
    site.app.clock.advance_micros(60 * 1_000_000);
    assert_eq!(site.refusal(&path, Some("trace-v1")).await, 404);
    // The Worker is gone.
    let (_, path) = site.create(json!({})).await;
    let mut socket = site.connect(&path).await.unwrap();
    let script = TAILS.strip_suffix("/tails").unwrap();
    result(&site.app.request(Method::DELETE, script, None).await);
    assert_eq!(farewell(&mut socket).await, 1000);
    // The server stops.
    site.app.upload("w", json!([])).await;
    let (_, path) = site.create(json!({})).await;
    let mut socket = site.connect(&path).await.unwrap();
    site.app.engine.close().await;
    assert_eq!(farewell(&mut socket).await, 1012);
}

#[tokio::test]
async fn who_hangs_up_first_may_still_delete_the_tail() {
    let site = Site::start().await;
    let (id, path) = site.create(json!({})).await;
    let socket = site.connect(&path).await.unwrap();
    assert_eq!(site.listed().await, 1);
    drop(socket);
    let gone = async {
        while site.listed().await > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, gone).await.unwrap();
    // Nothing is captured for nobody.
    let known = [site.worker_id].into_iter().collect();
    assert!(TailSink::tailed(&site.app.engine, &known).await.is_empty());
    let path = format!("{TAILS}/{id}");
    result(&site.app.request(Method::DELETE, &path, None).await);
}

#[tokio::test]
async fn who_reads_too_slowly_is_told_what_is_left_out() {
    let site = Site::start().await;
    let (_, path) = site.create(json!({})).await;
    let mut socket = site.connect(&path).await.unwrap();
    let large = "x".repeat(64 * 1024);
    for _ in 0..1000 {
        site.deliver("ok", &large);
    }
    let (mut events, mut notices) = (0, Vec::new());
    while notices.len() < 2 {
        let event = event(&mut socket).await;
        match event["event"]["type"].as_str() {
            Some(kind) => notices.push(kind.to_owned()),
            None => events += 1,
        }
        // What Wrangler reads of any event.
        assert!(event["logs"].is_array() && event["exceptions"].is_array());
    }
    assert_eq!(notices, ["overload", "overload-stop"]);
    assert!((1..1000).contains(&events), "{events}");
    site.deliver("ok", "after");
    assert_eq!(event(&mut socket).await["logs"][0]["message"][0], "after");
}
