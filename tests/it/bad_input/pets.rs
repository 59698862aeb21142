//! Searches and patches of pets: criteria, cursors, words.

use http::Method;

use super::{Target, assert_problem, deep};
use crate::support::api;

/// What is no search, and the field that must be named.
const SEARCHES: [(&str, &str); 25] = [
    ("[]", "body"),
    ("null", "body"),
    (r#"{"filter":{}}"#, "filter"),
    (r#"{"criteria":[]}"#, "criteria"),
    (r#"{"criteria":[["DOG"],null,null,null,null,null,null]}"#, "criteria"),
    (r#"{"criteria":{"colour":"red"}}"#, "criteria.colour"),
    (r#"{"criteria":{"species":"DOG"}}"#, "criteria.species"),
    (r#"{"criteria":{"species":["DRAGON"]}}"#, "criteria.species[0]"),
    (r#"{"criteria":{"species":["DOG","*"]}}"#, "criteria.species[1]"),
    (r#"{"criteria":{"status":[1]}}"#, "criteria.status[0]"),
    (r#"{"criteria":{"size":["HUGE"]}}"#, "criteria.size[0]"),
    (r#"{"criteria":{"ageRange":{"min":-1}}}"#, "criteria.ageRange.min"),
    (r#"{"criteria":{"ageRange":{"max":2401}}}"#, "criteria.ageRange.max"),
    (r#"{"criteria":{"ageRange":{"max":"9"}}}"#, "criteria.ageRange.max"),
    (r#"{"criteria":{"compatibility":{"goodWithKids":"yes"}}}"#, "criteria.compatibility.goodWithKids"),
    (r#"{"criteria":{"compatibility":{"goodWithBirds":true}}}"#, "criteria.compatibility.goodWithBirds"),
    (r#"{"criteria":{"medical":{"vaccinated":1}}}"#, "criteria.medical.vaccinated"),
    (r#"{"criteria":{"text":5}}"#, "criteria.text"),
    (r#"{"sort":{"field":"name"}}"#, "sort.field"),
    (r#"{"sort":{"field":"price","order":"up"}}"#, "sort.order"),
    (r#"{"sort":{"order":"asc"}}"#, "sort.field"),
    (r#"{"pagination":{"page":0}}"#, "pagination.page"),
    (r#"{"pagination":{"page":101}}"#, "pagination.page"),
    (r#"{"pagination":{"limit":101}}"#, "pagination.limit"),
    (r#"{"pagination":{"cursor":"x"}}"#, "pagination.cursor"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_searches() {
    let target = Target::new().await;
    let anyone = target.binary.anonymous();
    let query = Method::from_bytes(b"QUERY").unwrap();
    let deep = deep("criteria");
    let long = format!(r#"{{"criteria":{{"text":"{}"}}}}"#, "x".repeat(201));
    let many = format!(r#"{{"criteria":{{"species":[{}]}}}}"#, vec![r#""DOG""#; 21].join(","));
    let more = [(&*deep, "criteria"), (&*long, "criteria.text"), (&*many, "criteria.species")];
    for (method, path) in [(query, "/v1/pets"), (Method::POST, "/v1/pets/search")] {
        for (body, field) in SEARCHES.into_iter().chain(more) {
            let request = anyone.request(method.clone(), path).header("content-type", "application/json");
            let refusal = anyone.send(request.body(body.to_owned())).await.refusal();
            let shown: String = body.chars().take(80).collect();
            assert_problem(&refusal, "validation_failed", field, &shown);
        }
        for body in ["", "{", "\0", "{} {}"] {
            let request = anyone.request(method.clone(), path).header("content-type", "application/json");
            let refusal = anyone.send(request.body(body)).await.refusal();
            assert_problem(&refusal, "malformed_request", "body", body);
        }
    }
    target.unharmed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_lists_and_patches() {
    let target = Target::new().await;
    let staff = &target.staff;
    let long = format!("q={}", "x".repeat(201));
    for (query, field) in [
        ("sort=name", "sort"),
        ("sort=--price", "sort"),
        ("sort=price%3BDROP%20TABLE%20pets", "sort"),
        ("sort=price&sort=price", "sort"),
        ("cursor=%27%20OR%201%3D1", "cursor"),
        ("cursor=..%2F..%2Fetc", "cursor"),
        ("page=101", "page"),
        ("page=99999999999999999999", "page"),
        ("ageMax=2401", "ageMax"),
        ("size=HUGE", "size"),
        ("status=available", "status"),
        (&*long, "q"),
    ] {
        assert_problem(
            &staff.get(&format!("/v1/pets?{query}")).await.refusal(),
            "validation_failed",
            field,
            query,
        );
        if query.starts_with("page") || query.starts_with("cursor") {
            let refusal = staff.get(&format!("/v1/orders?{query}")).await.refusal();
            assert_problem(&refusal, "validation_failed", field, query);
        }
    }
    // Text is only ever text.
    for text in [
        "'",
        "\"",
        "*",
        "a*b",
        "NEAR(",
        "name:",
        "{name}:x",
        "x OR y",
        "-x",
        "%00",
        "%0d%0aSet-Cookie:x",
        "%FF",
    ] {
        assert_eq!(staff.get(&format!("/v1/pets?q={text}&limit=1")).await.status, 200, "{text}");
    }
    let pet = staff.get("/v1/pets?limit=1").await.body;
    let path = format!("/v1/pets/{}", api::id(&pet["data"][0]));
    for (body, field) in
        [(deep("name"), "name"), (deep("medicalInfo"), "medicalInfo"), ("[]".to_owned(), "body")]
    {
        let request =
            staff.request(Method::PATCH, &path).header("content-type", "application/merge-patch+json");
        assert_problem(&staff.send(request.body(body)).await.refusal(), "validation_failed", field, field);
    }
    target.unharmed().await;
}
