//! The one list of events, and the only way to make one.
//!
//! An event says what happened, in the past tense, and carries a snapshot of what changed, so that no receiver has to
//! ask again. A new type of an existing resource is one line in the table below, a constructor, and the use case that
//! states it; a new resource is a new variant of [`Data`], and the exhaustive matches lead to every place that must
//! learn of it.

mod chat;
mod notices;

pub use notices::{ChangedBy, EndpointNotice, OrderChange, PetChange, ProviderNotice};
use uuid::Uuid;

use super::callback::Processed;
use super::chat::{Happening, Room};
use super::inventory::SpeciesStock;
use super::webhook::Endpoint;
use super::{
    EventId, Order, OrderStatus, Payment, Pet, PetStatus, Position, Receipt, Tenant, Timestamp, User, UserId,
    named_enum,
};

named_enum! {
    /// What events are about; the first part of a topic.
    Collection {
        Orders => "orders",
        Payments => "payments",
        Pets => "pets",
        Inventory => "inventory",
        Users => "users",
        Endpoints => "endpoints",
        Provider => "provider",
        Chat => "chat",
    }
}

macro_rules! event_types {
    ($($variant:ident => $name:literal, $collection:ident, $description:literal;)+) => {
        named_enum! {
            /// Every type of event.
            EventType { $(#[doc = $description] $variant => $name),+ }
        }
        impl EventType {
            /// What it is about.
            pub const fn collection(self) -> Collection {
                match self { $(EventType::$variant => Collection::$collection),+ }
            }
            /// When it happens, in a sentence.
            pub const fn description(self) -> &'static str {
                match self { $(EventType::$variant => $description),+ }
            }
        }
    };
}

event_types! {
    OrderCreated => "order.created", Orders, "An order was placed.";
    OrderStatusChanged => "order.statusChanged", Orders, "An order moved along its life cycle.";
    OrderProcessed => "order.processed", Orders, "The processing of an order that was asked for with a callback came to its end.";
    PaymentSucceeded => "payment.succeeded", Payments, "A payment was captured; the order is approved.";
    PaymentFailed => "payment.failed", Payments, "A payment was declined; the order can be paid again.";
    PaymentRefunded => "payment.refunded", Payments, "A captured payment was given back.";
    PetCreated => "pet.created", Pets, "A pet joined the store.";
    PetUpdated => "pet.updated", Pets, "A pet's data changed.";
    PetDeleted => "pet.deleted", Pets, "A pet left the store.";
    PetStatusChanged => "pet.statusChanged", Pets, "A pet became available, pending, adopted or not available.";
    PetAdopted => "pet.adopted", Pets, "A pet was paid for and has a home.";
    InventoryChanged => "inventory.changed", Inventory, "The stock of a species changed.";
    UserCreated => "user.created", Users, "A user signed up.";
    UserUpdated => "user.updated", Users, "A user's data or status changed.";
    UserDeleted => "user.deleted", Users, "A user left the store.";
    EndpointDisabled => "endpoint.disabled", Endpoints, "A webhook endpoint was turned off because its receiver is gone.";
    EndpointTest => "endpoint.test", Endpoints, "Someone tries a webhook endpoint; it alone gets it.";
    ProviderTest => "provider.test", Provider, "The provider tried the connection.";
    ProviderOrderCreated => "provider.orderCreated", Provider, "The provider made an order.";
    ProviderOrderUpdated => "provider.orderUpdated", Provider, "An order at the provider changed.";
    ProviderMerchantUpdated => "provider.merchantUpdated", Provider, "The merchant's account at the provider changed.";
    ProviderRefundSucceeded => "provider.refundSucceeded", Provider, "The provider gave money back.";
    ProviderRefundFailed => "provider.refundFailed", Provider, "The provider could not give money back.";
    ProviderUserPayoutInitiated => "provider.userPayoutInitiated", Provider, "A payout to a user began.";
    ProviderUserPayoutPaid => "provider.userPayoutPaid", Provider, "A payout to a user was paid.";
    ProviderUserPayoutFailed => "provider.userPayoutFailed", Provider, "A payout to a user failed.";
    ProviderPayoutReportRequested => "provider.payoutReportRequested", Provider, "A payout report was asked for.";
    ProviderDataSessionCompleted => "provider.dataSessionCompleted", Provider, "A data session was completed.";
    ProviderCheckoutSessionCreated => "provider.checkoutSessionCreated", Provider, "A checkout session began.";
    ProviderCheckoutSessionUpdated => "provider.checkoutSessionUpdated", Provider, "A checkout session changed.";
    ProviderCheckoutSessionExpired => "provider.checkoutSessionExpired", Provider, "A checkout session expired.";
    ProviderCheckoutSessionCompleted => "provider.checkoutSessionCompleted", Provider, "A checkout session was completed.";
    ProviderPayoutCreated => "provider.payoutCreated", Provider, "A payout to the merchant was made.";
    ProviderPayoutUpdated => "provider.payoutUpdated", Provider, "A payout to the merchant changed.";
    ProviderMandateSetupStarted => "provider.mandateSetupStarted", Provider, "The setup of a mandate began.";
    ProviderMandateSetupSucceeded => "provider.mandateSetupSucceeded", Provider, "A mandate was set up.";
    ProviderMandateSetupFailed => "provider.mandateSetupFailed", Provider, "A mandate could not be set up.";
    ProviderMandateRevoked => "provider.mandateRevoked", Provider, "A mandate was revoked.";
    ProviderUnknown => "provider.unknown", Provider, "The provider sent a kind that this version does not know.";
    ProviderAnyspendOrderCompleted => "provider.anyspendOrderCompleted", Provider, "AnySpend told what became of an order's payment.";
    ChatRoomCreated => "chat.roomCreated", Chat, "A user opened a conversation.";
    ChatMessageCreated => "chat.messageCreated", Chat, "A user, the advisor or the staff wrote a message.";
    ChatMessageUpdated => "chat.messageUpdated", Chat, "A message was edited or deleted.";
    ChatReceiptChanged => "chat.receiptChanged", Chat, "A reader received or read messages.";
    ChatWaiting => "chat.waiting", Chat, "A user asked for a member of the staff.";
    ChatAssigned => "chat.assigned", Chat, "A member of the staff took over; the advisor falls silent.";
    ChatReleased => "chat.released", Chat, "The member of the staff left; the advisor answers again.";
}

/// What an event carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    Order {
        order: Order,
        change: Option<OrderChange>,
        processed: Option<Processed>,
    },
    Payment {
        payment: Payment,
        order: Order,
        receipt: Option<Receipt>,
    },
    Pet {
        pet: Pet,
        change: Option<PetChange>,
    },
    Inventory {
        stock: SpeciesStock,
    },
    User {
        user: User,
    },
    Endpoint(EndpointNotice),
    Provider(ProviderNotice),
    /// A room as it is after what happened in it.
    Chat {
        room: Room,
        happening: Happening,
    },
}

