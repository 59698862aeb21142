//! Whether lists stay as quick when the store grows: pages of a thousand pets beside pages of a million.

use std::path::Path;
use std::time::Instant;

use crate::http::Connection;
use crate::server::Petstore;

/// Pets that the store grows to.
const SIZES: [u64; 2] = [1_000, 1_000_000];
/// Pages of each list, one after the other by their links (cursors past page 100), so that none is answered from memory.
const PAGES: usize = 140;
/// The lists: in the order of an index, narrowed by one, by fields without an index of their own, and by words.
const LISTS: [(&str, &str); 5] = [
    ("newest", ""),
    ("one species", "&species=CAT"),
    ("cheapest dogs that are free", "&species=DOG&status=AVAILABLE&sort=price"),
    ("young, small, good with kids", "&size=SMALL&ageMax=12&goodWithKids=true"),
    ("a word of one in a hundred", "&q=velvet"),
];

/// Prints what a page costs in stores of every size. The large one takes minutes to fill.
pub async fn run(binary: &str) {
    println!("| pages of 20 pets | {} pets, ms p50 | {} pets, ms p50 | ratio |", SIZES[0], SIZES[1]);
    println!("|---|---|---|---|");
    let mut figures = Vec::new();
    for size in SIZES {
        let petstore = Petstore::start(binary).await;
        let data = petstore.kill().await;
        grow(data.path(), size);
        let petstore = Petstore::start_in(binary, data).await;
        let mut times = Vec::new();
        for (_, filter) in LISTS {
            times.push(median_ms(&petstore, filter).await);
        }
        figures.push(times);
        petstore.stop().await;
    }
    for (index, (name, _)) in LISTS.iter().enumerate() {
        let (few, many) = (figures[0][index], figures[1][index]);
        println!("| {name} | {few:.2} | {many:.2} | {:.1} |", many / few);
    }
    println!();
}

/// Fills the table as the server would, past its journal: a million requests would take longer than all the rest.
fn grow(data: &Path, size: u64) {
    let connection = rusqlite::Connection::open(data.join("petstore.db")).unwrap();
    connection
        .execute_batch(&format!(
            "BEGIN;
             CREATE TEMP TABLE model AS SELECT * FROM pets ORDER BY number LIMIT 1;
             WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {size})
             INSERT INTO pets (id, tenant, name, species, breed, age_months, size, gender, good_with_kids, price,
                 currency, description, status, photos, tags, created_at, updated_at)
             SELECT randomblob(16), tenant, 'Pet ' || n,
                 CASE n % 5 WHEN 0 THEN 'DOG' WHEN 1 THEN 'CAT' WHEN 2 THEN 'RABBIT' WHEN 3 THEN 'BIRD' ELSE 'OTHER' END,
                 'Breed ' || (n % 40), n % 180, CASE n % 3 WHEN 0 THEN 'SMALL' WHEN 1 THEN 'MEDIUM' ELSE 'LARGE' END,
                 'UNKNOWN', n % 2, 1000 + (n * 7919) % 90000, 'USD',
                 CASE n % 100 WHEN 0 THEN 'soft as velvet' ELSE 'calm and well' END,
                 CASE n % 4 WHEN 0 THEN 'ADOPTED' ELSE 'AVAILABLE' END, '[]', '[]', created_at + n, created_at + n
             FROM numbers, model;
             DROP TABLE model;
             COMMIT;"
        ))
        .unwrap();
}

/// The median time of one page.
async fn median_ms(petstore: &Petstore, filter: &str) -> f64 {
    let mut connection = Connection::open(petstore.address()).await;
    let mut path = format!("/v1/pets?limit=20{filter}");
    let mut times = Vec::new();
    for _ in 0..PAGES {
        let begun = Instant::now();
        let page = connection.get(&path).await.body;
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
        let Some(next) = page.split("\"next\":\"").nth(1).and_then(|rest| rest.split('"').next()) else {
            break;
        };
        path = next.to_owned();
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
