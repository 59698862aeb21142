//! A document as a tree that keeps the order in which it was written.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Number;

/// A value of JSON or YAML.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// An empty map.
    pub const fn map() -> Self {
        Self::Map(Vec::new())
    }

    /// A map of the given entries.
    pub fn entries<const N: usize>(entries: [(&str, Node); N]) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// A reference to another place of the document.
    pub fn reference(place: &str) -> Self {
        Self::entries([("$ref", format!("#/{place}").into())])
    }

    /// The value at `key`, when this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The value at `key`, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.pairs_mut().iter_mut().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The value at `key`, an empty map when there was none.
    pub fn at(&mut self, key: &str) -> &mut Node {
        if !matches!(self, Self::Map(_)) {
            *self = Self::map();
        }
        let Self::Map(entries) = self else { return self };
        let index = entries.iter().position(|(name, _)| name == key).unwrap_or_else(|| {
            entries.push((key.to_owned(), Self::map()));
            entries.len() - 1
        });
        &mut entries[index].1
    }

    /// Sets `key`.
    pub fn set(&mut self, key: &str, value: impl Into<Node>) {
        *self.at(key) = value.into();
    }

    /// Sets `key` unless it has a value.
    pub fn set_default(&mut self, key: &str, value: impl Into<Node>) {
        if self.get(key).is_none() {
            self.set(key, value);
        }
    }

    /// Takes `key` out.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        let Self::Map(entries) = self else { return None };
        let index = entries.iter().position(|(name, _)| name == key)?;
        Some(entries.remove(index).1)
    }

    /// Appends to the list at `key`.
    pub fn push(&mut self, key: &str, value: Node) {
        match self.at(key) {
            Self::List(items) => items.push(value),
            other => *other = Self::List(vec![value]),
        }
    }

    /// The text that this is.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The entries of a map; none of anything else.
    pub fn pairs(&self) -> &[(String, Node)] {
        if let Self::Map(entries) = self { entries } else { &[] }
    }

    /// The entries of a map, to change them; none of anything else.
    pub fn pairs_mut(&mut self) -> &mut [(String, Node)] {
        if let Self::Map(entries) = self { entries } else { &mut [] }
    }

    /// The items of a list; none of anything else.
    pub fn items(&self) -> &[Node] {
        if let Self::List(items) = self { items } else { &[] }
    }

    /// Puts the entries of `other` into this map, those of maps in maps one by one.
    pub fn merge(&mut self, other: Node) {
        match other {
            Self::Map(entries) => {
                for (key, value) in entries {
                    self.at(&key).merge(value);
                }
            }
            Self::List(mut more) if matches!(self, Self::List(_)) => {
                if let Self::List(items) = self {
                    items.append(&mut more);
                }
            }
            other => *self = other,
        }
    }

    /// Calls `visit` with this and everything below it, the outer first.
    pub fn walk(&mut self, visit: &mut impl FnMut(&mut Node)) {
        visit(self);
        match self {
            Self::List(items) => items.iter_mut().for_each(|item| item.walk(visit)),
            Self::Map(entries) => entries.iter_mut().for_each(|(_, value)| value.walk(visit)),
            _ => {}
        }
    }
}

impl<T: Into<String>> From<T> for Node {
    fn from(text: T) -> Self {
        Self::Text(text.into())
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(value) => value.serialize(serializer),
            Self::Text(value) => serializer.serialize_str(value),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Node;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value of a document")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
        Number::from_f64(value).map(Node::Number).ok_or_else(|| E::custom("a number must be finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(Node::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        // A status such as 404 is a number in YAML.
        while let Some(key) = map.next_key::<Node>()? {
            let key = match key {
                Node::Text(key) => key,
                Node::Number(key) => key.to_string(),
                _ => return Err(serde::de::Error::custom("a key must be a text")),
            };
            entries.push((key, map.next_value()?));
        }
        Ok(Node::Map(entries))
    }
}
