//! The end of a gateway.

use super::*;

const GET: &str = "GET / HTTP/1.1\r\nHost: worker.test\r\n\r\n";

#[tokio::test]
async fn idle_connections_end_at_once_and_requests_are_finished() {
    let (rig, process) = Rig::with_process(config());
    let mut silent = rig.connect().await;
    let mut idle = rig
        .request("GET / HTTP/1.1\r\nHost: nobody.test\r\n\r\n")
        .await;
    idle.response().await;
    let mut busy = rig.request(GET).await;
    let mut wire = process.accept().await;
    wire.head().await;
    // The silent one is accepted by now: a later one has been answered.
    rig.shutdown.cancel();

    assert_eq!(silent.rest().await, "");
    assert_eq!(idle.rest().await, "");
    assert!(!rig.serving.is_finished());
    wire.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        .await;
    let (head, body) = busy.response().await;
    assert_eq!(body, "ok");
    assert_eq!(header(&head, "connection"), Some("close"));
    assert_eq!(busy.rest().await, "");
    soon("the end", rig.serving).await.unwrap().unwrap();
    assert!(
        TcpStream::connect(rig.address).await.is_err(),
        "nobody listens"
    );
}

#[tokio::test]
async fn requests_that_outlast_the_grace_are_cut_off() {
    let (rig, process) = Rig::with_process(GatewayConfig {
        shutdown_grace: Duration::from_millis(20),
        ..config()
    });
    let mut client = rig.request(GET).await;
    let mut wire = process.accept().await;
    wire.head().await;
    rig.shutdown.cancel();
    soon("the end", rig.serving).await.unwrap().unwrap();
    assert_eq!(client.rest().await, "");
    assert_eq!(wire.rest().await, "");
}

#[tokio::test]
async fn a_gateway_whose_future_is_dropped_ends() {
    let (rig, _process) = Rig::with_process(config());
    let mut client = rig
        .request("GET / HTTP/1.1\r\nHost: nobody.test\r\n\r\n")
        .await;
    client.response().await;
    rig.serving.abort();
    assert_eq!(client.rest().await, "");
}
