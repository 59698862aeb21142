//! Payments of the demo store: the domain's payment sandbox is asked, with the test numbers that every sandbox knows.

use super::generator::Random;
use crate::domain::payment::{Address, Outcome, SourceDraft};
use crate::domain::{
    Error, Order, Payment, PaymentId, PaymentStatus, Receipt, ReceiptId, Result, Tenant, Timestamp, User,
};

/// Test cards that are captured. They are in no bank's books, and only brand and last digits are kept of them.
const GOOD_CARDS: &[&str] = &[
    "4242424242424242",
    "4000056655665556",
    "5555555555554444",
    "2223003122003222",
    "5200828282828210",
    "378282246310005",
    "371449635398431",
    "6011111111111117",
    "6011000990139424",
    "3056930009020004",
    "3566002020360505",
    "6200000000000005",
];

/// Test cards that are declined, each with a reason of its own.
const BAD_CARDS: &[&str] = &[
    "4000000000000002",
    "4000000000009995",
    "4000000000009987",
    "4000000000000069",
    "4000000000000127",
    "4000000000000119",
];

/// Test account that is captured, and the routing number that goes with it.
const GOOD_ACCOUNT: (&str, &str) = ("000123456789", "110000000");

/// Streets, cities and post codes of billing addresses.
const STREETS: &[&str] = &[
    "Maple Street",
    "Oak Avenue",
    "Cedar Lane",
    "Elm Street",
    "Washington Avenue",
    "Lakeview Drive",
    "Mill Road",
    "Park Place",
    "Chestnut Street",
    "Hillcrest Road",
    "River Street",
    "Sunset Boulevard",
];
const CITIES: [(&str, &str); 10] = [
    ("New York", "10001"),
    ("Portland", "97205"),
    ("Austin", "78701"),
    ("Chicago", "60614"),
    ("Denver", "80203"),
    ("Seattle", "98103"),
    ("Boston", "02116"),
    ("Raleigh", "27601"),
    ("Minneapolis", "55408"),
    ("San Francisco", "94110"),
];

/// Someone who pays; the same card and address every time.
pub(super) struct Payer {
    name: String,
    card: &'static str,
    by_bank: bool,
    address: Address,
    expiry: (i64, i64),
}

impl Payer {
    /// `user`, who is the customer of that number.
    pub fn new(user: &User, number: usize) -> Self {
        // By the customer's number and not by chance, so that it is the same in all orders.
        let (city, post_code) = CITIES[number % CITIES.len()];
        let house = 12 + number * 37 % 880;
        let names = [user.first_name.as_deref(), user.last_name.as_deref()];
        Self {
            name: names.into_iter().flatten().collect::<Vec<_>>().join(" "),
            card: GOOD_CARDS[number * 5 % GOOD_CARDS.len()],
            by_bank: number % 9 == 8,
            address: Address {
                line1: Some(format!("{house} {}", STREETS[number * 7 % STREETS.len()])),
                line2: (number % 4 == 1).then(|| format!("Apt {}", number % 23 + 1)),
                city: Some(city.to_owned()),
                country: Some("us".to_owned()),
                post_code: Some(post_code.to_owned()),
            },
            expiry: (number as i64 % 12 + 1, 2028 + number as i64 % 4),
        }
    }

    fn card(&self, number: &str) -> SourceDraft {
        SourceDraft::Card {
            name: Some(self.name.clone()),
            number: Some(number.to_owned()),
            cvc: None,
            exp_month: Some(self.expiry.0),
            exp_year: Some(self.expiry.1),
            address: self.address.clone(),
        }
    }

    fn source(&self) -> SourceDraft {
        if !self.by_bank {
            return self.card(self.card);
        }
        SourceDraft::BankAccount {
            name: Some(self.name.clone()),
            number: Some(GOOD_ACCOUNT.0.to_owned()),
            routing_number: Some(GOOD_ACCOUNT.1.to_owned()),
            sort_code: None,
            account_type: None,
            bank_name: Some("First Example Bank".to_owned()),
        }
    }
}

/// A payment of `order` that succeeds `at` that time, and its receipt.
///
/// # Errors
/// What the domain refuses.
pub(super) fn pay(
    random: &mut Random,
    order: &Order,
    payer: &Payer,
    at: Timestamp,
    public_url: &str,
) -> Result<(Payment, Receipt)> {
    let payment = charge(random, order, payer.source(), at)?;
    let id = ReceiptId(random.uuid_v7(at));
    let receipt = Receipt {
        id,
        payment_id: payment.id,
        url: format!("{public_url}/v1/receipts/{id}"),
        generated_at: at,
    };
    Ok((payment, receipt))
}

/// A payment of `order` that is declined `at` that time.
///
/// # Errors
/// What the domain refuses.
pub(super) fn decline(random: &mut Random, order: &Order, payer: &Payer, at: Timestamp) -> Result<Payment> {
    let card = payer.card(random.pick(BAD_CARDS));
    charge(random, order, card, at)
}

fn charge(random: &mut Random, order: &Order, source: SourceDraft, at: Timestamp) -> Result<Payment> {
    let (source, outcome) = source.charge(at).map_err(Error::Invalid)?;
    let (status, failure_code) = match outcome {
        Outcome::Captured => (PaymentStatus::Succeeded, None),
        Outcome::Declined(reason) => (PaymentStatus::Failed, Some(reason.to_owned())),
    };
    Ok(Payment {
        id: PaymentId(random.uuid_v7(at)),
        tenant: Tenant::PUBLIC,
        order_id: order.id,
        amount: order.total_amount,
        currency: order.currency,
        source,
        status,
        failure_code,
        created_at: at,
    })
}
