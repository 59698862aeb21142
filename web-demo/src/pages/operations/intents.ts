// What the staff do to orders. The board shows it at once; what the server refuses is taken back.

import { api, take } from "../../api/client";
import { messageOf, Refused } from "../../api/problem";
import { beforeSignOut } from "../../api/session";
import type { Order, OrderStatus } from "../../api/types";
import { ValueStore } from "../../api/value-store";
import { queries } from "../../app/queries";
import { shortId } from "../../live/envelope";
import { store } from "../../live/events";
import { tell } from "../../ui/toasts";

/** What is about to be true, if the server agrees. */
export interface Intent {
  status: OrderStatus;
  /** Not sent yet: it can be taken back. */
  undo?: () => void;
}

const undoMs = 5_000;

/** Cancellations that can still be undone, by order; called, they are sent at once. */
const waiting = new Map<string, () => Promise<void>>();

async function sendWaiting(): Promise<void> {
  await Promise.all([...waiting.values()].map((sendNow) => sendNow()));
}
beforeSignOut.add(sendWaiting);
// Whoever leaves the page has decided.
window.addEventListener("pagehide", () => void sendWaiting());

export const intents = new ValueStore<ReadonlyMap<string, Intent>>(new Map());

function intend(id: string, intent: Intent | undefined): void {
  const next = new Map(intents.get());
  if (intent) next.set(id, intent);
  else next.delete(id);
  intents.set(next);
}

async function attempt(order: Pick<Order, "id">, what: string, run: () => Promise<Order | undefined>): Promise<void> {
  try {
    const changed = await run();
    if (changed) store.learn(changed);
  } catch (error) {
    tell("bad", `Order ${shortId(order.id)} could not be ${what}: ${messageOf(error)}`);
    // Somebody else was faster: look at what is true now.
    if (error instanceof Refused) void queries.invalidateQueries({ queryKey: ["board"] });
  }
  intend(order.id, undefined);
}

export function ship(order: Pick<Order, "id">): void {
  intend(order.id, { status: "SHIPPED" });
  void attempt(order, "shipped", () => take(api.POST("/v1/orders/{id}/ship", { params: { path: { id: order.id } } })));
}

export function deliver(order: Pick<Order, "id">): void {
  intend(order.id, { status: "DELIVERED" });
  void attempt(order, "delivered", () => take(api.POST("/v1/orders/{id}/deliver", { params: { path: { id: order.id } } })));
}

/** Cancels after a while in which it can be undone; with a reason it is an administrator's, from any status. */
export function cancel(order: Pick<Order, "id" | "status">, reason: string): void {
  const params = { path: { id: order.id } };
  const send = async (): Promise<Order | undefined> => {
    // It outlives the page.
    const keepalive = true;
    if (reason) return take(api.POST("/v1/admin/orders/{id}/cancel", { params, body: { reason }, keepalive }));
    await take(api.DELETE("/v1/orders/{id}", { params, keepalive }));
    return undefined;
  };
  const stop = (): void => {
    window.clearTimeout(timer);
    waiting.delete(order.id);
    dismiss();
  };
  const sendNow = (): Promise<void> => {
    stop();
    intend(order.id, { status: "CANCELLED" });
    return attempt(order, "cancelled", send);
  };
  const timer = window.setTimeout(() => void sendNow(), undoMs);
  waiting.set(order.id, sendNow);
  const dismiss = tell("info", `Order ${shortId(order.id)} is being cancelled.`, { label: "Undo", run: () => undo() }, undoMs);
  const undo = (): void => {
    stop();
    intend(order.id, undefined);
  };
  intend(order.id, { status: order.status, undo });
}
