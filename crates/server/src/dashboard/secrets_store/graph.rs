//! Where a secret is used, drawn: the secret, the Workers that bind it, and the versions of each.

use coffer_protocol::usage::{SecretUsage, VersionUsage, WorkerUsage};

/// Workers that are drawn; more are only listed.
const MAX_WORKERS: usize = 20;
/// Versions of a Worker that are drawn: the deployed ones, then the newest.
const MAX_VERSIONS: usize = 3;
/// Characters of a name that a box has room for.
const NAME_CHARS: usize = 23;

const ROW: u32 = 40;
const BOX_HEIGHT: u32 = 32;
const SECRET_WIDTH: u32 = 200;
const WORKERS_LEFT: u32 = 272;
const WORKER_WIDTH: u32 = 200;
const VERSIONS_LEFT: u32 = 544;
const VERSION_WIDTH: u32 = 144;

/// A drawing, in units of pixels.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
    pub(super) summary: String,
}

/// A box with a name in it.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    /// What fits.
    pub(super) label: String,
    /// All of it.
    pub(super) title: String,
    pub(super) kind: &'static str,
}

/// A line from the right of one box to the left of another.
#[derive(Debug)]
pub(super) struct Edge {
    pub(super) path: String,
    /// Whether it carries traffic.
    pub(super) live: bool,
}

impl Graph {
    /// The drawing; `None` if no Worker binds the secret, or more do than can be drawn.
    pub(super) fn of(usage: &SecretUsage) -> Option<Self> {
        let bound: Vec<&WorkerUsage> = usage.workers.iter().filter(|one| one.bound).collect();
        if bound.is_empty() || bound.len() > MAX_WORKERS {
            return None;
        }
        let mut graph = Self {
            width: VERSIONS_LEFT + VERSION_WIDTH,
            height: 0,
            nodes: Vec::new(),
            edges: Vec::new(),
            summary: summary(&bound),
        };
        let rows: u32 = bound.iter().map(|worker| rows_of(worker)).sum();
        graph.height = rows * ROW;
        let secret_y = middle(0, rows);
        let mut row = 0;
        for worker in bound {
            graph.add_worker(worker, row, secret_y);
            row += rows_of(worker);
        }
        let name = usage.name.as_str();
        graph.add_node(0, secret_y, SECRET_WIDTH, name, "secret");
        Some(graph)
    }

    fn add_worker(&mut self, worker: &WorkerUsage, row: u32, secret_y: u32) {
        let y = middle(row, rows_of(worker));
        let name = name_of(worker);
        let kind = if worker.deployed { "live" } else { "idle" };
        self.add_edge(SECRET_WIDTH, secret_y, WORKERS_LEFT, y, worker.deployed);
        self.add_node(WORKERS_LEFT, y, WORKER_WIDTH, &name, kind);
        for (index, version) in (0..).zip(drawn(worker)) {
            let version_y = middle(row + index, 1);
            let kind = if version.deployed { "live" } else { "idle" };
            let from = WORKERS_LEFT + WORKER_WIDTH;
            self.add_edge(from, y, VERSIONS_LEFT, version_y, version.deployed);
            let label = version_label(worker, version);
            self.add_node(VERSIONS_LEFT, version_y, VERSION_WIDTH, &label, kind);
        }
        let left_out = left_out(worker);
        if left_out > 0 {
            let y = middle(row + rows_of(worker) - 1, 1);
            let label = format!("and {left_out} more");
            self.add_node(VERSIONS_LEFT, y, VERSION_WIDTH, &label, "rest");
        }
    }

    fn add_node(&mut self, x: u32, middle: u32, width: u32, title: &str, kind: &'static str) {
        self.nodes.push(Node {
            x,
            y: middle - BOX_HEIGHT / 2,
            width,
            height: BOX_HEIGHT,
            label: shortened(title),
            title: title.to_owned(),
            kind,
        });
    }

    fn add_edge(&mut self, from_x: u32, from_y: u32, to_x: u32, to_y: u32, live: bool) {
        let bend = u32::midpoint(from_x, to_x);
        self.edges.push(Edge {
            path: format!("M{from_x} {from_y}C{bend} {from_y} {bend} {to_y} {to_x} {to_y}"),
            live,
        });
    }
}

/// A Worker's name, or its id if it is gone.
pub(super) fn name_of(worker: &WorkerUsage) -> String {
    worker
        .worker_name
        .as_ref()
        .map_or_else(|| worker.worker_id.to_string(), ToString::to_string)
}

