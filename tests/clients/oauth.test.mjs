// The four grants with openid-client, and the pages in a real browser with scripts switched off.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import * as oauth from "openid-client";
import { Api, DEMO_PASSWORD } from "./api.mjs";
import { launch, logIn } from "./browser.mjs";
import { PetstoreServer } from "./server.mjs";
import { within } from "./wait.mjs";

const TEST_LIMIT = { timeout: 180_000 };
const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";
const SCOPE = "read:pets read:orders";

let server;
let admin;
/** @type {import("playwright-core").Browser | undefined} */
let browser;

before(async () => {
  server = await PetstoreServer.start({ env: { PETSTORE_OAUTH_DEVICE_INTERVAL_S: "1" } });
  admin = await new Api(server.url).login("admin");
  browser = await launch();
}, TEST_LIMIT);

after(async () => {
  await browser?.close();
  server?.destroy();
});

/** Registers a client, and lets openid-client discover the server for it. */
async function register(fields) {
  const registered = await admin.call("POST", "/v1/admin/oauth-clients", { scopes: SCOPE.split(" "), ...fields });
  const authentication = registered.secret ? oauth.ClientSecretBasic(registered.secret) : oauth.None();
  return oauth.discovery(new URL(server.url), registered.id, undefined, authentication, {
    algorithm: "oauth2",
    execute: [oauth.allowInsecureRequests],
  });
}

/** Listens like an application on the user's machine (RFC 8252 §7.3) for the one answer that it is sent. */
async function application(t) {
  const listener = createServer();
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  t.after(() => listener.close());
  const uri = `http://127.0.0.1:${listener.address().port}/callback`;
  const answer = new Promise((resolve) => {
    listener.on("request", (request, response) => {
      response.end("you can close this page");
      if (request.url.startsWith("/callback")) resolve(new URL(request.url, uri));
    });
  });
  return { uri, answer };
}

/** A page without scripts; the test fails when something on it does not load. */
async function openPage(t, options = {}) {
  const context = await browser.newContext({ javaScriptEnabled: false, ...options });
  t.after(() => context.close());
  const page = await context.newPage();
  page.on("requestfailed", (request) => {
    if (!request.url().endsWith("favicon.ico")) assert.fail(`${request.url()}: ${request.failure()?.errorText}`);
  });
  return page;
}

async function works(tokens) {
  const answer = await new Api(server.url, tokens.access_token).send("GET", "/v1/orders");
  return answer.status;
}

function withoutBrowser(t) {
  if (browser) return false;
  t.skip("there is no Chromium on this machine, and it could not be installed; the reason is above");
  return true;
}

describe("openid-client", () => {
  test("authorization code with PKCE, refresh, introspection and revocation", TEST_LIMIT, async (t) => {
    if (withoutBrowser(t)) return;
    const config = await register({
      name: "My app",
      redirectUris: ["http://127.0.0.1/callback"],
      grantTypes: ["authorization_code", "refresh_token"],
    });
    const { uri, answer } = await application(t);
    const [verifier, state] = [oauth.randomPKCECodeVerifier(), oauth.randomState()];
    const address = oauth.buildAuthorizationUrl(config, {
      redirect_uri: uri,
      scope: SCOPE,
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
    });
    const page = await openPage(t);
    await page.goto(address.href);
    await logIn(page, "alice", "not-the-password");
    await page.getByRole("alert").filter({ hasText: "is wrong" }).waitFor();
    await logIn(page, "alice", DEMO_PASSWORD);
    await page.getByText("read:orders").waitFor();
    await page.getByRole("button", { name: "Allow" }).click();
    const sent = await within(answer, "the answer at the application");

    // Checks state and iss (RFC 9207) by itself.
    const tokens = await oauth.authorizationCodeGrant(config, sent, { pkceCodeVerifier: verifier, expectedState: state });
    assert.equal(tokens.scope, SCOPE);
    assert.equal(await works(tokens), 200);
    const newer = await oauth.refreshTokenGrant(config, tokens.refresh_token);
    assert.equal(await works(newer), 200);
    assert.equal((await oauth.tokenIntrospection(config, newer.access_token)).username, "alice");
    await oauth.tokenRevocation(config, newer.refresh_token);
    assert.equal(await works(newer), 401);
    assert.equal((await oauth.tokenIntrospection(config, newer.access_token)).active, false);
  });

  test("client credentials", TEST_LIMIT, async () => {
    const config = await register({ name: "Backend", grantTypes: ["client_credentials"] });
    const tokens = await oauth.clientCredentialsGrant(config, { scope: "read:orders" });
    assert.equal(tokens.scope, "read:orders");
    assert.equal(await works(tokens), 200);
    await assert.rejects(oauth.clientCredentialsGrant(config, { scope: "admin" }), { error: "invalid_scope" });
  });

  test("device code, walked in Chromium", TEST_LIMIT, async (t) => {
    if (withoutBrowser(t)) return;
    const config = await register({ name: "Kennel screen", confidential: false, grantTypes: [DEVICE_GRANT, "refresh_token"] });
    const device = await oauth.initiateDeviceAuthorization(config, { scope: SCOPE });
    const asking = oauth.pollDeviceAuthorizationGrant(config, device);
    const page = await openPage(t, { viewport: { width: 375, height: 700 } });
    await page.goto(device.verification_uri);
    await page.getByLabel("Code").fill("BCDF-GHJK");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("alert").filter({ hasText: "No device waits" }).waitFor();
    await page.getByLabel("Code").fill(device.user_code.toLowerCase());
    await page.getByRole("button", { name: "Continue" }).click();
    await logIn(page, "bob", DEMO_PASSWORD);
    await page.getByText(device.user_code).waitFor();
    await page.getByRole("button", { name: "Allow" }).click();
    await page.getByText("is connected").waitFor();
    const tokens = await within(asking, "the device's tokens", 20_000);
    assert.equal(await works(tokens), 200);
    assert.equal(await works(await oauth.refreshTokenGrant(config, tokens.refresh_token)), 200);

    const denied = await oauth.initiateDeviceAuthorization(config, { scope: SCOPE });
    const refused = assert.rejects(oauth.pollDeviceAuthorizationGrant(config, denied), { error: "access_denied" });
    await page.goto(denied.verification_uri_complete);
    await page.getByRole("button", { name: "Deny" }).click();
    await page.getByText("was not given access").waitFor();
    await within(refused, "the refusal at the device", 20_000);
  });
});

test("the log has no errors", () => assert.deepEqual(server.errorLines(), []));
