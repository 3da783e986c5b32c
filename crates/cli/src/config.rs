//! Settings: flag before `COFFER_*` variable before configuration file before default.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use coffer_edge::RuntimeConfig;
use coffer_engine::{AttemptLimits, AttemptRate};
use coffer_types::IpRange;
use serde::Deserialize;

use crate::arguments::{LogFormat, Settings};
use crate::failure::Failure;
use crate::tls::{CertificateFiles, scheme};

/// The file that is read if it is there and no other is named.
const DEFAULT_FILE: &str = "coffer.toml";

/// Every setting, decided.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) data: PathBuf,
    pub(crate) listen: SocketAddr,
    pub(crate) workers_listen: SocketAddr,
    pub(crate) workers_domain: String,
    pub(crate) tls: Option<CertificateFiles>,
    pub(crate) workers_tls: Option<CertificateFiles>,
    public_url: Option<String>,
    pub(crate) trusted_proxies: Vec<IpRange>,
    pub(crate) attempt_limits: AttemptLimits,
    pub(crate) workerd: Option<PathBuf>,
    pub(crate) log: String,
    pub(crate) log_format: LogFormat,
    runtime: Runtime,
}

/// The configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    data: Option<PathBuf>,
    listen: Option<SocketAddr>,
    workers_listen: Option<SocketAddr>,
    workers_domain: Option<String>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    workers_tls_cert: Option<PathBuf>,
    workers_tls_key: Option<PathBuf>,
    public_url: Option<String>,
    trusted_proxies: Option<Vec<IpRange>>,
    workerd: Option<PathBuf>,
    log: Option<String>,
    log_format: Option<LogFormat>,
    limits: Limits,
    runtime: Runtime,
}

/// How much is let by; what is left out has the default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Limits {
    failed_attempts_per_address: Option<AttemptRate>,
    failed_attempts_per_name: Option<AttemptRate>,
}

/// How Workers' processes are run; what is left out has the default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Runtime {
    heap_megabytes: Option<u32>,
    data_megabytes: Option<u32>,
    max_processes: Option<usize>,
    start_timeout_seconds: Option<u64>,
    idle_seconds: Option<u64>,
    heartbeat_timeout_seconds: Option<u64>,
    drain_timeout_seconds: Option<u64>,
    drain_grace_seconds: Option<u64>,
    freshness_ms: Option<u32>,
}

/// Decides every setting.
///
/// # Errors
/// If the file cannot be read, or holds something unknown or of the wrong type: the message names file and line.
pub(crate) fn load(settings: &Settings) -> Result<Config, Failure> {
    let file = match settings.data.config.as_deref() {
        Some(path) => read(path)?,
        None if Path::new(DEFAULT_FILE).exists() => read(Path::new(DEFAULT_FILE))?,
        None => File::default(),
    };
    let settings = settings.clone();
    let default_limits = AttemptLimits::default();
    let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    Ok(Config {
        data: absolute(
            &settings
                .data
                .data
                .or(file.data)
                .unwrap_or_else(|| "data".into()),
        )?,
        listen: settings
            .listen
            .or(file.listen)
            .unwrap_or_else(|| address(7070)),
        workers_listen: settings
            .workers_listen
            .or(file.workers_listen)
            .unwrap_or_else(|| address(7080)),
        workers_domain: checked_domain(
            settings
                .workers_domain
                .or(file.workers_domain)
                .unwrap_or_else(|| "localhost".to_owned()),
        )?,
        tls: CertificateFiles::of(
            "tls",
            settings.tls_cert.or(file.tls_cert),
            settings.tls_key.or(file.tls_key),
        )?,
        workers_tls: CertificateFiles::of(
            "workers-tls",
            settings.workers_tls_cert.or(file.workers_tls_cert),
            settings.workers_tls_key.or(file.workers_tls_key),
        )?,
        public_url: settings
            .public_url
            .or(file.public_url)
            .map(|url| checked_url(&url))
            .transpose()?,
        trusted_proxies: checked_proxies(
            settings
                .trusted_proxies
                .or(file.trusted_proxies)
                .unwrap_or_default(),
        )?,
        attempt_limits: AttemptLimits {
            per_address: settings
                .failed_attempts_per_address
                .or(file.limits.failed_attempts_per_address)
                .unwrap_or(default_limits.per_address),
            per_name: settings
                .failed_attempts_per_name
                .or(file.limits.failed_attempts_per_name)
                .unwrap_or(default_limits.per_name),
        },
        workerd: settings
            .workerd
            .or(file.workerd)
            .map(|path| absolute(&path))
            .transpose()?,
        log: settings
            .data
            .log
            .or(file.log)
            .unwrap_or_else(|| "info".to_owned()),
        log_format: settings
            .data
            .log_format
            .or(file.log_format)
            .unwrap_or(LogFormat::Text),
        runtime: file.runtime,
    })
}

