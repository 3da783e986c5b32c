//! The gateway between real sockets: a test is both the client and the process.

mod faults;
mod forwarding;
mod limits;
mod retry;
mod shutdown;
mod streaming;
mod websocket;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use coffer_types::VersionId;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Directory, GatewayConfig, RouteError, RouteRequest, Upstream, serve};
use crate::traffic::Traffic;

/// Long enough for the slowest machine; whoever waits this long has found a fault.
const DEADLINE: Duration = Duration::from_secs(30);

async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    timeout(DEADLINE, future)
        .await
        .unwrap_or_else(|_| panic!("waited in vain: {what}"))
}

/// Waits until something that cannot be awaited is so.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    soon(what, async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

/// Quick bounds where a test waits for one, and one thread so that connections are reused for certain.
fn config() -> GatewayConfig {
    GatewayConfig {
        threads: NonZeroUsize::MIN,
        sweep_every: Duration::from_millis(5),
        shutdown_grace: DEADLINE,
        ..GatewayConfig::default()
    }
}

/// A directory that answers what a test tells it to. Every host but `worker.test` goes the slow way.
#[derive(Default)]
struct Told {
    ready: Mutex<Option<Arc<Upstream>>>,
    slow: Mutex<VecDeque<Result<Arc<Upstream>, RouteError>>>,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Directory for Told {
    fn ready_upstream(&self, request: &RouteRequest<'_>) -> Option<Arc<Upstream>> {
        let ready = self.ready.lock().clone();
        ready.filter(|_| request.host == "worker.test")
    }

    async fn upstream(&self, request: RouteRequest<'_>) -> Result<Arc<Upstream>, RouteError> {
        self.asked.lock().push(format!("{request:?}"));
        let told = self.slow.lock().pop_front();
        told.unwrap_or(Err(RouteError::UnknownHost))
    }
}

/// A running gateway.
struct Rig {
    address: SocketAddr,
    directory: Arc<Told>,
    config: GatewayConfig,
    shutdown: CancellationToken,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Rig {
    fn start(config: GatewayConfig) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let directory = Arc::new(Told::default());
        let shutdown = CancellationToken::new();
        let serving = serve(
            listener,
            directory.clone(),
            config.clone(),
            shutdown.clone(),
        );
        Self {
            address,
            directory,
            config,
            shutdown,
            serving: tokio::spawn(serving),
        }
    }

    /// A gateway, and the process behind `worker.test`.
    fn with_process(config: GatewayConfig) -> (Self, Process) {
        let rig = Self::start(config);
        let process = Process::start();
        *rig.directory.ready.lock() = Some(process.upstream.clone());
        (rig, process)
    }

    async fn connect(&self) -> Wire<TcpStream> {
        Wire::new(
            soon("connecting", TcpStream::connect(self.address))
                .await
                .unwrap(),
        )
    }

    /// A connection on which a request has been sent.
    async fn request(&self, request: &str) -> Wire<TcpStream> {
        let mut client = self.connect().await;
        client.send(request).await;
        client
    }
}

/// The far end of the gateway: a unix socket that a test answers by hand.
struct Process {
    upstream: Arc<Upstream>,
    listener: UnixListener,
    _directory: tempfile::TempDir,
}

impl Process {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("http.sock");
        let version_id: VersionId = "c5e9c03c-4448-49b4-a1b1-b19bf4cd2241".parse().unwrap();
        Self {
            listener: UnixListener::bind(&socket).unwrap(),
            upstream: Arc::new(Upstream::new(
                socket,
                version_id,
                Traffic::tally_for_tests(),
            )),
            _directory: directory,
        }
    }

    async fn accept(&self) -> Wire<UnixStream> {
        let accepted = soon("a connection to the process", self.listener.accept()).await;
        Wire::new(accepted.unwrap().0)
    }

    /// Answers requests one after the other with `hello`, on as many connections as come.
    fn greet(self) -> Arc<Upstream> {
        let upstream = self.upstream.clone();
        tokio::spawn(async move {
            loop {
                let mut wire = self.accept_quietly().await;
                tokio::spawn(async move {
                    while wire.try_head().await.is_some() {
                        wire.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")
                            .await;
                    }
                });
            }
        });
        upstream
    }

    async fn accept_quietly(&self) -> Wire<UnixStream> {
        Wire::new(self.listener.accept().await.unwrap().0)
    }
}

/// One end of a connection.
struct Wire<S> {
    stream: S,
    read: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    fn new(stream: S) -> Self {
        Self {
            stream,
            read: Vec::new(),
        }
    }

    async fn send(&mut self, text: &str) {
        let sent = self.stream.write_all(text.as_bytes());
        soon("sending", sent).await.unwrap();
    }

    /// Reads up to the empty line after a head.
    async fn head(&mut self) -> String {
        soon("a head", self.try_head())
            .await
            .expect("a head before the end")
    }

    async fn try_head(&mut self) -> Option<String> {
        loop {
            let end = self.read.windows(4).position(|bytes| bytes == b"\r\n\r\n");
            if let Some(end) = end {
                let head: Vec<u8> = self.read.drain(..end + 4).collect();
                return Some(String::from_utf8(head).unwrap());
            }
            if self.stream.read_buf(&mut self.read).await.ok()? == 0 {
                return None;
            }
        }
    }

    /// Reads exactly this many bytes.
    async fn exactly(&mut self, count: usize) -> String {
        let filled = async {
            while self.read.len() < count {
                let got = self.stream.read_buf(&mut self.read).await.unwrap();
                assert_ne!(
                    got,
                    0,
                    "ended after {:?}",
                    String::from_utf8_lossy(&self.read)
                );
            }
        };
        soon("bytes", filled).await;
        let bytes: Vec<u8> = self.read.drain(..count).collect();
        String::from_utf8(bytes).unwrap()
    }

    /// Reads to the end; a reset counts as one.
    async fn rest(&mut self) -> String {
        let ended = async {
            while !matches!(self.stream.read_buf(&mut self.read).await, Ok(0) | Err(_)) {}
        };
        soon("the end of the connection", ended).await;
        String::from_utf8(std::mem::take(&mut self.read)).unwrap()
    }

    /// Reads a response whose length is stated: its head and its body.
    async fn response(&mut self) -> (String, String) {
        let head = self.head().await;
        let length = header(&head, "content-length").unwrap_or("0");
        let body = self.exactly(length.parse().unwrap()).await;
        (head, body)
    }
}

/// All values of a header in a head.
fn headers<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    let lines = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "));
    lines
        .filter(|(stated, _)| stated.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .collect()
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    headers(head, name).first().copied()
}

fn status(head: &str) -> u16 {
    head.split(' ').nth(1).unwrap().parse().unwrap()
}
