//! Every operation there is, as data: the walk over another tenant's ids takes them from here. An operation that is
//! missing here fails `the_list_is_complete`.

/// A call of REST. `{pet}`, `{order}` … stand for ids.
pub struct Operation {
    pub method: &'static str,
    pub path: &'static str,
    pub body: &'static str,
    pub answer: Foreign,
}

/// What another tenant's ids are answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// 404: the operation names a resource.
    NotFound,
    /// It names none; whatever it answers holds nothing of the other tenant.
    Nothing,
    /// It has nothing to do with data of a tenant, or is no plain request and answer.
    Apart,
}

use Foreign::{Apart, NotFound, Nothing};

const fn of(method: &'static str, path: &'static str, body: &'static str, answer: Foreign) -> Operation {
    Operation { method, path, body, answer }
}

const PET: &str = r#"{"name":"Rex","species":"DOG","ageMonths":5,"price":"75.00"}"#;
const PAYMENT: &str = r#"{"amount":"75.00","currency":"USD","source":{"object":"card","name":"Alice Doe",
    "number":"4242424242424242","cvc":"123","expMonth":12,"expYear":2030}}"#;
const CALLBACK: &str = r#"{"amount":"75.00","currency":"USD","timestamp":"1758613403",
    "callbackUrl":"http://127.0.0.1:9/"}"#;

const CLIENT: &str = r#"{"name":"A","grantTypes":["client_credentials"],"scopes":["read:pets"]}"#;

