//! What the code knows and the documents only name: `$code.Species` is every species, `$code.pet.maxName` a limit.

use serde_json::Number;

use super::node::Node;
use crate::app::admin::MAX_REASON;
use crate::domain::audit::{Action, Channel, Snapshot};
use crate::domain::callback::{ProcessedStatus, ProcessingFailure};
use crate::domain::chat;
use crate::domain::event::EventType;
use crate::domain::image::MAX_METADATA;
use crate::domain::inbound::{InboundSource, InboundStatus};
use crate::domain::oauth::GrantType;
use crate::domain::page::PageRequest;
use crate::domain::payment::{AccountType, CardBrand, PaymentStatus};
use crate::domain::pet::{self, Gender, PetSortKey, Size};
use crate::domain::user::UserStatus;
use crate::domain::webhook::{self, DeliveryStatus};
use crate::domain::{Currency, Error, OrderStatus, PetStatus, Result, Role, Scope, Species, topic};

const PREFIX: &str = "$code.";

/// Puts the values in place of the names, everywhere in `document`.
///
/// # Errors
/// [`Error::Internal`] with a name that is not known.
pub fn fill(document: &mut Node) -> Result<()> {
    let mut unknown = None;
    document.walk(&mut |node| {
        let Some(name) = node.as_text().and_then(|text| text.strip_prefix(PREFIX)) else { return };
        match value(name) {
            Some(value) => *node = value,
            None => unknown = Some(name.to_owned()),
        }
    });
    match unknown {
        Some(name) => Err(Error::internal(format!("a document names {PREFIX}{name}, which is not known"))),
        None => Ok(()),
    }
}

fn value(name: &str) -> Option<Node> {
    macro_rules! names {
        ($kind:ty) => {
            Node::List(<$kind>::ALL.iter().map(|value| Node::from(value.name())).collect())
        };
    }
    Some(match name {
        "version" => env!("CARGO_PKG_VERSION").into(),
        "Species" => names!(Species),
        "PetStatus" => names!(PetStatus),
        "Size" => names!(Size),
        "Gender" => names!(Gender),
        "Currency" => names!(Currency),
        "OrderStatus" => names!(OrderStatus),
        "PaymentStatus" => names!(PaymentStatus),
        "CardBrand" => names!(CardBrand),
        "AccountType" => names!(AccountType),
        "UserStatus" => names!(UserStatus),
        "Role" => names!(Role),
        "GrantType" => names!(GrantType),
        "Scope" => names!(Scope),
        "EventType" => names!(EventType),
        "Species.anyCase" => any_case(Species::ALL.iter().map(|value| value.name())),
        "PetStatus.anyCase" => any_case(PetStatus::ALL.iter().map(|value| value.name())),
        "Size.anyCase" => any_case(Size::ALL.iter().map(|value| value.name())),
        "PetSortKey.anyCase" => any_case(PetSortKey::ALL.iter().map(|value| value.name())),
        "PetSort" => pet_sorts(),
        "ProcessedStatus" => names!(ProcessedStatus),
        "ProcessingFailure" => names!(ProcessingFailure),
        "EntityType" => Node::List(Snapshot::ENTITY_TYPES.iter().map(|name| Node::from(*name)).collect()),
        "audit.maxReason" => number(MAX_REASON),
        "image.maxMetadata" => number(MAX_METADATA),
        "pet.maxSearch" => number(pet::MAX_SEARCH),
        "EventPattern" => event_patterns(),
        "DeliveryStatus" => names!(DeliveryStatus),
        "DeliveryOrdering" => names!(webhook::Ordering),
        "FilterOperator" => names!(webhook::Operator),
        "JobKind" => names!(webhook::JobKind),
        "InboundSource" => names!(InboundSource),
        "InboundStatus" => names!(InboundStatus),
        "ChatAuthor" => names!(chat::Author),
        "chat.maxTitle" => number(chat::MAX_TITLE),
        "chat.maxAttachments" => number(chat::MAX_ATTACHMENTS),
        "Action" => names!(Action),
        "Channel" => names!(Channel),
        "topic.forms" => topic::FORMS.into(),
        "topic.pattern" => topic_pattern(),
        "pet.maxName" => number(pet::MAX_NAME),
        "pet.maxShortText" => number(pet::MAX_SHORT_TEXT),
        "pet.maxLongText" => number(pet::MAX_LONG_TEXT),
        "pet.maxPhotoUri" => number(pet::MAX_PHOTO_URI),
        "pet.maxList" => number(pet::MAX_LIST),
        "pet.maxAgeMonths" => Node::Number(pet::MAX_AGE_MONTHS.into()),
        "page.max" => Node::Number(PageRequest::MAX_PAGE.into()),
        "page.limit" => Node::Number(PageRequest::default().limit.into()),
        "user.minPassword" => number(*crate::domain::password::LENGTH.start()),
        "user.maxPassword" => number(*crate::domain::password::LENGTH.end()),
        "webhook.maxUrl" => number(webhook::MAX_URL),
        "webhook.maxDescription" => number(webhook::MAX_DESCRIPTION),
        "webhook.maxEventTypes" => number(webhook::MAX_EVENT_TYPES),
        _ => return None,
    })
}

fn number(value: usize) -> Node {
    Node::Number(Number::from(value as u64))
}

/// What a topic looks like, from its forms.
fn topic_pattern() -> Node {
    const UUID: &str = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";
    let forms = topic::FORMS.replace(", ", "|").replace("{id}", UUID).replace("{room}", UUID);
    format!("^({forms})$").as_str().into()
}

/// What an endpoint can ask for: everything, all of a resource, one type.
fn event_patterns() -> Node {
    let mut patterns = vec![Node::from("*")];
    for kind in EventType::ALL {
        let resource = kind.name().split('.').next().unwrap_or_default();
        let all = Node::from(format!("{resource}.*"));
        if !patterns.contains(&all) {
            patterns.push(all);
        }
    }
    patterns.extend(EventType::ALL.iter().map(|kind| Node::from(kind.name())));
    Node::List(patterns)
}

/// The fields that pets can be ordered by, each ascending and descending.
fn pet_sorts() -> Node {
    let both = PetSortKey::ALL.iter().flat_map(|key| [key.name().to_owned(), format!("-{}", key.name())]);
    Node::List(both.map(Node::from).collect())
}

/// A regular expression for any of the names in any letter case; JSON Schema has no flag for that.
fn any_case<'n>(names: impl Iterator<Item = &'n str>) -> Node {
    let letter = |c: char| match c.is_ascii_alphabetic() {
        true => format!("[{}{}]", c.to_ascii_uppercase(), c.to_ascii_lowercase()),
        false => c.to_string(),
    };
    let names: Vec<String> = names.map(|name| name.chars().map(letter).collect()).collect();
    format!("^({})$", names.join("|")).into()
}
