//! What is done to webhook endpoints by hand: rotate, pause, test, send again, replay.

use super::change::{Audited, found};
use super::policy::{Operation, authorize};
use super::webhooks::own;
use super::{App, Caller};
use crate::domain::audit::{Action, Snapshot};
use crate::domain::event::Fact;
use crate::domain::page::{Page, PageRequest};
use crate::domain::webhook::{Delivery, DeliveryStatus, Endpoint, Job, JobKind, JobStart, MAX_OVERLAP_S};
use crate::domain::{DeliveryId, EndpointId, Error, EventId, JobId, Principal, Result, Violation};

/// How long two secrets sign beside each other when nothing else is said, in seconds.
const OVERLAP_S: u32 = 86_400;

impl App {
    /// Gives an endpoint a new secret and key; the old ones sign too for `overlap_s` seconds (a day when left out).
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for a longer overlap than a week.
    pub async fn rotate_endpoint_secret(
        &self,
        caller: &Caller,
        id: EndpointId,
        overlap_s: Option<u32>,
    ) -> Result<(Endpoint, String)> {
        authorize(Operation::WriteWebhooks, &caller.principal)?;
        let overlap_s = overlap_s.unwrap_or(OVERLAP_S);
        if overlap_s > MAX_OVERLAP_S {
            let message = format!("must be between 0 and {MAX_OVERLAP_S}");
            return Err(Error::invalid(Violation::new("overlapSeconds", "out_of_range", message)));
        }
        let issued = self.0.endpoint_secrets.issue(id)?;
        let secret = issued.text.clone();
        let endpoint = self
            .alter_endpoint(caller, id, Action::EndpointSecretRotated, move |before, now| {
                Ok(before.rotated(&issued, overlap_s, now))
            })
            .await?;
        Ok((endpoint, secret))
    }

