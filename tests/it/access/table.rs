//! The table of who may do what, as data: every route of REST, and what of it GraphQL has, for everyone, and for an
//! administrator whose token lacks one scope. It is written down here a second time, so that a change of
//! `app::policy` is a decision and not an accident.

use http::Method;
use petstore::app::policy::{self, Access, Operation};
use petstore::domain::Scope;
use serde_json::{Value, json};

use super::bad_tokens::Forge;
use crate::support::api::{id, with_json};
use crate::support::story::GOOD_CARD;
use crate::support::{Api, TestServer};

/// Who a route is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    Anyone,
    User,
    /// The user whose it is, and the staff.
    Owner,
    /// The same, but others are not even told that it is there.
    Hidden,
    Staff,
    Admin,
}

struct Row {
    method: &'static str,
    /// `{order}`, `{pet}`, `{user}`, `{endpoint}`, `{receipt}` and `{room}` are alice's; `{none}` is of nobody.
    path: &'static str,
    operation: &'static str,
    who: For,
    scope: Option<&'static str>,
    body: &'static str,
}

macro_rules! rows {
    ($($method:ident $path:literal $operation:ident $who:ident $scope:tt $body:literal;)+) => {
        &[$(Row {
            method: stringify!($method),
            path: $path,
            operation: stringify!($operation),
            who: For::$who,
            scope: rows!(@ $scope),
            body: $body,
        }),+]
    };
    (@ -) => { None };
    (@ $scope:literal) => { Some($scope) };
}

