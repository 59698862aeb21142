//! Which items of a list are shown, and in what order.

use async_graphql::{Enum, ID, InputObject};

use crate::domain::chat::RoomFilter;
use crate::domain::order::OrderFilter;
use crate::domain::payment::PaymentFilter;
use crate::domain::pet::{MAX_AGE_MONTHS, PetFilter, PetSort, SearchText, check_text};
use crate::domain::user::UserFilter;
use crate::domain::{Error, OrderId, PetId, Result, UserId, Violation};
use crate::protocols::graphql::types::enums::{
    OrderStatus, PaymentStatus, PetStatus, Role, Size, Species, UserStatus,
};
use crate::protocols::graphql::types::scalars::DateTime;

/// Longest list of values, as in REST's search.
const MAX_VALUES: usize = 20;

/// Collects what is wrong with a filter.
#[derive(Default)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// The value, or nothing and a violation more.
    pub fn take<T>(&mut self, value: Option<Result<T, Violation>>) -> Option<T> {
        value.and_then(|value| value.map_err(|violation| self.0.push(violation)).ok())
    }

    /// What was found, and `more`.
    ///
    /// # Errors
    /// [`Error::Invalid`], always.
    pub fn refuse<T>(mut self, more: Vec<Violation>) -> Result<T> {
        self.0.extend(more);
        Err(Error::Invalid(self.0))
    }

    /// `value`, if nothing was wrong.
    pub fn finish<T>(self, value: T) -> Result<T> {
        if self.0.is_empty() { Ok(value) } else { Err(Error::Invalid(self.0)) }
    }

    /// An age in months.
    pub fn age(&mut self, field: &str, months: Option<i32>) -> Option<u32> {
        let months = months?;
        let allowed = u32::try_from(months).ok().filter(|months| *months <= MAX_AGE_MONTHS);
        let message = format!("must be between 0 and {MAX_AGE_MONTHS}; got {months}");
        self.take(Some(allowed.ok_or_else(|| Violation::new(field, "out_of_range", message))))
    }

    fn any_of<T: Into<D>, D: PartialEq>(&mut self, field: &str, values: Option<Vec<T>>) -> Vec<D> {
        let values = values.unwrap_or_default();
        if values.len() > MAX_VALUES {
            let message = format!("must have at most {MAX_VALUES} items");
            self.0.push(Violation::new(field, "too_many", message));
        }
        let mut each = Vec::new();
        for value in values.into_iter().take(MAX_VALUES).map(Into::into) {
            if !each.contains(&value) {
                each.push(value);
            }
        }
        each
    }

    /// A status of HTTP.
    pub fn status_code(&mut self, code: Option<i32>) -> Option<u16> {
        let allowed = code.map(|code| {
            u16::try_from(code).ok().filter(|code| (100..=999).contains(code)).ok_or_else(|| {
                let message = format!("must be a whole number between 100 and 999; got {code}");
                Violation::new("filter.statusCode", "out_of_range", message)
            })
        });
        self.take(allowed)
    }
}

/// A text of 1 to `max` characters.
pub fn text(field: &str, text: Option<String>, max: usize) -> Option<Result<String, Violation>> {
    text.map(|text| check_text(field, &text, 1, max).map_or(Ok(text), Err))
}

/// Which pets; what is left out lets all through.
#[derive(Default, InputObject)]
#[graphql(name = "PetFilter")]
pub struct PetFilterInput {
    /// Any of these species.
    species: Option<Vec<Species>>,
    /// Any of these statuses.
    status: Option<Vec<PetStatus>>,
    /// Any of these sizes.
    size: Option<Vec<Size>>,
    /// Least age in months, 0 or more.
    age_min: Option<i32>,
    /// Greatest age in months, 0 or more.
    age_max: Option<i32>,
    /// Only those that are, or are not, good with children.
    good_with_kids: Option<bool>,
    /// Only those that have, or have not, the tag "Good with dogs".
    good_with_dogs: Option<bool>,
    /// Only those that have, or have not, the tag "Good with cats".
    good_with_cats: Option<bool>,
    /// Only those that are, or are not, vaccinated.
    vaccinated: Option<bool>,
    /// Only those that were, or were not, spayed or neutered.
    spayed_neutered: Option<bool>,
    /// Only those that have, or have not, special needs.
    special_needs: Option<bool>,
    /// Words of the name, breed, description or tags; the last one may be cut short.
    text: Option<String>,
}

/// What pets can be ordered by.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::pet::PetSortKey")]
pub enum PetSortField {
    /// When they joined the store.
    CreatedAt,
    /// Their age.
    AgeMonths,
    /// Their price.
    Price,
}

/// Which way a list is ordered.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub enum SortDirection {
    /// The least first.
    Asc,
    /// The greatest first.
    Desc,
}

/// By what pets are ordered.
#[derive(InputObject)]
#[graphql(name = "PetSort")]
pub struct PetSortInput {
    /// The value.
    field: PetSortField,
    /// Which way.
    #[graphql(default_with = "SortDirection::Asc")]
    direction: SortDirection,
}

