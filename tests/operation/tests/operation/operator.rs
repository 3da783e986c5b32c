//! The operator's commands, on a running server and on the directory of a stopped one.

use std::os::unix::fs::PermissionsExt;

use coffer_testkit::{Instance, process};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

/// Runs a command on the instance's directory: its exit code, and what it printed.
async fn run(instance: &Instance, arguments: &[&str]) -> (Option<i32>, Value, String) {
    run_with(instance, arguments, "").await
}

async fn run_with(
    instance: &Instance,
    arguments: &[&str],
    input: &str,
) -> (Option<i32>, Value, String) {
    let mut child = instance
        .command()
        .unwrap()
        .args(arguments)
        .arg("--json")
        .arg("--data")
        .arg(instance.data_dir())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that reads nothing may have ended before.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let answer = child.wait_with_output().await.unwrap();
    let told = serde_json::from_slice(&answer.stdout).unwrap_or_default();
    let said = String::from_utf8(answer.stderr).unwrap();
    (answer.status.code(), told, said)
}

async fn signs_in(instance: &Instance, email: &str, password: &str) -> bool {
    let answer = reqwest::Client::new()
        .post(format!("{}/user/coffer/sessions", instance.api_base_url()))
        .json(&json!({ "email": email, "password": password }))
        .send()
        .await
        .unwrap();
    answer.status().is_success()
}

#[tokio::test]
async fn accounts_users_and_limits_are_operated_while_the_server_runs() {
    let instance = Instance::start().await.unwrap();
    let store = instance
        .api()
        .post("/secrets_store/stores", &json!({ "name": "dev" }))
        .await;
    let store = store.unwrap().success().unwrap();
    let secrets = format!(
        "/secrets_store/stores/{}/secrets",
        store.result()["id"].as_str().unwrap()
    );

    // What the server remembers of an account is forgotten with the change.
    let (code, told, said) = run(&instance, &["admin", "limits", "--secrets", "0"]).await;
    assert_eq!(
        (code, &told[0]["limits"]["secrets"]),
        (Some(0), &json!(0)),
        "{said}"
    );
    let secret = json!([{ "name": "A", "value": "quiet", "scopes": ["workers"] }]);
    let refused = instance.api().post(&secrets, &secret).await.unwrap();
    assert!(refused.status >= 400, "{refused:?}");
    run(&instance, &["admin", "limits", "--secrets", "5"]).await;
    instance
        .api()
        .post(&secrets, &secret)
        .await
        .unwrap()
        .success()
        .unwrap();

    let create = [
        "admin",
        "account",
        "create",
        "Second",
        "--email",
        "ada@example.com",
    ];
    let (code, made, said) = run(&instance, &create).await;
    assert_eq!(code, Some(0), "{said}");
    let password = made["password"].as_str().unwrap().to_owned();
    assert!(signs_in(&instance, "ada@example.com", &password).await);

    let another = "a password of another kind";
    let set = ["admin", "user", "set-password", "ada@example.com"];
    let (code, told, said) = run_with(&instance, &set, another).await;
    assert_eq!(
        (code, &told["sessions_ended"]),
        (Some(0), &json!(1)),
        "{said}"
    );
    assert!(!signs_in(&instance, "ada@example.com", &password).await);
    assert!(signs_in(&instance, "ada@example.com", another).await);
    let (code, _, said) = run_with(&instance, &set, "quiet one").await;
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("12 characters") && !said.contains("quiet"),
        "{said}"
    );

    for (arguments, expected) in [
        (
            vec![
                "admin",
                "user",
                "set-password",
                "nobody@example.com",
                "--generate",
            ],
            3,
        ),
        (
            vec!["admin", "user", "remove-second-factor", "ada@example.com"],
            3,
        ),
        (
            vec![
                "admin",
                "account",
                "create",
                "Third",
                "--subdomain",
                "dev",
                "--email",
                "a@b",
            ],
            5,
        ),
        (
            vec![
                "admin",
                "user",
                "create",
                "ada@example.com",
                "--role",
                "nothing",
            ],
            2,
        ),
        // There are two accounts now.
        (vec!["admin", "limits", "--secrets", "1"], 2),
    ] {
        let (code, _, said) = run(&instance, &arguments).await;
        assert_eq!(code, Some(expected), "{arguments:?}: {said}");
        assert!(!said.is_empty());
    }
    for secret in [password.as_str(), another] {
        assert!(!instance.output().contains(secret));
    }
}

