//! `wrangler tail`: what it prints of a Worker that is asked things.

use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use coffer_testkit::Instance;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Child;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::client::Wrangler;
use crate::deploy::deploy;
use crate::project::Project;

/// Longer than anything takes on a loaded machine.
const DEADLINE: Duration = Duration::from_secs(120);

const TALKS: &str = r#"
export default {
    async fetch(request, env) {
        const { pathname } = new URL(request.url);
        console.log("asked for", pathname, { key: env.API_KEY });
        if (pathname === "/throws") throw new TypeError(`bad key ${env.API_KEY}`);
        return new Response("fine");
    },
};
"#;

/// A `wrangler tail` that runs.
pub(crate) struct Tail {
    child: Child,
    printed: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
    // Where it runs: what formats its errors is started there.
    _home: tempfile::TempDir,
}

impl Tail {
    async fn start(instance: &Instance, wrangler: &Wrangler, arguments: &[&str]) -> Self {
        let before = tails(instance).await;
        let tail = Self::spawn(wrangler, &[&["tail", "shop"], arguments].concat());
        until(&tail, "the tail", async || {
            tails(instance).await.len() > before.len()
        })
        .await;
        tail
    }

    /// Runs a command that ends when it is told to.
    pub(crate) fn spawn(wrangler: &Wrangler, arguments: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut child = wrangler
            .command(home.path())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let printed = Arc::default();
        let readers = vec![
            keep(&printed, child.stdout.take().unwrap()),
            keep(&printed, child.stderr.take().unwrap()),
        ];
        Self {
            child,
            printed,
            readers,
            _home: home,
        }
    }

    /// What it has printed, once it holds the text.
    async fn says(&self, text: &str) -> String {
        until(self, text, async || self.text().await.contains(text)).await;
        self.text().await
    }

    pub(crate) async fn text(&self) -> String {
        self.printed.lock().await.clone()
    }

    /// Ends it as Ctrl+C does, which it takes for a success.
    async fn end(self) -> String {
        let (status, text) = self.interrupt().await;
        assert!(status.success(), "{status}: {text}");
        text
    }

    /// Ends it as Ctrl+C does.
    pub(crate) async fn interrupt(mut self) -> (ExitStatus, String) {
        let pid = self.child.id().unwrap().to_string();
        let sent = tokio::process::Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .await;
        assert!(sent.unwrap().success());
        let ended = tokio::time::timeout(DEADLINE, self.child.wait()).await;
        let status = ended.expect("wrangler tail ends").unwrap();
        for reader in &mut self.readers {
            reader.await.unwrap();
        }
        (status, self.text().await)
    }
}

fn keep(
    printed: &Arc<Mutex<String>>,
    stream: impl AsyncRead + Send + Unpin + 'static,
) -> JoinHandle<()> {
    let printed = Arc::clone(printed);
    tokio::spawn(async move {
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut printed = printed.lock().await;
            printed.push_str(&line);
            printed.push('\n');
        }
    })
}

pub(crate) async fn until(tail: &Tail, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(DEADLINE, waiting).await.is_err() {
        panic!("never {what}; it printed:\n{}", tail.text().await);
    }
}

async fn tails(instance: &Instance) -> Vec<Value> {
    let reply = instance.api().get("/workers/scripts/shop/tails").await;
    let tails = reply.unwrap().success().unwrap();
    tails.result().as_array().unwrap().clone()
}

/// The events among what `--format json` printed: JSON objects over several lines, one after the other.
pub(crate) fn events(text: &str) -> Vec<Value> {
    serde_json::Deserializer::from_str(text)
        .into_iter::<Value>()
        .map_while(Result::ok)
        .collect()
}

fn paths(text: &str) -> Vec<String> {
    let events = events(text);
    let url = |event: &Value| event["event"]["request"]["url"].as_str().map(str::to_owned);
    let paths = events.iter().filter_map(url);
    paths
        .map(|url| url[url.rfind('/').unwrap()..].to_owned())
        .collect()
}

async fn deployed(instance: &Instance) -> Wrangler {
    let wrangler = Wrangler::of(instance);
    let project = Project::new(json!({ "name": "shop", "main": "index.js" }));
    let project = project.with("index.js", TALKS);
    deploy(&wrangler, &project).await.succeeded();
    let put = ["secret", "put", "API_KEY", "--name", "shop"];
    wrangler.run_with(&put, "sk_live_tailed").await.succeeded();
    wrangler
}

