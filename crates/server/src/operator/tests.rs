use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use axum::http::Method;
use coffer_crypto::{PasswordHasher, RootKey, SystemRandom};
use coffer_engine::{Installation, NewInstallation, Operator};
use coffer_types::SystemClock;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::{Door, OperatorApp, OperatorSocket, operator_router, operator_socket_path};

async fn app(directory: &std::path::Path) -> OperatorApp {
    let new = NewInstallation {
        account_name: "Test".to_owned(),
        subdomain: "dev".parse().unwrap(),
        email: "admin@example.com".parse().unwrap(),
    };
    let hasher = PasswordHasher::fast_for_tests(1);
    let (installation, _initialised) = Installation::create(
        directory,
        &RootKey::from_bytes(&[7; 32]).unwrap(),
        &hasher,
        Arc::new(SystemClock),
        Arc::new(SystemRandom),
        new,
    )
    .await
    .unwrap();
    let operator = Operator::new(installation, hasher);
    OperatorApp::new(operator, "https://coffer.example.com/", None)
}

async fn asked(door: &Door, method: Method, path: &str, body: Value) -> (u16, Value) {
    let body = Zeroizing::new(body.to_string().into_bytes());
    let answer = door.ask(method, path, body).await.unwrap();
    let told = serde_json::from_slice(&answer.body).unwrap();
    (answer.status.as_u16(), told)
}

/// What a running server and the directory alone both have to answer.
async fn all_is_answered(door: &Door) {
    let (status, accounts) = asked(door, Method::GET, "/accounts", json!(null)).await;
    assert_eq!((status, &accounts[0]["name"]), (200, &json!("Test")));
    let account = accounts[0]["id"].clone();

    let new = json!({ "email": "b@example.com", "account": account,
        "roles": ["audit_logs_viewer"], "invite": true });
    let (status, invited) = asked(door, Method::POST, "/users", new).await;
    assert_eq!(status, 200, "{invited}");
    let link = invited["invitation_url"].as_str().unwrap();
    assert!(link.starts_with("https://coffer.example.com/invitations/"));
    assert_eq!(invited["password"], json!(null));

    let set = json!({ "email": "admin@example.com", "password": null });
    let (status, set) = asked(door, Method::POST, "/users/password", set).await;
    assert_eq!(status, 200);
    assert_eq!(set["password"].as_str().unwrap().len(), 20);

    let none = json!({ "email": "admin@example.com" });
    let path = "/users/second-factor/remove";
    let (status, told) = asked(door, Method::POST, path, none).await;
    assert_eq!(
        (status, &told["error"]),
        (404, &json!("the user has no second factor"))
    );

    for (path, body, expected) in [
        (
            "/users/password",
            json!({ "email": "x@example.com", "password": null }),
            404,
        ),
        (
            "/users/password",
            json!({ "email": "admin@example.com", "password": "short" }),
            400,
        ),
        (
            "/users/password",
            json!({ "email": "no address", "password": "a quiet secret" }),
            400,
        ),
        (
            "/accounts",
            json!({ "name": "", "subdomain": null, "email": "a@example.com" }),
            400,
        ),
        (
            "/accounts",
            json!({ "name": "A", "subdomain": "dev", "email": "a@example.com" }),
            409,
        ),
        ("/nothing", json!({}), 404),
    ] {
        let (status, told) = asked(door, Method::POST, path, body).await;
        assert_eq!(status, expected, "{path}: {told}");
        let told = told["error"].as_str().unwrap();
        assert!(!told.is_empty() && !told.contains("quiet"), "{told}");
    }
    let (status, _) = asked(door, Method::DELETE, "/accounts", json!(null)).await;
    assert_eq!(status, 405);
}

#[tokio::test]
async fn a_directory_that_nobody_serves_answers_itself() {
    let directory = tempfile::tempdir().unwrap();
    let app = app(directory.path()).await;
    assert!(Door::of_server(directory.path()).await.unwrap().is_none());
    all_is_answered(&Door::here(app)).await;
}

#[tokio::test]
async fn a_server_answers_at_its_socket_however_long_the_path_is() {
    let base = tempfile::tempdir().unwrap();
    let directory = base.path().join("d".repeat(200));
    std::fs::create_dir(&directory).unwrap();
    let app = app(&directory).await;
    // What a crash left is no obstacle.
    std::fs::write(operator_socket_path(&directory), "").unwrap();
    let socket = OperatorSocket::bind(&directory).unwrap();
    let mode = std::fs::metadata(operator_socket_path(&directory)).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    let stop = CancellationToken::new();
    let serving = tokio::spawn(socket.serve(operator_router(app), stop.clone()));

    let door = Door::of_server(&directory).await.unwrap().unwrap();
    all_is_answered(&door).await;
    let (status, told) = asked(&door, Method::GET, "/status", json!(null)).await;
    assert_eq!(status, 200);
    assert_eq!(told["pid"], json!(std::process::id()));
    assert_eq!(told["audit_log_damaged"], json!(false));

    stop.cancel();
    serving.await.unwrap();
    assert!(!operator_socket_path(&directory).exists());
    assert!(Door::of_server(&directory).await.unwrap().is_none());
    let lost = door.ask(Method::GET, "/status", Zeroizing::default()).await;
    assert!(lost.is_err());
}

#[tokio::test]
async fn whoever_the_kernel_calls_another_user_is_not_answered() {
    // Only root can become somebody else; others cannot reach the socket in the first place.
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let app = app(directory.path()).await;
    let socket = OperatorSocket::bind(directory.path()).unwrap();
    // As if an owner had opened it to all.
    let path = operator_socket_path(directory.path());
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o666)).unwrap();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(socket.serve(operator_router(app), stop.clone()));
    let script = "import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n\
        s.sendall(b'GET /status HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n')\nprint(len(s.recv(4096)))";
    let ask = |user: Option<u32>| {
        let mut python = tokio::process::Command::new("python3");
        python.args(["-c", script]).arg(&path);
        if let Some(user) = user {
            python.uid(user).gid(user);
        }
        async move { String::from_utf8(python.output().await.unwrap().stdout).unwrap() }
    };
    assert_ne!(ask(None).await.trim(), "0");
    let other = ask(Some(65_534)).await;
    assert!(matches!(other.trim(), "0" | ""), "{other}");
    stop.cancel();
    serving.await.unwrap();
}