/// Something that happened, before the log gave it a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    tenant: Tenant,
    kind: EventType,
    data: Data,
}

impl Fact {
    /// An order was placed.
    pub fn order_created(order: &Order) -> Self {
        Self::order(EventType::OrderCreated, order, None)
    }

    /// An order moved from `previous` to its status now.
    pub fn order_status_changed(order: &Order, previous: OrderStatus, by: ChangedBy) -> Self {
        let change = OrderChange { previous, new: order.status, at: order.updated_at, by };
        Self::order(EventType::OrderStatusChanged, order, Some(change))
    }

    /// The processing of an order came to its end.
    pub fn order_processed(order: &Order, processed: Processed) -> Self {
        let data = Data::Order { order: order.clone(), change: None, processed: Some(processed) };
        Self { tenant: order.tenant, kind: EventType::OrderProcessed, data }
    }

    /// A payment was captured.
    pub fn payment_succeeded(payment: &Payment, order: &Order, receipt: &Receipt) -> Self {
        Self::payment(EventType::PaymentSucceeded, payment, order, Some(receipt.clone()))
    }

    /// A payment was declined.
    pub fn payment_failed(payment: &Payment, order: &Order) -> Self {
        Self::payment(EventType::PaymentFailed, payment, order, None)
    }

    /// A captured payment was given back.
    pub fn payment_refunded(payment: &Payment, order: &Order) -> Self {
        Self::payment(EventType::PaymentRefunded, payment, order, None)
    }

