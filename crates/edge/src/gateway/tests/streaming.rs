//! Bodies that are longer than memory should hold, and connections that end in the middle.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

const GET: &str = "GET / HTTP/1.1\r\nHost: worker.test\r\n\r\n";
/// Far more than all socket buffers on the way together.
const LARGE: usize = 256 * 1024 * 1024;

/// Writes `LARGE` bytes, counting them. Gives the stream back: a client that ends its half is gone.
async fn pour<S: AsyncWrite + Unpin>(mut stream: S, poured: Arc<AtomicUsize>) -> S {
    let block = vec![b'x'; 64 * 1024];
    while poured.load(Ordering::Relaxed) < LARGE {
        stream.write_all(&block).await.unwrap();
        poured.fetch_add(block.len(), Ordering::Relaxed);
    }
    stream
}

/// Waits until no more is poured; whoever buffers it all never gets there early.
async fn stalled(poured: &AtomicUsize) -> usize {
    loop {
        let before = poured.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = poured.load(Ordering::Relaxed);
        if now > 0 && now == before {
            return now;
        }
    }
}

/// Reads `LARGE` bytes and throws them away.
async fn swallow(stream: &mut (impl AsyncRead + Unpin), mut swallowed: usize) {
    let mut block = vec![0; 256 * 1024];
    while swallowed < LARGE {
        let got = stream.read(&mut block).await.unwrap();
        assert_ne!(got, 0, "ended after {swallowed}");
        swallowed += got;
    }
}

#[tokio::test]
async fn an_upload_waits_for_the_worker() {
    let (rig, process) = Rig::with_process(config());
    let client = rig
        .request(&format!(
            "POST / HTTP/1.1\r\nHost: worker.test\r\nContent-Length: {LARGE}\r\n\r\n"
        ))
        .await;
    let mut wire = process.accept().await;
    let head = wire.head().await;
    assert_eq!(
        header(&head, "content-length"),
        Some(LARGE.to_string().as_str())
    );
    let (mut reading, writing) = client.stream.into_split();
    let poured = Arc::new(AtomicUsize::new(0));
    let pouring = tokio::spawn(pour(writing, poured.clone()));
    let held = soon("the client being held back", stalled(&poured)).await;
    assert!(held < LARGE / 4, "{held} bytes are somewhere");

    soon("all of it", swallow(&mut wire.stream, wire.read.len())).await;
    let _writing = soon("the client being done", pouring).await.unwrap();
    wire.read.clear();
    wire.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        .await;
    let mut answer = [0; 15];
    soon("an answer", reading.read_exact(&mut answer))
        .await
        .unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
}

#[tokio::test]
async fn a_download_waits_for_the_client() {
    let (rig, process) = Rig::with_process(config());
    let mut client = rig.request(GET).await;
    let mut wire = process.accept().await;
    wire.head().await;
    wire.send(&format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {LARGE}\r\n\r\n"
    ))
    .await;
    client.head().await;
    let poured = Arc::new(AtomicUsize::new(0));
    let pouring = tokio::spawn(pour(wire.stream, poured.clone()));
    let held = soon("the worker being held back", stalled(&poured)).await;
    assert!(held < LARGE / 4, "{held} bytes are somewhere");
    soon("all of it", swallow(&mut client.stream, client.read.len())).await;
    soon("the worker being done", pouring).await.unwrap();
}

#[tokio::test]
async fn parts_arrive_as_they_are_sent() {
    let (rig, process) = Rig::with_process(config());
    let mut client = rig
        .request(
            "POST / HTTP/1.1\r\nHost: worker.test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
        )
        .await;
    let mut wire = process.accept().await;
    let head = wire.head().await;
    assert_eq!(headers(&head, "transfer-encoding"), ["chunked"]);
    assert_eq!(wire.exactly(7).await, "2\r\nab\r\n");
    // The response begins before the request has ended.
    wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\ncd\r\n")
        .await;
    client.head().await;
    assert_eq!(client.exactly(7).await, "2\r\ncd\r\n");
    client.send("0\r\n\r\n").await;
    assert_eq!(wire.exactly(5).await, "0\r\n\r\n");
    wire.send("0\r\n\r\n").await;
    assert_eq!(client.exactly(5).await, "0\r\n\r\n");
}

#[tokio::test]
async fn trailers_cross_unless_they_forge() {
    let (rig, process) = Rig::with_process(config());
    let mut client = rig
        .request(
            "POST / HTTP/1.1\r\nHost: worker.test\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\
             Trailer: x-sum, cf-connecting-ip, x-coffer-cf\r\n\r\n\
             0\r\nx-sum: 1\r\ncf-connecting-ip: 1.1.1.1\r\nx-coffer-cf: x\r\n\r\n",
        )
        .await;
    let mut wire = process.accept().await;
    wire.head().await;
    assert_eq!(wire.head().await, "0\r\nx-sum: 1\r\n\r\n");
    wire.send(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n0\r\nx-sum: 2\r\n\r\n",
    )
    .await;
    client.head().await;
    assert_eq!(client.head().await, "0\r\nx-sum: 2\r\n\r\n");
}

