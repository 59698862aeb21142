//! The operations of one connection. A query is a task until it is answered; a subscription is a task until it stands, and
//! then a lane of the connection's outbox.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{Response, ServerError};
use futures_util::FutureExt as _;
use futures_util::future::{AbortHandle, Abortable};

use super::lane::Results;
use super::message::Outgoing;
use super::{Ended, Session};
use crate::app::Caller;
use crate::domain::Error;
use crate::protocols::graphql::error::{Answer, encode, encode_errors, is_refused, refusal};
use crate::protocols::graphql::http::execute;
use crate::protocols::graphql::live::{Live, Opening};
use crate::protocols::graphql::operation::{Operation, Params};

/// Operations under way, by the id that the client gave them.
#[derive(Default)]
pub struct Running {
    by_id: HashMap<String, (u64, Option<AbortHandle>)>,
    /// The number of the newest, by which one is told from another that had its id before; also the name of its lane.
    newest: u64,
}

impl Running {
    /// Takes an operation out, and stops it while it is a task. Gives back the name of its lane, if it can have one.
    pub fn stop(&mut self, id: &str) -> Option<u64> {
        let (number, task) = self.by_id.remove(id)?;
        if let Some(task) = task {
            task.abort();
        }
        Some(number)
    }

    /// Stops all that are tasks.
    pub fn stop_all(&mut self) {
        self.by_id.drain().filter_map(|(_, (_, task))| task).for_each(|task| task.abort());
    }

    /// Whether the operation is still under way.
    fn has(&self, ticket: &Ticket) -> bool {
        self.by_id.get(&ticket.id).is_some_and(|(number, _)| *number == ticket.number)
    }

    /// Takes an operation out that has ended. `false`: it was stopped meanwhile.
    pub fn end(&mut self, ticket: &Ticket) -> bool {
        let has = self.has(ticket);
        if has {
            self.by_id.remove(&ticket.id);
        }
        has
    }
}

/// One operation under way.
#[derive(Clone)]
pub struct Ticket {
    id: String,
    number: u64,
}

/// What beginning an operation came to: its last messages, or a subscription.
enum Begun {
    Over(Vec<u8>),
    Lives(Box<Live>),
}

impl Session {
    /// Begins an operation.
    ///
    /// # Errors
    /// [`Ended`] when the id is in use.
    pub(super) fn subscribe(
        self: &Arc<Self>,
        id: String,
        params: Params,
        caller: &Caller,
    ) -> Result<(), Ended> {
        let max = self.graphql.0.settings.max_subscriptions;
        let (abort, registration) = AbortHandle::new_pair();
        let ticket = {
            let mut running = self.running.lock();
            if running.by_id.contains_key(&id) {
                return Err(Ended::close(4409, format!("Subscriber for {id} already exists")));
            }
            (running.by_id.len() < max).then(|| {
                running.newest += 1;
                let number = running.newest;
                running.by_id.insert(id.clone(), (number, Some(abort)));
                Ticket { id: id.clone(), number }
            })
        };
        let Some(ticket) = ticket else {
            self.graphql.0.metrics.limit_hit("graphql.max_subscriptions");
            let message =
                format!("at most {max} operations at a time on one connection (graphql.max_subscriptions)");
            let error = refusal(Error::LimitReached { limit: "graphql.max_subscriptions", message });
            let mut refused = Vec::new();
            self.put_error(&Outgoing::new(&id, self.dialect), vec![error], &mut refused);
            self.outbox.send(&refused);
            return Ok(());
        };
        let operation = Arc::clone(self).operate(ticket, params, caller.clone());
        let operation = Abortable::new(operation, registration).map(|_| ());
        self.graphql.0.tasks.spawn_connection("graphql operation", operation);
        Ok(())
    }

    async fn operate(self: Arc<Self>, ticket: Ticket, params: Params, caller: Caller) {
        let outgoing = Outgoing::new(&ticket.id, self.dialect);
        // Boxed, so that what is under way is no larger than it has to be.
        match Box::pin(self.begin(&outgoing, params, caller)).await {
            Begun::Over(messages) => {
                // One after the other, so that what waits is bounded however many there are.
                let _turn = self.turn.lock().await;
                self.outbox.room().await;
                if self.running.lock().end(&ticket) {
                    self.outbox.send(&messages);
                }
            }
            Begun::Lives(live) => self.live(ticket, outgoing, live),
        }
    }

    /// Makes a subscription a lane.
    fn live(self: &Arc<Self>, ticket: Ticket, outgoing: Outgoing, live: Box<Live>) {
        let number = ticket.number;
        let lane = Results::new(Arc::downgrade(self), ticket.clone(), outgoing, live);
        match self.running.lock().by_id.get_mut(&ticket.id) {
            Some((running, task)) if *running == number => *task = None,
            _ => return,
        }
        self.outbox.add(&[], number, Box::new(lane));
        // It may have been stopped in between, when there was nothing to remove yet.
        if !self.running.lock().has(&ticket) {
            self.outbox.remove(number, &[]);
        }
    }

    async fn begin(&self, outgoing: &Outgoing, params: Params, caller: Caller) -> Begun {
        let over = |errors| {
            let mut messages = Vec::new();
            self.put_error(outgoing, errors, &mut messages);
            Begun::Over(messages)
        };
        let operation = Operation::parse(params, &self.graphql.0.settings);
        if let Err(error) = self.charge(&caller, operation.as_ref().ok()) {
            return over(vec![refusal(error)]);
        }
        let operation = match operation {
            Ok(operation) if operation.kind == OperationType::Subscription => {
                let opening = Opening { operation, caller, resume_after: None };
                return match Live::open(&self.graphql, opening).await {
                    Ok(live) => Begun::Lives(Box::new(live)),
                    Err(errors) => over(errors),
                };
            }
            operation => operation,
        };
        let response: Response = execute(&self.graphql, caller, operation).await;
        if is_refused(&response) {
            return over(response.errors);
        }
        let Answer { json, .. } = encode(response, self.request_id.as_deref());
        let mut messages = Vec::new();
        outgoing.next(&mut messages, &json);
        outgoing.complete(&mut messages);
        Begun::Over(messages)
    }

    /// Charges an operation as it would be as a request of its own.
    fn charge(&self, caller: &Caller, operation: Option<&Operation>) -> Result<(), Error> {
        let changes = operation.is_some_and(|operation| operation.kind == OperationType::Mutation);
        let logins = operation.filter(|_| changes).map_or(0, Operation::logins);
        self.toll.charge(&caller.principal, changes, logins).inspect_err(|error| {
            if let Error::RateLimited { limit, .. } = error {
                self.graphql.0.metrics.limit_hit(limit);
            }
        })
    }

    pub(super) fn put_error(&self, outgoing: &Outgoing, errors: Vec<ServerError>, out: &mut Vec<u8>) {
        outgoing.error(out, &encode_errors(errors, self.request_id.as_deref()));
    }
}
