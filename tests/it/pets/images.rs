//! Images: uploaded, served, limited, and gone with their pet.

use std::path::PathBuf;

use http::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::api::{id, text};
use crate::support::{Answer, Api, Setup, TestServer, within};

/// The head of a PNG of that size.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.extend(b"\x08\x06\0\0\0\0\0\0\0");
    bytes
}

/// A multipart body of these parts.
fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in parts {
        let head =
            format!("--edge\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"x.txt\"\r\n\r\n");
        body.extend(head.as_bytes());
        body.extend(*value);
        body.extend(b"\r\n");
    }
    body.extend(b"--edge--\r\n");
    body
}

async fn upload_body(api: &Api, pet: &str, body: Vec<u8>) -> Answer {
    let request = api.request(Method::POST, &format!("/v1/pets/{pet}/images"));
    api.send(request.header("content-type", "multipart/form-data; boundary=edge").body(body)).await
}

async fn upload(api: &Api, pet: &str, image: &[u8]) -> Answer {
    upload_body(api, pet, form(&[("file", image)])).await
}

async fn keyed_upload(api: &Api, pet: &str, key: &str, parts: &[(&str, &[u8])]) -> Answer {
    let request = api.request(Method::POST, &format!("/v1/pets/{pet}/images")).header("idempotency-key", key);
    api.send(request.header("content-type", "multipart/form-data; boundary=edge").body(form(parts))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_a_key_one_image_is_kept_and_another_is_refused() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let pet = staff.create_pet("Rex").await;
    let (pet, image, other) = (id(&pet), png(640, 480), png(480, 640));
    let first = keyed_upload(&staff, pet, "k", &[("file", &image)]).await;
    assert_eq!((first.status, first.header("etag")), (201, ""), "{}", first.body);
    let parts: [&[(&str, &[u8])]; 2] =
        [&[("file", &other)], &[("file", &image), ("additionalMetadata", b"x")]];
    for parts in parts {
        let refused = keyed_upload(&staff, pet, "k", parts).await;
        assert_eq!((refused.status, refused.refusal().code.as_str()), (422, "idempotency_key_reused"));
    }
    // The pet is full now: what was answered before is answered again all the same.
    let mut photos = staff.get(&format!("/v1/pets/{pet}")).await.body["photos"].as_array().unwrap().clone();
    while photos.len() < petstore::domain::pet::MAX_LIST {
        photos.push(json!(format!("https://example.com/{}.png", photos.len())));
    }
    let path = format!("/v1/pets/{pet}");
    let request = staff.request(Method::PATCH, &path).header("content-type", "application/merge-patch+json");
    let full = staff.send(request.body(json!({ "photos": photos }).to_string())).await;
    assert_eq!(full.status, 200, "{}", full.body);
    let again = keyed_upload(&staff, pet, "k", &[("file", &image)]).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, "true"), "{}", again.body);
    assert_eq!(again.body, first.body);
    let refused = keyed_upload(&staff, pet, "k2", &[("file", &image)]).await;
    assert_eq!((refused.status, refused.refusal().code.as_str()), (409, "limit_reached"));
    assert_eq!(files(&server).len(), 1);
}

