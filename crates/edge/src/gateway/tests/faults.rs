//! Requests that no Worker answers.

use super::*;

async fn expect(rig: &Rig, request: &str, expected: u16, number: u16) -> String {
    let mut client = rig.request(request).await;
    let (head, body) = client.response().await;
    assert_eq!(status(&head), expected, "{request}: {head}{body}");
    assert!(
        body.contains(&format!("Coffer error {number}")),
        "{request}: {body}"
    );
    let ray = header(&head, "cf-ray").unwrap();
    let id = ray.strip_suffix("-LOCAL").unwrap();
    assert!(body.contains(id), "{request}: {body}");
    assert_eq!(header(&head, "cache-control"), Some("no-store"));
    head
}

#[tokio::test]
async fn bad_requests_are_refused_before_any_routing() {
    let rig = Rig::start(config());
    for (request, expected, number) in [
        ("GET / HTTP/1.1\r\n\r\n", 400, 1001),
        ("GET / HTTP/1.0\r\n\r\n", 400, 1001),
        ("GET / HTTP/1.1\r\nHost: \r\n\r\n", 400, 1001),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, 1001),
        ("GET / HTTP/1.1\r\nHost: a/../b\r\n\r\n", 400, 1001),
        ("GET / HTTP/1.1\r\nHost: user@a\r\n\r\n", 400, 1001),
        ("GET / HTTP/1.1\r\nHost: a:port\r\n\r\n", 400, 1001),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, 1001),
        ("GET / HTTP/1.1\r\nHost: \u{fc}.test\r\n\r\n", 400, 1001),
        (
            "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n",
            405,
            1003,
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            400,
            1002,
        ),
    ] {
        expect(&rig, request, expected, number).await;
    }
    assert_eq!(*rig.directory.asked.lock(), [""; 0]);
}

#[tokio::test]
async fn a_target_that_is_no_path_is_refused() {
    let (rig, _process) = Rig::with_process(config());
    let request = "OPTIONS * HTTP/1.1\r\nHost: worker.test\r\n\r\n";
    expect(&rig, request, 400, 1002).await;
}

#[tokio::test]
async fn what_is_not_http_gets_a_400_and_the_connection_ends() {
    let rig = Rig::start(config());
    for garbage in [
        "\u{16}\u{3}\u{1}\0\0\0\0\0\0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nBad Name: 1\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let answer = rig.request(garbage).await.rest().await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 400 "),
            "{garbage:?}: {answer}"
        );
    }
}

#[tokio::test]
async fn what_the_directory_refuses_has_its_own_page() {
    let rig = Rig::start(config());
    for (error, expected, number, again) in [
        (RouteError::UnknownHost, 404, 1011, None),
        (RouteError::UnknownPages, 404, 1015, None),
        (RouteError::NoDeployment, 404, 1012, None),
        (
            RouteError::VersionStart("at line 1".to_owned()),
            503,
            1021,
            Some("5"),
        ),
        (RouteError::CircuitOpen, 503, 1022, Some("5")),
        (RouteError::Overloaded, 503, 1023, Some("5")),
    ] {
        rig.directory.slow.lock().push_back(Err(error));
        let request = "GET / HTTP/1.1\r\nHost: any.test\r\n\r\n";
        let head = expect(&rig, request, expected, number).await;
        assert_eq!(header(&head, "retry-after"), again, "{number}");
    }
}

#[tokio::test]
async fn browsers_read_html_and_heads_have_no_body() {
    let rig = Rig::start(config());
    let mut client = rig
        .request("GET / HTTP/1.1\r\nHost: a.test\r\nAccept: text/html,*/*;q=0.8\r\n\r\n")
        .await;
    let (head, body) = client.response().await;
    assert_eq!(
        header(&head, "content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(
        body.contains("<h1>There is no Worker at this address</h1>"),
        "{body}"
    );

    client
        .send("HEAD / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
        .await;
    let head = client.head().await;
    assert_eq!(status(&head), 404);
    assert_ne!(header(&head, "content-length"), Some("0"));
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn a_process_that_dies_is_a_502() {
    let (rig, process) = Rig::with_process(config());
    for request in [
        "GET / HTTP/1.1\r\nHost: worker.test\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: worker.test\r\nContent-Length: 1\r\n\r\nx",
    ] {
        let mut client = rig.request(request).await;
        let mut wire = process.accept().await;
        wire.head().await;
        drop(wire);
        let (head, body) = client.response().await;
        assert_eq!(status(&head), 502, "{head}");
        assert!(body.contains("Coffer error 1031"), "{body}");
    }
}

#[tokio::test]
async fn a_switch_of_protocols_that_nobody_asked_for_is_a_502() {
    let (rig, process) = Rig::with_process(config());
    let mut client = rig
        .request("GET / HTTP/1.1\r\nHost: worker.test\r\n\r\n")
        .await;
    let mut wire = process.accept().await;
    wire.head().await;
    wire.send("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n")
        .await;
    assert_eq!(status(&client.head().await), 502);
    assert_eq!(wire.rest().await, "");
}
