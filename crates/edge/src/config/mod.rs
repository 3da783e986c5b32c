//! A version's workerd configuration: binary Cap'n Proto, built in memory and handed over on stdin.
//!
//! It holds the values of the version's `secret_text` bindings, so it is never written anywhere else, and
//! its memory is wiped. Values of store secrets are not in it: they are delivered on request.

mod bindings;
mod keys;
mod modules;
mod script;
mod secrets;
mod tail;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use capnp::message::{Builder, ScratchSpaceHeapAllocator};
use coffer_envelope::Plaintext;
use coffer_protocol::feed::VersionRecord;
use coffer_types::{BindingKind, BindingName, Format, ModuleName, SecretName, StoreId, WorkerName};
use zeroize::Zeroizing;

use crate::workerd_capnp::{config, external_server, service, socket};
pub(crate) use modules::CHECK_MODULE;

/// The socket that serves requests.
pub(crate) const HTTP_SOCKET: &str = "http";
/// The socket that answers heartbeats.
pub(crate) const HEARTBEAT_SOCKET: &str = "heartbeat";
/// The header in which the gateway passes `request.cf`.
pub(crate) const CF_BLOB_HEADER: &str = "x-coffer-cf";
/// The header in which the gateway passes the client's protocol.
pub(crate) const FORWARDED_PROTO_HEADER: &str = "x-coffer-proto";

/// What the runtime counts as public and is not: the ranges kept for documentation (RFC 5737, RFC 3849), which
/// some private networks use.
const NOT_PUBLIC: [&str; 4] = [
    "192.0.2.0/24",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "2001:db8::/32",
];
/// Room beside the texts for structure, in bytes: a few kilobytes are used.
const STRUCTURE_BYTES: usize = 64 * 1024;
/// Cap'n Proto's unit of memory.
const BYTES_PER_WORD: usize = 8;

/// What a configuration is made of.
pub(crate) struct Blueprint<'a> {
    /// The version.
    pub(crate) version: &'a VersionRecord,
    /// The contents of `version.modules`, in the same order.
    pub(crate) contents: &'a [Bytes],
    /// The opened values of `version.secrets`.
    pub(crate) worker_secrets: &'a [(BindingName, Plaintext)],
    /// The unix socket on which this process asks for store secrets.
    pub(crate) secrets_socket: &'a Path,
    /// The unix sockets on which this process calls other Workers, in the order of [`services`].
    pub(crate) service_sockets: &'a [PathBuf],
    /// The unix socket on which this process asks for its version's static assets.
    pub(crate) assets_socket: &'a Path,
    /// The unix socket on which this process tells what it does, if its Worker is followed.
    pub(crate) tail_socket: Option<&'a Path>,
    /// An empty directory.
    pub(crate) empty_directory: &'a Path,
    /// Heap cap in MiB.
    pub(crate) heap_megabytes: u32,
    /// The freshness window of store secrets.
    pub(crate) freshness_ms: u32,
    /// What the configuration is for.
    pub(crate) purpose: Purpose,
}

/// What a process is started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To serve requests.
    Serve,
    /// To be tried once: it tells its handlers and may not reach the network.
    Check,
    /// To be run once by the clock.
    Scheduled,
}

/// Why there is no configuration. The version's author can read it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// A draft.
    #[error("the version has no code")]
    NoCode,
    /// The main module is not among the modules.
    #[error("the main module \"{0}\" is not among the uploaded modules")]
    MainMissing(String),
    /// A textual module is not text.
    #[error("the module \"{0}\" is not UTF-8 text")]
    NotText(String),
    /// A `secret_text` binding's value is not at hand or not text.
    #[error("the secret \"{0}\" has no readable value")]
    NoValue(String),
    /// A binding names a part that was not uploaded.
    #[error("the part \"{0}\" is not among the uploaded parts")]
    PartMissing(String),
    /// A kind of binding that is not delivered here.
    #[error("the binding \"{0}\" is of a kind that is not delivered")]
    NotOffered(String),
    /// Larger than the encoding can say.
    #[error("the version is too large")]
    TooLarge,
    /// The encoder failed.
    #[error("the configuration cannot be encoded: {0}")]
    Encoding(#[from] capnp::Error),
}