    /// Stops sending to an endpoint, whose deliveries pile up, or goes on.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn pause_endpoint(&self, caller: &Caller, id: EndpointId, paused: bool) -> Result<Endpoint> {
        let action = if paused { Action::EndpointPaused } else { Action::EndpointResumed };
        self.alter_endpoint(caller, id, action, move |before, now| Ok(before.paused(paused, now))).await
    }

    /// Sends an endpoint, and it alone, an event `endpoint.test`, whatever it asks for.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::EndpointDisabled`].
    pub async fn test_endpoint(&self, caller: &Caller, id: EndpointId) -> Result<EventId> {
        authorize(Operation::WriteWebhooks, &caller.principal)?;
        let principal = caller.principal.clone();
        self.change(caller, async move |change| {
            let endpoint = own(&principal, change.writes.endpoint(change.tenant, id).await?)?;
            if !endpoint.enabled {
                return Err(Error::EndpointDisabled);
            }
            let event = EventId(change.ids.uuid_v7());
            change.writes.append_event(event, change.now, Fact::endpoint_test(&endpoint)).await?;
            Ok((event, Audited::new(Action::EndpointTested, None, Some(Snapshot::Endpoint(endpoint)))))
        })
        .await
    }

    /// Sends a delivery again now, settled or not, with the schedule from its beginning.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::EventExpired`] when its event is no longer kept.
    pub async fn resend_delivery(
        &self,
        caller: &Caller,
        endpoint: EndpointId,
        id: DeliveryId,
    ) -> Result<Delivery> {
        authorize(Operation::WriteWebhooks, &caller.principal)?;
        let principal = caller.principal.clone();
        let delivery = self
            .change(caller, async move |change| {
                let endpoint = own(&principal, change.writes.endpoint(change.tenant, endpoint).await?)?;
                let before = change.writes.delivery(change.tenant, id).await?;
                let before =
                    found(before.filter(|delivery| delivery.endpoint_id == endpoint.id), "delivery")?;
                if !change.writes.reopen_delivery(change.tenant, id, change.now).await? {
                    return Err(Error::EventExpired);
                }
                let delivery = Delivery {
                    status: DeliveryStatus::Pending,
                    schedule_from: before.attempts,
                    next_attempt_at: Some(change.now),
                    settled_at: None,
                    ..before.clone()
                };
                let (before, after) = (Snapshot::Delivery(before), Snapshot::Delivery(delivery.clone()));
                Ok((delivery, Audited::new(Action::DeliveryResent, Some(before), Some(after))))
            })
            .await?;
        self.0.endpoint_secrets.changed(endpoint);
        Ok(delivery)
    }

    /// Starts a job that sends again: every failed delivery that was made since a time, or every event that is for the
    /// endpoint since a time or after a position of the log.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::LimitReached`] when too many run; [`Error::CursorExpired`] for a position that the
    /// log no longer reaches.
    pub async fn start_webhook_job(
        &self,
        caller: &Caller,
        endpoint: EndpointId,
        kind: JobKind,
        start: JobStart,
    ) -> Result<Job> {
        authorize(Operation::WriteWebhooks, &caller.principal)?;
        let (principal, id) = (caller.principal.clone(), JobId(self.0.ids.uuid_v7()));
        let max = u64::from(self.0.settings.max_jobs_per_endpoint);
        let job = self
            .change(caller, async move |change| {
                let endpoint = own(&principal, change.writes.endpoint(change.tenant, endpoint).await?)?;
                if change.writes.count_running_jobs(endpoint.id).await? >= max {
                    let message = format!("one endpoint can have at most {max} jobs under way");
                    return Err(Error::LimitReached { limit: "webhook.max_jobs_per_endpoint", message });
                }
                let bounds = change.writes.bounds().await?;
                let (since, first) = match (start, kind) {
                    (JobStart::After(seq), _) if seq < bounds.floor => return Err(Error::CursorExpired),
                    (JobStart::After(seq), _) => (None, seq),
                    (JobStart::Since(since), JobKind::Replay) => {
                        (Some(since), change.writes.seq_before(since).await?)
                    }
                    // A dead letter's event may be older than what the log still serves.
                    (JobStart::Since(since), JobKind::ResendFailed) => {
                        (Some(since), crate::domain::Seq::START)
                    }
                };
                let job = Job {
                    id,
                    tenant: change.tenant,
                    endpoint_id: endpoint.id,
                    kind,
                    since,
                    first,
                    cursor: first,
                    upto: bounds.head.max(first),
                    queued: 0,
                    created_at: change.now,
                    finished_at: None,
                    cancelled: false,
                };
                change.writes.insert_job(&job).await?;
                let after = Some(Snapshot::WebhookJob(job.clone()));
                Ok((job, Audited::new(Action::WebhookJobStarted, None, after)))
            })
            .await?;
        self.0.endpoint_secrets.changed(endpoint);
        Ok(job)
    }

    /// Ends a job where it is: what it has made due is sent, nothing more is. One that has ended stays as it is.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn cancel_webhook_job(&self, caller: &Caller, endpoint: EndpointId, id: JobId) -> Result<Job> {
        authorize(Operation::WriteWebhooks, &caller.principal)?;
        let principal = caller.principal.clone();
        self.change(caller, async move |change| {
            let endpoint = own(&principal, change.writes.endpoint(change.tenant, endpoint).await?)?;
            let before = change.writes.job(change.tenant, id).await?;
            let before = found(before.filter(|job| job.endpoint_id == endpoint.id), "webhook job")?;
            let job = before.cancelled(change.now);
            if before.finished_at.is_none() {
                change.writes.update_job(&job).await?;
            }
            let (before, after) = (Snapshot::WebhookJob(before), Snapshot::WebhookJob(job.clone()));
            Ok((job, Audited::new(Action::WebhookJobCancelled, Some(before), Some(after))))
        })
        .await
    }

    /// Where a replay from `cursor` begins.
    ///
    /// # Errors
    /// As [`App::past_events`].
    pub async fn job_start(&self, cursor: &str) -> Result<JobStart> {
        self.resolve(cursor).await.map(JobStart::After)
    }

    /// The jobs of an endpoint, newest first.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn list_webhook_jobs(
        &self,
        principal: &Principal,
        endpoint: EndpointId,
        page: PageRequest,
    ) -> Result<Page<Job>> {
        let endpoint = self.get_endpoint(principal, endpoint).await?;
        self.0.store.read().list_jobs(principal.tenant, endpoint.id, page).await
    }

    /// One job of an endpoint.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get_webhook_job(
        &self,
        principal: &Principal,
        endpoint: EndpointId,
        id: JobId,
    ) -> Result<Job> {
        let endpoint = self.get_endpoint(principal, endpoint).await?;
        let job = self.0.store.read().find_job(principal.tenant, id).await?;
        found(job.filter(|job| job.endpoint_id == endpoint.id), "webhook job")
    }
}
