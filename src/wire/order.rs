//! Orders.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Unreadable;
use crate::domain::{
    self, Amount, Currency, Error, OrderId, OrderStatus, PetId, Tenant, Timestamp, UserId, Violation,
};

/// An order (contract §3).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    pub id: String,
    pub pet_id: String,
    pub user_id: Option<String>,
    pub status: String,
    pub total_amount: String,
    pub currency: String,
    pub created_at: String,
    pub updated_at: String,
    pub tenant_id: Option<Uuid>,
}

impl From<&domain::Order> for Order {
    fn from(order: &domain::Order) -> Self {
        Self {
            id: order.id.to_string(),
            pet_id: order.pet_id.to_string(),
            user_id: order.user_id.map(|id| id.to_string()),
            status: order.status.to_string(),
            total_amount: order.total_amount.to_string(),
            currency: order.currency.to_string(),
            created_at: order.created_at.to_string(),
            updated_at: order.updated_at.to_string(),
            tenant_id: order.tenant.id(),
        }
    }
}

impl Order {
    /// The order that this was written from.
    pub(super) fn restore(self) -> Result<domain::Order, Unreadable> {
        let read = || {
            Some(domain::Order {
                id: OrderId::parse("id", &self.id).ok()?,
                tenant: Tenant::from_uuid(self.tenant_id.unwrap_or_default()),
                pet_id: PetId::parse("petId", &self.pet_id).ok()?,
                user_id: match &self.user_id {
                    Some(id) => Some(UserId::parse("userId", id).ok()?),
                    None => None,
                },
                status: OrderStatus::from_name(&self.status)?,
                total_amount: Amount::parse("totalAmount", &self.total_amount).ok()?,
                currency: Currency::from_name(&self.currency)?,
                created_at: Timestamp::parse(&self.created_at)?,
                updated_at: Timestamp::parse(&self.updated_at)?,
            })
        };
        read().ok_or_else(|| Unreadable("order", self.id.clone()))
    }
}

/// The body of createOrder.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrderInput {
    pub pet_id: Option<String>,
}

impl OrderInput {
    /// The pet that is ordered.
    ///
    /// # Errors
    /// [`Error::Invalid`] when `petId` is missing or no id.
    pub fn pet_id(self) -> Result<PetId, Error> {
        let text = self.pet_id.ok_or_else(|| Error::invalid(Violation::required("petId")))?;
        PetId::parse("petId", &text).map_err(Error::invalid)
    }
}
