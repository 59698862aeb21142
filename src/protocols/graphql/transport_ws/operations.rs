//! The operations of one connection: each is a task of its own, which writes its messages itself.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{Response, ServerError};
use futures_util::FutureExt as _;
use futures_util::future::{AbortHandle, Abortable};
use tokio_tungstenite::tungstenite::Message;

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
    by_id: HashMap<String, (u64, AbortHandle)>,
    /// The number of the newest, by which one is told from another that had its id before.
    newest: u64,
}

impl Running {
    /// Stops an operation, when it is still under way.
    pub fn stop(&mut self, id: &str) {
        if let Some((_, operation)) = self.by_id.remove(id) {
            operation.abort();
        }
    }

    /// Stops all of them.
    pub fn stop_all(&mut self) {
        self.by_id.drain().for_each(|(_, (_, operation))| operation.abort());
    }
}

/// One operation under way.
struct Ticket {
    id: String,
    number: u64,
}

/// What beginning an operation came to.
enum Begun {
    Over(Vec<Message>),
    Lives(Box<Live>),
}

impl Session {
    /// Begins an operation.
    ///
    /// # Errors
    /// [`Ended`] when the id is in use, or the connection is gone.
    pub(super) async fn subscribe(
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
                running.by_id.insert(id.clone(), (number, abort));
                Ticket { id: id.clone(), number }
            })
        };
        let Some(ticket) = ticket else {
            self.graphql.0.metrics.limit_hit("graphql.max_subscriptions");
            let message =
                format!("at most {max} operations at a time on one connection (graphql.max_subscriptions)");
            let error = refusal(Error::LimitReached { limit: "graphql.max_subscriptions", message });
            return self.write(vec![self.error(&Outgoing::new(&id, self.dialect), vec![error])]).await;
        };
        let operation = Arc::clone(self).operate(ticket, params, caller.clone());
        let operation = Abortable::new(operation, registration).map(|_| ());
        self.graphql.0.tasks.spawn_connection("graphql operation", operation);
        Ok(())
    }

    async fn operate(self: Arc<Self>, ticket: Ticket, params: Params, caller: Caller) {
        let outgoing = Outgoing::new(&ticket.id, self.dialect);
        // Boxed, so that a subscription that waits does not hold the room that its beginning needed.
        match Box::pin(self.begin(&outgoing, params, caller)).await {
            Begun::Over(messages) => self.finish(&ticket, messages).await,
            Begun::Lives(live) => {
                if let Some(end) = self.stream(&outgoing, live).await {
                    self.finish(&ticket, vec![end]).await;
                }
            }
        }
    }

    async fn begin(&self, outgoing: &Outgoing, params: Params, caller: Caller) -> Begun {
        let operation = match Operation::parse(params, &self.graphql.0.settings) {
            Ok(operation) if operation.kind == OperationType::Subscription => {
                let opening = Opening { operation, caller, resume_after: None };
                return match Live::open(&self.graphql, opening).await {
                    Ok(live) => Begun::Lives(Box::new(live)),
                    Err(errors) => Begun::Over(vec![self.error(outgoing, errors)]),
                };
            }
            operation => operation,
        };
        let response: Response = execute(&self.graphql, caller, operation).await;
        if is_refused(&response) {
            return Begun::Over(vec![self.error(outgoing, response.errors)]);
        }
        let Answer { json, .. } = encode(response, self.request_id.as_deref());
        Begun::Over(vec![outgoing.next(&json), outgoing.complete()])
    }

    /// Writes the results of a subscription; everything that waits goes out in one write. Gives back its last message,
    /// when there is still someone to send it to.
    async fn stream(&self, outgoing: &Outgoing, mut live: Box<Live>) -> Option<Message> {
        loop {
            let events = match live.next().await {
                Ok(events) => events,
                Err(error) => return Some(self.error(outgoing, vec![refusal(error)])),
            };
            let mut messages = Vec::with_capacity(events.len());
            for event in &events {
                messages.push(outgoing.next(&live.result(event).await));
            }
            self.write(messages).await.ok()?;
            self.graphql.0.channel.delivered(events.len() as u64);
        }
    }

    /// Ends an operation, unless it was stopped meanwhile.
    async fn finish(&self, ticket: &Ticket, messages: Vec<Message>) {
        let stands = {
            let mut running = self.running.lock();
            let stands = running.by_id.get(&ticket.id).is_some_and(|(number, _)| *number == ticket.number);
            if stands {
                running.by_id.remove(&ticket.id);
            }
            stands
        };
        if stands {
            // That the connection is gone, its reader learns as well.
            let _ = self.write(messages).await;
        }
    }

    fn error(&self, outgoing: &Outgoing, errors: Vec<ServerError>) -> Message {
        outgoing.error(&encode_errors(errors, self.request_id.as_deref()))
    }
}
