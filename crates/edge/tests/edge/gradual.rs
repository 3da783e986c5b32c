//! Deploys while requests come without a pause: none fails, and none is answered by a version that nobody
//! deployed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use coffer_protocol::feed::VersionRecord;
use coffer_types::{Percentage, Random, Split, deployment::Share};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::support::{DEADLINE, Plane, Site, Tenant, Worker};

/// Clients that ask all the time.
const CLIENTS: usize = 6;
/// Keys that are asked for to see whether a deployment has been applied: that none of so many falls to a half
/// of the traffic does not happen.
const KEYS: usize = 32;

/// Answers with its version's name and what it reads.
fn says(name: &str) -> String {
    format!(
        "export default {{ async fetch(request, env) {{
            return new Response(['{name}', env.TOKEN, await env.S.get()].join(' '));
        }} }};"
    )
}

/// One request under load.
#[derive(Debug)]
struct Asked {
    began: Instant,
    ended: Instant,
    /// The status and the text, or why there was none.
    answer: Result<(u16, String), String>,
}

/// Which versions may answer from when on, and from when on no other.
#[derive(Debug)]
struct Deployed {
    names: BTreeSet<String>,
    ordered: Instant,
    applied: Instant,
}

/// Clients, each on a connection that it keeps, until told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Vec<Asked>>>,
}

impl Load {
    fn start(site: &Site, host: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let url = format!("http://{}/", site.address);
        let client = |_| {
            let (stop, url, host) = (Arc::clone(&stop), url.clone(), host.to_owned());
            tokio::spawn(async move {
                let client = reqwest::Client::new();
                let mut asked = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let began = Instant::now();
                    let answer = ask(&client, &url, &host).await;
                    asked.push(Asked {
                        began,
                        ended: Instant::now(),
                        answer: answer.map_err(|error| format!("{error:?}")),
                    });
                }
                asked
            })
        };
        Self {
            clients: (0..CLIENTS).map(client).collect(),
            stop,
        }
    }

    async fn end(self) -> Vec<Asked> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        for client in self.clients {
            let asked = client.await.unwrap();
            assert!(!asked.is_empty());
            all.extend(asked);
        }
        all
    }
}

async fn ask(
    client: &reqwest::Client,
    url: &str,
    host: &str,
) -> Result<(u16, String), reqwest::Error> {
    let response = client.get(url).header("host", host).send().await?;
    Ok((response.status().as_u16(), response.text().await?))
}

/// A Worker under load, and what was deployed of it so far.
struct Rollout {
    site: Site,
    worker: Worker,
    history: Vec<Deployed>,
    versions: u32,
}

/// A version and the name that it answers with.
type Named = (String, VersionRecord);

impl Rollout {
    /// The next version, with a per-Worker secret of this value.
    fn version(&mut self, tenant: &Tenant, token: &str) -> Named {
        self.versions += 1;
        let name = format!("v{}", self.versions);
        let mut version = self
            .worker
            .version(&says(&name), vec![tenant.binding("S", "KEY")]);
        self.worker.add_secret(&mut version, "TOKEN", token);
        self.worker.add_version(&version);
        (name, version)
    }

    /// Deploys, and waits until it is so.
    async fn deploy(&mut self, shares: &[(&Named, f64)]) {
        let names: BTreeSet<_> = shares.iter().map(|((name, _), _)| name.clone()).collect();
        let new: Vec<_> = names
            .iter()
            .filter(|name| !self.allowed_last().contains(*name))
            .cloned()
            .collect();
        let share = |((_, version), percent): &(&Named, f64)| Share {
            version_id: version.version_id,
            percentage: Percentage::try_from(*percent).unwrap(),
        };
        let split = Split::try_from(shares.iter().map(share).collect::<Vec<_>>()).unwrap();
        let ordered = Instant::now();
        self.worker.deploy(split);
        let applying = async {
            loop {
                let seen = self.answering().await;
                if seen.is_subset(&names) && new.iter().all(|name| seen.contains(name)) {
                    return;
                }
            }
        };
        tokio::time::timeout(DEADLINE, applying)
            .await
            .expect("the deployment is applied");
        self.history.push(Deployed {
            names,
            ordered,
            applied: Instant::now(),
        });
    }

