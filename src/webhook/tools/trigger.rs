//! `petstore trigger`: makes an event happen by doing what leads to it, with real resources.

use reqwest::Method;
use serde_json::{Value, json};

use super::ToolError;
use super::remote::{Login, Remote};
use crate::clock::{Clock, Ids};
use crate::domain::EventType;

/// The events that it can make happen.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    EventType::ALL.iter().filter(|kind| steps(**kind).is_some()).map(|kind| kind.name())
}

/// One call; its path may name what earlier calls have made.
enum Step {
    Pet,
    ChangePet,
    HidePet,
    DeletePet,
    Order,
    Pay(&'static str),
    Cancel,
    SignUp,
}

const GOOD: &str = "4242424242424242";
const DECLINED: &str = "4000000000000002";

fn steps(kind: EventType) -> Option<&'static [Step]> {
    use EventType as E;
    Some(match kind {
        E::PetCreated | E::InventoryChanged => &[Step::Pet],
        E::PetUpdated => &[Step::Pet, Step::ChangePet],
        E::PetStatusChanged => &[Step::Pet, Step::HidePet],
        E::PetDeleted => &[Step::Pet, Step::DeletePet],
        E::OrderCreated => &[Step::Pet, Step::Order],
        E::OrderStatusChanged | E::PaymentSucceeded | E::PetAdopted => {
            &[Step::Pet, Step::Order, Step::Pay(GOOD)]
        }
        E::PaymentFailed => &[Step::Pet, Step::Order, Step::Pay(DECLINED)],
        E::PaymentRefunded => &[Step::Pet, Step::Order, Step::Pay(GOOD), Step::Cancel],
        E::UserCreated => &[Step::SignUp],
        _ => return None,
    })
}

/// Makes an event of the type `name` happen; tells `report` each call.
///
/// # Errors
/// [`ToolError::Refused`] for a type that it cannot make, and when the store refuses a call.
pub async fn trigger(login: &Login, name: &str, report: &(dyn Fn(String) + Sync)) -> Result<(), ToolError> {
    let Some(steps) = EventType::from_name(name).and_then(steps) else {
        let known: Vec<&str> = kinds().collect();
        return Err(ToolError::Refused(format!(
            "{name} cannot be triggered; these can: {}",
            known.join(", ")
        )));
    };
    let remote = Remote::open(login).await?;
    let (mut pet, mut order) = (Value::Null, Value::Null);
    for step in steps {
        let id = |resource: &Value| resource["id"].as_str().unwrap_or_default().to_owned();
        let (method, path, body) = call(step, &id(&pet), &id(&order), &order);
        let done = remote.call(method.clone(), &path, body.as_ref()).await;
        report(format!("{method} {path}"));
        match (step, done) {
            // That is what was wanted.
            (Step::Pay(DECLINED), Err(ToolError::Refused(_))) => {}
            (Step::Pet, done) => pet = done?,
            (Step::Order, done) => order = done?,
            (_, done) => drop(done?),
        }
    }
    Ok(())
}

fn call(step: &Step, pet: &str, order: &str, placed: &Value) -> (Method, String, Option<Value>) {
    match step {
        Step::Pet => {
            let body = json!({ "name": "Trigger", "species": "DOG", "ageMonths": 7, "price": "125.50" });
            (Method::POST, "/v1/pets".into(), Some(body))
        }
        Step::ChangePet => (Method::PUT, format!("/v1/pets/{pet}"), Some(json!({ "ageMonths": 8 }))),
        Step::HidePet => (Method::PUT, format!("/v1/pets/{pet}"), Some(json!({ "status": "NOT_AVAILABLE" }))),
        Step::DeletePet => (Method::DELETE, format!("/v1/pets/{pet}"), None),
        Step::Order => (Method::POST, "/v1/orders".into(), Some(json!({ "petId": pet }))),
        Step::Pay(number) => {
            let source = json!({ "object": "card", "name": "Jane Doe", "number": number, "cvc": "123",
                "expMonth": 12, "expYear": 2099 });
            let body =
                json!({ "amount": placed["totalAmount"], "currency": placed["currency"], "source": source });
            (Method::POST, format!("/v1/orders/{order}/payment"), Some(body))
        }
        Step::Cancel => (Method::DELETE, format!("/v1/orders/{order}"), None),
        Step::SignUp => {
            let name = format!("trigger{}", &Ids::new(Clock::system()).uuid_v7().simple().to_string()[..20]);
            let body = json!({ "username": name, "email": format!("{name}@example.com"), "password": "petstore-trigger" });
            (Method::POST, "/v1/users".into(), Some(body))
        }
    }
}
