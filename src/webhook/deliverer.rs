//! Sends deliveries and records what came of them.
//!
//! One loop owns the [`Lanes`]. Attempts run as tasks of their own and report back. The loop gathers the reports and
//! writes them, and claims what is due, in one transaction (a *turn*) at a time; the lanes go on meanwhile.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::exchange::Sender;
use super::lane::{Lanes, Unused};
use super::schedule::{Failure, Schedule};
use super::settlement::{Faring, GONE, Settlement};
use super::slot::{Report, Slot};
use super::turn::{Claim, Turn, saturating_u32, write};
use super::{Doorbell, Setup};
use crate::bus::Bells;
use crate::clock::{Clock, Ids};
use crate::domain::webhook::{HealthRules, Outcome};
use crate::domain::{EndpointId, Kind, Timestamp};
use crate::store::{Store, Verdict, Writes};
use crate::tasks::Tasks;
use crate::telemetry::Metrics;

/// The longest time between two looks at the table, in milliseconds: notifications only wake, the table is the truth.
const LOOK_MS: i64 = 5_000;
/// The same while it is not known when something is due: it was not asked, or deliveries are due whose endpoints hold
/// their share, and `next_due` tells nothing of later ones.
const CROWDED_LOOK_MS: i64 = 500;
/// The pause after a failed transaction, in milliseconds.
const PAUSE_MS: i64 = 500;
/// How long a shutdown waits for attempts under way; an attempt that is cut off is made again after the start.
const DRAIN: Duration = Duration::from_secs(5);
/// How often a shutdown tries to record results.
const LAST_TRIES: usize = 3;

pub(super) struct Deliverer {
    store: Store,
    clock: Clock,
    ids: Ids,
    tasks: Tasks,
    metrics: Metrics,
    sender: Arc<Sender>,
    doorbell: Arc<Doorbell>,
    bells: Bells,
    schedule: Schedule,
    rules: HealthRules,
    /// Nothing waits for longer.
    longest_ms: i64,
    lanes: Lanes,
    concurrency: usize,
    batch: usize,
    lease_ms: i64,
    reports: (mpsc::Sender<Report>, mpsc::Receiver<Report>),
    /// Results that are in no turn yet.
    unrecorded: Vec<Settlement>,
    /// Results in the turn that is under way.
    recording: usize,
    /// Claims that are to be given back.
    unused: Vec<Unused>,
    /// Endpoints whose last attempt failed; bounded by the endpoints that there are.
    troubled: HashSet<EndpointId>,
    /// Whether something may be due now.
    look: bool,
    /// Whether it is not known when something is due next, since what was due was sent first.
    unasked: bool,
    /// When something may be due next.
    look_at: Timestamp,
    /// Set by a failed turn: no other before then, nothing new is sent until one has succeeded.
    paused_until: Option<Timestamp>,
    /// After a turn that one of its results may have spoilt: one result for each turn, until all are recorded.
    one_by_one: bool,
    abandon: CancellationToken,
}

impl Deliverer {
    pub fn new(setup: &Setup, sender: Sender) -> Self {
        let settings = &setup.settings;
        // Twice the time-out at least, or a delivery that waited in its lane for a moment could never be sent.
        let timeout_ms = settings.timeout_ms.max(settings.max_timeout_ms);
        let lease_ms = settings.lease_ms.max(timeout_ms.saturating_mul(2));
        let rules = HealthRules {
            circuit_failures: settings.circuit_failures,
            circuit_open_ms: i64::try_from(settings.circuit_open_ms).unwrap_or(i64::MAX),
            disable_after_ms: i64::try_from(settings.disable_after_s.saturating_mul(1000))
                .unwrap_or(i64::MAX),
        };
        let schedule = Schedule::new(settings);
        Self {
            store: setup.store.clone(),
            clock: setup.clock.clone(),
            ids: setup.ids.clone(),
            tasks: setup.tasks.clone(),
            metrics: setup.metrics.clone(),
            sender: Arc::new(sender),
            doorbell: Arc::clone(&setup.doorbell),
            bells: setup.bells.clone(),
            longest_ms: schedule.longest_ms().max(rules.longest_ms()),
            rules,
            schedule,
            lanes: Lanes::new(settings),
            concurrency: settings.concurrency,
            batch: settings.batch,
            lease_ms: i64::try_from(lease_ms).unwrap_or(i64::MAX),
            // A slot is free again only after its report was taken, so there is room for the report of every slot.
            reports: mpsc::channel(settings.concurrency),
            unrecorded: Vec::new(),
            recording: 0,
            unused: Vec::new(),
            troubled: HashSet::new(),
            look: true,
            unasked: false,
            look_at: Timestamp::from_ms(setup.clock.steady_ms()),
            paused_until: None,
            one_by_one: false,
            abandon: CancellationToken::new(),
        }
    }

