//! Audit rows: who changed what, through which channel, from what to what.

use super::chat::{Message, Room};
use super::inbound::Inbound;
use super::oauth::Client;
use super::webhook::{Delivery, Endpoint, Job};
use super::{AuditId, Order, Payment, Pet, Tenant, Timestamp, User, UserId, named_enum};

named_enum! {
    /// The way a call came in.
    Channel {
        Rest => "REST",
        GraphQl => "GRAPHQL",
        WebSocket => "WEBSOCKET",
        SocketIo => "SOCKET_IO",
        Sse => "SSE",
        OAuth => "OAUTH",
        Inbound => "INBOUND",
        System => "SYSTEM",
    }
}
named_enum! {
    /// What was done.
    Action {
        PetCreated => "PET_CREATED",
        PetUpdated => "PET_UPDATED",
        PetDeleted => "PET_DELETED",
        PetImageAdded => "PET_IMAGE_ADDED",
        OrderPlaced => "ORDER_PLACED",
        OrderPaid => "ORDER_PAID",
        OrderPaymentFailed => "ORDER_PAYMENT_FAILED",
        OrderShipped => "ORDER_SHIPPED",
        OrderDelivered => "ORDER_DELIVERED",
        OrderCancelled => "ORDER_CANCELLED",
        OrderProcessed => "ORDER_PROCESSED",
        UserCreated => "USER_CREATED",
        UserUpdated => "USER_UPDATED",
        UserStatusChanged => "USER_STATUS_CHANGED",
        UserDeleted => "USER_DELETED",
        TokenIssued => "TOKEN_ISSUED",
        TokenRefreshed => "TOKEN_REFRESHED",
        SessionRevoked => "SESSION_REVOKED",
        RefreshTokenReused => "REFRESH_TOKEN_REUSED",
        CodeReused => "AUTHORIZATION_CODE_REUSED",
        LoggedIn => "LOGGED_IN",
        LoginFailed => "LOGIN_FAILED",
        LoginLocked => "LOGIN_LOCKED",
        AuthorizationGranted => "AUTHORIZATION_GRANTED",
        AuthorizationDenied => "AUTHORIZATION_DENIED",
        OAuthClientCreated => "OAUTH_CLIENT_CREATED",
        OAuthClientUpdated => "OAUTH_CLIENT_UPDATED",
        OAuthClientDeleted => "OAUTH_CLIENT_DELETED",
        EndpointCreated => "WEBHOOK_ENDPOINT_CREATED",
        EndpointUpdated => "WEBHOOK_ENDPOINT_UPDATED",
        EndpointDeleted => "WEBHOOK_ENDPOINT_DELETED",
        EndpointDisabled => "WEBHOOK_ENDPOINT_DISABLED",
        EndpointPaused => "WEBHOOK_ENDPOINT_PAUSED",
        EndpointResumed => "WEBHOOK_ENDPOINT_RESUMED",
        EndpointSecretRotated => "WEBHOOK_SECRET_ROTATED",
        EndpointTested => "WEBHOOK_ENDPOINT_TESTED",
        DeliveryResent => "WEBHOOK_DELIVERY_RESENT",
        WebhookJobStarted => "WEBHOOK_JOB_STARTED",
        WebhookJobCancelled => "WEBHOOK_JOB_CANCELLED",
        InboundReceived => "INBOUND_RECEIVED",
        InboundReprocessed => "INBOUND_REPROCESSED",
        RoomOpened => "CHAT_ROOM_OPENED",
        RoomAssigned => "CHAT_ROOM_ASSIGNED",
        RoomReleased => "CHAT_ROOM_RELEASED",
        RoomWaiting => "CHAT_ROOM_WAITING",
        MessagePosted => "CHAT_MESSAGE_POSTED",
        MessageEdited => "CHAT_MESSAGE_EDITED",
        MessageDeleted => "CHAT_MESSAGE_DELETED",
        MessagesReceived => "CHAT_MESSAGES_RECEIVED",
        PictureAttached => "CHAT_PICTURE_ATTACHED",
    }
}

