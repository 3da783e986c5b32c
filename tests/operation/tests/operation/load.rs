//! Deployments, rollbacks and secrets changed through the API while a client that never pauses asks the Worker:
//! nothing fails, and no request is answered by a version that did not serve.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Stdio;

use coffer_testkit::{ApiClient, Instance, process, wait};
use coffer_types::{Clock, SystemClock};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/operation/load.lua");
/// Many at once on few cores; each connection asks again as soon as it is answered.
const CONNECTIONS: &str = "16";
const THREADS: &str = "2";
/// Far beyond what the test takes: it ends the load itself.
const LONGEST: &str = "120s";
/// Longer than any answer takes on a loaded machine. A request that takes longer counts as failed.
const TIMEOUT: &str = "20s";
/// How often everything is done.
const ROUNDS: usize = 2;

/// Answers with its version, its secret, and when it was asked.
fn code(text: &str) -> String {
    format!(
        "// {text}
export default {{ fetch(request, env) {{
    return new Response([env.VERSION.id, env.TOKEN ?? '-', request.headers.get('x-asked')].join(' '));
}} }};"
    )
}

/// Microseconds of the clock that the load has, too.
fn now() -> i64 {
    SystemClock.now().as_micros()
}

/// A client that never pauses.
struct Load {
    wrk: Child,
    answers: TempDir,
}

/// One answer that it had.
struct Answered {
    status: String,
    version: String,
    token: String,
    asked: i64,
    had: i64,
}

impl Load {
    fn start(instance: &Instance) -> Self {
        let answers = tempfile::tempdir().unwrap();
        let gateway = instance.gateway();
        let wrk = Command::new("wrk")
            .args(["-t", THREADS, "-c", CONNECTIONS, "-d", LONGEST])
            .args(["--timeout", TIMEOUT, "-s", SCRIPT, "-H"])
            .arg(format!("Host: {}", gateway.host("shop")))
            .arg(format!("http://127.0.0.1:{}/", instance.workers_port()))
            .arg("--")
            .arg(answers.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("wrk is installed: make test does it");
        Self { wrk, answers }
    }

    /// Ends it, and tells every answer that it had. None may have failed.
    async fn end(mut self) -> Vec<Answered> {
        assert!(
            self.wrk.try_wait().unwrap().is_none(),
            "wrk ended by itself"
        );
        process::signal(self.wrk.id().unwrap(), Signal::INT).unwrap();
        let Self { wrk, answers } = self;
        let output = wrk.wait_with_output().await.unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(told.contains("\nerrors 0\n"), "{told}");
        text_in(&answers).lines().map(Answered::parse).collect()
    }
}

/// What the threads of the load have written so far.
fn text_in(answers: &TempDir) -> String {
    let files = fs::read_dir(answers.path()).unwrap();
    let texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    texts.collect()
}

impl Answered {
    fn parse(line: &str) -> Self {
        let fields: Vec<_> = line.split(' ').collect();
        let [status, had, version, token, asked] = fields[..] else {
            panic!("no answer of the Worker: {line:?}");
        };
        Self {
            status: status.to_owned(),
            version: version.to_owned(),
            token: token.to_owned(),
            asked: asked.parse().unwrap(),
            had: had.parse().unwrap(),
        }
    }
}

/// Versions that serve from when they were asked for to when others surely did.
struct Deployed {
    versions: BTreeSet<String>,
    from: i64,
    until: i64,
}

/// What was done, and which versions could answer when.
struct History {
    instance: Instance,
    api: ApiClient,
    deployed: Vec<Deployed>,
    /// The secret that each version has.
    tokens: BTreeMap<String, String>,
}

impl History {
    /// Does something that deploys, and waits until requests are divided as it says.
    async fn change(&mut self, token: &str, change: impl AsyncFnOnce(&ApiClient)) {
        let from = now();
        change(&self.api).await;
        let versions = self.active().await;
        for version in &versions {
            let known = self.tokens.entry(version.clone());
            known.or_insert_with(|| token.to_owned());
        }
        let before = self.deployed.last();
        let before = before.map_or_else(BTreeSet::new, |before| before.versions.clone());
        for version in before.union(&versions) {
            self.serves(version, versions.contains(version)).await;
        }
        if let Some(before) = self.deployed.last_mut() {
            before.until = now();
        }
        self.deployed.push(Deployed {
            versions,
            from,
            until: i64::MAX,
        });
    }

    /// Waits until a request for this version is answered by it, or is not.
    async fn serves(&self, version: &str, wanted: bool) {
        let gateway = self.instance.gateway();
        let overrides = format!("shop=\"{version}\"");
        let look = async || {
            let request = gateway.request(Method::GET, "shop", "/");
            let request = request.header("cloudflare-workers-version-overrides", &overrides);
            match gateway.send(request).await {
                Ok(reply) if reply.text.starts_with(version) == wanted => Ok(()),
                other => Err(format!("{other:?}")),
            }
        };
        wait::until("the deployment to be in force", look)
            .await
            .unwrap();
    }

