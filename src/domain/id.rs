//! Identifiers: one type per resource, UUIDs inside.

use uuid::Uuid;

use super::{Error, Violation};

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident($prefix:literal)),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Reads the written form.
            ///
            /// # Errors
            /// A violation of `field` when it is not that form.
            pub fn parse(field: &str, text: &str) -> Result<Self, Violation> {
                text.strip_prefix($prefix)
                    // The hyphenated form only: one id has one spelling.
                    .filter(|text| text.len() == 36)
                    .and_then(|text| Uuid::try_parse(text).ok())
                    .map(Self)
                    .ok_or_else(|| {
                        Violation::new(field, "invalid_id", concat!("must be an id of the form \"", $prefix, "019b4132-70aa-764f-b315-e2803d882a24\""))
                    })
            }

            /// Reads an id that addresses a resource, as in a path.
            ///
            /// # Errors
            /// [`Error::Malformed`] naming `field`.
            pub fn parse_address(field: &'static str, text: &str) -> Result<Self, Error> {
                Self::parse(field, text).map_err(|violation| Error::malformed(field, violation.message))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    )+};
}

ids! {
    /// A pet.
    PetId(""),
    /// A user.
    UserId(""),
    /// An order.
    OrderId(""),
    /// A payment.
    PaymentId(""),
    /// A receipt, written `rcp_…` as upstream does.
    ReceiptId("rcp_"),
    /// An event, written `evt_…` as upstream does.
    EventId("evt_"),
    /// A webhook endpoint.
    EndpointId(""),
    /// One event for one endpoint.
    DeliveryId(""),
    /// One HTTP try of a delivery.
    AttemptId(""),
    /// An uploaded image.
    ImageId(""),
    /// Sending webhooks again in bulk.
    JobId(""),
    /// What another system sent here.
    InboundId(""),
    /// An audit row.
    AuditId(""),
    /// A conversation.
    RoomId(""),
    /// A message in a conversation.
    MessageId(""),
    /// A picture of a message.
    AttachmentId(""),
    /// One login: all refresh tokens that descend from it.
    SessionId(""),
}

/// Whose data it is: one tenant's, or the public pool's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tenant(Uuid);

impl Tenant {
    /// The public pool, shared by all who name no tenant.
    pub const PUBLIC: Tenant = Tenant(Uuid::nil());

    /// The tenant that `X-Tenant-ID` names: a UUID of version 4 or 7.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is not such a UUID.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Uuid::try_parse(text)
            .ok()
            .filter(|id| text.len() == 36 && matches!(id.get_version_num(), 4 | 7))
            .map(Self)
            .ok_or_else(|| Error::malformed("X-Tenant-ID", "must be a UUID of version 4 or 7"))
    }

    /// The tenant as the database keeps it; the public pool is the nil UUID.
    pub const fn from_uuid(id: Uuid) -> Self {
        Self(id)
    }

    /// As the database keeps it.
    pub const fn as_uuid(self) -> Uuid {
        self.0
    }

    /// The tenant's id, or nothing for the public pool.
    pub fn id(self) -> Option<Uuid> {
        (self != Self::PUBLIC).then_some(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let text = "019b4132-70aa-764f-b315-e2803d882a24";
        assert_eq!(PetId::parse("id", text).unwrap().to_string(), text);
        assert_eq!(EventId::parse("id", &format!("evt_{text}")).unwrap().to_string(), format!("evt_{text}"));
        for bad in
            ["", "1", "019b413270aa764fb315e2803d882a24", "{019b4132-70aa-764f-b315-e2803d882a24}", "evt_1"]
        {
            assert!(PetId::parse("id", bad).is_err(), "{bad}");
        }
        assert!(EventId::parse("id", text).is_err());
    }

    #[test]
    fn a_tenant_is_version_4_or_7() {
        assert!(Tenant::parse("550e8400-e29b-41d4-a716-446655440000").is_ok());
        assert!(Tenant::parse("00000000-0000-0000-0000-000000000000").is_err());
        assert!(Tenant::parse("550e8400-e29b-11d4-a716-446655440000").is_err());
    }
}