    /// A pet joined the store.
    pub fn pet_created(pet: &Pet) -> Self {
        Self::pet(EventType::PetCreated, pet, None)
    }

    /// A pet's data changed.
    pub fn pet_updated(pet: &Pet) -> Self {
        Self::pet(EventType::PetUpdated, pet, None)
    }

    /// A pet left the store.
    pub fn pet_deleted(pet: &Pet) -> Self {
        Self::pet(EventType::PetDeleted, pet, None)
    }

    /// A pet moved from `previous` to its status now.
    pub fn pet_status_changed(pet: &Pet, previous: PetStatus) -> Self {
        let change = PetChange { previous, new: pet.status, at: pet.updated_at };
        Self::pet(EventType::PetStatusChanged, pet, Some(change))
    }

    /// A pet was paid for.
    pub fn pet_adopted(pet: &Pet) -> Self {
        Self::pet(EventType::PetAdopted, pet, None)
    }

    /// The stock of a species changed.
    pub fn inventory_changed(tenant: Tenant, stock: SpeciesStock) -> Self {
        Self { tenant, kind: EventType::InventoryChanged, data: Data::Inventory { stock } }
    }

    /// A user signed up.
    pub fn user_created(user: &User) -> Self {
        Self::user(EventType::UserCreated, user)
    }

    /// A user's data or status changed.
    pub fn user_updated(user: &User) -> Self {
        Self::user(EventType::UserUpdated, user)
    }

    /// A user left the store.
    pub fn user_deleted(user: &User) -> Self {
        Self::user(EventType::UserDeleted, user)
    }

    fn user(kind: EventType, user: &User) -> Self {
        Self { tenant: user.tenant, kind, data: Data::User { user: user.clone() } }
    }

    /// A webhook endpoint was turned off.
    pub fn endpoint_disabled(endpoint: &Endpoint) -> Self {
        Self::endpoint(EventType::EndpointDisabled, endpoint)
    }

    /// Someone tries a webhook endpoint.
    pub fn endpoint_test(endpoint: &Endpoint) -> Self {
        Self::endpoint(EventType::EndpointTest, endpoint)
    }

    /// Another system told something of the kind that `kind` names.
    pub fn provider(tenant: Tenant, kind: EventType, notice: ProviderNotice) -> Self {
        Self { tenant, kind, data: Data::Provider(notice) }
    }

    /// What a fact of `kind` looks like, for documents; nothing of it has happened.
    pub fn example(tenant: Tenant, kind: EventType, data: Data) -> Self {
        Self { tenant, kind, data }
    }

    fn endpoint(kind: EventType, endpoint: &Endpoint) -> Self {
        let notice = EndpointNotice {
            endpoint_id: endpoint.id,
            owner: endpoint.owner,
            url: endpoint.url.clone(),
            reason: endpoint.disabled_reason.clone(),
            failing_since: endpoint.health.failing_since,
        };
        Self { tenant: endpoint.tenant, kind, data: Data::Endpoint(notice) }
    }

    fn order(kind: EventType, order: &Order, change: Option<OrderChange>) -> Self {
        Self {
            tenant: order.tenant,
            kind,
            data: Data::Order { order: order.clone(), change, processed: None },
        }
    }

    fn payment(kind: EventType, payment: &Payment, order: &Order, receipt: Option<Receipt>) -> Self {
        let data = Data::Payment { payment: payment.clone(), order: order.clone(), receipt };
        Self { tenant: payment.tenant, kind, data }
    }

