// Secrets of endpoints that this tab made: shown once by the server, kept here to verify what the receiver shows.

import { isRecord, parseJson } from "../live/envelope";
import { header, type HookRequest } from "./inspector";

const storageKey = "petstore.secrets";

function all(): Record<string, string[]> {
  const kept = parseJson(sessionStorage.getItem(storageKey) ?? "");
  return isRecord(kept) ? (kept as Record<string, string[]>) : {};
}

export function secretsOf(endpointId: string): readonly string[] {
  return all()[endpointId] ?? [];
}

/** The newest first; the one before it signs too while a rotation overlaps. */
export function keepSecret(endpointId: string, secret: string): void {
  const kept = all();
  kept[endpointId] = [secret, ...(kept[endpointId] ?? [])].slice(0, 2);
  sessionStorage.setItem(storageKey, JSON.stringify(kept));
}

function bytes(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}

async function fits(secret: string, signed: string, signature: string): Promise<boolean> {
  const key = await crypto.subtle.importKey("raw", bytes(secret.replace(/^whsec_/, "")), { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  // Web Cryptography compares in constant time.
  return crypto.subtle.verify("HMAC", key, bytes(signature), new TextEncoder().encode(signed));
}

/** Whether one of the signatures of a delivery fits one of the secrets; nothing when there is no secret to try. */
export async function verify(request: HookRequest, secrets: readonly string[]): Promise<boolean | undefined> {
  // Outside of https and localhost, browsers have no cryptography to offer.
  if (secrets.length === 0 || !crypto.subtle) return undefined;
  const signed = `${header(request, "webhook-id")}.${header(request, "webhook-timestamp")}.${request.text}`;
  const given = (header(request, "webhook-signature") ?? "").split(" ").filter((one) => one.startsWith("v1,"));
  for (const secret of secrets) {
    for (const signature of given) if (await fits(secret, signed, signature.slice("v1,".length)).catch(() => false)) return true;
  }
  return false;
}
