import { problemOf } from "../api/problem";
import type { Envelope } from "./envelope";

/** What a connection asks for. */
export interface Subscription {
  topics: string[];
  /** The cursor of the last event seen; without it the stream starts now. */
  after: string | undefined;
  token: string | undefined;
}

/** Why a connection ended. `refused` means that trying again with the same token is of no use. */
export interface Loss {
  reason: string;
  code?: string;
  refused?: boolean;
  /** Nor is it with another one: what is asked for is not there. */
  final?: boolean;
}

export interface Listener<E> {
  /** The subscription stands; `cursor` is the position from which it is live, where the protocol tells it. */
  live(cursor?: string): void;
  event(event: E): void;
  /** What came or went, as text, for those who look at the wire. */
  frame(way: "in" | "out", text: string): void;
  lost(loss: Loss): void;
}

/** One connection, in one protocol. */
export interface Connection {
  close(): void;
  /** Renews the token of the open connection, where the protocol can. */
  renew?(token: string): void;
}

/** One attempt to connect. */
export type Connect<E = Envelope> = (subscription: Subscription, listener: Listener<E>) => Connection;

export type State =
  | { kind: "cut" | "connecting" | "live" }
  | { kind: "waiting"; reason: string; delayMs: number }
  | { kind: "refused"; reason: string; final: boolean };

/** The first position that any channel learned, for those that could lose their connection before their first event. */
export interface Start {
  cursor: string | undefined;
}

export interface ChannelHooks<E> {
  event(event: E): void;
  state(state: State): void;
  frame?(way: "in" | "out", text: string): void;
  /** The position could not be resumed from: what happened meanwhile must be read anew. */
  gap?(): void;
}

const backoff = { firstMs: 500, maxMs: 30_000 };
const stableAfterMs = 5_000;

/** Codes that say so of what is asked for, whoever asks. */
const notThere = ["not_found", "malformed_request", "validation_failed"];

export function lossOf(problem: unknown, otherwise: string): Loss {
  const known = problemOf(problem);
  return {
    reason: known.detail ?? known.title ?? otherwise,
    refused: known.code === "unauthenticated" || known.code === "forbidden",
    final: known.code !== undefined && notThere.includes(known.code),
    ...(known.code ? { code: known.code } : {}),
  };
}

/** Keeps one protocol connected: reconnects with backoff and jitter, and resumes after the last cursor. */
export class Channel<E extends { cursor?: string } = Envelope> {
  state: State = { kind: "connecting" };
  #connection: Connection | undefined;
  #timer: number | undefined;
  #cursor: string | undefined;
  #failures = 0;
  #topics: string[] = [];
  #token: string | undefined;

  constructor(
    private readonly connect: Connect<E>,
    private readonly start: Start,
    private readonly hooks: ChannelHooks<E>,
  ) {}

  /** Subscribes as the holder of `token`, replacing an open connection and keeping the position; what was cut stays cut. */
  open(topics: string[], token: string | undefined): void {
    this.#topics = topics;
    this.#token = token;
    if (this.state.kind !== "cut") this.resume();
  }

  /** The same user with a newer token: an open connection keeps going where the protocol can renew it. */
  renew(token: string): void {
    this.#token = token;
    if (this.state.kind === "live" && this.#connection?.renew) this.#connection.renew(token);
    else if (this.state.kind !== "cut") this.resume();
  }

  /** Somebody else: the next connection begins at the present. */
  forget(): void {
    this.#cursor = undefined;
    this.start.cursor = undefined;
  }

  /** Drops the connection until `resume`. */
  cut(): void {
    this.#hangUp();
    this.#enter({ kind: "cut" });
  }

  resume(): void {
    this.#failures = 0;
    this.#dial();
  }

  #dial(): void {
    this.#hangUp();
    this.#enter({ kind: "connecting" });
    const after = this.#cursor ?? this.start.cursor;
    let current = true;
    let liveSince: number | undefined;
    const connection = this.connect(
      { topics: this.#topics, after, token: this.#token },
      {
        live: (cursor) => {
          if (!current) return;
          liveSince = performance.now();
          this.start.cursor ??= cursor;
          this.#cursor ??= cursor;
          this.#enter({ kind: "live" });
        },
        event: (event) => {
          if (!current) return;
          // What is of the moment has no place in the log.
          if (event.cursor) this.#cursor = event.cursor;
          this.hooks.event(event);
        },
        frame: (way, text) => {
          if (current) this.hooks.frame?.(way, text);
        },
        lost: (loss) => {
          if (!current) return;
          if (liveSince !== undefined && performance.now() - liveSince > stableAfterMs) this.#failures = 0;
          this.#lost(loss, after);
        },
      },
    );
    this.#connection = {
      ...connection,
      close: () => {
        current = false;
        connection.close();
      },
    };
  }

  #lost(loss: Loss, after: string | undefined): void {
    this.#hangUp();
    // A cursor that the store no longer serves, or never issued: only starting anew helps.
    if (after && (loss.code === "cursor_expired" || loss.code === "cursor_foreign")) {
      this.#failures = 0;
      this.#cursor = undefined;
      if (this.start.cursor === after) this.start.cursor = undefined;
      this.hooks.gap?.();
    }
    if (loss.refused || loss.final) {
      this.#enter({ kind: "refused", reason: loss.reason, final: loss.final ?? false });
      return;
    }
    const ceilingMs = Math.min(backoff.maxMs, backoff.firstMs * 2 ** this.#failures);
    const delayMs = ceilingMs * (0.5 + Math.random() / 2);
    this.#failures += 1;
    this.#enter({ kind: "waiting", reason: loss.reason, delayMs });
    this.#timer = window.setTimeout(() => this.#dial(), delayMs);
  }

  #hangUp(): void {
    window.clearTimeout(this.#timer);
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close();
  }

  #enter(state: State): void {
    this.state = state;
    this.hooks.state(state);
  }
}
