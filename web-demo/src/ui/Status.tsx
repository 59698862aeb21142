import type { OrderStatus, PetStatus } from "../api/types";

type Tone = "good" | "warn" | "bad" | "info" | "violet" | "";

const orderTones: Record<OrderStatus, Tone> = { PLACED: "warn", APPROVED: "info", SHIPPED: "violet", DELIVERED: "good", CANCELLED: "" };
const petTones: Record<PetStatus, Tone> = { AVAILABLE: "good", PENDING: "warn", ADOPTED: "violet", NOT_AVAILABLE: "" };
const others: Record<string, Tone> = {
  SUCCEEDED: "good",
  FAILED: "bad",
  REFUNDED: "info",
  PENDING: "warn",
  DEAD_LETTER: "bad",
  ACTIVE: "good",
  SUSPENDED: "bad",
};

/** AVAILABLE → Available, NOT_AVAILABLE → Not available. */
export function words(name: string): string {
  const text = name.replaceAll("_", " ").toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function OrderBadge({ status }: { status: OrderStatus }) {
  return <span className={`badge ${orderTones[status]}`}>{words(status)}</span>;
}

export function PetBadge({ status }: { status: PetStatus }) {
  return <span className={`badge ${petTones[status]}`}>{words(status)}</span>;
}

export function Badge({ name, tone }: { name: string; tone?: Tone }) {
  return <span className={`badge ${tone ?? others[name] ?? ""}`}>{words(name)}</span>;
}
