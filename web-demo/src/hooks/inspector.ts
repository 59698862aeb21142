// The receiver of webhooks that the server has built in: it keeps what is sent to it, and shows it live.

import { isRecord, parseJson } from "../live/envelope";
import { idempotencyKey } from "../api/client";

/** A request as the inspector got it. */
export interface HookRequest {
  /** Rises with each request, until the server is started anew. */
  number: number;
  /** What the request is known by: a delivery and its attempt, or what there is. */
  key: string;
  receivedAt: string;
  path: string;
  headers: readonly (readonly [name: string, value: string])[];
  /** The raw text, which is what is signed. */
  text: string;
}

export function header(request: Pick<HookRequest, "headers">, name: string): string | undefined {
  return request.headers.find(([key]) => key.toLowerCase() === name)?.[1];
}

/** Whoever knows the address sees what comes: so it is hard to guess. */
export function newHookId(): string {
  return `demo-${idempotencyKey()}`;
}

export function hookPath(id: string): string {
  return `/v1/echo/hooks/${id}`;
}

export function hookUrl(id: string): string {
  return `${location.origin}${hookPath(id)}`;
}

function read(text: string, number: number): HookRequest | undefined {
  const value = parseJson(text);
  if (!isRecord(value) || typeof value.receivedAt !== "string" || !isRecord(value.body) || !Array.isArray(value.headers)) return undefined;
  const request = {
    number,
    receivedAt: value.receivedAt,
    path: typeof value.path === "string" ? value.path : "",
    headers: value.headers as [string, string][],
    text: typeof value.body.text === "string" ? value.body.text : "",
  };
  return { ...request, key: [header(request, "webhook-id") ?? `${value.receivedAt} ${number}`, header(request, "x-webhook-attempt")].join(" ") };
}

interface Listener {
  open(): void;
  request(request: HookRequest): void;
  lost(): void;
}

/** What was kept, and what comes; EventSource comes back by itself, with the number of the last one. */
export function watchHook(id: string, { open, request, lost }: Listener): () => void {
  const source = new EventSource(hookPath(id));
  source.onopen = open;
  source.addEventListener("request", ({ data, lastEventId }: MessageEvent<string>) => {
    const found = read(data, Number(lastEventId.split("-").at(-1)));
    if (found) request(found);
  });
  source.onerror = lost;
  return () => source.close();
}

/** The inspector that an endpoint sends to, and what it is told to answer; nothing when it sends elsewhere. */
export function hookOf(url: string): { id: string; status: number } | undefined {
  if (!URL.canParse(url)) return undefined;
  const { origin, pathname, searchParams } = new URL(url);
  const id = /^\/v1\/echo\/hooks\/([\w.-]+)$/.exec(pathname)?.[1];
  return id && origin === location.origin ? { id, status: Number(searchParams.get("status") ?? 200) } : undefined;
}

/** Where the inspector answers with this status. */
export function hookUrlAnswering(id: string, status: number): string {
  return status === 200 ? hookUrl(id) : `${hookUrl(id)}?status=${status}`;
}
