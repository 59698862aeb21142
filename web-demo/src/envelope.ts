/** One event, the same on every channel. */
export interface Envelope {
  eventId: string;
  eventType: string;
  /** RFC 3339, UTC. */
  timestamp: string;
  data: Record<string, unknown>;
  /** Opaque position in the feed: hand the newest one back as `after` and nothing is missed. */
  cursor: string;
}

/** The fields of an RFC 9457 problem that this page reads. */
export interface Problem {
  status?: number;
  title?: string;
  detail?: string;
  code?: string;
}

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

export function describeProblem(problem: Problem, otherwise: string): string {
  return problem.detail ?? problem.title ?? otherwise;
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function fields(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

/** The tail of a UUID v7 is its random part; the head is the time, alike for neighbours. */
function shortId(id: unknown): string {
  return text(id) && `…${text(id).slice(-6)}`;
}

function wordsOf({ eventType, data }: Envelope): string[] {
  const [order, payment, pet, inventory] = [data.order, data.payment, data.pet, data.inventory].map(fields);
  const change = [text(data.previousStatus), text(data.newStatus)].filter(Boolean).join(" → ");
  switch (eventType.split(".")[0]) {
    case "order":
      return [change || text(order?.status), shortId(order?.id)];
    case "payment":
      return [text(payment?.amount), text(payment?.currency), text(payment?.status), shortId(order?.id)];
    case "pet":
      return [text(pet?.name), change || text(pet?.status)];
    case "inventory":
      return [text(inventory?.species), text(inventory?.available), "available"];
    default:
      return [];
  }
}

/** A short line for the list; fields that an event does not carry are left out. */
export function summarize(envelope: Envelope): string {
  return wordsOf(envelope).filter(Boolean).join(" ");
}
