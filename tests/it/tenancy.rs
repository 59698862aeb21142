//! The walk of issue 3: every operation of every protocol with another tenant's ids. They are not there, not even for an
//! administrator of another tenant, and none of their events is heard.

mod operations;

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use petstore::domain::oauth::ClientDraft;
use petstore::domain::{PetId, Role, Tenant, UserId};
use serde_json::{Value, json};

use crate::support::api::{id, text, with_json};
use crate::support::inside::{caller, pet, staff_of};
use crate::support::story::GOOD_CARD;
use crate::support::{
    Answer, Api, Channel, Driver, Listener, Receiver, Refusal, Setup, TestServer, eventually, websocket,
};

use operations::{Foreign, GRAPHQL, Operation, REST, TOPICS};

const ONE: &str = "550e8400-e29b-41d4-a716-446655440000";
const OTHER: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

/// One of everything, in a tenant.
struct House {
    owner: Api,
    ids: BTreeMap<&'static str, String>,
    _receiver: Receiver,
}

impl House {
    async fn furnish(server: &TestServer) -> Self {
        let tenant = Tenant::parse(ONE).unwrap();
        let owner = server.anonymous().in_tenant(ONE).sign_up("dora").await;
        let receiver = Receiver::subscribed(&owner, &["*"]).await;
        let pet = server.app().create_pet(&staff_of(tenant), pet("Doras Rex")).await.unwrap().id.to_string();
        let order = Driver::Rest.place(&owner, &pet).await.unwrap();
        let (image, client) = extras(server, tenant, &pet).await;
        let payment = Driver::Rest.pay(&owner, id(&order), "75.00", GOOD_CARD).await.unwrap();
        receiver
            .until("the payment", |events| events.iter().any(|e| e["eventType"] == "payment.succeeded"))
            .await;
        let room = id(&owner.post("/v1/chat/rooms", json!({})).await.result().unwrap()).to_owned();
        let path = format!("/v1/chat/rooms/{room}");
        let said = json!({ "text": "how do I feed Doras Rex?" });
        let message = owner.post(&format!("{path}/messages"), said).await.result().unwrap();
        eventually("the advisor's answer", async || {
            let room = owner.get(&path).await.result().ok()?;
            room["unanswered"].is_null().then_some(())
        })
        .await;
        server.settled().await;
        let first = async |path: &str| {
            let list = owner.get(path).await.result().unwrap();
            id(&list["data"][0]).to_owned()
        };
        let endpoint = first("/v1/webhook-endpoints").await;
        let delivery = first(&format!("/v1/webhook-endpoints/{endpoint}/deliveries")).await;
        let mut database = server.database().await;
        let mut uuid = async |table: &str| {
            let hex = format!("SELECT lower(hex(id)) FROM {table} WHERE hex(tenant) = '{}'", hex(ONE));
            uuid::Uuid::parse_str(&database.texts(&hex).await[0]).unwrap()
        };
        let receipt = format!("rcp_{}", uuid("receipts").await);
        let audit = uuid("audit").await.to_string();
        let ids = [
            ("room", room),
            ("message", id(&message).to_owned()),
            ("pet", pet),
            ("order", id(&order).to_owned()),
            ("payment", id(&payment).to_owned()),
            ("receipt", receipt),
            ("user", owner.user_id().to_owned()),
            ("endpoint", endpoint),
            ("delivery", delivery),
            ("audit", audit),
            ("image", image),
            ("client", client),
        ];
        Self { owner, ids: ids.into(), _receiver: receiver }
    }

    fn fill(&self, template: &str) -> String {
        let fill = |text: String, (name, id): (&&str, &String)| text.replace(&format!("{{{name}}}"), id);
        self.ids.iter().fold(template.to_owned(), fill)
    }

    /// What of the house stands in a text.
    fn traces(&self, text: &str) -> Vec<&str> {
        let own = self.ids.values().map(String::as_str).chain([ONE, "Doras Rex", "dora@example.com"]);
        own.filter(|trace| text.contains(trace)).collect()
    }

    async fn call(&self, api: &Api, operation: &Operation) -> Answer {
        let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
        let request = api.request(method, &self.fill(operation.path)).header("accept", "application/json");
        let body = self.fill(operation.body);
        let request = if body.is_empty() {
            request
        } else {
            with_json(request, &serde_json::from_str::<Value>(&body).unwrap())
        };
        api.send(request).await
    }
}

