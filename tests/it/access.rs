//! Nobody sees what is not theirs: tenant, owner and role decide, for every topic, on every channel alike.

mod bad_tokens;
mod door;
mod revocation;
mod table;
mod tenants;
mod tokens;

use petstore::domain::{PetId, Tenant};
use serde_json::json;
use uuid::Uuid;

use crate::support::api::id;
use crate::support::database::Logged;
use crate::support::inbox::ids;
use crate::support::story::GOOD_CARD;
use crate::support::{Api, Channel, Driver, Listener, TestServer, channel, websocket};

/// Someone who listens.
struct Guest {
    name: &'static str,
    api: Api,
    is_staff: bool,
}

impl Guest {
    fn user(&self) -> Option<Uuid> {
        self.api.user_id.as_deref().map(|id| Uuid::parse_str(id).unwrap())
    }

    /// Issue 2, point 5: staff see the tenant's all, a user their own, anonymous see pets and inventory.
    fn may_see(&self, event: &Logged) -> bool {
        matches!(event.collection.as_str(), "pets" | "inventory")
            || self.is_staff
            || (event.owner.is_some() && event.owner == self.user())
    }

    /// The code of the refusal, when the topic is refused as a whole. `owners` are those of single resources.
    fn refusal(&self, topic: &str, owners: &[(String, Option<Uuid>)]) -> Option<&'static str> {
        let owner = owners.iter().find(|(owned, _)| owned == topic).map(|(_, owner)| *owner);
        match topic.split('/').next().unwrap() {
            "pets" | "inventory" => None,
            _ if self.user().is_none() => Some("unauthenticated"),
            _ if self.is_staff => None,
            _ => owner.and_then(|owner| (owner.is_none() || owner != self.user()).then_some("forbidden")),
        }
    }
}

/// Whether an event belongs to a topic.
fn belongs(event: &Logged, topic: &str) -> bool {
    match topic.split_once('/') {
        None => event.collection == topic,
        Some((collection, id)) => {
            event.collection == collection && event.resource == Some(Uuid::parse_str(id).unwrap())
        }
    }
}

/// The orders are paid and shipped, and each of the buyers places another.
async fn live(staff: &Api, buyers: &[&Api], orders: &[String]) {
    for order in orders {
        Driver::Rest.pay(staff, order, "75.00", GOOD_CARD).await.unwrap();
        Driver::GraphQl.ship(staff, order).await.unwrap();
    }
    for buyer in buyers {
        let pet = staff.create_pet("Milo").await;
        Driver::GraphQl.place(buyer, id(&pet)).await.unwrap();
    }
    let pet = id(&staff.create_pet("Otto").await).to_owned();
    Driver::Rest.update_pet(staff, &pet, "NOT_AVAILABLE").await.unwrap();
}

/// Everyone, everything that can be listened to, and where the story begins.
struct Gathering {
    guests: [Guest; 6],
    topics: Vec<String>,
    /// The owners of the topics of single orders and users.
    owners: Vec<(String, Option<Uuid>)>,
    orders: [String; 3],
    /// The topic of a pet that changes last.
    sentinel: String,
    start: String,
}

impl Gathering {
    async fn new(server: &TestServer, sentinel: String, start: String) -> Self {
        let guest = |name, api, is_staff| Guest { name, api, is_staff };
        let anonymous = server.anonymous();
        let guests = [
            guest("anonymous", anonymous.clone(), false),
            guest("alice", server.user("alice").await, false),
            guest("bob", server.user("bob").await, false),
            guest("carol", anonymous.sign_up("carol").await, false),
            guest("staff", server.user("staff").await, true),
            guest("admin", server.user("admin").await, true),
        ];
        let (mut orders, mut owners) = (Vec::new(), Vec::new());
        for buyer in &guests[..3] {
            let pet = guests[4].api.create_pet("Rex").await;
            let order = id(&buyer.api.place_order_of(&pet).await).to_owned();
            owners.push((format!("orders/{order}"), buyer.user()));
            orders.push(order);
        }
        for user in [&guests[1], &guests[3]] {
            owners.push((format!("users/{}", user.api.user_id()), user.user()));
        }
        let mut topics: Vec<String> = ["orders", "payments", "pets", "inventory"].map(str::to_owned).into();
        topics.push(sentinel.clone());
        topics.extend(owners.iter().map(|(topic, _)| topic.clone()));
        Self { guests, topics, owners, orders: orders.try_into().unwrap(), sentinel, start }
    }

