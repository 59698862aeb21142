//! The domain's enums. A value that the domain gains fails to compile here until it has a description.

use async_graphql::Enum;

/// What kind of animal.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::Species")]
pub enum Species {
    /// A dog.
    Dog,
    /// A cat.
    Cat,
    /// A rabbit.
    Rabbit,
    /// A bird.
    Bird,
    /// A reptile.
    Reptile,
    /// Any other animal.
    Other,
}

/// Whether a pet can be had.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::PetStatus")]
pub enum PetStatus {
    /// It can be ordered.
    Available,
    /// It is ordered and not yet paid.
    Pending,
    /// It has a home.
    Adopted,
    /// It is not for sale now.
    NotAvailable,
}

/// How large a pet is or grows.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::pet::Size")]
pub enum Size {
    /// Small.
    Small,
    /// Medium.
    Medium,
    /// Large.
    Large,
}

/// A pet's sex.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::pet::Gender")]
pub enum Gender {
    /// Male.
    Male,
    /// Female.
    Female,
    /// Not known.
    Unknown,
}

/// ISO 4217 codes of the currencies that the store trades in.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::Currency")]
pub enum Currency {
    /// US dollar.
    Usd,
    /// Euro.
    Eur,
    /// Pound sterling.
    Gbp,
    /// Canadian dollar.
    Cad,
    /// Australian dollar.
    Aud,
}

/// Where an order stands: PLACED, APPROVED, SHIPPED, DELIVERED, or CANCELLED.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::OrderStatus")]
pub enum OrderStatus {
    /// It waits for its payment.
    Placed,
    /// It is paid.
    Approved,
    /// It is on its way.
    Shipped,
    /// It arrived.
    Delivered,
    /// It was ended; its pet is free again.
    Cancelled,
}

/// Where a payment stands.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::PaymentStatus")]
pub enum PaymentStatus {
    /// It was not yet asked for.
    Pending,
    /// The bank is being asked.
    Processing,
    /// The money came in.
    Succeeded,
    /// It was declined.
    Failed,
    /// It was given up before the bank answered.
    Cancelled,
    /// The money was given back.
    Refunded,
}

/// Who issued a card.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::payment::CardBrand")]
pub enum CardBrand {
    /// Visa.
    Visa,
    /// Mastercard.
    Mastercard,
    /// American Express.
    Amex,
    /// Discover.
    Discover,
    /// Diners Club.
    Diners,
    /// JCB.
    Jcb,
    /// UnionPay.
    #[graphql(name = "UNIONPAY")]
    UnionPay,
}

/// What kind of bank account.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::payment::AccountType")]
pub enum AccountType {
    /// A person's.
    Individual,
    /// A company's.
    Company,
    /// A checking account.
    Checking,
    /// A savings account.
    Savings,
}

/// Whether a user may act.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::user::UserStatus")]
pub enum UserStatus {
    /// The user may act.
    Active,
    /// The user was shut out.
    Suspended,
}

/// What a user is in its tenant.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::Role")]
pub enum Role {
    /// A customer.
    User,
    /// One of the staff.
    Staff,
    /// An administrator.
    Admin,
}
