//! TLS (rustls): certificates from PEM files, handshakes within a time and a number, HTTP/2 or HTTP/1.1 as agreed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{Error as TlsError, ServerConfig};
use tokio_rustls::server::TlsStream;

use super::Protocol;
use crate::config::TlsSettings;
use crate::domain::{Error, Result};
use crate::protocols::link::Counted;
use crate::telemetry::Metrics;

/// The certificate of the server, which can be read anew while it runs; clones share it.
#[derive(Clone, Debug)]
pub struct Tls(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    cert: PathBuf,
    key: PathBuf,
    config: RwLock<Arc<ServerConfig>>,
    handshakes: Semaphore,
    handshake_timeout: Duration,
}

impl Tls {
    /// TLS as `settings` say; none when they name no files.
    ///
    /// # Errors
    /// [`Error::Unavailable`] naming the key or file that is missing or wrong.
    pub fn load(settings: &TlsSettings) -> Result<Option<Self>> {
        let (cert, key) = (settings.cert.clone(), settings.key.clone());
        match (cert.as_os_str().is_empty(), key.as_os_str().is_empty()) {
            (true, true) => return Ok(None),
            (true, false) => {
                return Err(Error::unavailable("tls.cert (--tls-cert) must be given with tls.key"));
            }
            (false, true) => {
                return Err(Error::unavailable("tls.key (--tls-key) must be given with tls.cert"));
            }
            (false, false) => {}
        }
        let config = RwLock::new(read(&cert, &key)?);
        let handshakes = Semaphore::new(settings.max_handshakes);
        let handshake_timeout = Duration::from_millis(settings.handshake_timeout_ms);
        Ok(Some(Self(Arc::new(Parts { cert, key, config, handshakes, handshake_timeout }))))
    }

    /// Reads the files anew, for the connections from now on.
    ///
    /// # Errors
    /// As [`Tls::load`]; the certificate that was read before then stays.
    pub fn reload(&self) -> Result<()> {
        let config = read(&self.0.cert, &self.0.key)?;
        *self.0.config.write() = config;
        Ok(())
    }

    /// Shakes hands; nothing when the peer does not, or not in time.
    pub(super) async fn accept(
        &self,
        stream: Counted<TcpStream>,
        metrics: &Metrics,
    ) -> Option<(Box<TlsStream<Counted<TcpStream>>>, Protocol)> {
        let Parts { config, handshakes, handshake_timeout, .. } = &*self.0;
        let shake = async {
            if handshakes.available_permits() == 0 {
                metrics.limit_hit("tls.max_handshakes");
            }
            let _turn = handshakes.acquire().await.ok()?;
            let acceptor = TlsAcceptor::from(Arc::clone(&config.read()));
            acceptor.accept(stream).await.inspect_err(|error| tracing::debug!(%error, "no handshake")).ok()
        };
        let stream = tokio::time::timeout(*handshake_timeout, shake).await.ok()??;
        let protocol =
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") { Protocol::Http2 } else { Protocol::Http1 };
        Some((Box::new(stream), protocol))
    }
}

fn read(cert: &Path, key: &Path) -> Result<Arc<ServerConfig>> {
    let refused = |name: &str, path: &Path, why: &dyn std::fmt::Display| {
        Error::unavailable(format!("{name} {} cannot be used: {why}", path.display()))
    };
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>)
        .map_err(|error| refused("tls.cert", cert, &error))?;
    if chain.is_empty() {
        return Err(refused("tls.cert", cert, &"it holds no certificate in PEM form"));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| refused("tls.key", key, &error))?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    // TLS 1.2 and 1.3.
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Error::internal)?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| match error {
            TlsError::InconsistentKeys(_) => refused("tls.key", key, &"it is not the key of tls.cert"),
            error => refused("tls.cert", cert, &error),
        })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
