//! The people of the demo store: two who work there, and its customers.

use super::generator::Random;
use super::{DAY_MS, DEMO_PASSWORD, MINUTE_MS, OPENED_MS};
use crate::domain::user::{PreferencesDraft, UserDraft};
use crate::domain::{Error, Result, Role, Tenant, Timestamp, User, UserId};

/// The accounts that the README names: user name, first and last name, role.
const NAMED: [(&str, &str, &str, Role); 4] = [
    ("admin", "Avery", "Morgan", Role::Admin),
    ("staff", "Sam", "Okafor", Role::Staff),
    ("alice", "Alice", "Nguyen", Role::User),
    ("bob", "Bob", "Martins", Role::User),
];

/// Customers: user name, first and last name.
const CUSTOMERS: [(&str, &str, &str); 46] = [
    ("grace.bennett", "Grace", "Bennett"),
    ("mateo.alvarez", "Mateo", "Álvarez"),
    ("hannah.weiss", "Hannah", "Weiss"),
    ("darnell.brooks", "Darnell", "Brooks"),
    ("yuki.tanaka", "Yuki", "Tanaka"),
    ("zoe.lindqvist", "Zoë", "Lindqvist"),
    ("omar.haddad", "Omar", "Haddad"),
    ("claire.dubois", "Claire", "Dubois"),
    ("tyler.jensen", "Tyler", "Jensen"),
    ("amara.eze", "Amara", "Eze"),
    ("lukasz.nowak", "Łukasz", "Nowak"),
    ("megan_oconnor", "Megan", "O'Connor"),
    ("rahul.mehta", "Rahul", "Mehta"),
    ("sofia.rossi", "Sofia", "Rossi"),
    ("jamal.carter", "Jamal", "Carter"),
    ("ingrid.solberg", "Ingrid", "Solberg"),
    ("daniel.cohen", "Daniel", "Cohen"),
    ("linh.tran", "Linh", "Tran"),
    ("nora.fitzgerald", "Nora", "Fitzgerald"),
    ("pablo.jimenez", "Pablo", "Jiménez"),
    ("katie.sullivan", "Katie", "Sullivan"),
    ("isaac.mensah", "Isaac", "Mensah"),
    ("emily.chen", "Emily", "Chen"),
    ("viktor.petrov", "Viktor", "Petrov"),
    ("brianna.lewis", "Brianna", "Lewis"),
    ("fatima.rahman", "Fatima", "Rahman"),
    ("george.papadakis", "George", "Papadakis"),
    ("leilani.kealoha", "Leilani", "Kealoha"),
    ("marcus.hughes", "Marcus", "Hughes"),
    ("anika.bergstrom", "Anika", "Bergström"),
    ("teresa.gallagher", "Teresa", "Gallagher"),
    ("josh-whitaker", "Josh", "Whitaker"),
    ("minji.park", "Min-ji", "Park"),
    ("elena.popescu", "Elena", "Popescu"),
    ("caleb.foster", "Caleb", "Foster"),
    ("renee.tremblay", "Renée", "Tremblay"),
    ("dina.saleh", "Dina", "Saleh"),
    ("walt_hutchins", "Walt", "Hutchins"),
    ("priya.nair", "Priya", "Nair"),
    ("oscar.lund", "Oscar", "Lund"),
    ("beth.kowalski", "Beth", "Kowalski"),
    ("andre.silva", "André", "Silva"),
    ("charlotte.reyes", "Charlotte", "Reyes"),
    ("kofi.asante", "Kofi", "Asante"),
    ("rosa.delgado", "Rosa", "Delgado"),
    ("henry.whitfield", "Henry", "Whitfield"),
];

/// Area codes of the phone numbers; the rest is from 555-0100 to 555-0199, which are given to nobody.
const AREA_CODES: [&str; 10] = ["206", "212", "303", "312", "415", "503", "512", "612", "617", "919"];

/// When the last customer signed up, after the opening.
const SIGN_UPS_MS: i64 = 80 * DAY_MS;

/// Everyone, in the order in which they signed up; the first four are admin, staff, alice and bob.
///
/// # Errors
/// [`Error::Invalid`] when the domain refuses one.
pub(super) fn people(random: &mut Random) -> Result<Vec<User>> {
    let mut users = Vec::with_capacity(NAMED.len() + CUSTOMERS.len());
    for (index, (username, first, last, role)) in NAMED.into_iter().enumerate() {
        let after_ms = index as i64 * 20 * MINUTE_MS;
        users.push(user(random, (username, first, last), role, after_ms, index)?);
    }
    let count = CUSTOMERS.len() as i64;
    for (index, name) in CUSTOMERS.into_iter().enumerate() {
        // A new store wins its customers quickly at first, and then ever more slowly.
        let step = index as i64 + 1;
        let after_ms = SIGN_UPS_MS * step * step / (count * count) + random.within(60..=90) * MINUTE_MS;
        users.push(user(random, name, Role::User, after_ms, NAMED.len() + index)?);
    }
    Ok(users)
}

fn user(
    random: &mut Random,
    name: (&str, &str, &str),
    role: Role,
    after_ms: i64,
    index: usize,
) -> Result<User> {
    let (username, first, last) = name;
    let at = Timestamp::from_ms(OPENED_MS + after_ms);
    let draft = UserDraft {
        username: Some(username.to_owned()),
        email: Some(format!("{username}@example.com")),
        password: Some(DEMO_PASSWORD.to_owned()),
        first_name: Some(first.to_owned()),
        last_name: Some(last.to_owned()),
        phone: Some(format!("+1{}55501{index:02}", random.pick(&AREA_CODES))),
        preferences: Some(PreferencesDraft {
            newsletter: Some(random.chance(40)),
            notifications: Some(random.chance(75)),
        }),
    };
    let (user, _password) =
        draft.create(UserId(random.uuid_v7(at)), Tenant::PUBLIC, role, at).map_err(Error::Invalid)?;
    Ok(user)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn there_are_fifty_with_names_and_numbers_of_their_own() {
        let users = people(&mut Random::new(1)).unwrap();
        assert_eq!(users.len(), 50);
        let names: HashSet<String> = users.iter().map(|user| user.username.to_lowercase()).collect();
        let phones: HashSet<&str> = users.iter().filter_map(|user| user.phone.as_deref()).collect();
        assert_eq!((names.len(), phones.len()), (50, 50));
        assert!(
            phones.iter().all(|phone| phone.len() == 12 && phone[5..].starts_with("55501")),
            "{phones:?}"
        );
        assert!(users.iter().all(|user| user.email.ends_with("@example.com")));
        assert!(users.is_sorted_by_key(|user| user.created_at));
        let roles: Vec<(&str, Role)> =
            users[..5].iter().map(|user| (user.username.as_str(), user.role)).collect();
        assert_eq!(roles[..2], [("admin", Role::Admin), ("staff", Role::Staff)]);
        assert_eq!(roles[2..4], [("alice", Role::User), ("bob", Role::User)]);
        assert!(users[4..].iter().all(|user| user.role == Role::User));
    }
}