/// Where a call came from; goes into its audit row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub channel: Channel,
    pub ip_address: Option<std::net::IpAddr>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
}

/// A resource as it was at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Snapshot {
    Pet(Pet),
    Order(Order),
    Payment(Payment),
    User(User),
    Endpoint(Endpoint),
    Client(Client),
    Delivery(Delivery),
    WebhookJob(Job),
    Inbound(Inbound),
    Room(Room),
    Message(Message),
}

impl Snapshot {
    /// Every [`Snapshot::entity_type`].
    pub const ENTITY_TYPES: &'static [&'static str] = &[
        "PETS",
        "ORDERS",
        "PAYMENTS",
        "USERS",
        "WEBHOOK_ENDPOINTS",
        "OAUTH_CLIENTS",
        "WEBHOOK_DELIVERIES",
        "WEBHOOK_JOBS",
        "INBOUND_DELIVERIES",
        "CHAT_ROOMS",
        "CHAT_MESSAGES",
    ];

    /// The name of the kind of resource in audit rows.
    pub const fn entity_type(&self) -> &'static str {
        match self {
            Self::Pet(_) => "PETS",
            Self::Order(_) => "ORDERS",
            Self::Payment(_) => "PAYMENTS",
            Self::User(_) => "USERS",
            Self::Endpoint(_) => "WEBHOOK_ENDPOINTS",
            Self::Client(_) => "OAUTH_CLIENTS",
            Self::Delivery(_) => "WEBHOOK_DELIVERIES",
            Self::WebhookJob(_) => "WEBHOOK_JOBS",
            Self::Inbound(_) => "INBOUND_DELIVERIES",
            Self::Room(_) => "CHAT_ROOMS",
            Self::Message(_) => "CHAT_MESSAGES",
        }
    }

    /// The resource's id, as written.
    pub fn entity_id(&self) -> String {
        match self {
            Self::Pet(pet) => pet.id.to_string(),
            Self::Order(order) => order.id.to_string(),
            Self::Payment(payment) => payment.id.to_string(),
            Self::User(user) => user.id.to_string(),
            Self::Endpoint(endpoint) => endpoint.id.to_string(),
            Self::Client(client) => client.id.clone(),
            Self::Delivery(delivery) => delivery.id.to_string(),
            Self::WebhookJob(job) => job.id.to_string(),
            Self::Inbound(inbound) => inbound.id.to_string(),
            Self::Room(room) => room.id.to_string(),
            Self::Message(message) => message.id.to_string(),
        }
    }
}

/// One row of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    pub id: AuditId,
    pub tenant: Tenant,
    pub at: Timestamp,
    pub action: Action,
    /// Nobody when the caller had no token.
    pub user_id: Option<UserId>,
    pub before: Option<Snapshot>,
    pub after: Option<Snapshot>,
    /// Why, when an administrator gave a reason.
    pub reason: Option<String>,
    pub origin: Origin,
}

/// A row of the audit log as it is read back: the snapshots are the JSON text that was written then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    pub id: AuditId,
    pub tenant: Tenant,
    pub at: Timestamp,
    pub action: Action,
    pub user_id: Option<UserId>,
    pub entity_type: Option<String>,
    pub entity_id: Option<String>,
    pub before: Option<String>,
    pub after: Option<String>,
    pub reason: Option<String>,
    pub channel: Channel,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
}

/// Which audit rows a list shows.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    pub action: Option<Action>,
    pub user_id: Option<UserId>,
    pub entity_type: Option<&'static str>,
    pub entity_id: Option<String>,
    pub channel: Option<Channel>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Not after.
    pub to: Option<Timestamp>,
}

impl AuditFilter {
    /// Longest id of an entity, in characters.
    pub const MAX_ENTITY_ID: usize = 100;
}
