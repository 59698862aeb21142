//! Structured logs on standard error.

use std::io::IsTerminal;

use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::LogFormat;

/// The logs could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The filter does not follow the syntax of tracing directives.
    #[error("log.filter is not a list of tracing directives: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// This process already has a subscriber.
    #[error("logging has been set up before: {0}")]
    SetTwice(#[from] tracing_subscriber::util::TryInitError),
}

/// Sends the logs of this process to standard error, as text (coloured on a terminal) or as one JSON object a
/// line with the fields of the event and of its span. Called once, at start.
///
/// # Errors
/// When `filter` cannot be read, or logging was set up before.
pub fn init(format: LogFormat, filter: &str) -> Result<(), LoggingError> {
    subscriber(format, filter, std::io::stderr().is_terminal(), std::io::stderr)?.try_init()?;
    Ok(())
}

fn subscriber(
    format: LogFormat,
    filter: &str,
    colour: bool,
    writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static,
) -> Result<Box<dyn tracing::Subscriber + Send + Sync>, LoggingError> {
    let filter = EnvFilter::try_new(filter)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(colour);
    let discreet = filter_fn(|metadata| !repeats_content(metadata.target(), *metadata.level()));
    Ok(match format {
        LogFormat::Text => Box::new(builder.finish().with(discreet)),
        LogFormat::Json => {
            Box::new(builder.json().flatten_event(true).with_span_list(false).finish().with(discreet))
        }
    })
}

/// Libraries that log what they carry, below INFO: frames, headers and statements, and so tokens and passwords.
const CARRIERS: [&str; 8] =
    ["tungstenite", "tokio_tungstenite", "socketioxide", "engineioxide", "h2", "hyper", "sqlx", "reqwest"];

/// Whether such an event may hold a secret, whatever the filter asks for.
fn repeats_content(target: &str, level: Level) -> bool {
    let library = target.split("::").next().unwrap_or_default();
    level > Level::INFO && CARRIERS.iter().any(|carrier| library.starts_with(carrier))
}

#[cfg(test)]
mod tests {
    use super::*;
    use parking_lot::Mutex;
    use std::io::Write;
    use std::sync::Arc;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, filter: &str) -> String {
        let sink = Sink::default();
        let writer = sink.clone();
        let subscriber = subscriber(format, filter, false, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            let _span = tracing::info_span!("request", request_id = "r-1").entered();
            tracing::info!(status = 201, "order placed");
            tracing::debug!("too fine");
        });
        let bytes = sink.0.lock().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn json_lines_carry_fields_and_span() {
        let text = logged(LogFormat::Json, "info");
        let line: serde_json::Value = serde_json::from_str(text.trim_end()).expect("one JSON object");
        assert_eq!(line["message"], "order placed");
        assert_eq!(line["status"], 201);
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["span"]["request_id"], "r-1");
    }

    #[test]
    fn what_libraries_carry_is_not_logged() {
        assert!(repeats_content("tungstenite::protocol", Level::TRACE));
        assert!(repeats_content("engineioxide", Level::DEBUG));
        assert!(!repeats_content("tungstenite::protocol", Level::WARN));
        assert!(!repeats_content("petstore::app", Level::TRACE));
    }

    #[test]
    fn text_lines_obey_the_filter() {
        let text = logged(LogFormat::Text, "info");
        assert!(text.contains("order placed") && text.contains("r-1"), "{text}");
        assert_eq!(text.lines().count(), 1);
        assert_eq!(logged(LogFormat::Text, "error"), "");
        assert!(matches!(init(LogFormat::Text, "petstore=loud"), Err(LoggingError::Filter(_))));
    }
}