impl PetFilterInput {
    /// The filter that it says, in that order.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every violation.
    pub fn read(self, sort: Option<PetSortInput>) -> Result<PetFilter> {
        let mut found = Violations::default();
        let text = self.text.map(|text| SearchText::parse("filter.text", &text));
        let filter = PetFilter {
            species: found.any_of("filter.species", self.species),
            status: found.any_of("filter.status", self.status),
            size: found.any_of("filter.size", self.size),
            age_min: found.age("filter.ageMin", self.age_min),
            age_max: found.age("filter.ageMax", self.age_max),
            good_with_kids: self.good_with_kids,
            good_with_dogs: self.good_with_dogs,
            good_with_cats: self.good_with_cats,
            vaccinated: self.vaccinated,
            spayed_neutered: self.spayed_neutered,
            special_needs: self.special_needs,
            text: found.take(text).flatten(),
            sort: sort.map(|PetSortInput { field, direction }| PetSort {
                key: field.into(),
                descending: direction == SortDirection::Desc,
            }),
        };
        found.finish(filter)
    }
}

/// Which orders; what is left out lets all through.
#[derive(Default, InputObject)]
#[graphql(name = "OrderFilter")]
pub struct OrderFilterInput {
    /// Only with this status.
    status: Option<OrderStatus>,
    /// Only of this buyer.
    user_id: Option<ID>,
    /// Only of this pet.
    pet_id: Option<ID>,
    /// Placed not before.
    created_from: Option<DateTime>,
    /// Placed not after.
    created_to: Option<DateTime>,
}

impl OrderFilterInput {
    /// The filter that it says.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every violation.
    pub fn read(self) -> Result<OrderFilter> {
        let mut found = Violations::default();
        let filter = OrderFilter {
            status: self.status.map(Into::into),
            user_id: found.take(self.user_id.map(|id| UserId::parse("filter.userId", &id))),
            pet_id: found.take(self.pet_id.map(|id| PetId::parse("filter.petId", &id))),
            created_from: found.take(self.created_from.map(|time| time.at("filter.createdFrom"))),
            created_to: found.take(self.created_to.map(|time| time.at("filter.createdTo"))),
        };
        found.finish(filter)
    }
}

/// Which payments; what is left out lets all through.
#[derive(Default, InputObject)]
#[graphql(name = "PaymentFilter")]
pub struct PaymentFilterInput {
    /// Only with this status.
    status: Option<PaymentStatus>,
    /// Only of this order.
    order_id: Option<ID>,
    /// Made not before.
    created_from: Option<DateTime>,
    /// Made not after.
    created_to: Option<DateTime>,
}

impl PaymentFilterInput {
    /// The filter that it says.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every violation.
    pub fn read(self) -> Result<PaymentFilter> {
        let mut found = Violations::default();
        let filter = PaymentFilter {
            status: self.status.map(Into::into),
            order_id: found.take(self.order_id.map(|id| OrderId::parse("filter.orderId", &id))),
            created_from: found.take(self.created_from.map(|time| time.at("filter.createdFrom"))),
            created_to: found.take(self.created_to.map(|time| time.at("filter.createdTo"))),
        };
        found.finish(filter)
    }
}

/// Which conversations; what is left out lets all through.
#[derive(Default, InputObject)]
#[graphql(name = "ChatRoomFilter")]
pub struct ChatRoomFilterInput {
    /// Only those that wait for the staff, the longest wait first (staff).
    waiting: Option<bool>,
    /// Only of this user.
    user_id: Option<ID>,
    /// Only those that this member of the staff has taken over.
    agent_id: Option<ID>,
}

impl ChatRoomFilterInput {
    /// The filter that it says.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every violation.
    pub fn read(self) -> Result<RoomFilter> {
        let mut found = Violations::default();
        let filter = RoomFilter {
            user_id: found.take(self.user_id.map(|id| UserId::parse("filter.userId", &id))),
            agent_id: found.take(self.agent_id.map(|id| UserId::parse("filter.agentId", &id))),
            waiting: self.waiting.unwrap_or(false),
        };
        found.finish(filter)
    }
}

/// Which users; what is left out lets all through.
#[derive(Default, InputObject)]
#[graphql(name = "UserFilter")]
pub struct UserFilterInput {
    /// Part of the user name, the e-mail address or the name, in any letter case.
    text: Option<String>,
    /// Only with this status.
    status: Option<UserStatus>,
    /// Only of this role.
    role: Option<Role>,
}

impl UserFilterInput {
    /// The filter that it says.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every violation.
    pub fn read(self) -> Result<UserFilter> {
        let mut found = Violations::default();
        let filter = UserFilter {
            text: found.take(text("filter.text", self.text, UserFilter::MAX_TEXT)),
            status: self.status.map(Into::into),
            role: self.role.map(Into::into),
        };
        found.finish(filter)
    }
}
