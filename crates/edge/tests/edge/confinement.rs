//! What a Worker's process can reach, and what it is given.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};

use crate::support::{Plane, Site, Tenant, until};

/// The addresses of this machine's interfaces that are not of the public network: its loopback ones, and those
/// by which its neighbours reach it.
fn own_private_addresses() -> Vec<IpAddr> {
    let table = std::fs::read_to_string("/proc/net/fib_trie").unwrap();
    let lines: Vec<&str> = table.lines().map(str::trim).collect();
    let local = lines.windows(2).filter(|pair| pair[1] == "/32 host LOCAL");
    let version_4 = local.filter_map(|pair| pair[0].strip_prefix("|-- ")?.parse::<Ipv4Addr>().ok());
    let is_private = |address: &Ipv4Addr| {
        let shared = address.octets()[0] == 100 && address.octets()[1] & 0xc0 == 64;
        address.is_private()
            || address.is_loopback()
            || address.is_link_local()
            || address.is_documentation()
            || shared
    };
    // Absent where the protocol is off. Link-local ones need an interface's name beside them.
    let table = std::fs::read_to_string("/proc/net/if_inet6").unwrap_or_default();
    let version_6 = table.lines().filter_map(|line| {
        let number = u128::from_str_radix(line.split_whitespace().next()?, 16).ok()?;
        Some(Ipv6Addr::from(number))
    });
    let found: BTreeSet<IpAddr> = version_4
        .filter(is_private)
        .map(IpAddr::V4)
        .chain(
            version_6
                .filter(|address| address.is_loopback() || address.is_unique_local())
                .map(IpAddr::V6),
        )
        .collect();
    assert!(!found.is_empty(), "not even loopback");
    found.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn private_addresses_are_out_of_reach() {
    // Every address of this machine, on both protocols where it has both.
    let listener = TcpListener::bind("[::]:0").or_else(|_| TcpListener::bind("0.0.0.0:0"));
    let listener = listener.unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let own = own_private_addresses();
    for address in &own {
        // It is there to be reached: only the sandbox keeps a Worker from it.
        TcpStream::connect((*address, port)).unwrap();
        until("the connection is here", || listener.accept().is_ok()).await;
    }
    let own: Vec<String> = own
        .iter()
        .map(|address| match address {
            IpAddr::V4(address) => format!("\"{address}\", \"[::ffff:{address}]\""),
            IpAddr::V6(address) => format!("\"[{address}]\""),
        })
        .collect();
    let code = r#"
import { connect } from "cloudflare:sockets";
import net from "node:net";
const HOSTS = ["127.0.0.1", "127.1", "127.0.0.1.", "0177.0.0.1", "0x7f.1", "2130706433", "0", "0.0.0.0",
  "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "localhost", "localhost.",
  "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "169.254.169.254", "[fe80::1]", "[fd00::1]",
  "[fd00:ec2::254]", "metadata.google.internal", "169.254.170.2", "255.255.255.255", "224.0.0.1",
  OWN];
const within = (promise) => Promise.race([promise, scheduler.wait(3000).then(() => { throw "late"; })]);
export default { async fetch(request) {
  const port = new URL(request.url).searchParams.get("port");
  const reached = [];
  await Promise.all(HOSTS.flatMap((host) => [
    within(fetch(`http://${host}:${port}/`)).then(() => reached.push("fetch " + host), () => {}),
    within((async () => { await connect(`${host}:${port}`).opened; })()).then(() => reached.push("connect " + host), () => {}),
    within(new Promise((done, fail) => {
      const socket = net.connect(+port, host.replace(/[\[\]]/g, ""));
      socket.on("connect", done); socket.on("error", fail);
    })).then(() => reached.push("node:net " + host), () => {}),
  ]));
  return Response.json(reached);
} };"#;
    let plane = Plane::new();
    let worker =
        Tenant::new(&plane, "dev").worker("shop", &code.replace("OWN", &own.join(", ")), vec![]);
    let site = Site::start(&plane);
    // The gateway itself is another server on this machine.
    for port in [port, site.address.port()] {
        let path = format!("/?port={port}");
        let answer = site
            .fetch_until(&worker.host(), &path, |answer| answer.status != 404)
            .await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "[]"));
    }
    assert!(listener.accept().is_err(), "somebody connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_has_its_limits_and_nothing_of_ours() {
    let plane = Plane::new();
    let worker = Tenant::new(&plane, "dev").worker(
        "shop",
        "export default { fetch() { return new Response('hello'); } };",
        vec![],
    );
    // Files that any child would inherit.
    let directory = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(directory.path().join("ours")).unwrap();
    rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty()).unwrap();
    let second = rustix::io::dup(&file).unwrap();
    let site = Site::start(&plane);
    site.fetch_text(&worker.host(), "/", "hello").await;
    let [pid] = site.processes()[..] else {
        panic!("{:?}", site.processes());
    };
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let limit = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        let values: Vec<_> = line[name.len()..].split_whitespace().collect();
        [values[0].to_owned(), values[1].to_owned()]
    };
    assert_eq!(limit("Max core file size"), ["0", "0"]);
    let data = u64::from(site.runtime.data_megabytes) << 20;
    assert_eq!(limit("Max data size"), [data.to_string(), data.to_string()]);
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    assert!(status.contains("NoNewPrivs:\t1\n"), "{status}");
    for (number, target) in descriptors(pid) {
        // Its streams, its control pipe and its two listeners; beyond them only what it opened itself, which
        // is no regular file and nothing that we have too. A root directory is what its file system begins at.
        let given = number <= 5;
        let ours = descriptors(std::process::id()).iter().any(|(_, own)| {
            *own == target && (own.starts_with("socket:") || own.starts_with("pipe:"))
        });
        assert!(given || !ours, "{number} is {target}");
        assert!(!target.ends_with("/ours"), "{number} is {target}");
        let is_file = std::fs::metadata(format!("/proc/{pid}/fd/{number}"))
            .is_ok_and(|metadata| metadata.is_file());
        assert!(!is_file, "{number} is {target}");
    }
    drop((file, second));
}

/// The open descriptors of a process and what they are.
fn descriptors(pid: u32) -> Vec<(u32, String)> {
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let described = entries.flatten().filter_map(|entry| {
        let number = entry.file_name().to_str()?.parse().ok()?;
        // One that was closed since is no more.
        let target = std::fs::read_link(entry.path()).ok()?;
        Some((number, target.to_string_lossy().into_owned()))
    });
    described.collect()
}