#[tokio::test]
async fn continue_is_said_once_the_worker_takes_the_body() {
    let (rig, process) = Rig::with_process(config());
    let mut client = rig
        .request(
            "POST / HTTP/1.1\r\nHost: worker.test\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n",
        )
        .await;
    assert!(client.head().await.starts_with("HTTP/1.1 100 "));
    client.send("ok").await;
    let mut wire = process.accept().await;
    assert_eq!(header(&wire.head().await, "expect"), None);
    assert_eq!(wire.exactly(2).await, "ok");

    // A request that is refused is refused without asking for its body.
    let mut refused = rig
        .request(
            "POST / HTTP/1.1\r\nHost: nobody.test\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n",
        )
        .await;
    assert_eq!(status(&refused.head().await), 404);
}

#[tokio::test]
async fn a_head_request_keeps_its_length_and_its_connections() {
    let (rig, process) = Rig::with_process(config());
    let mut client = rig
        .request("HEAD / HTTP/1.1\r\nHost: worker.test\r\n\r\n")
        .await;
    let mut wire = process.accept().await;
    assert!(wire.head().await.starts_with("HEAD / "));
    wire.send("HTTP/1.1 200 OK\r\ncontent-length: 1234\r\n\r\n")
        .await;
    assert_eq!(header(&client.head().await, "content-length"), Some("1234"));
    client.send(GET).await;
    assert!(wire.head().await.starts_with("GET / "));
    wire.send("HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n")
        .await;
    assert_eq!(status(&client.head().await), 304);
    client.send(GET).await;
    wire.head().await;
}

#[tokio::test]
async fn a_get_may_have_a_body_of_unknown_length() {
    let (rig, process) = Rig::with_process(config());
    let _client = rig
        .request("GET / HTTP/1.1\r\nHost: worker.test\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n")
        .await;
    let mut wire = process.accept().await;
    wire.head().await;
    assert_eq!(wire.exactly(11).await, "1\r\nx\r\n0\r\n\r\n");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let (rig, process) = Rig::with_process(config());
    let mut client = rig
        .request(
            "GET /1 HTTP/1.1\r\nHost: worker.test\r\n\r\nGET /2 HTTP/1.1\r\nHost: worker.test\r\n\r\n",
        )
        .await;
    let mut wire = process.accept().await;
    for path in ["/1", "/2"] {
        assert!(wire.head().await.starts_with(&format!("GET {path} ")));
        wire.send(&format!(
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{path}"
        ))
        .await;
        assert_eq!(client.response().await.1, path);
    }
}

#[tokio::test]
async fn an_old_client_gets_a_body_that_ends_with_its_connection() {
    let (rig, process) = Rig::with_process(config());
    let mut client = rig
        .request("GET / HTTP/1.0\r\nHost: worker.test\r\n\r\n")
        .await;
    let mut wire = process.accept().await;
    let head = wire.head().await;
    assert!(head.starts_with("GET / HTTP/1.1\r\n"), "{head}");
    assert!(
        header(&head, "x-coffer-cf").unwrap().contains("HTTP/1.0"),
        "{head}"
    );
    wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")
        .await;
    let head = client.head().await;
    assert_eq!(header(&head, "transfer-encoding"), None, "{head}");
    assert_eq!(client.rest().await, "ok");
}

#[tokio::test]
async fn a_client_that_leaves_cancels_its_request() {
    let (rig, process) = Rig::with_process(config());
    // Before the response, and in the middle of it.
    for begun in [false, true] {
        let mut client = rig.request(GET).await;
        let mut wire = process.accept().await;
        wire.head().await;
        if begun {
            wire.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nx")
                .await;
            client.head().await;
            client.exactly(1).await;
        }
        drop(client);
        assert_eq!(wire.rest().await, "", "the process sees the end");
        until("the request to end", || process.upstream.in_flight() == 0).await;
    }
}

#[tokio::test]
async fn an_upload_that_breaks_off_is_not_taken_for_whole() {
    let (rig, process) = Rig::with_process(config());
    let client = rig
        .request(
            "POST / HTTP/1.1\r\nHost: worker.test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
        )
        .await;
    let mut wire = process.accept().await;
    wire.head().await;
    wire.exactly(7).await;
    drop(client);
    assert_eq!(wire.rest().await, "");
}

#[tokio::test]
async fn a_response_that_breaks_off_is_not_passed_on_as_whole() {
    let (rig, process) = Rig::with_process(config());
    for (head, part) in [
        ("content-length: 10", "x"),
        ("transfer-encoding: chunked", "1\r\nx\r\n"),
    ] {
        let mut client = rig.request(GET).await;
        let mut wire = process.accept().await;
        wire.head().await;
        wire.send(&format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{part}"))
            .await;
        client.head().await;
        assert_eq!(client.exactly(part.len()).await, part);
        drop(wire);
        assert_eq!(client.rest().await, "");
        until("the request to end", || process.upstream.in_flight() == 0).await;
    }
}

#[tokio::test]
async fn an_answer_before_the_end_of_the_upload_is_passed_on() {
    let (rig, process) = Rig::with_process(config());
    let mut client = rig
        .request("POST / HTTP/1.1\r\nHost: worker.test\r\nContent-Length: 100\r\n\r\nx")
        .await;
    let mut wire = process.accept().await;
    wire.head().await;
    wire.send("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno")
        .await;
    let (head, body) = client.response().await;
    assert_eq!((status(&head), body.as_str()), (403, "no"));
    drop(client);
    // Half a request is on this connection: it may not serve another.
    wire.rest().await;
}
