// What every channel looks like to a test.

import { Inbox } from "../wait.mjs";

/**
 * What every channel delivers.
 * @typedef {{eventId: string, eventType: string, timestamp: string, data: any, cursor: string}} Envelope
 */

/**
 * @typedef {object} OpenOptions
 * @property {string} url `http://HOST:PORT` of the server or of a proxy before it
 * @property {string} [token] anonymous without
 * @property {string[]} topics
 * @property {string} [after] the last cursor that was seen; live from now without
 * @property {boolean} [reconnect] let the official client reconnect by itself and resume from its last cursor
 */

/**
 * @typedef {object} Channel
 * @property {string} name
 * @property {boolean} confirms whether `open` resolves only when the server has joined the subscription, so that
 *   without `after` nothing later is missed; GraphQL protocols have no such answer
 * @property {(options: OpenOptions) => Promise<Subscription>} open rejects with Refused
 */

/** An open subscription. */
export class Subscription {
  /** @type {Inbox<Envelope>} */
  inbox = new Inbox();
  /** Position from which the server said it is live, on the channels that say it. @type {string | undefined} */
  cursor;
  /** Times that the client has connected, for clients that reconnect by themselves. */
  connects = 0;
  /** Ends the subscription and its connection. */
  close = () => {};
}

/** The server said no, and said why. */
export class Refused extends Error {
  /**
   * @param {string} channel
   * @param {{code?: string, status?: number, type?: string, title?: string, detail?: string}} problem
   */
  constructor(channel, problem) {
    super(`${channel} refused: ${JSON.stringify(problem)}`);
    this.problem = problem;
    this.code = problem?.code;
  }
}

/** The last cursor that a list of envelopes leads to. */
export const lastCursor = (envelopes, before) => envelopes.at(-1)?.cursor ?? before;

/**
 * GraphQL variables whose cursor is read when they are sent: the clients send the same request object again after a
 * reconnect.
 * @param {Inbox<Envelope>} inbox
 * @param {string[]} topics
 * @param {string} [after]
 */
export const resumeVariables = (inbox, topics, after) => ({
  topics,
  get after() {
    return lastCursor(inbox.items, after);
  },
});
