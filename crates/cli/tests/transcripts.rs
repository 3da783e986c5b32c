//! What people type and what they read, as in `cmd`: each file is a session in a directory of its own.
//!
//! To add one: a `.trycmd` file with its commands, a directory beside it that ends in `.out` (with `.keep` in it) so that
//! its commands share a directory, and `TRYCMD=overwrite` to fill in what they print. What differs from run to run is
//! `[..]`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::Path;
use std::time::Duration;

use coffer_testkit::Instance;
use trycmd::TestCases;

/// Longer than any command takes on a loaded machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// What would lead a command elsewhere.
const UNSET: [&str; 13] = [
    "CLOUDFLARE_ACCOUNT_ID",
    "CLOUDFLARE_API_BASE_URL",
    "CLOUDFLARE_API_KEY",
    "CLOUDFLARE_API_TOKEN",
    "CLOUDFLARE_EMAIL",
    "CLOUDFLARE_ENV",
    "COFFER_ACCOUNT_ID",
    "COFFER_API_TOKEN",
    "COFFER_API_URL",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "http_proxy",
    "https_proxy",
];

/// Cases with nothing of this machine's in them.
fn cases(home: &Path) -> TestCases {
    let cases = TestCases::new();
    let binaries = Path::new(env!("CARGO_BIN_EXE_coffer")).parent().unwrap();
    for name in UNSET {
        cases.env(name, "");
    }
    cases
        .timeout(DEADLINE)
        .env("NO_COLOR", "1")
        .env("HOME", home.display().to_string())
        .env("XDG_CONFIG_HOME", home.join("config").display().to_string())
        .env("PATH", format!("{}:/usr/bin:/bin", binaries.display()))
        .register_bin("coffer", Path::new(env!("CARGO_BIN_EXE_coffer")))
        .register_bin("sh", Path::new("/bin/sh"));
    cases
}

/// Sessions against one server, one after another: each leaves it as it found it.
async fn remote(file: &'static str) {
    let instance = Instance::start().await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let credentials = instance.credentials();
    let cases = cases(home.path());
    cases
        .case(file)
        .env("COFFER_API_URL", instance.api_base_url())
        .env("COFFER_ACCOUNT_ID", &credentials.account_id)
        .env("COFFER_API_TOKEN", &credentials.api_token)
        .insert_var(
            "[SERVER]",
            instance.api_base_url().replace("/client/v4", ""),
        )
        .unwrap()
        .insert_var("[ACCOUNT]", credentials.account_id.clone())
        .unwrap();
    tokio::task::spawn_blocking(move || cases.run())
        .await
        .unwrap();
}

#[test]
fn secrets_store_of_a_project() {
    let home = tempfile::tempdir().unwrap();
    cases(home.path())
        .case("tests/cmd/secrets_store/local*.trycmd")
        .run();
}

#[test]
fn keys_and_backups_of_a_data_directory() {
    let home = tempfile::tempdir().unwrap();
    cases(home.path())
        .case("tests/cmd/operating/*.trycmd")
        .run();
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_store_of_a_server() {
    remote("tests/cmd/secrets_store/remote.trycmd").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_of_a_server() {
    remote("tests/cmd/workers/remote.trycmd").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_server() {
    remote("tests/cmd/pages/remote.trycmd").await;
}
