//! `coffer secrets-store` in place of `wrangler secrets-store`: the same lines, typed literally, and the same state
//! after them.

use std::path::Path;
use std::process::Stdio;

use coffer_testkit::Instance;
use coffer_testkit::instance::binary;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::client::Wrangler;
use crate::store::Store;

/// A directory with `coffer`, `npx` and `wrangler`, to be the first of `PATH`.
struct Commands(tempfile::TempDir);

impl Commands {
    fn new(wrangler: &Wrangler) -> Self {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let directory = tempfile::tempdir().unwrap();
        symlink(binary().unwrap(), directory.path().join("coffer")).unwrap();
        let npx = directory.path().join("npx");
        std::fs::write(&npx, wrangler.as_npx()).unwrap();
        std::fs::set_permissions(&npx, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self(directory)
    }

    fn path(&self) -> String {
        let path = std::env::var_os("PATH").unwrap();
        format!("{}:{}", self.0.path().display(), path.display())
    }
}

/// Runs a line in a shell that has what Wrangler's has, and gives what it printed.
async fn typed(wrangler: &Wrangler, commands: &Commands, home: &Path, line: &str) -> String {
    let mut shell: Command = wrangler.shell(home);
    let output = shell
        .env("PATH", commands.path())
        .args(["-eu", "-o", "pipefail", "-c", line])
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let printed = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{line}\n{printed}");
    printed
}

/// The lines of the guide that have `npx wrangler secrets-store`, with `coffer` in place of `npx wrangler`.
fn documented() -> Vec<String> {
    let guide = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/guide/secrets-store.md"
    ))
    .unwrap();
    guide
        .lines()
        .filter(|line| line.contains("npx wrangler secrets-store"))
        .map(|line| line.trim().replace("npx wrangler", "coffer"))
        .collect()
}

#[tokio::test]
async fn documented_lines_work_with_coffer_in_place_of_wrangler() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let commands = Commands::new(&wrangler);
    let home = tempfile::tempdir().unwrap();
    let lines = documented();
    assert!(lines.len() >= 9, "{lines:#?}");
    let mut store_id = String::new();
    let mut secret_id = String::new();
    for line in lines {
        if line.contains("secret create") && !secret_id.is_empty() {
            // The same secret, made in another way.
            let delete = format!(
                "coffer secrets-store secret delete {store_id} --secret-id {secret_id} --remote"
            );
            typed(&wrangler, &commands, home.path(), &delete).await;
        }
        let set = format!("STORE_ID={store_id} SECRET_ID={secret_id} VALUE=sk_live_1; ");
        // What a person types at the prompt comes on stdin here.
        let typed_value = if line.contains('|') || !line.contains("secret create") {
            ""
        } else {
            "echo sk_live_1 | "
        };
        typed(
            &wrangler,
            &commands,
            home.path(),
            &format!("{set}{typed_value}{line}"),
        )
        .await;
        let api = instance.api();
        if line.contains("store create") {
            let stores = api.get("/secrets_store/stores").await.unwrap();
            store_id = stores.result()[0]["id"].as_str().unwrap().to_owned();
        }
        if line.contains("secret create") {
            let path = format!("/secrets_store/stores/{store_id}/secrets?search=STRIPE_KEY");
            let secrets = api.get(&path).await.unwrap();
            secret_id = secrets.result()[0]["id"].as_str().unwrap().to_owned();
        }
    }
}

/// A life of stores and secrets; `RUN` is the command, `SECRET` the id of STRIPE_KEY.
const LIFE: [&str; 11] = [
    "RUN store create dev --remote",
    "RUN store list --remote",
    r#"printf 'sk "first" $one\n' | RUN secret create STORE --name STRIPE_KEY --scopes workers --comment billing --remote"#,
    "RUN secret create STORE --name GIVEN --value given --scopes workers,ai_gateway --remote",
    "printf 'sk_second' | RUN secret update STORE --secret-id SECRET --remote",
    "RUN secret update STORE --secret-id SECRET --comment payments --remote < /dev/null",
    "RUN secret update STORE --secret-id SECRET --scopes workers,dex --remote < /dev/null",
    "printf 'sk_third' | RUN secret update STORE --secret-id SECRET --comment both --remote",
    "RUN secret duplicate STORE --secret-id SECRET --name COPY --scopes workers --comment copied --remote",
    "RUN secret list STORE --page 1 --per-page 2 --remote",
    "RUN secret get STORE --secret-id SECRET --remote",
];

