//! Which of the events of its types an endpoint wants.

use rust_decimal::Decimal;

use crate::domain::event::{Data, Event};
use crate::domain::{OrderId, PetId, UserId, Violation, named_enum};

named_enum! {
    /// How a condition compares.
    Operator {
        Eq => "eq", Ne => "ne", In => "in", Gt => "gt", Gte => "gte", Lt => "lt", Lte => "lte", Exists => "exists",
    }
}

/// Most conditions of one filter.
pub const MAX_CONDITIONS: usize = 10;
/// Most values of one condition.
pub const MAX_VALUES: usize = 20;
/// Longest field and value of a condition, in bytes.
pub const MAX_TEXT: usize = 200;

/// One field of an event's data, compared with values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// A dotted path into `data`, such as `order.status`.
    pub field: String,
    pub operator: Operator,
    /// One value; several for `in`; none for `exists`.
    pub values: Vec<String>,
}

/// All parts that are given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub order_id: Option<OrderId>,
    pub user_id: Option<UserId>,
    pub pet_id: Option<PetId>,
    pub conditions: Vec<Condition>,
}

impl Filter {
    /// Whether the event is about the order, the user and the pet that are named.
    pub fn admits(&self, event: &Event) -> bool {
        let (order, pet) = match &event.data {
            Data::Order { order, .. } | Data::Payment { order, .. } => (Some(order.id), Some(order.pet_id)),
            Data::Pet { pet, .. } => (None, Some(pet.id)),
            Data::Inventory { .. }
            | Data::User { .. }
            | Data::Endpoint(_)
            | Data::Provider(_)
            | Data::Chat { .. } => (None, None),
        };
        self.order_id.is_none_or(|wanted| order == Some(wanted))
            && self.user_id.is_none_or(|wanted| event.owner() == Some(wanted))
            && self.pet_id.is_none_or(|wanted| pet == Some(wanted))
    }

    /// Whether every condition holds for the data whose fields `value` tells: the text of a string, number or flag.
    pub fn holds(&self, value: impl Fn(&str) -> Option<String>) -> bool {
        self.conditions.iter().all(|condition| condition.holds(value(&condition.field)))
    }

    /// What is wrong with it.
    pub fn violations(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut broken =
            |field: String, code, message: String| found.push(Violation::new(field, code, message));
        if self.conditions.len() > MAX_CONDITIONS {
            broken("filter.conditions".into(), "length", format!("must have at most {MAX_CONDITIONS} items"));
        }
        for (index, condition) in self.conditions.iter().enumerate() {
            let at = |part: &str| format!("filter.conditions[{index}].{part}");
            let path = !condition.field.is_empty() && condition.field.len() <= MAX_TEXT;
            if !path || condition.field.split('.').any(str::is_empty) {
                broken(
                    at("field"),
                    "invalid_path",
                    "must be a dotted path into data, such as order.status".into(),
                );
            }
            let (count, wanted) = (
                condition.values.len(),
                match condition.operator {
                    Operator::Exists => 0..=0,
                    Operator::In => 1..=MAX_VALUES,
                    _ => 1..=1,
                },
            );
            if !wanted.contains(&count) {
                let message =
                    format!("{} takes {} to {} of them", condition.operator, wanted.start(), wanted.end());
                broken(at("values"), "length", message);
            }
            if condition.values.iter().any(|value| value.len() > MAX_TEXT) {
                broken(at("values"), "length", format!("must each be at most {MAX_TEXT} bytes long"));
            }
        }
        found
    }
}

impl Condition {
    fn holds(&self, found: Option<String>) -> bool {
        let first = || self.values.first().map(String::as_str).unwrap_or_default();
        match (self.operator, found) {
            (Operator::Exists, found) => found.is_some(),
            (Operator::Ne, found) => found.as_deref() != Some(first()),
            (_, None) => false,
            (Operator::Eq, Some(found)) => found == first(),
            (Operator::In, Some(found)) => self.values.contains(&found),
            (Operator::Gt, Some(found)) => compare(&found, first()).is_gt(),
            (Operator::Gte, Some(found)) => compare(&found, first()).is_ge(),
            (Operator::Lt, Some(found)) => compare(&found, first()).is_lt(),
            (Operator::Lte, Some(found)) => compare(&found, first()).is_le(),
        }
    }
}

/// Numbers as numbers, everything else (times are written so that it fits) by its text.
fn compare(one: &str, other: &str) -> std::cmp::Ordering {
    match (one.parse::<Decimal>(), other.parse::<Decimal>()) {
        (Ok(one), Ok(other)) => one.cmp(&other),
        _ => one.cmp(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(operator: Operator, values: &[&str], found: Option<&str>) -> bool {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        let filter = Filter {
            conditions: vec![Condition { field: "a.b".into(), operator, values }],
            ..Filter::default()
        };
        filter.holds(|path| found.filter(|_| path == "a.b").map(str::to_owned))
    }

    #[test]
    fn compares_as_it_says() {
        use Operator as O;
        for (operator, values, found, expected) in [
            (O::Eq, &["x"][..], Some("x"), true),
            (O::Eq, &["x"], Some("y"), false),
            (O::Eq, &["x"], None, false),
            (O::Ne, &["x"], Some("y"), true),
            (O::Ne, &["x"], None, true),
            (O::In, &["x", "y"], Some("y"), true),
            (O::In, &["x", "y"], Some("z"), false),
            (O::Gt, &["100"], Some("99.50"), false),
            (O::Gt, &["100"], Some("100.01"), true),
            (O::Gte, &["100"], Some("100.00"), true),
            (O::Lt, &["9"], Some("10"), false),
            (O::Lte, &["2026-01-02T00:00:00Z"], Some("2026-01-01T23:00:00Z"), true),
            (O::Exists, &[], Some(""), true),
            (O::Exists, &[], None, false),
        ] {
            assert_eq!(holds(operator, values, found), expected, "{operator} {values:?} {found:?}");
        }
    }

    #[test]
    fn names_each_breach() {
        let condition = |field: &str, operator, values: usize| Condition {
            field: field.into(),
            operator,
            values: vec!["v".into(); values],
        };
        let conditions = vec![
            condition("order.status", Operator::Eq, 1),
            condition("order..status", Operator::Eq, 1),
            condition("x", Operator::Exists, 1),
            condition("x", Operator::In, 0),
            condition("x", Operator::Lt, 2),
        ];
        let filter = Filter { conditions, ..Filter::default() };
        let fields: Vec<String> = filter.violations().into_iter().map(|violation| violation.field).collect();
        let at = |index: usize, part: &str| format!("filter.conditions[{index}].{part}");
        assert_eq!(fields, [at(1, "field"), at(2, "values"), at(3, "values"), at(4, "values")]);
    }
}
