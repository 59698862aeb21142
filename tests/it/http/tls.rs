//! TLS, and HTTP/2 with it and without.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Version;
use petstore::clock::Clock;
use petstore::config::Settings;
use petstore::domain::Tenant;
use petstore::domain::pet::PetDraft;
use petstore::server::Server;
use petstore::store::faults::Faults;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::support::{Setup, TestServer, inside, within};

/// A folder with a certificate for localhost and its key.
fn certificate() -> (TempDir, PathBuf, PathBuf, reqwest::Certificate) {
    let dir = tempfile::tempdir().unwrap();
    let (cert, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    let root = write_certificate(&cert, &key);
    (dir, cert, key, root)
}

fn write_certificate(cert: &Path, key: &Path) -> reqwest::Certificate {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    std::fs::write(cert, made.cert.pem()).unwrap();
    std::fs::write(key, made.signing_key.serialize_pem()).unwrap();
    reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap()
}

fn client(root: &reqwest::Certificate) -> reqwest::ClientBuilder {
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).tls_certs_only([root.clone()])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn https_speaks_both_versions_and_tells_browsers() {
    let (_dir, cert, key, root) = certificate();
    let server = Setup::demo().set("tls.cert", cert.display()).set("tls.key", key.display()).start().await;
    assert!(server.url.starts_with("https://"));
    for (client, version) in [
        (client(&root).build().unwrap(), Version::HTTP_2),
        (client(&root).http1_only().build().unwrap(), Version::HTTP_11),
        (client(&root).tls_version_max(reqwest::tls::Version::TLS_1_2).build().unwrap(), Version::HTTP_2),
    ] {
        let response = client.get(format!("{}/v1/pets?limit=100", server.url)).send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.version()), (200, version));
        assert_eq!(response.headers()["strict-transport-security"], "max-age=31536000");
        let body: serde_json::Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert_eq!(body["data"].as_array().unwrap().len(), 100, "{version:?}");
    }
    // Nothing is said in clear, and a peer that is silent is not waited for by the others.
    let silent = tokio::net::TcpStream::connect(server.url.trim_start_matches("https://")).await.unwrap();
    let clear = reqwest::Client::builder().no_proxy().build().unwrap();
    assert!(clear.get(server.url.replace("https", "http")).send().await.is_err());
    assert!(clear.get(&server.url).send().await.is_err(), "the certificate is not believed");
    let again = client(&root).build().unwrap().get(format!("{}/healthz", server.url)).send().await.unwrap();
    assert_eq!(again.status(), 200);
    drop(silent);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http2_in_clear_by_prior_knowledge() {
    let server = TestServer::demo().await;
    let client = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    let response = client.get(format!("{}/v1/pets", server.url)).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_2));
    assert!(response.headers().get("strict-transport-security").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_files_are_named_and_a_new_certificate_is_taken() {
    let (dir, cert, key, first) = certificate();
    let start = async |pairs: &[(&str, &Path)]| {
        let data = dir.path().join("data").display().to_string();
        let mut overrides = vec![
            ("server.listen".to_owned(), "127.0.0.1:0".to_owned()),
            ("server.data_dir".to_owned(), data),
            ("auth.argon2_memory_kib".to_owned(), "64".to_owned()),
        ];
        overrides.extend(pairs.iter().map(|(name, path)| ((*name).to_owned(), path.display().to_string())));
        let settings = Settings::load(None, std::iter::empty(), overrides).unwrap();
        Server::start(settings, Clock::system(), Faults::default()).await
    };
    let (other_dir, _, other_key, _) = certificate();
    let empty = dir.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let gone = dir.path().join("gone.pem");
    for (pairs, told) in [
        (&[("tls.cert", cert.as_path())][..], "tls.key (--tls-key) must be given"),
        (&[("tls.key", key.as_path())], "tls.cert (--tls-cert) must be given"),
        (&[("tls.cert", gone.as_path()), ("tls.key", key.as_path())], "gone.pem cannot be used"),
        (&[("tls.cert", empty.as_path()), ("tls.key", key.as_path())], "holds no certificate"),
        (&[("tls.cert", cert.as_path()), ("tls.key", empty.as_path())], "tls.key"),
        (&[("tls.cert", cert.as_path()), ("tls.key", other_key.as_path())], "it is not the key of tls.cert"),
    ] {
        let Err(error) = start(pairs).await else { panic!("must be refused: {told}") };
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains(told), "{cause}");
    }
    drop(other_dir);
    let server = start(&[("tls.cert", &cert), ("tls.key", &key)]).await.unwrap();
    let url = format!("https://{}/healthz", server.address);
    let ask =
        async |root: &reqwest::Certificate| client(root).build().unwrap().get(&url).send().await.is_ok();
    assert!(ask(&first).await);
    std::fs::write(&key, "nonsense").unwrap();
    assert!(server.reload_certificate().is_err() && ask(&first).await, "the one from before stays");
    let second = write_certificate(&cert, &key);
    assert!(!ask(&second).await);
    server.reload_certificate().unwrap();
    assert!(ask(&second).await && !ask(&first).await);
    assert!(server.stop().await);
}

