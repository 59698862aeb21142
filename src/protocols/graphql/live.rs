//! A running subscription: a supply of items, and the cohort that it shares its results with.
//!
//! Subscriptions with the same document, operation and variables (but for those that only say where to begin) are one
//! cohort. What an item becomes is worked out once for a cohort, by its first member that gets to it, and kept until
//! the others have taken it. A member that is alone pays what it would pay without.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use async_graphql::parser::types::{Selection, SelectionSet};
use async_graphql::{Name, Response, ServerError, Value};
use futures_util::future::Shared;
use futures_util::{FutureExt as _, StreamExt as _};
use parking_lot::Mutex;

use super::error::{encode, refusal};
use super::http::timed_out;
use super::loaders::{drive, with_loader};
use super::operation::Operation;
use super::subscription::{Item, ResumeAfter, Root, Slot, Source, Supply};
use super::{GraphQl, ms};
use crate::app::Caller;
use crate::domain::{Cursor, EndpointId, Error, Principal, Result, Seq};
use crate::telemetry::GaugeGuard;

/// Events that are taken from a feed at a time, and so written at a time.
const BATCH: usize = 64;
/// Most results that a cohort keeps for members that have not come to them yet; the oldest go first.
const MAX_KEPT: usize = 2 * BATCH;

/// An open subscription.
pub struct Live {
    graphql: GraphQl,
    supply: Supply,
    cohort: Arc<Cohort>,
    /// The request that it came with, for those who read the logs.
    request_id: Option<Arc<str>>,
    _counted: GaugeGuard,
}

/// The result for an item, and whose it is to be.
pub struct Outcome {
    execution: Execution,
    request_id: Option<Arc<str>>,
}

/// A result that is worked out. Whoever still waits for it drives it on, so a member that stops to ask (it does not read what
/// it got) keeps no other waiting.
type Execution = Shared<Pin<Box<dyn Future<Output = Executed> + Send>>>;

/// What came of an execution.
#[derive(Clone)]
enum Executed {
    /// The same text for every member.
    Well(Arc<str>),
    /// With errors, which each member is told with the id of its own request.
    Failed(Arc<Response>),
}

impl Executed {
    fn text(&self, request_id: Option<&str>) -> Arc<str> {
        match self {
            Self::Well(json) => json.clone(),
            Self::Failed(response) => {
                let mut own = Response::new(response.data.clone());
                own.errors.clone_from(&response.errors);
                encode(own, request_id).json.into()
            }
        }
    }
}

impl Outcome {
    /// The result, once it is there.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Arc<str>> {
        let executed = match self.execution.peek() {
            Some(executed) => executed.clone(),
            None => ready!(self.execution.poll_unpin(cx)),
        };
        Poll::Ready(executed.text(self.request_id.as_deref()))
    }

    /// Waits for the result.
    pub async fn get(mut self) -> Arc<str> {
        std::future::poll_fn(|cx| self.poll(cx)).await
    }
}

/// Where a subscription comes from.
pub struct Opening {
    pub operation: Operation,
    pub caller: Caller,
    /// A cursor that the transport brought.
    pub resume_after: Option<Cursor>,
}

impl Live {
    /// Opens the source of a subscription.
    ///
    /// # Errors
    /// What validation or the store refuse.
    pub async fn open(graphql: &GraphQl, opening: Opening) -> std::result::Result<Self, Vec<ServerError>> {
        let Opening { operation, caller, resume_after } = opening;
        let request_id = caller.origin.request_id.as_deref().map(Arc::from);
        let slot = Slot::default();
        let mut request = operation.request(caller.clone()).data(slot.clone());
        if let Some(cursor) = resume_after {
            request = request.data(ResumeAfter(cursor));
        }
        let response = graphql.0.schema.execute_stream(request).next().await;
        match (slot.take(), response) {
            (Some(source), None) => {
                let cohort = graphql.0.cohorts.join(operation, caller, &source);
                let _counted = graphql.0.channel.subscription();
                Ok(Self { graphql: graphql.clone(), supply: source.supply, cohort, request_id, _counted })
            }
            (_, Some(response)) => Err(response.errors),
            (None, None) => Err(vec![refusal(Error::internal("a subscription opened no source"))]),
        }
    }

