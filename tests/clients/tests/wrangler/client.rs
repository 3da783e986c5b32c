//! Wrangler as a user has it: the npm package on the Node.js that it needs, with the three exported variables; and
//! `coffer` in its place, with the same.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use coffer_testkit::{Credentials, Instance};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// Longer than any command takes on a loaded machine.
const DEADLINE: Duration = Duration::from_secs(120);

/// Wrangler, or `coffer` in its place, logged in to one instance.
pub(crate) struct Wrangler {
    program: Program,
    home: TempDir,
    environment: Vec<(&'static str, String)>,
}

/// What is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    /// The npm package as it is named among this package's dependencies.
    Package(&'static str),
    /// `coffer`, as cargo built it.
    Coffer,
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub(crate) struct Printed {
    command: String,
    succeeded: bool,
    code: Option<i32>,
    /// Both streams, stdout first.
    pub(crate) text: String,
    /// What a script would read.
    pub(crate) stdout: String,
}

impl Wrangler {
    /// With the account's API token, as `coffer serve` prints it.
    pub(crate) fn of(instance: &Instance) -> Self {
        let credentials = instance.credentials();
        let token = credentials.api_token.clone();
        Self::with(instance, credentials, vec![("CLOUDFLARE_API_TOKEN", token)])
    }

    /// An older release, which is installed under this name.
    pub(crate) fn installed_as(mut self, package: &'static str) -> Self {
        self.program = Program::Package(package);
        self
    }

    /// `coffer` in the place of Wrangler: the same commands, the same environment.
    pub(crate) fn or_rather_coffer(mut self) -> Self {
        self.program = Program::Coffer;
        self
    }

    /// Logged in nowhere: for what is done on this machine alone.
    pub(crate) fn alone() -> Self {
        Self {
            program: Program::Package("wrangler"),
            home: tempfile::tempdir().unwrap(),
            environment: Vec::new(),
        }
    }

    /// With the user's e-mail address and global API key.
    pub(crate) fn with_global_key(instance: &Instance) -> Self {
        let credentials = instance.credentials();
        let proof = vec![
            ("CLOUDFLARE_EMAIL", credentials.email.clone()),
            ("CLOUDFLARE_API_KEY", credentials.global_api_key.clone()),
        ];
        Self::with(instance, credentials, proof)
    }

    /// With this token, whatever it is.
    pub(crate) fn with_token(instance: &Instance, token: &str) -> Self {
        let proof = vec![("CLOUDFLARE_API_TOKEN", token.to_owned())];
        Self::with(instance, instance.credentials(), proof)
    }

    fn with(
        instance: &Instance,
        credentials: &Credentials,
        proof: Vec<(&'static str, String)>,
    ) -> Self {
        let mut environment = proof;
        environment.push(("CLOUDFLARE_API_BASE_URL", instance.api_base_url()));
        environment.push(("CLOUDFLARE_ACCOUNT_ID", credentials.account_id.clone()));
        Self {
            program: Program::Package("wrangler"),
            home: tempfile::tempdir().unwrap(),
            environment,
        }
    }

    /// Runs a command that reads nothing, outside any project.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Printed {
        self.run_in(self.home.path(), arguments, "").await
    }

    /// Runs a command with its standard input, outside any project.
    pub(crate) async fn run_with(&self, arguments: &[&str], input: &str) -> Printed {
        self.run_in(self.home.path(), arguments, input).await
    }

    /// Runs a command in a directory, with its standard input.
    pub(crate) async fn run_in(
        &self,
        directory: &Path,
        arguments: &[&str],
        input: &str,
    ) -> Printed {
        let mut child = self
            .command(directory)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect(
                "node and wrangler are installed by `npm ci` in tests/clients, coffer by cargo",
            );
        let mut stdin = child.stdin.take().unwrap();
        // A command that does not read its input closes it.
        drop(stdin.write_all(input.as_bytes()).await);
        drop(stdin);
        let output = tokio::time::timeout(DEADLINE, child.wait_with_output())
            .await
            .expect("wrangler ends")
            .unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        Printed {
            command: format!("{:?} {}", self.program, arguments.join(" ")),
            succeeded: output.status.success(),
            code: output.status.code(),
            text: plain(&format!(
                "{stdout}{}",
                String::from_utf8_lossy(&output.stderr)
            )),
            stdout,
        }
    }

    /// A shell in a directory, with the environment that Wrangler has.
    pub(crate) fn shell(&self, directory: &Path) -> Command {
        self.in_environment(Command::new("bash"), directory)
    }

    /// A script that does what `npx` does when it is given `wrangler` and arguments.
    pub(crate) fn as_npx(&self) -> String {
        let packages = package().join("node_modules");
        let packages = packages.display();
        format!(
            "#!/bin/sh\nshift\nexec {packages}/.bin/node {packages}/wrangler/bin/wrangler.js \"$@\"\n"
        )
    }

    /// Wrangler itself, to be given arguments, in a directory.
    pub(crate) fn command(&self, directory: &Path) -> Command {
        let packages = package().join("node_modules");
        let command = match self.program {
            Program::Package(name) => {
                let mut command = Command::new(packages.join(".bin/node"));
                command.arg(packages.join(name).join("bin/wrangler.js"));
                command
            }
            Program::Coffer => Command::new(coffer_testkit::instance::binary().unwrap()),
        };
        self.in_environment(command, directory)
    }

    fn in_environment(&self, mut command: Command, directory: &Path) -> Command {
        let packages = package().join("node_modules");
        command
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .envs(self.environment.iter().map(|(name, value)| (*name, value)))
            .env("HOME", self.home.path())
            .env("XDG_CONFIG_HOME", self.home.path().join("config"))
            .env("CI", "1")
            .env("NO_COLOR", "1")
            .env("FORCE_COLOR", "0")
            .env("WRANGLER_SEND_METRICS", "false")
            .env("WRANGLER_HIDE_BANNER", "true")
            // Older releases ask for newer ones all the same: nobody answers here.
            .env("npm_config_registry", "http://127.0.0.1:1/")
            // Compiled once for all commands of all tests.
            .env("NODE_COMPILE_CACHE", packages.join(".cache/node"))
            .current_dir(directory);
        command
    }
}

impl Printed {
    /// The same, if the command ended with 0.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert!(self.succeeded, "{} failed:\n{}", self.command, self.text);
        self
    }

    /// The same, if the command ended with something else.
    #[track_caller]
    pub(crate) fn failed(self) -> Self {
        assert!(
            !self.succeeded,
            "{} succeeded:\n{}",
            self.command, self.text
        );
        self
    }

    /// The same, if the command ended with this exit code.
    #[track_caller]
    pub(crate) fn ended_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}:\n{}", self.command, self.text);
        self
    }

    /// The same, if every text was printed.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(
                self.text.contains(text),
                "{} did not say {text:?}:\n{}",
                self.command,
                self.text
            );
        }
        self
    }

    /// The same, if the text was printed nowhere.
    #[track_caller]
    pub(crate) fn never_says(self, text: &str) -> Self {
        assert!(
            !self.text.contains(text),
            "{} said {text:?}:\n{}",
            self.command,
            self.text
        );
        self
    }

    /// The row of a printed table that contains the text, as its cells.
    #[track_caller]
    pub(crate) fn row(&self, text: &str) -> Vec<&str> {
        let row = self
            .text
            .lines()
            .find(|line| line.contains('│') && line.contains(text));
        let row = row.unwrap_or_else(|| panic!("no row with {text:?}:\n{}", self.text));
        row.split('│')
            .map(str::trim)
            .filter(|cell| !cell.is_empty())
            .collect()
    }

    /// What follows a text, up to white space or a closing parenthesis.
    #[track_caller]
    pub(crate) fn after(&self, text: &str) -> &str {
        let rest = self.text.split_once(text);
        let (_, rest) = rest.unwrap_or_else(|| panic!("no {text:?}:\n{}", self.text));
        rest.trim_start()
            .split(|end: char| end.is_whitespace() || end == ')')
            .next()
            .unwrap_or_default()
    }
}

/// The text without the colours that error messages have even where `NO_COLOR` is set.
fn plain(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| {
        plain + part.split_once('m').map_or(part, |(_, rest)| rest)
    })
}

/// This package, where npm puts Wrangler and Node.js.
fn package() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
