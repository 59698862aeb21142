//! Every operation of REST and what it is in GraphQL, as data: each pair is run, and the answers and the audit rows must be
//! the same.

use aws_lc_rs::hmac;
use http::Method;
use serde_json::{Value, json};

use crate::support::api::{DEMO_PASSWORD, id, with_json};
use crate::support::normal::{Normal, projected};
use crate::support::story::GOOD_CARD;
use crate::support::{Api, Driver, Setup, TestServer};

/// What GraphQL does not have, and why.
const NOT_IN_GRAPHQL: &[(&str, &str)] = &[
    ("getPetImage", "a file is fetched by its address"),
    ("uploadPetImage", "uploadPetImage; its form is tested with the transports"),
    ("providerWebhookEvent", "called by another system, in its form"),
    ("anyspendOrderCompleted", "called by another system, in its form"),
    ("getHealth", "of the process"),
    ("getReadiness", "of the process"),
    ("getMetrics", "of the process"),
    ("getOpenApi", "about REST"),
    ("getOpenApiYaml", "about REST"),
    ("getOpenApi31", "about REST"),
    ("getAsyncApi", "about channels"),
    ("createChatCompletion", "in the form of OpenAI's clients"),
    ("attachPicture", "attachChatPicture; its form is tested in chat/graphql.rs"),
    ("getPicture", "a file is fetched by its address"),
    ("listChatRooms", "chatRooms; conversations have a test of their own, chat/graphql.rs"),
    ("openChatRoom", "openChatRoom; there, too"),
    ("getChatRoom", "chatRoom; there, too"),
    ("joinChatRoom", "joinChatRoom; there, too"),
    ("leaveChatRoom", "leaveChatRoom; there, too"),
    ("callStaff", "callChatStaff; there, too"),
    ("listChatMessages", "chatMessages; there, too"),
    ("getChatMessage", "chatMessage; there, too"),
    ("postChatMessage", "postChatMessage; there, too"),
    ("editChatMessage", "editChatMessage; there, too"),
    ("deleteChatMessage", "deleteChatMessage; there, too"),
    ("listChatReceipts", "chatReceipts; there, too"),
    ("markChatMessages", "markChatMessages; there, too"),
    ("typeInChatRoom", "typeInChatRoom; there, too"),
    ("listRoomWatchers", "chatRoomWatchers; conversations have a test of their own"),
    ("listHookRequests", "an example of HTTP"),
    ("clearHookRequests", "an example of HTTP"),
    ("sendHookRequest", "an example of HTTP"),
    ("putHookRequest", "an example of HTTP"),
    ("patchHookRequest", "an example of HTTP"),
    ("echoGet", "an example of HTTP"),
    ("echoPost", "an example of HTTP"),
    ("echoPut", "an example of HTTP"),
    ("echoPatch", "an example of HTTP"),
    ("echoDelete", "an example of HTTP"),
    ("echoEvents", "an example of event streams"),
    ("echoPostedEvents", "an example of event streams"),
];

