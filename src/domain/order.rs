//! Orders and their life: PLACED → APPROVED → SHIPPED → DELIVERED, or CANCELLED.

use super::{Amount, Currency, Error, OrderId, PetId, Tenant, Timestamp, UserId, named_enum};

named_enum! {
    /// Where an order stands.
    OrderStatus {
        Placed => "PLACED",
        Approved => "APPROVED",
        Shipped => "SHIPPED",
        Delivered => "DELIVERED",
        Cancelled => "CANCELLED",
    }
}

/// What can be done to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderCommand {
    /// The payment came in.
    Approve,
    /// It left the house.
    Ship,
    /// It arrived.
    Deliver,
    /// The owner does not want it any more.
    Cancel,
    /// An administrator ends it, from any state.
    ForceCancel,
}

impl OrderStatus {
    /// The state after `command`.
    ///
    /// # Errors
    /// [`Error::IllegalTransition`] (or [`Error::AlreadyPaid`] for a second payment), naming the state and what
    /// would have been allowed.
    pub fn after(self, command: OrderCommand) -> Result<OrderStatus, Error> {
        use OrderCommand as C;
        use OrderStatus as S;
        match (self, command) {
            (S::Placed, C::Approve) => Ok(S::Approved),
            (S::Approved, C::Ship) => Ok(S::Shipped),
            (S::Shipped, C::Deliver) => Ok(S::Delivered),
            (S::Placed | S::Approved, C::Cancel) => Ok(S::Cancelled),
            (S::Placed | S::Approved | S::Shipped | S::Delivered, C::ForceCancel) => Ok(S::Cancelled),
            (S::Approved | S::Shipped | S::Delivered, C::Approve) => Err(Error::AlreadyPaid),
            _ => {
                let (name, allowed) = match command {
                    C::Approve => ("paid", "only a PLACED order can be"),
                    C::Ship => ("shipped", "only an APPROVED order can be"),
                    C::Deliver => ("delivered", "only a SHIPPED order can be"),
                    C::Cancel => ("cancelled", "only a PLACED or APPROVED order can be"),
                    C::ForceCancel => ("cancelled", "it is cancelled already"),
                };
                Err(Error::IllegalTransition { status: self.name(), command: name, allowed })
            }
        }
    }

    /// Whether the order still holds its pet back from others without having given it away.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Placed | Self::Approved | Self::Shipped)
    }
}

/// One pet for one buyer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub id: OrderId,
    pub tenant: Tenant,
    pub pet_id: PetId,
    /// Nobody for an anonymous order of the public pool.
    pub user_id: Option<UserId>,
    pub status: OrderStatus,
    pub total_amount: Amount,
    pub currency: Currency,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Which orders a list shows.
#[derive(Clone, Debug, Default)]
pub struct OrderFilter {
    pub status: Option<OrderStatus>,
    pub user_id: Option<UserId>,
    pub pet_id: Option<PetId>,
    /// Placed not before.
    pub created_from: Option<Timestamp>,
    /// Placed not after.
    pub created_to: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn command() -> impl Strategy<Value = OrderCommand> {
        use OrderCommand as C;
        prop_oneof![Just(C::Approve), Just(C::Ship), Just(C::Deliver), Just(C::Cancel), Just(C::ForceCancel)]
    }

    proptest! {
        /// Written against the contract's words, not against the table above.
        #[test]
        fn no_sequence_of_commands_reaches_an_illegal_state(commands in prop::collection::vec(command(), 0..30)) {
            let mut status = OrderStatus::Placed;
            let mut path = vec![status];
            for command in commands {
                if let Ok(next) = status.after(command) {
                    prop_assert_ne!(next, status, "an accepted command always changes the state");
                    prop_assert_ne!(status, OrderStatus::Cancelled, "nothing leaves CANCELLED");
                    if next == OrderStatus::Cancelled && command == OrderCommand::Cancel {
                        prop_assert!(matches!(status, OrderStatus::Placed | OrderStatus::Approved));
                    }
                    status = next;
                    path.push(status);
                }
            }
            let forward = [OrderStatus::Placed, OrderStatus::Approved, OrderStatus::Shipped, OrderStatus::Delivered];
            let live: Vec<_> = path.iter().copied().filter(|s| *s != OrderStatus::Cancelled).collect();
            prop_assert_eq!(&forward[..live.len()], &live[..], "no state is skipped or repeated");
        }
    }
}
