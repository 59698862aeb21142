//! Who may do what: one table of operations, asked before anything is done, for every protocol alike.

use crate::domain::chat::Room;
use crate::domain::event::{Collection, Event, Key};
use crate::domain::{Error, Order, Principal, Result, Role, Scope, Tenant, Topic, User, UserId};

macro_rules! operations {
    ($($name:ident),+ $(,)?) => {
        /// Everything that can be asked of the store.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Operation { $($name),+ }

        impl Operation {
            /// Every operation.
            pub const ALL: &'static [Operation] = &[$(Operation::$name),+];

            /// Its name, as the documents write it.
            pub const fn name(self) -> &'static str {
                match self { $(Operation::$name => stringify!($name)),+ }
            }
        }
    };
}

operations! {
    ReadPets,
    ReadInventory,
    WritePets,
    PlaceOrder,
    ReadOrders,
    CancelOrder,
    PayOrder,
    FulfilOrder,
    ReadReceipt,
    SignUp,
    ReadUser,
    LogIn,
    LogOut,
    ReadWebhooks,
    WriteWebhooks,
    RequestCallback,
    WriteUser,
    Administer,
    ManageOAuthClients,
    HandleInbound,
    // Ask the advisor, and read and write in conversations.
    Chat,
    // Take over conversations, and see who waits.
    ServeChat,
}

/// Who an operation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone, in any tenant.
    Anyone,
    /// Anyone in the public pool; users elsewhere.
    PublicPool,
    /// Whoever has a valid token; whose data it is, is checked with the data.
    User,
    /// Role STAFF or ADMIN, or scope `write:pets`.
    Staff,
    /// Role ADMIN or scope `admin`.
    Admin,
}

/// Who may do an operation, and the scope that a token needs for it.
pub const fn rule(operation: Operation) -> (Access, Option<Scope>) {
    use Operation as O;
    match operation {
        O::ReadPets | O::SignUp | O::LogIn => (Access::Anyone, None),
        O::LogOut => (Access::User, None),
        O::ManageOAuthClients => (Access::Admin, Some(Scope::Admin)),
        O::ReadInventory => (Access::User, Some(Scope::ReadPets)),
        O::WritePets => (Access::Staff, Some(Scope::WritePets)),
        O::PlaceOrder => (Access::PublicPool, Some(Scope::WriteOrders)),
        O::ReadOrders | O::ReadReceipt => (Access::User, Some(Scope::ReadOrders)),
        O::CancelOrder | O::PayOrder => (Access::User, Some(Scope::WriteOrders)),
        O::FulfilOrder => (Access::Staff, Some(Scope::WriteOrders)),
        O::ReadUser => (Access::User, Some(Scope::ReadUser)),
        O::ReadWebhooks => (Access::User, Some(Scope::ReadOrders)),
        O::WriteWebhooks => (Access::User, Some(Scope::WriteOrders)),
        O::RequestCallback => (Access::User, Some(Scope::WriteOrders)),
        O::WriteUser => (Access::User, Some(Scope::WriteUser)),
        O::Administer => (Access::Admin, Some(Scope::Admin)),
        O::HandleInbound => (Access::Admin, Some(Scope::Admin)),
        O::Chat => (Access::User, Some(Scope::ChatWrite)),
        O::ServeChat => (Access::Staff, Some(Scope::ChatWrite)),
    }
}

const NEEDS_TOKEN: &str = "this needs a valid bearer token; get one from POST /v1/auth/tokens";
const NEEDS_STAFF: &str = "only the staff may do this";
const NEEDS_ADMIN: &str = "only an administrator may do this";
const NOT_YOURS: &str = "this belongs to someone else";

/// Whether the principal may do `operation` at all.
///
/// # Errors
/// [`Error::Unauthenticated`] without a token where one is needed, [`Error::Forbidden`] and [`Error::MissingScope`]
/// for the wrong role or scope.
pub fn authorize(operation: Operation, principal: &Principal) -> Result<()> {
    let (access, scope) = rule(operation);
    let Some(identity) = &principal.identity else {
        return match access {
            Access::Anyone => Ok(()),
            Access::PublicPool if principal.tenant == Tenant::PUBLIC => Ok(()),
            _ => Err(Error::Unauthenticated(NEEDS_TOKEN)),
        };
    };
    if access == Access::Staff && !principal.is_staff() {
        return Err(Error::Forbidden(NEEDS_STAFF));
    }
    if access == Access::Admin && identity.role < Role::Admin && !identity.scopes.contains(&Scope::Admin) {
        return Err(Error::Forbidden(NEEDS_ADMIN));
    }
    match scope {
        Some(scope) if !identity.scopes.contains(&scope) => Err(Error::MissingScope(scope)),
        _ => Ok(()),
    }
}