    async fn active(&self) -> BTreeSet<String> {
        let path = "/workers/scripts/shop/deployments";
        let answer = self.api.get(path).await.unwrap().success().unwrap();
        let versions = answer.result()["deployments"][0]["versions"].as_array();
        let versions = versions.unwrap().iter();
        versions
            .map(|share| share["version_id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The one version that serves now.
    fn only(&self) -> String {
        let last = self.deployed.last().unwrap();
        assert_eq!(last.versions.len(), 1);
        last.versions.first().unwrap().clone()
    }

    /// Whether the version could answer a request of this time.
    fn allows(&self, answered: &Answered) -> bool {
        self.deployed.iter().any(|deployed| {
            deployed.versions.contains(&answered.version)
                && deployed.from <= answered.had
                && answered.asked <= deployed.until
        })
    }
}

/// Makes a version that waits to be deployed, and tells its id.
async fn upload(api: &ApiClient, text: &str) -> String {
    let metadata = json!({
        "main_module": "index.js",
        "compatibility_date": "2026-11-01",
        "bindings": bindings(),
        "keep_bindings": ["secret_text"],
    });
    let module = Part::text(code(text)).file_name("index.js");
    let form = Form::new().text("metadata", metadata.to_string()).part(
        "index.js",
        module.mime_str("application/javascript+module").unwrap(),
    );
    let request = api.request(Method::POST, "/workers/scripts/shop/versions");
    let answer = api.send(request.multipart(form)).await.unwrap();
    let answer = answer.success().unwrap();
    answer.result()["id"].as_str().unwrap().to_owned()
}

fn bindings() -> Value {
    json!([{ "name": "VERSION", "type": "version_metadata" }])
}

async fn put(api: &ApiClient, text: &str) {
    let answer = api.deploy_worker("shop", &code(text), &bindings()).await;
    answer.unwrap().success().unwrap();
}

async fn split(api: &ApiClient, shares: &[(&String, u32)]) {
    let share = |(version, percentage): &(&String, u32)| json!({ "version_id": version, "percentage": percentage });
    let versions: Vec<_> = shares.iter().map(share).collect();
    let body = json!({ "strategy": "percentage", "versions": versions });
    let path = "/workers/scripts/shop/deployments?force=true";
    api.post(path, &body).await.unwrap().success().unwrap();
}

/// Every way in which another version comes to serve.
async fn change_everything(history: &mut History, round: usize) {
    history
        .change("-", async |api| put(api, &format!("put {round}")).await)
        .await;
    let first = history.only();
    let second = upload(&history.api, &format!("uploaded {round}")).await;
    let shares = [(&first, 50), (&second, 50)];
    history
        .change("-", async |api| split(api, &shares).await)
        .await;
    for version in [&second, &first, &second] {
        history
            .change("-", async |api| split(api, &[(version, 100)]).await)
            .await;
    }
    let secrets = "/workers/scripts/shop/secrets";
    let secret = json!({ "name": "TOKEN", "text": "put", "type": "secret_text" });
    history
        .change("put", async |api| {
            let request = api.request(Method::PUT, secrets).json(&secret);
            api.send(request).await.unwrap().success().unwrap();
        })
        .await;
    let bulk = json!({ "secrets": { "TOKEN": { "name": "TOKEN", "text": "bulk", "type": "secret_text" } } });
    history
        .change("bulk", async |api| {
            let path = "/workers/scripts/shop/secrets-bulk";
            api.patch(path, &bulk).await.unwrap().success().unwrap();
        })
        .await;
    history
        .change("-", async |api| {
            let path = format!("{secrets}/TOKEN");
            let request = api.request(Method::DELETE, &path);
            api.send(request).await.unwrap().success().unwrap();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn nothing_fails_and_nothing_old_answers_while_everything_changes() {
    let instance = Instance::start().await.unwrap();
    let mut history = History {
        api: instance.api(),
        instance,
        deployed: Vec::new(),
        tokens: BTreeMap::new(),
    };
    history
        .change("-", async |api| put(api, "first").await)
        .await;
    let load = Load::start(&history.instance);
    let begun = async || {
        let text = text_in(&load.answers);
        if text.is_empty() {
            Err("nothing")
        } else {
            Ok(())
        }
    };
    wait::until("the load to begin", begun).await.unwrap();
    for round in 0..ROUNDS {
        change_everything(&mut history, round).await;
    }
    let answered = load.end().await;

    let mut seen = BTreeMap::new();
    for one in &answered {
        assert_eq!(one.status, "200");
        assert!(
            history.allows(one),
            "version {} answered a request of {} to {}",
            one.version,
            one.asked,
            one.had
        );
        assert_eq!(one.token, history.tokens[&one.version]);
        *seen.entry(&one.version).or_insert(0) += 1;
    }
    // Each served under load: 1 of before and, in each round, 2 uploads and 3 changes of the secret.
    assert_eq!(seen.len(), 1 + ROUNDS * 5, "{seen:?}");
}
