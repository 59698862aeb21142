import { isRecord } from "../live/envelope";
import type { components } from "../generated/rest";

export type Problem = components["schemas"]["Problem"];

/** The server said no. `code` is the same in every protocol. */
export class Refused extends Error {
  readonly code: string;
  /** What is wrong with each field, by its dotted path. */
  readonly fields: ReadonlyMap<string, string>;

  constructor(
    readonly status: number,
    readonly problem: Partial<Problem>,
  ) {
    super(problem.detail ?? problem.title ?? `The server answered ${status}.`);
    this.code = problem.code ?? String(status);
    this.fields = new Map((problem.errors ?? []).map(({ field, message }) => [field, message]));
  }
}

/** The server did not answer at all. */
export class Unreachable extends Error {
  constructor() {
    super("The server does not answer.");
  }
}

export function problemOf(value: unknown): Partial<Problem> {
  return isRecord(value) ? (value as Partial<Problem>) : {};
}

const over = "Your session has ended. Sign in again.";
const later = "The server cannot do this right now. Try again in a moment.";

/** What the codes mean to whoever looks at a page; the details of the other codes are fit as they are. */
const sentences: Record<string, string> = {
  unauthenticated: over,
  token_expired: over,
  token_revoked: over,
  wrong_credentials: "The user name or the password is wrong.",
  forbidden: "This account may not do that.",
  not_found: "It is not here, or it is not yours.",
  malformed_request: "There is nothing at this address.",
  illegal_transition: "It has moved on meanwhile.",
  payload_too_large: "It is too large.",
  unsupported_media_type: "It is not of a kind that can be taken here.",
  rate_limited: "That was a lot at once. Try again in a moment.",
  unavailable: later,
  internal: later,
};

/** A sentence that is fit for the page. */
export function messageOf(error: unknown): string {
  if (error instanceof Refused) {
    const found = [...error.fields].map(([field, message]) => `${field} ${message}`).join("; ");
    return sentences[error.code] ?? (found || error.message);
  }
  return error instanceof Error ? error.message : "Something went wrong.";
}
