//! Clients and Workers that take too much or too long.

use super::super::config::{MAX_HEAD_BYTES, MAX_HEADERS, MAX_RAW_HEAD_BYTES};
use super::*;

const GET: &str = "GET / HTTP/1.1\r\nHost: worker.test\r\n\r\n";

/// Shows that a gateway still serves others.
async fn assert_serving(rig: &Rig) {
    let upstream = Process::start().greet();
    *rig.directory.ready.lock() = Some(upstream);
    let mut client = rig.request(GET).await;
    assert_eq!(client.response().await.1, "hello");
}

#[tokio::test]
async fn heads_that_are_too_large_are_a_431() {
    let rig = Rig::start(config());
    let page = format!(
        "GET / HTTP/1.1\r\nHost: worker.test\r\nCookie: {}\r\n\r\n",
        "x".repeat(MAX_HEAD_BYTES)
    );
    let (head, body) = rig.request(&page).await.response().await;
    assert_eq!(status(&head), 431);
    assert!(body.contains("Coffer error 1004"), "{body}");

    let target = format!(
        "GET /{} HTTP/1.1\r\nHost: a\r\n\r\n",
        "x".repeat(MAX_HEAD_BYTES)
    );
    let (head, body) = rig.request(&target).await.response().await;
    assert_eq!(status(&head), 431, "{body}");

    let many: String = (0..=MAX_HEADERS)
        .map(|number| format!("x-{number}: 1\r\n"))
        .collect();
    let many = format!("GET / HTTP/1.1\r\n{many}\r\n");
    let head = rig.request(&many).await.head().await;
    assert_eq!(status(&head), 431);
    assert_serving(&rig).await;
}

#[tokio::test]
async fn a_head_without_end_is_cut_off() {
    let rig = Rig::start(config());
    let mut client = rig
        .request("GET / HTTP/1.1\r\nHost: a\r\nX-Endless: ")
        .await;
    let line = "x".repeat(1024);
    // The gateway must close; a write into a closed connection fails at some point.
    let mut sent = 0;
    let refused = async {
        while client.stream.write_all(line.as_bytes()).await.is_ok() {
            sent += line.len();
            assert!(
                sent < 64 * 1024 * 1024,
                "the gateway takes heads of any size"
            );
        }
    };
    soon("being cut off", refused).await;
    assert!(sent >= MAX_RAW_HEAD_BYTES / 2, "cut off after {sent}");
    assert_serving(&rig).await;
}

