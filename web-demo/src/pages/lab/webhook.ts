// The fifth pane: a webhook endpoint of one's own, whose receiver is the server's inspector. To cut it is to pause the
// endpoint: deliveries wait, and come when it goes on.

import { header, hookUrl, newHookId, watchHook } from "../../hooks/inspector";
import { api, take } from "../../api/client";
import { messageOf, Refused } from "../../api/problem";
import type { Connect } from "../../live/channel";
import { isRecord, parseJson, type Envelope } from "../../live/envelope";

const description = "Protocol lab of the demo page";
const patterns = { orders: "order.*", payments: "payment.*", pets: "pet.*", inventory: "inventory.changed", chat: "chat.*" } as const;

let current: { id: string; hook: string; token: string } | undefined;

async function removeOld(): Promise<void> {
  const { data } = await take(api.GET("/v1/webhook-endpoints", { params: { query: { limit: 100 } } }));
  const old = data.filter((endpoint) => endpoint.description === description);
  await Promise.all(old.map(({ id }) => api.DELETE("/v1/webhook-endpoints/{id}", { params: { path: { id } } })));
}

async function endpoint(topics: readonly string[], token: string): Promise<{ id: string; hook: string }> {
  if (current?.token === token) {
    await take(api.POST("/v1/webhook-endpoints/{id}/resume", { params: { path: { id: current.id } } }));
    return current;
  }
  await removeOld();
  const hook = newHookId();
  const eventTypes = topics.flatMap((topic) => patterns[topic as keyof typeof patterns] ?? []);
  const body = { url: hookUrl(hook), description, eventTypes };
  const { id } = await take(api.POST("/v1/webhook-endpoints", { body }));
  current = { id, hook, token };
  return current;
}

function pause(): void {
  if (!current) return;
  void api.POST("/v1/webhook-endpoints/{id}/pause", { params: { path: { id: current.id } } }).catch(() => {});
}

/** Deletes the endpoint: nobody looks any more. It is sent even while the page is closing. */
export function forgetWebhook(): void {
  if (!current) return;
  const { id, token } = current;
  current = undefined;
  const headers = { Authorization: `Bearer ${token}` };
  void fetch(`/v1/webhook-endpoints/${id}`, { method: "DELETE", headers, keepalive: true }).catch(() => {});
}

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
  };
};
