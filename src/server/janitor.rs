//! Takes away what is older than it is kept.

use std::time::Duration;

use super::compose::Parts;
use crate::config::Settings;

/// Time between two looks.
const PERIOD: Duration = Duration::from_secs(60);
/// Time between two looks through the folder of images.
const SWEEP_PERIOD: Duration = Duration::from_secs(3600);

/// Starts the service.
pub(super) fn start(settings: &Settings, parts: &Parts) {
    let (app, clock, shutdown) = (parts.app.clone(), parts.clock.clone(), parts.tasks.shutdown().clone());
    let retention_s = settings.store.event_retention_s;
    let images = (app.clone(), clock.clone(), shutdown.clone());
    parts.tasks.spawn("image sweep", async move {
        let (app, clock, shutdown) = images;
        loop {
            if let Some(Err(error)) = shutdown.run_until_cancelled(app.sweep_images()).await {
                tracing::error!(cause = ?std::error::Error::source(&error), "files of images could not be swept: {error}");
            }
            if shutdown.run_until_cancelled(clock.sleep(SWEEP_PERIOD)).await.is_none() {
                return;
            }
        }
    });
    parts.tasks.spawn("event retention", async move {
        while shutdown.run_until_cancelled(clock.sleep(PERIOD)).await.is_some() {
            app.reload_keys();
            // Each step is a transaction of its own, so it can end between any two.
            if let Some(Err(error)) = shutdown.run_until_cancelled(app.purge(retention_s)).await {
                tracing::error!(cause = ?std::error::Error::source(&error), "old rows could not be purged: {error}");
            }
        }
    });
}
