//! The binary `petstore`.

use std::process::ExitCode;

use petstore::cli::{self, Command, SettingsSource};
use petstore::clock::Clock;
use petstore::config::{Settings, process_env};
use petstore::server::Server;
use petstore::store::faults::Faults;
use petstore::telemetry::logging;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let outcome = match cli::parse() {
        Command::Serve(source) => with_runtime(async { serve(settings(source)?).await }),
        Command::Seed(source) => with_runtime(async { seed(settings(source)?).await }),
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

fn with_runtime(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

fn settings(source: SettingsSource) -> Result<Settings, Failure> {
    let settings = Settings::load(source.config.as_deref(), process_env(), source.overrides)?;
    logging::init(settings.log.format, &settings.log.filter)?;
    Ok(settings)
}

async fn serve(settings: Settings) -> Result<(), Failure> {
    let server = Server::start(settings, Clock::system(), Faults::default()).await?;
    println!("{}\nlistening on http://{}", server.banner(), server.address);
    terminated().await?;
    tracing::info!("stopping");
    if server.stop().await { Ok(()) } else { Err("something did not end in time".into()) }
}

async fn seed(mut settings: Settings) -> Result<(), Failure> {
    settings.server.seed = petstore::config::Seed::Demo;
    settings.server.listen = ([127, 0, 0, 1], 0).into();
    let server = Server::start(settings, Clock::system(), Faults::default()).await?;
    println!("the demo store is in {}", server.settings.server.data_dir.display());
    server.stop().await;
    Ok(())
}

/// Returns at SIGTERM or Ctrl-C.
async fn terminated() -> Result<(), Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut term, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
