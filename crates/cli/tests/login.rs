//! `coffer login` against a real server, whose dashboard is answered as a browser would.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use coffer_testkit::Instance;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};

/// A machine to sign in.
struct Machine {
    home: TempDir,
}

/// A login that waits for its answer.
struct Waiting {
    child: Child,
    stderr: BufReader<ChildStderr>,
    /// The address of the page to answer at.
    page: String,
}

impl Machine {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        Self { home }
    }

    fn file(&self) -> PathBuf {
        self.home.path().join("config/coffer/credentials.json")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
        command
            .env_clear()
            .env("HOME", self.home.path())
            .env("XDG_CONFIG_HOME", self.home.path().join("config"))
            .current_dir(self.home.path())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    async fn run(&self, arguments: &[&str]) -> (i32, String) {
        told(&self.command(arguments).output().await.unwrap())
    }

    async fn begin(&self, instance: &Instance) -> Waiting {
        let origin = instance.api_origin();
        let mut child = self
            .command(&["login", "--no-browser", "--api-url", &origin])
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).await.unwrap();
        let page = line.trim().strip_prefix("Open ").expect(&line).to_owned();
        Waiting {
            child,
            stderr,
            page,
        }
    }
}

impl Waiting {
    async fn ended(mut self) -> (i32, String) {
        let mut printed = String::new();
        self.stderr.read_to_string(&mut printed).await.unwrap();
        let output = self.child.wait_with_output().await.unwrap();
        let (code, rest) = told(&output);
        (code, printed + &rest)
    }
}

fn told(output: &Output) -> (i32, String) {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(text).unwrap(),
    )
}

/// Answers at the page of a login, as the administrator who is signed in there.
async fn answer(instance: &Instance, page: &str, answer: &str) {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let credentials = instance.credentials();
    let body = json!({ "email": credentials.email, "password": credentials.password });
    let sessions = format!("{}/user/coffer/sessions", instance.api_base_url());
    let signed_in = client.post(sessions).body(body.to_string());
    let signed_in = signed_in.send().await.unwrap();
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let shown = client.get(page).header("cookie", &cookie);
    let html = shown.send().await.unwrap().text().await.unwrap();
    let (_, rest) = html
        .split_once("name=\"form_token\" value=\"")
        .expect(&html);
    let token = rest.split('"').next().unwrap();
    let (place, code) = page.split_once("?code=").unwrap();
    let account = &credentials.account_id;
    let form = format!("form_token={token}&code={code}&answer={answer}&account={account}");
    let answered = client
        .post(place)
        .header("cookie", cookie)
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    assert_eq!(answered.send().await.unwrap().status(), 303);
}

async fn tokens_of_logins(instance: &Instance) -> Vec<Value> {
    let api = instance.api();
    let request = api.request_anywhere(reqwest::Method::GET, "/user/tokens");
    let tokens = api.send(request).await.unwrap();
    let tokens = tokens.result().as_array().unwrap().clone().into_iter();
    let made = |token: &Value| {
        token["name"]
            .as_str()
            .unwrap()
            .starts_with("coffer login on ")
    };
    tokens.filter(made).collect()
}

