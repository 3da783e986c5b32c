//! Running a scenario.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use coffer_testkit::instance::binary;
use coffer_testkit::{Canary, Instance, SeededRandom, Settings};
use tokio::process::Command;

/// Longer than any scenario takes on a loaded machine.
const DEADLINE: Duration = Duration::from_secs(400);

/// Runs `specs/{name}.mjs` against a new server to its successful end. No output of the server, and no file of its
/// data, holds the values that the scenario gave its secrets.
pub(crate) async fn run(name: &str) {
    run_with(name, &[]).await;
}

/// As [`run`], with further arguments of `coffer serve`.
pub(crate) async fn run_with(name: &str, arguments: &[&str]) {
    let settings = Settings {
        arguments: arguments.iter().map(Into::into).collect(),
        ..Settings::default()
    };
    let instance = Instance::start_with(settings).await.unwrap();
    let canary = Canary::new(&SeededRandom::new(u64::from(instance.workers_port())));
    let mark = canary.value().split(' ').find(|word| word.len() > 60);
    let packages = package().join("node_modules");
    let mut command = Command::new(packages.join(".bin/node"));
    let credentials = instance.credentials();
    command
        .env_clear()
        .envs(std::env::var_os("CHROMIUM").map(|path| ("CHROMIUM", path)))
        .env("NODE_COMPILE_CACHE", packages.join(".cache/node"))
        // Cookies that only travel encrypted are kept for this host name also without encryption.
        .env(
            "COFFER_ORIGIN",
            instance.api_origin().replace("127.0.0.1", "localhost"),
        )
        .env("COFFER_WORKERS_PORT", instance.workers_port().to_string())
        .env("COFFER_ACCOUNT_ID", &credentials.account_id)
        .env("COFFER_EMAIL", &credentials.email)
        .env("COFFER_PASSWORD", &credentials.password)
        .env("COFFER_API_TOKEN", &credentials.api_token)
        .env("COFFER_MARK", mark.unwrap())
        .env("COFFER_BINARY", binary().unwrap())
        .env("COFFER_DATA", instance.data_dir())
        .arg(format!("specs/{name}.mjs"))
        .current_dir(package())
        .stdin(Stdio::null());
    let running = command.kill_on_drop(true).output();
    let ended = tokio::time::timeout(DEADLINE, running).await;
    let output = ended
        .expect("the scenario ends")
        .expect("`make test` installs what the scenarios need in tests/browser");
    assert!(
        output.status.success(),
        "{name}: {}\n--- stdout:\n{}\n--- stderr:\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    let printed = canary.leak(instance.output().as_bytes(), "the server's output");
    assert_eq!(printed, None);
    assert_eq!(canary.find_in_files(&instance.data_dir()).unwrap(), []);
}

fn package() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
