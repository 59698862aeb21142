//! Callers and drafts for tests that call the use cases inside the process.

use petstore::app::Caller;
use petstore::domain::audit::{Channel, Origin};
use petstore::domain::payment::{Address, PaymentDraft, SourceDraft};
use petstore::domain::pet::PetDraft;
use petstore::domain::principal::Identity;
use petstore::domain::{Amount, Currency, Principal, Role, SessionId, Species, Tenant, Timestamp, UserId};
use uuid::Uuid;

/// A caller who needs no token.
pub fn caller(tenant: Tenant, identity: Option<(UserId, Role)>) -> Caller {
    let identity = identity.map(|(user_id, role)| Identity {
        user_id,
        role,
        scopes: role.scopes(),
        session: SessionId(Uuid::nil()),
        token: Uuid::max(),
        client: None,
        expires_at: Timestamp::from_ms(i64::MAX),
    });
    let origin = Origin { channel: Channel::System, ip_address: None, user_agent: None, request_id: None };
    Caller::new(Principal { tenant, identity }, origin)
}

/// A member of the staff of `tenant`.
pub fn staff_of(tenant: Tenant) -> Caller {
    caller(tenant, Some((UserId(Uuid::from_u128(0x57AF_F000)), Role::Staff)))
}

/// A customer of `tenant`.
pub fn customer_of(tenant: Tenant, number: u128) -> Caller {
    caller(tenant, Some((UserId(Uuid::from_u128(0x00C0_5700 + number)), Role::User)))
}

/// A pet of 75.00 USD.
pub fn pet(name: &str) -> PetDraft {
    PetDraft {
        name: Some(name.to_owned()),
        species: Some(Species::Dog),
        age_months: Some(5),
        price: Some(Amount::from_minor(7500)),
        ..PetDraft::default()
    }
}

/// A payment of so many cents with a card of `number`.
pub fn payment(minor: i64, number: &str) -> PaymentDraft {
    let source = SourceDraft::Card {
        name: Some("Jane Doe".into()),
        number: Some(number.into()),
        cvc: Some("123".into()),
        exp_month: Some(12),
        exp_year: Some(2099),
        address: Address::default(),
    };
    PaymentDraft {
        amount: Some(Amount::from_minor(minor)),
        currency: Some(Currency::Usd),
        source: Some(source),
    }
}