#[rustfmt::skip]
const ROWS: &[Row] = rows![
    GET "/v1/pets" ReadPets Anyone - "";
    GET "/v1/pets/{pet}" ReadPets Anyone - "";
    POST "/v1/pets" WritePets Staff "write:pets" r#"{"name":"Rex","species":"DOG","ageMonths":5,"price":"75.00"}"#;
    PUT "/v1/pets/{pet}" WritePets Staff "write:pets" r#"{"color":"red"}"#;
    DELETE "/v1/pets/{none}" WritePets Staff "write:pets" "";
    PATCH "/v1/pets/{pet}" WritePets Staff "write:pets" r#"{"color":"blue"}"#;
    QUERY "/v1/pets" ReadPets Anyone - "{}";
    QUERY "/v1/pets/search" ReadPets Anyone - "{}";
    POST "/v1/pets/search" ReadPets Anyone - "{}";
    POST "/v1/pets/{pet}/images" WritePets Staff "write:pets" "{}";
    GET "/v1/pets/{pet}/images/{none}" ReadPets Anyone - "";
    GET "/v1/inventory" ReadInventory User "read:pets" "";
    GET "/v1/inventories" ReadInventory User "read:pets" "";
    POST "/v1/orders" PlaceOrder Anyone "write:orders" r#"{"petId":"019b4132-70aa-764f-b315-e2803d882a24"}"#;
    GET "/v1/orders" ReadOrders User "read:orders" "";
    GET "/v1/orders/{order}" ReadOrders Owner "read:orders" "";
    POST "/v1/orders/{order}/payment" PayOrder Owner "write:orders" "{card}";
    GET "/v1/orders/{order}/watchers" ReadOrders Owner "read:orders" "";
    GET "/v1/receipts/{receipt}" ReadReceipt Hidden "read:orders" "";
    POST "/v1/orders/{order}/ship" FulfilOrder Staff "write:orders" "";
    POST "/v1/orders/{order}/deliver" FulfilOrder Staff "write:orders" "";
    DELETE "/v1/orders/{order}" CancelOrder Owner "write:orders" "";
    POST "/v1/orders/{order}" RequestCallback Hidden "write:orders" r#"{"amount":"75.00","currency":"USD","timestamp":"1758613403","callbackUrl":"https://example.com/c"}"#;
    GET "/v1/callback-secret" RequestCallback User "write:orders" "";
    POST "/v1/users" SignUp Anyone - "{}";
    GET "/v1/users/{user}" ReadUser User "read:user" "";
    PUT "/v1/users/{user}" WriteUser Owner "write:user" r#"{"firstName":"Alice"}"#;
    DELETE "/v1/users/{none}" WriteUser User "write:user" "";
    POST "/v1/auth/tokens" LogIn Anyone - "{}";
    GET "/v1/webhook-endpoints" ReadWebhooks User "read:orders" "";
    POST "/v1/webhook-endpoints" WriteWebhooks User "write:orders" r#"{"url":"https://example.com/h","eventTypes":["order.created"]}"#;
    GET "/v1/webhook-endpoints/{endpoint}" ReadWebhooks Hidden "read:orders" "";
    PUT "/v1/webhook-endpoints/{endpoint}" WriteWebhooks Hidden "write:orders" r#"{"description":"d"}"#;
    PATCH "/v1/webhook-endpoints/{endpoint}" WriteWebhooks Hidden "write:orders" r#"{"description":"d"}"#;
    GET "/v1/webhook-endpoints/{endpoint}/deliveries" ReadWebhooks Hidden "read:orders" "";
    GET "/v1/webhook-endpoints/{endpoint}/deliveries/{none}" ReadWebhooks Hidden "read:orders" "";
    GET "/v1/webhook-endpoints/{endpoint}/deliveries/{none}/attempts" ReadWebhooks Hidden "read:orders" "";
    GET "/v1/webhook-endpoints/{endpoint}/attempts" ReadWebhooks Hidden "read:orders" "";
    GET "/v1/webhook-endpoints/{endpoint}/jobs" ReadWebhooks Hidden "read:orders" "";
    GET "/v1/webhook-endpoints/{endpoint}/jobs/{none}" ReadWebhooks Hidden "read:orders" "";
    POST "/v1/webhook-endpoints/{endpoint}/pause" WriteWebhooks Hidden "write:orders" "";
    POST "/v1/webhook-endpoints/{endpoint}/resume" WriteWebhooks Hidden "write:orders" "";
    POST "/v1/webhook-endpoints/{endpoint}/test" WriteWebhooks Hidden "write:orders" "";
    POST "/v1/webhook-endpoints/{endpoint}/jobs/{none}/cancel" WriteWebhooks Hidden "write:orders" "";
    POST "/v1/webhook-endpoints/{endpoint}/rotate-secret" WriteWebhooks Hidden "write:orders" "";
    POST "/v1/webhook-endpoints/{endpoint}/resend-failed" WriteWebhooks Hidden "write:orders" r#"{"since":"2020-01-01T00:00:00Z"}"#;
    POST "/v1/webhook-endpoints/{endpoint}/replay" WriteWebhooks Hidden "write:orders" r#"{"since":"2020-01-01T00:00:00Z"}"#;
    POST "/v1/webhook-endpoints/{endpoint}/deliveries/{none}/resend" WriteWebhooks Hidden "write:orders" "";
    DELETE "/v1/webhook-endpoints/{endpoint}" WriteWebhooks Hidden "write:orders" "";
    GET "/v1/admin/dashboard/stats" Administer Admin "admin" "";
    GET "/v1/admin/users" Administer Admin "admin" "";
    GET "/v1/admin/users/{user}" Administer Admin "admin" "";
    PATCH "/v1/admin/users/{user}/status" Administer Admin "admin" r#"{"status":"ACTIVE"}"#;
    GET "/v1/admin/orders" Administer Admin "admin" "";
    POST "/v1/admin/orders/{none}/cancel" Administer Admin "admin" r#"{"reason":"r"}"#;
    GET "/v1/admin/audit-logs" Administer Admin "admin" "";
    GET "/v1/admin/audit-logs/{none}" Administer Admin "admin" "";
    GET "/v1/admin/inbound-deliveries" HandleInbound Admin "admin" "";
    GET "/v1/admin/inbound-deliveries/{none}" HandleInbound Admin "admin" "";
    POST "/v1/admin/inbound-deliveries/{none}/reprocess" HandleInbound Admin "admin" "";
    GET "/v1/admin/executions/{none}" HandleInbound Admin "admin" "";
    GET "/v1/admin/oauth-clients" ManageOAuthClients Admin "admin" "";
    POST "/v1/admin/oauth-clients" ManageOAuthClients Admin "admin" r#"{"name":"A","grantTypes":["client_credentials"],"scopes":[]}"#;
    GET "/v1/admin/oauth-clients/{none}" ManageOAuthClients Admin "admin" "";
    PATCH "/v1/admin/oauth-clients/{none}" ManageOAuthClients Admin "admin" "{}";
    DELETE "/v1/admin/oauth-clients/{none}" ManageOAuthClients Admin "admin" "";
    POST "/v1/chat/completions" Chat User "chat:write" r#"{"messages":[{"role":"user","content":"can dogs eat grapes?"}]}"#;
    GET "/v1/chat/rooms" Chat User "chat:write" "";
    POST "/v1/chat/rooms" Chat User "chat:write" "{}";
    GET "/v1/chat/rooms?waiting=true" ServeChat Staff "chat:write" "";
    GET "/v1/chat/rooms/{room}" Chat Hidden "chat:write" "";
    GET "/v1/chat/rooms/{room}/messages" Chat Hidden "chat:write" "";
    POST "/v1/chat/rooms/{none}/messages" Chat User "chat:write" r#"{"text":"x"}"#;
    POST "/v1/chat/rooms/{none}/call" Chat User "chat:write" "";
    GET "/v1/chat/rooms/{room}/messages/{none}" Chat Hidden "chat:write" "";
    PATCH "/v1/chat/rooms/{room}/messages/{none}" Chat Hidden "chat:write" r#"{"text":"x"}"#;
    DELETE "/v1/chat/rooms/{room}/messages/{none}" Chat Hidden "chat:write" "";
    GET "/v1/chat/rooms/{room}/receipts" Chat Hidden "chat:write" "";
    POST "/v1/chat/rooms/{room}/receipts" Chat Hidden "chat:write" r#"{"messageId":"019b4132-70aa-764f-b315-e2803d882a24"}"#;
    GET "/v1/chat/rooms/{room}/watchers" Chat Hidden "chat:write" "";
    POST "/v1/chat/rooms/{room}/typing" Chat Hidden "chat:write" r#"{"typing":true}"#;
    POST "/v1/chat/rooms/{room}/attachments" Chat Hidden "chat:write" "{}";
    GET "/v1/chat/rooms/{room}/attachments/{none}" Chat Hidden "chat:write" "";
    PUT "/v1/chat/rooms/{room}/agent" ServeChat Staff "chat:write" "";
    DELETE "/v1/chat/rooms/{none}/agent" ServeChat Staff "chat:write" "";
    DELETE "/v1/auth/tokens" LogOut User - "";
];

