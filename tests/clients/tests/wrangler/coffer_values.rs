//! Ten thousand values, byte for byte: by `coffer` on stdin and in files, into the store, and out of `get()`.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use coffer_testkit::{ApiClient, Instance, SeededRandom};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::store::Store;

/// Secrets in one round: what one import takes, and one version binds.
const IN_ROUND: usize = 100;
const FILE_ROUNDS: usize = 98;
const STDIN_ROUNDS: usize = 2;
const MAX_BYTES: usize = 1024;
/// Longer than an edit takes to reach a Worker on a loaded machine.
const DEADLINE: Duration = Duration::from_secs(30);

/// What is hard to carry, among what is not.
const PIECES: [&str; 26] = [
    "\n",
    "\r\n",
    "\r",
    "\t",
    " ",
    "  ",
    "$",
    "${HOME}",
    "$(id)",
    "`id`",
    "'",
    "\"",
    "\\",
    "\\n",
    "#",
    " # ",
    "=",
    "\u{1f511}",
    "é",
    "\u{feff}",
    "\u{2028}",
    "\u{1}",
    "export A=1",
    "-----BEGIN",
    "%0A",
    "%",
];

/// Tells of each secret the SHA-256 of its value: half by `get()`, half by `getMulti()`.
const WORKER: &str = r#"
const hash = async (text) => {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
};
export default {
  async fetch(request, env) {
    const names = Object.keys(env);
    const half = names.length / 2;
    const values = { ...(await env[names[0]].getMulti(names.slice(half))) };
    await Promise.all(names.slice(0, half).map(async (name) => {
      values[name] = await env[name].get().catch((error) => error.message);
    }));
    const hashes = Object.entries(values).map(async ([name, value]) => [name, await hash(value)]);
    return Response.json(Object.fromEntries(await Promise.all(hashes)));
  },
};
"#;

fn below(random: &SeededRandom, bound: usize) -> usize {
    usize::try_from(random.below(bound as u64)).unwrap()
}

/// A value of 1 to 1024 bytes: plain letters and what is hard to carry, mixed.
fn value(random: &SeededRandom) -> String {
    let length = match below(random, 10) {
        0 => MAX_BYTES,
        1..=5 => 1 + below(random, 40),
        _ => 1 + below(random, MAX_BYTES),
    };
    let mut value = String::new();
    loop {
        let letter = char::from(b'!' + u8::try_from(below(random, 94)).unwrap()).to_string();
        let piece = match below(random, 3) {
            0 => PIECES[below(random, PIECES.len())],
            _ => letter.as_str(),
        };
        if value.len() + piece.len() > length {
            break;
        }
        value.push_str(piece);
    }
    match value.is_empty() {
        true => "v".to_owned(),
        false => value,
    }
}

/// The value as a `.env` file has it, if that can have it: in quotes that it does not hold, line feeds as they are, and
/// carriage returns only by an escape in double quotes.
fn quoted(value: &str) -> Option<String> {
    // The rules take a backslash before a quote for a part of the value.
    if value.ends_with('\\') {
        return None;
    }
    if !value.contains('\r') {
        for quote in ['\'', '`'] {
            if !value.contains(quote) {
                return Some(format!("{quote}{value}{quote}"));
            }
        }
    }
    let has_escape = value.contains("\\n") || value.contains("\\r");
    if value.contains('"') || has_escape {
        return None;
    }
    Some(format!("\"{}\"", value.replace('\r', "\\r")))
}

/// One `coffer` command on the instance's server.
async fn coffer(instance: &Instance, directory: &Path, arguments: &[&str], input: &[u8]) {
    let credentials = instance.credentials();
    let mut command: Command = instance.command().unwrap();
    let mut child = command
        .args(["secrets-store", "secret"])
        .args(arguments)
        .arg("--remote")
        .env("COFFER_API_URL", instance.api_base_url())
        .env("COFFER_ACCOUNT_ID", &credentials.account_id)
        .env("COFFER_API_TOKEN", &credentials.api_token)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input).await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {told}");
}

fn name(index: usize) -> String {
    format!("VALUE_{index}")
}