    fn pet(kind: EventType, pet: &Pet, change: Option<PetChange>) -> Self {
        Self { tenant: pet.tenant, kind, data: Data::Pet { pet: pet.clone(), change } }
    }

    /// What it says, for the log to write.
    pub fn parts(&self) -> (Tenant, EventType, &Data) {
        (self.tenant, self.kind, &self.data)
    }
}

/// A fact with its name and its place in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub id: EventId,
    pub position: Position,
    pub tenant: Tenant,
    pub occurred_at: Timestamp,
    pub kind: EventType,
    pub data: Data,
}

/// What a subscriber can ask for; an event belongs to a handful of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// All events of a collection of a tenant.
    Collection(Tenant, Collection),
    /// Those of them that one user owns.
    Owner(Tenant, Collection, UserId),
    /// Those of one resource.
    Resource(Tenant, Collection, Uuid),
}

impl Event {
    /// `fact` at its place in the log.
    pub fn new(id: EventId, position: Position, occurred_at: Timestamp, fact: Fact) -> Self {
        Self { id, position, tenant: fact.tenant, occurred_at, kind: fact.kind, data: fact.data }
    }

    /// The resource that it is about; inventory has none.
    pub fn resource(&self) -> Option<Uuid> {
        self.data.resource()
    }

    /// The user whose it is.
    pub fn owner(&self) -> Option<UserId> {
        self.data.owner()
    }

    /// The resource whose events follow one another for a receiver that asks for that: a payment belongs to its order.
    pub fn order_key(&self) -> Option<Uuid> {
        match &self.data {
            Data::Payment { order, .. } => Some(order.id.0),
            data => data.resource(),
        }
    }

    /// About how many bytes it takes in memory with the forms that it is encoded into.
    pub fn weight(&self) -> usize {
        // Ids, times, names and the frame of the JSON; what is free in length is held twice as text and twice encoded.
        const FIXED: usize = 1500;
        let free = match &self.data {
            Data::Pet { pet, .. } => pet.text_bytes(),
            Data::Chat { happening: Happening::Message(message), .. } => message.text_bytes(),
            Data::Chat { .. } => 0,
            Data::Order { .. } | Data::Payment { .. } | Data::Inventory { .. } | Data::User { .. } => 0,
            Data::Endpoint(notice) => notice.url.len() + notice.reason.as_ref().map_or(0, String::len),
            Data::Provider(notice) => notice.payload.len() + notice.note.as_ref().map_or(0, String::len),
        };
        FIXED + 4 * free
    }

    /// The keys that it belongs to.
    pub fn keys(&self) -> impl Iterator<Item = Key> + use<> {
        let (tenant, collection) = (self.tenant, self.kind.collection());
        let owner = self.owner().map(|owner| Key::Owner(tenant, collection, owner));
        let resource = self.resource().map(|id| Key::Resource(tenant, collection, id));
        std::iter::once(Key::Collection(tenant, collection)).chain(owner).chain(resource)
    }
}

impl Data {
    /// The resource that it is about; inventory has none.
    pub fn resource(&self) -> Option<Uuid> {
        match self {
            Data::Order { order, .. } => Some(order.id.0),
            Data::Payment { payment, .. } => Some(payment.id.0),
            Data::Pet { pet, .. } => Some(pet.id.0),
            Data::Inventory { .. } => None,
            Data::User { user } => Some(user.id.0),
            Data::Endpoint(notice) => Some(notice.endpoint_id.0),
            Data::Provider(notice) => Some(notice.inbound_id.0),
            Data::Chat { room, .. } => Some(room.id.0),
        }
    }

    /// The user whose it is.
    pub fn owner(&self) -> Option<UserId> {
        match self {
            Data::Order { order, .. } | Data::Payment { order, .. } => order.user_id,
            Data::Pet { .. } | Data::Inventory { .. } | Data::Provider(_) => None,
            Data::User { user } => Some(user.id),
            Data::Endpoint(notice) => notice.owner,
            Data::Chat { room, .. } => Some(room.user_id),
        }
    }
}