async fn ask(instance: &Instance, path: &str) {
    instance.gateway().get("shop", path).await.unwrap();
}

#[tokio::test]
async fn pretty_and_json_tell_requests_lines_and_exceptions_without_secrets() {
    let instance = Instance::start().await.unwrap();
    let wrangler = deployed(&instance).await;
    let pretty = Tail::start(&instance, &wrangler, &["--format", "pretty"]).await;
    pretty.says("Connected to shop, waiting for logs...").await;
    let told = Tail::start(&instance, &wrangler, &["--format", "json"]).await;
    until(&told, "two captures", async || {
        tails(&instance).await.len() == 2
    })
    .await;
    // Which of its sockets is open only its first event tells.
    until(&told, "an event", async || {
        ask(&instance, "/probe").await;
        told.text().await.contains("/probe")
    })
    .await;
    ask(&instance, "/first").await;
    ask(&instance, "/throws").await;

    let text = pretty.says("TypeError: bad key").await;
    for part in [
        "/first - Ok @ ",
        "  (log) asked for /first { key: 'REDACTED' }",
        "/throws - Exception Thrown @ ",
        "TypeError: bad key REDACTED",
        "at Object.fetch (",
    ] {
        assert!(text.contains(part), "no {part:?} in:\n{text}");
    }
    told.says("bad key").await;
    let (pretty, told) = (pretty.end().await, told.end().await);
    assert!(pretty.contains("Stopping tail..."), "{pretty}");
    for text in [&pretty, &told] {
        assert!(!text.contains("sk_live_tailed"), "{text}");
    }
    let events = events(&told);
    let last = events.last().unwrap();
    assert_eq!(last["outcome"], "exception");
    assert_eq!(last["scriptName"], "shop");
    assert_eq!(last["exceptions"][0]["message"], "bad key REDACTED");
    assert_eq!(
        last["logs"][0]["message"],
        json!(["asked for", "/throws", { "key": "REDACTED" }])
    );
    assert_eq!(last["event"]["request"]["method"], "GET");
    // Both are gone, and were deleted.
    assert_eq!(tails(&instance).await, [] as [Value; 0]);
}

#[tokio::test]
async fn filters_let_through_what_they_name() {
    let instance = Instance::start().await.unwrap();
    let wrangler = deployed(&instance).await;
    let json = ["--format", "json"];
    let errors = [
        &json[..],
        &["--status", "error", "--ip", "self", "--method", "GET"],
    ]
    .concat();
    let errors = Tail::start(&instance, &wrangler, &errors).await;
    let search = [
        &json[..],
        &["--search", "/special", "--header", "host:shop"],
    ]
    .concat();
    let search = Tail::start(&instance, &wrangler, &search).await;
    let none = [&json[..], &["--method", "POST", "--sampling-rate", "0.5"]].concat();
    let none = Tail::start(&instance, &wrangler, &none).await;
    until(&none, "three tails", async || {
        tails(&instance).await.len() == 3
    })
    .await;
    until(&errors, "both to be connected", async || {
        ask(&instance, "/throws").await;
        ask(&instance, "/special").await;
        !paths(&errors.text().await).is_empty() && !paths(&search.text().await).is_empty()
    })
    .await;
    ask(&instance, "/other").await;
    ask(&instance, "/throws").await;
    let (errors, search, none) = (errors.end().await, search.end().await, none.end().await);
    assert!(
        paths(&errors).iter().all(|path| path == "/throws"),
        "{errors}"
    );
    assert!(
        paths(&search).iter().all(|path| path == "/special"),
        "{search}"
    );
    assert_eq!(events(&none), [] as [Value; 0], "{none}");
}

#[tokio::test]
async fn a_tail_of_nothing_and_a_filter_that_is_none_are_refused() {
    let instance = Instance::start().await.unwrap();
    let wrangler = deployed(&instance).await;
    wrangler
        .run(&["tail", "none", "--format", "json"])
        .await
        .failed()
        .says(&["This Worker does not exist on your account"]);
    wrangler
        .run(&["tail", "shop", "--format", "json", "--ip", "everywhere"])
        .await
        .failed()
        .says(&["name IP addresses"]);
    wrangler
        .run(&["tail", "shop", "--format", "json", "--version-id", "first"])
        .await
        .failed()
        .says(&["name a version by its id"]);
    assert_eq!(tails(&instance).await, [] as [Value; 0]);
}