    /// Waits for items that it yields. May be dropped while it waits without losing any.
    ///
    /// # Errors
    /// As [`Live::poll_next`].
    pub async fn next(&mut self) -> Result<VecDeque<Item>> {
        let mut items = VecDeque::new();
        std::future::poll_fn(|cx| self.poll_next(cx, &mut items)).await?;
        Ok(items)
    }

    /// Appends items that it yields, at least one.
    ///
    /// # Errors
    /// As [`crate::app::Feed::poll_next`] and [`crate::app::AttemptFeed::poll_next`].
    pub fn poll_next(&mut self, cx: &mut Context<'_>, items: &mut VecDeque<Item>) -> Poll<Result<()>> {
        let (feed, only) = match &mut self.supply {
            Supply::Attempts(attempts) => return attempts.poll_next(cx, items),
            Supply::Events { feed, only } => (feed, *only),
        };
        while items.is_empty() {
            let polled = feed.poll_next(cx, BATCH, &mut |published| {
                if only.is_none_or(|only| published.event.kind == only) {
                    items.push_back(Item::Event(published.clone()));
                }
                true
            });
            ready!(polled)?;
            if feed.take_lagged() {
                self.graphql.0.channel.lagged();
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Counts results that were handed out.
    pub fn delivered(&self, results: u64) {
        self.graphql.0.channel.delivered(results);
    }

    /// The JSON text of the execution result for an item. To be asked once for each.
    pub fn result(&self, item: &Item) -> Outcome {
        let execute = || {
            // Not the cohort, whose owners are its members.
            let (work, graphql, item) = (self.cohort.work.clone(), self.graphql.clone(), item.clone());
            let executes = async move { work.execute(&graphql, item).await };
            executes.boxed().shared()
        };
        let execution = self.cohort.execution(item.seq(), execute);
        Outcome { execution, request_id: self.request_id.clone() }
    }
}

/// Subscriptions that get equal results.
pub(super) struct Cohort {
    key: Arc<str>,
    cohorts: Cohorts,
    work: Arc<Work>,
    kept: Mutex<Vec<Kept>>,
}

/// What is executed for each item.
struct Work {
    operation: Operation,
    /// The first member: for the others the results are the same, which is what the key is for.
    caller: Caller,
}

/// A result that some members have yet to take.
struct Kept {
    seq: Seq,
    /// Members that have not taken it.
    wanted: usize,
    execution: Execution,
}

impl Cohort {
    /// The result of an item, for one member: the one that the first of them began, when there are others.
    fn execution(self: &Arc<Self>, seq: Seq, begin: impl FnOnce() -> Execution) -> Execution {
        let members = Arc::strong_count(self);
        if members < 2 {
            return begin();
        }
        let mut kept = self.kept.lock();
        if let Some(at) = kept.iter().position(|kept| kept.seq == seq) {
            kept[at].wanted = kept[at].wanted.saturating_sub(1);
            if kept[at].wanted == 0 {
                return kept.remove(at).execution;
            }
            return kept[at].execution.clone();
        }
        if kept.len() >= MAX_KEPT {
            kept.remove(0);
        }
        let execution = begin();
        kept.push(Kept { seq, wanted: members - 1, execution: execution.clone() });
        execution
    }
}

impl Work {
    async fn execute(&self, graphql: &GraphQl, item: Item) -> Executed {
        let request = self.operation.request(self.caller.clone()).data(Root(item));
        let response = if self.operation.is_pure() {
            // It asks the store for nothing, so there is nothing to wait for.
            graphql.0.schema.execute_stream(request).next().await
        } else {
            let (request, asked) = with_loader(request, &graphql.0.app, &self.caller.principal);
            let mut items = graphql.0.schema.execute_stream(request);
            let execution = drive(asked, items.next());
            let timed = tokio::time::timeout(ms(graphql.0.settings.timeout_ms), execution).await;
            timed.unwrap_or_else(|_| Some(Response::from_errors(vec![timed_out(graphql)])))
        };
        let response = response.unwrap_or_default();
        if response.errors.is_empty() {
            Executed::Well(encode(response, None).json.into())
        } else {
            Executed::Failed(Arc::new(response))
        }
    }
}

impl Drop for Cohort {
    fn drop(&mut self) {
        let mut cohorts = self.cohorts.0.lock();
        // Someone may have made a new one under the same key meanwhile.
        if cohorts.get(&self.key).is_some_and(|cohort| cohort.strong_count() == 0) {
            cohorts.remove(&self.key);
        }
    }
}

/// The cohorts that there are.
#[derive(Clone, Default)]
pub struct Cohorts(Arc<Mutex<HashMap<Arc<str>, Weak<Cohort>>>>);

impl Cohorts {
    fn join(&self, operation: Operation, caller: Caller, source: &Source) -> Arc<Cohort> {
        let of = match &source.supply {
            Supply::Attempts(attempts) => Some(attempts.endpoint()),
            Supply::Events { .. } => None,
        };
        let key: Arc<str> = key(&operation, source.personal.then_some(&caller.principal), of).into();
        let mut cohorts = self.0.lock();
        if let Some(cohort) = cohorts.get(&key).and_then(Weak::upgrade) {
            return cohort;
        }
        let (kept, work) = (Mutex::default(), Arc::new(Work { operation: operation.compact(), caller }));
        let cohort = Arc::new(Cohort { key: key.clone(), cohorts: self.clone(), work, kept });
        cohorts.insert(key, Arc::downgrade(&cohort));
        cohort
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.0.lock().len()
    }

    #[cfg(test)]
    pub(super) fn only(&self) -> Option<Arc<Cohort>> {
        self.0.lock().values().next().and_then(Weak::upgrade)
    }
}

#[cfg(test)]
impl Cohort {
    pub(super) fn kept(&self) -> usize {
        self.kept.lock().len()
    }
}

/// What decides how the results of a subscription look.
fn key(operation: &Operation, asker: Option<&Principal>, of: Option<EndpointId>) -> String {
    let mut key = String::new();
    if let Some(asker) = asker {
        let identity =
            asker.identity.as_ref().map(|identity| (identity.user_id, identity.role, &identity.scopes));
        key = format!("{:?} {identity:?}", asker.tenant);
    }
    // Members that never get an item would be waited for.
    key.extend(of.map(|endpoint| endpoint.to_string()));
    let used = used_below_root(operation);
    let variables: BTreeMap<&Name, &Value> =
        operation.variables.iter().filter(|(name, _)| used.contains(*name)).collect();
    let variables = serde_json::to_string(&variables).unwrap_or_default();
    let name = operation.name.as_deref().unwrap_or_default();
    // None of the parts before the document can hold a line feed.
    format!("{key}\n{name}\n{variables}\n{}", operation.query)
}

/// The variables that more depends on than where the subscription begins: all but those that are only arguments of the
/// root field.
fn used_below_root(operation: &Operation) -> HashSet<Name> {
    let mut used = HashSet::new();
    let root = operation.definition().and_then(|operation| operation.selection_set.node.items.first());
    if let Some(Selection::Field(root)) = root.map(|root| &root.node) {
        collect(&root.node.selection_set.node, &mut used);
    }
    for fragment in operation.document.fragments.values() {
        collect(&fragment.node.selection_set.node, &mut used);
    }
    used
}

fn collect(set: &SelectionSet, used: &mut HashSet<Name>) {
    for selection in &set.items {
        let (own, below) = match &selection.node {
            Selection::Field(field) => {
                (field.node.arguments.as_slice(), Some(&field.node.selection_set.node))
            }
            Selection::InlineFragment(inline) => (&[][..], Some(&inline.node.selection_set.node)),
            Selection::FragmentSpread(_) => (&[][..], None),
        };
        let of_directives =
            selection.node.directives().iter().flat_map(|directive| &directive.node.arguments);
        for (_, value) in own.iter().chain(of_directives) {
            // Its way to put the variables in is the one way to see them.
            let _: std::result::Result<Value, Infallible> = value.node.clone().into_const_with(|name| {
                used.insert(name);
                Ok(Value::Null)
            });
        }
        if let Some(below) = below {
            collect(below, used);
        }
    }
}
