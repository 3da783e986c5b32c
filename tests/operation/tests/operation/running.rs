//! Starting and stopping.

use std::process::Stdio;

use coffer_testkit::api::Authorization;
use coffer_testkit::{ApiClient, GatewayClient, Instance, Settings, wait};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::ChildStdout;

#[tokio::test]
async fn a_server_is_healthy_and_ends_when_asked() {
    let mut instance = Instance::start().await.unwrap();
    for path in ["/healthz", "/readyz", "/metrics"] {
        let response = reqwest::get(format!("{}{path}", instance.api_origin()))
            .await
            .unwrap();
        assert_eq!(response.status(), 200, "{path}");
    }
    let status = instance.terminate().await.unwrap();
    assert_eq!(status.code(), Some(0), "{}", instance.output());
    assert!(
        reqwest::get(format!("{}/healthz", instance.api_origin()))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn credentials_are_printed_once_and_are_good_for_ever() {
    let mut instance = Instance::initialise(Settings::default()).await.unwrap();
    let credentials = instance.credentials().clone();
    assert_eq!(credentials.account_id.len(), 32);
    for _ in 0..2 {
        instance.serve().await.unwrap();
        let answer = instance.api().get("").await.unwrap().success().unwrap();
        assert_eq!(answer.result()["id"], credentials.account_id);
        instance.terminate().await.unwrap();
    }
    let output = instance.output();
    for secret in [
        &credentials.password,
        &credentials.api_token,
        &credentials.global_api_key,
    ] {
        assert!(
            !output.contains(secret.as_str()),
            "serving an initialised directory prints none"
        );
    }
}

#[tokio::test]
async fn what_was_written_is_there_after_a_kill() {
    let mut instance = Instance::start().await.unwrap();
    let store = instance
        .api()
        .post("/secrets_store/stores", &json!({ "name": "dev" }))
        .await;
    let store = store.unwrap().success().unwrap();
    instance.kill().await.unwrap();
    instance.serve().await.unwrap();
    let stores = instance
        .api()
        .get("/secrets_store/stores")
        .await
        .unwrap()
        .success()
        .unwrap();
    assert_eq!(stores.result()[0]["id"], store.result()["id"]);
}

#[tokio::test]
async fn with_port_0_it_tells_the_ports_that_it_got() {
    let instance = Instance::initialise(Settings::default()).await.unwrap();
    let mut serving = instance
        .command()
        .unwrap()
        .arg("serve")
        .arg("--data")
        .arg(instance.data_dir().with_file_name("fresh"))
        .args(["--listen", "127.0.0.1:0", "--workers-listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let told = told_until_ready(serving.stdout.take().unwrap()).await;

    // What it tells once is of use to a client as it stands.
    let api = ApiClient::new(
        after(&told, "export CLOUDFLARE_API_BASE_URL="),
        after(&told, "export CLOUDFLARE_ACCOUNT_ID="),
        Authorization::Token(after(&told, "export CLOUDFLARE_API_TOKEN=").to_owned()),
    );
    let code = "export default { fetch: () => new Response('hello') };";
    let deployed = api.deploy_worker("hello", code, &json!([])).await;
    deployed.unwrap().success().unwrap();

    let ready = after(&told, "ready ");
    let (api_origin, workers_url) = ready.split_once(" workers=").unwrap();
    let api_origin = api_origin.strip_prefix("api=").unwrap();
    assert_eq!(
        after(&told, "export CLOUDFLARE_API_BASE_URL="),
        format!("{api_origin}/client/v4")
    );
    assert_eq!(after(&told, "workers         "), workers_url);
    let worker = api.get("/workers/workers/hello").await.unwrap();
    let port = workers_url.strip_prefix("http://localhost:").unwrap();
    assert_eq!(
        worker.success().unwrap().result()["subdomain"]["url"],
        format!("http://hello.dev.localhost:{port}")
    );
    let gateway = GatewayClient::new(port.parse().unwrap(), "dev.localhost");
    wait::until("the Worker", async || {
        match gateway.get("hello", "/").await {
            Ok(reply) if reply.text == "hello" => Ok(()),
            Ok(reply) => Err(reply.text),
            Err(error) => Err(error.to_string()),
        }
    })
    .await
    .unwrap();
}

/// Everything printed up to the line that says it is ready.
async fn told_until_ready(stdout: ChildStdout) -> String {
    let mut lines = BufReader::new(stdout).lines();
    let mut told = String::new();
    let reading = async {
        while !told.contains("\nready ") {
            let line = lines.next_line().await.unwrap();
            told.push('\n');
            told.push_str(&line.expect("it says that it is ready before it ends"));
        }
    };
    tokio::time::timeout(wait::DEADLINE, reading).await.unwrap();
    told
}

/// The rest of the line that begins like this.
fn after<'told>(told: &'told str, beginning: &str) -> &'told str {
    told.lines()
        .find_map(|line| line.trim_start().strip_prefix(beginning))
        .unwrap_or_else(|| panic!("no line begins with {beginning:?}"))
}

#[tokio::test]
async fn in_the_default_directory_of_wherever_it_is_started() {
    let instance = Instance::initialise(Settings::default()).await.unwrap();
    let place = tempfile::tempdir().unwrap();
    let mut serving = instance
        .command()
        .unwrap()
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--workers-listen",
            "127.0.0.1:0",
        ])
        .current_dir(place.path())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let told = told_until_ready(serving.stdout.take().unwrap()).await;
    assert!(place.path().join("data/coffer.db").is_file());
    let api = ApiClient::new(
        after(&told, "export CLOUDFLARE_API_BASE_URL="),
        after(&told, "export CLOUDFLARE_ACCOUNT_ID="),
        Authorization::Token(after(&told, "export CLOUDFLARE_API_TOKEN=").to_owned()),
    );
    let store = api
        .post("/secrets_store/stores", &json!({ "name": "main" }))
        .await
        .unwrap();
    let store = store.success().unwrap().result()["id"].clone();
    let secrets = format!("/secrets_store/stores/{}/secrets", store.as_str().unwrap());
    let secret = json!([{ "name": "KEY", "value": "delivered", "scopes": ["workers"] }]);
    api.post(&secrets, &secret)
        .await
        .unwrap()
        .success()
        .unwrap();
    let code =
        "export default { fetch: async (request, env) => new Response(await env.KEY.get()) };";
    let binding = json!([{ "name": "KEY", "type": "secrets_store_secret", "store_id": store, "secret_name": "KEY" }]);
    api.deploy_worker("reader", code, &binding)
        .await
        .unwrap()
        .success()
        .unwrap();

    let port = after(&told, "ready ").rsplit(':').next().unwrap();
    let gateway = GatewayClient::new(port.parse().unwrap(), "dev.localhost");
    wait::until("the secret", async || {
        match gateway.get("reader", "/").await {
            Ok(reply) if reply.text == "delivered" => Ok(()),
            Ok(reply) => Err(reply.text),
            Err(error) => Err(error.to_string()),
        }
    })
    .await
    .unwrap();
}