/// The distinct store secrets that a version binds, in the order of its bindings: delivery and the wrapped
/// binding both count by it.
pub(crate) fn store_secrets(version: &VersionRecord) -> Vec<(StoreId, SecretName)> {
    let mut distinct: Vec<(StoreId, SecretName)> = Vec::new();
    for binding in &version.bindings {
        if let BindingKind::SecretsStoreSecret {
            store_id,
            secret_name,
        } = &binding.kind
        {
            let seen = distinct
                .iter()
                .any(|(store, name)| store == store_id && name == secret_name);
            if !seen {
                distinct.push((*store_id, secret_name.clone()));
            }
        }
    }
    distinct
}

/// The distinct Workers that a version's service bindings name, in the order of its bindings.
pub(crate) fn services(version: &VersionRecord) -> Vec<&WorkerName> {
    let mut distinct: Vec<&WorkerName> = Vec::new();
    for binding in &version.bindings {
        if let BindingKind::Service { service } = &binding.kind
            && !distinct.contains(&service)
        {
            distinct.push(service);
        }
    }
    distinct
}

/// Whether a version's code asks for its own static assets.
pub(crate) fn binds_assets(version: &VersionRecord) -> bool {
    let mut bindings = version.bindings.iter();
    bindings.any(|binding| matches!(binding.kind, BindingKind::Assets {}))
}