/// Where settings come from, in words.
pub(crate) fn source(settings: &Settings) -> String {
    match &settings.data.config {
        Some(path) => path.display().to_string(),
        None if Path::new(DEFAULT_FILE).exists() => format!("{DEFAULT_FILE} of this directory"),
        None => "no file; flags, variables and defaults".to_owned(),
    }
}

impl Config {
    /// The same, at the addresses that were bound.
    pub(crate) fn listening_at(&self, listen: SocketAddr, workers_listen: SocketAddr) -> Self {
        Self {
            listen,
            workers_listen,
            ..self.clone()
        }
    }

    /// Where people reach the API, without a slash at the end.
    pub(crate) fn public_url(&self) -> String {
        self.public_url
            .clone()
            .unwrap_or_else(|| format!("{}://{}", scheme(self.tls.as_ref()), self.listen))
    }

    /// How Workers' processes are run.
    pub(crate) fn runtime(&self, workerd: PathBuf) -> RuntimeConfig {
        let set = &self.runtime;
        let default = RuntimeConfig::new(workerd, self.data.join("run"));
        let seconds = |set: Option<u64>, default| set.map_or(default, Duration::from_secs);
        RuntimeConfig {
            heap_megabytes: set.heap_megabytes.unwrap_or(default.heap_megabytes),
            data_megabytes: set.data_megabytes.unwrap_or(default.data_megabytes),
            max_processes: set.max_processes.unwrap_or(default.max_processes),
            start_timeout: seconds(set.start_timeout_seconds, default.start_timeout),
            idle_after: seconds(set.idle_seconds, default.idle_after),
            heartbeat_timeout: seconds(set.heartbeat_timeout_seconds, default.heartbeat_timeout),
            drain_timeout: seconds(set.drain_timeout_seconds, default.drain_timeout),
            drain_grace: seconds(set.drain_grace_seconds, default.drain_grace),
            freshness_ms: set.freshness_ms.unwrap_or(default.freshness_ms),
            ..default
        }
    }
}

/// Workers' processes run elsewhere, so a path must mean the same there.
fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path)
        .map_err(|error| Failure::usage(format!("{} is not a path: {error}", path.display())))
}

/// Links are made by adding a path to it.
fn checked_url(url: &str) -> Result<String, Failure> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let is_origin = rest.is_some_and(|host| {
        let host = host.strip_suffix('/').unwrap_or(host);
        let odd = |byte: u8| !byte.is_ascii_graphic() || b"/?#@\\\"'<>".contains(&byte);
        !host.is_empty() && !host.bytes().any(odd)
    });
    if is_origin {
        Ok(url.trim_end_matches('/').to_owned())
    } else {
        Err(Failure::usage(format!(
            "the public URL {url:?} must be http:// or https:// with a host and perhaps a port, and no path"
        )))
    }
}

/// Whoever is believed can choose the address that counts, so nobody means everybody.
fn checked_proxies(proxies: Vec<IpRange>) -> Result<Vec<IpRange>, Failure> {
    match proxies.iter().find(|range| range.is_everything()) {
        None => Ok(proxies),
        Some(range) => Err(Failure::usage(format!(
            "the trusted proxies must not be every address ({range}): name those that proxies in front have"
        ))),
    }
}

fn checked_domain(domain: String) -> Result<String, Failure> {
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    if domain.split('.').all(label) {
        Ok(domain)
    } else {
        Err(Failure::usage(format!(
            "the workers domain {domain:?} is not a lower-case host name"
        )))
    }
}