/// All of them.
#[rustfmt::skip]
pub const REST: &[Operation] = &[
    of("GET", "/v1/pets", "", Nothing),
    of("POST", "/v1/pets", PET, Nothing),
    of("GET", "/v1/pets/{pet}", "", NotFound),
    of("PUT", "/v1/pets/{pet}", r#"{"color":"red"}"#, NotFound),
    of("PATCH", "/v1/pets/{pet}", r#"{"color":"red"}"#, NotFound),
    of("DELETE", "/v1/pets/{pet}", "", NotFound),
    of("QUERY", "/v1/pets", r#"{"criteria":{"text":"Doras"}}"#, Nothing),
    of("QUERY", "/v1/pets/search", r#"{"criteria":{"text":"Doras"}}"#, Nothing),
    of("POST", "/v1/pets/search", r#"{"criteria":{"text":"Doras"}}"#, Nothing),
    of("GET", "/v1/pets?q=Doras", "", Nothing),
    of("POST", "/v1/pets/{pet}/images", "{}", NotFound),
    of("GET", "/v1/pets/{pet}/images/{image}", "", NotFound),
    of("GET", "/v1/inventory", "", Nothing),
    of("GET", "/v1/inventories", "", Nothing),
    of("GET", "/v1/orders", "", Nothing),
    of("GET", "/v1/orders?petId={pet}", "", Nothing),
    of("GET", "/v1/orders?userId={user}", "", Nothing),
    of("POST", "/v1/orders", r#"{"petId":"{pet}"}"#, NotFound),
    of("GET", "/v1/orders/{order}", "", NotFound),
    of("POST", "/v1/orders/{order}", CALLBACK, NotFound),
    of("DELETE", "/v1/orders/{order}", "", NotFound),
    of("POST", "/v1/orders/{order}/payment", PAYMENT, NotFound),
    of("POST", "/v1/orders/{order}/ship", "", NotFound),
    of("POST", "/v1/orders/{order}/deliver", "", NotFound),
    of("GET", "/v1/orders/{order}/watchers", "", NotFound),
    of("GET", "/v1/chat/rooms/{room}/watchers", "", NotFound),
    of("GET", "/v1/receipts/{receipt}", "", NotFound),
    of("GET", "/v1/callback-secret", "", Apart),
    of("POST", "/v1/users", "{}", Apart),
    of("GET", "/v1/users/{user}", "", NotFound),
    of("PUT", "/v1/users/{user}", r#"{"firstName":"Eve"}"#, NotFound),
    of("DELETE", "/v1/users/{user}", "", NotFound),
    of("POST", "/v1/auth/tokens", "{}", Apart),
    of("DELETE", "/v1/auth/tokens", "", Apart),
    of("GET", "/v1/webhook-endpoints", "", Nothing),
    of("POST", "/v1/webhook-endpoints", r#"{"url":"http://127.0.0.1:9/","eventTypes":["user.created"]}"#, Nothing),
    of("GET", "/v1/webhook-endpoints/{endpoint}", "", NotFound),
    of("PUT", "/v1/webhook-endpoints/{endpoint}", r#"{"enabled":false}"#, NotFound),
    of("PATCH", "/v1/webhook-endpoints/{endpoint}", r#"{"enabled":false}"#, NotFound),
    of("DELETE", "/v1/webhook-endpoints/{endpoint}", "", NotFound),
    of("GET", "/v1/webhook-endpoints/{endpoint}/deliveries", "", NotFound),
    of("GET", "/v1/webhook-endpoints/{endpoint}/deliveries/{delivery}", "", NotFound),
    of("GET", "/v1/webhook-endpoints/{endpoint}/deliveries/{delivery}/attempts", "", NotFound),
    of("GET", "/v1/webhook-endpoints/{endpoint}/attempts", "", NotFound),
    of("GET", "/v1/webhook-endpoints/{endpoint}/jobs", "", NotFound),
    of("GET", "/v1/webhook-endpoints/{endpoint}/jobs/{delivery}", "", NotFound),
    of("POST", "/v1/webhook-endpoints/{endpoint}/pause", "", NotFound),
    of("POST", "/v1/webhook-endpoints/{endpoint}/resume", "", NotFound),
    of("POST", "/v1/webhook-endpoints/{endpoint}/test", "", NotFound),
    of("POST", "/v1/webhook-endpoints/{endpoint}/rotate-secret", "", NotFound),
    of("POST", "/v1/webhook-endpoints/{endpoint}/resend-failed", r#"{"since":"2020-01-01T00:00:00Z"}"#, NotFound),
    of("POST", "/v1/webhook-endpoints/{endpoint}/replay", r#"{"since":"2020-01-01T00:00:00Z"}"#, NotFound),
    of("POST", "/v1/webhook-endpoints/{endpoint}/deliveries/{delivery}/resend", "", NotFound),
    of("GET", "/v1/event-types", "", Apart),
    of("GET", "/v1/event-types/{id}", "", Apart),
    of("POST", "/api/service/webhook-event/{kind}", "{}", Apart),
    of("POST", "/v1/internal/anyspend/order-completed", "{}", Apart),
    of("GET", "/v1/admin/inbound-deliveries", "", Nothing),
    of("GET", "/v1/admin/inbound-deliveries/{delivery}", "", NotFound),
    of("POST", "/v1/admin/inbound-deliveries/{delivery}/reprocess", "", NotFound),
    of("GET", "/v1/admin/executions/{delivery}", "", NotFound),
    of("GET", "/v1/admin/dashboard/stats", "", Nothing),
    of("GET", "/v1/admin/users", "", Nothing),
    of("GET", "/v1/admin/users?q=dora", "", Nothing),
    of("GET", "/v1/admin/users/{user}", "", NotFound),
    of("PATCH", "/v1/admin/users/{user}/status", r#"{"status":"SUSPENDED"}"#, NotFound),
    of("GET", "/v1/admin/orders", "", Nothing),
    of("GET", "/v1/admin/orders?userId={user}", "", Nothing),
    of("POST", "/v1/admin/orders/{order}/cancel", r#"{"reason":"x"}"#, NotFound),
    of("GET", "/v1/admin/audit-logs", "", Nothing),
    of("GET", "/v1/admin/audit-logs?entityId={order}", "", Nothing),
    of("GET", "/v1/admin/audit-logs/{audit}", "", NotFound),
    of("GET", "/v1/admin/oauth-clients", "", Nothing),
    of("POST", "/v1/admin/oauth-clients", CLIENT, Nothing),
    of("GET", "/v1/admin/oauth-clients/{client}", "", NotFound),
    of("PATCH", "/v1/admin/oauth-clients/{client}", r#"{"name":"Mine"}"#, NotFound),
    of("DELETE", "/v1/admin/oauth-clients/{client}", "", NotFound),
    of("POST", "/v1/chat/completions", r#"{"messages":[{"role":"user","content":"do you have a dog named Doras for sale?"}]}"#, Nothing),
    of("GET", "/v1/chat/rooms", "", Nothing),
    of("GET", "/v1/chat/rooms?userId={user}", "", Nothing),
    of("GET", "/v1/chat/rooms?waiting=true", "", Nothing),
    of("POST", "/v1/chat/rooms", "{}", Nothing),
    of("GET", "/v1/chat/rooms/{room}", "", NotFound),
    of("GET", "/v1/chat/rooms/{room}/messages", "", NotFound),
    of("POST", "/v1/chat/rooms/{room}/messages", r#"{"text":"x"}"#, NotFound),
    of("GET", "/v1/chat/rooms/{room}/messages/{message}", "", NotFound),
    of("PATCH", "/v1/chat/rooms/{room}/messages/{message}", r#"{"text":"x"}"#, NotFound),
    of("DELETE", "/v1/chat/rooms/{room}/messages/{message}", "", NotFound),
    of("GET", "/v1/chat/rooms/{room}/receipts", "", NotFound),
    of("POST", "/v1/chat/rooms/{room}/receipts", r#"{"messageId":"{message}"}"#, NotFound),
    of("POST", "/v1/chat/rooms/{room}/typing", r#"{"typing":true}"#, NotFound),
    of("POST", "/v1/chat/rooms/{room}/call", "", NotFound),
    of("PUT", "/v1/chat/rooms/{room}/agent", "", NotFound),
    of("DELETE", "/v1/chat/rooms/{room}/agent", "", NotFound),
    of("POST", "/v1/chat/rooms/{room}/attachments", "{}", NotFound),
    of("GET", "/v1/chat/rooms/{room}/attachments/{image}", "", NotFound),
    of("GET", "/v1/echo/ws", "", Apart),
    of("GET", "/v1/echo/sse", "", Apart),
    of("POST", "/v1/echo/sse", "x", Apart),
    of("GET", "/v1/echo/http", "", Apart),
    of("POST", "/v1/echo/http", "x", Apart),
    of("PUT", "/v1/echo/http", "x", Apart),
    of("PATCH", "/v1/echo/http", "x", Apart),
    of("DELETE", "/v1/echo/http", "", Apart),
    of("GET", "/v1/echo/hooks/{id}", "", Apart),
    of("POST", "/v1/echo/hooks/{id}", "x", Apart),
    of("PUT", "/v1/echo/hooks/{id}", "x", Apart),
    of("PATCH", "/v1/echo/hooks/{id}", "x", Apart),
    of("DELETE", "/v1/echo/hooks/{id}", "", Apart),
    of("GET", "/v1/events", "", Apart),
    of("GET", "/v1/ws/chat", "", Apart),
    of("GET", "/v1/ws", "", Apart),
];

/// Fields of GraphQL by id; a query answers null, a mutation `not_found`.
pub const GRAPHQL: &[&str] = &[
    r#"query { pet(id: "{pet}") { id } }"#,
    r#"query { order(id: "{order}") { id } }"#,
    r#"mutation { updatePet(id: "{pet}", input: {color: "red"}) { pet { id } userErrors { code status message field } } }"#,
    r#"mutation { placeOrder(input: {petId: "{pet}"}) { order { id } userErrors { code status message field } } }"#,
    r#"mutation { shipOrder(id: "{order}") { order { id } userErrors { code status message field } } }"#,
    r#"mutation { deliverOrder(id: "{order}") { order { id } userErrors { code status message field } } }"#,
    r#"mutation { cancelOrder(id: "{order}") { order { id } userErrors { code status message field } } }"#,
    r#"mutation { payOrder(id: "{order}", input: {amount: "75.00", currency: USD, source: {card: {name: "A B",
        number: "4242424242424242", cvc: "123", expMonth: 12, expYear: 2030}}}) { payment { id } userErrors { code status message field } } }"#,
    r#"query { node(id: "{order}") { id } }"#,
    r#"query { payment(id: "{payment}") { id } }"#,
    r#"query { receipt(id: "{receipt}") { id } }"#,
    r#"query { user(id: "{user}") { id } }"#,
    r#"query { webhookEndpoint(id: "{endpoint}") { id } }"#,
    r#"query { delivery(id: "{delivery}") { id } }"#,
    r#"query { deliveries(endpoint: "{endpoint}") { totalCount } }"#,
    r#"query { auditLog(id: "{audit}") { id } }"#,
    r#"query { oauthClient(id: "{client}") { id } }"#,
    r#"mutation { deletePet(id: "{pet}") { deletedId userErrors { code status message field } } }"#,
    r#"mutation { requestOrderCallback(id: "{order}", input: {amount: "75.00", currency: "USD", timestamp: "1758613403", callbackUrl: "https://example.com/c"}) { orderId userErrors { code status message field } } }"#,
    r#"mutation { updateUser(id: "{user}", input: {firstName: "X"}) { user { id } userErrors { code status message field } } }"#,
    r#"mutation { deleteUser(id: "{user}") { deletedId userErrors { code status message field } } }"#,
    r#"mutation { updateWebhookEndpoint(id: "{endpoint}", input: {description: "d"}) { endpoint { id } userErrors { code status message field } } }"#,
    r#"mutation { rotateWebhookSecret(id: "{endpoint}") { secret userErrors { code status message field } } }"#,
    r#"mutation { pauseWebhookEndpoint(id: "{endpoint}") { endpoint { id } userErrors { code status message field } } }"#,
    r#"mutation { resumeWebhookEndpoint(id: "{endpoint}") { endpoint { id } userErrors { code status message field } } }"#,
    r#"mutation { testWebhookEndpoint(id: "{endpoint}") { eventId userErrors { code status message field } } }"#,
    r#"mutation { resendWebhookDelivery(id: "{delivery}") { delivery { id } userErrors { code status message field } } }"#,
    r#"mutation { resendFailedDeliveries(id: "{endpoint}", input: {since: "2020-01-01T00:00:00Z"}) { job { id } userErrors { code status message field } } }"#,
    r#"mutation { replayEvents(id: "{endpoint}", input: {since: "2020-01-01T00:00:00Z"}) { job { id } userErrors { code status message field } } }"#,
    r#"mutation { deleteWebhookEndpoint(id: "{endpoint}") { deletedId userErrors { code status message field } } }"#,
    r#"mutation { setUserStatus(id: "{user}", input: {status: SUSPENDED}) { user { id } userErrors { code status message field } } }"#,
    r#"mutation { forceCancelOrder(id: "{order}", input: {reason: "x"}) { order { id } userErrors { code status message field } } }"#,
    r#"mutation { updateOAuthClient(id: "{client}", input: {name: "Mine"}) { client { id } userErrors { code status message field } } }"#,
    r#"mutation { deleteOAuthClient(id: "{client}") { deletedId userErrors { code status message field } } }"#,
    r#"query { chatRoom(id: "{room}") { id } }"#,
    r#"query { chatMessage(room: "{room}", id: "{message}") { id } }"#,
    r#"mutation { postChatMessage(room: "{room}", text: "x") { message { id } userErrors { code status message field } } }"#,
];

/// Topics by id, on every channel.
pub const TOPICS: &[&str] =
    &["pets/{pet}", "users/{user}", "orders", "payments", "pets", "inventory", "chat"];