    /// Runs until `shutdown`, then finishes what it sent.
    pub async fn run(mut self, shutdown: CancellationToken) {
        if shutdown.run_until_cancelled(self.release_leases()).await.is_none() {
            return;
        }
        let mut turn: Option<BoxFuture<'static, Turn>> = None;
        loop {
            self.launch();
            if turn.is_none() && self.has_work() {
                turn = Some(self.turn(true));
            }
            let timer = self.timer().filter(|_| turn.is_none());
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                done = some(turn.as_mut()) => {
                    turn = None;
                    self.conclude(done);
                }
                Some(report) = self.reports.1.recv() => {
                    self.take(report);
                    while let Ok(report) = self.reports.1.try_recv() {
                        self.take(report);
                    }
                }
                () = self.doorbell.rung() => self.look_again(),
                () = some(self.lanes.next_tick().map(|at| self.clock.sleep_until_steady(at.as_ms()).boxed())) => {}
                () = some(timer.map(|at| self.clock.sleep_until_steady(at.as_ms()).boxed())) => self.look = true,
            }
        }
        self.finish(turn).await;
    }

    /// A clock that is set back must not hold back what waits.
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.clock.steady_ms())
    }

    /// What an earlier process held is due again: none of its attempts is under way. What waits for longer than anything
    /// may was written by a clock that was ahead.
    async fn release_leases(&self) {
        loop {
            let (now, latest) = (self.now(), self.now().plus_ms(self.longest_ms));
            let release = async move |writes: &mut dyn Writes| {
                writes.end_long_waits(now, latest).await?;
                writes.release_leases().await
            };
            match self.store.write(release).await {
                Ok(released) => {
                    return tracing::debug!(released, "webhook leases of an earlier process released");
                }
                Err(error) => tracing::error!(%error, "webhook leases could not be released; trying again"),
            }
            self.clock.sleep_until_steady(self.now().plus_ms(PAUSE_MS).as_ms()).await;
        }
    }

    /// Someone rang: there may be something due, and lanes whose endpoints changed are read anew.
    fn look_again(&mut self) {
        self.look = true;
        for endpoint in self.doorbell.take_changed() {
            self.unused.extend(self.lanes.renew(endpoint));
        }
    }

    fn has_work(&self) -> bool {
        let paused = self.paused_until.is_some_and(|until| self.now() < until);
        let writing = !self.unrecorded.is_empty() || !self.unused.is_empty();
        !paused && (writing || self.look && self.lanes.room() > 0)
    }

    /// When to look at the table without being told to. Nothing while a look is wanted already: then it waits for room,
    /// which the next report brings.
    fn timer(&self) -> Option<Timestamp> {
        self.paused_until.or((!self.look).then_some(self.look_at))
    }

    /// Starts what the lanes let through. What was sent and is not recorded counts as under way, so that the limit also
    /// bounds how much a crash makes us send twice.
    fn launch(&mut self) {
        let unrecorded = self.unrecorded.len() + self.recording;
        self.lanes.tick(self.now());
        while self.paused_until.is_none()
            && self.lanes.sending() + unrecorded < self.concurrency
            && let Some(claimed) = self.lanes.next(self.now())
        {
            let (sender, abandon) = (Arc::clone(&self.sender), self.abandon.clone());
            let slot = Slot::new(self.reports.0.clone(), claimed);
            self.tasks.spawn_connection("webhook attempt", async move {
                abandon.run_until_cancelled(slot.fill(&sender)).await;
            });
        }
    }

    /// Takes the report of an attempt that ended, and decides what follows.
    fn take(&mut self, Report { claimed, exchange }: Report) {
        let endpoint = claimed.endpoint.id;
        let Some(exchange) = exchange else { return self.lanes.finished(endpoint, false) };
        self.lanes.finished(endpoint, exchange.succeeded());
        let (now, attempt) = (self.now(), &exchange.attempt);
        let (verdict, outcome) = if exchange.succeeded() {
            (Verdict::Succeeded, Outcome::Succeeded)
        } else if attempt.status_code == Some(GONE) {
            self.unused.extend(self.lanes.clear(endpoint));
            (Verdict::Dead, Outcome::Gone)
        } else {
            let rest_ms = self.schedule.rest_ms(attempt.status_code, exchange.retry_after_ms);
            if let Some(rest_ms) = rest_ms {
                self.unused.extend(self.lanes.rest(endpoint, now.plus_ms(rest_ms)));
            }
            let number = attempt.number.saturating_sub(claimed.delivery.schedule_from);
            let failure = Failure { number, retry_after_ms: exchange.retry_after_ms };
            let random = u32::from_le_bytes(self.ids.random_bytes());
            (self.schedule.after(failure, now, random), Outcome::Failed { rest_ms })
        };
        let troubled = self.troubled.contains(&endpoint);
        if outcome != Outcome::Succeeded {
            self.troubled.insert(endpoint);
            self.lanes.await_verdict(endpoint);
        }
        self.unrecorded.push(Settlement::new(&claimed, exchange, verdict, outcome, troubled));
    }

    /// One transaction: records what is unrecorded and, with `claim`, claims what is due.
    fn turn(&mut self, claim: bool) -> BoxFuture<'static, Turn> {
        let count = if self.one_by_one { 1.min(self.unrecorded.len()) } else { self.unrecorded.len() };
        let settlements: Vec<Settlement> = self.unrecorded.drain(..count).collect();
        self.recording = settlements.len();
        // A claim that fails must not be taken for a result that does.
        let claim = claim && !self.one_by_one;
        let now = self.now();
        let claim = Claim {
            now,
            lease_until: now.plus_ms(self.lease_ms),
            limit: if claim { saturating_u32(self.batch.min(self.lanes.room())) } else { 0 },
            per_endpoint: saturating_u32(self.lanes.share()),
            look: claim && (std::mem::take(&mut self.look) | std::mem::take(&mut self.unasked)),
        };
        let unused = if self.one_by_one { Vec::new() } else { std::mem::take(&mut self.unused) };
        let (store, ids, rules) = (self.store.clone(), self.ids.clone(), self.rules);
        async move {
            let records = Arc::new((settlements, unused));
            let result = write(&store, ids, rules, Arc::clone(&records), claim).await;
            let (settlements, unused) = Arc::unwrap_or_clone(records);
            Turn { settlements, unused, claim, result }
        }
        .boxed()
    }

    /// Takes what a turn brought.
    fn conclude(&mut self, Turn { settlements, unused, claim, result }: Turn) {
        self.recording = 0;
        let now = self.now();
        let written = match result {
            Ok(written) => written,
            Err(error) => {
                tracing::error!(%error, cause = ?std::error::Error::source(&error), results = settlements.len(),
                    "a webhook transaction failed");
                let spoilt = error.kind() != Kind::Unavailable && !settlements.is_empty();
                // Found: it is dropped, and its delivery claimed and sent anew when its lease has ended.
                match &settlements[..] {
                    [found] if spoilt => self.lanes.judged(found.endpoint),
                    _ => drop(self.unrecorded.splice(..0, settlements)),
                }
                self.unused.extend(unused);
                self.one_by_one = spoilt;
                self.look = true;
                self.paused_until = Some(now.plus_ms(PAUSE_MS));
                return;
            }
        };
        self.paused_until = None;
        self.one_by_one &= !self.unrecorded.is_empty();
        let claimed = written.claimed.len();
        for faring in &written.faring {
            self.follow(faring);
        }
        for settlement in &settlements {
            self.lanes.judged(settlement.endpoint);
        }
        let given_back = self.lanes.accept(written.claimed, claim.lease_until, now);
        // What only came to be given back says nothing of what else is due; it would come again and again.
        self.look |= claim.limit > 0 && claimed >= claim.limit as usize && given_back.len() < claimed;
        self.unused.extend(given_back);
        if claim.look {
            self.unasked = written.next_due.is_none();
            self.look_at = match written.next_due {
                // Known to be due earlier, or soon.
                None if self.look_at > now => self.look_at.min(now.plus_ms(CROWDED_LOOK_MS)),
                None => now.plus_ms(CROWDED_LOOK_MS),
                Some(Some(due)) if due <= now => now.plus_ms(CROWDED_LOOK_MS),
                Some(Some(due)) => due,
                Some(None) => now.plus_ms(LOOK_MS),
            };
        }
        for (settlement, held) in settlements.iter().zip(written.held) {
            self.metrics.delivery(if held { settlement.counted } else { "claim_lost" });
            if held {
                self.bells.ring(settlement.endpoint);
            } else {
                // Nothing was written of what it would have meant for its endpoint, so nothing may be remembered.
                self.unused.extend(self.lanes.renew(settlement.endpoint));
            }
            // What is claimed from now on tells of the failures that are written; a deleted endpoint has none.
            if settlement.succeeded() || !held {
                self.troubled.remove(&settlement.endpoint);
            }
            if let Verdict::Retry { at } = settlement.verdict {
                self.look_at = self.look_at.min(at);
            }
        }
        self.look_at = self.look_at.min(now.plus_ms(LOOK_MS));
    }

    /// Does to the lane what was written of its endpoint.
    fn follow(&mut self, faring: &Faring) {
        if faring.opened {
            self.metrics.limit_hit("webhook.circuit_failures");
        }
        match faring.rest_until {
            Some(until) => {
                self.unused.extend(self.lanes.rest(faring.endpoint, until));
                self.look_at = self.look_at.min(until);
            }
            // A success has closed its circuit. What came since, and may have asked for time, is judged next.
            None if self.unrecorded.iter().all(|settlement| settlement.endpoint != faring.endpoint) => {
                self.lanes.wake(faring.endpoint);
            }
            None => {}
        }
        if faring.disabled {
            self.metrics.limit_hit("webhook.disable_after_s");
            self.unused.extend(self.lanes.clear(faring.endpoint));
        }
    }

    /// Claims and sends nothing more; what was sent is awaited, and recorded as it comes.
    async fn finish(&mut self, turn: Option<BoxFuture<'static, Turn>>) {
        if let Some(turn) = turn {
            let done = turn.await;
            self.conclude(done);
        }
        self.unused.extend(self.lanes.clear_all());
        let drained = tokio::time::sleep(DRAIN);
        tokio::pin!(drained);
        let mut tries = LAST_TRIES;
        loop {
            while !self.unrecorded.is_empty() && tries > 0 {
                let done = self.turn(false).await;
                tries -= usize::from(done.result.is_err());
                self.conclude(done);
            }
            if self.lanes.sending() == 0 {
                break;
            }
            tokio::select! {
                Some(report) = self.reports.1.recv() => self.take(report),
                () = &mut drained => {
                    tracing::warn!(attempts = self.lanes.sending(), "webhook attempts were cut off by the shutdown");
                    break;
                }
            }
        }
        self.abandon.cancel();
    }
}

/// Waits for the future, if there is one.
async fn some<F: Future + Unpin>(future: Option<F>) -> F::Output {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}
