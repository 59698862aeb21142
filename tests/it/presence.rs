//! Who watches an order.

use futures_util::StreamExt as _;
use http::Method;
use serde_json::{Value, json};

use crate::support::api::id;
use crate::support::{TestServer, eventually, websocket, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_listens_to_an_order_watches_it() {
    let server = TestServer::demo().await;
    let (alice, staff, bob) =
        (server.user("alice").await, server.user("staff").await, server.user("bob").await);
    let order = alice.place_order_of(&staff.create_pet("Rex").await).await;
    let (topic, path) = (format!("orders/{}", id(&order)), format!("/v1/orders/{}/watchers", id(&order)));
    assert_eq!(alice.get(&path).await.body, json!({ "data": [] }));
    assert_eq!(bob.get(&path).await.status, 403);

    let live = alice.request(Method::GET, &path).header("accept", "text/event-stream").send().await.unwrap();
    let mut live = live.bytes_stream();
    let mut told = async || {
        let block = within("a block", live.next()).await.unwrap().unwrap();
        let block = String::from_utf8_lossy(&block).into_owned();
        let (event, data) = block.split_once("\ndata: ").unwrap();
        let data: Value = serde_json::from_str(data.trim()).unwrap();
        (event.trim_start_matches("event: ").to_owned(), data)
    };
    assert_eq!(told().await, ("watchers".to_owned(), json!({ "data": [] })));
    let (own, theirs) = (alice.user_id().to_owned(), staff.user_id().to_owned());
    let first = websocket::listen(&staff, &[&topic], None).await.unwrap();
    assert_eq!(told().await, ("watching".to_owned(), json!({ "userId": theirs, "watching": true })));
    // The same user once more is nothing new, and a list of orders is no order.
    let second = websocket::listen(&staff, &[&topic, "orders"], None).await.unwrap();
    let third = websocket::listen(&alice, &[&topic], None).await.unwrap();
    assert_eq!(told().await, ("watching".to_owned(), json!({ "userId": own, "watching": true })));
    let mut both = [own.clone(), theirs.clone()];
    both.sort();
    let graphql = format!("{{ orderWatchers(id: \"{}\") }}", id(&order));
    assert_eq!(alice.graphql(&graphql).await.unwrap(), json!(both));
    assert_eq!(bob.graphql(&graphql).await.unwrap_err().code, "forbidden");
    assert_eq!(alice.get(&path).await.body, json!({ "data": both.map(|user| json!({ "userId": user })) }));
    drop((first, second));
    assert_eq!(told().await, ("watching".to_owned(), json!({ "userId": theirs, "watching": false })));
    drop(third);
    assert_eq!(told().await, ("watching".to_owned(), json!({ "userId": own, "watching": false })));
    let nobody = async || (alice.get(&path).await.body == json!({ "data": [] })).then_some(());
    eventually("nobody watches", nobody).await;
}