/// Builds the configuration.
///
/// # Errors
/// When the version cannot be described; see [`ConfigError`].
pub(crate) fn build(blueprint: &Blueprint<'_>) -> Result<Zeroizing<Vec<u8>>, ConfigError> {
    // One scratch space that holds everything, so that no copy of a value stays in memory unwiped.
    let room = room(blueprint);
    // The allocator wipes what was used of it.
    let mut scratch = capnp::Word::allocate_zeroed_vec(room.div_ceil(BYTES_PER_WORD));
    let scratch = capnp::Word::words_to_bytes_mut(&mut scratch);
    let mut message = Builder::new(ScratchSpaceHeapAllocator::new(scratch));
    write_config(blueprint, message.init_root::<config::Builder<'_>>())?;

    let mut encoded = Zeroizing::new(Vec::with_capacity(room + STRUCTURE_BYTES));
    capnp::serialize::write_message(&mut *encoded, &message)?;
    Ok(encoded)
}

/// An upper bound of the message's size in bytes.
fn room(blueprint: &Blueprint<'_>) -> usize {
    let modules: usize = blueprint
        .version
        .modules
        .iter()
        .zip(blueprint.contents)
        .map(|(module, content)| module.name.as_str().len() + content.len() + 128)
        .sum();
    let secrets: usize = blueprint
        .worker_secrets
        .iter()
        .map(|(_, value)| value.expose_secret().len())
        .sum();
    let bindings: usize = blueprint
        .version
        .bindings
        .iter()
        .map(|binding| match &binding.kind {
            BindingKind::PlainText { text } => text.len(),
            BindingKind::Json { json } => json.to_string().len(),
            BindingKind::SecretKey { key, .. } => key.algorithm.to_string().len(),
            kind => kind.part().map_or(0, |part| size_of_part(blueprint, part)),
        } + 2048)
        .sum();
    modules + secrets + bindings + STRUCTURE_BYTES
}

/// A part given by a binding is in the message once more.
fn size_of_part(blueprint: &Blueprint<'_>, part: &ModuleName) -> usize {
    let modules = blueprint.version.modules.iter().zip(blueprint.contents);
    let parts = modules.filter(|(module, _)| module.name == *part);
    parts.map(|(_, content)| content.len()).sum()
}

fn write_config(
    blueprint: &Blueprint<'_>,
    mut config: config::Builder<'_>,
) -> Result<(), ConfigError> {
    config
        .reborrow()
        .init_logging()
        .set_structured_logging(true);
    config
        .reborrow()
        .init_v8_flags(1)
        .set(0, format!("--max-heap-size={}", blueprint.heap_megabytes));

    let is_script = blueprint.version.format == Format::ServiceWorker;
    if !is_script && !store_secrets(blueprint.version).is_empty() {
        let mut module = config
            .reborrow()
            .init_extensions(1)
            .get(0)
            .init_modules(1)
            .get(0);
        module.set_name(bindings::SECRET_MODULE);
        module.set_internal(true);
        module.set_es_module(secrets::module());
    }

    let calls = blueprint.service_sockets;
    let tail_services = blueprint.tail_socket.map_or(0, |_| tail::SERVICES);
    let asks_for_assets = binds_assets(blueprint.version);
    let own_services = 5 + count(calls.len())? + u32::from(asks_for_assets);
    let mut services = config
        .reborrow()
        .init_services(own_services + tail_services);
    let mut tenant = services.reborrow().get(0);
    tenant.set_name("worker");
    write_worker(blueprint, tenant)?;
    // Replaces the implicit default, which reaches the public network.
    write_network(services.reborrow().get(1), "internet", None)?;
    let public = (blueprint.purpose != Purpose::Check).then_some("public");
    write_network(services.reborrow().get(2), "egress", public)?;
    let mut daemon = services.reborrow().get(3);
    daemon.set_name("daemon");
    write_external(blueprint.secrets_socket, daemon).init_http();
    // Answered by the event loop that also runs the Worker: no second isolate is needed to see it hang.
    let mut heartbeat = services.reborrow().get(4);
    heartbeat.set_name("heartbeat");
    heartbeat
        .init_disk()
        .set_path(blueprint.empty_directory.display().to_string());

    for (place, socket) in calls.iter().enumerate() {
        let mut call = services.reborrow().get(5 + count(place)?);
        call.set_name(bindings::service_name(place));
        let mut http = write_external(socket, call).init_http();
        http.set_cf_blob_header(CF_BLOB_HEADER);
        http.set_forwarded_proto_header(FORWARDED_PROTO_HEADER);
    }

    if asks_for_assets {
        let mut assets = services.reborrow().get(own_services - 1);
        assets.set_name(bindings::ASSETS_SERVICE);
        write_external(blueprint.assets_socket, assets).init_http();
    }

    if let Some(socket) = blueprint.tail_socket {
        tail::write(socket, services.reborrow(), own_services);
    }

    let mut sockets = config.init_sockets(2);
    write_socket(sockets.reborrow().get(0), HTTP_SOCKET, "worker");
    write_socket(sockets.get(1), HEARTBEAT_SOCKET, "heartbeat");
    Ok(())
}

fn write_worker(
    blueprint: &Blueprint<'_>,
    service: service::Builder<'_>,
) -> Result<(), ConfigError> {
    let version = blueprint.version;
    let mut worker = service.init_worker();
    match version.format {
        Format::Modules => modules::write(blueprint, worker.reborrow())?,
        Format::ServiceWorker => script::write(blueprint, worker.reborrow())?,
    }
    worker.set_compatibility_date(&version.compatibility_date);
    let mut flags = worker
        .reborrow()
        .init_compatibility_flags(count(version.compatibility_flags.len())?);
    for (index, flag) in (0..).zip(&version.compatibility_flags) {
        flags.set(index, flag);
    }
    bindings::write(blueprint, worker.reborrow())?;
    if blueprint.tail_socket.is_some() {
        tail::be_told(worker.reborrow());
    }
    worker.init_global_outbound().set_name("egress");
    Ok(())
}

fn write_network(
    mut service: service::Builder<'_>,
    name: &str,
    allow: Option<&str>,
) -> Result<(), ConfigError> {
    service.set_name(name);
    let mut network = service.init_network();
    let mut allowed = network.reborrow().init_allow(u32::from(allow.is_some()));
    if let Some(allow) = allow {
        allowed.set(0, allow);
    }
    let mut denied = network.reborrow().init_deny(count(NOT_PUBLIC.len())?);
    for (index, range) in (0..).zip(NOT_PUBLIC) {
        denied.set(index, range);
    }
    network.init_tls_options().set_trust_browser_cas(true);
    Ok(())
}

fn write_external<'a>(
    socket: &Path,
    service: service::Builder<'a>,
) -> external_server::Builder<'a> {
    let mut external = service.init_external();
    external.set_address(format!("unix:{}", socket.display()));
    external
}

fn write_socket(mut socket: socket::Builder<'_>, name: &str, service: &str) {
    socket.set_name(name);
    socket.reborrow().init_service().set_name(service);
    let mut http = socket.init_http();
    if name == HTTP_SOCKET {
        http.set_cf_blob_header(CF_BLOB_HEADER);
        http.set_forwarded_proto_header(FORWARDED_PROTO_HEADER);
    }
}

fn count(length: usize) -> Result<u32, ConfigError> {
    u32::try_from(length).map_err(|_| ConfigError::TooLarge)
}
