//! `dev`: local development.

use crate::layers::Layers;

/// What the file says of local development.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dev {
    /// `ip`: the address to listen at.
    pub ip: Option<String>,
    /// `port`.
    pub port: Option<u16>,
    /// `host`: the host that the Worker sees in the address of a request.
    pub host: Option<String>,
    /// `local_protocol`.
    pub local_protocol: Option<LocalProtocol>,
    /// `upstream_protocol`.
    pub upstream_protocol: Option<LocalProtocol>,
    /// `generate_types`: write the types whenever the configuration changes.
    pub generate_types: bool,
}

/// The protocol that the local server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalProtocol {
    /// Plain.
    Http,
    /// With TLS.
    Https,
}

pub(super) fn read(layers: &Layers<'_>) -> Dev {
    table(layers).unwrap_or_default()
}

fn table(layers: &Layers<'_>) -> Option<Dev> {
    let table = layers.field("dev")?.table()?;
    table.only(&[
        "ip",
        "port",
        "inspector_port",
        "inspector_ip",
        "local_protocol",
        "upstream_protocol",
        "host",
        "enable_containers",
        "container_engine",
        "generate_types",
    ]);
    let text = |key: &str| table.field(key)?.words();
    let protocol = |key: &str| {
        let words = [
            ("http", LocalProtocol::Http),
            ("https", LocalProtocol::Https),
        ];
        table.field(key)?.one_of(&words)
    };
    let port = table.field("port");
    let port = port.and_then(|field| field.integer(0..=u64::from(u16::MAX)));
    Some(Dev {
        ip: text("ip"),
        port: port.and_then(|port| u16::try_from(port).ok()),
        host: text("host"),
        local_protocol: protocol("local_protocol"),
        upstream_protocol: protocol("upstream_protocol"),
        generate_types: table
            .field("generate_types")
            .and_then(|field| field.boolean())
            .unwrap_or(false),
    })
}