/// Reads: the operation, where REST has its answer (a pointer), and the same in GraphQL.
#[rustfmt::skip]
const READS: &[(&str, &str, &str, &str)] = &[
    ("listPets", "/v1/pets?species=DOG&sort=price&limit=3", "/data", "{ petsConnection(filter: {species: [DOG]}, sort: {field: PRICE}, first: 3) { edges { node { id name species price status createdAt tenantId } } } }"),
    ("listPets", "/v1/pets?limit=3", "/data", "{ pets(limit: 3) { id name species breed ageMonths price status links { self } } }"),
    ("searchPetsByPost", "/v1/pets?q=rex&limit=5", "/data", "{ petsConnection(filter: {text: \"rex\"}, first: 5) { edges { node { id name } } } }"),
    ("searchPets", "/v1/pets?status=AVAILABLE&ageMin=3&limit=5", "/data", "{ petsConnection(filter: {status: [AVAILABLE], ageMin: 3}, first: 5) { edges { node { id name } } } }"),
    ("searchPetsAtSearch", "/v1/pets?goodWithKids=true&limit=5", "/data", "{ petsConnection(filter: {goodWithKids: true}, first: 5) { edges { node { id name } } } }"),
    ("getPet", "/v1/pets/{pet}", "", "{ pet(id: \"{pet}\") { id name species ageMonths price currency status photos links { self } tenantId } }"),
    ("getStoreInventory", "/v1/inventory", "", "{ inventory { available pending adopted notAvailable total updatedAt } }"),
    ("listInventories", "/v1/inventory", "", "{ inventory { available pending } }"),
    ("listOrders", "/v1/orders?limit=4", "/data", "{ ordersConnection(first: 4) { edges { node { id petId userId status totalAmount currency createdAt } } } }"),
    ("listAllOrders", "/v1/admin/orders?status=PLACED&limit=4", "/data", "{ ordersConnection(filter: {status: PLACED}, first: 4) { edges { node { id status } } } }"),
    ("getOrder", "/v1/orders/{placed}", "", "{ order(id: \"{placed}\") { id petId userId status totalAmount currency } }"),
    ("getReceipt", "/v1/receipts/{receipt}", "/receipt", "{ receipt(id: \"{receipt}\") { receiptId receiptUrl generatedAt } }"),
    ("getCallbackSecret", "/v1/callback-secret", "/secret", "{ callbackSecret }"),
    ("getUser", "/v1/users/{user}", "", "{ user(id: \"{user}\") { id username email status roles preferences { newsletter notifications } } }"),
    ("getUserDetails", "/v1/admin/users/{user}", "", "{ user(id: \"{user}\") { id username email } }"),
    ("listUsers", "/v1/admin/users?role=USER&limit=3", "/data", "{ users(filter: {role: USER}, first: 3) { edges { node { id username status roles } } } }"),
    ("listWebhookEndpoints", "/v1/webhook-endpoints?limit=2", "/data", "{ webhookEndpoints(first: 2) { edges { node { id url enabled paused eventTypes } } } }"),
    ("getWebhookEndpoint", "/v1/webhook-endpoints/{endpoint}", "", "{ webhookEndpoint(id: \"{endpoint}\") { id url enabled paused eventTypes ed25519 health { failures circuitOpenings } } }"),
    ("listDeliveries", "/v1/webhook-endpoints/{endpoint}/deliveries", "/data", "{ deliveries(endpoint: \"{endpoint}\") { edges { node { id eventId eventType status } } } }"),
    ("getDelivery", "/v1/webhook-endpoints/{endpoint}/deliveries/{delivery}", "", "{ delivery(id: \"{delivery}\") { id endpointId eventId eventType status } }"),
    ("listAttempts", "/v1/webhook-endpoints/{endpoint}/deliveries/{delivery}/attempts", "", "{ delivery(id: \"{delivery}\") { attempts { id number error } } }"),
    ("listEndpointAttempts", "/v1/webhook-endpoints/{endpoint}/attempts", "/data", "{ webhookAttempts(endpoint: \"{endpoint}\") { edges { node { id number } } } }"),
    ("listWebhookJobs", "/v1/webhook-endpoints/{endpoint}/jobs", "/data", "{ webhookJobs(endpoint: \"{endpoint}\") { edges { node { id kind queued } } } }"),
    ("getWebhookJob", "/v1/webhook-endpoints/{endpoint}/jobs/{job}", "", "{ webhookJob(endpoint: \"{endpoint}\", id: \"{job}\") { id kind endpointId } }"),
    ("listEventTypes", "/v1/event-types", "/data", "{ eventTypes { topic description schema example } }"),
    ("getEventType", "/v1/event-types/order.created", "", "{ eventType(name: \"order.created\") { topic description schema } }"),
    ("listInboundDeliveries", "/v1/admin/inbound-deliveries", "/data", "{ inboundDeliveries { edges { node { id source status } } } }"),
    ("getInboundDelivery", "/v1/admin/inbound-deliveries/{inbound}", "", "{ inboundDelivery(id: \"{inbound}\") { id source kind externalId status note } }"),
    ("getExecution", "/v1/admin/executions/{inbound}", "", "{ inboundDelivery(id: \"{inbound}\") { runId status note steps { name succeeded detail } } }"),
    ("listOrderWatchers", "/v1/orders/{placed}/watchers", "/data", "{ orderWatchers(id: \"{placed}\") }"),
    ("listEvents", "/v1/events?topics=pets&limit=5", "/data", "{ pastEvents(topics: [\"pets\"], limit: 5) { events { eventId eventType timestamp cursor data } } }"),
    ("getDashboardStats", "/v1/admin/dashboard/stats", "", "{ dashboardStats { webhooks { pending } } }"),
    ("listAuditLogs", "/v1/admin/audit-logs?action=PET_CREATED&limit=3", "/data", "{ auditLogs(filter: {action: \"PET_CREATED\"}, first: 3) { edges { node { id action userId entityType entityId before after channel createdAt } } } }"),
    ("getAuditLog", "/v1/admin/audit-logs/{audit}", "", "{ auditLog(id: \"{audit}\") { id action entityType entityId after channel requestId } }"),
    ("listOAuthClients", "/v1/admin/oauth-clients?limit=2", "/data", "{ oauthClients(first: 2) { edges { node { id name grantTypes scopes confidential } } } }"),
    ("getOAuthClient", "/v1/admin/oauth-clients/{client}", "", "{ oauthClient(id: \"{client}\") { id name grantTypes scopes redirectUris } }"),
];

