// OAuth2 as a public client: authorization code with PKCE (RFC 7636) and state (RFC 6749 §10.12).

import { isRecord, parseJson } from "../live/envelope";
import { whoAmI } from "./graphql";
import { enter, oauthClientId, oauthToken } from "./session";

const storageKey = "petstore.oauth";
const scope = "read:pets read:orders write:orders read:user write:user chat:write";

function redirectUri(): string {
  return `${location.origin}/sign-in/callback`;
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function randomText(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

/** Leaves for the authorization page; `returnTo` is where the user goes on afterwards. */
export async function begin(returnTo: string): Promise<void> {
  if (!crypto.subtle) throw new Error("OAuth2 with PKCE needs https, or this page on localhost.");
  const [verifier, state] = [randomText(), randomText()];
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  sessionStorage.setItem(storageKey, JSON.stringify({ verifier, state, returnTo }));
  const address = new URL("/oauth/authorize", location.origin);
  address.search = new URLSearchParams({
    response_type: "code",
    client_id: oauthClientId,
    redirect_uri: redirectUri(),
    scope,
    state,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: "S256",
  }).toString();
  location.assign(address);
}

/** Takes the answer of the authorization page, and returns where the user wanted to go. */
export async function complete(answer: URLSearchParams): Promise<string> {
  const kept = parseJson(sessionStorage.getItem(storageKey) ?? "");
  sessionStorage.removeItem(storageKey);
  if (!isRecord(kept) || typeof kept.verifier !== "string" || kept.state !== answer.get("state")) {
    throw new Error("This answer does not belong to a sign-in that was begun in this tab.");
  }
  const [code, refusal] = [answer.get("code"), answer.get("error")];
  if (!code) throw new Error(refusal === "access_denied" ? "You did not allow it." : (answer.get("error_description") ?? "No code came back."));
  const tokens = await oauthToken({
    grant_type: "authorization_code",
    code,
    redirect_uri: redirectUri(),
    code_verifier: kept.verifier,
  });
  const { id, username, roles } = await whoAmI(tokens.accessToken);
  enter({ ...tokens, user: { id, username, roles: roles ?? [] }, via: "oauth", expired: false });
  // Only a path of our own: never an address that somebody handed in.
  return typeof kept.returnTo === "string" && /^\/(?!\/)/.test(kept.returnTo) ? kept.returnTo : "/";
}
