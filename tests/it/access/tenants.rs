//! Tenants do not see each other, and the public pool sees none of them.

use petstore::domain::Tenant;
use petstore::domain::pet::PetDraft;

use super::pet_of;
use crate::support::inside::staff_of;
use crate::support::{Api, Channel, Envelope, TOPICS, TestServer, websocket};

const ONE: &str = "550e8400-e29b-41d4-a716-446655440000";
const OTHER: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

/// Those who listen in one tenant, or in the public pool.
struct House {
    tenant: Tenant,
    sentinel: String,
    guests: Vec<Api>,
    start: String,
}

impl House {
    async fn new(server: &TestServer, tenant: Option<&str>, guests: Vec<Api>) -> Self {
        let tenant = tenant.map_or(Tenant::PUBLIC, |tenant| Tenant::parse(tenant).unwrap());
        let sentinel = pet_of(server, tenant, "Sentinel").await.to_string();
        let start = websocket::position(&server.anonymous()).await.unwrap();
        Self { tenant, sentinel, guests, start }
    }

    /// Changes the sentinel.
    async fn signal(&self, server: &TestServer) {
        let id = petstore::domain::PetId::parse("id", &self.sentinel).unwrap();
        let draft = PetDraft { color: Some("red".to_owned()), ..PetDraft::default() };
        server.app().update_pet(&staff_of(self.tenant), id, draft).await.unwrap();
    }

    fn is_signal(&self, event: &Envelope) -> bool {
        event.event_type == "pet.updated" && event.data["pet"]["id"] == self.sentinel.as_str()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenants_events_stay_in_the_tenant_on_every_channel() {
    let server = TestServer::demo().await;
    let public = server.anonymous();
    let (one, other) = (public.in_tenant(ONE), public.in_tenant(OTHER));
    let (dora, emil) = (one.sign_up("dora").await, other.sign_up("emil").await);
    // Alice of the tenant is another than Alice of the public pool.
    let alice = one.sign_up("alice").await;
    let staff = server.user("staff").await;
    let houses = [
        House::new(&server, None, vec![public.clone(), staff.clone(), server.user("alice").await]).await,
        House::new(&server, Some(ONE), vec![dora.clone(), alice.clone()]).await,
        House::new(&server, Some(OTHER), vec![emil.clone()]).await,
    ];
    let mut listeners = Vec::new();
    for house in &houses {
        for guest in &house.guests {
            let topics = if guest.token.is_some() { &TOPICS[..] } else { &["pets", "inventory"] };
            for channel in Channel::ALL {
                let listener = channel.listen(guest, topics, Some(&house.start)).await.unwrap();
                listeners.push((house, guest, channel, listener));
            }
        }
    }
    let pet = pet_of(&server, houses[1].tenant, "Rex").await.to_string();
    let order = crate::support::Driver::Rest.place(&dora, &pet).await.unwrap();
    assert_eq!(order["tenantId"], ONE);
    crate::support::Driver::GraphQl.cancel(&dora, crate::support::api::id(&order)).await.unwrap();
    pet_of(&server, houses[2].tenant, "Milo").await;
    for house in &houses {
        house.signal(&server).await;
    }
    for (house, guest, channel, listener) in &listeners {
        let what = format!("the signal of {:?} on {channel:?}", guest.tenant);
        let heard = listener.until(&what, |events| events.iter().any(|event| house.is_signal(event))).await;
        let expected: usize = match &guest.tenant {
            None => 1,
            // The pet and its stock; its order and its freedom again, with the stock each time.
            Some(tenant) if tenant == ONE && guest.user_id == dora.user_id => 2 + 3 + 3 + 1,
            Some(tenant) if tenant == ONE => 2 + 2 + 2 + 1,
            Some(_) => 2 + 1,
        };
        assert_eq!(heard.len(), expected, "{what}: {:?}", crate::support::inbox::types(&heard));
    }
    drop(listeners);
    // A tenant's events need a token of that tenant (contract §7), those that are public in the pool too.
    for topic in ["pets", "inventory", "orders", &format!("pets/{pet}")] {
        for channel in Channel::ALL {
            let refusal = channel.refusal(&one, &[topic], Some(&houses[1].start)).await;
            assert_eq!(refusal.code, "unauthenticated", "{topic} on {channel:?}: {refusal:?}");
        }
    }

    // Another tenant's order is not there, for anyone.
    let topic = format!("orders/{}", crate::support::api::id(&order));
    for stranger in [&staff, &emil] {
        for channel in Channel::ALL {
            let refusal = channel.refusal(stranger, &[&topic], None).await;
            assert_eq!(refusal.code, "not_found", "{channel:?}: {refusal:?}");
        }
        let refusal = stranger.get(&format!("/v1/{topic}")).await.refusal();
        assert_eq!((refusal.status, refusal.code.as_str()), (Some(404), "not_found"));
        assert_eq!(stranger.get(&format!("/v1/pets/{pet}")).await.status, 404);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_bound_to_its_tenant() {
    let server = TestServer::demo().await;
    let one = server.anonymous().in_tenant(ONE);
    let dora = one.sign_up("dora").await;
    for stranger in [dora.in_tenant(OTHER), server.user("staff").await.in_tenant(ONE)] {
        for channel in [Channel::Sse, Channel::Poll, Channel::WebSocket, Channel::GraphQlSse] {
            let refusal = channel.listen(&stranger, &["pets"], Some("x")).await.err().expect("a refusal");
            assert_eq!(refusal.status, Some(401), "{channel:?}: {refusal:?}");
        }
        assert_eq!(stranger.get("/v1/orders").await.refusal().code, "unauthenticated");
        for channel in [Channel::SocketIo, Channel::SocketIoPolling, Channel::GraphQlWs] {
            assert!(channel.listen(&stranger, &["pets"], Some("x")).await.is_err(), "{channel:?}");
        }
    }
    // Its own token needs no header.
    let bare = crate::support::Api { tenant: None, ..dora };
    assert_eq!(bare.get("/v1/orders").await.status, 200);
    let refusal = server.anonymous().in_tenant("somewhere").get("/v1/pets").await.refusal();
    assert_eq!((refusal.status, &refusal.fields[..]), (Some(400), &["X-Tenant-ID".to_owned()][..]));
}
