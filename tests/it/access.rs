//! Nobody sees what is not theirs: tenant, owner and role decide, for every topic, on every channel alike.

mod tenants;
mod tokens;

use petstore::domain::{PetId, Tenant};
use serde_json::json;
use uuid::Uuid;

use crate::support::api::id;
use crate::support::database::Logged;
use crate::support::story::GOOD_CARD;
use crate::support::{Api, Channel, Driver, Story, TestServer, websocket};

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

/// Alice, Bob and somebody without a name each live a story.
async fn live(staff: &Api, alice: &Api, bob: &Api, anonymous: &Api, theirs: &[String; 3]) {
    for (order, number) in theirs.iter().zip([GOOD_CARD, GOOD_CARD, GOOD_CARD]) {
        Driver::Rest.pay(staff, order, "75.00", number).await.unwrap();
        Driver::GraphQl.ship(staff, order).await.unwrap();
    }
    for buyer in [alice, bob, anonymous] {
        let pet = staff.create_pet("Milo").await;
        Driver::GraphQl.place(buyer, id(&pet)).await.unwrap();
    }
    let pet = id(&staff.create_pet("Otto").await).to_owned();
    Driver::Rest.update_pet(staff, &pet, "NOT_AVAILABLE").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everyone_hears_exactly_what_they_may_on_every_topic_and_channel() {
    let server = TestServer::demo().await;
    let Story { staff, buyer: alice } = Story::cast(&server).await;
    let (bob, anonymous) = (server.user("bob").await, server.anonymous());
    let mut database = server.database().await;
    let sentinel = format!("pets/{}", id(&staff.create_pet("Sentinel").await));
    let (log, start) = (database.head().await, websocket::position(&anonymous).await.unwrap());
    let carol = anonymous.sign_up("carol").await;
    let mut orders = Vec::new();
    for buyer in [&alice, &bob, &anonymous] {
        orders.push(id(&buyer.place_order_of(&staff.create_pet("Rex").await).await).to_owned());
    }
    let orders: [String; 3] = orders.try_into().unwrap();
    let guest = |name, api: &Api, is_staff| Guest { name, api: api.clone(), is_staff };
    let guests = [
        guest("anonymous", &anonymous, false),
        guest("alice", &alice, false),
        guest("bob", &bob, false),
        guest("carol", &carol, false),
        guest("staff", &staff, true),
        guest("admin", &server.user("admin").await, true),
    ];
    let mut topics: Vec<String> = ["orders", "payments", "pets", "inventory"].map(str::to_owned).into();
    topics.push(sentinel.clone());
    let mut owners = Vec::new();
    for (order, guest) in orders.iter().zip([&guests[1], &guests[2], &guests[0]]) {
        owners.push((format!("orders/{order}"), guest.user()));
    }
    owners.extend(
        [&guests[1], &guests[3]].map(|guest| (format!("users/{}", guest.api.user_id()), guest.user())),
    );
    topics.extend(owners.iter().map(|(topic, _)| topic.clone()));

    let mut listeners = Vec::new();
    for guest in &guests {
        for topic in &topics {
            for channel in Channel::ALL {
                let asked = [topic.as_str(), &sentinel];
                if let Some(code) = guest.refusal(topic, &owners) {
                    let refusal = channel.refusal(&guest.api, &asked, Some(&start)).await;
                    assert_eq!(refusal.code, code, "{} on {topic} over {channel:?}: {refusal:?}", guest.name);
                } else if channel != Channel::Poll {
                    let listener = channel.listen(&guest.api, &asked, Some(&start)).await;
                    let listener = listener.unwrap_or_else(|refusal| {
                        panic!("{} on {topic} over {channel:?}: {refusal:?}", guest.name)
                    });
                    listeners.push((guest, topic, channel, listener));
                }
            }
        }
    }
    live(&staff, &alice, &bob, &anonymous, &orders).await;
    staff.put(&format!("/v1/{sentinel}"), json!({ "color": "red" })).await.result().unwrap();

    let log = database.events(log).await;
    let last = &log.last().unwrap().event_id;
    assert!(log.len() > 40 && listeners.len() > 150, "{} events, {} listeners", log.len(), listeners.len());
    for (guest, topic, channel, listener) in &listeners {
        let what = format!("{} on {topic} over {channel:?}", guest.name);
        let heard = listener.until_id(&what, last).await;
        let wanted = log.iter().filter(|event| belongs(event, topic) || belongs(event, &sentinel));
        let expected: Vec<&str> =
            wanted.filter(|event| guest.may_see(event)).map(|event| event.event_id.as_str()).collect();
        assert_eq!(crate::support::inbox::ids(&heard), expected, "{what}");
    }
    // Through the poll form the same, for everything at once.
    for guest in &guests {
        let allowed: Vec<&str> = topics
            .iter()
            .filter(|topic| guest.refusal(topic, &owners).is_none())
            .map(String::as_str)
            .collect();
        let heard = crate::support::channel::past(&guest.api, &allowed, Some(&start), 500).await;
        let wanted = log.iter().filter(|event| allowed.iter().any(|topic| belongs(event, topic)));
        let expected: Vec<&str> =
            wanted.filter(|event| guest.may_see(event)).map(|event| event.event_id.as_str()).collect();
        assert_eq!(crate::support::inbox::ids(&heard), expected, "{} by polling", guest.name);
    }
}

/// A pet of a tenant, made by its staff.
async fn pet_of(server: &TestServer, tenant: Tenant, name: &str) -> PetId {
    let staff = crate::support::inside::staff_of(tenant);
    server.app().create_pet(&staff, crate::support::inside::pet(name)).await.unwrap().id
}
