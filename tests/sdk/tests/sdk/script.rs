//! Running a script on its SDK.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use coffer_testkit::Instance;
use serde_json::Value;
use tokio::process::Command;

/// Longer than any script takes on a loaded machine.
const DEADLINE: Duration = Duration::from_secs(240);

/// An official SDK.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sdk {
    /// `cloudflare` of PyPI.
    Python,
    /// `cloudflare` of npm.
    TypeScript,
}

impl Sdk {
    /// Runs this SDK's script of an area against an instance, as its administrator, and returns the summary
    /// that it printed.
    pub(crate) async fn run(self, area: &str, instance: &Instance) -> Value {
        let credentials = instance.credentials();
        let mut command = self.command(area);
        command
            .env("COFFER_API_BASE_URL", instance.api_base_url())
            .env("COFFER_ACCOUNT_ID", &credentials.account_id)
            .env("COFFER_EMAIL", &credentials.email)
            .env("COFFER_API_TOKEN", &credentials.api_token)
            .env("COFFER_GLOBAL_API_KEY", &credentials.global_api_key);
        let printed = run(&format!("{self:?} {area}"), command).await;
        let summary = String::from_utf8_lossy(&printed.stdout);
        serde_json::from_str(&summary)
            .unwrap_or_else(|error| panic!("{self:?} {area}: {error}: {summary}"))
    }

    fn command(self, area: &str) -> Command {
        match self {
            Self::Python => {
                let mut command = plain(&package().join(".venv/bin/python"));
                // Compiled code of the scripts would be litter beside them. The SDK warns of calls that Cloudflare
                // would rather have replaced; they are driven all the same.
                command.args(["-B", "-W", "ignore::DeprecationWarning"]);
                command.arg(format!("python/{area}.py"));
                command
            }
            Self::TypeScript => {
                let mut command = node();
                command.arg(format!("typescript/{area}.ts"));
                command
            }
        }
    }
}

/// The Node.js of this package.
pub(crate) fn node() -> Command {
    let packages = package().join("node_modules");
    let mut command = plain(&packages.join(".bin/node"));
    // The SDK is compiled once for all scripts.
    command.env("NODE_COMPILE_CACHE", packages.join(".cache/node"));
    command
}

/// Runs a command to its successful end. A failure is told by a name, for the environment holds credentials.
pub(crate) async fn run(name: &str, mut command: Command) -> Output {
    let running = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let ended = tokio::time::timeout(DEADLINE, running).await;
    let output = ended
        .expect("the script ends")
        .expect("`make test` installs what the scripts need in tests/sdk");
    assert!(
        output.status.success(),
        "{name}: {}\n--- stdout:\n{}\n--- stderr:\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    output
}

/// A program in this package's directory, with nothing of the test's own environment.
fn plain(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().current_dir(package());
    command
}

fn package() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
