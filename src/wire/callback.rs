//! Callbacks of orders: the request, and what is posted to the caller (contract §1).

use serde::{Deserialize, Serialize};

use super::Unreadable;
use crate::domain::callback::{CallbackDraft, Processed, ProcessedStatus, ProcessingFailure, Transaction};
use crate::domain::event::Data;
use crate::domain::{Event, PaymentId};

/// The body of the "Callback Example", POST /orders/{id}.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CallbackInput {
    pub amount: Option<String>,
    pub currency: Option<String>,
    pub timestamp: Option<String>,
    pub callback_url: Option<String>,
}

impl From<CallbackInput> for CallbackDraft {
    fn from(input: CallbackInput) -> Self {
        let CallbackInput { amount, currency, timestamp, callback_url } = input;
        Self { amount, currency, timestamp, callback_url }
    }
}

/// How the processing ended; what is not known is null.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Processing {
    pub status: String,
    pub result: ProcessingResult,
}

/// What stands behind it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProcessingResult {
    pub transaction_id: Option<String>,
    pub processing_details: ProcessingDetails,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_message: Option<String>,
}

/// How the money went.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProcessingDetails {
    pub processor: Option<String>,
    pub approval_code: Option<String>,
}

impl From<&Processed> for Processing {
    fn from(processed: &Processed) -> Self {
        let transaction = processed.transaction.as_ref();
        Self {
            status: processed.status().to_string(),
            result: ProcessingResult {
                transaction_id: transaction.map(|transaction| transaction.id.to_string()),
                processing_details: ProcessingDetails {
                    processor: transaction.map(|transaction| transaction.processor.clone()),
                    approval_code: transaction.and_then(|transaction| transaction.approval_code.clone()),
                },
                failure_code: processed.failure.map(|failure| failure.to_string()),
                failure_message: processed.failure.map(|failure| failure.message().to_owned()),
            },
        }
    }
}

impl Processing {
    /// What this was written from.
    pub(super) fn restore(self) -> Result<Processed, Unreadable> {
        let unreadable = |what: &str| Unreadable("processing of an order", what.to_owned());
        let ProcessingResult { transaction_id, processing_details, failure_code, .. } = self.result;
        let failure = match failure_code {
            Some(code) => Some(ProcessingFailure::from_name(&code).ok_or_else(|| unreadable(&code))?),
            None => None,
        };
        let transaction = match (transaction_id, processing_details.processor) {
            (Some(id), Some(processor)) => Some(Transaction {
                id: PaymentId::parse("transactionId", &id).map_err(|_| unreadable(&id))?,
                processor,
                approval_code: processing_details.approval_code,
            }),
            _ => None,
        };
        let processed = Processed { failure, transaction };
        let stated = ProcessedStatus::from_name(&self.status);
        if stated == Some(processed.status()) { Ok(processed) } else { Err(unreadable(&self.status)) }
    }
}

/// `orderProcessed`, as it is posted to the caller.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderProcessed {
    /// The same over all attempts.
    request_id: String,
    order_id: String,
    #[serde(flatten)]
    processing: Processing,
    timestamp: String,
}

/// The JSON text of `orderProcessed` for an event of that kind; nothing for others.
pub fn order_processed(event: &Event) -> Option<String> {
    let Data::Order { order, processed: Some(processed), .. } = &event.data else { return None };
    let body = OrderProcessed {
        request_id: event.id.0.to_string(),
        order_id: order.id.to_string(),
        processing: processed.into(),
        timestamp: event.occurred_at.to_string(),
    };
    serde_json::to_string(&body).ok()
}

/// The answer of getCallbackSecret (ours). Not `Debug`.
#[derive(Serialize)]
pub struct CallbackSecret {
    /// `whsec_` and base64.
    pub secret: String,
}
