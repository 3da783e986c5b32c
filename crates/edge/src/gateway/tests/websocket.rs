//! Connections that stop speaking HTTP.

use super::*;

const UPGRADE: &str = "GET /ws HTTP/1.1\r\nHost: worker.test\r\nConnection: keep-alive, Upgrade\r\n\
    Upgrade: WebSocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-Forwarded-For: x\r\n\r\n";
const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

async fn open(rig: &Rig, process: &Process) -> (Wire<TcpStream>, Wire<UnixStream>) {
    let mut client = rig.request(UPGRADE).await;
    let mut wire = process.accept().await;
    let head = wire.head().await;
    assert_eq!(headers(&head, "connection"), ["upgrade"]);
    assert_eq!(headers(&head, "upgrade"), ["websocket"]);
    assert_eq!(
        header(&head, "sec-websocket-key"),
        Some("dGhlIHNhbXBsZSBub25jZQ==")
    );
    assert_eq!(header(&head, "x-forwarded-for"), None);
    // Bytes that follow the switch in the same packet belong to the WebSocket.
    wire.send(&format!("{SWITCH}first")).await;
    let head = client.head().await;
    assert_eq!(status(&head), 101);
    assert_eq!(headers(&head, "connection"), ["upgrade"]);
    assert_eq!(headers(&head, "upgrade"), ["websocket"]);
    assert_eq!(
        header(&head, "sec-websocket-accept"),
        Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    );
    assert_eq!(client.exactly(5).await, "first");
    (client, wire)
}

#[tokio::test]
async fn bytes_pass_both_ways_until_the_client_leaves() {
    let (rig, process) = Rig::with_process(config());
    let (mut client, mut wire) = open(&rig, &process).await;
    client.send("ping").await;
    assert_eq!(wire.exactly(4).await, "ping");
    wire.send("pong").await;
    assert_eq!(client.exactly(4).await, "pong");
    assert_eq!(process.upstream.in_flight(), 1);
    assert_eq!(rig.config.metrics.websockets.get(), 1);

    drop(client);
    assert_eq!(wire.rest().await, "");
    drop(wire);
    until("the end", || process.upstream.in_flight() == 0).await;
    until("being counted out", || {
        rig.config.metrics.connections.get() == 0
    })
    .await;
}

#[tokio::test]
async fn a_process_that_leaves_ends_it() {
    let (rig, process) = Rig::with_process(config());
    let (mut client, wire) = open(&rig, &process).await;
    drop(wire);
    assert_eq!(client.rest().await, "");
    drop(client);
    until("the end", || process.upstream.in_flight() == 0).await;
}

#[tokio::test]
async fn no_timeout_ends_it() {
    let (rig, process) = Rig::with_process(GatewayConfig {
        head_timeout: Duration::from_millis(20),
        idle_timeout: Duration::from_millis(20),
        response_timeout: Duration::from_millis(20),
        ..config()
    });
    let (mut client, mut wire) = open(&rig, &process).await;
    // Another connection lives and dies meanwhile: the timeouts have passed.
    assert_eq!(rig.connect().await.rest().await, "");
    wire.send("still").await;
    assert_eq!(client.exactly(5).await, "still");
}

#[tokio::test]
async fn a_worker_may_decline() {
    let (rig, process) = Rig::with_process(config());
    let mut client = rig.request(UPGRADE).await;
    let mut wire = process.accept().await;
    wire.head().await;
    wire.send("HTTP/1.1 426 Upgrade Required\r\ncontent-length: 2\r\n\r\nno")
        .await;
    let (head, body) = client.response().await;
    assert_eq!((status(&head), body.as_str()), (426, "no"));
    client
        .send("GET /after HTTP/1.1\r\nHost: worker.test\r\n\r\n")
        .await;
    assert!(wire.head().await.starts_with("GET /after "));
}

#[tokio::test]
async fn shutdown_ends_it_after_the_requests() {
    let (rig, process) = Rig::with_process(config());
    let (mut client, mut wire) = open(&rig, &process).await;
    rig.shutdown.cancel();
    // The grace is far longer than the deadline of this wait.
    assert_eq!(client.rest().await, "");
    assert_eq!(wire.rest().await, "");
    soon("the end", rig.serving).await.unwrap().unwrap();
}
