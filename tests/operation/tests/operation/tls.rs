//! TLS on both listeners, from files that change.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use coffer_testkit::{Instance, Settings, process, wait};
use rustix::process::Signal;
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A certificate for `localhost` in files.
struct Files {
    directory: TempDir,
    der: CertificateDer<'static>,
}

impl Files {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let der = write_certificate(directory.path());
        Self { directory, der }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn arguments(&self, prefix: &str) -> Vec<OsString> {
        vec![
            format!("--{prefix}-cert").into(),
            self.path("cert.pem").into(),
            format!("--{prefix}-key").into(),
            self.path("key.pem").into(),
        ]
    }
}

fn write_certificate(directory: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    fs::write(directory.join("cert.pem"), made.cert.pem()).unwrap();
    fs::write(directory.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

/// A TLS connection to a port, by a client that trusts this certificate and nothing else.
async fn connect(
    port: &str,
    trusted: &CertificateDer<'static>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = TcpStream::connect(format!("127.0.0.1:{port}")).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

async fn get(mut stream: TlsStream<TcpStream>, host: &str, path: &str) -> String {
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

/// What a client that speaks no TLS hears.
async fn get_plainly(port: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}"))
        .await
        .unwrap();
    let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    // A reset is an answer, too.
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

fn port_of(origin: &str) -> String {
    origin.rsplit(':').next().unwrap().to_owned()
}

async fn start(arguments: Vec<OsString>) -> Instance {
    let settings = Settings {
        arguments,
        ..Settings::default()
    };
    Instance::start_with(settings).await.unwrap()
}

#[tokio::test]
async fn the_api_speaks_tls_and_takes_new_certificates() {
    let files = Files::new();
    let instance = start(files.arguments("tls")).await;
    assert!(instance.output().contains("ready api=https://127.0.0.1:"));
    let port = port_of(&instance.api_origin());
    let stream = connect(&port, &files.der).await.unwrap();
    let answer = get(stream, "localhost", "/healthz").await;
    assert!(answer.starts_with("HTTP/1.1 200 "));
    assert!(!answer.contains("strict-transport-security"), "{answer}");
    // Whoever comes by the server's name is told to go on by HTTPS.
    let stream = connect(&port, &files.der).await.unwrap();
    let answer = get(stream, "coffer.example.com", "/healthz").await;
    let policy = "strict-transport-security: max-age=31536000\r\n";
    assert!(answer.contains(policy), "{answer}");
    assert!(!get_plainly(&port).await.starts_with(b"HTTP/1.1 200"));

    // Half of a change is not taken.
    fs::write(files.path("key.pem"), "half of").unwrap();
    wait::until("the bad key to be told of", async || {
        let told = instance.output().contains("the one before it stays");
        told.then_some(()).ok_or_else(|| instance.output())
    })
    .await
    .unwrap();
    connect(&port, &files.der).await.unwrap();
    let new = write_certificate(files.directory.path());
    wait::until("the new certificate to be in use", async || {
        connect(&port, &new)
            .await
            .map_err(|error| error.to_string())
    })
    .await
    .unwrap();
    connect(&port, &files.der).await.unwrap_err();
}

#[tokio::test]
async fn a_new_certificate_is_taken_when_the_server_is_told_to() {
    let files = Files::new();
    let instance = start(files.arguments("tls")).await;
    let port = port_of(&instance.api_origin());
    connect(&port, &files.der).await.unwrap();
    let times = ["cert.pem", "key.pem"].map(|name| {
        let written = fs::metadata(files.path(name)).unwrap();
        (name, written.modified().unwrap())
    });
    let new = write_certificate(files.directory.path());
    // As if nothing had happened: who only looks at times does not see it.
    for (name, time) in times {
        let file = fs::File::options()
            .write(true)
            .open(files.path(name))
            .unwrap();
        file.set_modified(time).unwrap();
    }
    process::signal(instance.pid().unwrap(), Signal::HUP).unwrap();
    wait::until("the new certificate to be in use", async || {
        connect(&port, &new)
            .await
            .map_err(|error| error.to_string())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn workers_speak_tls_and_know_it() {
    let files = Files::new();
    let instance = start(files.arguments("workers-tls")).await;
    let code = "export default { fetch: (request) => \
        new Response(request.headers.get('x-forwarded-proto') + request.headers.get('cf-visitor')) };";
    let api = instance.api();
    let deployed = api.deploy_worker("tls", code, &json!([])).await;
    deployed.unwrap().success().unwrap();
    let host = instance.gateway().host("tls");
    let port = port_of(&host);
    wait::until("the Worker to answer", async || {
        let stream = connect(&port, &files.der).await.unwrap();
        let answer = get(stream, &host, "/").await;
        let fits = answer.contains("https{\"scheme\":\"https\"}");
        fits.then_some(()).ok_or(answer)
    })
    .await
    .unwrap();
    assert!(!get_plainly(&port).await.starts_with(b"HTTP/1.1 "));
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_at_the_start() {
    let files = Files::new();
    let instance = Instance::initialise(Settings::default()).await.unwrap();
    let other = Files::new();
    let path = |path: PathBuf| path.display().to_string();
    let (certificate, key) = (path(files.path("cert.pem")), path(files.path("key.pem")));
    let (nowhere, other_key) = (path(files.path("nowhere")), path(other.path("key.pem")));
    for (arguments, code, words) in [
        (vec!["--tls-cert", &certificate], 2, ["--tls-key", "needs"]),
        (
            vec!["--workers-tls-key", &key],
            2,
            ["--workers-tls-cert", "needs"],
        ),
        (
            vec!["--tls-cert", &nowhere, "--tls-key", &key],
            1,
            ["nowhere", "failed to read"],
        ),
        (
            vec!["--tls-cert", &key, "--tls-key", &key],
            1,
            ["key.pem", "no certificate"],
        ),
        (
            vec![
                "--workers-tls-cert",
                &certificate,
                "--workers-tls-key",
                &other_key,
            ],
            1,
            [&other_key, "do not belong together"],
        ),
    ] {
        let ended = instance.serve_to_its_end(&arguments).await.unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(code), "{said}");
        for word in words {
            assert!(said.contains(word), "{said}");
        }
    }
}
