"""The four grants with Authlib, against the server at the address that is given. Exits with 1 at the first surprise."""

import html
import re
import sys
import time
import urllib.parse

from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import KeySet
import requests

BASE = sys.argv[1]
PASSWORD = "petstore-demo"
CALLBACK = "http://127.0.0.1:9/callback"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
VERIFIER = "a-verifier-of-more-than-forty-three-characters-in-all"
SCOPE = "read:pets read:orders"


def check(what, fact):
    print("ok  " if fact else "FAIL", what)
    if not fact:
        sys.exit(1)


def admin():
    answer = requests.post(f"{BASE}/v1/auth/tokens", json={"username": "admin", "password": PASSWORD})
    return {"Authorization": "Bearer " + answer.json()["token"]}


def register(**fields):
    body = {"name": "Authlib", "scopes": SCOPE.split(), **fields}
    answer = requests.post(f"{BASE}/v1/admin/oauth-clients", json=body, headers=admin())
    answer.raise_for_status()
    return answer.json()


def session(client, **more):
    # Only the transport of this test is plain; the server is asked as any other.
    method = "client_secret_basic" if "secret" in client else "none"
    return OAuth2Session(client["id"], client.get("secret"), token_endpoint_auth_method=method, scope=SCOPE, **more)


class Browser(requests.Session):
    """Sends the forms of the pages."""

    def submit(self, page, **fields):
        action = html.unescape(re.search(r'action="([^"]*)"', page.text)[1])
        fields["form_token"] = re.search(r'name="form_token" value="([^"]*)"', page.text)[1]
        return self.post(BASE + action, data=fields, allow_redirects=False)

    def follow(self, page):
        return self.get(urllib.parse.urljoin(BASE, page.headers["Location"]), allow_redirects=False)

    def log_in(self, page):
        return self.follow(self.submit(page, session="login", username="alice", password=PASSWORD))


def orders(token):
    return requests.get(f"{BASE}/v1/orders", headers={"Authorization": "Bearer " + token}).status_code


def code_and_refresh(metadata, browser):
    client = register(grantTypes=["authorization_code", "refresh_token"], redirectUris=[CALLBACK])
    app = session(client, redirect_uri=CALLBACK, code_challenge_method="S256")
    address, state = app.create_authorization_url(metadata["authorization_endpoint"], code_verifier=VERIFIER)
    check("Authlib sends the S256 challenge", create_s256_code_challenge(VERIFIER) in address)
    consent = browser.log_in(browser.get(address))
    sent = browser.submit(consent, action="allow").headers["Location"]
    token = app.fetch_token(
        metadata["token_endpoint"], authorization_response=sent, code_verifier=VERIFIER, state=state
    )
    check("authorization code", orders(token["access_token"]) == 200)
    newer = app.refresh_token(metadata["token_endpoint"], token["refresh_token"])
    check("refresh", newer["refresh_token"] != token["refresh_token"] and orders(newer["access_token"]) == 200)
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"]).json())
    claims = jwt.decode(newer["access_token"], keys, algorithms=["EdDSA"]).claims
    check("the token is verified by the published key", claims["iss"] == metadata["issuer"])
    about = app.introspect_token(metadata["introspection_endpoint"], newer["access_token"]).json()
    check("introspection", about["active"] and about["username"] == "alice")
    app.revoke_token(metadata["revocation_endpoint"], newer["refresh_token"])
    check("revocation", orders(newer["access_token"]) == 401)


def credentials(metadata):
    client = register(grantTypes=["client_credentials"])
    token = session(client).fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    check("client credentials", orders(token["access_token"]) == 200)
    wrong = session({**client, "secret": "wrong"})
    try:
        wrong.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
        check("a wrong secret is refused", False)
    except OAuthError as error:
        check("a wrong secret is refused", error.error == "invalid_client")


def device(metadata, browser):
    client = register(confidential=False, grantTypes=[DEVICE_GRANT])
    form = {"client_id": client["id"], "scope": SCOPE}
    begun = requests.post(metadata["device_authorization_endpoint"], data=form).json()
    app = session(client)

    def ask():
        return app.fetch_token(
            metadata["token_endpoint"], grant_type=DEVICE_GRANT, device_code=begun["device_code"]
        )

    try:
        ask()
        check("the device has to wait", False)
    except OAuthError as error:
        check(f"the device has to wait: {error.error}", error.error == "authorization_pending")
    page = browser.get(begun["verification_uri_complete"])
    check("the page asks with the code", begun["user_code"] in page.text)
    check("the user allows it", "is connected" in browser.submit(page, action="allow").text)
    time.sleep(begun["interval"])
    check("device code", orders(ask()["access_token"]) == 200)


def main():
    metadata = requests.get(f"{BASE}/.well-known/oauth-authorization-server").json()
    browser = Browser()
    code_and_refresh(metadata, browser)
    credentials(metadata)
    device(metadata, browser)
    print("Authlib: all grants passed")


main()