#[tokio::test]
async fn a_machine_is_signed_in_and_out() {
    let instance = Instance::start().await.unwrap();
    let machine = Machine::new();
    let waiting = machine.begin(&instance).await;
    answer(&instance, &waiting.page, "approve").await;
    let (code, printed) = waiting.ended().await;
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("Signed in to"), "{printed}");
    assert!(!printed.contains("cfr_"), "{printed}");
    let mode = fs::metadata(machine.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let kept = fs::read_to_string(machine.file()).unwrap();
    assert_eq!(kept.matches("cfr_").count(), 1, "one token is kept");

    // Nothing but the file says which server, and as whom.
    let (code, who) = machine.run(&["whoami"]).await;
    assert_eq!(code, 0, "{who}");
    assert!(who.contains("from coffer login") && who.contains(&instance.credentials().email));
    let (code, stores) = machine
        .run(&["secrets-store", "store", "list", "--remote"])
        .await;
    assert_eq!(code, 0, "{stores}");
    assert_eq!(tokens_of_logins(&instance).await.len(), 1);

    // A second login takes the place of the first.
    let waiting = machine.begin(&instance).await;
    answer(&instance, &waiting.page, "approve").await;
    assert_eq!(waiting.ended().await.0, 0);
    assert_eq!(tokens_of_logins(&instance).await.len(), 1);

    // What others may read is not used.
    fs::set_permissions(machine.file(), fs::Permissions::from_mode(0o644)).unwrap();
    let (code, refused) = machine.run(&["whoami"]).await;
    assert_eq!(code, 4, "{refused}");
    assert!(refused.contains("chmod 600"), "{refused}");
    fs::set_permissions(machine.file(), fs::Permissions::from_mode(0o600)).unwrap();

    let (code, printed) = machine.run(&["logout"]).await;
    assert_eq!(code, 0, "{printed}");
    assert!(!fs::read_to_string(machine.file()).unwrap().contains("cfr_"));
    assert_eq!(tokens_of_logins(&instance).await.len(), 0);
    let origin = instance.api_origin();
    let (code, printed) = machine.run(&["whoami", "--api-url", &origin]).await;
    assert_eq!(code, 4, "{printed}");
    let (code, printed) = machine.run(&["logout", "--api-url", &origin]).await;
    assert_eq!((code, printed.contains("There is no login")), (0, true));
}

#[tokio::test]
async fn a_token_that_is_removed_in_the_dashboard_is_denied() {
    let instance = Instance::start().await.unwrap();
    let machine = Machine::new();
    let waiting = machine.begin(&instance).await;
    answer(&instance, &waiting.page, "approve").await;
    assert_eq!(waiting.ended().await.0, 0);
    for token in tokens_of_logins(&instance).await {
        let path = format!("/user/tokens/{}", token["id"].as_str().unwrap());
        let api = instance.api();
        let request = api.request_anywhere(reqwest::Method::DELETE, &path);
        api.send(request).await.unwrap().success().unwrap();
    }
    let (code, printed) = machine.run(&["whoami"]).await;
    assert_eq!(code, 4, "{printed}");
    assert!(printed.contains("coffer login"), "{printed}");
    // There is nothing left to take back.
    assert_eq!(machine.run(&["logout"]).await.0, 0);
}

#[tokio::test]
async fn nothing_is_kept_of_a_login_that_is_denied_interrupted_or_forgotten() {
    let mut instance = Instance::start().await.unwrap();
    let machine = Machine::new();
    let waiting = machine.begin(&instance).await;
    answer(&instance, &waiting.page, "deny").await;
    let (code, printed) = waiting.ended().await;
    assert_eq!(code, 4, "{printed}");
    assert!(printed.contains("denied in the dashboard"), "{printed}");

    let waiting = machine.begin(&instance).await;
    let id = waiting.child.id().unwrap();
    let interrupted = Command::new("kill")
        .args(["-INT", &id.to_string()])
        .status();
    assert!(interrupted.await.unwrap().success());
    let (code, printed) = waiting.ended().await;
    assert_eq!(code, 1, "{printed}");
    assert!(printed.contains("nothing was saved"), "{printed}");

    // A server that is away is asked again; after a restart it knows nothing of who waited.
    let mut waiting = machine.begin(&instance).await;
    instance.terminate().await.unwrap();
    let mut line = String::new();
    while !line.contains("cannot be reached") {
        line.clear();
        assert_ne!(waiting.stderr.read_line(&mut line).await.unwrap(), 0);
    }
    assert!(line.contains("asking again"), "{line}");
    instance.serve().await.unwrap();
    let (code, printed) = waiting.ended().await;
    assert_eq!(code, 4, "{printed}");
    assert!(printed.contains("run `coffer login` again"), "{printed}");
    assert!(!machine.file().exists());
}

#[tokio::test]
async fn without_a_terminal_it_says_how_else() {
    let machine = Machine::new();
    for arguments in [&["login"][..], &["login", "--no-input"]] {
        let (code, printed) = machine.run(arguments).await;
        assert_eq!(code, 2, "{printed}");
        assert!(printed.contains("--no-browser"), "{printed}");
    }
    let nowhere = ["login", "--no-browser", "--api-url", "http://127.0.0.1:1"];
    let (code, printed) = machine.run(&nowhere).await;
    assert_eq!(code, 1, "{printed}");
    assert!(printed.contains("cannot be reached"), "{printed}");
}