fn files(server: &TestServer) -> Vec<PathBuf> {
    let folder = server.path().join("images");
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_joins_the_photos_is_served_and_goes_with_its_pet() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let pet = staff.create_pet("Rex").await;
    let mut database = server.database().await;
    let (audits, head) = (database.audit_count().await, database.head().await);
    let mut image = png(640, 480);
    image.resize(300_000, 7);
    let body = form(&[("additionalMetadata", "from the front".as_bytes()), ("file", &image)]);
    let answer = upload_body(&staff, id(&pet), body).await;
    assert_eq!(
        (answer.status, &answer.body["success"], &answer.body["code"]),
        (201, &json!(true), &json!(201))
    );
    assert!(answer.body["type"].is_string() && answer.body["message"].is_string(), "{}", answer.body);
    let path = answer.header("location").to_owned();
    let after = staff.get(&format!("/v1/pets/{}", id(&pet))).await.body;
    assert_eq!(after["photos"], json!([format!("{}{path}", server.url)]));
    let audit = database.audit(audits).await;
    assert_eq!((audit.len(), audit[0].action.as_str()), (1, "PET_IMAGE_ADDED"));
    assert_eq!(audit[0].after["photos"], after["photos"]);
    let events: Vec<String> = database.events(head).await.into_iter().map(|event| event.event_type).collect();
    assert_eq!(events, ["pet.updated"]);

    let anyone = server.anonymous();
    let served = anyone.request(Method::GET, &path).send().await.unwrap();
    let headers = served.headers().clone();
    assert_eq!((served.status().as_u16(), &served.bytes().await.unwrap()[..]), (200, &image[..]));
    assert_eq!(
        (&headers["content-type"], &headers["x-content-type-options"]),
        (&"image/png".parse().unwrap(), &"nosniff".parse().unwrap())
    );
    assert!(headers["cache-control"].to_str().unwrap().contains("immutable"));
    let head = anyone.send(anyone.request(Method::HEAD, &path)).await;
    assert_eq!((head.status, head.header("content-length"), head.body.is_null()), (200, "300000", true));
    let tenant = anyone.in_tenant("550e8400-e29b-41d4-a716-446655440000");
    assert_eq!(tenant.get(&path).await.status, 404, "another tenant's image");
    let other = staff.create_pet("Max").await;
    let elsewhere = path.replace(id(&pet), id(&other));
    assert_eq!(anyone.get(&elsewhere).await.status, 404, "another pet's image");

    assert_eq!(staff.delete(&format!("/v1/pets/{}", id(&pet))).await.status, 204);
    assert_eq!((anyone.get(&path).await.status, files(&server)), (404, vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_that_is_taken_away_takes_its_image_along() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let pet = staff.create_pet("Rex").await;
    let path = format!("/v1/pets/{}", id(&pet));
    for _ in 0..2 {
        assert_eq!(upload(&staff, id(&pet), &png(1, 1)).await.status, 201);
    }
    let photos = staff.get(&path).await.body["photos"].clone();
    let kept = json!({ "photos": [photos[1], "https://example.com/other.png"] });
    staff.put(&path, kept).await.result().unwrap();
    for (photo, status) in [(&photos[0], 404), (&photos[1], 200)] {
        let image = staff.request(Method::GET, text_path(&server, photo.as_str().unwrap()));
        assert_eq!(staff.send(image).await.status, status, "{photo}");
    }
    assert_eq!(files(&server).len(), 1);
}

fn text_path<'u>(server: &TestServer, url: &'u str) -> &'u str {
    url.strip_prefix(&server.url).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_image_is_refused_and_nothing_stays() {
    let setup = Setup::demo().set("images.max_bytes", 100_000).set("images.max_pixels", 1_000_000);
    let server = setup.set("images.max_per_pet", 2).start().await;
    let staff = server.user("staff").await;
    let pet = staff.create_pet("Rex").await;
    let pet = id(&pet);
    let mut large = png(10, 10);
    large.resize(150_000, 0);
    let mut huge = png(10, 10);
    huge.resize(3_000_000, 0);
    let script = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script/></svg>";
    let image = png(10, 10);
    let table: [(Vec<u8>, u16, &str); 13] = [
        (form(&[("file", &large)]), 413, "file"),
        (form(&[("file", &huge)]), 413, "file"),
        (form(&[("file", script)]), 415, "Content-Type"),
        (form(&[("file", b"GIF89a\x01\0\x01\0")]), 415, "Content-Type"),
        (form(&[("file", b"")]), 415, "Content-Type"),
        (form(&[("file", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR")]), 422, "file"),
        (form(&[("file", &png(0, 1))]), 422, "file"),
        (form(&[("file", &png(50_000, 50_000))]), 422, "file"),
        (form(&[("image", &image)]), 422, "image"),
        (form(&[("file", &image), ("file", &image)]), 422, "file"),
        (form(&[("additionalMetadata", b"x")]), 422, "file"),
        (form(&[("file", &image), ("additionalMetadata", &[b'x'; 1001])]), 422, "additionalMetadata"),
        (form(&[("file", &image), ("additionalMetadata", b"\xff")]), 400, "additionalMetadata"),
    ];
    for (body, status, field) in table {
        let refusal = upload_body(&staff, pet, body).await.refusal();
        assert_eq!((refusal.status, &refusal.fields), (Some(status), &vec![field.to_owned()]), "{refusal:?}");
    }
    let whole = form(&[("file", &image)]);
    for cut in [0, 10, 60, 100, whole.len() - 12] {
        let refusal = upload_body(&staff, pet, whole[..cut].to_vec()).await.refusal();
        assert_eq!(
            (refusal.status, &refusal.fields),
            (Some(400), &vec!["body".to_owned()]),
            "{cut}: {refusal:?}"
        );
    }
    for (kind, status) in [("application/json", 415), ("multipart/form-data", 415), ("image/png", 415)] {
        let request =
            staff.request(Method::POST, &format!("/v1/pets/{pet}/images")).header("content-type", kind);
        assert_eq!(staff.send(request.body(whole.clone())).await.refusal().status, Some(status), "{kind}");
    }
    assert_eq!(upload(&server.anonymous(), pet, &image).await.refusal().status, Some(401));
    assert_eq!(upload(&server.user("alice").await, pet, &image).await.refusal().status, Some(403));
    assert_eq!(
        upload(&staff, "019b4139-1234-7abc-8def-123456789abc", &image).await.refusal().status,
        Some(404)
    );
    assert_eq!(upload(&staff, "42", &image).await.refusal().status, Some(400));
    assert_eq!(files(&server), Vec::<PathBuf>::new());
    for expected in [201, 201, 409] {
        assert_eq!(upload(&staff, pet, &image).await.status, expected);
    }
    assert_eq!(files(&server).len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_is_cut_off_leaves_no_file() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let pet = staff.create_pet("Rex").await;
    let host = server.url.strip_prefix("http://").unwrap().to_owned();
    let mut stream = tokio::net::TcpStream::connect(&host).await.unwrap();
    let head = format!(
        "POST /v1/pets/{}/images HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\n\
         content-type: multipart/form-data; boundary=edge\r\ncontent-length: 100000\r\n\r\n",
        text(&pet, "id"),
        staff.token.as_deref().unwrap()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&form(&[("file", &png(1, 1))])[..90]).await.unwrap();
    crate::support::eventually("the upload to begin", async || (files(&server).len() == 1).then_some(()))
        .await;
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let _ = within("the end of the connection", stream.read_to_end(&mut answer)).await;
    crate::support::eventually("its file to go", async || files(&server).is_empty().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_nobody_knows_are_swept() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let pet = staff.create_pet("Rex").await;
    assert_eq!(upload(&staff, id(&pet), &png(1, 1)).await.status, 201);
    let folder = server.path().join("images");
    let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    for (name, is_old) in
        [("019b4139-1234-7abc-8def-123456789abc", true), ("019b4139-1234-7abc-8def-123456789abd", false)]
    {
        let file = std::fs::File::create(folder.join(name)).unwrap();
        if is_old {
            file.set_modified(old).unwrap();
        }
    }
    for path in files(&server) {
        if path.metadata().unwrap().len() > 0 {
            std::fs::File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
        }
    }
    server.app().sweep_images().await.unwrap();
    let left = files(&server);
    assert_eq!(left.len(), 2, "the pet's own, and one that may be under way: {left:?}");
    assert!(!folder.join("019b4139-1234-7abc-8def-123456789abc").exists());
}
