//! The keys of a configuration file: which are read, which an environment takes over from the top level, and which
//! belong to what Coffer does not run.

/// How a key of the top level counts for an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// An environment that does not say otherwise takes it over.
    Inherited,
    /// Each environment says it for itself.
    Own,
    /// It stands at the top level alone, and counts for all.
    Top,
}

/// What is done with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// It is read.
    Read,
    /// It is accepted, and changes nothing here.
    Nothing,
    /// It belongs to something that Coffer does not run.
    Unsupported,
    /// It is of earlier versions; with what is to be done instead.
    Old(&'static str),
}

/// A key that is known.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) reach: Reach,
    pub(crate) used: Use,
}

/// The key of a name.
pub(crate) fn known(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The keys that may be meant where one is not known.
pub(crate) fn names() -> Vec<&'static str> {
    KEYS.iter()
        .filter(|key| !matches!(key.used, Use::Old(_)))
        .map(|key| key.name)
        .collect()
}

const fn read(name: &'static str, reach: Reach) -> Key {
    let used = Use::Read;
    Key { name, reach, used }
}

const fn nothing(name: &'static str, reach: Reach) -> Key {
    let used = Use::Nothing;
    Key { name, reach, used }
}

const fn unsupported(name: &'static str, reach: Reach) -> Key {
    let used = Use::Unsupported;
    Key { name, reach, used }
}

const fn old(name: &'static str, instead: &'static str) -> Key {
    let (reach, used) = (Reach::Inherited, Use::Old(instead));
    Key { name, reach, used }
}

use Reach::{Inherited, Own, Top};

static KEYS: &[Key] = &[
    read("env", Top),
    read("alias", Top),
    read("data_blobs", Top),
    read("dev", Top),
    read("keep_vars", Top),
    read("pages_build_output_dir", Top),
    read("text_blobs", Top),
    read("wasm_modules", Top),
    read("account_id", Inherited),
    read("assets", Inherited),
    read("base_dir", Inherited),
    read("build", Inherited),
    read("compatibility_date", Inherited),
    read("compatibility_flags", Inherited),
    read("find_additional_modules", Inherited),
    read("jsx_factory", Inherited),
    read("jsx_fragment", Inherited),
    read("keep_names", Inherited),
    read("limits", Inherited),
    read("logpush", Inherited),
    read("main", Inherited),
    read("minify", Inherited),
    read("name", Inherited),
    read("no_bundle", Inherited),
    read("observability", Inherited),
    read("placement", Inherited),
    read("preserve_file_names", Inherited),
    read("preview_urls", Inherited),
    read("route", Inherited),
    read("routes", Inherited),
    read("rules", Inherited),
    read("triggers", Inherited),
    read("tsconfig", Inherited),
    read("upload_source_maps", Inherited),
    read("workers_dev", Inherited),
    read("define", Own),
    read("secrets", Own),
    read("secrets_store_secrets", Own),
    read("services", Own),
    read("tail_consumers", Own),
    read("vars", Own),
    read("version_metadata", Own),
    nothing("$schema", Top),
    nothing("configPath", Top),
    nothing("definedEnvironments", Top),
    nothing("dependencies_instrumentation", Top),
    nothing("python_modules", Inherited),
    nothing("send_metrics", Top),
    nothing("targetEnvironment", Top),
    nothing("topLevelName", Top),
    nothing("userConfigPath", Top),
    nothing("usage_model", Inherited),
    unsupported("addresses", Top),
    unsupported("site", Top),
    unsupported("access", Inherited),
    unsupported("cache", Inherited),
    unsupported("compliance_region", Inherited),
    unsupported("exports", Inherited),
    unsupported("first_party_worker", Inherited),
    unsupported("logfwdr", Inherited),
    unsupported("migrations", Inherited),
    unsupported("previews", Inherited),
    unsupported("agent_memory", Own),
    unsupported("ai", Own),
    unsupported("ai_search", Own),
    unsupported("ai_search_namespaces", Own),
    unsupported("analytics", Own),
    unsupported("analytics_engine_datasets", Own),
    unsupported("artifacts", Own),
    unsupported("browser", Own),
    unsupported("cloudchamber", Own),
    unsupported("connect", Own),
    unsupported("containers", Own),
    unsupported("d1_databases", Own),
    unsupported("dispatch_namespaces", Own),
    unsupported("durable_objects", Own),
    unsupported("flagship", Own),
    unsupported("hyperdrive", Own),
    unsupported("images", Own),
    unsupported("k2", Own),
    unsupported("kv_namespaces", Own),
    unsupported("media", Own),
    unsupported("mtls_certificates", Own),
    unsupported("pipelines", Own),
    unsupported("queues", Own),
    unsupported("r2_buckets", Own),
    unsupported("ratelimits", Own),
    unsupported("send_email", Own),
    unsupported("stream", Own),
    unsupported("streaming_tail_consumers", Own),
    unsupported("unsafe", Own),
    unsupported("unsafe_hello_world", Own),
    unsupported("vectorize", Own),
    unsupported("vpc_networks", Own),
    unsupported("vpc_services", Own),
    unsupported("worker_loaders", Own),
    unsupported("workflows", Own),
    old(
        "experimental_services",
        "bind other Workers with \"services\"",
    ),
    old("kv-namespaces", "Coffer has no KV namespaces"),
    old("legacy_assets", "give static files with \"assets\""),
    old(
        "legacy_env",
        "leave it out: each environment is a Worker of its own",
    ),
    old(
        "node_compat",
        "put \"nodejs_compat\" into \"compatibility_flags\"",
    ),
    old(
        "type",
        "leave it out: the code says which format it has, and \"build\" how it is built",
    ),
    old("webpack_config", "say with \"build\" how the code is built"),
    old("zone_id", "give it in the object of a route"),
];
