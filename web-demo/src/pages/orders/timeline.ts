import type { OrderDetails } from "../../api/graphql";
import type { Order } from "../../api/types";
import type { Envelope } from "../../live/envelope";
import type { IconName } from "../../ui/Icon";
import { price } from "../../ui/format";
import { words } from "../../ui/Status";

export interface Step {
  key: string;
  at: string;
  title: string;
  detail?: string;
  icon: IconName;
  tone: "good" | "bad" | "";
}

const statusIcons = { PLACED: "orders", APPROVED: "check", SHIPPED: "truck", DELIVERED: "home", CANCELLED: "close" } as const;
const paymentTitles: Record<string, string> = { SUCCEEDED: "Payment taken", FAILED: "Payment declined", REFUNDED: "Payment given back" };

function statusStep(status: Order["status"], at: string, detail?: string): Step {
  const tone = status === "CANCELLED" ? "bad" : status === "DELIVERED" ? "good" : "";
  return { key: `status:${status}`, at, title: words(status), icon: statusIcons[status], tone, ...(detail ? { detail } : {}) };
}

interface Payment {
  id: string;
  amount: string;
  currency: string;
  status: string;
  failureCode?: string | null;
}

function paymentStep(payment: Payment, at: string): Step {
  const { id, amount, currency, status, failureCode } = payment;
  const reason = failureCode ? ` · ${words(failureCode)}` : "";
  return {
    key: `payment:${id}:${status}`,
    at,
    title: paymentTitles[status] ?? `Payment ${words(status).toLowerCase()}`,
    detail: `${price(amount, currency)}${reason}`,
    icon: "card",
    tone: status === "FAILED" ? "bad" : "",
  };
}

function stepOf(envelope: Envelope): Step | undefined {
  if (envelope.eventType === "order.statusChanged") {
    const { newStatus, changedAt, changedBy } = envelope.data;
    return statusStep(newStatus, changedAt, changedBy === "staff" ? "by the staff" : changedBy === "system" ? undefined : "by the buyer");
  }
  if ("payment" in envelope.data) return paymentStep(envelope.data.payment, envelope.timestamp);
  return undefined;
}

/** What comes first when two steps are of the same moment, as when a payment approves an order. */
const ranks = ["status:PLACED", "payment:FAILED", "payment:SUCCEEDED", "status:APPROVED", "status:SHIPPED", "status:DELIVERED", "status:CANCELLED", "payment:REFUNDED"];

function rank({ key }: Step): number {
  const [kind, ...rest] = key.split(":");
  return ranks.indexOf(`${kind}:${rest.at(-1)}`);
}

type Known = Pick<Order, "status" | "createdAt" | "updatedAt">;

/** What happened to an order: what was read of it, and the events about it, each step once, in order of time. */
export function steps(order: Known, details: OrderDetails | undefined, events: readonly Envelope[]): Step[] {
  const all = new Map<string, Step>();
  const add = (step: Step | undefined): void => {
    if (step) all.set(step.key, step);
  };
  add(statusStep("PLACED", order.createdAt));
  for (const payment of details?.payments ?? []) add(paymentStep(payment, payment.createdAt));
  for (const event of events) add(stepOf(event));
  // What happened before the log begins is known by its result only.
  if (!all.has(`status:${order.status}`)) add(statusStep(order.status, order.updatedAt));
  return [...all.values()].sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || rank(a) - rank(b));
}
