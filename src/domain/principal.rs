//! Who asks, and what they may do.

use std::sync::Arc;

use uuid::Uuid;

use super::{SessionId, Tenant, Timestamp, UserId, named_enum};

named_enum! {
    /// What a user is in its tenant.
    Role { User => "USER", Staff => "STAFF", Admin => "ADMIN" }
}
named_enum! {
    /// What a token allows.
    Scope {
        ReadPets => "read:pets",
        WritePets => "write:pets",
        ReadOrders => "read:orders",
        WriteOrders => "write:orders",
        ReadUser => "read:user",
        WriteUser => "write:user",
        ChatWrite => "chat:write",
        Admin => "admin",
    }
}

impl Role {
    /// The scopes of a token that a user of this role gets by logging in.
    pub fn scopes(self) -> Vec<Scope> {
        Scope::ALL
            .iter()
            .copied()
            .filter(|scope| match scope {
                Scope::WritePets => self >= Role::Staff,
                Scope::Admin => self == Role::Admin,
                _ => true,
            })
            .collect()
    }
}

/// A user, or a client that acts for itself, behind a valid token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The subject of the token: a user, or the identity that stands for a client in its own right.
    pub user_id: UserId,
    pub role: Role,
    pub scopes: Vec<Scope>,
    /// The login that the token comes from.
    pub session: SessionId,
    /// The token itself; these ids rise with time, which is how all tokens before a moment are revoked.
    pub token: Uuid,
    /// The OAuth2 client that the token was issued to; nothing for a login with a password.
    pub client: Option<Arc<str>>,
    /// When the token ends; live connections end with it.
    pub expires_at: Timestamp,
}

/// Who asks, and in which tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    pub tenant: Tenant,
    /// Nobody when no token was sent.
    pub identity: Option<Identity>,
}

impl Principal {
    /// Someone without a token.
    pub const fn anonymous(tenant: Tenant) -> Self {
        Self { tenant, identity: None }
    }

    /// The user, when there is one.
    pub fn user_id(&self) -> Option<UserId> {
        self.identity.as_ref().map(|identity| identity.user_id)
    }

    /// Whether the principal is of the staff: role STAFF or ADMIN, or a token with `write:pets`.
    pub fn is_staff(&self) -> bool {
        self.identity.as_ref().is_some_and(|i| i.role >= Role::Staff || i.scopes.contains(&Scope::WritePets))
    }

    /// Whether the principal is that user, or of the staff.
    pub fn is_self_or_staff(&self, user: Option<UserId>) -> bool {
        self.is_staff() || (user.is_some() && self.user_id() == user)
    }

    /// Whether `newer` may take the place of this principal on an open connection: the same subject in the same tenant
    /// with no fewer rights, so that what was subscribed to may stay.
    pub fn is_renewed_by(&self, newer: &Principal) -> bool {
        match (&self.identity, &newer.identity) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(old), Some(new)) => {
                self.tenant == newer.tenant
                    && old.user_id == new.user_id
                    && old.role <= new.role
                    && old.scopes.iter().all(|scope| new.scopes.contains(scope))
            }
        }
    }

    /// When the principal's token ends.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.identity.as_ref().map(|identity| identity.expires_at)
    }
}
