//! The binary `petstore`.

use std::process::ExitCode;
use std::time::Duration;

use petstore::app::keys::{self, KeyInfo};
use petstore::cli::{self, Command, SettingsSource};
use petstore::clock::Clock;
use petstore::config::{Settings, process_env};
use petstore::domain::Timestamp;
use petstore::server::Server;
use petstore::store::faults::Faults;
use petstore::telemetry::logging;
use petstore::webhook::tools;
use tokio::signal::unix::{SignalKind, signal};

/// SQLite's and our own small pieces come and go on two threads each: glibc's arenas took a sixth more of an order's CPU
/// time, and gave less back after a burst.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let outcome = match cli::parse() {
        Command::Serve(source) => with_runtime(async { serve(settings(source)?).await }),
        Command::Seed(source) => with_runtime(async { seed(settings(source)?).await }),
        Command::ListKeys(source) => {
            settings(source).and_then(|settings| tell(keys::list(&settings.server.data_dir)?))
        }
        Command::RotateKeys { source, end_old } => {
            settings(source).and_then(|settings| rotate(&settings, end_old))
        }
        Command::Listen(asked) => with_runtime(async move { listen(asked).await }),
        Command::VerifyWebhook { key, request, tolerance_s } => verify(&key, &request, tolerance_s),
        Command::Trigger { login, event } => {
            with_runtime(async move { Ok(tools::trigger(&login, &event, &|line| println!("{line}")).await?) })
        }
        Command::Schema { out } => petstore::schema::write(&out).map_err(Into::into),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            eprintln!("petstore: {error}{cause}");
            ExitCode::FAILURE
        }
    }
}

fn rotate(settings: &Settings, end_old: bool) -> Result<(), Failure> {
    let ttl_ms = i64::try_from(settings.auth.token_ttl_s.saturating_mul(1000)).unwrap_or(i64::MAX);
    let now = Timestamp::from_ms(Clock::system().now_ms());
    tell(keys::rotate(&settings.server.data_dir, ttl_ms, now, end_old)?)
}

fn tell(keys: Vec<KeyInfo>) -> Result<(), Failure> {
    for KeyInfo { kid, since, signs } in keys {
        let since = since.map_or("the first start".to_owned(), |since| since.to_string());
        println!("{kid}  since {since}  {}", if signs { "signs" } else { "verifies" });
    }
    Ok(())
}

fn with_runtime(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(work);
    // Work that cannot be stopped, such as a name that is being resolved, must not hold up the end.
    runtime.shutdown_timeout(Duration::from_millis(500));
    outcome
}

fn settings(source: SettingsSource) -> Result<Settings, Failure> {
    let settings = Settings::load(source.config.as_deref(), process_env(), source.overrides)?;
    logging::init(settings.log.format, &settings.log.filter)?;
    Ok(settings)
}

async fn serve(settings: Settings) -> Result<(), Failure> {
    // Before the ready line: who waits for it may send a signal at once.
    let (mut term, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut hangup = signal(SignalKind::hangup())?;
    let server = Server::start(settings, Clock::system(), Faults::default()).await?;
    println!("{}\nlistening on {}://{}", server.banner(), server.scheme(), server.address);
    let died = loop {
        tokio::select! {
            _ = term.recv() => break false,
            _ = interrupt.recv() => break false,
            () = server.tasks.failure().cancelled() => break true,
            _ = hangup.recv() => match server.reload_certificate() {
                Ok(()) => tracing::info!("the certificate was read anew"),
                Err(error) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::error!(cause, "the certificate from before stays");
                }
            },
        }
    };
    tracing::info!("stopping");
    match (server.stop().await, died) {
        (_, true) => Err("a service died; see the log".into()),
        (true, false) => Ok(()),
        (false, false) => Err("a service did not end in time".into()),
    }
}

async fn listen(asked: tools::Listen) -> Result<(), Failure> {
    let clock = Clock::system();
    tokio::select! {
        done = tools::listen(&asked, &clock, &|line| println!("{line}")) => Ok(done?),
        stopped = tokio::signal::ctrl_c() => Ok(stopped?),
    }
}

fn verify(key: &str, request: &std::path::Path, tolerance_s: u32) -> Result<(), Failure> {
    let (key, captured) = (tools::Key::parse(key)?, tools::Captured::read(request)?);
    let verified = tools::verify(&captured, &key, Clock::system().now_ms() / 1000, tolerance_s.into())?;
    println!("verified: {verified}");
    Ok(())
}

async fn seed(mut settings: Settings) -> Result<(), Failure> {
    settings.server.seed = petstore::config::Seed::Demo;
    if settings.server.public_url.is_empty() {
        // The receipts name the address that the store will be served at, not the one of this moment.
        settings.server.public_url = format!("http://{}", settings.server.listen);
    }
    settings.server.listen = ([127, 0, 0, 1], 0).into();
    (settings.tls.cert, settings.tls.key) = Default::default();
    let server = Server::start(settings, Clock::system(), Faults::default()).await?;
    println!("the demo store is in {}", server.settings.server.data_dir.display());
    server.stop().await;
    Ok(())
}