/// An image of the pet and a client of the tenant: what its customers cannot make.
async fn extras(server: &TestServer, tenant: Tenant, pet: &str) -> (String, String) {
    let (staff, app) = (staff_of(tenant), server.app());
    let mut upload = app.begin_image(&staff, PetId::parse("pet", pet).unwrap()).await.unwrap();
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x02\0\0\0\x02\x08\x06\0\0\0\0\0\0\0";
    upload.write(png).await.unwrap();
    let image = app.keep_image(&staff, upload, None).await.unwrap();
    let admin = caller(tenant, Some((UserId(uuid::Uuid::from_u128(7)), Role::Admin)));
    let draft = ClientDraft {
        name: Some("Doras client".to_owned()),
        grant_types: Some(vec!["client_credentials".to_owned()]),
        scopes: Some(vec!["read:pets".to_owned()]),
        ..ClientDraft::default()
    };
    let (client, _) = app.create_oauth_client(&admin, draft).await.unwrap();
    (image.id.to_string(), client.id)
}

fn hex(uuid: &str) -> String {
    uuid.replace('-', "").to_uppercase()
}

/// What the tenant holds, as it stands on disk.
async fn belongings(server: &TestServer) -> Vec<String> {
    let dump = server.database().await.dump().await;
    dump.into_iter().filter(|line| line.contains(&hex(ONE))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_tenants_ids_are_not_there() {
    let server = TestServer::demo().await;
    let house = House::furnish(&server).await;
    let before = belongings(&server).await;
    assert!(before.len() > 10, "{before:?}");
    let strangers = [
        server.user("admin").await,
        server.user("staff").await,
        server.anonymous().in_tenant(OTHER).sign_up("emil").await,
    ];
    for stranger in &strangers {
        for operation in REST.iter().filter(|operation| operation.answer != Foreign::Apart) {
            let what = format!("{} {} by {:?}", operation.method, operation.path, stranger.user_id);
            let answer = house.call(stranger, operation).await;
            let refused = answer.status == 403 && stranger.user_id != strangers[0].user_id;
            match operation.answer {
                // Who may not do it at all is told so, whatever the id.
                _ if refused => {}
                Foreign::NotFound => {
                    assert_eq!(answer.refusal().code, "not_found", "{what}: {}", answer.body);
                    assert_eq!(answer.status, 404, "{what}");
                }
                Foreign::Nothing | Foreign::Apart => assert!(answer.status < 300, "{what}: {}", answer.body),
            }
            let mut said = answer.body.clone();
            // The path that was asked for, and the search for it, come back as they came.
            if let Some(said) = said.as_object_mut() {
                said.remove("instance");
                said.remove("links");
            }
            assert_eq!(house.traces(&said.to_string()), [""; 0], "{what}: {said}");
        }
        for query in GRAPHQL {
            match stranger.graphql(&house.fill(query)).await {
                Ok(found) => assert_eq!(found, Value::Null, "{query}"),
                Err(refusal) if refusal.code == "forbidden" && stranger.user_id != strangers[0].user_id => {}
                Err(refusal) => assert_eq!(refusal.code, "not_found", "{query}: {refusal:?}"),
            }
        }
    }
    assert_eq!(belongings(&server).await, before, "something of the tenant was changed");
}

/// A token is of one tenant (contract §7): with another's name beside it, it is none at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_token_opens_nothing() {
    let server = TestServer::demo().await;
    let house = House::furnish(&server).await;
    let before = belongings(&server).await;
    let admin = server.user("admin").await.in_tenant(ONE);
    for operation in REST.iter().filter(|operation| operation.answer != Foreign::Apart) {
        let answer = house.call(&admin, operation).await;
        let what = format!("{} {}", operation.method, operation.path);
        assert_eq!((answer.status, answer.refusal().code.as_str()), (401, "unauthenticated"), "{what}");
    }
    for query in GRAPHQL {
        assert_eq!(admin.graphql(&house.fill(query)).await.unwrap_err().code, "unauthenticated", "{query}");
    }
    assert_eq!(belongings(&server).await, before, "something of the tenant was changed");
}

async fn listen(house: &House, admin: &Api, start: &str) -> Vec<(Channel, Listener)> {
    let topics: Vec<String> = TOPICS.iter().map(|topic| house.fill(topic)).collect();
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    let mut listeners = Vec::new();
    for channel in Channel::ALL {
        let listener = channel.listen(admin, &topics, Some(start)).await;
        listeners.push((channel, listener.unwrap_or_else(|refusal| panic!("{channel:?}: {refusal:?}"))));
        let order = house.fill("orders/{order}");
        let refusal: Refusal = channel.refusal(admin, &[&order], Some(start)).await;
        assert_eq!(refusal.code, "not_found", "{channel:?}: {refusal:?}");
    }
    listeners
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_tenants_events_are_not_heard() {
    let server = Setup::demo().start().await;
    let admin = server.user("admin").await;
    let start = websocket::position(&admin).await.unwrap();
    let house = House::furnish(&server).await;
    let webhook = Receiver::subscribed(&admin, &["*"]).await;
    let listeners = listen(&house, &admin, &start).await;
    let user = format!("/v1/users/{}", house.owner.user_id());
    house.owner.put(&user, json!({ "firstName": "Theodora" })).await.result().unwrap();
    let callback = json!({ "amount": "75.00", "currency": "USD", "timestamp": "1758613403",
        "callbackUrl": house._receiver.url });
    house.owner.post(&house.fill("/v1/orders/{order}"), callback).await.result().unwrap();
    house.owner.delete(&house.fill("/v1/orders/{order}")).await.result().unwrap();
    house.owner.delete(&user).await.result().unwrap();
    let sentinel = id(&admin.create_pet("Sentinel").await).to_owned();
    let ends =
        |event: &Value| text(event, "eventType") == "pet.created" && event["data"]["pet"]["id"] == *sentinel;
    for (channel, listener) in &listeners {
        let what = format!("the sentinel on {channel:?}");
        let heard = listener
            .until(&what, |events| events.iter().any(|event| event.data["pet"]["id"] == *sentinel))
            .await;
        let said: Vec<String> = heard.iter().map(|event| event.data.to_string()).collect();
        assert_eq!(house.traces(&said.join("\n")), [""; 0], "{what}: {said:?}");
    }
    let sent = webhook.until("the sentinel by webhook", |events| events.iter().any(ends)).await;
    assert_eq!(house.traces(&json!(sent).to_string()), [""; 0]);
}

/// The paths that the source names below `/v1`.
fn routes() -> BTreeSet<String> {
    fn walk(folder: &std::path::Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                let calls =
                    text.split(".route(").skip(1).filter_map(|call| call.trim_start().strip_prefix('"'));
                let path = |call: &str| call.split('"').next().unwrap().to_owned();
                // The provider's path is its own, at the root.
                let below =
                    |path: String| if path.starts_with("/api/") { path } else { format!("/v1{path}") };
                found.extend(calls.map(path).map(below));
            }
        }
    }
    let protocols = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/protocols");
    let mut found = BTreeSet::new();
    for folder in ["rest", "sse", "websocket", "chat", "echo"] {
        walk(&protocols.join(folder), &mut found);
    }
    found
}