/// Writes: the operation, how it is called in REST, and the same in GraphQL. `{x}` differs between the two.
#[rustfmt::skip]
const WRITES: &[(&str, &str, &str, &str, &str)] = &[
    ("createPet", "POST", "/v1/pets", r#"{"name":"Ada","species":"CAT","ageMonths":4,"price":"12.00","tags":[{"name":"calm"}]}"#, r#"createPet(input: {name: "Ada", species: CAT, ageMonths: 4, price: "12.00", tags: [{name: "calm"}]}) { pet { id name species ageMonths price tags { name } status }"#),
    ("updatePet", "PUT", "/v1/pets/{pet}", r#"{"color":"red"}"#, r#"updatePet(id: "{pet}", input: {color: "red"}) { pet { id color name }"#),
    ("patchPet", "PATCH", "/v1/pets/{pet}", r#"{"color":null,"breed":"Mix"}"#, r#"updatePet(id: "{pet}", input: {breed: "Mix"}, clear: [COLOR]) { pet { id breed name }"#),
    ("createOrder", "POST", "/v1/orders", r#"{"petId":"{pet}"}"#, r#"placeOrder(input: {petId: "{pet}"}) { order { petId userId status totalAmount }"#),
    ("payOrder", "POST", "/v1/orders/{placed}/payment", r#"{"amount":"75.00","currency":"USD","source":{"object":"card","name":"A","number":"4242424242424242","cvc":"123","expMonth":12,"expYear":2099}}"#, r#"payOrder(id: "{placed}", input: {amount: "75.00", currency: USD, source: {card: {name: "A", number: "4242424242424242", cvc: "123", expMonth: 12, expYear: 2099}}}) { payment { amount currency status }"#),
    ("orderCallback", "POST", "/v1/orders/{placed}", r#"{"amount":"75.00","currency":"USD","timestamp":"1758613403","callbackUrl":"https://example.com/c"}"#, r#"requestOrderCallback(id: "{placed}", input: {amount: "75.00", currency: "USD", timestamp: "1758613403", callbackUrl: "https://example.com/c"}) { orderId"#),
    ("shipOrder", "POST", "/v1/orders/{approved}/ship", "", r#"shipOrder(id: "{approved}") { order { id status }"#),
    ("deliverOrder", "POST", "/v1/orders/{approved}/deliver", "", r#"deliverOrder(id: "{approved}") { order { id status }"#),
    ("cancelOrder", "DELETE", "/v1/orders/{open}", "", r#"cancelOrder(id: "{open}") { order { id }"#),
    ("forceCancelOrder", "POST", "/v1/admin/orders/{approved}/cancel", r#"{"reason":"lost"}"#, r#"forceCancelOrder(id: "{approved}", input: {reason: "lost"}) { order { id status }"#),
    ("deletePet", "DELETE", "/v1/pets/{spare}", "", r#"deletePet(id: "{spare}") { deletedId"#),
    ("createUser", "POST", "/v1/users", r#"{"username":"{x}new","email":"{x}new@example.com","password":"correct horse"}"#, r#"createUser(input: {username: "{x}new", email: "{x}new@example.com", password: "correct horse"}) { user { username email status roles }"#),
    ("createToken", "POST", "/v1/auth/tokens", r#"{"username":"{x}new","password":"correct horse"}"#, r#"createToken(input: {username: "{x}new", password: "correct horse"}) { token { tokenType expiresIn scope }"#),
    ("createToken", "POST", "/v1/auth/tokens", r#"{"refreshToken":"{refresh}"}"#, r#"createToken(input: {refreshToken: "{refresh}"}) { token { tokenType expiresIn scope }"#),
    ("reprocessInboundDelivery", "POST", "/v1/admin/inbound-deliveries/{inbound}/reprocess", "", r#"reprocessInboundDelivery(id: "{inbound}") { delivery { source kind externalId status note }"#),
    ("updateUser", "PUT", "/v1/users/{user}", r#"{"firstName":"Ada"}"#, r#"updateUser(id: "{user}", input: {firstName: "Ada"}) { user { id firstName username }"#),
    ("updateUserStatus", "PATCH", "/v1/admin/users/{user}/status", r#"{"status":"SUSPENDED","reason":"spam"}"#, r#"setUserStatus(id: "{user}", input: {status: SUSPENDED, reason: "spam"}) { user { id status }"#),
    ("deleteUser", "DELETE", "/v1/users/{user}", "", r#"deleteUser(id: "{user}") { deletedId"#),
    ("createWebhookEndpoint", "POST", "/v1/webhook-endpoints", r#"{"url":"https://example.com/h","eventTypes":["order.*"],"filter":{"conditions":[{"field":"order.status","operator":"eq","values":["PLACED"]}]}}"#, r#"createWebhookEndpoint(input: {url: "https://example.com/h", eventTypes: ["order.*"], filter: {conditions: [{field: "order.status", operator: "eq", values: ["PLACED"]}]}}) { endpoint { url eventTypes filter { conditions { field operator values } } enabled }"#),
    ("updateWebhookEndpoint", "PUT", "/v1/webhook-endpoints/{endpoint}", r#"{"description":"d"}"#, r#"updateWebhookEndpoint(id: "{endpoint}", input: {description: "d"}) { endpoint { id description url }"#),
    ("patchWebhookEndpoint", "PATCH", "/v1/webhook-endpoints/{endpoint}", r#"{"maxPerSecond":5}"#, r#"updateWebhookEndpoint(id: "{endpoint}", input: {maxPerSecond: 5}) { endpoint { id maxPerSecond }"#),
    ("rotateWebhookSecret", "POST", "/v1/webhook-endpoints/{endpoint}/rotate-secret", r#"{"overlapSeconds":60}"#, r#"rotateWebhookSecret(id: "{endpoint}", overlapSeconds: 60) { endpoint { id url }"#),
    ("pauseWebhookEndpoint", "POST", "/v1/webhook-endpoints/{endpoint}/pause", "", r#"pauseWebhookEndpoint(id: "{endpoint}") { endpoint { id paused }"#),
    ("testWebhookEndpoint", "POST", "/v1/webhook-endpoints/{endpoint}/test", "", r#"testWebhookEndpoint(id: "{endpoint}") { eventId"#),
    ("resendFailedDeliveries", "POST", "/v1/webhook-endpoints/{endpoint}/resend-failed", r#"{"since":"2020-01-01T00:00:00Z"}"#, r#"resendFailedDeliveries(id: "{endpoint}", input: {since: "2020-01-01T00:00:00Z"}) { job { endpointId kind }"#),
    ("replayEvents", "POST", "/v1/webhook-endpoints/{endpoint}/replay", r#"{"since":"2020-01-01T00:00:00Z"}"#, r#"replayEvents(id: "{endpoint}", input: {since: "2020-01-01T00:00:00Z"}) { job { endpointId kind }"#),
    ("cancelWebhookJob", "POST", "/v1/webhook-endpoints/{endpoint}/jobs/{job}/cancel", "", r#"cancelWebhookJob(endpoint: "{endpoint}", id: "{job}") { job { id kind endpointId }"#),
    ("resendDelivery", "POST", "/v1/webhook-endpoints/{endpoint}/deliveries/{delivery}/resend", "", r#"resendWebhookDelivery(id: "{delivery}") { delivery { id eventType status }"#),
    ("resumeWebhookEndpoint", "POST", "/v1/webhook-endpoints/{endpoint}/resume", "", r#"resumeWebhookEndpoint(id: "{endpoint}") { endpoint { id paused }"#),
    ("deleteWebhookEndpoint", "DELETE", "/v1/webhook-endpoints/{endpoint}", "", r#"deleteWebhookEndpoint(id: "{endpoint}") { deletedId"#),
    ("createOAuthClient", "POST", "/v1/admin/oauth-clients", r#"{"name":"App","grantTypes":["client_credentials"],"scopes":["read:pets"]}"#, r#"createOAuthClient(input: {name: "App", grantTypes: ["client_credentials"], scopes: ["read:pets"]}) { client { name grantTypes scopes confidential }"#),
    ("updateOAuthClient", "PATCH", "/v1/admin/oauth-clients/{client}", r#"{"name":"Other"}"#, r#"updateOAuthClient(id: "{client}", input: {name: "Other"}) { client { id name scopes }"#),
    ("deleteOAuthClient", "DELETE", "/v1/admin/oauth-clients/{client}", "", r#"deleteOAuthClient(id: "{client}") { deletedId"#),
    ("revokeToken", "DELETE", "/v1/auth/tokens", "", r#"revokeToken { revoked"#),
];

/// One of everything.
struct World {
    ids: Vec<(&'static str, String)>,
    admin: Api,
}

impl World {
    async fn new(server: &TestServer, name: &'static str) -> Self {
        let admin = server.user("admin").await;
        let made =
            async |path: &str, body: Value| id(&admin.post(path, body).await.result().unwrap()).to_owned();
        let pet = async || id(&admin.create_pet("Rex").await).to_owned();
        let order = async || made("/v1/orders", json!({ "petId": pet().await })).await;
        let (placed, approved, open) = (order().await, order().await, order().await);
        Driver::Rest.pay(&admin, &approved, "75.00", GOOD_CARD).await.unwrap();
        let receipt = format!("{{ order(id: \"{approved}\") {{ payments {{ receipt {{ id }} }} }} }}");
        let receipt = admin.graphql(&receipt).await.unwrap()["payments"][0]["receipt"]["id"].clone();
        let hook = json!({ "url": "https://example.com/hook", "eventTypes": ["pet.created"] });
        let endpoint = made("/v1/webhook-endpoints", hook).await;
        admin.command(&format!("/v1/webhook-endpoints/{endpoint}/pause")).await.result().unwrap();
        let spare = pet().await;
        let path = format!("/v1/webhook-endpoints/{endpoint}/deliveries");
        let delivery = crate::support::eventually("the delivery", async || {
            let list = admin.get(&path).await.result().unwrap();
            list["data"][0]["id"].as_str().map(str::to_owned)
        });
        let delivery = delivery.await;
        let replay = json!({ "since": "2020-01-01T00:00:00Z" });
        let job = made(&format!("/v1/webhook-endpoints/{endpoint}/replay"), replay).await;
        let client = json!({ "name": "A", "grantTypes": ["client_credentials"], "scopes": ["read:pets"] });
        let client = made("/v1/admin/oauth-clients", client).await;
        let user = server.anonymous().sign_up(&format!("{name}user")).await.user_id().to_owned();
        let login = json!({ "username": format!("{name}user"), "password": DEMO_PASSWORD });
        let login = server.anonymous().post("/v1/auth/tokens", login).await.result().unwrap();
        let refresh = login["refreshToken"].as_str().unwrap().to_owned();
        let inbound = tell(server, name, &placed).await;
        let audit = admin.get("/v1/admin/audit-logs?limit=1").await.result().unwrap();
        let ids = [
            ("{pet}", pet().await),
            ("{spare}", spare),
            ("{placed}", placed),
            ("{approved}", approved),
            ("{open}", open),
            ("{receipt}", receipt.as_str().unwrap().to_owned()),
            ("{endpoint}", endpoint),
            ("{delivery}", delivery),
            ("{job}", job),
            ("{client}", client),
            ("{user}", user),
            ("{refresh}", refresh),
            ("{inbound}", inbound),
            ("{audit}", id(&audit["data"][0]).to_owned()),
            ("{x}", name.to_owned()),
        ];
        Self { ids: ids.into(), admin }
    }

    fn fill(&self, text: &str) -> String {
        self.ids.iter().fold(text.to_owned(), |text, (name, id)| text.replace(name, id))
    }

    /// Without what tells the two worlds apart.
    fn same(&self, normal: &mut Normal, value: &Value) -> Value {
        let (_, name) = self.ids.last().unwrap();
        normal.of(&serde_json::from_str(&value.to_string().replace(name.as_str(), "one")).unwrap())
    }
}

const SECRET: &str = "the provider's secret";

async fn start() -> TestServer {
    Setup::demo().set("provider.enabled", true).set("provider.secret", SECRET).start().await
}

/// Tells the store of something that it cannot understand yet, as the payment provider does; its id.
async fn tell(server: &TestServer, name: &str, order: &str) -> String {
    let body = json!({ "id": format!("{name}-event"), "type": "order_updated", "date": "2026-01-01", "payload": {
        "id": format!("{name}-order"), "referenceId": order, "status": "processing",
        "price": { "total": 75, "currency": "USD" }, "updatedAt": "2026-01-01T10:00:00Z" } });
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), body.to_string().as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let anyone = server.anonymous();
    let request = anyone.request(Method::POST, "/api/service/webhook-event/order-updated");
    anyone.send(with_json(request, &body).header("x-ivy-signature", hex)).await.result().unwrap();
    let list = server.user("admin").await.get("/v1/admin/inbound-deliveries?limit=1").await.result().unwrap();
    id(&list["data"][0]).to_owned()
}

/// The nodes of a connection; anything else as it is.
fn nodes(value: Value) -> Value {
    match value["edges"].as_array() {
        Some(edges) => edges.iter().map(|edge| edge["node"].clone()).collect(),
        None => value.get("events").filter(|events| events.is_array()).cloned().unwrap_or(value),
    }
}

fn same_in_both(rest: &Value, graphql: &Value) -> bool {
    match (rest, graphql) {
        (Value::Array(rest), Value::Array(graphql)) => {
            rest.len() == graphql.len()
                && rest.iter().zip(graphql).all(|(rest, graphql)| same_in_both(rest, graphql))
        }
        _ => projected(rest, graphql) == *graphql,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_read_of_rest_says_the_same_in_graphql() {
    let server = start().await;
    let world = World::new(&server, "reader").await;
    for (operation, path, pointer, query) in READS {
        let rest = world.admin.get(&world.fill(path)).await.result().unwrap();
        let rest = rest.pointer(pointer).unwrap_or_else(|| panic!("{operation}: no {pointer} in {rest}"));
        let graphql = world.admin.graphql(&world.fill(query)).await;
        let graphql = nodes(graphql.unwrap_or_else(|refusal| panic!("{operation}: {refusal:?}")));
        if *operation == "listAttempts" {
            assert_eq!(rest["data"].as_array().unwrap().len(), graphql["attempts"].as_array().unwrap().len());
            continue;
        }
        // Nobody watches, and there are no jobs and attempts of an endpoint that is paused, but for these something is there.
        let of_nothing = ["listOrderWatchers", "listEndpointAttempts"].contains(operation);
        assert!(of_nothing || graphql != json!([]), "{operation}: nothing is compared with nothing");
        assert!(same_in_both(rest, &graphql), "{operation}:\n{rest}\n{graphql}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_write_of_rest_does_the_same_in_graphql() {
    let server = start().await;
    let (one, two) = (World::new(&server, "restful").await, World::new(&server, "graphical").await);
    let mut database = server.database().await;
    let (mut rest_ids, mut graphql_ids) = (Normal::default(), Normal::default());
    for (operation, method, path, body, mutation) in WRITES {
        let start = database.audit_count().await;
        let mut request = one.admin.request(method.parse::<Method>().unwrap(), &one.fill(path));
        if !body.is_empty() {
            request = with_json(request, &serde_json::from_str(&one.fill(body)).unwrap());
        }
        let answer = one.admin.send(request).await;
        let rest = answer.result().unwrap_or_else(|refusal| panic!("{operation}: {refusal:?}"));
        let query =
            format!("mutation {{ {} userErrors {{ code status message field }} }} }}", two.fill(mutation));
        let told = two.admin.graphql(&query).await;
        let told = told.unwrap_or_else(|refusal| panic!("{operation}: {refusal:?}"));
        let rows = database.audit(start).await;
        assert_eq!(rows.len(), 2, "{operation}: {rows:?}");
        let row = |row: usize| (rows[row].action.clone(), rows[row].entity_type.clone());
        assert_eq!(row(0), row(1), "{operation}");
        assert_eq!((rows[0].channel.as_str(), rows[1].channel.as_str()), ("REST", "GRAPHQL"), "{operation}");
        if told.is_object() && rest.is_object() {
            let (rest, told) = (one.same(&mut rest_ids, &rest), two.same(&mut graphql_ids, &told));
            assert!(same_shape(&rest, &told), "{operation}:\n{rest}\n{told}");
        }
    }
}

/// Whether both say the same; which number an id has differs, because REST tells more of them.
fn same_shape(rest: &Value, graphql: &Value) -> bool {
    match (rest, graphql) {
        (_, Value::Object(fields)) => fields.iter().all(|(name, value)| same_shape(&rest[name], value)),
        (Value::Array(rest), Value::Array(graphql)) => {
            rest.len() == graphql.len()
                && rest.iter().zip(graphql).all(|(rest, graphql)| same_shape(rest, graphql))
        }
        (Value::String(rest), Value::String(graphql)) if rest.starts_with('#') => graphql.starts_with('#'),
        _ => rest == graphql,
    }
}

#[test]
fn every_operation_of_rest_is_in_the_table() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/openapi.json");
    let document: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let mut known: Vec<&str> = NOT_IN_GRAPHQL.iter().map(|(operation, _)| *operation).collect();
    known.extend(READS.iter().map(|row| row.0));
    known.extend(WRITES.iter().map(|row| row.0));
    let mut operations = Vec::new();
    for methods in document["paths"].as_object().unwrap().values() {
        let more = methods["additionalOperations"].as_object().into_iter().flat_map(|more| more.values());
        let methods = methods.as_object().unwrap().values().chain(more);
        operations.extend(methods.filter_map(|method| method["operationId"].as_str()));
    }
    assert!(operations.len() > 60, "{operations:?}");
    let missing: Vec<&&str> = operations.iter().filter(|operation| !known.contains(operation)).collect();
    assert!(missing.is_empty(), "not in the table of GraphQL: {missing:?}");
    let gone: Vec<&&str> = known.iter().filter(|operation| !operations.contains(operation)).collect();
    assert!(gone.is_empty(), "not in REST: {gone:?}");
}
