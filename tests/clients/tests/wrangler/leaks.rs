//! Marked values run through Wrangler, the API and Workers, and turn up nowhere but in the Workers' answers.

use std::path::Path;

use coffer_testkit::{Answer, Canary, Instance, SeededRandom, Settings, process, wait};
use reqwest::Method;
use serde_json::json;

use crate::client::Wrangler;
use crate::deploy::{deploy, read, reply_where};
use crate::project::reader;
use crate::store::Store;

/// The canaries of one test, and the answers that were looked at.
struct Watch {
    instance: Instance,
    canaries: Vec<Canary>,
    random: SeededRandom,
}

impl Watch {
    async fn start() -> Self {
        let settings = Settings {
            environment: vec![("COFFER_LOG".into(), "trace".into())],
            ..Settings::default()
        };
        Self {
            instance: Instance::start_with(settings).await.unwrap(),
            canaries: Vec::new(),
            random: SeededRandom::new(2026),
        }
    }

    /// A new marked value.
    fn value(&mut self) -> String {
        let canary = Canary::new(&self.random);
        let value = canary.value().to_owned();
        self.canaries.push(canary);
        value
    }

    /// Fails if any mark is in these bytes.
    #[track_caller]
    fn clean(&self, place: &str, bytes: &[u8]) {
        let leaks: Vec<_> = self
            .canaries
            .iter()
            .filter_map(|canary| canary.leak(bytes, place))
            .collect();
        assert!(
            leaks.is_empty(),
            "{leaks:?} in {}",
            String::from_utf8_lossy(bytes)
        );
    }

    #[track_caller]
    fn clean_answer(&self, answer: &Answer) {
        self.clean("an answer", answer.json.to_string().as_bytes());
        self.clean(
            "an answer's headers",
            format!("{:?}", answer.headers).as_bytes(),
        );
    }

    /// Sends a body that is refused, and looks at the refusal.
    async fn refused(&self, method: Method, path: &str, body: String) {
        let api = self.instance.api();
        let answer = api
            .send(api.request(method, path).body(body))
            .await
            .unwrap();
        assert!(
            (400..500).contains(&answer.status),
            "{path}: {}",
            answer.json
        );
        self.clean_answer(&answer);
    }

    async fn fetched(&self, url: &str) -> Vec<u8> {
        reqwest::get(url)
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap()
            .to_vec()
    }

    /// Everything that the machine keeps or shows.
    async fn clean_everywhere(&self) {
        let pid = self.instance.pid().unwrap();
        for canary in &self.canaries {
            assert_eq!(canary.find_in_files(&self.instance.data_dir()).unwrap(), []);
            assert_eq!(canary.find_in_processes(pid).unwrap(), []);
        }
        let metrics = self
            .fetched(&format!("{}/metrics", self.instance.api_origin()))
            .await;
        self.clean("/metrics", &metrics);
        self.clean("the server's output", self.instance.output().as_bytes());
    }
}

