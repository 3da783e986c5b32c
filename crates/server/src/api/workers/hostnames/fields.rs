//! Host names and patterns as requests name them, checked against what is the installation's own.

use coffer_engine::{Error, Invalid, Problem, WantedHost};
use coffer_types::hostname::is_at_or_below;
use coffer_types::{HostPattern, Hostname, RoutePattern};
use serde::Deserialize;

use crate::app::App;

/// A host name as clients send it. Zones are not looked at but for whether their name fits: there are none.
#[derive(Debug, Deserialize)]
pub(super) struct Origin {
    hostname: String,
    zone_name: Option<String>,
    enabled: Option<bool>,
    previews_enabled: Option<bool>,
}

impl Origin {
    /// The host name, or what is wrong with it. `at` is where the request has it.
    pub(super) fn parsed(&self, app: &App, at: &str) -> Result<WantedHost, Invalid> {
        let pointer = format!("{at}/hostname");
        let refused = |pointer: &str, problem| Invalid {
            pointer: pointer.to_owned(),
            problem,
        };
        let host: Hostname = self
            .hostname
            .parse()
            .map_err(|error| refused(&pointer, Problem::Hostname(error)))?;
        let one = HostPattern::One(host.clone());
        check_own(app, &one).map_err(|problem| refused(&pointer, problem))?;
        let zone = self.zone_name.as_deref();
        check_zone(&host, zone).map_err(|problem| refused(&format!("{at}/zone_name"), problem))?;
        if self.previews_enabled == Some(true) {
            let rule = "versions have preview addresses below the Workers' domain, and none at custom domains; leave \
                        previews_enabled false";
            let pointer = format!("{at}/previews_enabled");
            return Err(refused(&pointer, Problem::NotOffered(rule)));
        }
        Ok(WantedHost {
            host,
            enabled: self.enabled,
            pointer,
        })
    }
}

/// Refuses what is not for custom domains and routes: the Workers' own domain and the server's own host.
///
/// # Errors
/// What is wrong with the hosts.
pub(super) fn check_own(app: &App, hosts: &HostPattern) -> Result<(), Problem> {
    let base = hosts.base();
    if base.is_at_or_below(&app.workers_url.domain.to_ascii_lowercase()) {
        let rule =
            "names at and below the Workers' domain are the Workers' own: choose a name elsewhere";
        return Err(Problem::Host(rule.to_owned()));
    }
    // Cookies of a host count at each of its ports.
    if host_of(&app.public_url).is_some_and(|own| hosts.matches(&own)) {
        let rule = "the name is this server's own, or stands for it, too: choose another";
        return Err(Problem::Host(rule.to_owned()));
    }
    Ok(())
}

/// Refuses a zone that the host is not in.
///
/// # Errors
/// What is wrong with the zone's name.
pub(super) fn check_zone(host: &Hostname, zone_name: Option<&str>) -> Result<(), Problem> {
    match zone_name {
        Some(zone) if !is_at_or_below(host.as_str(), &zone.to_ascii_lowercase()) => {
            let rule =
                "the host is not in the zone of this name: name the domain that it is in, or none";
            Err(Problem::Host(rule.to_owned()))
        }
        _ => Ok(()),
    }
}

/// All that were parsed, without a repetition, or all that is wrong. The second part of each is where it is.
///
/// # Errors
/// [`Error::Invalid`].
pub(super) fn whole<T, K: Ord>(
    parsed: Vec<Result<T, Invalid>>,
    key: impl Fn(&T) -> (K, &str),
) -> Result<Vec<T>, Error> {
    let mut seen = std::collections::BTreeSet::new();
    let (mut whole, mut problems) = (Vec::with_capacity(parsed.len()), Vec::new());
    for one in parsed {
        match one {
            Err(problem) => problems.push(problem),
            Ok(one) => {
                let (key, pointer) = key(&one);
                if seen.insert(key) {
                    whole.push(one);
                } else {
                    let rule = "this is in the request twice: leave one of the two away";
                    problems.push(Invalid {
                        pointer: pointer.to_owned(),
                        problem: Problem::Host(rule.to_owned()),
                    });
                }
            }
        }
    }
    if problems.is_empty() {
        Ok(whole)
    } else {
        Err(Error::Invalid(problems))
    }
}

/// Refuses more than there can be.
///
/// # Errors
/// [`Error::Invalid`].
pub(super) fn check_count(pointer: &str, count: usize, limit: u32) -> Result<(), Error> {
    if u32::try_from(count).is_ok_and(|count| count <= limit) {
        return Ok(());
    }
    let rule = format!("send at most {limit} at once");
    Err(Error::invalid(pointer, Problem::Host(rule)))
}

/// A route as clients send it.
#[derive(Debug, Deserialize)]
pub(super) struct AskedRoute {
    pattern: String,
    zone_name: Option<String>,
}

impl AskedRoute {
    /// The pattern and where the request has it, or what is wrong with it.
    pub(super) fn parsed(&self, app: &App, at: &str) -> Result<(RoutePattern, String), Invalid> {
        let pointer = format!("{at}/pattern");
        let refused = |pointer: &str, problem| Invalid {
            pointer: pointer.to_owned(),
            problem,
        };
        let pattern: RoutePattern = self
            .pattern
            .parse()
            .map_err(|error| refused(&pointer, Problem::Route(error)))?;
        check_own(app, pattern.host()).map_err(|problem| refused(&pointer, problem))?;
        check_zone(pattern.host().base(), self.zone_name.as_deref())
            .map_err(|problem| refused(&format!("{at}/zone_name"), problem))?;
        Ok((pattern, pointer))
    }
}

/// The host in an address such as `https://coffer.example.com:8443`, lower-case.
fn host_of(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    Some(host.to_ascii_lowercase())
}
