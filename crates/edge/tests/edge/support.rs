//! An edge under test, and waiting.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use coffer_crypto::SystemRandom;
use coffer_edge::{Edge, EdgeConfig, RuntimeConfig, find_workerd};
use coffer_types::{Clock, Random, SystemClock};

use crate::followers::Followers;
pub(crate) use crate::plane::{Plane, Tenant, Worker};

/// The longest anything is waited for.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A running edge and its directories.
pub(crate) struct Site {
    pub(crate) edge: Option<Edge>,
    pub(crate) plane: Arc<Plane>,
    pub(crate) followers: Arc<Followers>,
    pub(crate) directory: tempfile::TempDir,
    pub(crate) address: SocketAddr,
    pub(crate) runtime: RuntimeConfig,
    client: reqwest::Client,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// A response, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

/// The settings of most tests: they wait for little.
pub(crate) fn runtime(directory: &Path) -> RuntimeConfig {
    RuntimeConfig {
        drain_grace: Duration::from_millis(200),
        term_grace: Duration::from_secs(2),
        heartbeat_every: Duration::from_millis(200),
        ..RuntimeConfig::new(workerd(), directory.join("run"))
    }
}

/// The workerd of this checkout, or the one that `COFFER_WORKERD` names.
#[allow(clippy::disallowed_methods, reason = "a test's own setting")]
pub(crate) fn workerd() -> PathBuf {
    let named = std::env::var("COFFER_WORKERD").ok().map(PathBuf::from);
    find_workerd(named.as_deref(), &[env!("CARGO_MANIFEST_DIR").into()]).unwrap()
}

impl Site {
    pub(crate) fn start(plane: &Arc<Plane>) -> Self {
        Self::start_with(plane, |_| {})
    }

    pub(crate) fn start_with(plane: &Arc<Plane>, adjust: impl FnOnce(&mut RuntimeConfig)) -> Self {
        Self::start_at(plane, Arc::new(SystemClock), adjust)
    }

    /// Starts one by another clock.
    pub(crate) fn start_at(
        plane: &Arc<Plane>,
        clock: Arc<dyn Clock>,
        adjust: impl FnOnce(&mut RuntimeConfig),
    ) -> Self {
        Self::start_of(plane, clock, Arc::new(SystemRandom), adjust)
    }

    /// Starts one that draws from this.
    pub(crate) fn start_drawing(plane: &Arc<Plane>, random: Arc<dyn Random>) -> Self {
        Self::start_of(plane, Arc::new(SystemClock), random, |_| {})
    }

    fn start_of(
        plane: &Arc<Plane>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        adjust: impl FnOnce(&mut RuntimeConfig),
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut runtime = runtime(directory.path());
        adjust(&mut runtime);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut site = Self {
            edge: None,
            plane: Arc::clone(plane),
            followers: Followers::new(),
            address: listener.local_addr().unwrap(),
            directory,
            runtime,
            client: reqwest::Client::new(),
            clock,
            random,
        };
        site.start_edge(listener);
        site
    }

    fn start_edge(&mut self, listener: TcpListener) {
        let config = EdgeConfig {
            runtime: self.runtime.clone(),
            replica_dir: self.directory.path().join("replica"),
            workers_domain: "localhost".to_owned(),
            listener,
            tls: None,
            access_window: Duration::from_secs(3600),
        };
        let edge = Edge::start(
            config,
            Arc::clone(&self.plane) as _,
            Arc::clone(&self.followers) as _,
            self.plane.keyring.leases(),
            Arc::clone(&self.clock),
            Arc::clone(&self.random),
        );
        self.edge = Some(edge.unwrap());
    }

    /// Stops the edge and starts another with the same directories.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        self.address = listener.local_addr().unwrap();
        self.start_edge(listener);
    }

    pub(crate) async fn stop(&mut self) {
        if let Some(edge) = self.edge.take() {
            edge.shutdown().await;
        }
    }

    /// One request.
    pub(crate) async fn fetch(&self, host: &str, path: &str) -> Answer {
        self.fetch_with(host, path, &[]).await
    }

    pub(crate) async fn fetch_with(
        &self,
        host: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self
            .client
            .get(format!("http://{}{path}", self.address))
            .header("host", host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        Answer {
            status: response.status().as_u16(),
            text: response.text().await.unwrap(),
        }
    }

    /// Asks until the answer is as wanted.
    pub(crate) async fn fetch_until(
        &self,
        host: &str,
        path: &str,
        is_wanted: impl Fn(&Answer) -> bool,
    ) -> Answer {
        let mut last = None;
        let asking = async {
            loop {
                let answer = self.fetch(host, path).await;
                if is_wanted(&answer) {
                    return answer;
                }
                last = Some(answer);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let found = tokio::time::timeout(DEADLINE, asking).await;
        found.unwrap_or_else(|_| panic!("never as wanted; last: {last:?}"))
    }

    /// Asks until the text is this.
    pub(crate) async fn fetch_text(&self, host: &str, path: &str, text: &str) {
        self.fetch_until(host, path, |answer| answer.text == text)
            .await;
    }

    /// The workerd processes that this test has started.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let mut children = Vec::new();
        for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
            let list = std::fs::read_to_string(task.path().join("children"));
            let list = list.unwrap_or_default();
            children.extend(
                list.split_whitespace()
                    .map(|pid| pid.parse::<u32>().unwrap()),
            );
        }
        children
    }

    /// The edge's counters as text.
    pub(crate) fn metrics(&self) -> String {
        let mut registry = prometheus_client::registry::Registry::default();
        self.edge.as_ref().unwrap().register_metrics(&mut registry);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        text
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let done = tokio::time::timeout(DEADLINE, waiting).await;
    assert!(done.is_ok(), "never so: {what}");
}

/// Whether any file below the directory holds the text.
pub(crate) fn holds(directory: &Path, text: &str) -> bool {
    let read = std::fs::read_dir(directory).unwrap();
    read.flatten().any(|entry| {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            return holds(&path, text);
        }
        let content = std::fs::read(&path).unwrap_or_default();
        content
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    })
}

/// Removes the files below the directory that are this text.
pub(crate) fn remove_files(directory: &Path, text: &str) {
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            remove_files(&path, text);
        } else if std::fs::read(&path).is_ok_and(|content| content == text.as_bytes()) {
            std::fs::remove_file(&path).unwrap();
        }
    }
}

/// A Worker that answers with the value of its binding `S`, or with what it throws.
pub(crate) const READS: &str = r#"
export default {
  async fetch(request, env) {
    try { return new Response(await env.S.get()); }
    catch (error) { return new Response(`${error.name}: ${error.message}`, { status: 500 }); }
  },
};"#;