fn read(path: &Path) -> Result<File, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("failed to read {}: {error}", path.display())))?;
    toml::from_str(&text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text[..start.min(text.len())].matches('\n').count() + 1;
        Failure::usage(format!(
            "{}, line {line}: {}",
            path.display(),
            error.message().replace('\n', ", ")
        ))
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::arguments::{Arguments, Command};

    fn loaded(text: &str, settings: &Settings) -> Result<Config, Failure> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut settings = settings.clone();
        settings.data.config = Some(file.path().to_owned());
        load(&settings)
    }

    #[test]
    fn a_flag_comes_before_the_file() {
        let config = loaded(
            "listen = \"127.0.0.1:1\"\nworkers_domain = \"w.test\"",
            &Settings::default(),
        )
        .unwrap();
        assert_eq!(
            (config.listen.port(), config.workers_domain.as_str()),
            (1, "w.test")
        );
        assert_eq!(config.workers_listen.port(), 7080);
        let settings = Settings {
            listen: Some("127.0.0.1:2".parse().unwrap()),
            ..Settings::default()
        };
        assert_eq!(
            loaded("listen = \"127.0.0.1:1\"", &settings)
                .unwrap()
                .listen
                .port(),
            2
        );
    }

    #[test]
    fn what_is_unknown_is_named_with_its_line() {
        for (text, line, named) in [
            ("data = \"d\"\nlisten_on = 1\n", "line 2", "listen_on"),
            ("[runtime]\n\nheap = 3\n", "line 3", "heap"),
            ("log_format = \"xml\"", "line 1", "xml"),
        ] {
            let message = loaded(text, &Settings::default()).unwrap_err().message();
            assert!(
                message.contains(line) && message.contains(named),
                "{message}"
            );
        }
        for (text, line, named) in [
            ("\ntrusted_proxies = [\"10.0.0.0/33\"]", "line 2", "CIDR"),
            ("trusted_proxies = \"10.0.0.0/8\"", "line 1", "sequence"),
            (
                "[limits]\nfailed_attempts_per_address = \"20\"",
                "line 2",
                "20/min",
            ),
            ("[limits]\nfailed_attempts_per_name = 30", "line 2", "30"),
            (
                "[limits]\nfailed_attempts = \"20/min\"",
                "line 2",
                "failed_attempts",
            ),
        ] {
            let message = loaded(text, &Settings::default()).unwrap_err().message();
            assert!(
                message.contains(line) && message.contains(named),
                "{message}"
            );
        }
        assert!(loaded("workers_domain = \"Ex ample\"", &Settings::default()).is_err());
    }

    #[test]
    fn limits_and_proxies_are_read_from_file_and_flags() {
        let default = loaded("", &Settings::default()).unwrap();
        assert_eq!(default.attempt_limits, AttemptLimits::default());
        assert!(default.trusted_proxies.is_empty());

        let text = "trusted_proxies = [\"10.0.0.0/8\", \"::1\"]\n\
                    [limits]\nfailed_attempts_per_address = \"5/hour\"";
        let from_file = loaded(text, &Settings::default()).unwrap();
        assert_eq!(from_file.attempt_limits.per_address.to_string(), "5/hour");
        assert_eq!(
            from_file.attempt_limits.per_name,
            AttemptLimits::default().per_name
        );
        assert_eq!(from_file.trusted_proxies.len(), 2);

        let arguments = [
            "coffer",
            "serve",
            "--trusted-proxies=192.0.2.1,2001:db8::/32",
            "--failed-attempts-per-address=7/min",
            "--failed-attempts-per-name=8/day",
        ];
        let Command::Serve(serve) = Arguments::try_parse_from(arguments).unwrap().command else {
            panic!("another command");
        };
        let from_flags = loaded(text, &serve.settings).unwrap();
        let limits = from_flags.attempt_limits;
        assert_eq!(limits.per_address.to_string(), "7/min");
        assert_eq!(limits.per_name.to_string(), "8/day");
        let proxies: Vec<_> = from_flags.trusted_proxies.iter().collect();
        assert_eq!(proxies[0].to_string(), "192.0.2.1");
        assert_eq!(proxies[1].to_string(), "2001:db8::/32");
    }

    #[test]
    fn the_public_url_is_where_it_listens_unless_told() {
        let of = |text: &str| loaded(text, &Settings::default()).map(|config| config.public_url());
        assert_eq!(
            of("listen = \"127.0.0.1:1\"").unwrap(),
            "http://127.0.0.1:1"
        );
        for told in ["https://coffer.example.com", "https://coffer.example.com/"] {
            let told = of(&format!("public_url = \"{told}\"")).unwrap();
            assert_eq!(told, "https://coffer.example.com");
        }
        assert_eq!(
            of("public_url = \"http://[::1]:7070\"").unwrap(),
            "http://[::1]:7070"
        );
        for wrong in [
            "",
            "coffer.example.com",
            "ftp://a",
            "https://",
            "https://a/b",
            "https://a?b",
            "https://a b",
        ] {
            let refused = of(&format!("public_url = \"{wrong}\"")).unwrap_err();
            assert!(refused.message().contains("public URL"), "{wrong}");
        }
    }

    #[test]
    fn nobody_trusts_every_address() {
        for everything in ["0.0.0.0/0", "::/0", "::ffff:0.0.0.0/96"] {
            let text = format!("trusted_proxies = [\"10.0.0.1\", \"{everything}\"]");
            let message = loaded(&text, &Settings::default()).unwrap_err().message();
            assert!(message.contains("every address"), "{message}");
        }
        for wrong in ["", "localhost", "10.0.0.0/33", "10.0.0.1:80"] {
            let argument = format!("--trusted-proxies={wrong}");
            let parsed = Arguments::try_parse_from(["coffer", "serve", &argument]);
            assert!(parsed.is_err(), "{wrong}");
        }
    }
}