#[tokio::test]
async fn the_same_is_told_of_a_stopped_server() {
    let mut instance = Instance::start().await.unwrap();
    let commands: [&[&str]; 3] = [
        &["admin", "accounts"],
        &["admin", "account", "list"],
        &["admin", "user", "list"],
    ];
    let mut running = Vec::new();
    for arguments in commands {
        running.push(run(&instance, arguments).await);
    }
    instance.terminate().await.unwrap();
    assert!(!instance.data_dir().join("operator.sock").exists());
    for (arguments, running) in commands.iter().zip(running) {
        let stopped = run(&instance, arguments).await;
        assert_eq!((running.0, &running.1), (stopped.0, &stopped.1));
    }
    // What a killed server leaves is no server.
    instance.serve().await.unwrap();
    process::signal(instance.pid().unwrap(), rustix::process::Signal::KILL).unwrap();
    drop(instance.kill().await);
    assert!(instance.data_dir().join("operator.sock").exists());
    let (code, told, said) = run(&instance, &["admin", "accounts"]).await;
    assert_eq!(
        (code, told.as_array().map(Vec::len)),
        (Some(0), Some(1)),
        "{said}"
    );
    instance.serve().await.unwrap();
    let (code, _, said) = run(&instance, &["admin", "accounts"]).await;
    assert_eq!(code, Some(0), "{said}");
}

#[tokio::test]
async fn the_doctor_finds_what_is_wrong_and_says_what_to_do() {
    let mut instance = Instance::start().await.unwrap();
    let outcome = |told: &Value, check: &str| {
        let findings = told.as_array().unwrap();
        let found = findings.iter().find(|one| one["check"] == check);
        found.map(|one| one["outcome"].as_str().unwrap().to_owned())
    };
    let (code, told, said) = run(&instance, &["doctor"]).await;
    assert_eq!(code, Some(0), "{said}\n{told}");
    for check in [
        "server",
        "database",
        "audit log",
        "root key",
        "workerd",
        "Workers",
    ] {
        assert_eq!(
            outcome(&told, check).as_deref(),
            Some("ok"),
            "{check}: {told}"
        );
    }
    instance.terminate().await.unwrap();

    let data = instance.data_dir();
    let mode = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    };
    mode(&data, 0o755);
    mode(&data.join("root.key"), 0o644);
    let (code, told, said) = run(&instance, &["doctor", "--workerd", "/nowhere/workerd"]).await;
    assert_eq!(code, Some(1), "{told}");
    assert!(said.contains("checks failed"), "{said}");
    for check in ["data directory", "root key", "workerd"] {
        assert_eq!(
            outcome(&told, check).as_deref(),
            Some("fail"),
            "{check}: {told}"
        );
    }
    for finding in told.as_array().unwrap() {
        let is_well = finding["outcome"] == "ok";
        assert_eq!(finding["advice"].is_null(), is_well, "{finding}");
    }
    mode(&data, 0o700);
    mode(&data.join("root.key"), 0o400);

    // A program where the server would listen.
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let held = (held.local_addr().unwrap().to_string(), held);
    let (_, told, _) = run(&instance, &["doctor", "--listen", &held.0]).await;
    assert_eq!(
        outcome(&told, "API address").as_deref(),
        Some("fail"),
        "{told}"
    );
    let (_, told, _) = run(&instance, &["doctor", "--listen", "127.0.0.1:0"]).await;
    assert_eq!(
        outcome(&told, "API address").as_deref(),
        Some("ok"),
        "{told}"
    );

    // A configuration that is wrong.
    let file = data.join("wrong.toml");
    std::fs::write(&file, "listn = 1\n").unwrap();
    let config = file.display().to_string();
    let (code, told, _) = run(&instance, &["doctor", "--config", &config]).await;
    assert_eq!(code, Some(1));
    assert!(
        told[0]["found"].as_str().unwrap().contains("line 1"),
        "{told}"
    );
}