#[tokio::test]
async fn slow_heads_and_idle_connections_are_closed() {
    let rig = Rig::start(GatewayConfig {
        head_timeout: Duration::from_millis(50),
        idle_timeout: Duration::from_millis(100),
        ..config()
    });
    let mut idle = rig.connect().await;
    let mut slow = rig.request("GET / HTTP/1.1\r\nHo").await;
    let drip = async {
        // One byte at a time does not gain more time.
        while slow.stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon("the slow head being cut off", drip).await;
    assert_eq!(idle.rest().await, "");

    let mut kept = rig
        .request("GET / HTTP/1.1\r\nHost: nobody.test\r\n\r\n")
        .await;
    kept.response().await;
    assert_eq!(kept.rest().await, "");
    assert_serving(&rig).await;
}

#[tokio::test]
async fn bodies_that_are_too_large_are_a_413() {
    let (rig, process) = Rig::with_process(GatewayConfig {
        max_body_bytes: 10,
        ..config()
    });
    let stated = "POST / HTTP/1.1\r\nHost: worker.test\r\nContent-Length: 11\r\n\r\n";
    let (head, body) = rig.request(stated).await.response().await;
    assert_eq!(status(&head), 413);
    assert!(body.contains("Coffer error 1005"), "{body}");

    let chunked = "POST / HTTP/1.1\r\nHost: worker.test\r\nTransfer-Encoding: chunked\r\n\r\n\
                   6\r\nabcdef\r\n";
    let mut client = rig.request(chunked).await;
    let mut wire = process.accept().await;
    wire.head().await;
    wire.exactly("6\r\nabcdef\r\n".len()).await;
    client.send("6\r\nabcdef\r\n0\r\n\r\n").await;
    let (head, body) = client.response().await;
    assert_eq!(status(&head), 413, "{body}");
    // The process must not take what it got for the whole.
    assert!(!wire.rest().await.contains("0\r\n\r\n"));
}

#[tokio::test]
async fn a_worker_that_does_not_answer_is_a_504() {
    let (rig, process) = Rig::with_process(GatewayConfig {
        response_timeout: Duration::from_millis(50),
        ..config()
    });
    let mut client = rig.request(GET).await;
    let mut wire = process.accept().await;
    wire.head().await;
    let (head, body) = client.response().await;
    assert_eq!(status(&head), 504);
    assert!(body.contains("Coffer error 1032"), "{body}");
    assert_eq!(wire.rest().await, "", "the request is given up");

    // The client's connection goes on, and its next request has its own time.
    assert_serving(&rig).await;
    client.send(GET).await;
    assert_eq!(client.response().await.1, "hello");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_given_up() {
    let (rig, process) = Rig::with_process(GatewayConfig {
        stall_timeout: Duration::from_millis(100),
        ..config()
    });
    let _client = rig.request(GET).await;
    let mut wire = process.accept().await;
    wire.head().await;
    wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        .await;
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let refused = async { while wire.stream.write_all(chunk.as_bytes()).await.is_ok() {} };
    soon("the response being given up", refused).await;
    until("the request to end", || process.upstream.in_flight() == 0).await;
}

#[tokio::test]
async fn a_quiet_stream_is_left_alone() {
    let (rig, process) = Rig::with_process(GatewayConfig {
        head_timeout: Duration::from_millis(20),
        idle_timeout: Duration::from_millis(20),
        response_timeout: Duration::from_millis(20),
        stall_timeout: Duration::from_millis(20),
        ..config()
    });
    let mut client = rig.request(GET).await;
    let mut wire = process.accept().await;
    wire.head().await;
    wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n")
        .await;
    client.head().await;
    client.exactly("1\r\na\r\n".len()).await;
    // Another connection lives and dies meanwhile: every timeout has passed.
    assert_eq!(rig.connect().await.rest().await, "");
    wire.send("1\r\nb\r\n0\r\n\r\n").await;
    assert_eq!(
        client.exactly("1\r\nb\r\n0\r\n\r\n".len()).await,
        "1\r\nb\r\n0\r\n\r\n"
    );
}

#[tokio::test]
async fn one_connection_too_many_is_a_503() {
    let rig = Rig::start(GatewayConfig {
        max_connections: 2,
        ..config()
    });
    let mut first = rig.connect().await;
    let mut second = rig.connect().await;
    for client in [&mut first, &mut second] {
        client
            .send("GET / HTTP/1.1\r\nHost: nobody.test\r\n\r\n")
            .await;
        assert_eq!(status(&client.response().await.0), 404);
    }
    let (head, body) = rig.connect().await.response().await;
    assert_eq!(status(&head), 503);
    assert!(
        body.contains("Coffer error 1023") && body.ends_with('\n'),
        "{body}"
    );

    drop(first);
    until("room for another", || {
        rig.config.metrics.connections.get() < 2
    })
    .await;
    let mut third = rig
        .request("GET / HTTP/1.1\r\nHost: nobody.test\r\n\r\n")
        .await;
    assert_eq!(status(&third.response().await.0), 404);
}

#[tokio::test]
async fn one_request_too_many_for_a_process_is_a_503() {
    let (rig, process) = Rig::with_process(GatewayConfig {
        max_in_flight_per_upstream: 1,
        ..config()
    });
    let mut first = rig.request(GET).await;
    let mut wire = process.accept().await;
    wire.head().await;
    let mut second = rig.request(GET).await;
    let (head, body) = second.response().await;
    assert_eq!(status(&head), 503);
    assert!(body.contains("Coffer error 1023"), "{body}");

    wire.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        .await;
    assert_eq!(first.response().await.1, "ok");
    until("the first to end", || process.upstream.in_flight() == 0).await;
    second.send(GET).await;
    wire.head().await;
}