    /// What a guest must hear of the log, on a topic and the sentinel's.
    fn expected<'l>(&self, guest: &Guest, topics: &[&str], log: &'l [Logged]) -> Vec<&'l str> {
        let wanted = log.iter().filter(|event| topics.iter().any(|topic| belongs(event, topic)));
        wanted.filter(|event| guest.may_see(event)).map(|event| event.event_id.as_str()).collect()
    }

    /// Opens a topic for a guest on a channel, or sees it refused.
    async fn listen(&self, guest: &Guest, topic: &str, channel: Channel) -> Option<Listener> {
        let (asked, after) = ([topic, &self.sentinel], Some(self.start.as_str()));
        let what = format!("{} on {topic} over {channel:?}", guest.name);
        if let Some(code) = guest.refusal(topic, &self.owners) {
            let refusal = channel.refusal(&guest.api, &asked, after).await;
            assert_eq!(refusal.code, code, "{what}: {refusal:?}");
            return None;
        }
        let listener = channel.listen(&guest.api, &asked, after).await;
        Some(listener.unwrap_or_else(|refusal| panic!("{what}: {refusal:?}")))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everyone_hears_exactly_what_they_may_on_every_topic_and_channel() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let mut database = server.database().await;
    let sentinel = format!("pets/{}", id(&staff.create_pet("Sentinel").await));
    let (log, start) = (database.head().await, websocket::position(&server.anonymous()).await.unwrap());
    let gathering = Gathering::new(&server, sentinel, start).await;
    let mut listeners = Vec::new();
    for guest in &gathering.guests {
        for topic in &gathering.topics {
            for channel in Channel::STREAMING {
                let listener = gathering.listen(guest, topic, channel).await;
                listeners.extend(listener.map(|listener| (guest, topic, channel, listener)));
            }
        }
    }
    let [anonymous, alice, bob, ..] = &gathering.guests;
    live(&staff, &[&alice.api, &bob.api, &anonymous.api], &gathering.orders).await;
    staff.put(&format!("/v1/{}", gathering.sentinel), json!({ "color": "red" })).await.result().unwrap();

    let log = database.events(log).await;
    let last = &log.last().unwrap().event_id;
    assert!(log.len() > 40 && listeners.len() > 150, "{} events, {} listeners", log.len(), listeners.len());
    for (guest, topic, channel, listener) in &listeners {
        let what = format!("{} on {topic} over {channel:?}", guest.name);
        let heard = listener.until_id(&what, last).await;
        assert_eq!(ids(&heard), gathering.expected(guest, &[topic, &gathering.sentinel], &log), "{what}");
    }
    // Through the poll form the same, for everything that is allowed at once.
    for guest in &gathering.guests {
        let allowed =
            gathering.topics.iter().filter(|topic| guest.refusal(topic, &gathering.owners).is_none());
        let allowed: Vec<&str> = allowed.map(String::as_str).collect();
        let heard = channel::past(&guest.api, &allowed, Some(&gathering.start), 500).await;
        assert_eq!(ids(&heard), gathering.expected(guest, &allowed, &log), "{} by polling", guest.name);
    }
}

/// A pet of a tenant, made by its staff.
async fn pet_of(server: &TestServer, tenant: Tenant, name: &str) -> PetId {
    let staff = crate::support::inside::staff_of(tenant);
    server.app().create_pet(&staff, crate::support::inside::pet(name)).await.unwrap().id
}
