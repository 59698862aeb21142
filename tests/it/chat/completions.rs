//! `POST /v1/chat/completions`.

use http::Method;
use serde_json::{Value, json};

use crate::support::api::with_json;
use crate::support::sse::Stream;
use crate::support::{Api, TestServer};

const PATH: &str = "/v1/chat/completions";

fn ask(words: &str) -> Value {
    json!({ "model": "pet-advisor-1", "messages": [{ "role": "user", "content": words }] })
}

async fn answer(api: &Api, words: &str) -> Value {
    let answer = api.post(PATH, ask(words)).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_has_the_shape_of_the_contract() {
    let server = TestServer::demo().await;
    let alice = server.user("alice").await;
    let body = answer(&alice, "how do I clean my spaniel's smelly ears").await;
    assert!(body["id"].as_str().unwrap().starts_with("chatcmpl_"));
    assert_eq!((&body["object"], &body["model"]), (&json!("chat.completion"), &json!("pet-advisor-1")));
    let choice = &body["choices"][0];
    assert_eq!((&choice["finishReason"], &choice["finish_reason"]), (&json!("stop"), &json!("stop")));
    let said = choice["message"]["content"].as_str().unwrap();
    assert!(said.contains("[dog-ears]") && said.contains("Sources: "), "{said}");
    let usage = &body["usage"];
    assert_eq!(usage["total_tokens"], usage["totalTokens"]);
    assert!(usage["completion_tokens"].as_u64().unwrap() > 50);

    let mut short = ask("how do I clean my spaniel's smelly ears");
    short["max_tokens"] = 5.into();
    let body = alice.post(PATH, short).await.result().unwrap();
    assert_eq!(
        (&body["choices"][0]["finish_reason"], &body["usage"]["completion_tokens"]),
        (&json!("length"), &json!(5))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_begins_with_the_role_and_ends_with_done() {
    let server = TestServer::demo().await;
    let alice = server.user("alice").await;
    let mut body = ask("can rabbits eat carrots");
    body["stream"] = true.into();
    body["stream_options"] = json!({ "include_usage": true });
    let mut stream = Stream::open(with_json(alice.request(Method::POST, PATH), &body)).await.unwrap();
    let mut chunks = Vec::new();
    let mut last = String::new();
    while let Some(block) = stream.block().await.unwrap() {
        last = block.data.unwrap();
        if let Ok(chunk) = serde_json::from_str::<Value>(&last) {
            assert_eq!(chunk["object"], "chat.completion.chunk");
            chunks.push(chunk);
        }
    }
    assert_eq!(last, "[DONE]");
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    let said: String =
        chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(said, answer(&alice, "can rabbits eat carrots").await["choices"][0]["message"]["content"]);
    let (usage, end) = (&chunks[chunks.len() - 1], &chunks[chunks.len() - 2]);
    assert_eq!(end["choices"][0]["finish_reason"], "stop");
    assert!(usage["usage"]["total_tokens"].as_u64().unwrap() > 0 && usage["choices"] == json!([]));
    assert!(chunks.len() > 40, "token-sized chunks: {}", chunks.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_conversation_so_far_counts() {
    let server = TestServer::demo().await;
    let alice = server.user("alice").await;
    let body = json!({ "model": "PET_ADVISOR_TURBO", "messages": [
        { "role": "USER", "content": "what vegetables can my bearded dragon eat" },
        { "role": "ASSISTANT", "content": "Greens." },
        { "role": "USER", "content": "and how often?" },
    ] });
    let body = alice.post(PATH, body).await.result().unwrap();
    let cited = body["grounds"]["citations"].as_array().unwrap();
    assert!(cited.iter().any(|citation| citation["id"] == "bearded-dragon-feeding"), "{cited:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_is_looked_into_with_the_askers_rights() {
    let server = TestServer::demo().await;
    let (alice, staff) = (server.user("alice").await, server.user("staff").await);
    let pet = json!({ "name": "Clover", "species": "RABBIT", "ageMonths": 8, "price": "9.00", "goodWithKids": true,
        "description": "A calm doe who loves to be stroked." });
    let clover = staff.post("/v1/pets", pet.clone()).await.result().unwrap();
    let mut dear = pet;
    (dear["name"], dear["price"]) = ("Opal".into(), "95.00".into());
    let opal = staff.post("/v1/pets", dear).await.result().unwrap();
    let body = answer(&alice, "a calm rabbit under $80 that is good with kids").await;
    let pets: Vec<&str> =
        body["grounds"]["pets"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(
        pets.contains(&clover["id"].as_str().unwrap()) && !pets.contains(&opal["id"].as_str().unwrap()),
        "{body}"
    );
    for id in pets {
        let pet = alice.get(&format!("/v1/pets/{id}")).await.result().unwrap();
        let price: f64 = pet["price"].as_str().unwrap().parse().unwrap();
        assert!(pet["species"] == "RABBIT" && price <= 80.0 && pet["goodWithKids"] == true, "{pet}");
    }
    let carol = server.anonymous().sign_up("carol").await;
    let order = alice.place_order_of(&clover).await;
    let said = |body: &Value| body["choices"][0]["message"]["content"].as_str().unwrap().to_owned();
    assert!(said(&answer(&alice, "where is my order?").await).contains(order["id"].as_str().unwrap()));
    assert_eq!(said(&answer(&carol, "where is my order?").await), "You have no orders.");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_refused_by_name() {
    let server = TestServer::demo().await;
    let alice = server.user("alice").await;
    assert_eq!(server.anonymous().post(PATH, ask("hi")).await.status, 401);
    for (body, fields) in [
        (json!({}), vec!["messages"]),
        (json!({ "messages": [{ "role": "pirate", "content": "x" }] }), vec!["messages[0].role", "messages"]),
        (json!({ "messages": [{ "role": "user", "content": "" }] }), vec!["messages[0].content"]),
        (
            json!({ "messages": [{ "role": "user", "content": "x".repeat(4001) }] }),
            vec!["messages[0].content"],
        ),
        (
            json!({ "model": "gpt-9", "max_tokens": 9999, "messages": [{ "role": "user", "content": "x" }] }),
            vec!["model", "maxTokens"],
        ),
    ] {
        let refused = alice.post(PATH, body).await.refusal();
        assert_eq!(
            (refused.status, refused.fields),
            (Some(422), fields.into_iter().map(str::to_owned).collect())
        );
    }
    let unknown = answer(&alice, "what is the capital of france").await;
    assert!(unknown["choices"][0]["message"]["content"].as_str().unwrap().starts_with("I do not know that."));
    assert_eq!(unknown["grounds"]["citations"], json!([]));
}