    fn allowed_last(&self) -> BTreeSet<String> {
        let last = self.history.last();
        last.map(|deployed| deployed.names.clone())
            .unwrap_or_default()
    }

    /// The versions that answer the keys.
    async fn answering(&self) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        for key in 0..KEYS {
            let headers = [("cloudflare-workers-version-key", &*format!("user-{key}"))];
            let host = self.worker.host();
            let answer = self.site.fetch_with(&host, "/", &headers).await;
            assert!(
                answer.status == 200 || self.history.is_empty(),
                "{answer:?}"
            );
            seen.extend(answer.text.split(' ').next().map(str::to_owned));
        }
        seen
    }

    /// Whether a version was deployed at some moment of the request: from the order until the next deployment
    /// was applied.
    fn was_deployed(&self, name: &str, asked: &Asked) -> bool {
        self.history.iter().enumerate().any(|(place, deployed)| {
            let replaced = self.history.get(place + 1).map(|next| next.applied);
            deployed.names.contains(name)
                && deployed.ordered <= asked.ended
                && replaced.is_none_or(|replaced| asked.began <= replaced)
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deploys_rollbacks_and_secret_changes_lose_no_request() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut secret = tenant.add_secret("KEY", "key-0");
    let mut rollout = Rollout {
        worker: tenant.idle_worker("shop"),
        site: Site::start(&plane),
        history: Vec::new(),
        versions: 0,
    };
    let mut stable = rollout.version(&tenant, "token-0");
    rollout.deploy(&[(&stable, 100.0)]).await;

    let load = Load::start(&rollout.site, &rollout.worker.host());
    for round in 1..=5 {
        let next = rollout.version(&tenant, &format!("token-{round}"));
        let never_deployed = rollout.version(&tenant, "token-of-nobody");
        rollout.deploy(&[(&next, 50.0), (&stable, 50.0)]).await;
        rollout.deploy(&[(&next, 100.0)]).await;
        tenant.set_value(&mut secret, &format!("key-{round}"));
        // Back, while the old version's process is being ended, and forward again.
        rollout.deploy(&[(&stable, 100.0)]).await;
        rollout.deploy(&[(&stable, 1.0), (&next, 99.0)]).await;
        rollout.deploy(&[(&next, 100.0)]).await;
        drop(never_deployed);
        stable = next;
    }
    let asked = load.end().await;
    for one in &asked {
        let (status, text) = one.answer.as_ref().expect("every request is answered");
        assert_eq!(*status, 200, "{one:?}");
        let words: Vec<_> = text.split(' ').collect();
        let &[name, token, key] = words.as_slice() else {
            panic!("{one:?}");
        };
        assert!(
            rollout.was_deployed(name, one),
            "{one:?}: {:#?}",
            rollout.history
        );
        assert!(token.starts_with("token-") && token != "token-of-nobody");
        assert!(key.starts_with("key-"));
    }
    rollout.site.stop().await;
}

/// Sends back what comes in over a WebSocket; anything else gets its name.
fn echoes(name: &str) -> String {
    format!(
        "export default {{ fetch(request) {{
            if (request.headers.get('upgrade') !== 'websocket') return new Response('{name}');
            const [client, server] = Object.values(new WebSocketPair());
            server.accept();
            server.addEventListener('message', (event) => server.send('{name} ' + event.data));
            return new Response(null, {{ status: 101, webSocket: client }});
        }} }};"
    )
}

/// A client's end of a WebSocket.
struct Talk(TcpStream);

