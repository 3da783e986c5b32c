//! Certificates from files, taken anew when the files change.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::failure::Failure;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// What clients are offered: the only protocol that is spoken.
const HTTP_1_1: &[u8] = b"http/1.1";

/// Where a certificate and its key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CertificateFiles {
    certificate: PathBuf,
    key: PathBuf,
}

/// Why files make no certificate. It names the file and says what would be right.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("failed to read {}: {source}", .path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{} holds no certificate: it must be PEM, the server's own certificate first", .0.display())]
    NoCertificate(PathBuf),
    #[error("{} holds no private key: it must be PEM, as PKCS #8, PKCS #1 or SEC 1, without a password", .0.display())]
    NoKey(PathBuf),
    #[error("{} and {} do not belong together: {reason}", .files.certificate.display(), .files.key.display())]
    Mismatch {
        files: CertificateFiles,
        reason: rustls::Error,
    },
}

/// When each file was last written.
type Written = [Option<SystemTime>; 2];

/// The scheme of what listens with these files.
pub(crate) const fn scheme(files: Option<&CertificateFiles>) -> &'static str {
    if files.is_some() { "https" } else { "http" }
}

/// Certificates that are used as they are in their files.
#[derive(Debug)]
pub(crate) struct Followed {
    files: CertificateFiles,
    current: Arc<Current>,
    config: Arc<ServerConfig>,
}

impl Followed {
    /// How TLS is spoken with them.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// Takes what is in the files now, if it is good.
    pub(crate) fn reload(&self) {
        self.files.take(&self.current);
    }
}

impl CertificateFiles {
    /// Both files, or neither.
    pub(crate) fn of(
        flag: &str,
        certificate: Option<PathBuf>,
        key: Option<PathBuf>,
    ) -> Result<Option<Self>, Failure> {
        match (certificate, key) {
            (Some(certificate), Some(key)) => Ok(Some(Self { certificate, key })),
            (None, None) => Ok(None),
            (Some(_), None) => Err(Failure::usage(format!(
                "--{flag}-cert needs --{flag}-key, the file of the certificate's key"
            ))),
            (None, Some(_)) => Err(Failure::usage(format!(
                "--{flag}-key needs --{flag}-cert, the file of the key's certificate"
            ))),
        }
    }

    /// Whether they hold a certificate with its key now.
    ///
    /// # Errors
    /// When they do not.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        self.load().map(drop).map_err(Failure::sentence)
    }

    /// How TLS is spoken with the certificate in these files. They are looked at from now on, and what is in them
    /// is used as soon as it is good.
    ///
    /// # Errors
    /// When they hold no certificate with its key.
    pub(crate) fn follow(self) -> Result<Followed, Failure> {
        let written = self.written();
        let current = Arc::new(Current::new(self.load().map_err(Failure::sentence)?));
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::error("failed to speak TLS", error))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as _);
        config.alpn_protocols = vec![HTTP_1_1.to_vec()];
        tokio::spawn(self.clone().look(Arc::clone(&current), written));
        Ok(Followed {
            files: self,
            current,
            config: Arc::new(config),
        })
    }

    async fn look(self, current: Arc<Current>, mut written: Written) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let now = self.written();
            if now != written {
                written = now;
                self.take(&current);
            }
        }
    }

    /// Takes what is in the files now, if it is good.
    fn take(&self, current: &Current) {
        match self.load() {
            Ok(key) => {
                current.set(key);
                tracing::info!(certificate = %self.certificate.display(), "a new certificate is in use");
            }
            // Half of the files may be written; the other half makes them change again.
            Err(error) => {
                tracing::error!(%error, "a new certificate cannot be used: the one before it stays");
            }
        }
    }

    fn load(&self) -> Result<CertifiedKey, Unusable> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&read(&self.certificate)?)
            .collect::<Result<_, _>>()
            .map_err(|_| Unusable::NoCertificate(self.certificate.clone()))?;
        if chain.is_empty() {
            return Err(Unusable::NoCertificate(self.certificate.clone()));
        }
        let key = zeroize::Zeroizing::new(read(&self.key)?);
        let key =
            PrivateKeyDer::from_pem_slice(&key).map_err(|_| Unusable::NoKey(self.key.clone()))?;
        let provider = aws_lc_rs::default_provider();
        CertifiedKey::from_der(chain, key, &provider).map_err(|reason| Unusable::Mismatch {
            files: self.clone(),
            reason,
        })
    }

    fn written(&self) -> Written {
        [&self.certificate, &self.key].map(|path| fs::metadata(path).ok()?.modified().ok())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Unusable> {
    fs::read(path).map_err(|source| Unusable::Read {
        path: path.to_owned(),
        source,
    })
}

/// The certificate that is in use.
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl Current {
    fn new(key: CertifiedKey) -> Self {
        Self(RwLock::new(Arc::new(key)))
    }

    fn set(&self, key: CertifiedKey) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
    }

    fn key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate of this name and its key.
    fn made(name: &str) -> (String, String) {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    fn files(directory: &Path, certificate: &str, key: &str) -> CertificateFiles {
        let files = CertificateFiles {
            certificate: directory.join("cert.pem"),
            key: directory.join("key.pem"),
        };
        fs::write(&files.certificate, certificate).unwrap();
        fs::write(&files.key, key).unwrap();
        files
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let (certificate, key) = made("a.example.com");
        let (_, other_key) = made("b.example.com");
        let broken = certificate.replace("MII", "!!!");
        for (certificate, key, words) in [
            ("", key.as_str(), ["cert.pem", "no certificate"]),
            (key.as_str(), &key, ["cert.pem", "no certificate"]),
            (&broken, &key, ["cert.pem", "no certificate"]),
            (&certificate, "", ["key.pem", "no private key"]),
            (&certificate, &certificate, ["key.pem", "no private key"]),
            (&certificate, &other_key, ["key.pem", "belong together"]),
        ] {
            let files = files(directory.path(), certificate, key);
            let error = files.load().unwrap_err().to_string();
            for word in words {
                assert!(error.contains(word), "{error}");
            }
            assert!(!error.contains("PRIVATE KEY-"), "{error}");
        }
        let missing = CertificateFiles {
            certificate: directory.path().join("nowhere.pem"),
            key: directory.path().join("key.pem"),
        };
        let error = missing.load().unwrap_err().to_string();
        assert!(error.contains("nowhere.pem"), "{error}");
    }

    #[test]
    fn a_new_certificate_is_taken_and_a_bad_one_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let (certificate, key) = made("a.example.com");
        let files = files(directory.path(), &certificate, &key);
        let current = Current::new(files.load().unwrap());
        let first = current.key().cert.clone();
        fs::write(&files.key, "half of").unwrap();
        files.take(&current);
        assert_eq!(current.key().cert, first);
        let (certificate, key) = made("b.example.com");
        fs::write(&files.certificate, certificate).unwrap();
        fs::write(&files.key, key).unwrap();
        files.take(&current);
        assert_ne!(current.key().cert, first);
    }

    #[test]
    fn neither_file_goes_alone() {
        let path = || Some(PathBuf::from("a.pem"));
        assert!(CertificateFiles::of("tls", None, None).unwrap().is_none());
        assert!(
            CertificateFiles::of("tls", path(), path())
                .unwrap()
                .is_some()
        );
        for (certificate, key, word) in [(path(), None, "--tls-key"), (None, path(), "--tls-cert")]
        {
            let failure = CertificateFiles::of("tls", certificate, key).unwrap_err();
            assert!(failure.message().contains(word));
        }
    }
}