#[tokio::test]
async fn no_value_is_anywhere_but_where_it_is_delivered() {
    let mut watch = Watch::start().await;
    let wrangler = Wrangler::of(&watch.instance);
    let store = Store::create(&watch.instance).await;
    let id = store.add("STORED", &watch.value(), &["workers"]).await;
    let secret = format!("/secrets_store/stores/{}/secrets/{id}", store.id);
    let api = watch.instance.api();

    // Accepted: through Wrangler and through the API.
    let create = [
        "secrets-store",
        "secret",
        "create",
        &store.id,
        "--name",
        "TYPED",
    ];
    let create = [&create[..], &["--scopes", "workers", "--remote"]].concat();
    let printed = wrangler.run_with(&create, &watch.value()).await.succeeded();
    watch.clean("wrangler's output", printed.text.as_bytes());
    let updated = watch.value();
    watch.clean_answer(
        &api.patch(&secret, &json!({ "value": updated }))
            .await
            .unwrap()
            .success()
            .unwrap(),
    );
    let copy = json!({ "name": "COPY", "scopes": ["workers"] });
    watch.clean_answer(
        &api.post(&format!("{secret}/duplicate"), &copy)
            .await
            .unwrap()
            .success()
            .unwrap(),
    );
    let project = reader("watched", &store.id, &["STORED", "TYPED", "COPY"]);
    let printed = deploy(&wrangler, &project).await.succeeded();
    watch.clean("wrangler's output", printed.text.as_bytes());
    let token = watch.value();
    let put = ["secret", "put", "API_TOKEN", "--name", "watched"];
    let printed = wrangler.run_with(&put, &token).await.succeeded();
    watch.clean("wrangler's output", printed.text.as_bytes());
    let bulk = json!({ "BULK": watch.value() }).to_string();
    let printed = wrangler
        .run_with(&["secret", "bulk", "--name", "watched"], &bulk)
        .await
        .succeeded();
    watch.clean("wrangler's output", printed.text.as_bytes());

    // Delivered: the Worker does see them.
    reply_where(&watch.instance, "watched", |reply| {
        !reply.json()["text"]["BULK"].is_null()
    })
    .await;
    let seen = read(&watch.instance, "watched").await;
    assert_eq!(seen["store"]["STORED"], updated);
    assert_eq!(seen["store"]["COPY"], updated);
    assert_eq!(seen["text"]["API_TOKEN"], token);
    watch.clean_everywhere().await;

    // Refused: no refusal repeats what was sent.
    let secrets = format!("/secrets_store/stores/{}/secrets", store.id);
    let value = watch.value();
    for body in [
        json!([{ "name": "NEW", "value": value, "scopes": ["nowhere"] }]).to_string(),
        json!([{ "name": "STORED", "value": value, "scopes": ["workers"] }]).to_string(),
        json!([{ "name": value, "value": value, "scopes": ["workers"] }]).to_string(),
        json!([{ "name": "NEW", "value": [value], "scopes": ["workers"] }]).to_string(),
        json!([{ "name": "NEW", "value": value.repeat(20), "scopes": ["workers"] }]).to_string(),
        json!({ "name": "NEW", "value": value, "scopes": ["workers"] }).to_string(),
        format!("[{{\"name\":\"NEW\",\"value\":\"{value}"),
        value.clone(),
    ] {
        watch.refused(Method::POST, &secrets, body).await;
    }
    let patch = json!({ "value": value, "scopes": ["nowhere"] }).to_string();
    watch.refused(Method::PATCH, &secret, patch).await;
    let worker = "/workers/scripts/watched/secrets";
    let unnamed = json!({ "name": "", "type": "secret_text", "text": value }).to_string();
    watch.refused(Method::PUT, worker, unnamed).await;
    let untyped = json!({ "name": "X", "type": value, "text": value }).to_string();
    watch.refused(Method::PUT, worker, untyped).await;

    // Shown: every answer that tells of secrets.
    for path in [
        &*secrets,
        &secret,
        worker,
        "/workers/scripts/watched/settings",
        "/workers/scripts/watched/versions",
        "/workers/scripts/watched/deployments",
        "/secrets_store/quota",
    ] {
        watch.clean_answer(&api.get(path).await.unwrap().success().unwrap());
    }
    watch.clean_everywhere().await;

    // Left behind: neither processes nor files after the end.
    let processes = process::tree(watch.instance.pid().unwrap()).unwrap();
    assert!(processes.len() > 1, "the Worker has a process");
    watch.instance.terminate().await.unwrap();
    wait::until("every process to end", async || {
        let alive = |pid: &&u32| Path::new(&format!("/proc/{pid}")).exists();
        let left: Vec<_> = processes.iter().filter(alive).collect();
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("{left:?}"))
        }
    })
    .await
    .unwrap();
    for canary in &watch.canaries {
        assert_eq!(
            canary.find_in_files(&watch.instance.data_dir()).unwrap(),
            []
        );
    }
    watch.clean("the server's output", watch.instance.output().as_bytes());
}
