//! The terms of a call: what the caller makes a change depend on. They are checked inside the change's transaction
//! ([`super::change`]), for every use case alike.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};

use crate::domain::audit::Snapshot;
use crate::domain::oauth::scope_text;
use crate::domain::{Principal, Result, Tenant};

/// What the caller makes a change depend on.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// The resource must be in this state.
    pub condition: Option<Condition>,
    /// The change must be done once, however often it is asked for.
    pub claim: Option<Claim>,
}

/// A condition on the resource as it is before the change.
#[derive(Clone)]
pub struct Condition(Arc<dyn Fn(&Snapshot) -> bool + Send + Sync>);

impl Condition {
    /// The change is to be made only if `holds` says so.
    pub fn new(holds: impl Fn(&Snapshot) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(holds))
    }

    /// Whether it holds; never for a resource that is not there.
    pub(super) fn holds(&self, before: Option<&Snapshot>) -> bool {
        before.is_some_and(|before| (self.0)(before))
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Condition")
    }
}

/// Makes the bytes of the answer to keep from what a change returns.
type Keep = Arc<dyn Fn(&dyn Any) -> Result<Vec<u8>> + Send + Sync>;

/// A claim to be done once: an idempotency key in its scope, and the request that it is for.
#[derive(Clone)]
pub struct Claim {
    pub(super) tenant: Tenant,
    pub(super) id: [u8; 32],
    pub(super) fingerprint: [u8; 32],
    /// The address of the request, for whoever encodes the answer.
    pub request_path: String,
    pub(super) keep: Option<Keep>,
}

impl Claim {
    /// The claim of `principal` to the request (its fingerprint and path) under `key`. A key belongs to the user in the
    /// tenant, whichever token of the same rights is shown: an answer that was kept for the user or for one OAuth2 client is
    /// not another's to have. Without a user it belongs to the address in `place`.
    pub fn new(principal: &Principal, place: &str, key: &str, request: ([u8; 32], String)) -> Self {
        let mut id = Context::new(&SHA256);
        id.update(principal.tenant.as_uuid().as_bytes());
        match &principal.identity {
            Some(identity) => {
                id.update(identity.user_id.0.as_bytes());
                let client = identity.client.as_deref().unwrap_or_default();
                id.update(format!("{client}\n{}\n", scope_text(&identity.scopes)).as_bytes());
            }
            None => id.update(format!("anonymous {place}\n").as_bytes()),
        }
        id.update(key.as_bytes());
        let (mut hash, digest) = ([0; 32], id.finish());
        hash.copy_from_slice(digest.as_ref());
        let (fingerprint, request_path) = request;
        Self { tenant: principal.tenant, id: hash, fingerprint, request_path, keep: None }
    }

    /// The claim to the request when it has this content, too: for what was not known of it when the claim was made.
    pub fn to(self, content: &[u8; 32]) -> Self {
        let mut whole = Context::new(&SHA256);
        whole.update(&self.fingerprint);
        whole.update(content);
        let (mut fingerprint, digest) = ([0; 32], whole.finish());
        fingerprint.copy_from_slice(digest.as_ref());
        Self { fingerprint, ..self }
    }

    /// With what makes the bytes to keep from the value that the change returns. Without it nothing is kept, and the
    /// claim has no effect.
    pub fn kept_by(self, keep: impl Fn(&dyn Any) -> Result<Vec<u8>> + Send + Sync + 'static) -> Self {
        Self { keep: Some(Arc::new(keep)), ..self }
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::principal::Identity;
    use crate::domain::{Role, Scope, SessionId, Timestamp, UserId};

    #[test]
    fn a_key_belongs_to_the_user_and_the_rights_and_not_to_one_token() {
        let claim = |client: Option<&str>, scopes: &[Scope], token: u128| {
            let identity = Identity {
                user_id: UserId(uuid::Uuid::from_u128(1)),
                role: Role::User,
                scopes: scopes.to_vec(),
                session: SessionId(uuid::Uuid::from_u128(token)),
                token: uuid::Uuid::from_u128(token),
                client: client.map(Into::into),
                expires_at: Timestamp::from_ms(0),
            };
            let principal = Principal { tenant: Tenant::PUBLIC, identity: Some(identity) };
            Claim::new(&principal, "", "key", ([0; 32], "/v1/orders".to_owned())).id
        };
        let own = claim(None, &[Scope::WriteOrders], 1);
        assert_eq!(own, claim(None, &[Scope::WriteOrders], 2), "another token of the same rights");
        assert_ne!(own, claim(Some("app"), &[Scope::WriteOrders], 1), "a client");
        assert_ne!(own, claim(None, &[Scope::WriteOrders, Scope::ReadOrders], 1), "other rights");
    }
}
