//! Tokens that must not be taken, made by hand: each is 401 (or 400) in the words of RFC 6750, and never a way in.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use petstore::clock::Clock;
use serde_json::{Value, json};

use crate::support::{Setup, TestServer};

const NOW_MS: i64 = 1_790_000_000_000;

/// The server's own key, and what is in a token of its.
pub struct Forge {
    der: Vec<u8>,
    header: Header,
    claims: Value,
}

impl Forge {
    pub async fn new(server: &TestServer) -> Self {
        let admin = server.user("admin").await;
        let token = admin.token.unwrap();
        let part = |index: usize| URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap();
        let der = std::fs::read(server.data().join("token-ed25519.der")).unwrap();
        let header = jsonwebtoken::decode_header(&token).unwrap();
        Self { der, header, claims: serde_json::from_slice(&part(1)).unwrap() }
    }

    /// A token with that changed, signed with the server's own key.
    pub fn sign(&self, change: impl Fn(&mut Header, &mut Value)) -> String {
        let (mut header, mut claims) = (self.header.clone(), self.claims.clone());
        change(&mut header, &mut claims);
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ed_der(&self.der)).unwrap()
    }

    fn raw(&self, header: &Value, signature: &[u8]) -> String {
        let text = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.{}", text(header), text(&self.claims), URL_SAFE_NO_PAD.encode(signature))
    }

    fn public_key(&self) -> Vec<u8> {
        Ed25519KeyPair::from_pkcs8(&self.der).unwrap().public_key().as_ref().to_vec()
    }

    fn bad(&self) -> Vec<(&'static str, String, &'static str)> {
        let kid = self.header.kid.clone().unwrap();
        let claim = |name: &'static str, value: Value| self.sign(|_, claims| claims[name] = value.clone());
        let hmac = |secret: &[u8]| {
            let mut header = Header::new(Algorithm::HS256);
            (header.kid, header.typ) = (Some(kid.clone()), Some("at+jwt".to_owned()));
            jsonwebtoken::encode(&header, &self.claims, &EncodingKey::from_secret(secret)).unwrap()
        };
        let public = self.public_key();
        let good = self.sign(|_, _| {});
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let other = Ed25519KeyPair::generate_pkcs8(&aws_lc_rs::rand::SystemRandom::new()).unwrap();
        let foreign = EncodingKey::from_ed_der(other.as_ref());
        let seconds = NOW_MS / 1000;
        vec![
            ("another audience", claim("aud", json!("someone-else")), "unauthenticated"),
            ("another issuer", claim("iss", json!("https://evil.example")), "unauthenticated"),
            ("expired", claim("exp", json!(seconds - 1)), "token_expired"),
            ("not yet valid", claim("nbf", json!(seconds + 60)), "unauthenticated"),
            ("older than tokens get", claim("iat", json!(0)), "token_expired"),
            ("no role", claim("roles", json!([])), "unauthenticated"),
            ("unknown scope", claim("scope", json!("root")), "unauthenticated"),
            (
                "no expiry",
                self.sign(|_, claims| drop(claims.as_object_mut().unwrap().remove("exp"))),
                "unauthenticated",
            ),
            ("no kid", self.sign(|header, _| header.kid = None), "unauthenticated"),
            ("foreign kid", self.sign(|header, _| header.kid = Some("nobody".into())), "unauthenticated"),
            (
                "kid with a path",
                self.sign(|header, _| header.kid = Some("../../etc/passwd".into())),
                "unauthenticated",
            ),
            ("another type", self.sign(|header, _| header.typ = Some("JWT".into())), "unauthenticated"),
            (
                "foreign key",
                jsonwebtoken::encode(&self.header, &self.claims, &foreign).unwrap(),
                "unauthenticated",
            ),
            (
                "alg none",
                self.raw(&json!({ "alg": "none", "typ": "at+jwt", "kid": kid }), b""),
                "unauthenticated",
            ),
            (
                "alg None",
                self.raw(&json!({ "alg": "None", "typ": "at+jwt", "kid": kid }), b""),
                "unauthenticated",
            ),
            ("HS256 with the public key", hmac(&public), "unauthenticated"),
            ("HS256 with its text", hmac(URL_SAFE_NO_PAD.encode(&public).as_bytes()), "unauthenticated"),
            ("no signature", format!("{signed}."), "unauthenticated"),
            ("two parts", signed.to_owned(), "unauthenticated"),
            ("cut short", format!("{signed}.{}", &signature[..40]), "unauthenticated"),
            ("too long", "a".repeat(5000), "unauthenticated"),
            ("only dots", "..".to_owned(), "unauthenticated"),
        ]
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_was_not_issued_is_never_a_way_in() {
    let clock = Clock::manual(NOW_MS);
    let server = Setup::demo().clock(&clock).start().await;
    let forge = Forge::new(&server).await;
    let anonymous = server.anonymous();
    let good = anonymous.with_token(&forge.sign(|_, _| {}));
    assert_eq!(good.get("/v1/orders").await.status, 200, "the forge makes good tokens too");
    for (what, token, code) in forge.bad() {
        for path in ["/v1/orders", "/v1/pets"] {
            let answer = anonymous.with_token(&token).get(path).await;
            assert_eq!((answer.status, answer.refusal().code.as_str()), (401, code), "{what}");
            let challenge = answer.header("www-authenticate");
            assert!(
                challenge.starts_with("Bearer ") && challenge.contains("error=\"invalid_token\""),
                "{challenge}"
            );
        }
        let graphql = anonymous.with_token(&token).graphql("{ inventory { total } }").await.unwrap_err();
        assert_eq!(graphql.code, code, "{what}: {graphql:?}");
        let query = json!({ "query": "{ inventory { total } }" });
        let answer = anonymous.with_token(&token).post("/v1/graphql", query).await;
        let challenge = answer.header("www-authenticate");
        assert!(challenge.contains("error=\"invalid_token\""), "{what}: GraphQL says {challenge}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_authorization_header_is_read_to_the_letter() {
    let server = TestServer::demo().await;
    let alice = server.user("alice").await;
    let (anonymous, token) = (server.anonymous(), alice.token.clone().unwrap());
    let ask = async |values: &[String]| {
        let mut request = anonymous.request(Method::GET, "/v1/orders");
        for value in values {
            request = request.header("authorization", value);
        }
        anonymous.send(request).await
    };
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        assert_eq!(ask(&[format!("{scheme} {token}")]).await.status, 200, "{scheme}");
    }
    let twice = ask(&[format!("Bearer {token}"), format!("Bearer {token}")]).await;
    assert_eq!(twice.status, 400);
    assert!(twice.header("www-authenticate").contains("error=\"invalid_request\""));
    for bad in [format!("Basic {token}"), format!("Bearer{token}"), token.clone(), "Bearer ".to_owned()] {
        let answer = ask(&[bad]).await;
        assert_eq!(answer.status, 401);
        assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""));
    }
    let silent = ask(&[]).await;
    assert_eq!((silent.status, silent.header("www-authenticate")), (401, "Bearer realm=\"petstore\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotated_key_ends_no_session_and_is_published() {
    use petstore::app::keys;
    use petstore::domain::Timestamp;

    const DAY_MS: i64 = 86_400_000;
    let clock = Clock::manual(NOW_MS);
    let server = Setup::demo().clock(&clock).set("auth.refresh_ttl_s", 10).start().await;
    let kids = async || -> Vec<String> {
        let set = server.anonymous().get("/.well-known/jwks.json").await.result().unwrap();
        let keys = set["keys"].as_array().unwrap();
        assert!(
            keys.iter().all(|key| key["kty"] == "OKP" && key["alg"] == "EdDSA" && key.get("d").is_none())
        );
        keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    };
    let old = server.user("alice").await;
    let first = kids().await;
    let now = Timestamp::from_ms(NOW_MS);
    let told = keys::rotate(server.data(), DAY_MS, now, false).unwrap();
    let newest = told.last().unwrap().kid.clone();
    server.app().reload_keys();
    assert_eq!(kids().await, [first[0].clone(), newest.clone()]);
    let new = server.user("alice").await;
    let header = jsonwebtoken::decode_header(new.token.as_deref().unwrap()).unwrap();
    assert_eq!((header.kid, header.typ.as_deref()), (Some(newest.clone()), Some("at+jwt")));
    for api in [&old, &new] {
        assert_eq!(api.get("/v1/orders").await.status, 200);
    }
    // The running server also learns of a key by a token that names it, and of one that was taken away.
    clock.advance(std::time::Duration::from_secs(2));
    keys::rotate(server.data(), DAY_MS, Timestamp::from_ms(clock.now_ms()), true).unwrap();
    server.app().reload_keys();
    for api in [&old, &new] {
        assert_eq!(api.get("/v1/orders").await.refusal().code, "unauthenticated", "its key is gone");
    }
    assert_eq!(server.user("alice").await.get("/v1/orders").await.status, 200);
}
