// The fifth pane: a webhook endpoint of one's own, whose receiver is the server's inspector. To cut it is to pause the
// endpoint: deliveries wait, and come when it goes on.

import { header, hookUrl, newHookId, watchHook } from "../../hooks/inspector";
import { api, take } from "../../api/client";
import { messageOf, Refused } from "../../api/problem";
import { beforeSignOut, session } from "../../api/session";
import type { Connect } from "../../live/channel";
import { isRecord, parseJson, type Envelope } from "../../live/envelope";

const description = "Protocol lab of the demo page";
const patterns = { orders: "order.*", payments: "payment.*", pets: "pet.*", inventory: "inventory.changed", chat: "chat.*" } as const;

const storageKey = "petstore.lab";
/** Nobody looks at a lab that long: its page ended without a word. */
const staleMs = 86_400_000;

let current: { id: string; hook: string; owner: string; token: string } | undefined;
/** Pausing and going on are asked for one after the other. */
let asked: Promise<unknown> = Promise.resolve();

/** What earlier visits left behind; the endpoints of labs that are open elsewhere stay. */
async function removeOld(): Promise<void> {
  const { data } = await take(api.GET("/v1/webhook-endpoints", { params: { query: { limit: 100 } } }));
  const own = sessionStorage.getItem(storageKey);
  const old = data.filter(({ id, description: text, createdAt }) => text === description && (id === own || Date.parse(createdAt) < Date.now() - staleMs));
  await Promise.all(old.map(({ id }) => api.DELETE("/v1/webhook-endpoints/{id}", { params: { path: { id } } })));
}

async function endpoint(topics: readonly string[], token: string): Promise<{ id: string; hook: string }> {
  await asked;
  const owner = session.get()?.user.id ?? "";
  if (current?.owner === owner) {
    current.token = token;
    await take(api.POST("/v1/webhook-endpoints/{id}/resume", { params: { path: { id: current.id } } }));
    return current;
  }
  await removeOld();
  const hook = newHookId();
  const eventTypes = topics.flatMap((topic) => patterns[topic as keyof typeof patterns] ?? []);
  const body = { url: hookUrl(hook), description, eventTypes };
  const { id } = await take(api.POST("/v1/webhook-endpoints", { body }));
  sessionStorage.setItem(storageKey, id);
  current = { id, hook, owner, token };
  return current;
}

function pause(): void {
  if (!current) return;
  const params = { path: { id: current.id } };
  asked = asked.then(() => api.POST("/v1/webhook-endpoints/{id}/pause", { params })).catch(() => {});
}

/** Deletes the endpoint: nobody looks any more. It is sent even while the page is closing. */
export async function forgetWebhook(): Promise<void> {
  if (!current) return;
  const { id, token } = current;
  current = undefined;
  const headers = { Authorization: `Bearer ${token}` };
  await fetch(`/v1/webhook-endpoints/${id}`, { method: "DELETE", headers, keepalive: true }).catch(() => {});
}
beforeSignOut.add(forgetWebhook);

/** Deliveries have no cursor: their store keeps the position. So the id of the event stands in its place. */
function envelopeOf(text: string): Envelope | undefined {
  const value = parseJson(text);
  if (!isRecord(value) || typeof value.eventId !== "string") return undefined;
  return { ...value, cursor: "" } as unknown as Envelope;
}

export const connectWebhook: Connect = ({ topics, token }, listener) => {
  let stop = (): void => {};
  let closed = false;
  if (!token) {
    listener.lost({ reason: "an endpoint belongs to a user: sign in", refused: true });
    return { close: () => {} };
  }
  const begin = async (): Promise<void> => {
    const { hook } = await endpoint(topics, token);
    if (closed) {
      pause();
      return;
    }
    listener.frame("out", `endpoint at ${hookUrl(hook)}`);
    stop = watchHook(hook, {
      open: () => listener.live(),
      request: (request) => {
        const names = ["webhook-id", "webhook-timestamp", "webhook-signature", "x-webhook-attempt"];
        const lines = names.map((name) => `${name}: ${header(request, name) ?? ""}`);
        listener.frame("in", `POST ${request.path}\n${lines.join("\n")}\n\n${request.text}`);
        const envelope = envelopeOf(request.text);
        if (envelope) listener.event(envelope);
      },
      lost: () => listener.lost({ reason: "the inspector does not answer" }),
    });
  };
  begin().catch((error: unknown) => {
    const gone = error instanceof Refused && error.status === 404;
    if (gone) current = undefined;
    listener.lost({ reason: messageOf(error), refused: error instanceof Refused && !gone });
  });
  return {
    close: () => {
      closed = true;
      stop();
      pause();
    },
    renew: (renewed) => {
      if (current) current.token = renewed;
    },
  };
};