impl Talk {
    async fn open(site: &Site, host: &str) -> Self {
        let mut talk = Self(TcpStream::connect(site.address).await.unwrap());
        let request = format!(
            "GET / HTTP/1.1\r\nhost: {host}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        talk.0.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(within(talk.0.read_u8()).await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "));
        talk
    }

    /// Says a short text and hears another.
    async fn ask(&mut self, text: &str) -> String {
        // RFC 6455, section 5.2: a final text frame, masked with zeros.
        let length = u8::try_from(text.len()).unwrap() | 0x80;
        let frame = [&[0x81, length, 0, 0, 0, 0], text.as_bytes()].concat();
        self.0.write_all(&frame).await.unwrap();
        assert_eq!(within(self.0.read_u8()).await.unwrap(), 0x81);
        let length = within(self.0.read_u8()).await.unwrap();
        let mut answer = vec![0; length.into()];
        within(self.0.read_exact(&mut answer)).await.unwrap();
        String::from_utf8(answer).unwrap()
    }

    /// Reads until the other side has gone.
    async fn wait_for_end(mut self) {
        let mut rest = Vec::new();
        // A reset is an end, too.
        let _ = within(self.0.read_to_end(&mut rest)).await;
    }
}

async fn within<F: Future>(future: F) -> F::Output {
    let done = tokio::time::timeout(DEADLINE, future).await;
    done.expect("it does not take for ever")
}

/// A Worker with an open WebSocket whose next version is deployed and answers.
async fn replaced_while_open(drain_timeout: Duration) -> (Site, Talk) {
    let plane = Plane::new();
    let mut worker = Tenant::new(&plane, "dev").worker("talk", &echoes("old"), vec![]);
    let site = Site::start_with(&plane, |config| config.drain_timeout = drain_timeout);
    let host = worker.host();
    site.fetch_text(&host, "/", "old").await;
    let mut talk = Talk::open(&site, &host).await;
    assert_eq!(talk.ask("hello").await, "old hello");
    let next = worker.version(&echoes("new"), vec![]);
    worker.add_version(&next);
    worker.deploy(Split::whole(next.version_id));
    site.fetch_text(&host, "/", "new").await;
    (site, talk)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_websocket_goes_on_through_a_deploy() {
    let (mut site, mut talk) = replaced_while_open(DEADLINE).await;
    for text in ["still", "there?"] {
        assert_eq!(talk.ask(text).await, format!("old {text}"));
    }
    drop(talk);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_that_never_closes_is_ended_after_its_time() {
    let (mut site, talk) = replaced_while_open(Duration::from_millis(300)).await;
    talk.wait_for_end().await;
    assert_eq!(site.fetch("talk.dev.localhost", "/").await.text, "new");
    site.stop().await;
}

/// The same bytes each time, so that the division is the same in every run but for where in it the requests
/// begin that are waited with.
struct Same(u8);

impl Random for Same {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_divides_as_deployed() {
    let plane = Plane::new();
    let mut worker = Tenant::new(&plane, "dev").idle_worker("shop");
    let simple =
        |name| format!("export default {{ fetch() {{ return new Response('{name}'); }} }};");
    let (old, new) = (
        worker.version(&simple("old"), vec![]),
        worker.version(&simple("new"), vec![]),
    );
    worker.add_version(&old);
    worker.add_version(&new);
    let share = |version: &VersionRecord, percent| Share {
        version_id: version.version_id,
        percentage: Percentage::try_from(percent).unwrap(),
    };
    let split = vec![share(&new, 10.0), share(&old, 90.0)];
    worker.deploy(Split::try_from(split).unwrap());
    // Any 2000 draws in a row of the first thousands after this beginning are well inside the bound.
    let mut site = Site::start_drawing(&plane, Arc::new(Same(138)));
    let host = worker.host();
    site.fetch_text(&host, "/", "old").await;
    site.fetch_text(&host, "/", "new").await;
    let mut taken = 0;
    for _ in 0..2000 {
        taken += u32::from(site.fetch(&host, "/").await.text == "new");
    }
    // 2000 draws of 10 %: the 99.9 % bound of the binomial distribution, 3.29 standard deviations on either side.
    assert!((156..=244).contains(&taken), "{taken}");
    site.stop().await;
}
