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

/** A sentence that is fit for the page. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "Something went wrong.";
}
