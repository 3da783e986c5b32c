//! A large body on its way through.

use std::fs;

use coffer_testkit::{Instance, wait};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MEBIBYTE: usize = 1024 * 1024;
/// Of the body: 1 GiB.
const BODY_MEBIBYTES: usize = 1024;
/// What the server may need more of while it passes: far from the body, well over its buffers.
const GROWTH_MEBIBYTES: usize = 64;

/// Counts what comes in without keeping it.
const COUNTS: &str = "export default { async fetch(request) {
    let bytes = 0;
    if (request.body) for await (const part of request.body) bytes += part.byteLength;
    return new Response(`counted ${bytes}`);
} };";

/// The most memory that the process ever had resident, in MiB.
fn most_resident_mebibytes(pid: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.unwrap().trim().trim_end_matches(" kB");
    kibibytes.parse::<usize>().unwrap() / 1024
}

#[tokio::test]
async fn a_body_of_a_gigabyte_passes_without_being_kept() {
    let instance = Instance::start().await.unwrap();
    let api = instance.api();
    let deployed = api.deploy_worker("count", COUNTS, &json!([])).await;
    deployed.unwrap().success().unwrap();
    let gateway = instance.gateway();
    wait::until("the Worker to answer", async || {
        match gateway.get("count", "/").await {
            Ok(reply) if reply.text == "counted 0" => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await
    .unwrap();
    let pid = instance.pid().unwrap();
    let before = most_resident_mebibytes(pid);

    let host = gateway.host("count");
    let (_, port) = host.rsplit_once(':').unwrap();
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}"))
        .await
        .unwrap();
    let length = BODY_MEBIBYTES * MEBIBYTE;
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let part = vec![7; MEBIBYTE];
    for _ in 0..BODY_MEBIBYTES {
        stream.write_all(&part).await.unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains(&format!("counted {length}")), "{answer}");
    let grown = most_resident_mebibytes(pid) - before;
    assert!(grown < GROWTH_MEBIBYTES, "{grown} MiB more were resident");
}