/// Removes all secrets of the store.
async fn empty(api: &ApiClient, store: &Store) {
    let path = format!("/secrets_store/stores/{}/secrets", store.id);
    let all = api.get(&format!("{path}?per_page=100")).await.unwrap();
    let all = all.result().as_array().unwrap().iter();
    let ids: Vec<_> = all.map(|one| json!({ "id": one["id"] })).collect();
    if ids.is_empty() {
        return;
    }
    let request = api.request(reqwest::Method::DELETE, &path);
    let answer = api.send(request.json(&ids)).await.unwrap();
    answer.success().unwrap();
}

/// Waits until the Worker reads these values, and no others.
async fn read_back(instance: &Instance, values: &[String]) {
    let expected: Map<String, Value> = values
        .iter()
        .enumerate()
        .map(|(index, value)| (name(index), json!(hex::encode(Sha256::digest(value)))))
        .collect();
    let begun = Instant::now();
    loop {
        let reply = instance.gateway().get("reader", "/").await.unwrap();
        let told = reply.json();
        if told == Value::Object(expected.clone()) {
            return;
        }
        if begun.elapsed() > DEADLINE {
            let wrong = expected.iter().find(|(name, hash)| told[*name] != **hash);
            let name = wrong.map(|(name, _)| name.as_str()).unwrap_or_default();
            let index: usize = name.trim_start_matches("VALUE_").parse().unwrap_or(0);
            panic!("{name} is not {:?}: {}", values[index], reply.status);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn ten_thousand_values_arrive_byte_for_byte() {
    let instance = Instance::start().await.unwrap();
    let random = SeededRandom::new(20_261_122);
    let api = instance.api();
    let store = Store::create(&instance).await;
    let files = tempfile::tempdir().unwrap();
    let mut in_env_files = 0;
    for round in 0..FILE_ROUNDS {
        let values: Vec<_> = (0..IN_ROUND).map(|_| value(&random)).collect();
        empty(&api, &store).await;
        // Every other round is JSON; the rest is as much of .env as can be.
        let (mut dotenv, mut json) = (String::new(), Map::new());
        for (index, value) in values.iter().enumerate() {
            match quoted(value).filter(|_| round % 2 == 0) {
                Some(quoted) => {
                    in_env_files += 1;
                    dotenv.push_str(&format!("{}={quoted}\n", name(index)));
                }
                None => drop(json.insert(name(index), json!(value))),
            }
        }
        let json = serde_json::to_string(&json).unwrap();
        std::fs::write(files.path().join(".env"), &dotenv).unwrap();
        if !dotenv.is_empty() {
            coffer(&instance, files.path(), &["import", &store.id, ".env"], b"").await;
        }
        if json != "{}" {
            let import = ["import", &store.id, "-"];
            coffer(&instance, files.path(), &import, json.as_bytes()).await;
        }
        if round == 0 {
            let binding = |index| {
                json!({
                    "name": name(index), "type": "secrets_store_secret",
                    "store_id": store.id, "secret_name": name(index),
                })
            };
            let bindings: Vec<_> = (0..IN_ROUND).map(binding).collect();
            let deployed = api.deploy_worker("reader", WORKER, &json!(bindings)).await;
            deployed.unwrap().success().unwrap();
        }
        read_back(&instance, &values).await;
    }
    assert!(in_env_files > 2_000, "{in_env_files}");
    for round in 0..STDIN_ROUNDS {
        let values: Vec<_> = (0..IN_ROUND).map(|_| value(&random)).collect();
        for (index, value) in values.iter().enumerate() {
            let name = name(index);
            let update = ["update", &store.id, &name];
            // A carriage return before the line feed would be a part of the newline.
            if round % 2 == 0 || value.ends_with('\r') {
                let raw = [&update[..], &["--raw"]].concat();
                coffer(&instance, files.path(), &raw, value.as_bytes()).await;
            } else {
                // As `echo` gives it.
                let line = format!("{value}\n");
                coffer(&instance, files.path(), &update, line.as_bytes()).await;
            }
        }
        read_back(&instance, &values).await;
    }
}
