//! Under a service manager: told how the server is, and handed listeners that outlive the process.

use std::ffi::OsString;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use coffer_testkit::{Instance, Settings, process, wait};
use rustix::process::Signal;
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Inherited descriptors are parked above those that a shell uses itself.
const PARKING: i32 = 100;

/// What a service manager would be told.
struct Told {
    socket: UnixDatagram,
    _directory: TempDir,
}

impl Told {
    fn listen() -> (Self, Vec<(OsString, OsString)>) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        let told = Self {
            socket,
            _directory: directory,
        };
        (told, vec![("NOTIFY_SOCKET".into(), path.into())])
    }

    /// Waits for the message that has this line.
    fn until(&self, line: &str) -> String {
        let mut buffer = [0; 1024];
        loop {
            let length = self.socket.recv(&mut buffer).expect(line);
            let message = String::from_utf8(buffer[..length].to_vec()).unwrap();
            if message.lines().any(|other| other == line) {
                return message;
            }
        }
    }
}

#[tokio::test]
async fn the_service_manager_is_told() {
    let (told, mut environment) = Told::listen();
    environment.push(("WATCHDOG_USEC".into(), "200000".into()));
    let settings = Settings {
        environment,
        ..Settings::default()
    };
    let mut instance = Instance::start_with(settings).await.unwrap();
    let ready = told.until("READY=1");
    assert!(ready.contains("STATUS=api=http://127.0.0.1:"), "{ready}");
    told.until("WATCHDOG=1");
    told.until("WATCHDOG=1");
    process::signal(instance.pid().unwrap(), Signal::HUP).unwrap();
    let reloading = told.until("RELOADING=1");
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    told.until("READY=1");
    let status = instance.terminate().await.unwrap();
    assert_eq!(status.code(), Some(0), "{}", instance.output());
    told.until("STOPPING=1");
}

/// A server that was handed its listeners.
struct Served {
    child: Child,
}

/// The API's listener and the Workers'.
struct Handed {
    descriptors: [OwnedFd; 2],
    api: SocketAddr,
    workers: SocketAddr,
}

impl Handed {
    fn new() -> Self {
        let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [api, workers] = [&listeners[0], &listeners[1]].map(|one| one.local_addr().unwrap());
        let descriptors = listeners.map(|listener| {
            let parked = rustix::io::fcntl_dupfd_cloexec(&listener, PARKING).unwrap();
            rustix::io::fcntl_setfd(&parked, rustix::io::FdFlags::empty()).unwrap();
            parked
        });
        Self {
            descriptors,
            api,
            workers,
        }
    }

