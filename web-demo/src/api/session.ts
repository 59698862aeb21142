// Who is signed in. The session lives in this tab (sessionStorage): it survives a reload and ends with the tab.

import type { components } from "../generated/rest";
import { isRecord, parseJson } from "../live/envelope";
import { problemOf, Refused, Unreachable } from "./problem";
import { useValue, ValueStore } from "./value-store";

type Role = components["schemas"]["Role"];
type Token = components["schemas"]["Token"];

export interface Session {
  accessToken: string;
  refreshToken: string | undefined;
  user: { id: string; username: string; roles: readonly Role[] };
  /** Which way the user came in; each refreshes at its own endpoint. */
  via: "password" | "oauth";
  /** The server takes the token no more. What was typed stays; signing in again goes on. */
  expired: boolean;
}

export const demoPassword = "petstore-demo";
export const demoAccounts = [
  { username: "alice", role: "Customer", about: "orders pets, pays, chats with the advisor" },
  { username: "bob", role: "Customer", about: "the second customer, for two browsers" },
  { username: "staff", role: "Staff", about: "ships, delivers, takes conversations over" },
  { username: "admin", role: "Administrator", about: "all of that, and users, audit log, numbers" },
] as const;

export const oauthClientId = "petstore-web-demo";
const storageKey = "petstore.session";

const store = new ValueStore<Session | undefined>(restore());

function restore(): Session | undefined {
  const kept = parseJson(sessionStorage.getItem(storageKey) ?? "");
  return isRecord(kept) && isRecord(kept.user) && typeof kept.accessToken === "string"
    ? (kept as unknown as Session)
    : undefined;
}

export const session = { get: store.get, watch: store.watch };

export function enter(next: Session | undefined): void {
  // Secrets and the like are of the one who was here.
  if (next?.user.id !== store.get()?.user.id) sessionStorage.clear();
  if (next) sessionStorage.setItem(storageKey, JSON.stringify(next));
  store.set(next);
}

export function useSession(): Session | undefined {
  return useValue(store);
}

export function isStaff(who: Session | undefined): boolean {
  return who?.user.roles.some((role) => role === "STAFF" || role === "ADMIN") ?? false;
}

export function isAdmin(who: Session | undefined): boolean {
  return who?.user.roles.includes("ADMIN") ?? false;
}

async function post(path: string, body: BodyInit, contentType: string): Promise<unknown> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, { method: "POST", headers: { "Content-Type": contentType, Accept: "application/json" }, body });
    text = await response.text();
  } catch {
    throw new Unreachable();
  }
  const answer = parseJson(text);
  if (!response.ok) throw new Refused(response.status, problemOf(answer));
  return answer;
}

export async function fetchToken(credentials: components["schemas"]["Credentials"]): Promise<Token> {
  return (await post("/v1/auth/tokens", JSON.stringify(credentials), "application/json")) as Token;
}

function sessionOf({ accessToken, refreshToken, user: { id, username, roles } }: Token): Session {
  return { accessToken, refreshToken, user: { id, username, roles: roles ?? [] }, via: "password", expired: false };
}

export async function signIn(username: string, password: string): Promise<void> {
  enter(sessionOf(await fetchToken({ username, password })));
}

/** Nobody waits longer for a server that does not answer. */
const mostWaitMs = 2_000;

/** What must be sent while the token is still good. */
export const beforeSignOut = new Set<() => Promise<void>>();

export async function signOut(): Promise<void> {
  const { accessToken } = store.get() ?? {};
  const finished = Promise.allSettled([...beforeSignOut].map((finish) => finish()));
  await Promise.race([finished, new Promise((resolve) => window.setTimeout(resolve, mostWaitMs))]);
  enter(undefined);
  if (!accessToken) return;
  // Gone here either way; that the server is told is a courtesy that may fail.
  await fetch("/v1/auth/tokens", { method: "DELETE", headers: { Authorization: `Bearer ${accessToken}` } }).catch(() => {});
}

/** Tokens of the OAuth2 server (RFC 6749 §5.1). */
export interface OAuthTokens {
  accessToken: string;
  refreshToken: string | undefined;
}

export async function oauthToken(form: Record<string, string>): Promise<OAuthTokens> {
  const body = new URLSearchParams({ client_id: oauthClientId, ...form });
  const answer = await post("/oauth/token", body.toString(), "application/x-www-form-urlencoded");
  if (!isRecord(answer) || typeof answer.access_token !== "string") throw new Error("The token endpoint answered without a token.");
  return {
    accessToken: answer.access_token,
    refreshToken: typeof answer.refresh_token === "string" ? answer.refresh_token : undefined,
  };
}

let refreshing: Promise<boolean> | undefined;

/** Renews the token once, for all who ask at the same time. False: the session is over. */
export function refresh(): Promise<boolean> {
  refreshing ??= renew().finally(() => {
    refreshing = undefined;
  });
  return refreshing;
}

async function renew(): Promise<boolean> {
  const old = store.get();
  if (!old || old.expired) return false;
  try {
    if (!old.refreshToken) throw new Refused(401, {});
    const renewed =
      old.via === "oauth"
        ? { ...old, ...(await oauthToken({ grant_type: "refresh_token", refresh_token: old.refreshToken })) }
        : sessionOf(await fetchToken({ refreshToken: old.refreshToken }));
    if (store.get() === old) enter(renewed);
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (store.get() === old) enter({ ...old, expired: true });
    return false;
  }
}
