//! The AsyncAPI document: what is written (`asyncapi/*.yaml`), with the schemas of the OpenAPI document.

use super::compose::read;
use super::node::Node;
use super::{camel_case, events, vocabulary};
use crate::domain::event::EventType;
use crate::domain::{Error, Result};

const PARTS: &[(&str, &str)] = &[
    ("info.yaml", include_str!("asyncapi/info.yaml")),
    ("websocket.yaml", include_str!("asyncapi/websocket.yaml")),
    ("socketio.yaml", include_str!("asyncapi/socketio.yaml")),
    ("chat.yaml", include_str!("asyncapi/chat.yaml")),
    ("sse.yaml", include_str!("asyncapi/sse.yaml")),
    ("echo.yaml", include_str!("asyncapi/echo.yaml")),
    ("webhooks.yaml", include_str!("asyncapi/webhooks.yaml")),
];

/// Channels that carry each event as a message of its own.
const BARE: &[&str] = &["socketio", "sse", "webhooks"];

/// The whole document (AsyncAPI 3.0), with the schemas that it uses out of `openapi`.
///
/// # Errors
/// [`Error::Internal`] when a part cannot be read or names what the code does not know.
pub fn asyncapi(openapi: &Node) -> Result<Node> {
    let mut document = read(PARTS)?;
    for kind in EventType::ALL {
        let name = camel_case(kind.name());
        let schema = events::schema_name(*kind);
        let message = Node::entries([
            ("name", kind.name().into()),
            ("title", kind.name().into()),
            ("summary", kind.description().into()),
            ("contentType", "application/json".into()),
            ("payload", Node::reference(&format!("components/schemas/{schema}"))),
        ]);
        document.at("components").at("messages").set(&name, message);
        for channel in BARE {
            let place = format!("components/messages/{name}");
            document.at("channels").at(channel).at("messages").set(&name, Node::reference(&place));
        }
    }
    vocabulary::fill(&mut document)?;
    take_schemas(&mut document, openapi)?;
    Ok(document)
}

/// Takes over each schema that is referred to, and those that it refers to, until nothing is missing.
fn take_schemas(document: &mut Node, openapi: &Node) -> Result<()> {
    let known = openapi.get("components").and_then(|components| components.get("schemas"));
    loop {
        let mut missing = Vec::new();
        let present = document.get("components").and_then(|components| components.get("schemas")).cloned();
        document.walk(&mut |node| {
            let name = node.get("$ref").and_then(Node::as_text);
            let Some(name) = name.and_then(|name| name.strip_prefix("#/components/schemas/")) else { return };
            let have = present.as_ref().is_some_and(|schemas| schemas.get(name).is_some());
            if !have && !missing.iter().any(|other| other == name) {
                missing.push(name.to_owned());
            }
        });
        if missing.is_empty() {
            return Ok(());
        }
        for name in missing {
            let schema = known.and_then(|schemas| schemas.get(&name));
            let mut schema =
                schema.cloned().ok_or_else(|| Error::internal(format!("there is no schema {name}")))?;
            // OpenAPI's alone; the constants of `eventType` say the same.
            schema.walk(&mut |node| {
                if node.get("propertyName").is_none() {
                    node.remove("discriminator");
                }
            });
            document.at("components").at("schemas").set(&name, schema);
        }
    }
}