/// What is there after a life: what differs by chance and time is left out, values are told by comparing them.
async fn lived(wrangler: &Wrangler, commands: &Commands, instance: &Instance, run: &str) -> Value {
    let home = tempfile::tempdir().unwrap();
    let api = instance.api();
    let (mut store, mut secret) = (String::new(), String::new());
    for line in LIFE {
        let line = line
            .replace("RUN", run)
            .replace("STORE", &store)
            // The name of the secret stays.
            .replace("--secret-id SECRET", &format!("--secret-id {secret}"));
        typed(wrangler, commands, home.path(), &line).await;
        if store.is_empty() {
            let stores = api.get("/secrets_store/stores").await.unwrap();
            store = stores.result()[0]["id"].as_str().unwrap().to_owned();
        } else if secret.is_empty() {
            let path = format!("/secrets_store/stores/{store}/secrets?search=STRIPE_KEY");
            let secrets = api.get(&path).await.unwrap();
            let id = secrets.result()[0]["id"].as_str();
            secret = id.unwrap_or_default().to_owned();
        }
    }
    let path = format!("/secrets_store/stores/{store}/secrets?order=name&direction=asc");
    let mut secrets = api.get(&path).await.unwrap().result().clone();
    for one in secrets.as_array_mut().unwrap() {
        let one = one.as_object_mut().unwrap();
        for by_chance in ["id", "store_id", "created", "modified", "status"] {
            one.remove(by_chance);
        }
    }
    let values = json!([
        { "name": "COPY", "value": "sk_third" },
        { "name": "GIVEN", "value": "given" },
        { "name": "STRIPE_KEY", "value": "sk_third" },
    ]);
    let compared = api
        .post(&format!("/coffer/stores/{store}/compare"), &values)
        .await
        .unwrap();
    let delete = format!("/secrets_store/stores/{store}?force=true");
    api.delete(&delete).await.unwrap().success().unwrap();
    json!({ "secrets": secrets, "compared": compared.result() })
}

#[tokio::test]
async fn the_same_commands_leave_the_same_state() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let commands = Commands::new(&wrangler);
    let by_wrangler = lived(
        &wrangler,
        &commands,
        &instance,
        "npx wrangler secrets-store",
    )
    .await;
    let by_coffer = lived(&wrangler, &commands, &instance, "coffer secrets-store").await;
    assert_eq!(by_wrangler, by_coffer);
    let secrets = by_coffer["secrets"].as_array().unwrap();
    assert_eq!(secrets.len(), 3);
    assert_eq!(secrets[2]["comment"], "both");
    let compared = by_coffer["compared"].as_array().unwrap();
    assert!(
        compared.iter().all(|one| one["state"] == "same"),
        "{compared:?}"
    );
}

/// A value as both clients read it from stdin.
#[tokio::test]
async fn both_read_the_same_value_from_stdin() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let commands = Commands::new(&wrangler);
    let home = tempfile::tempdir().unwrap();
    let store = Store::create(&instance).await;
    let value = "p$word \\\"q'u`\u{1f511}é\n\nlast";
    std::fs::write(home.path().join("value"), format!("{value}\n")).unwrap();
    for (name, run) in [("BY_WRANGLER", "npx wrangler"), ("BY_COFFER", "coffer")] {
        let line = format!(
            "{run} secrets-store secret create {} --name {name} --scopes workers --remote < value",
            store.id
        );
        typed(&wrangler, &commands, home.path(), &line).await;
    }
    let body = json!([
        { "name": "BY_WRANGLER", "value": value }, { "name": "BY_COFFER", "value": value },
    ]);
    let path = format!("/coffer/stores/{}/compare", store.id);
    let compared = instance.api().post(&path, &body).await.unwrap();
    let compared = compared.success().unwrap();
    let states: Vec<_> = compared.result().as_array().unwrap().iter().collect();
    assert!(
        states.iter().all(|one| one["state"] == "same"),
        "{states:?}"
    );
}
