//! The modules of Node.js that the runtime brings.

use super::Recipe;

/// From this compatibility date on, `nodejs_compat` means all of them, and by names without `node:`, too.
const SECOND_SINCE: &str = "2024-09-23";

/// The modules that may be named without `node:`.
pub(super) const NAMES: [&str; 44] = [
    "assert",
    "async_hooks",
    "buffer",
    "child_process",
    "cluster",
    "console",
    "constants",
    "crypto",
    "dgram",
    "diagnostics_channel",
    "dns",
    "domain",
    "events",
    "fs",
    "http",
    "http2",
    "https",
    "inspector",
    "module",
    "net",
    "os",
    "path",
    "perf_hooks",
    "process",
    "punycode",
    "querystring",
    "readline",
    "repl",
    "stream",
    "string_decoder",
    "sys",
    "timers",
    "tls",
    "trace_events",
    "tty",
    "url",
    "util",
    "v8",
    "vm",
    "wasi",
    "worker_threads",
    "zlib",
    "_http_agent",
    "_tls_common",
];

/// How much of Node.js code may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeCompatibility {
    /// Nothing, but for what single flags allow.
    None,
    /// By `node:` names.
    First,
    /// By names without `node:`, too.
    Second,
}

impl NodeCompatibility {
    pub(super) fn of(recipe: &Recipe) -> Self {
        let has = |name: &str| recipe.compatibility_flags.iter().any(|flag| flag == name);
        let date = recipe.compatibility_date.as_deref().unwrap_or_default();
        if has("nodejs_compat_v2") {
            Self::Second
        } else if !has("nodejs_compat") {
            Self::None
        } else if date >= SECOND_SINCE && !has("no_nodejs_compat_v2") {
            Self::Second
        } else {
            Self::First
        }
    }
}
