//! A server in this process, on a port and in a folder of its own.

use std::sync::Arc;
use std::time::Duration;

use petstore::app::App;
use petstore::clock::Clock;
use petstore::config::{OAuthClientSettings, Settings};
use petstore::server::Server;
use petstore::store::faults::Faults;
use petstore::telemetry::Metrics;
use tempfile::TempDir;

use super::{Api, Database, eventually, within};

/// How far a clock is moved at a time: further than the pauses before a second and a third attempt.
const STEP: Duration = Duration::from_secs(6);

/// What a server starts with.
#[derive(Clone)]
pub struct Setup {
    overrides: Vec<(String, String)>,
    clock: Clock,
    faults: Faults,
    clients: Vec<OAuthClientSettings>,
}

impl Setup {
    /// The demo store.
    pub fn demo() -> Self {
        Self::with_seed("demo")
    }

    /// Nothing but an administrator.
    pub fn empty() -> Self {
        Self::with_seed("none")
    }

    fn with_seed(seed: &str) -> Self {
        let (clock, faults) = (Clock::system(), Faults::default());
        let setup = Self { overrides: Vec::new(), clock, faults, clients: Vec::new() };
        setup
            .set("server.seed", seed)
            // What a password costs is not what these tests are about.
            .set("auth.argon2_memory_kib", 64)
            .set("auth.argon2_iterations", 1)
            .set("webhook.allow_private_addresses", true)
    }

    /// Sets `section.key`.
    pub fn set(mut self, name: &str, value: impl ToString) -> Self {
        self.overrides.push((name.to_owned(), value.to_string()));
        self
    }

    pub fn clock(self, clock: &Clock) -> Self {
        Self { clock: clock.clone(), ..self }
    }

    pub fn faults(self, faults: &Faults) -> Self {
        Self { faults: faults.clone(), ..self }
    }

    /// With clients of the OAuth2 server, as a file has them.
    pub fn clients(self, clients: Vec<OAuthClientSettings>) -> Self {
        Self { clients, ..self }
    }

    /// Starts a server on a fresh folder.
    pub async fn start(self) -> TestServer {
        let dir = Arc::new(tempfile::Builder::new().prefix("petstore-it-").tempdir().unwrap());
        TestServer::start(self, dir, "127.0.0.1:0").await
    }
}

/// A running server. When it goes, it is stopped as on SIGTERM, and the test fails if a task had panicked, ended early
/// or hung, or a webhook delivery is stuck.
pub struct TestServer {
    server: Option<Server>,
    setup: Setup,
    dir: Arc<TempDir>,
    pub url: String,
}

impl TestServer {
    /// With the demo store and the machine's clock.
    pub async fn demo() -> Self {
        Setup::demo().start().await
    }

    async fn start(setup: Setup, dir: Arc<TempDir>, listen: &str) -> Self {
        let mut overrides = setup.overrides.clone();
        overrides.push(("server.listen".to_owned(), listen.to_owned()));
        overrides.push(("server.data_dir".to_owned(), dir.path().display().to_string()));
        let mut settings = Settings::load(None, std::iter::empty(), overrides).unwrap();
        settings.oauth.clients = setup.clients.clone();
        let server = Server::start(settings, setup.clock.clone(), setup.faults.clone()).await;
        let server =
            server.unwrap_or_else(|error| panic!("{error}: {:?}", std::error::Error::source(&error)));
        let url = format!("{}://{}", server.scheme(), server.address);
        Self { server: Some(server), setup, dir, url }
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("not stopped yet")
    }

    pub fn app(&self) -> &App {
        &self.server().app
    }

    /// Where its data is.
    pub fn data(&self) -> &std::path::Path {
        self.dir.path()
    }

    pub fn metrics(&self) -> &Metrics {
        &self.server().metrics
    }

    /// Its folder.
    pub fn path(&self) -> &std::path::Path {
        self.dir.path()
    }

    pub async fn database(&self) -> Database {
        Database::open(self.dir.path()).await
    }

    /// A client without a token.
    pub fn anonymous(&self) -> Api {
        Api::anonymous(&self.url)
    }

    /// A client as a user of the demo seed.
    pub async fn user(&self, name: &str) -> Api {
        self.anonymous().log_in(name).await
    }

    /// The administrator of an empty store.
    pub async fn first_admin(&self) -> Api {
        let password = self.first_admin_password().expect("an administrator was made");
        self.anonymous().log_in_with("admin", password).await
    }

    pub fn first_admin_password(&self) -> Option<&str> {
        self.server().first_admin_password.as_deref()
    }

    /// Waits until no delivery is due or under way.
    pub async fn settled(&self) {
        let mut database = self.database().await;
        let clock = &self.setup.clock;
        eventually("deliveries to settle", async || {
            let settled = database.is_settled(clock.now_ms()).await;
            if !settled {
                // A deliverer whose transaction failed pauses by this clock before it tries again.
                clock.advance(Duration::from_millis(10));
            }
            settled.then_some(())
        })
        .await;
    }

    /// Moves a manual clock until all that waits for a quiet time or tries again has come to its end: the log is
    /// dispatched and no delivery is due.
    pub async fn quiet(&self) {
        let mut database = self.database().await;
        let clock = &self.setup.clock;
        eventually("webhooks to come to rest", async || {
            clock.advance(STEP);
            // What the next step would make due is not at rest: an attempt may have failed just now.
            let horizon_ms = clock.now_ms() + i64::try_from(STEP.as_millis()).unwrap();
            let rest = database.is_dispatched().await && database.is_settled(horizon_ms).await;
            rest.then_some(())
        })
        .await;
    }

    /// Stops it and starts another on the same folder and port.
    pub async fn restart(mut self) -> Self {
        let (setup, dir) = (self.setup.clone(), self.dir.clone());
        let listen = self.url.strip_prefix("http://").unwrap().to_owned();
        self.stop().await;
        Self::start(setup, dir, &listen).await
    }

    async fn stop(&mut self) {
        let Some(server) = &self.server else { return };
        let tasks = server.tasks.clone();
        self.settled().await;
        let ended = within("the server to stop", self.server.take().expect("still there").stop()).await;
        assert!(ended, "something did not end in time: {:?}", tasks.running_services());
        assert_eq!((tasks.panics(), tasks.early_ends()), (0, 0), "tasks that panicked, or ended early");
        let mut database = self.database().await;
        assert_eq!(database.leased().await, 0, "deliveries whose result was not recorded");
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            if let Some(server) = &self.server {
                server.tasks.shutdown().cancel();
            }
            return;
        }
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(self.stop()));
    }
}
