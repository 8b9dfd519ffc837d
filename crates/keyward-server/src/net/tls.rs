//! TLS: the certificate of a listener, and taking a renewed one into use without closing a connection.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{fs, io};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

use crate::telemetry::metrics::TLS_RELOADS;

/// How often the files are looked at. Renewal is a matter of days.
pub const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Makes aws-lc-rs what every TLS client and server of this process uses. A second call changes nothing.
pub fn install_provider() {
    let _already_installed = CryptoProvider::install_default(aws_lc_rs::default_provider());
}

/// Where a listener's certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateSource {
    /// PEM files.
    Files {
        /// The certificate, followed by what leads up to its root.
        certificate: PathBuf,
        /// Its private key (PKCS #8, PKCS #1 or SEC 1).
        key: PathBuf,
    },
    /// A new self-signed certificate for `localhost` at each start: for development.
    SelfSigned,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("`{}` cannot be read: make it readable for this process", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file holds nothing usable.
    #[error("`{}` holds no {wanted} in PEM format", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        wanted: &'static str,
        /// Why.
        source: rustls_pki_types::pem::Error,
    },
    /// The certificate and the key are no pair, or the key's kind is not supported.
    #[error("the certificate and the key cannot be used together: check that the key belongs to the first certificate")]
    Pair(#[source] rustls::Error),
    /// No self-signed certificate could be made.
    #[error("a self-signed certificate could not be made")]
    SelfSigned(#[from] rcgen::Error),
}

/// What a look at the files found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    /// The same as before.
    Unchanged,
    /// Something new, in use from the next connection on.
    Replaced,
}

/// A listener's certificate: the one in use, and where the next one will appear.
pub struct Certificates {
    listener: Arc<str>,
    source: CertificateSource,
    current: ArcSwap<ServerConfig>,
    /// A digest of the files that were last looked at, in use or broken, so that a broken pair is reported once.
    seen: Mutex<blake3::Hash>,
}

impl Certificates {
    /// Reads the certificate of `listener`.
    pub fn load(listener: Arc<str>, source: CertificateSource) -> Result<Arc<Self>, TlsError> {
        let (config, seen) = match &source {
            CertificateSource::Files { certificate, key } => {
                let files = Files::read(certificate, key)?;
                (files.config(certificate, key)?, files.digest())
            }
            CertificateSource::SelfSigned => (self_signed()?, blake3::hash(b"")),
        };
        Ok(Arc::new(Self { listener, source, current: ArcSwap::from_pointee(config), seen: Mutex::new(seen) }))
    }

    /// Looks at the files again, and uses what they hold from the next connection on. When that is broken the old
    /// certificate stays in use. Reads files: not to be called on the way of a request.
    ///
    /// The content is compared, not the time of change: a link that is switched to an older file changes the content.
    pub fn reload(&self) -> Result<Reload, TlsError> {
        let CertificateSource::Files { certificate, key } = &self.source else { return Ok(Reload::Unchanged) };
        let files = Files::read(certificate, key)?;
        let digest = files.digest();
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if *seen == digest {
                return Ok(Reload::Unchanged);
            }
            *seen = digest;
        }
        self.current.store(Arc::new(files.config(certificate, key)?));
        Ok(Reload::Replaced)
    }

    /// Looks at the files now, and says in the log and the metrics what came of it.
    pub async fn refresh(self: Arc<Self>) {
        let this = Arc::clone(&self);
        let Ok(outcome) = tokio::task::spawn_blocking(move || this.reload()).await else { return };
        let listener = &*self.listener;
        match outcome {
            Ok(Reload::Unchanged) => {}
            Ok(Reload::Replaced) => {
                tracing::info!(listener, "a new TLS certificate is in use");
                TLS_RELOADS.counter(&[listener, "ok"]).increment(1);
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map(tracing::field::display);
                tracing::error!(listener, %error, cause, "the new TLS certificate is broken: the old one stays in use");
                TLS_RELOADS.counter(&[listener, "error"]).increment(1);
            }
        }
    }

    /// Looks at the files every [`LOOK_AGAIN`], for ever.
    pub async fn keep_fresh(self: Arc<Self>) {
        let mut interval = tokio::time::interval(LOOK_AGAIN);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        interval.tick().await;
        loop {
            interval.tick().await;
            Arc::clone(&self).refresh().await;
        }
    }

    /// What makes the next handshake.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current.load_full())
    }
}

struct Files {
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

impl Files {
    fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let read = |path: &Path| fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source });
        Ok(Self { certificate: read(certificate)?, key: Zeroizing::new(read(key)?) })
    }

    fn digest(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(self.certificate.len() as u64).to_le_bytes()).update(&self.certificate).update(&self.key);
        hasher.finalize()
    }

    fn config(&self, certificate: &Path, key: &Path) -> Result<ServerConfig, TlsError> {
        let no_certificate = |source| TlsError::Pem { path: certificate.to_owned(), wanted: "certificate", source };
        let chain =
            CertificateDer::pem_slice_iter(&self.certificate).collect::<Result<Vec<_>, _>>().map_err(no_certificate)?;
        if chain.is_empty() {
            return Err(no_certificate(rustls_pki_types::pem::Error::NoItemsFound));
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|source| TlsError::Pem {
            path: key.to_owned(),
            wanted: "private key",
            source,
        })?;
        server_config(chain, key)
    }
}

fn self_signed() -> Result<ServerConfig, TlsError> {
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let made = rcgen::generate_simple_self_signed(names)?;
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    server_config(vec![made.cert.der().clone()], key)
}

fn server_config(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<ServerConfig, TlsError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Pair)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(TlsError::Pair)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(names: &[&str]) -> (String, String) {
        let made =
            rcgen::generate_simple_self_signed(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn a_renewed_pair_is_used_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
        let write = |(c, k): &(String, String)| {
            fs::write(&certificate, c).unwrap();
            fs::write(&key, k).unwrap();
        };
        let (first, second) = (pair(&["a.example"]), pair(&["a.example"]));
        write(&first);
        let source = CertificateSource::Files { certificate: certificate.clone(), key: key.clone() };
        let certificates = Certificates::load("main".into(), source).unwrap();
        let in_use = || Arc::as_ptr(&certificates.current.load());

        let before = in_use();
        assert_eq!(certificates.reload().unwrap(), Reload::Unchanged);
        assert_eq!(in_use(), before);

        // The key of another certificate: half a renewal.
        write(&(second.0.clone(), first.1.clone()));
        assert!(matches!(certificates.reload(), Err(TlsError::Pair(_))));
        assert_eq!(in_use(), before, "the old one stays");
        assert_eq!(certificates.reload().unwrap(), Reload::Unchanged, "a broken pair is reported once");

        write(&second);
        assert_eq!(certificates.reload().unwrap(), Reload::Replaced);
        assert_ne!(in_use(), before);

        fs::remove_file(&key).unwrap();
        assert!(matches!(certificates.reload(), Err(TlsError::Read { .. })));
    }

    #[test]
    fn errors_name_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
        fs::write(&certificate, "not a certificate").unwrap();
        fs::write(&key, pair(&["a.example"]).1).unwrap();
        let source = CertificateSource::Files { certificate: certificate.clone(), key };
        let error = Certificates::load("main".into(), source).err().unwrap().to_string();
        assert!(error.contains("c.pem` holds no certificate"), "{error}");
    }
}