/// An event stream over TLS, with a receive buffer in the kernel of that many bytes.
async fn stream(server: &TestServer, cert: &Path, buffer: u32) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(cert).unwrap()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let address = server.url.trim_start_matches("https://");
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(buffer).unwrap();
    let stream = socket.connect(address.parse().unwrap()).await.unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
    stream.write_all(b"GET /v1/events?topics=pets HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_over_tls_ends_so_that_nothing_can_have_been_cut_off() {
    let (_dir, cert, key, _) = certificate();
    let server = Setup::demo().set("tls.cert", cert.display()).set("tls.key", key.display()).start().await;
    let mut stream = stream(&server, &cert, 65_536).await;
    let (read, stopped) = tokio::join!(
        async {
            let mut rest = String::new();
            // Without close_notify this is an error.
            stream.read_to_string(&mut rest).await.map(|_| rest)
        },
        tokio::spawn(async move { drop(server) })
    );
    stopped.unwrap();
    assert!(read.unwrap().ends_with("0\r\n\r\n"));
}

/// TLS takes what the connection below it does not: neither that nor what is written meanwhile is the reader's doing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_nothing_over_tls_is_closed_and_who_is_slow_is_not() {
    const EVENTS: usize = 200;
    let (_dir, cert, key, _) = certificate();
    let setup = Setup::demo().set("tls.cert", cert.display()).set("tls.key", key.display());
    let server = setup.set("server.write_timeout_ms", 1000).set("sse.keep_alive_ms", 100).start().await;
    let (_frozen, mut slow) = (stream(&server, &cert, 4096).await, stream(&server, &cert, 65_536).await);
    let caller = inside::staff_of(Tenant::PUBLIC);
    let pet = server.app().create_pet(&caller, inside::pet("Flood")).await.unwrap();
    let changes = (0..EVENTS).map(|number| {
        let photo = |photo: usize| format!("http://127.0.0.1/{number}/{photo:0480}");
        let photos = Some((0..20).map(photo).collect());
        server.app().update_pet(&caller, pet.id, PetDraft { photos, ..PetDraft::default() })
    });
    let hits = || server.metrics().limit_hits("server.write_timeout_ms");
    let reading = async {
        let (mut read, mut buffer) = (0, vec![0; 8 * 1024]);
        // Longer than the time-out, and until the other is closed.
        let began = Instant::now();
        while hits() == 0 || began.elapsed() < Duration::from_millis(1600) {
            assert!(began.elapsed() < Duration::from_secs(20), "who takes nothing is not closed");
            read += within("a slow read", slow.read(&mut buffer)).await.unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        read
    };
    let (read, changed) = tokio::join!(reading, futures_util::future::join_all(changes));
    assert!(changed.iter().all(Result::is_ok));
    assert!(read > 0 && hits() == 1, "{} are closed after {read} bytes", hits());
}
