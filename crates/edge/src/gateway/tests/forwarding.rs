//! What a Worker reads of a request, and a client of its response.

use super::*;

#[tokio::test]
async fn what_clients_forge_is_replaced_or_removed() {
    let (rig, process) = Rig::with_process(config());
    let forged = [
        "CF-Connecting-IP",
        "X-Forwarded-For",
        "X-Forwarded-Proto",
        "X-Real-IP",
        "CF-Ray",
        "CF-Visitor",
        "CF-Worker",
        "CF-EW-Via",
        "CF-IPCountry",
        "CF-Connecting-IPv6",
        "CF-Pseudo-IPv4",
        "True-Client-IP",
        "Forwarded",
        "X-Coffer-Cf",
        "X-Coffer-Proto",
        "X-Coffer-Anything",
    ];
    // Twice each: what is replaced must be replaced whole.
    let lines: String = forged
        .iter()
        .map(|name| format!("{name}: forged\r\n{}: forged\r\n", name.to_uppercase()))
        .collect();
    let _client = rig
        .request(&format!(
            "GET / HTTP/1.1\r\nHost: worker.test\r\n{lines}X-Mine: kept\r\n\r\n"
        ))
        .await;

    let head = process.accept().await.head().await;
    assert!(!head.contains("forged"), "{head}");
    let ray = header(&head, "cf-ray").unwrap();
    assert_eq!(ray.len(), 16, "{head}");
    for (name, expected) in [
        ("cf-connecting-ip", vec!["127.0.0.1"]),
        ("x-real-ip", vec!["127.0.0.1"]),
        ("x-forwarded-proto", vec!["http"]),
        ("cf-visitor", vec!["{\"scheme\":\"http\"}"]),
        (
            "x-coffer-cf",
            vec!["{\"httpProtocol\":\"HTTP/1.1\",\"colo\":\"LOCAL\"}"],
        ),
        ("x-mine", vec!["kept"]),
        ("host", vec!["worker.test"]),
        ("x-forwarded-for", vec![]),
        ("x-coffer-proto", vec![]),
        ("cf-worker", vec![]),
    ] {
        assert_eq!(headers(&head, name), expected, "{name}");
    }
}

#[tokio::test]
async fn headers_of_one_connection_stay_on_it() {
    let (rig, process) = Rig::with_process(config());
    let mut client = rig
        .request(
            "GET /a?b=c HTTP/1.1\r\nHost: worker.test\r\nConnection: x-drop, host, upgrade\r\n\
             Connection: content-length\r\nX-Drop: 1\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\n\
             Proxy-Authorization: x\r\nTE: gzip, trailers\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\
             Content-Length: 0\r\nAuthorization: kept\r\n\r\n",
        )
        .await;
    let mut wire = process.accept().await;
    let head = wire.head().await;
    assert!(head.starts_with("GET /a?b=c HTTP/1.1\r\n"), "{head}");
    for gone in [
        "connection",
        "x-drop",
        "keep-alive",
        "proxy-connection",
        "proxy-authorization",
        "upgrade",
        "http2-settings",
    ] {
        assert_eq!(header(&head, gone), None, "{gone}");
    }
    for (kept, value) in [
        ("te", "trailers"),
        ("host", "worker.test"),
        ("content-length", "0"),
        ("authorization", "kept"),
    ] {
        assert_eq!(headers(&head, kept), [value], "{kept}");
    }

    wire.send(
        "HTTP/1.1 200 OK\r\nconnection: x-hop\r\nx-hop: 1\r\nkeep-alive: 5\r\nset-cookie: a\r\n\
         set-cookie: b\r\ncontent-length: 2\r\n\r\nok",
    )
    .await;
    let (head, body) = client.response().await;
    assert_eq!(body, "ok");
    assert_eq!(header(&head, "x-hop"), None, "{head}");
    assert_eq!(header(&head, "keep-alive"), None, "{head}");
    assert_eq!(headers(&head, "set-cookie"), ["a", "b"]);
    assert!(
        header(&head, "cf-ray").unwrap().ends_with("-LOCAL"),
        "{head}"
    );
}

