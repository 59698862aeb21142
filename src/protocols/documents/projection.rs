//! OpenAPI 3.1 for tools that do not know 3.2: the same document without what 3.1 cannot say.

use super::node::Node;

/// The 3.1 form of a 3.2 document.
pub fn openapi_3_1(mut document: Node) -> Node {
    document.set("openapi", "3.1.1");
    document.remove("$self");
    if let Some(Node::List(servers)) = document.get_mut("servers") {
        servers.iter_mut().for_each(|server| drop(server.remove("name")));
    }
    group_tags(&mut document);
    for (_, item) in document.at("paths").pairs_mut() {
        // Kept under a name that other tools pass over, so that nothing is lost.
        if let Some(query) = item.remove("query") {
            item.set("x-query", query);
        }
    }
    let schemes = document.at("components").at("securitySchemes");
    for (_, scheme) in schemes.pairs_mut() {
        scheme.remove("oauth2MetadataUrl");
        if scheme.get("flows").is_some() {
            scheme.at("flows").remove("deviceAuthorization");
        }
    }
    document.walk(&mut |node| {
        if let Some(item) = node.remove("itemSchema") {
            node.set("schema", item);
        }
    });
    document
}

/// `parent` and `kind` of tags become groups of tags, as several tools know them.
fn group_tags(document: &mut Node) {
    let Some(Node::List(mut tags)) = document.remove("tags") else { return };
    let mut groups: Vec<(String, Vec<Node>)> = Vec::new();
    for tag in &mut tags {
        let name = tag.get("name").and_then(Node::as_text).unwrap_or_default().to_owned();
        tag.remove("kind");
        tag.remove("summary");
        match tag.remove("parent").as_ref().and_then(Node::as_text) {
            None => groups.push((name, Vec::new())),
            Some(parent) => {
                if let Some((_, members)) = groups.iter_mut().find(|(group, _)| group == parent) {
                    members.push(name.as_str().into());
                }
            }
        }
    }
    let is_group = |name: &str| groups.iter().any(|(group, members)| group == name && !members.is_empty());
    tags.retain(|tag| !is_group(tag.get("name").and_then(Node::as_text).unwrap_or_default()));
    let grouped = groups.iter().filter(|(_, members)| !members.is_empty()).map(|(name, members)| {
        Node::entries([("name", name.as_str().into()), ("tags", Node::List(members.clone()))])
    });
    let grouped = grouped.collect();
    document.set("tags", Node::List(tags));
    document.set("x-tagGroups", Node::List(grouped));
}
