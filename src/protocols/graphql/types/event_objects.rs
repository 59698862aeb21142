//! A type for each type of event, behind one interface. A type of event that the domain gains fails to compile here until
//! it has a row.

use std::sync::Arc;

use async_graphql::{ComplexObject, ID, Interface, SimpleObject};

use super::enums::{OrderStatus, PetStatus};
use super::event::changed_by;
use super::inventory::Stock;
use super::order::Order;
use super::outside::InboundStatus;
use super::payment::{Payment, Receipt};
use super::pet::Pet;
use super::scalars::{Cursor, DateTime, Json};
use super::user::User;
use crate::bus::Published;
use crate::domain::EventType;
use crate::domain::event::Data;
use crate::wire;

macro_rules! event_object {
    (order $name:ident $what:literal) => { event_object! { @make $name $what {
        /// The order after it.
        order: Order,
    } } };
    (order_change $name:ident $what:literal) => { event_object! { @make $name $what {
        /// The order after the step.
        order: Order,
        /// Where it stood before.
        previous_status: OrderStatus,
        /// Where it stands now.
        new_status: OrderStatus,
        /// When it changed.
        changed_at: DateTime,
        /// Who changed it: `system`, `staff`, or the id of a user.
        changed_by: String,
    } } };
    (processed $name:ident $what:literal) => { event_object! { @make $name $what {
        /// The order.
        order: Order,
        /// How its processing ended: COMPLETED or FAILED.
        processing_status: String,
    } } };
    (payment $name:ident $what:literal) => { event_object! { @make $name $what {
        /// The payment.
        payment: Payment,
        /// The order that it pays.
        order: Order,
        /// The receipt of one that succeeded.
        receipt: Option<Receipt>,
    } } };
    (pet $name:ident $what:literal) => { event_object! { @make $name $what {
        /// The pet.
        pet: Pet,
    } } };
    (pet_change $name:ident $what:literal) => { event_object! { @make $name $what {
        /// The pet after it.
        pet: Pet,
        /// Its status before.
        previous_status: PetStatus,
        /// Its status now.
        new_status: PetStatus,
    } } };
    (inventory $name:ident $what:literal) => { event_object! { @make $name $what {
        /// The stock of the species.
        stock: Stock,
    } } };
    (user $name:ident $what:literal) => { event_object! { @make $name $what {
        /// The user.
        user: User,
    } } };
    (endpoint $name:ident $what:literal) => { event_object! { @make $name $what {
        /// The webhook endpoint's id.
        endpoint_id: ID,
        /// Where it sends to.
        url: String,
        /// Why it was turned off.
        disabled_reason: Option<String>,
    } } };
    (chat $name:ident $what:literal) => { event_object! { @make $name $what {
        /// The conversation.
        room_id: ID,
    } } };
    (provider $name:ident $what:literal) => { event_object! { @make $name $what {
        /// The inbound delivery that told it.
        inbound_id: ID,
        /// The order of ours that it is about.
        order_id: Option<ID>,
        /// What was made of it.
        status: InboundStatus,
        /// What the provider sent.
        payload: Json,
    } } };
    (@make $name:ident $what:literal { $($(#[doc = $doc:literal])+ $field:ident: $type:ty,)+ }) => {
        #[doc = concat!("The event `", $what, "`.")]
        #[derive(SimpleObject)]
        #[graphql(complex)]
        pub struct $name {
            /// The event's id; the same on every channel.
            event_id: ID,
            /// What happened, for example `order.statusChanged`.
            event_type: String,
            /// When it happened.
            timestamp: DateTime,
            /// Its place in the log: give it back as `after` to go on behind it.
            cursor: Cursor,
            $($(#[doc = $doc])+ $field: $type,)+
            #[graphql(skip)]
            published: Arc<Published>,
        }

        #[ComplexObject]
        impl $name {
            /// A snapshot of what changed, as every channel sends it.
            async fn data(&self) -> Json {
                Json::from_text(&wire::event::data_to_json(&self.published.event.data))
            }
        }

        impl $name {
            fn new(published: &Arc<Published>, ($($field,)+): ($($type,)+)) -> Self {
                let event = &published.event;
                Self {
                    event_id: event.id.into(),
                    event_type: event.kind.name().to_owned(),
                    timestamp: event.occurred_at.into(),
                    cursor: Cursor(event.position.to_cursor()),
                    $($field,)+
                    published: published.clone(),
                }
            }
        }
    };
}

macro_rules! events {
    ($($variant:ident($name:ident) $shape:ident $what:literal;)+) => {
        $(event_object! { $shape $name $what })+

        /// Something that happened, in the envelope that every channel sends.
        #[derive(Interface)]
        #[graphql(
            field(name = "event_id", ty = "&ID", desc = "The event's id; the same on every channel."),
            field(name = "event_type", ty = "&String", desc = "What happened, for example `order.statusChanged`."),
            field(name = "timestamp", ty = "&DateTime", desc = "When it happened."),
            field(name = "cursor", ty = "&Cursor", desc = "Its place in the log: give it back as `after` to go on behind it."),
            field(name = "data", ty = "Json", desc = "A snapshot of what changed, as every channel sends it."),
        )]
        pub enum Event {
            $(#[doc = concat!("`", $what, "`")] $variant($name),)+
        }

        impl Event {
            /// The object for an event; nothing when its type and what it carries do not belong together.
            pub fn of(published: &Arc<Published>) -> Option<Self> {
                let data = &published.event.data;
                Some(match published.event.kind {
                    $(EventType::$variant => Self::$variant($name::new(published, shape::$shape(data)?)),)+
                })
            }
        }

        #[cfg(test)]
        const NAMES: &[(EventType, &str)] = &[$((EventType::$variant, $what),)+];
    };
}

/// What the data of an event has for each shape.
mod shape {
    use super::*;

    pub fn order(data: &Data) -> Option<(Order,)> {
        let Data::Order { order, .. } = data else { return None };
        Some((order.clone().into(),))
    }

    pub fn order_change(data: &Data) -> Option<(Order, OrderStatus, OrderStatus, DateTime, String)> {
        let Data::Order { order, change: Some(change), .. } = data else { return None };
        let (before, after) = (change.previous.into(), change.new.into());
        Some((order.clone().into(), before, after, change.at.into(), changed_by(change.by)))
    }

    pub fn processed(data: &Data) -> Option<(Order, String)> {
        let Data::Order { order, processed: Some(processed), .. } = data else { return None };
        Some((order.clone().into(), processed.status().to_string()))
    }

    pub fn payment(data: &Data) -> Option<(Payment, Order, Option<Receipt>)> {
        let Data::Payment { payment, order, receipt } = data else { return None };
        Some((payment.clone().into(), order.clone().into(), receipt.clone().map(Into::into)))
    }

    pub fn pet(data: &Data) -> Option<(Pet,)> {
        let Data::Pet { pet, .. } = data else { return None };
        Some((pet.clone().into(),))
    }

    pub fn pet_change(data: &Data) -> Option<(Pet, PetStatus, PetStatus)> {
        let Data::Pet { pet, change: Some(change) } = data else { return None };
        Some((pet.clone().into(), change.previous.into(), change.new.into()))
    }

    pub fn inventory(data: &Data) -> Option<(Stock,)> {
        let Data::Inventory { stock } = data else { return None };
        Some((stock.into(),))
    }

    pub fn user(data: &Data) -> Option<(User,)> {
        let Data::User { user } = data else { return None };
        Some((user.clone().into(),))
    }

    pub fn endpoint(data: &Data) -> Option<(ID, String, Option<String>)> {
        let Data::Endpoint(notice) = data else { return None };
        Some((notice.endpoint_id.into(), notice.url.clone(), notice.reason.clone()))
    }

    pub fn chat(data: &Data) -> Option<(ID,)> {
        let Data::Chat { room, .. } = data else { return None };
        Some((ID(room.id.to_string()),))
    }

    pub fn provider(data: &Data) -> Option<(ID, Option<ID>, InboundStatus, Json)> {
        let Data::Provider(notice) = data else { return None };
        let payload = Json::from_text(&notice.payload);
        Some((notice.inbound_id.into(), notice.order_id.map(Into::into), notice.status.into(), payload))
    }
}

events! {
    OrderCreated(OrderCreatedEvent) order "order.created";
    OrderStatusChanged(OrderStatusChangedEvent) order_change "order.statusChanged";
    OrderProcessed(OrderProcessedEvent) processed "order.processed";
    PaymentSucceeded(PaymentSucceededEvent) payment "payment.succeeded";
    PaymentFailed(PaymentFailedEvent) payment "payment.failed";
    PaymentRefunded(PaymentRefundedEvent) payment "payment.refunded";
    PetCreated(PetCreatedEvent) pet "pet.created";
    PetUpdated(PetUpdatedEvent) pet "pet.updated";
    PetDeleted(PetDeletedEvent) pet "pet.deleted";
    PetStatusChanged(PetStatusChangedEvent) pet_change "pet.statusChanged";
    PetAdopted(PetAdoptedEvent) pet "pet.adopted";
    InventoryChanged(InventoryChangedEvent) inventory "inventory.changed";
    UserCreated(UserCreatedEvent) user "user.created";
    UserUpdated(UserUpdatedEvent) user "user.updated";
    UserDeleted(UserDeletedEvent) user "user.deleted";
ChatRoomCreated(ChatRoomCreatedEvent) chat "chat.roomCreated";
    ChatMessageCreated(ChatMessageCreatedEvent) chat "chat.messageCreated";
    ChatMessageUpdated(ChatMessageUpdatedEvent) chat "chat.messageUpdated";
    ChatReceiptChanged(ChatReceiptChangedEvent) chat "chat.receiptChanged";
    ChatWaiting(ChatWaitingEvent) chat "chat.waiting";
    ChatAssigned(ChatAssignedEvent) chat "chat.assigned";
    ChatReleased(ChatReleasedEvent) chat "chat.released";
    EndpointDisabled(EndpointDisabledEvent) endpoint "endpoint.disabled";
    EndpointTest(EndpointTestEvent) endpoint "endpoint.test";
    ProviderTest(ProviderTestEvent) provider "provider.test";
    ProviderOrderCreated(ProviderOrderCreatedEvent) provider "provider.orderCreated";
    ProviderOrderUpdated(ProviderOrderUpdatedEvent) provider "provider.orderUpdated";
    ProviderMerchantUpdated(ProviderMerchantUpdatedEvent) provider "provider.merchantUpdated";
    ProviderRefundSucceeded(ProviderRefundSucceededEvent) provider "provider.refundSucceeded";
    ProviderRefundFailed(ProviderRefundFailedEvent) provider "provider.refundFailed";
    ProviderUserPayoutInitiated(ProviderUserPayoutInitiatedEvent) provider "provider.userPayoutInitiated";
    ProviderUserPayoutPaid(ProviderUserPayoutPaidEvent) provider "provider.userPayoutPaid";
    ProviderUserPayoutFailed(ProviderUserPayoutFailedEvent) provider "provider.userPayoutFailed";
    ProviderPayoutReportRequested(ProviderPayoutReportRequestedEvent) provider "provider.payoutReportRequested";
    ProviderDataSessionCompleted(ProviderDataSessionCompletedEvent) provider "provider.dataSessionCompleted";
    ProviderCheckoutSessionCreated(ProviderCheckoutSessionCreatedEvent) provider "provider.checkoutSessionCreated";
    ProviderCheckoutSessionUpdated(ProviderCheckoutSessionUpdatedEvent) provider "provider.checkoutSessionUpdated";
    ProviderCheckoutSessionExpired(ProviderCheckoutSessionExpiredEvent) provider "provider.checkoutSessionExpired";
    ProviderCheckoutSessionCompleted(ProviderCheckoutSessionCompletedEvent) provider "provider.checkoutSessionCompleted";
    ProviderPayoutCreated(ProviderPayoutCreatedEvent) provider "provider.payoutCreated";
    ProviderPayoutUpdated(ProviderPayoutUpdatedEvent) provider "provider.payoutUpdated";
    ProviderMandateSetupStarted(ProviderMandateSetupStartedEvent) provider "provider.mandateSetupStarted";
    ProviderMandateSetupSucceeded(ProviderMandateSetupSucceededEvent) provider "provider.mandateSetupSucceeded";
    ProviderMandateSetupFailed(ProviderMandateSetupFailedEvent) provider "provider.mandateSetupFailed";
    ProviderMandateRevoked(ProviderMandateRevokedEvent) provider "provider.mandateRevoked";
    ProviderUnknown(ProviderUnknownEvent) provider "provider.unknown";
    ProviderAnyspendOrderCompleted(ProviderAnyspendOrderCompletedEvent) provider "provider.anyspendOrderCompleted";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_event_is_named_as_everywhere() {
        assert_eq!(NAMES.len(), EventType::ALL.len());
        for (kind, name) in NAMES {
            assert_eq!(kind.name(), *name);
        }
    }
}
