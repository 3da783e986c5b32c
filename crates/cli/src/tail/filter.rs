//! What of a Worker's events is wanted, as the API takes it.

use serde_json::{Value, json};

use super::{FilterFlags, Status};
use crate::failure::Failure;

/// The filters that the flags ask for; all must hold.
///
/// # Errors
/// A usage error for a rate that is none.
pub(super) fn of(tail: &FilterFlags) -> Result<Vec<Value>, Failure> {
    let mut filters = Vec::new();
    if let Some(rate) = tail.sampling_rate {
        if !(rate > 0.0 && rate <= 1.0) {
            return Err(Failure::usage(format!(
                "--sampling-rate must be above 0 and at most 1, not {rate}"
            )));
        }
        filters.push(json!({ "sampling_rate": rate }));
    }
    if !tail.status.is_empty() {
        let outcomes: Vec<_> = tail.status.iter().copied().flat_map(outcomes).collect();
        filters.push(json!({ "outcome": outcomes }));
    }
    if !tail.method.is_empty() {
        let methods: Vec<_> = tail
            .method
            .iter()
            .map(|method| method.to_uppercase())
            .collect();
        filters.push(json!({ "method": methods }));
    }
    if let Some(header) = &tail.header {
        filters.push(match header.split_once(':') {
            Some((key, value)) => json!({ "header": { "key": key.trim(), "query": value.trim() } }),
            None => json!({ "header": { "key": header.trim() } }),
        });
    }
    if !tail.ip.is_empty() {
        let addresses: Vec<_> = tail.ip.iter().map(|address| &address.0).collect();
        filters.push(json!({ "client_ip": addresses }));
    }
    if let Some(text) = &tail.search {
        filters.push(json!({ "query": text }));
    }
    if let Some(version) = tail.version_id {
        filters.push(json!({ "scriptVersion": version }));
    }
    Ok(filters)
}

/// Every outcome that a status stands for.
fn outcomes(status: Status) -> &'static [&'static str] {
    match status {
        Status::Ok => &["ok"],
        Status::Error => &["exception", "exceededCpu", "exceededMemory", "unknown"],
        Status::Canceled => &["canceled"],
    }
}
