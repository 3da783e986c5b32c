//! Requests at hosts of the Workers' own choice: routes first, the most specific before the others, then whole hosts.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use coffer_types::hostname::is_at_or_below;
use coffer_types::{HostPattern, Hostname, RoutePattern};

/// What answers at which of the further hosts. `T` is a Worker.
#[derive(Debug)]
pub(super) struct Hosts<T> {
    // Nothing at or below it is a further host, whatever a pattern says: Workers have those by their names.
    domain: String,
    hosts: HashMap<String, Arc<T>>,
    // By the host that they name.
    routes: HashMap<String, Vec<Route<T>>>,
    // By the name below which hosts are meant.
    wildcards: HashMap<String, Vec<Route<T>>>,
}

#[derive(Debug)]
struct Route<T> {
    pattern: RoutePattern,
    target: Arc<T>,
}

impl<T> Default for Hosts<T> {
    fn default() -> Self {
        Self::beside("")
    }
}

impl<T> Hosts<T> {
    /// None yet, beside the Workers' own below this domain.
    pub(super) fn beside(domain: &str) -> Self {
        Self {
            domain: domain.to_owned(),
            hosts: HashMap::new(),
            routes: HashMap::new(),
            wildcards: HashMap::new(),
        }
    }

    /// Gives a Worker these hosts and routes.
    pub(super) fn add(&mut self, hosts: &[Hostname], routes: &[RoutePattern], target: &Arc<T>) {
        for host in hosts {
            self.hosts
                .insert(host.as_str().to_owned(), Arc::clone(target));
        }
        for pattern in routes {
            let host = pattern.host();
            let routes = if host.is_wildcard() {
                &mut self.wildcards
            } else {
                &mut self.routes
            };
            let routes = routes.entry(host.base().as_str().to_owned()).or_default();
            routes.push(Route {
                pattern: pattern.clone(),
                target: Arc::clone(target),
            });
        }
    }

    /// Puts what is more specific first, once all are added.
    pub(super) fn sort(&mut self) {
        let lists = self.routes.values_mut().chain(self.wildcards.values_mut());
        for routes in lists {
            routes.sort_by_key(|route| {
                let pattern = &route.pattern;
                let at_too = matches!(pattern.host(), HostPattern::AtAndBelow(_));
                (at_too, pattern.path_order())
            });
        }
    }

    /// What answers a request for this path and query at this host.
    pub(super) fn find(&self, host: &str, target: &str) -> Option<&T> {
        let nothing = self.hosts.is_empty() && self.routes.is_empty() && self.wildcards.is_empty();
        if nothing || is_at_or_below(host, &self.domain) {
            return None;
        }
        self.routed(host, target)
            .or_else(|| self.hosts.get(host).map(AsRef::as_ref))
    }

    fn routed(&self, host: &str, target: &str) -> Option<&T> {
        if self.routes.is_empty() && self.wildcards.is_empty() {
            return None;
        }
        let target = resolved(target);
        if let Some(found) = first(self.routes.get(host), host, &target) {
            return Some(found);
        }
        if self.wildcards.is_empty() {
            return None;
        }
        let parents = std::iter::successors(Some(host), |name| Some(name.split_once('.')?.1));
        parents
            .filter_map(|parent| first(self.wildcards.get(parent), host, &target))
            .next()
    }
}

/// What the first of these routes that match leads to.
fn first<'r, T>(routes: Option<&'r Vec<Route<T>>>, host: &str, target: &str) -> Option<&'r T> {
    let mut routes = routes?.iter();
    let found = routes
        .find(|route| route.pattern.host().matches(host) && route.pattern.matches_target(target));
    found.map(|route| &*route.target)
}

/// The path as the Worker will read it, with `.` and `..` resolved, so that no detour leads past a route. Most paths
/// have none and stay where they are.
fn resolved(target: &str) -> Cow<'_, str> {
    let end = target.find('?').unwrap_or(target.len());
    let (path, query) = target.split_at(end);
    let is_dot = |segment: &str| matches_dots(segment, 1) || matches_dots(segment, 2);
    if !path.contains('\\') && !path.split('/').any(is_dot) {
        return Cow::Borrowed(target);
    }
    let path = path.replace('\\', "/");
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        if matches_dots(segment, 2) {
            kept.pop();
        } else if !matches_dots(segment, 1) {
            kept.push(segment);
            continue;
        }
        if is_last {
            kept.push("");
        }
    }
    Cow::Owned(format!("/{}{query}", kept.join("/")))
}

/// Whether a segment of a path is this many dots, each as it is or percent-encoded.
fn matches_dots(segment: &str, count: usize) -> bool {
    let mut rest = segment;
    for _ in 0..count {
        rest = match rest.as_bytes() {
            [b'.', ..] => &rest[1..],
            [b'%', b'2', b'e' | b'E', ..] => &rest[3..],
            _ => return false,
        };
    }
    rest.is_empty()
}