#[tokio::test]
async fn the_worker_and_the_client_read_the_same_ray() {
    let (rig, process) = Rig::with_process(config());
    let mut client = rig
        .request("GET / HTTP/1.1\r\nHost: worker.test\r\n\r\n")
        .await;
    let mut wire = process.accept().await;
    let request = wire.head().await;
    wire.send("HTTP/1.1 204 No Content\r\n\r\n").await;
    let response = client.head().await;
    let expected = format!("{}-LOCAL", header(&request, "cf-ray").unwrap());
    assert_eq!(header(&response, "cf-ray"), Some(expected.as_str()));
}

#[tokio::test]
async fn version_headers_route_and_are_passed_on() {
    let rig = Rig::start(config());
    let process = Process::start();
    rig.directory
        .slow
        .lock()
        .push_back(Ok(process.upstream.clone()));
    let _client = rig
        .request(
            "GET /a?b HTTP/1.1\r\nHost: OTHER.test:7080\r\nCloudflare-Workers-Version-Key: ann\r\n\
             Cloudflare-Workers-Version-Overrides: w=\"1\"\r\n\r\n",
        )
        .await;
    let head = process.accept().await.head().await;
    assert_eq!(header(&head, "cloudflare-workers-version-key"), Some("ann"));
    assert_eq!(
        header(&head, "cloudflare-workers-version-overrides"),
        Some("w=\"1\"")
    );
    let expected = RouteRequest {
        host: "other.test",
        target: "/a?b",
        version_key: Some("ann"),
        version_overrides: Some("w=\"1\""),
    };
    assert_eq!(*rig.directory.asked.lock(), [format!("{expected:?}")]);
}

#[tokio::test]
async fn an_absolute_target_becomes_a_path_and_its_host() {
    let (rig, process) = Rig::with_process(config());
    let _client = rig
        .request("GET http://worker.test:99/x?y HTTP/1.1\r\nHost: other.test\r\n\r\n")
        .await;
    let head = process.accept().await.head().await;
    assert!(head.starts_with("GET /x?y HTTP/1.1\r\n"), "{head}");
    assert_eq!(headers(&head, "host"), ["worker.test:99"]);
}

#[tokio::test]
async fn connections_to_the_process_are_kept_and_shared() {
    let (rig, process) = Rig::with_process(config());
    let mut first = rig
        .request("GET /1 HTTP/1.1\r\nHost: worker.test\r\n\r\n")
        .await;
    let mut wire = process.accept().await;
    for path in ["/1", "/2", "/3"] {
        assert!(wire.head().await.starts_with(&format!("GET {path} ")));
        wire.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            .await;
        if path == "/3" {
            break;
        }
        first.response().await;
        if path == "/1" {
            first
                .send("GET /2 HTTP/1.1\r\nHost: worker.test\r\n\r\n")
                .await;
        } else {
            // Another client, the same connection to the process: nothing accepts a second.
            first = rig
                .request("GET /3 HTTP/1.1\r\nHost: worker.test\r\n\r\n")
                .await;
        }
    }
    assert_eq!(status(&first.head().await), 200);
}

#[tokio::test]
async fn answers_are_counted() {
    let (rig, process) = Rig::with_process(config());
    *rig.directory.ready.lock() = Some(process.greet());
    let mut client = rig
        .request("GET / HTTP/1.1\r\nHost: worker.test\r\n\r\n")
        .await;
    assert_eq!(client.response().await.1, "hello");
    client
        .send("GET / HTTP/1.1\r\nHost: nobody.test\r\n\r\n")
        .await;
    client.response().await;

    let mut registry = prometheus_client::registry::Registry::default();
    rig.config.metrics.register(&mut registry);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    assert!(
        text.contains("gateway_requests_total{status=\"2xx\"} 1"),
        "{text}"
    );
    assert!(
        text.contains("gateway_requests_total{status=\"4xx\"} 1"),
        "{text}"
    );
    assert!(text.contains("gateway_connections 1"), "{text}");
}
