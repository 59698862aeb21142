//! The story of one order: placed, paid, shipped, delivered; told through REST or through GraphQL.

use http::Method;
use serde_json::{Value, json};

use super::{Api, Refusal, TestServer, api};

/// A card that the payment sandbox always accepts.
pub const GOOD_CARD: &str = "4242424242424242";
/// One that it always declines.
pub const DECLINED_CARD: &str = "4000000000000002";

const ORDER: &str = "{ id petId userId status totalAmount currency createdAt updatedAt tenantId }";
/// Why a mutation did nothing.
const WHY: &str = "userErrors { code status message field rule paymentId }";
const PET: &str = "{ id name species ageMonths price currency status createdAt updatedAt tenantId }";
const PAYMENT: &str = "{ id amount currency status createdAt source { ... on Card { object name number brand last4 expMonth expYear } } }";

/// A way to drive the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    Rest,
    GraphQl,
}

/// The resource that was answered, or the refusal.
pub type Told = Result<Value, Refusal>;

impl Driver {
    pub const ALL: [Self; 2] = [Self::Rest, Self::GraphQl];

    /// The channel's name in audit rows.
    pub fn audited(self) -> &'static str {
        match self {
            Self::Rest => "REST",
            Self::GraphQl => "GRAPHQL",
        }
    }

    pub async fn create_pet(self, staff: &Api, name: &str) -> Told {
        match self {
            Self::Rest => {
                let pet = json!({ "name": name, "species": "DOG", "ageMonths": 5, "price": "75.00" });
                staff.post("/v1/pets", pet).await.result()
            }
            Self::GraphQl => {
                let input =
                    format!("{{name: {}, species: DOG, ageMonths: 5, price: \"75.00\"}}", json!(name));
                staff
                    .graphql(&format!("mutation {{ createPet(input: {input}) {{ pet {PET} {WHY} }} }}"))
                    .await
            }
        }
    }

    /// Sets the status of a pet.
    pub async fn update_pet(self, staff: &Api, id: &str, status: &str) -> Told {
        match self {
            Self::Rest => staff.put(&format!("/v1/pets/{id}"), json!({ "status": status })).await.result(),
            Self::GraphQl => {
                let id = json!(id);
                let query = format!(
                    "mutation {{ updatePet(id: {id}, input: {{status: {status}}}) {{ pet {PET} {WHY} }} }}"
                );
                staff.graphql(&query).await
            }
        }
    }

    pub async fn place(self, buyer: &Api, pet_id: &str) -> Told {
        match self {
            Self::Rest => buyer.post("/v1/orders", json!({ "petId": pet_id })).await.result(),
            Self::GraphQl => {
                let query = format!(
                    "mutation {{ placeOrder(input: {{petId: {}}}) {{ order {ORDER} {WHY} }} }}",
                    json!(pet_id)
                );
                buyer.graphql(&query).await
            }
        }
    }

    /// Pays with a card of `number`.
    pub async fn pay(self, buyer: &Api, order_id: &str, amount: &str, number: &str) -> Told {
        match self {
            Self::Rest => {
                buyer.post(&format!("/v1/orders/{order_id}/payment"), payment(amount, number)).await.result()
            }
            Self::GraphQl => {
                let card = format!(
                    "{{name: \"Alice Doe\", number: {}, cvc: \"123\", expMonth: 12, expYear: 2030}}",
                    json!(number)
                );
                let input = format!("{{amount: {}, currency: USD, source: {{card: {card}}}}}", json!(amount));
                let id = json!(order_id);
                buyer
                    .graphql(&format!(
                        "mutation {{ payOrder(id: {id}, input: {input}) {{ payment {PAYMENT} {WHY} }} }}"
                    ))
                    .await
            }
        }
    }

    pub async fn ship(self, staff: &Api, order_id: &str) -> Told {
        self.command(staff, "ship", order_id).await
    }

    pub async fn deliver(self, staff: &Api, order_id: &str) -> Told {
        self.command(staff, "deliver", order_id).await
    }

    async fn command(self, staff: &Api, name: &str, order_id: &str) -> Told {
        match self {
            Self::Rest => staff.command(&format!("/v1/orders/{order_id}/{name}")).await.result(),
            Self::GraphQl => {
                staff
                    .graphql(&format!(
                        "mutation {{ {name}Order(id: {}) {{ order {ORDER} {WHY} }} }}",
                        json!(order_id)
                    ))
                    .await
            }
        }
    }

    /// Cancels an order; REST answers with nothing.
    pub async fn cancel(self, user: &Api, order_id: &str) -> Told {
        match self {
            Self::Rest => user.delete(&format!("/v1/orders/{order_id}")).await.result(),
            Self::GraphQl => {
                let query =
                    format!("mutation {{ cancelOrder(id: {}) {{ order {ORDER} {WHY} }} }}", json!(order_id));
                user.graphql(&query).await
            }
        }
    }

    pub async fn read_order(self, user: &Api, order_id: &str) -> Told {
        match self {
            Self::Rest => user.get(&format!("/v1/orders/{order_id}")).await.result(),
            Self::GraphQl => {
                user.graphql(&format!("query {{ order(id: {}) {ORDER} }}", json!(order_id))).await
            }
        }
    }
}

/// The body of payOrder.
pub fn payment(amount: &str, number: &str) -> Value {
    json!({ "amount": amount, "currency": "USD", "source": {
        "object": "card", "name": "Alice Doe", "number": number, "cvc": "123", "expMonth": 12, "expYear": 2030,
    } })
}

/// Who acts in the story.
pub struct Story {
    pub staff: Api,
    pub buyer: Api,
}

impl Story {
    /// With the demo accounts.
    pub async fn cast(server: &TestServer) -> Self {
        Self { staff: server.user("staff").await, buyer: server.user("alice").await }
    }

    /// Tells it whole: what each of the five steps was answered.
    pub async fn tell(&self, driver: Driver) -> Vec<Value> {
        let pet = driver.create_pet(&self.staff, "Rex").await.unwrap();
        let order = driver.place(&self.buyer, api::id(&pet)).await.unwrap();
        let id = api::id(&order).to_owned();
        let paid = driver.pay(&self.buyer, &id, "75.00", GOOD_CARD).await.unwrap();
        let shipped = driver.ship(&self.staff, &id).await.unwrap();
        let delivered = driver.deliver(&self.staff, &id).await.unwrap();
        vec![pet, order, paid, shipped, delivered]
    }
}

/// Deletes a pet, as the staff.
pub async fn delete_pet(staff: &Api, id: &str) -> Told {
    staff.send(staff.request(Method::DELETE, &format!("/v1/pets/{id}"))).await.result()
}
