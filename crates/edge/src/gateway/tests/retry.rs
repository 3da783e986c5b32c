//! Processes that go away at the wrong moment.

use super::*;

const GET: &str = "GET / HTTP/1.1\r\nHost: worker.test\r\n\r\n";
const POST: &str = "POST / HTTP/1.1\r\nHost: worker.test\r\nContent-Length: 1\r\n\r\nx";
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A client and a kept connection to the process that has served it once.
async fn kept(rig: &Rig, process: &Process) -> (Wire<TcpStream>, Wire<UnixStream>) {
    let mut client = rig.request(GET).await;
    let mut wire = process.accept().await;
    wire.head().await;
    wire.send(OK).await;
    assert_eq!(client.response().await.1, "ok");
    until("the request to end", || process.upstream.in_flight() == 0).await;
    (client, wire)
}

#[tokio::test]
async fn a_request_without_body_is_sent_again_when_a_kept_connection_dies() {
    let (rig, process) = Rig::with_process(config());
    let (mut client, mut wire) = kept(&rig, &process).await;
    client
        .send("GET /again HTTP/1.1\r\nHost: worker.test\r\nX-Mine: 1\r\n\r\n")
        .await;
    let first = wire.head().await;
    drop(wire);
    let mut wire = process.accept().await;
    let second = wire.head().await;
    assert_eq!(first, second, "the same request, byte for byte");
    wire.send(OK).await;
    assert_eq!(client.response().await.1, "ok");
    assert_eq!(rig.config.metrics.retries.get(), 1);
}

#[tokio::test]
async fn it_goes_to_the_process_that_took_over() {
    let (rig, process) = Rig::with_process(config());
    let (mut client, mut wire) = kept(&rig, &process).await;
    client.send(GET).await;
    wire.head().await;
    let successor = Process::start().greet();
    *rig.directory.ready.lock() = Some(successor);
    drop(wire);
    assert_eq!(client.response().await.1, "hello");
}

#[tokio::test]
async fn it_is_sent_again_only_once() {
    let (rig, process) = Rig::with_process(config());
    let (mut client, mut wire) = kept(&rig, &process).await;
    client.send(GET).await;
    wire.head().await;
    drop(wire);
    process.accept().await.head().await;
    assert_eq!(status(&client.response().await.0), 502);
}

#[tokio::test]
async fn a_request_with_a_body_is_never_sent_again() {
    for request in [
        POST,
        "PUT / HTTP/1.1\r\nHost: worker.test\r\nContent-Length: 1\r\n\r\nx",
    ] {
        let (rig, process) = Rig::with_process(config());
        let (mut client, mut wire) = kept(&rig, &process).await;
        client.send(request).await;
        wire.head().await;
        wire.exactly(1).await;
        drop(wire);
        let (head, body) = client.response().await;
        assert_eq!(status(&head), 502, "{body}");
        assert_eq!(rig.config.metrics.retries.get(), 0);

        // The next thing that the process hears is the next request.
        client
            .send("GET /next HTTP/1.1\r\nHost: worker.test\r\n\r\n")
            .await;
        let head = process.accept().await.head().await;
        assert!(head.starts_with("GET /next "), "{head}");
    }
}

#[tokio::test]
async fn a_post_without_body_is_not_sent_again_either() {
    let (rig, process) = Rig::with_process(config());
    let (mut client, mut wire) = kept(&rig, &process).await;
    client
        .send("POST / HTTP/1.1\r\nHost: worker.test\r\nContent-Length: 0\r\n\r\n")
        .await;
    wire.head().await;
    drop(wire);
    assert_eq!(status(&client.response().await.0), 502);
    assert_eq!(rig.config.metrics.retries.get(), 0);
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_is_not_used() {
    let (rig, process) = Rig::with_process(config());
    let (mut client, wire) = kept(&rig, &process).await;
    drop(wire);
    // Even a request with a body arrives: none of it can have left on the dead connection.
    client.send(POST).await;
    let mut wire = process.accept().await;
    wire.head().await;
    assert_eq!(wire.exactly(1).await, "x");
    wire.send(OK).await;
    assert_eq!(client.response().await.1, "ok");
}

#[tokio::test]
async fn a_process_that_refuses_is_reported_and_replaced() {
    let (rig, process) = Rig::with_process(config());
    let gone = process.upstream.clone();
    drop(process);
    rig.directory
        .slow
        .lock()
        .push_back(Ok(Process::start().greet()));
    let mut client = rig.request(POST).await;
    assert_eq!(client.response().await.1, "hello");
    assert!(gone.has_failed());
    soon("the report", gone.failure()).await;
    assert_eq!(rig.directory.asked.lock().len(), 1);
}

#[tokio::test]
async fn processes_that_all_refuse_are_a_502() {
    let (rig, process) = Rig::with_process(config());
    let gone = process.upstream.clone();
    drop(process);
    rig.directory.slow.lock().push_back(Ok(gone));
    let (head, body) = rig.request(GET).await.response().await;
    assert_eq!(status(&head), 502, "{body}");
}

#[tokio::test]
async fn a_retired_process_finishes_what_it_has_and_gets_nothing_new() {
    let (rig, process) = Rig::with_process(config());
    let (mut idle, mut idle_wire) = kept(&rig, &process).await;
    let mut busy = rig.request(GET).await;
    // The kept connection takes the request, so that a second has to be made for another client.
    idle_wire.head().await;
    idle.send(GET).await;
    let mut second_wire = process.accept().await;
    second_wire.head().await;
    second_wire.send(OK).await;
    idle.response().await;
    until("one to end", || process.upstream.in_flight() == 1).await;

    process.upstream.retire();
    assert_eq!(second_wire.rest().await, "", "idle connections are closed");
    rig.directory
        .slow
        .lock()
        .push_back(Ok(Process::start().greet()));
    idle.send(GET).await;
    assert_eq!(idle.response().await.1, "hello", "the successor answers");

    assert_eq!(process.upstream.in_flight(), 1);
    idle_wire.send(OK).await;
    assert_eq!(busy.response().await.1, "ok");
    soon("the process to be drained", process.upstream.drained()).await;
    assert_eq!(
        idle_wire.rest().await,
        "",
        "its last connection is not kept"
    );
}

#[tokio::test]
async fn a_process_knows_since_when_it_is_idle() {
    let (rig, process) = Rig::with_process(config());
    let mut client = rig.request(GET).await;
    let mut wire = process.accept().await;
    wire.head().await;
    assert_eq!(process.upstream.idle_for(), Duration::ZERO);
    wire.send(OK).await;
    client.response().await;
    until("idleness", || process.upstream.idle_for() > Duration::ZERO).await;
}
