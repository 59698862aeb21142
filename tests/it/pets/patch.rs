//! PATCH: a merge patch (RFC 7396).

use http::Method;
use serde_json::{Value, json};

use crate::support::api::{id, with_json};
use crate::support::{Answer, Api, TestServer};

async fn patch(api: &Api, path: &str, patch: &Value) -> Answer {
    let request = api.request(Method::PATCH, path).header("content-type", "application/merge-patch+json");
    api.send(request.body(patch.to_string())).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn null_takes_away_and_objects_are_merged() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let pet = json!({
        "name": "Rex", "species": "DOG", "ageMonths": 5, "price": "75.00", "breed": "Collie", "size": "LARGE",
        "color": "red", "gender": "MALE", "goodWithKids": true, "description": "Brave",
        "medicalInfo": { "vaccinated": true, "healthNotes": "well" }, "category": { "id": "1", "name": "Dogs" },
        "tags": [{ "name": "quiet" }], "photos": ["https://example.com/1.png"],
    });
    let pet = staff.post("/v1/pets", pet).await.result().unwrap();
    let path = format!("/v1/pets/{}", id(&pet));
    let body = json!({
        "name": "Max", "breed": null, "goodWithKids": null, "medicalInfo": { "healthNotes": null, "microchipped": true },
        "category": { "id": null }, "tags": null, "gender": null,
    });
    let after = patch(&staff, &path, &body).await.result().unwrap();
    let mut expected = pet.clone();
    expected["name"] = "Max".into();
    for gone in ["breed", "goodWithKids"] {
        expected.as_object_mut().unwrap().remove(gone);
    }
    expected["medicalInfo"] = json!({ "vaccinated": true, "microchipped": true });
    expected["category"] = json!({ "name": "Dogs" });
    expected["tags"] = json!([]);
    expected["gender"] = "UNKNOWN".into();
    expected["updatedAt"] = after["updatedAt"].clone();
    assert_eq!(after, expected);
    assert_eq!(staff.get(&path).await.result().unwrap(), after);
    let cleared = json!({ "medicalInfo": null, "category": null, "photos": null, "size": null, "color": null,
                          "description": null });
    let after = patch(&staff, &path, &cleared).await.result().unwrap();
    for gone in ["medicalInfo", "category", "size", "color", "description"] {
        assert!(after.get(gone).is_none(), "{gone}: {after}");
    }
    assert_eq!(after["photos"], json!([]));
    assert_eq!(patch(&staff, &path, &json!({})).await.status, 200, "nothing is to change");
    let plain = with_json(staff.request(Method::PATCH, &path), &json!({ "price": "3500.00" }));
    assert_eq!(staff.send(plain).await.result().unwrap()["price"], "3500.00");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_pet_needs_is_not_taken_away() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let pet = staff.create_pet("Rex").await;
    let path = format!("/v1/pets/{}", id(&pet));
    for (body, field) in [
        (json!({ "name": null }), "name"),
        (json!({ "species": null }), "species"),
        (json!({ "ageMonths": null }), "ageMonths"),
        (json!({ "price": null }), "price"),
        (json!({ "status": null }), "status"),
        (json!({ "currency": null }), "currency"),
        (json!({ "category": { "id": "1" } }), "category.name"),
        (json!({ "category": { "name": null } }), "category.name"),
        (json!({ "medicalInfo": { "wings": null } }), "medicalInfo.wings"),
        (json!({ "wings": null }), "wings"),
        (json!({ "tags": [null] }), "tags[0]"),
        (json!({ "ageMonths": -1 }), "ageMonths"),
        (json!({ "species": "DRAGON" }), "species"),
    ] {
        let refusal = patch(&staff, &path, &body).await.refusal();
        assert_eq!((refusal.status, refusal.code.as_str()), (Some(422), "validation_failed"), "{body}");
        assert!(refusal.fields.iter().any(|named| named == field), "{body} must name {field}: {refusal:?}");
    }
    let text =
        staff.request(Method::PATCH, &path).header("content-type", "application/json-patch+json").body("[]");
    assert_eq!(staff.send(text).await.status, 415);
    let anonymous = server.anonymous();
    assert_eq!(patch(&anonymous, &path, &json!({})).await.status, 401);
    assert_eq!(patch(&server.user("alice").await, &path, &json!({})).await.status, 403);
    let elsewhere = staff.with_token("x");
    assert_eq!(patch(&elsewhere, &path, &json!({})).await.status, 401);
    assert_eq!(staff.get(&path).await.result().unwrap(), pet, "nothing was changed");
}
