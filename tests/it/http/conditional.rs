//! Entity tags, 304 and 412.

use http::Method;
use serde_json::json;

use super::ask;
use crate::support::api::{id, with_json};
use crate::support::{Answer, Api, TestServer};

async fn put(api: &Api, path: &str, name: &str, headers: &[(&str, &str)]) -> Answer {
    let request = with_json(api.request(Method::PUT, path), &json!({ "name": name }));
    api.send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_json_answer_has_a_strong_tag_and_304_is_given_for_it() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let pet = staff.create_pet("Rex").await;
    let order = staff.place_order_of(&pet).await;
    let (pet, order) = (format!("/v1/pets/{}", id(&pet)), format!("/v1/orders/{}", id(&order)));
    let user = format!("/v1/users/{}", staff.user_id());
    for path in
        [&pet, &order, &user, "/v1/pets?limit=3", "/v1/orders", "/v1/inventory", "/v1/webhook-endpoints"]
    {
        let answer = staff.get(path).await;
        let tag = answer.header("etag").to_owned();
        assert!(answer.status == 200 && tag.starts_with('"') && tag.len() == 26, "{path} {answer:?}");
        assert_eq!(staff.get(path).await.header("etag"), tag, "{path}: the same for the same");
        let head = ask(&staff, "HEAD", path, &[]).await;
        assert_eq!((head.status, head.header("etag")), (200, tag.as_str()), "{path}");
        assert_eq!(head.header("content-length"), answer.header("content-length"), "{path}");
        let gzip = format!("{}-gzip\"", tag.strip_suffix('"').unwrap());
        let coded = format!("W/\"other\", {gzip}");
        for known in [tag.as_str(), "*", &format!("W/{tag}"), &coded] {
            for method in ["GET", "HEAD"] {
                let answer = ask(&staff, method, path, &[("if-none-match", known)]).await;
                // The tag of what the client holds, so that its cache knows which one is still good.
                let held = if known == coded { &gzip } else { &tag };
                assert_eq!((answer.status, answer.header("etag")), (304, held.as_str()), "{path} {known}");
                assert!(answer.body.is_null() && answer.header("content-type").is_empty());
                assert!(answer.header("vary").contains("authorization"), "{answer:?}");
            }
        }
        for other in ["\"other\"", "nonsense"] {
            assert_eq!(ask(&staff, "GET", path, &[("if-none-match", other)]).await.status, 200, "{other}");
        }
    }
    let graphql = "/v1/graphql?query=%7B__typename%7D";
    let answer = staff.get(graphql).await;
    let known = ask(&staff, "GET", graphql, &[("if-none-match", answer.header("etag"))]).await;
    assert_eq!((answer.status, known.status), (200, 304), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_made_only_to_what_the_client_saw() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let made = staff
        .post("/v1/pets", json!({ "name": "Rex", "species": "DOG", "ageMonths": 5, "price": "75.00" }))
        .await;
    let path = made.header("location").to_owned();
    let first = staff.get(&path).await.header("etag").to_owned();
    assert_eq!(made.header("etag"), first, "the answer to a POST has the tag of what it made");

    let changed = put(&staff, &path, "Max", &[("if-match", &first)]).await;
    let second = changed.header("etag").to_owned();
    assert_eq!((changed.status, staff.get(&path).await.header("etag")), (200, second.as_str()));
    let audited = "SELECT count(*) FROM audit";
    let before = server.database().await.number(audited).await;
    for stale in [
        &[("if-match", first.as_str())][..],
        &[("if-match", &format!("W/{second}"))],
        &[("if-none-match", "*")],
    ] {
        let refused = put(&staff, &path, "Tom", stale).await;
        assert_eq!(
            (refused.status, refused.refusal().code.as_str()),
            (412, "precondition_failed"),
            "{stale:?}"
        );
        assert_eq!(ask(&staff, "DELETE", &path, stale).await.status, 412, "{stale:?}");
    }
    assert_eq!(staff.get(&path).await.body["name"], "Max", "nothing was written");
    assert_eq!(server.database().await.number(audited).await, before);
    let refused = put(&staff, &path, "Tom", &[("if-match", "nonsense")]).await;
    assert_eq!((refused.status, refused.refusal().fields), (400, vec!["If-Match".to_owned()]));
    let coded = format!("{}-br\"", second.strip_suffix('"').unwrap());
    assert_eq!(
        put(&staff, &path, "Tom", &[("if-match", &coded), ("if-none-match", &first)]).await.status,
        200
    );
    assert_eq!(ask(&staff, "DELETE", &path, &[("if-match", "*")]).await.status, 204);
    assert_eq!(ask(&staff, "DELETE", &path, &[("if-match", "*")]).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_saw_the_same_one_wins() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let path = format!("/v1/pets/{}", id(&staff.create_pet("Rex").await));
    let tag = staff.get(&path).await.header("etag").to_owned();
    let mine = [("if-match", tag.as_str())];
    let names = ["Ada", "Bea", "Cleo", "Dot"];
    let all = futures_util::future::join_all(names.map(|name| put(&staff, &path, name, &mine))).await;
    let mut statuses: Vec<u16> = all.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412]);

    let order = staff.place_order_of(&staff.create_pet("Max").await).await;
    let path = format!("/v1/orders/{}", id(&order));
    assert_eq!(ask(&staff, "DELETE", &path, &[("if-match", "\"stale\"")]).await.status, 412);
    let tag = staff.get(&path).await.header("etag").to_owned();
    assert_eq!(ask(&staff, "DELETE", &path, &[("if-match", &tag)]).await.status, 204);
    let hook = json!({ "url": "http://127.0.0.1:9/", "eventTypes": ["pet.adopted"] });
    let made = staff.post("/v1/webhook-endpoints", hook).await;
    let path = made.header("location").to_owned();
    let tag = staff.get(&path).await.header("etag").to_owned();
    assert_eq!(ask(&staff, "DELETE", &path, &[("if-match", "\"stale\"")]).await.status, 412);
    assert_eq!(ask(&staff, "DELETE", &path, &[("if-match", &tag)]).await.status, 204);
}
