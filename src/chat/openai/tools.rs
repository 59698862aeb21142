//! What the model may look up in the store: with the rights of who asks, through the use cases that everyone goes through.

use serde::Deserialize;
use serde_json::{Value, json};

use super::protocol::Call;
use crate::app::{App, Caller};
use crate::chat::knowledge::{Wish, orders, pets};
use crate::domain::{Amount, Species};
use crate::wire;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PetQuery {
    species: Option<String>,
    max_price: Option<f64>,
    good_with_kids: Option<bool>,
    max_age_months: Option<u32>,
}

/// The tools, as the service wants them declared.
pub(super) fn declared() -> Value {
    let species: Vec<&str> = Species::ALL.iter().map(|species| species.name()).collect();
    json!([
        { "type": "function", "function": {
            "name": "search_pets",
            "description": "Pets that are available in the store now.",
            "parameters": { "type": "object", "additionalProperties": false, "properties": {
                "species": { "type": "string", "enum": species },
                "max_price": { "type": "number", "description": "Highest price." },
                "good_with_kids": { "type": "boolean" },
                "max_age_months": { "type": "integer", "minimum": 0 },
            } },
        } },
        { "type": "function", "function": {
            "name": "my_orders",
            "description": "The newest orders of the user who asks.",
            "parameters": { "type": "object", "additionalProperties": false, "properties": {} },
        } },
    ])
}

/// What a tool returns, as JSON text; a refusal is told to the model like any other result.
pub(super) async fn run(app: &App, caller: &Caller, call: &Call) -> String {
    let result = match call.name.as_str() {
        "search_pets" => search(app, caller, &call.arguments).await,
        "my_orders" => match orders(app, caller).await {
            Ok(orders) => Ok(json!(orders.iter().map(wire::order::Order::from).collect::<Vec<_>>())),
            Err(error) => Err(error.to_string()),
        },
        _ => Err("there is no such tool; known are search_pets and my_orders".to_owned()),
    };
    result.unwrap_or_else(|error| json!({ "error": error })).to_string()
}

async fn search(app: &App, caller: &Caller, arguments: &str) -> Result<Value, String> {
    let arguments = if arguments.trim().is_empty() { "{}" } else { arguments };
    let query: PetQuery = serde_json::from_str(arguments).map_err(|error| format!("arguments: {error}"))?;
    let species = match query.species {
        Some(name) => Some(Species::parse("species", &name).map_err(|violation| violation.message)?),
        None => None,
    };
    let max_price = match query.max_price {
        Some(price) => Some(Amount::parse("max_price", &format!("{price:.2}")).map_err(|v| v.message)?),
        None => None,
    };
    let wish = Wish {
        species,
        max_price,
        good_with_kids: query.good_with_kids,
        age_max: query.max_age_months,
        ..Wish::default()
    };
    let found = pets(app, caller, &wish).await.map_err(|error| error.to_string())?;
    Ok(json!(found.iter().map(wire::pet::Pet::from).collect::<Vec<_>>()))
}
