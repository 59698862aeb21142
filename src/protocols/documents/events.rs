//! Events: a schema and a webhook for each type in the domain's one list.

use super::node::Node;
use super::{camel_case, pascal_case};
use crate::domain::event::{Collection, EventType};

/// Adds the schema of each type of event (`OrderStatusChangedEvent`), of any event (`Event`), and the webhooks.
pub fn describe(document: &mut Node) {
    let mut any = Vec::new();
    let mut mapping = Node::map();
    for kind in EventType::ALL {
        let name = schema_name(*kind);
        let schema = schema(document, *kind);
        document.at("components").at("schemas").set(&name, schema);
        let reference = format!("#/components/schemas/{name}");
        mapping.set(kind.name(), reference.as_str());
        any.push(Node::reference(&format!("components/schemas/{name}")));
        let webhook = webhook(*kind, &name);
        document.at("webhooks").at(&camel_case(kind.name())).set("post", webhook);
    }
    let discriminator = Node::entries([("propertyName", "eventType".into()), ("mapping", mapping)]);
    let event = Node::entries([
        ("title", "Event".into()),
        ("description", "Anything that happened. Clients branch on `eventType`.".into()),
        ("oneOf", Node::List(any)),
        ("discriminator", discriminator),
    ]);
    document.at("components").at("schemas").set("Event", event);
}

/// `OrderStatusChangedEvent` for `order.statusChanged`.
pub fn schema_name(kind: EventType) -> String {
    format!("{}Event", pascal_case(kind.name()))
}

/// The envelope around the data of that type: `OrderStatusChangedData` where it is written, else that of its collection.
fn schema(document: &mut Node, kind: EventType) -> Node {
    let own = format!("{}Data", pascal_case(kind.name()));
    let shared = match kind.collection() {
        Collection::Orders => "OrderData",
        Collection::Payments => "PaymentData",
        Collection::Pets => "PetData",
        Collection::Inventory => "InventoryData",
        Collection::Users => "UserData",
        Collection::Endpoints => "EndpointData",
        Collection::Provider => "ProviderData",
        Collection::Chat => "ChatData",
    };
    let schemas = document.at("components").at("schemas");
    let data = if schemas.get(&own).is_some() { own.as_str() } else { shared };
    let sample =
        schemas.get(data).and_then(|data| data.get("examples")).and_then(|list| list.items().first());
    let example = Node::entries([
        ("eventId", "evt_019b4139-2345-7abc-8def-123456789abc".into()),
        ("eventType", kind.name().into()),
        ("timestamp", "2026-11-22T10:30:00.000Z".into()),
        ("data", sample.cloned().unwrap_or(Node::Null)),
    ]);
    let of = |name: &str| Node::reference(&format!("components/schemas/{name}"));
    let constant = Node::entries([("type", "string".into()), ("const", kind.name().into())]);
    Node::entries([
        ("title", schema_name(kind).into()),
        ("description", kind.description().into()),
        ("type", "object".into()),
        ("required", Node::List(["eventId", "eventType", "timestamp", "data"].map(Node::from).into())),
        (
            "properties",
            Node::entries([
                ("eventId", of("EventId")),
                ("eventType", constant),
                ("timestamp", of("Timestamp")),
                ("data", of(data)),
                ("cursor", of("Cursor")),
            ]),
        ),
        ("examples", Node::List(vec![example])),
    ])
}

fn webhook(kind: EventType, schema: &str) -> Node {
    let headers = ["X-Webhook-Signature", "webhook-id", "webhook-timestamp", "webhook-signature"];
    let mut parameters: Vec<Node> =
        headers.iter().map(|name| Node::reference(&format!("components/parameters/{name}"))).collect();
    parameters.push(Node::reference("components/parameters/X-Tenant-ID"));
    let media = Node::entries([("schema", Node::reference(&format!("components/schemas/{schema}")))]);
    let body = Node::entries([
        ("required", Node::Bool(true)),
        ("content", Node::entries([("application/json", media)])),
    ]);
    let acknowledged = "Any 2xx acknowledges the event. Anything else is tried again; 410 ends the endpoint.";
    Node::entries([
        ("operationId", format!("on{}", pascal_case(kind.name())).into()),
        ("tags", Node::List(vec!["Webhooks".into()])),
        ("summary", format!("{} event", kind.name()).into()),
        ("description", kind.description().into()),
        ("security", Node::List(Vec::new())),
        ("parameters", Node::List(parameters)),
        ("requestBody", body),
        (
            "responses",
            Node::entries([
                ("2XX", Node::entries([("description", acknowledged.into())])),
                ("4XX", Node::entries([("description", "Refused; it is sent again later.".into())])),
            ]),
        ),
    ])
}
