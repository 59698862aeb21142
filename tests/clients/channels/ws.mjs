// The store's own WebSocket protocol with the `ws` package.

import { once } from "node:events";
import { WebSocket } from "ws";
import { Inbox, within } from "../wait.mjs";
import { Refused, Subscription } from "./channel.mjs";

const wsUrl = (url, path) => url.replace(/^http/, "ws") + path;

/** One connection; several subscriptions may live on it. */
export class Connection {
  /** Every frame that is no event, in order. @type {Inbox<any>} */
  replies = new Inbox();
  /** Close code and reason, once closed. @type {Promise<{code: number, reason: string}>} */
  closed;
  #socket;
  #events = new Map();
  #read = 0;

  /** @param {WebSocket} socket */
  constructor(socket) {
    this.#socket = socket;
    socket.on("message", (data) => this.#dispatch(JSON.parse(String(data))));
    socket.on("error", (error) => this.#end(error));
    this.closed = new Promise((resolve) => {
      socket.on("close", (code, reason) => {
        this.#end(new Error(`WebSocket closed: ${code} ${reason}`));
        resolve({ code, reason: String(reason) });
      });
    });
  }

  /**
   * Connects; rejects with Refused when the upgrade is answered with a problem.
   * @param {string} url
   * @param {{token?: string, header?: boolean}} [auth] the token goes in the query, or in the Authorization header
   */
  static async open(url, { token, header = false } = {}) {
    const query = token && !header ? `?token=${encodeURIComponent(token)}` : "";
    const headers = token && header ? { authorization: `Bearer ${token}` } : {};
    const socket = new WebSocket(wsUrl(url, `/v1/ws${query}`), { headers });
    const connection = new Connection(socket);
    const refused = new Promise((_, reject) => {
      socket.once("unexpected-response", (_request, response) => {
        readJson(response).then((problem) => reject(new Refused("WebSocket", { status: response.statusCode, ...problem })), reject);
      });
    });
    await within(Promise.race([once(socket, "open"), refused]), "WebSocket open");
    return connection;
  }

  #dispatch(frame) {
    if (frame.op !== "event") {
      this.replies.push(frame);
      return;
    }
    const inbox = this.#events.get(frame.id);
    if (inbox) inbox.push(frame.event);
    else this.replies.fail(new Error(`event for the unknown subscription ${frame.id}`));
  }

  #end(error) {
    this.replies.fail(error);
    for (const inbox of this.#events.values()) inbox.fail(error);
  }

  /** Sends a frame; a string or Buffer goes as it is. */
  send(frame, options) {
    const raw = typeof frame === "string" || Buffer.isBuffer(frame);
    this.#socket.send(raw ? frame : JSON.stringify(frame), options);
  }

  /**
   * The next reply that has not been taken yet.
   * @param {string} what
   */
  async reply(what) {
    const at = this.#read++;
    const frames = await this.replies.untilCount(at + 1, `reply to ${what}`);
    return frames[at];
  }

  /** Sends a frame and resolves with the reply to it. */
  async ask(frame, options) {
    this.send(frame, options);
    return this.reply(typeof frame === "string" ? frame.slice(0, 80) : JSON.stringify(frame));
  }

  /**
   * @param {string} id
   * @param {string[]} topics
   * @param {string} [after]
   * @returns {Promise<Subscription>}
   */
  async subscribe(id, topics, after) {
    const subscription = new Subscription();
    this.#events.set(id, subscription.inbox);
    const reply = await this.ask({ op: "subscribe", id, topics, ...(after && { after }) });
    if (reply.op === "error") throw new Refused("WebSocket", reply.error);
    if (reply.op !== "subscribed" || reply.id !== id) throw new Error(`no subscribed ${id}: ${JSON.stringify(reply)}`);
    subscription.cursor = reply.cursor;
    subscription.connects = 1;
    return subscription;
  }

  close() {
    this.#socket.close(1000);
  }

  /** Drops the connection without a goodbye. */
  terminate() {
    this.#socket.terminate();
  }
}

/** @type {import("./channel.mjs").Channel} */
export const ws = {
  name: "WebSocket",
  confirms: true,
  async open({ url, token, topics, after }) {
    const connection = await Connection.open(url, { token });
    try {
      const subscription = await connection.subscribe("s1", topics, after);
      subscription.close = () => connection.terminate();
      return subscription;
    } catch (error) {
      connection.terminate();
      throw error;
    }
  },
};

/**
 * The position of the log now, as the answer to a subscription gives it.
 * @param {{url: string, token?: string, topics: string[]}} options
 * @returns {Promise<string>}
 */
export async function position(options) {
  const subscription = await ws.open(options);
  subscription.close();
  return subscription.cursor;
}

async function readJson(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}
