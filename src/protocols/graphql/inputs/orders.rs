//! What is said of orders, beside how they are placed and paid.

use async_graphql::InputObject;

use crate::domain::callback::CallbackDraft;

/// A callback that is asked for, as REST has it.
#[derive(InputObject)]
pub struct OrderCallbackInput {
    /// The amount that is expected, such as "75.00".
    amount: Option<String>,
    /// The currency that is expected.
    currency: Option<String>,
    /// When it was asked for: Unix seconds as a text.
    timestamp: Option<String>,
    /// Where the outcome is to be sent.
    callback_url: Option<String>,
}

impl From<OrderCallbackInput> for CallbackDraft {
    fn from(input: OrderCallbackInput) -> Self {
        let OrderCallbackInput { amount, currency, timestamp, callback_url } = input;
        Self { amount, currency, timestamp, callback_url }
    }
}

/// Why an administrator ends an order.
#[derive(InputObject)]
pub struct ForceCancelOrderInput {
    /// Why, for the audit log; 1 to 500 characters.
    pub reason: Option<String>,
}
