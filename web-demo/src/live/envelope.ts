import type { Event } from "../generated/live";

/** One event, the same on every channel; its cursor is handed back as `after`, and nothing is missed. */
export type Envelope = Event & { cursor: string };

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isEnvelope(value: unknown): value is Envelope {
  return (
    isRecord(value) &&
    typeof value.eventId === "string" &&
    typeof value.eventType === "string" &&
    typeof value.timestamp === "string" &&
    typeof value.cursor === "string" &&
    isRecord(value.data)
  );
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The tail of a UUID v7 is its random part; the head is the time, alike for neighbours. */
export function shortId(id: string | null | undefined): string {
  return id ? `…${id.slice(-6)}` : "";
}

function wordsOf({ eventType, data }: Envelope): (string | number | undefined)[] {
  const change = "newStatus" in data ? `${data.previousStatus} → ${data.newStatus}` : undefined;
  if ("payment" in data) return [data.payment.amount, data.payment.currency, data.payment.status, shortId(data.order.id)];
  if ("message" in data) return [data.message.author.toLowerCase(), shortId(data.room.id)];
  if ("room" in data) return [shortId(data.room.id)];
  if ("order" in data) return [change ?? data.order.status, shortId(data.order.id)];
  if ("pet" in data) return [data.pet.name, change ?? data.pet.status];
  if ("inventory" in data) return [data.inventory.species, data.inventory.available, "available"];
  if ("user" in data) return [data.user.username];
  return [eventType.split(".")[1]];
}

/** A short line for a list. */
export function summarize(envelope: Envelope): string {
  return wordsOf(envelope).filter((word) => word !== undefined && word !== "").join(" ");
}
