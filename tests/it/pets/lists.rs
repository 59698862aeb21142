//! Lists and searches: parameters, links, QUERY.

use http::Method;
use serde_json::{Value, json};

use crate::support::api::{id, text, with_json};
use crate::support::{Answer, Api, Setup, TestServer};

fn query() -> Method {
    Method::from_bytes(b"QUERY").unwrap()
}

async fn search(api: &Api, method: Method, path: &str, body: &Value) -> Answer {
    api.send(with_json(api.request(method, path), body)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_reached_and_the_links_say_how() {
    let server = TestServer::demo().await;
    let anyone = server.anonymous();
    let first = anyone.get("/v1/pets?limit=5&sort=price").await;
    let pagination = &first.body["pagination"];
    let total = pagination["totalItems"].as_u64().unwrap();
    assert_eq!(pagination["totalPages"].as_u64(), Some(total.div_ceil(5)));
    assert!(total > 505, "{total} pets are too few for this test");
    let (mut next, mut seen, mut price) = (Some("/v1/pets?limit=5&sort=price".to_owned()), Vec::new(), 0.0);
    let mut page = 0;
    let mut last_seen = Value::Null;
    while let Some(path) = next {
        let answer = anyone.get(&path).await;
        page += 1;
        assert_eq!(answer.body["pagination"]["page"], page, "{path}");
        for pet in answer.body["data"].as_array().unwrap() {
            let cost: f64 = text(pet, "price").parse().unwrap();
            assert!(cost >= price, "{path}");
            price = cost;
            seen.push(id(pet).to_owned());
        }
        assert_eq!(path.contains("cursor="), page > 100, "{path}");
        assert!(answer.header("link").contains("rel=\"last\""), "{path}");
        next = answer.body["links"]["next"].as_str().map(str::to_owned);
        last_seen = answer.body;
    }
    assert_eq!(seen.len() as u64, total);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len() as u64, total, "each once");
    let last = anyone.get(text(&first.body["links"], "last")).await.body;
    assert_eq!(last["data"], last_seen["data"]);
    let before = anyone.get(text(&last["links"], "prev")).await.body;
    assert_eq!(before["pagination"]["page"].as_u64(), Some(total.div_ceil(5) - 1));
    assert_eq!(anyone.get(text(&before["links"], "next")).await.body["data"], last["data"]);
    let refusal = anyone.get("/v1/pets?page=101").await.refusal();
    assert_eq!((refusal.status, refusal.fields), (Some(422), vec!["page".to_owned()]));
    let cursor = text(&last["links"], "prev").split("cursor=").nth(1).unwrap().split('&').next().unwrap();
    for (wrong, status) in [
        (format!("cursor={cursor}&limit=5"), 422),
        (format!("cursor={cursor}&limit=5&sort=-price"), 422),
        (format!("cursor={cursor}&limit=5&sort=price&status=PENDING"), 422),
        (format!("cursor={}", "A".repeat(51)), 422),
        (format!("cursor={cursor}x&sort=price"), 422),
        ("cursor=".to_owned(), 422),
        ("cursor=%00".to_owned(), 422),
    ] {
        let refusal = anyone.get(&format!("/v1/pets?{wrong}")).await.refusal();
        assert_eq!((refusal.status, refusal.fields), (Some(status), vec!["cursor".to_owned()]), "{wrong}");
    }
    for (wrong, field) in [("&page=3", "page"), ("&limit=6", "limit")] {
        let refusal = anyone.get(&format!("/v1/pets?cursor={cursor}&sort=price{wrong}")).await.refusal();
        assert_eq!((refusal.status, refusal.fields), (Some(422), vec![field.to_owned()]), "{wrong}");
    }
    assert_eq!(
        anyone.get(&format!("/v1/pets?cursor={cursor}&sort=price")).await.body["data"],
        before["data"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn query_and_its_fallback_find_the_same() {
    let server = TestServer::demo().await;
    let anyone = server.anonymous();
    let body = json!({
        "criteria": { "species": ["dog", "Cat"], "status": ["available"], "ageRange": { "min": 2, "max": 60 },
                      "size": ["Medium", "SMALL"], "compatibility": { "goodWithKids": true },
                      "medical": { "vaccinated": true } },
        "sort": { "field": "ageMonths", "order": "DESC" }, "pagination": { "page": 1, "limit": 10 },
    });
    let found = search(&anyone, query(), "/v1/pets", &body).await;
    assert_eq!(found.status, 200, "{}", found.body);
    assert_eq!(found.header("accept-query"), "application/json");
    let pets = found.body["data"].as_array().unwrap();
    assert_eq!(pets.len(), 10, "{}", found.body["pagination"]);
    let mut age = u64::MAX;
    for pet in pets {
        assert!(["DOG", "CAT"].contains(&text(pet, "species")) && pet["status"] == "AVAILABLE", "{pet}");
        assert!(pet["goodWithKids"] == true && pet["medicalInfo"]["vaccinated"] == true, "{pet}");
        let own = pet["ageMonths"].as_u64().unwrap();
        assert!((2..=60).contains(&own) && own <= age, "{pet}");
        age = own;
    }
    for (method, path) in [(query(), "/v1/pets/search"), (Method::POST, "/v1/pets/search")] {
        assert_eq!(search(&anyone, method, path, &body).await.body, found.body, "{path}");
    }
    let cursor = text(&found.body["pagination"], "nextCursor");
    let mut next = body.clone();
    next["pagination"] = json!({ "cursor": cursor });
    let second = search(&anyone, query(), "/v1/pets/search", &next).await.body;
    assert_eq!((&second["pagination"]["page"], &second["pagination"]["limit"]), (&json!(2), &json!(10)));
    next["pagination"] = json!({ "page": 2, "limit": 10 });
    assert_eq!(search(&anyone, query(), "/v1/pets", &next).await.body["data"], second["data"]);
    let all = search(&anyone, query(), "/v1/pets", &json!({})).await.body;
    assert_eq!(all["data"], anyone.get("/v1/pets").await.body["data"], "no criteria");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn query_is_a_method_like_the_others() {
    let server = TestServer::demo().await;
    let anyone = server.anonymous();
    for (path, allowed) in
        [("/v1/pets", "GET, HEAD, POST, QUERY, OPTIONS"), ("/v1/pets/search", "POST, QUERY, OPTIONS")]
    {
        let answer = anyone.send(anyone.request(Method::DELETE, path)).await;
        assert_eq!((answer.status, answer.header("allow")), (405, allowed), "{path}");
        assert_eq!(answer.refusal().code, "method_not_allowed");
        assert_eq!(answer.header("accept-query"), "application/json", "{path}");
    }
    for asked in ["at first", "when it is kept"] {
        assert_eq!(anyone.get("/v1/pets").await.header("accept-query"), "application/json", "{asked}");
    }
    let bare = anyone.send(anyone.request(query(), "/v1/pets").body("{}")).await.refusal();
    assert_eq!((bare.status, bare.fields), (Some(400), vec!["Content-Type".to_owned()]));
    let text = anyone.request(query(), "/v1/pets").header("content-type", "text/plain").body("{}");
    assert_eq!(anyone.send(text).await.status, 415);
    let elsewhere = search(&anyone, query(), "/v1/orders", &json!({})).await;
    assert_eq!(elsewhere.status, 405);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_are_found_in_the_own_tenant_alone() {
    const TENANT: &str = "550e8400-e29b-41d4-a716-446655440000";
    let server = Setup::empty().start().await;
    let admin = server.first_admin().await;
    let rex = admin.create_pet("Rex").await;
    admin.create_pet("Bello").await;
    let anyone = server.anonymous();
    let found = anyone.get("/v1/pets?q=rex&limit=1").await.body;
    assert_eq!(found["pagination"]["totalItems"], 1);
    assert_eq!(found["data"], json!([rex]));
    assert_eq!(text(&found["links"], "self"), "/v1/pets?q=rex&page=1&limit=1");
    let tenant = anyone.in_tenant(TENANT);
    for path in ["/v1/pets?q=rex", "/v1/pets?q=rex&sort=price", "/v1/pets", "/v1/pets?size=SMALL"] {
        assert_eq!(tenant.get(path).await.body["pagination"]["totalItems"], 0, "{path}");
    }
    let body = json!({ "criteria": { "text": "rex" } });
    assert_eq!(search(&tenant, query(), "/v1/pets", &body).await.body["data"], json!([]));
    assert_eq!(search(&anyone, query(), "/v1/pets", &body).await.body["data"], json!([rex]));
    assert_eq!(anyone.get("/v1/pets?q=%27%3B+DROP+TABLE+pets%3B--").await.status, 200);
    assert_eq!(anyone.get("/v1/pets?q=rex%22+OR+name%3A*").await.body["data"], json!([]));
    let counts = admin.get("/v1/inventories").await.result().unwrap();
    assert_eq!(counts, json!({ "AVAILABLE": 2, "PENDING": 0, "ADOPTED": 0, "NOT_AVAILABLE": 0 }));
    assert_eq!(anyone.get("/v1/inventories").await.status, 401);
}