/// Whether the principal may see and handle `order`: its buyer, or the staff.
///
/// # Errors
/// [`Error::Forbidden`] otherwise.
pub fn authorize_order(principal: &Principal, order: &Order) -> Result<()> {
    if principal.is_self_or_staff(order.user_id) { Ok(()) } else { Err(Error::Forbidden(NOT_YOURS)) }
}

/// Whether the principal may list the orders of each of `users`: their own, or the staff.
///
/// # Errors
/// [`Error::Forbidden`] otherwise.
pub fn authorize_orders_of(principal: &Principal, users: &[UserId]) -> Result<()> {
    if users.iter().all(|user| principal.is_self_or_staff(Some(*user))) {
        Ok(())
    } else {
        Err(Error::Forbidden("only the staff may list the orders of others"))
    }
}

/// Whether the principal may change or remove `user`: the user, an administrator, or the staff for whoever is of lower
/// role, since a password that can be set is a role that can be had.
///
/// # Errors
/// [`Error::Forbidden`] otherwise.
pub fn authorize_user(principal: &Principal, user: &User) -> Result<()> {
    let outranks = |role: Role| role == Role::Admin || role > user.role;
    let identity = principal.identity.as_ref();
    let allowed = principal.user_id() == Some(user.id)
        || principal.is_staff() && identity.is_some_and(|identity| outranks(identity.role));
    if allowed { Ok(()) } else { Err(Error::Forbidden(NOT_YOURS)) }
}

/// Whether the principal may see `room` and write in it: its user, or the staff.
///
/// # Errors
/// [`Error::NotFound`] otherwise: that somebody has a conversation is nobody's business.
pub fn authorize_room(principal: &Principal, room: &Room) -> Result<()> {
    if principal.is_self_or_staff(Some(room.user_id)) { Ok(()) } else { Err(Error::NotFound("conversation")) }
}

/// Whether the principal is an administrator.
pub fn is_admin(principal: &Principal) -> bool {
    principal.identity.as_ref().is_some_and(|identity| identity.role == Role::Admin)
}

/// The key that a topic means for the principal: the staff's `orders` are the tenant's, a user's are the user's own.
/// `orders/{id}` needs the order itself to be looked at; see [`authorize_order`].
///
/// # Errors
/// [`Error::Unauthenticated`] or [`Error::Forbidden`].
pub fn key_of(principal: &Principal, topic: Topic) -> Result<Key> {
    let (tenant, collection) = (principal.tenant, topic.collection());
    match topic {
        // The public pool's pets are for everyone; a tenant's events need a token of that tenant (contract §7).
        Topic::Pets | Topic::Pet(_) | Topic::Inventory
            if tenant != Tenant::PUBLIC && principal.identity.is_none() =>
        {
            return Err(Error::Unauthenticated(NEEDS_TOKEN));
        }
        Topic::Pets | Topic::Inventory => return Ok(Key::Collection(tenant, collection)),
        Topic::Pet(id) => return Ok(Key::Resource(tenant, collection, id.0)),
        Topic::Orders | Topic::Order(_) | Topic::Payments => authorize(Operation::ReadOrders, principal)?,
        Topic::Users | Topic::User(_) => authorize(Operation::ReadUser, principal)?,
        Topic::Endpoints | Topic::Provider => authorize(Operation::ReadWebhooks, principal)?,
        Topic::Chat | Topic::Room(_) => authorize(Operation::Chat, principal)?,
    }
    let user = principal.user_id().ok_or(Error::Unauthenticated(NEEDS_TOKEN))?;
    match topic {
        Topic::Order(id) => Ok(Key::Resource(tenant, collection, id.0)),
        Topic::Room(id) => Ok(Key::Resource(tenant, collection, id.0)),
        Topic::User(id) if principal.is_staff() || id == user => Ok(Key::Resource(tenant, collection, id.0)),
        Topic::User(_) => Err(Error::Forbidden(NOT_YOURS)),
        Topic::Provider if !principal.is_staff() => Err(Error::Forbidden(NEEDS_STAFF)),
        _ if principal.is_staff() => Ok(Key::Collection(tenant, collection)),
        _ => Ok(Key::Owner(tenant, collection, user)),
    }
}

/// Whether the principal may see `event`: asked for every event, whatever was subscribed to.
pub fn may_see(principal: &Principal, event: &Event) -> bool {
    event.tenant == principal.tenant
        && match event.kind.collection() {
            Collection::Pets | Collection::Inventory => {
                event.tenant == Tenant::PUBLIC || principal.identity.is_some()
            }
            Collection::Orders
            | Collection::Payments
            | Collection::Users
            | Collection::Endpoints
            | Collection::Chat => principal.is_self_or_staff(event.owner()),
            Collection::Provider => principal.is_staff(),
        }
}
