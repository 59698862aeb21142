//! Topics: what a streaming client names to say which events it wants.

use uuid::Uuid;

use super::event::Collection;
use super::{OrderId, PetId, Result, RoomId, UserId, Violation};
use crate::domain::Error;

/// A collection, or one resource of it: `orders`, `orders/{id}`, `payments`, `pets`, `pets/{id}`, `inventory`,
/// `users`, `users/{id}`, `endpoints`, `provider`, `chat`, `chat/{room}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    Orders,
    Order(OrderId),
    Payments,
    Pets,
    Pet(PetId),
    Inventory,
    Users,
    User(UserId),
    /// What befalls webhook endpoints.
    Endpoints,
    /// What other systems told; for the staff.
    Provider,
    Chat,
    Room(RoomId),
}

/// The forms that a topic can have, for messages and documents.
pub const FORMS: &str = "orders, orders/{id}, payments, pets, pets/{id}, inventory, users, users/{id}, endpoints, provider, chat, chat/{room}";

impl Topic {
    /// Reads one topic.
    ///
    /// # Errors
    /// A violation of `field` that lists the forms that exist.
    pub fn parse(field: &str, text: &str) -> Result<Self, Violation> {
        let id = |id: &str| if id.len() == 36 { Uuid::try_parse(id).ok() } else { None };
        let topic = match text.split_once('/') {
            None => match text {
                "orders" => Some(Self::Orders),
                "payments" => Some(Self::Payments),
                "pets" => Some(Self::Pets),
                "inventory" => Some(Self::Inventory),
                "endpoints" => Some(Self::Endpoints),
                "users" => Some(Self::Users),
                "provider" => Some(Self::Provider),
                "chat" => Some(Self::Chat),
                _ => None,
            },
            Some(("orders", rest)) => id(rest).map(|id| Self::Order(OrderId(id))),
            Some(("pets", rest)) => id(rest).map(|id| Self::Pet(PetId(id))),
            Some(("users", rest)) => id(rest).map(|id| Self::User(UserId(id))),
            Some(("chat", rest)) => id(rest).map(|id| Self::Room(RoomId(id))),
            Some(_) => None,
        };
        topic.ok_or_else(|| {
            let given: String = text.chars().take(60).collect();
            Violation::new(field, "unknown_topic", format!("must be one of {FORMS}; got {given:?}"))
        })
    }

    /// Reads a list of topics; each is kept once.
    ///
    /// # Errors
    /// A violation for each that is none, for an empty list, and for more than `max`.
    pub fn parse_list<'t>(texts: impl IntoIterator<Item = &'t str>, max: usize) -> Result<Vec<Self>> {
        let (mut topics, mut found) = (Vec::new(), Vec::new());
        for (index, text) in texts.into_iter().enumerate() {
            if index >= max {
                found.push(Violation::new("topics", "too_many", format!("must have at most {max} topics")));
                break;
            }
            match Self::parse(&format!("topics[{index}]"), text) {
                Ok(topic) if !topics.contains(&topic) => topics.push(topic),
                Ok(_) => {}
                Err(violation) => found.push(violation),
            }
        }
        if topics.is_empty() && found.is_empty() {
            found.push(Violation::new("topics", "required", format!("needs at least one of {FORMS}")));
        }
        if found.is_empty() { Ok(topics) } else { Err(Error::Invalid(found)) }
    }

    /// What it is about.
    pub const fn collection(self) -> Collection {
        match self {
            Self::Orders | Self::Order(_) => Collection::Orders,
            Self::Payments => Collection::Payments,
            Self::Pets | Self::Pet(_) => Collection::Pets,
            Self::Inventory => Collection::Inventory,
            Self::Users | Self::User(_) => Collection::Users,
            Self::Endpoints => Collection::Endpoints,
            Self::Provider => Collection::Provider,
            Self::Chat | Self::Room(_) => Collection::Chat,
        }
    }
}

impl std::fmt::Display for Topic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let collection = self.collection();
        match self {
            Self::Orders
            | Self::Payments
            | Self::Pets
            | Self::Inventory
            | Self::Users
            | Self::Endpoints
            | Self::Provider
            | Self::Chat => write!(f, "{collection}"),
            Self::Order(id) => write!(f, "{collection}/{id}"),
            Self::Pet(id) => write!(f, "{collection}/{id}"),
            Self::User(id) => write!(f, "{collection}/{id}"),
            Self::Room(id) => write!(f, "{collection}/{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_list_names_each_bad_topic() {
        let error = Topic::parse_list(["orders", "nope", "pets/1"], 8).unwrap_err();
        let fields: Vec<String> = error.violations().into_iter().map(|v| v.field).collect();
        assert_eq!(fields, ["topics[1]", "topics[2]"]);
        assert!(Topic::parse_list([], 8).is_err());
        assert!(Topic::parse_list(["pets", "orders", "payments"], 2).is_err());
        assert_eq!(Topic::parse_list(["pets", "pets"], 2).unwrap(), [Topic::Pets]);
    }

    proptest! {
        #[test]
        fn writes_what_it_reads(text in "(orders|payments|pets|inventory|users|endpoints|provider|chat)(/[0-9a-f-]{0,40})?") {
            if let Ok(topic) = Topic::parse("topics", &text) {
                prop_assert_eq!(Topic::parse("topics", &topic.to_string()).unwrap(), topic);
            }
        }
    }
}