/// Operations of GraphQL: what of the table above they are.
#[rustfmt::skip]
const GRAPHQL: &[(&str, &str, For, Option<&str>)] = &[
    ("{ pets(limit: 1) { id } }", "ReadPets", For::Anyone, None),
    ("{ pet(id: \"{pet}\") { id } }", "ReadPets", For::Anyone, None),
    ("{ orders(limit: 1) { id } }", "ReadOrders", For::User, Some("read:orders")),
    ("{ order(id: \"{order}\") { id } }", "ReadOrders", For::Owner, Some("read:orders")),
    ("mutation { createPet(input: { name: \"R\", species: DOG, ageMonths: 1, price: \"1.00\" }) { pet { id } userErrors { code status message field } } }", "WritePets", For::Staff, Some("write:pets")),
    ("mutation { updatePet(id: \"{pet}\", input: { color: \"red\" }) { pet { id } userErrors { code status message field } } }", "WritePets", For::Staff, Some("write:pets")),
    ("mutation { placeOrder(input: { petId: \"{none}\" }) { order { id } userErrors { code status message field } } }", "PlaceOrder", For::Anyone, Some("write:orders")),
    ("mutation { shipOrder(id: \"{order}\") { order { id } userErrors { code status message field } } }", "FulfilOrder", For::Staff, Some("write:orders")),
    ("mutation { deliverOrder(id: \"{order}\") { order { id } userErrors { code status message field } } }", "FulfilOrder", For::Staff, Some("write:orders")),
    ("mutation { cancelOrder(id: \"{order}\") { order { id } userErrors { code status message field } } }", "CancelOrder", For::Owner, Some("write:orders")),
    (r#"{ petsConnection(first: 1) { totalCount } }"#, "ReadPets", For::Anyone, None),
    (r#"{ inventory { total } }"#, "ReadInventory", For::User, Some("read:pets")),
    (r#"{ ordersConnection(first: 1) { totalCount } }"#, "ReadOrders", For::User, Some("read:orders")),
    (r#"{ payments(first: 1) { totalCount } }"#, "ReadOrders", For::User, Some("read:orders")),
    (r#"{ receipt(id: "{receipt}") { id } }"#, "ReadReceipt", For::Hidden, Some("read:orders")),
    (r#"{ callbackSecret }"#, "RequestCallback", For::User, Some("write:orders")),
    (r#"{ user(id: "{user}") { id } }"#, "ReadUser", For::User, Some("read:user")),
    (r#"{ users(first: 1) { totalCount } }"#, "Administer", For::Admin, Some("admin")),
    (r#"{ dashboardStats { generatedAt } }"#, "Administer", For::Admin, Some("admin")),
    (r#"{ auditLogs(first: 1) { totalCount } }"#, "Administer", For::Admin, Some("admin")),
    (r#"{ auditLog(id: "{none}") { id } }"#, "Administer", For::Admin, Some("admin")),
    (r#"{ oauthClients(first: 1) { totalCount } }"#, "ManageOAuthClients", For::Admin, Some("admin")),
    (r#"{ oauthClient(id: "{none}") { id } }"#, "ManageOAuthClients", For::Admin, Some("admin")),
    (r#"{ inboundDeliveries(first: 1) { totalCount } }"#, "HandleInbound", For::Admin, Some("admin")),
    (r#"{ inboundDelivery(id: "{none}") { id } }"#, "HandleInbound", For::Admin, Some("admin")),
    (r#"{ webhookEndpoints(first: 1) { totalCount } }"#, "ReadWebhooks", For::User, Some("read:orders")),
    (r#"{ webhookEndpoint(id: "{endpoint}") { id } }"#, "ReadWebhooks", For::Hidden, Some("read:orders")),
    (r#"{ deliveries(endpoint: "{endpoint}") { totalCount } }"#, "ReadWebhooks", For::Hidden, Some("read:orders")),
    (r#"{ delivery(id: "{none}") { id } }"#, "ReadWebhooks", For::Hidden, Some("read:orders")),
    (r#"{ webhookAttempts(endpoint: "{endpoint}") { totalCount } }"#, "ReadWebhooks", For::Hidden, Some("read:orders")),
    (r#"{ webhookJobs(endpoint: "{endpoint}") { totalCount } }"#, "ReadWebhooks", For::Hidden, Some("read:orders")),
    (r#"{ webhookJob(endpoint: "{endpoint}", id: "{none}") { id } }"#, "ReadWebhooks", For::Hidden, Some("read:orders")),
    (r#"mutation { deletePet(id: "{none}") { deletedId userErrors { code status message field } } }"#, "WritePets", For::Staff, Some("write:pets")),
    (r#"mutation { requestOrderCallback(id: "{order}", input: { amount: "75.00", currency: "USD", timestamp: "1758613403", callbackUrl: "https://example.com/c" }) { orderId userErrors { code status message field } } }"#, "RequestCallback", For::Hidden, Some("write:orders")),
    (r#"mutation { createUser(input: {}) { user { id } userErrors { code status message field } } }"#, "SignUp", For::Anyone, None),
    (r#"mutation { updateUser(id: "{user}", input: { firstName: "Alice" }) { user { id } userErrors { code status message field } } }"#, "WriteUser", For::Owner, Some("write:user")),
    (r#"mutation { deleteUser(id: "{none}") { deletedId userErrors { code status message field } } }"#, "WriteUser", For::User, Some("write:user")),
    (r#"mutation { createToken(input: {}) { token { scope } userErrors { code status message field } } }"#, "LogIn", For::Anyone, None),
    (r#"mutation { createWebhookEndpoint(input: { url: "https://example.com/h", eventTypes: ["order.created"] }) { endpoint { id } userErrors { code status message field } } }"#, "WriteWebhooks", For::User, Some("write:orders")),
    (r#"mutation { updateWebhookEndpoint(id: "{endpoint}", input: { description: "d" }) { endpoint { id } userErrors { code status message field } } }"#, "WriteWebhooks", For::Hidden, Some("write:orders")),
    (r#"mutation { pauseWebhookEndpoint(id: "{endpoint}") { endpoint { id } userErrors { code status message field } } }"#, "WriteWebhooks", For::Hidden, Some("write:orders")),
    (r#"mutation { resumeWebhookEndpoint(id: "{endpoint}") { endpoint { id } userErrors { code status message field } } }"#, "WriteWebhooks", For::Hidden, Some("write:orders")),
    (r#"mutation { testWebhookEndpoint(id: "{endpoint}") { eventId userErrors { code status message field } } }"#, "WriteWebhooks", For::Hidden, Some("write:orders")),
    (r#"mutation { rotateWebhookSecret(id: "{endpoint}") { secret userErrors { code status message field } } }"#, "WriteWebhooks", For::Hidden, Some("write:orders")),
    (r#"mutation { resendFailedDeliveries(id: "{endpoint}", input: { since: "2020-01-01T00:00:00Z" }) { job { id } userErrors { code status message field } } }"#, "WriteWebhooks", For::Hidden, Some("write:orders")),
    (r#"mutation { cancelWebhookJob(endpoint: "{endpoint}", id: "{none}") { job { id } userErrors { code status message field } } }"#, "WriteWebhooks", For::Hidden, Some("write:orders")),
    (r#"mutation { replayEvents(id: "{endpoint}", input: { since: "2020-01-01T00:00:00Z" }) { job { id } userErrors { code status message field } } }"#, "WriteWebhooks", For::Hidden, Some("write:orders")),
    (r#"mutation { deleteWebhookEndpoint(id: "{endpoint}") { deletedId userErrors { code status message field } } }"#, "WriteWebhooks", For::Hidden, Some("write:orders")),
    (r#"mutation { setUserStatus(id: "{user}", input: { status: ACTIVE }) { user { id } userErrors { code status message field } } }"#, "Administer", For::Admin, Some("admin")),
    (r#"mutation { forceCancelOrder(id: "{none}", input: { reason: "r" }) { order { id } userErrors { code status message field } } }"#, "Administer", For::Admin, Some("admin")),
    (r#"mutation { createOAuthClient(input: { name: "A", grantTypes: ["client_credentials"], scopes: [] }) { client { id } userErrors { code status message field } } }"#, "ManageOAuthClients", For::Admin, Some("admin")),
    (r#"mutation { updateOAuthClient(id: "{none}", input: {}) { client { id } userErrors { code status message field } } }"#, "ManageOAuthClients", For::Admin, Some("admin")),
    (r#"mutation { deleteOAuthClient(id: "{none}") { deletedId userErrors { code status message field } } }"#, "ManageOAuthClients", For::Admin, Some("admin")),
    (r#"mutation { reprocessInboundDelivery(id: "{none}") { delivery { id } userErrors { code status message field } } }"#, "HandleInbound", For::Admin, Some("admin")),
    (r#"{ orderWatchers(id: "{order}") }"#, "ReadOrders", For::Owner, Some("read:orders")),
    (r#"{ chatRoomsConnection(first: 1) { totalCount } }"#, "Chat", For::User, Some("chat:write")),
    (r#"{ chatRoom(id: "{room}") { id } }"#, "Chat", For::Hidden, Some("chat:write")),
    (r#"{ chatMessages(room: "{room}") { id } }"#, "Chat", For::Hidden, Some("chat:write")),
    (r#"{ chatMessage(room: "{room}", id: "{none}") { id } }"#, "Chat", For::Hidden, Some("chat:write")),
    (r#"{ chatRoomWatchers(room: "{room}") }"#, "Chat", For::Hidden, Some("chat:write")),
    (r#"mutation { openChatRoom { room { id } userErrors { code status message field } } }"#, "Chat", For::User, Some("chat:write")),
    (r#"mutation { callChatStaff(room: "{none}") { room { id } userErrors { code status message field } } }"#, "Chat", For::User, Some("chat:write")),
    (r#"mutation { revokeToken { revoked userErrors { code status message field } } }"#, "LogOut", For::User, None),
];

/// What alice has.
struct Hers(Vec<(&'static str, String)>);

impl Hers {
    async fn new(server: &TestServer) -> Self {
        let (alice, staff) = (server.user("alice").await, server.user("staff").await);
        let pet = staff.create_pet("Rex").await;
        let order = alice.place_order_of(&pet).await;
        let paid = alice.place_order_of(&staff.create_pet("Max").await).await;
        let card = card();
        alice.post(&format!("/v1/orders/{}/payment", id(&paid)), card.clone()).await.result().unwrap();
        let receipt = server
            .database()
            .await
            .texts("SELECT 'rcp_' || lower(hex(id)) FROM receipts ORDER BY id DESC LIMIT 1")
            .await;
        let hex = receipt[0].strip_prefix("rcp_").unwrap();
        let receipt = format!("rcp_{}", uuid::Uuid::parse_str(hex).unwrap());
        let webhook = json!({ "url": "https://example.com/hook", "eventTypes": ["order.created"] });
        let endpoint = alice.post("/v1/webhook-endpoints", webhook).await.result().unwrap();
        let room = alice.post("/v1/chat/rooms", json!({})).await.result().unwrap();
        Self(vec![
            ("{pet}", id(&pet).to_owned()),
            ("{order}", id(&order).to_owned()),
            ("{user}", alice.user_id().to_owned()),
            ("{endpoint}", id(&endpoint).to_owned()),
            ("{receipt}", receipt),
            ("{room}", id(&room).to_owned()),
            ("{none}", "019b4132-70aa-764f-b315-e2803d882a24".to_owned()),
            ("{card}", card.to_string()),
        ])
    }

    fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }
}

fn card() -> Value {
    json!({ "amount": "75.00", "currency": "USD", "source": { "object": "card", "name": "Alice", "number": GOOD_CARD,
        "cvc": "123", "expMonth": 12, "expYear": 2099 } })
}

/// 401, 403, or nothing when the call may be made (whatever else comes of it).
fn refused(who: For, guest: &str) -> Option<u16> {
    match (who, guest) {
        (For::Anyone, _) | (_, "admin") => None,
        (_, "anonymous") => Some(401),
        (For::Hidden, "bob") => Some(404),
        (For::Owner, "bob") | (For::Staff, "alice" | "bob") | (For::Admin, _) => Some(403),
        _ => None,
    }
}

struct Guests(Vec<(String, Api, Option<Scope>)>);

impl Guests {
    /// Whoever is refused most comes first, so that what is taken away is still there for the others.
    async fn new(server: &TestServer) -> Self {
        let mut guests = vec![("anonymous".to_owned(), server.anonymous(), None)];
        let forge = Forge::new(server).await;
        for scope in Scope::ALL {
            let others = Scope::ALL.iter().filter(|other| *other != scope).map(|other| other.name());
            let others = others.collect::<Vec<_>>().join(" ");
            let token = forge.sign(|_, claims| {
                // Each of a login of its own, so that the logout of one does not end the others.
                claims["sid"] = json!(uuid::Uuid::now_v7());
                claims["scope"] = json!(others);
            });
            guests.push(("admin".to_owned(), server.anonymous().with_token(&token), Some(*scope)));
        }
        for name in ["bob", "alice", "staff", "admin"] {
            guests.push((name.to_owned(), server.user(name).await, None));
        }
        Self(guests)
    }
}

fn expected(who: For, scope: Option<&str>, guest: &(String, Api, Option<Scope>)) -> Option<u16> {
    let lacks = guest.2.is_some_and(|lacking| Some(lacking.name()) == scope);
    if lacks { Some(403) } else { refused(who, &guest.0) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_is_what_every_route_does() {
    let server = TestServer::demo().await;
    let (hers, guests) = (Hers::new(&server).await, Guests::new(&server).await);
    for row in ROWS {
        for guest in &guests.0 {
            let (path, body) = (hers.fill(row.path), hers.fill(row.body));
            let method: Method = row.method.parse().unwrap();
            let mut request = guest.1.request(method, &path);
            if !body.is_empty() {
                request = with_json(request, &serde_json::from_str(&body).unwrap());
            }
            let answer = guest.1.send(request).await;
            let what = format!("{} {} as {} without {:?}", row.method, row.path, guest.0, guest.2);
            let hidden = row.who == For::Hidden && guest.0 == "bob";
            let told = |status: &u16| matches!(status, 401 | 403) || (hidden && *status == 404);
            let got = Some(answer.status).filter(told);
            // What needs no rights here can still be wrong credentials.
            let got = got.filter(|_| row.operation != "LogIn");
            assert_eq!(got, expected(row.who, row.scope, guest), "{what}: {}", answer.body);
            assert!(answer.status < 500, "{what}: {}", answer.body);
            if answer.status == 403 && guest.2.is_some() {
                let challenge = answer.header("www-authenticate");
                assert!(challenge.contains("error=\"insufficient_scope\""), "{what}: {challenge}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_is_the_same_through_graphql() {
    let server = TestServer::demo().await;
    let (hers, guests) = (Hers::new(&server).await, Guests::new(&server).await);
    for (text, operation, who, scope) in GRAPHQL {
        let row =
            ROWS.iter().find(|row| row.operation == *operation && row.who == *who).expect("the same in REST");
        assert_eq!(row.scope, *scope, "{text}");
        for guest in &guests.0 {
            let refusal = guest.1.graphql(&hers.fill(text)).await.err();
            let got = refusal
                .as_ref()
                .and_then(|refusal| refusal.status)
                .filter(|status| matches!(status, 401 | 403));
            // What is hidden is null, or `not_found` among the errors of a payload.
            let wanted = expected(*who, *scope, guest).filter(|status| *status != 404);
            assert_eq!(got, wanted, "{text} as {} without {:?}: {refusal:?}", guest.0, guest.2);
        }
    }
}

#[test]
fn every_operation_has_a_row_and_its_rule_is_the_one_in_the_table() {
    for operation in Operation::ALL {
        let rows: Vec<&Row> = ROWS.iter().filter(|row| row.operation == operation.name()).collect();
        assert!(!rows.is_empty(), "{operation:?} is in no row of the table");
        let (access, scope) = policy::rule(*operation);
        for row in rows {
            let access_of_row = match row.who {
                For::Anyone if access == Access::PublicPool => Access::PublicPool,
                For::Anyone => Access::Anyone,
                For::User | For::Owner | For::Hidden => Access::User,
                For::Staff => Access::Staff,
                For::Admin => Access::Admin,
            };
            assert_eq!(
                (access, scope.map(Scope::name)),
                (access_of_row, row.scope),
                "{} {}",
                row.method,
                row.path
            );
        }
    }
}

/// A path with its parameters unnamed.
fn unnamed(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect::<Vec<_>>().join("/")
}

/// What is for anyone and shows nothing of the store, the feed, whose topics have the rights, and what other systems call,
/// with keys of their own.
const NO_USE_CASE: [&str; 15] = [
    "/v1/echo/http",
    "/v1/echo/sse",
    "/v1/echo/hooks/{id}",
    "/v1/event-types",
    "/v1/event-types/{id}",
    "/api/service/webhook-event/{kind}",
    "/v1/internal/anyspend/order-completed",
    "/v1/events",
    "/healthz",
    "/readyz",
    "/metrics",
    "/v1/openapi.json",
    "/v1/openapi.yaml",
    "/v1/openapi-3.1.json",
    "/v1/asyncapi.json",
];

#[test]
fn every_operation_of_the_documents_is_in_the_table() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/openapi.json");
    let text = std::fs::read_to_string(&file).expect("schema/openapi.json");
    let document: Value = serde_json::from_str(&text).unwrap();
    let mut looked_at = 0;
    for (path, methods) in document["paths"].as_object().expect("paths") {
        let operations = methods.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters");
        for (method, operation) in operations {
            let method = method.to_uppercase();
            let Some(use_case) = operation["x-use-case"].as_str() else {
                assert!(NO_USE_CASE.contains(&path.as_str()), "{method} {path} has no x-use-case");
                continue;
            };
            looked_at += 1;
            let row = ROWS.iter().find(|row| row.method == method && unnamed(row.path) == unnamed(path));
            let row =
                row.unwrap_or_else(|| panic!("{method} {path} is in no row of tests/it/access/table.rs"));
            assert_eq!(row.operation, use_case, "{method} {path}");
        }
    }
    assert!(looked_at > 20, "only {looked_at} operations were looked at");
}
