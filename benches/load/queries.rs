//! What the worst queries cost that GraphQL still takes, and what it costs to refuse worse ones.

use std::time::Instant;

use crate::http::Connection;
use crate::server::Petstore;

/// Times that each is asked.
const TIMES: usize = 20;

/// Asks each query as a member of the staff, and prints its cost.
pub async fn worst(petstore: &Petstore) {
    let staff = petstore.login("staff").await;
    println!("| GraphQL query | answer | CPU-ms | slowest, ms | KiB |");
    println!("|---|---|---|---|---|");
    let pets = "petsConnection(first: 100) { edges { node { id name species breed ageMonths price currency status \
                photos tags { name } medicalInfo { vaccinated } createdAt } } }";
    let nested = "ordersConnection(first: 20) { edges { node { id pet { name orders(first: 5) { id } } \
                  user { username orders(first: 5) { id } } payments { amount receipt { receiptUrl } } } } }";
    let introspection = "__schema { types { name fields { name args { name type { name } } type { name } } \
                         possibleTypes { name } } }";
    let cycle = "{ __type(name: \"Event\") { possibleTypes { interfaces { possibleTypes { name } } } } }";
    let payments =
        "ordersConnection(first: 50) { edges { node { payments { order { payments(first: 5) { id } } } } } }";
    let connections =
        "petsConnection(first: 50) { edges { node { ordersConnection(first: 5) { totalCount edges { node {
        paymentsConnection(first: 5) { totalCount edges { node { id } } } } } } } } }";
    let unknown: Vec<String> =
        (0..100).map(|n| format!("\"019b4132-70aa-764f-b315-e2803d882a{n:02}\"")).collect();
    let nodes = format!("nodes(ids: [{}]) {{ id }}", unknown.join(", "));
    let references: Vec<String> =
        unknown.iter().map(|id| format!("{{__typename: \"Pet\", id: {id}}}")).collect();
    let references = format!(
        "_entities(representations: [{}]) {{ ... on Pet {{ name orders(first: 5) {{ id }} }} }}",
        references.join(", ")
    );
    let cases = [
        ("the largest lists", most(petstore, &staff, pets).await),
        ("the deepest lists", most(petstore, &staff, nested).await),
        ("payments of payments", most(petstore, &staff, payments).await),
        ("connections in connections", most(petstore, &staff, connections).await),
        ("ids of nothing", most(petstore, &staff, &nodes).await),
        ("references of a gateway", most(petstore, &staff, &references).await),
        ("the schema", most(petstore, &staff, introspection).await),
        ("the schema in circles, refused", cycle.to_owned()),
        ("900 KB of fields, refused", format!("{{ me {{ {} }} }}", "id ".repeat(300_000))),
        ("10,000 brackets, refused", "{a".repeat(10_000)),
    ];
    for (name, query) in cases {
        let mut connection = Connection::open(petstore.address()).await;
        let (cpu, mut slowest, mut bytes, mut refused) = (petstore.process.cpu_seconds(), 0.0_f64, 0, false);
        for _ in 0..TIMES {
            let begun = Instant::now();
            let answer = connection.post("/v1/graphql", &staff, &body(&query)).await;
            slowest = slowest.max(begun.elapsed().as_secs_f64() * 1_000.0);
            (bytes, refused) = (answer.body.len(), answer.body.contains("\"errors\""));
        }
        let cpu = (petstore.process.cpu_seconds() - cpu) * 1_000.0 / TIMES as f64;
        let answer = if refused { "refused" } else { "taken" };
        println!("| {name} | {answer} | {cpu:.1} | {slowest:.1} | {} |", bytes / 1024);
    }
    println!();
}

fn body(query: &str) -> String {
    serde_json::json!({ "query": query }).to_string()
}

/// As many copies of `field` as the limits of a query let through.
async fn most(petstore: &Petstore, token: &str, field: &str) -> String {
    let mut connection = Connection::open(petstore.address()).await;
    for copies in (1..=50).rev() {
        let fields: Vec<String> = (0..copies).map(|copy| format!("a{copy}: {field}")).collect();
        let query = format!("{{ {} }}", fields.join(" "));
        if !connection.post("/v1/graphql", token, &body(&query)).await.body.contains("\"errors\"") {
            return query;
        }
    }
    panic!("not one copy was taken: {field}");
}