/// A version's number, and its share of the traffic.
pub(super) fn version_label(worker: &WorkerUsage, version: &VersionUsage) -> String {
    let shares = worker.deployment.iter().flat_map(|one| &one.versions);
    let share = shares.into_iter().find(|one| one.version_id == version.id);
    match share {
        Some(share) => {
            let percent = f64::from(share.percentage.hundredths()) / 100.0;
            format!("Version {} · {percent}%", version.number)
        }
        None => format!("Version {}", version.number),
    }
}

fn summary(bound: &[&WorkerUsage]) -> String {
    let deployed = bound.iter().filter(|worker| worker.deployed).count();
    let workers = if bound.len() == 1 {
        "Worker"
    } else {
        "Workers"
    };
    format!(
        "{} {workers} bound to the secret, {deployed} of them deployed; the table below has the same",
        bound.len()
    )
}

/// The versions that are drawn, the deployed ones first.
fn drawn(worker: &WorkerUsage) -> Vec<&VersionUsage> {
    let mut versions: Vec<_> = worker.versions.iter().collect();
    versions.sort_by_key(|version| !version.deployed);
    versions.truncate(MAX_VERSIONS);
    versions
}

fn left_out(worker: &WorkerUsage) -> u32 {
    let drawn = u32::try_from(drawn(worker).len()).unwrap_or(u32::MAX);
    worker.version_count.saturating_sub(drawn)
}

fn rows_of(worker: &WorkerUsage) -> u32 {
    let drawn = u32::try_from(drawn(worker).len()).unwrap_or(u32::MAX);
    (drawn + u32::from(left_out(worker) > 0)).max(1)
}

/// The middle of a run of rows.
const fn middle(first: u32, rows: u32) -> u32 {
    first * ROW + rows * ROW / 2
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= NAME_CHARS {
        return text.to_owned();
    }
    let beginning: String = text.chars().take(NAME_CHARS - 1).collect();
    format!("{beginning}…")
}

#[cfg(test)]
mod tests {
    use coffer_types::{SecretId, StoreId, VersionId, WorkerId};

    use super::*;

    fn worker(number: u8, versions: u32) -> WorkerUsage {
        WorkerUsage {
            worker_id: WorkerId::from_bytes([number; 16]),
            worker_name: format!("{}-{number}", "w".repeat(40)).parse().ok(),
            bound: true,
            deployed: true,
            version_count: versions,
            versions: (1..=versions)
                .rev()
                .map(|number| VersionUsage {
                    id: VersionId::random(&coffer_crypto::SystemRandom),
                    number,
                    created_on: coffer_types::Timestamp::from_micros(0),
                    bindings: Vec::new(),
                    deployed: number == 1,
                })
                .collect(),
            deployment: None,
            reads: None,
        }
    }

    fn usage(workers: Vec<WorkerUsage>) -> SecretUsage {
        SecretUsage {
            secret_id: SecretId::from_bytes([1; 16]),
            store_id: StoreId::from_bytes([1; 16]),
            name: "KEY".parse().unwrap(),
            workers,
            truncated: false,
        }
    }

    #[test]
    fn every_box_has_room_and_none_lies_on_another() {
        let graph = Graph::of(&usage(vec![worker(1, 1), worker(2, 9), worker(3, 3)])).unwrap();
        // The secret, three Workers, 1 + 3 + 3 versions and what is left out of the second Worker's.
        assert_eq!(graph.nodes.len(), 1 + 3 + 7 + 1);
        assert_eq!(graph.edges.len(), 3 + 7);
        assert!(graph.nodes.iter().any(|node| node.title == "and 6 more"));
        for (index, node) in graph.nodes.iter().enumerate() {
            assert!(node.x + node.width <= graph.width && node.y + node.height <= graph.height);
            assert!(node.label.chars().count() <= NAME_CHARS);
            let apart = |other: &Node| other.x != node.x || other.y.abs_diff(node.y) >= ROW;
            assert!(graph.nodes.iter().skip(index + 1).all(apart));
        }
        // The deployed version is drawn, though it is the oldest.
        assert_eq!(
            graph
                .nodes
                .iter()
                .filter(|node| node.title == "Version 1")
                .count(),
            3
        );
    }

    #[test]
    fn too_many_and_none_are_not_drawn() {
        assert!(Graph::of(&usage(Vec::new())).is_none());
        assert!(Graph::of(&usage((0..20).map(|n| worker(n, 1)).collect())).is_some());
        assert!(Graph::of(&usage((0..21).map(|n| worker(n, 1)).collect())).is_none());
    }
}
