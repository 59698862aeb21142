//! Who is answered, in which order, and what stops an answer.

use serde_json::{Value, json};

use super::{advice, history, open_room, say};
use crate::support::api::{id, text};
use crate::support::model::{Model, Play};
use crate::support::{Api, Setup, eventually};

const CALM: &str = "how often should I brush my cat";

fn setup(model: &Model) -> Setup {
    Setup::demo()
        .set("chat.engine", "openai")
        .set("chat.openai_base_url", &model.url)
        .set("chat.openai_api_key", "sk-test")
        .set("chat.openai_stall_timeout_ms", 60_000)
}

async fn asked(model: &Model, times: usize) {
    eventually("the model to be asked", async || (model.heard().len() >= times).then_some(())).await;
}

async fn answers(api: &Api, room: &str, count: usize) -> Vec<String> {
    eventually("the answers", async || {
        let said = history(api, room).await;
        let by: Vec<&Value> = said.iter().filter(|message| message["author"] == "ADVISOR").collect();
        (by.len() >= count).then(|| by.iter().map(|message| text(message, "text").to_owned()).collect())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_of_a_room_are_answered_in_turn() {
    let model = Model::start(&[Play::Words(&["First answer."]), Play::Words(&["Second answer."])]).await;
    let server = setup(&model).start().await;
    let alice = server.user("alice").await;
    let room = open_room(&alice).await;
    say(&alice, &room, CALM).await;
    say(&alice, &room, "and how often should I feed her").await;
    assert_eq!(answers(&alice, &room, 2).await, ["First answer.", "Second answer."]);
    let (second, _) = model.heard().remove(1);
    let told: Vec<&str> =
        second["messages"].as_array().unwrap().iter().skip(1).map(|turn| text(turn, "content")).collect();
    assert_eq!(told, [CALM, "First answer.", "and how often should I feed her"]);
    assert!(alice.get(&room).await.body["unanswered"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_takeover_silences_every_answer() {
    let model = Model::start(&[Play::Stall(&["Well, "]), Play::Words(&["Back."])]).await;
    let server = setup(&model).start().await;
    let (alice, staff) = (server.user("alice").await, server.user("staff").await);
    let room = open_room(&alice).await;
    say(&alice, &room, CALM).await;
    asked(&model, 1).await;
    say(&alice, &room, "and how often should I feed her").await;
    staff.put(&format!("{room}/agent"), json!({})).await.result().unwrap();
    eventually("the model to be left alone", async || (model.answering() == 0).then_some(())).await;
    staff.delete(&format!("{room}/agent")).await.result().unwrap();
    say(&alice, &room, "are you there").await;
    // What was asked before the staff came is the staff's.
    assert_eq!(answers(&alice, &room, 1).await, ["Back."]);
    assert_eq!(model.heard().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_deleted_is_not_answered() {
    let model = Model::start(&[Play::Stall(&["Well, "]), Play::Words(&["Yes."])]).await;
    let server = setup(&model).start().await;
    let alice = server.user("alice").await;
    let room = open_room(&alice).await;
    let question = say(&alice, &room, CALM).await;
    asked(&model, 1).await;
    assert_eq!(alice.get(&room).await.body["title"], CALM);
    assert_eq!(alice.delete(&format!("{room}/messages/{}", id(&question))).await.status, 204);
    eventually("the model to be left alone", async || (model.answering() == 0).then_some(())).await;
    let state = alice.get(&room).await.body;
    assert!(state["unanswered"].is_null() && state["title"].is_null(), "{state}");
    say(&alice, &room, "can cats drink milk").await;
    assert_eq!(text(&advice(&alice, &room).await, "text"), "Yes.");
    assert_eq!(answers(&alice, &room, 1).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_open_question_outlives_a_restart() {
    let model = Model::start(&[Play::Stall(&[]), Play::Words(&["One."]), Play::Words(&["Two."])]).await;
    let server = setup(&model).start().await;
    let alice = server.user("alice").await;
    let room = open_room(&alice).await;
    say(&alice, &room, CALM).await;
    say(&alice, &room, "and how often should I feed her").await;
    asked(&model, 1).await;
    let server = server.restart().await;
    let alice = server.user("alice").await;
    assert_eq!(answers(&alice, &room, 2).await, ["One.", "Two."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_users_answers_leave_places_for_others() {
    let model = Model::start(&[Play::Stall(&[]), Play::Words(&["Here."])]).await;
    let server = setup(&model).set("chat.max_answers", 2).set("chat.max_answers_per_user", 1).start().await;
    let (alice, bob) = (server.user("alice").await, server.user("bob").await);
    for _ in 0..3 {
        say(&alice, &open_room(&alice).await, CALM).await;
    }
    asked(&model, 1).await;
    let room = open_room(&bob).await;
    say(&bob, &room, CALM).await;
    assert_eq!(text(&advice(&bob, &room).await, "text"), "Here.");
    assert_eq!(model.heard().len(), 2, "the others of the first wait");
}