/// `/v1/pets/{}` for `/v1/pets/{pet}` and for `/v1/pets/{id}`.
fn nameless(path: &str) -> String {
    let path = path.split('?').next().unwrap();
    let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_is_complete() {
    let server = TestServer::demo().await;
    let house = House::furnish(&server).await;
    let listed: BTreeSet<String> = REST.iter().map(|operation| nameless(operation.path)).collect();
    let routes: BTreeSet<String> = routes().iter().map(|path| nameless(path)).collect();
    assert!(routes.len() > 20, "only {} routes were found; the source has moved", routes.len());
    let missing: Vec<&String> = routes.symmetric_difference(&listed).collect();
    assert!(missing.is_empty(), "tests/it/tenancy/operations.rs and the routes differ in {missing:?}");
    let paths: BTreeSet<&str> = REST.iter().map(|op| op.path.split('?').next().unwrap()).collect();
    for path in paths {
        // A method that nothing has: the answer lists those that there are.
        let unknown = Method::from_bytes(b"WALK").unwrap();
        let answer = house.owner.send(house.owner.request(unknown, &house.fill(path))).await;
        assert_eq!(answer.status, 405, "{path}");
        let allowed = answer.header("allow").split(',').map(|method| method.trim().to_owned());
        let allowed: BTreeSet<String> = allowed.filter(|m| m != "HEAD" && m != "OPTIONS").collect();
        let named = REST.iter().filter(|op| op.path.split('?').next().unwrap() == path);
        let named: BTreeSet<String> = named.map(|op| op.method.to_owned()).collect();
        assert_eq!(named, allowed, "{path}: tests/it/tenancy/operations.rs and the server differ");
    }
}