    /// Serves the instance's directory with them and waits until it is ready.
    async fn serve(&self, instance: &Instance) -> Served {
        let [api, workers] = [&self.descriptors[0], &self.descriptors[1]].map(AsRawFd::as_raw_fd);
        let own = instance.command().unwrap();
        let own = own.as_std();
        let script = format!(
            "exec 3<&{api} 4<&{workers} {api}<&- {workers}<&-; export LISTEN_PID=$$; exec \"$@\""
        );
        let mut command = Command::new("bash");
        command
            .args(["--norc", "-c", &script, "bash"])
            .arg(own.get_program())
            .args(["serve", "--data"])
            .arg(instance.data_dir())
            .env_clear()
            .envs(
                own.get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .env("LISTEN_FDS", "2")
            .env("LISTEN_FDNAMES", "api:workers")
            .current_dir(own.get_current_dir().map_or_else(PathBuf::new, Into::into))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.next_line().await.unwrap().unwrap_or_default();
        assert_eq!(
            ready,
            format!(
                "ready api=http://{} workers=http://localhost:{}",
                self.api,
                self.workers.port()
            )
        );
        Served { child }
    }
}

impl Served {
    async fn end(mut self) {
        process::signal(self.child.id().unwrap(), Signal::TERM).unwrap();
        assert_eq!(self.child.wait().await.unwrap().code(), Some(0));
    }
}

/// Asks again and again, each time by a new connection.
struct Clients {
    stop: Arc<AtomicBool>,
    answered: [Arc<AtomicU32>; 2],
    failures: Arc<Mutex<Vec<String>>>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Clients {
    fn start(places: [(SocketAddr, String); 2]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let answered = [(); 2].map(|()| Arc::new(AtomicU32::new(0)));
        let failures = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for ((address, request), answered) in places.into_iter().zip(&answered) {
            for _ in 0..3 {
                let (stop, answered, failures) = (stop.clone(), answered.clone(), failures.clone());
                let request = request.clone();
                tasks.push(tokio::spawn(async move {
                    while !stop.load(Ordering::Relaxed) {
                        match asked(address, &request).await {
                            Ok(answer) if answer.starts_with("HTTP/1.1 200 ") => {
                                answered.fetch_add(1, Ordering::Relaxed);
                            }
                            Ok(other) => failures.lock().unwrap().push(other),
                            Err(error) => failures.lock().unwrap().push(error.to_string()),
                        }
                    }
                }));
            }
        }
        Self {
            stop,
            answered,
            failures,
            tasks,
        }
    }

    /// Waits until each place answered so many requests more.
    async fn served(&self, more: u32) {
        let wanted = self
            .answered
            .each_ref()
            .map(|one| one.load(Ordering::Relaxed) + more);
        wait::until("clients to be answered", async || {
            let now = self
                .answered
                .each_ref()
                .map(|one| one.load(Ordering::Relaxed));
            let all = now.iter().zip(&wanted).all(|(now, wanted)| now >= wanted);
            let failures = self.failures.lock().unwrap().len();
            (all || failures > 0)
                .then_some(())
                .ok_or(format!("{now:?} of {wanted:?}"))
        })
        .await
        .unwrap();
    }

    async fn end(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
        self.failures.lock().unwrap().clone()
    }
}

async fn asked(address: SocketAddr, request: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_listeners_that_outlive_it_a_restart_refuses_no_connection() {
    let mut instance = Instance::start().await.unwrap();
    let code = "export default { fetch: () => new Response('here') };";
    let deployed = instance
        .api()
        .deploy_worker("steady", code, &json!([]))
        .await;
    deployed.unwrap().success().unwrap();
    instance.terminate().await.unwrap();

    let handed = Handed::new();
    let request = |host: &str, path: &str| {
        format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")
    };
    let host = format!("steady.dev.localhost:{}", handed.workers.port());
    let mut served = handed.serve(&instance).await;
    let clients = Clients::start([
        (handed.api, request("localhost", "/healthz")),
        (handed.workers, request(&host, "/")),
    ]);
    for _ in 0..3 {
        clients.served(20).await;
        served.end().await;
        served = handed.serve(&instance).await;
    }
    clients.served(20).await;
    let failures = clients.end().await;
    assert!(failures.is_empty(), "{failures:?}");
    served.end().await;
}

#[tokio::test]
async fn what_is_handed_over_and_is_no_listener_is_refused() {
    let instance = Instance::initialise(Settings::default()).await.unwrap();
    let own = instance.command().unwrap();
    let own = own.as_std();
    let told = async |count: &str, redirections: &str| {
        let script = format!("exec {redirections}; export LISTEN_PID=$$; exec \"$@\"");
        let answer = Command::new("bash")
            .args(["--norc", "-c", &script, "bash"])
            .arg(own.get_program())
            .args(["serve", "--data"])
            .arg(instance.data_dir())
            .env("LISTEN_FDS", count)
            .current_dir(own.get_current_dir().map_or_else(PathBuf::new, Into::into))
            .kill_on_drop(true)
            .output()
            .await
            .unwrap();
        let said = String::from_utf8(answer.stderr).unwrap();
        (answer.status.code(), said)
    };
    let (code, said) = told("1", "3</dev/null").await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("take over the API's listener"), "{said}");
    let (code, said) = told("3", "3</dev/null 4</dev/null 5</dev/null").await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("3 listening sockets"), "{said}");
}
