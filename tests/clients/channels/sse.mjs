// Server-Sent Events with the `eventsource` package, as in a browser: the token goes in the URL.

import { EventSource } from "eventsource";
import { within } from "../wait.mjs";
import { Refused, Subscription } from "./channel.mjs";

/** EventSource has no catch-all listener, so each type is named (contract, section 4). */
const EVENT_TYPES = [
  "order.created", "order.statusChanged",
  "payment.succeeded", "payment.failed", "payment.refunded",
  "pet.created", "pet.updated", "pet.deleted", "pet.adopted", "pet.statusChanged",
  "inventory.changed", "user.created",
];

/**
 * Address of the stream.
 * @param {import("./channel.mjs").OpenOptions} options
 */
export function eventsUrl({ url, token, topics, after }) {
  const query = new URLSearchParams({ topics: topics.join(",") });
  if (after) query.set("after", after);
  if (token) query.set("access_token", token);
  return `${url}/v1/events?${query}`;
}

/** @type {import("./channel.mjs").Channel} */
export const sse = {
  name: "SSE",
  confirms: true,
  async open(options) {
    const subscription = new Subscription();
    const { inbox } = subscription;
    let problem;
    const source = new EventSource(eventsUrl(options), {
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        if (!response.ok) problem = await response.clone().json();
        return response;
      },
    });
    subscription.close = () => source.close();
    for (const type of EVENT_TYPES) {
      source.addEventListener(type, (event) => {
        const envelope = JSON.parse(event.data);
        if (event.lastEventId !== envelope.cursor || envelope.eventType !== type) {
          inbox.fail(new Error(`SSE id ${event.lastEventId} and event ${type} carry ${event.data}`));
        }
        inbox.push(envelope);
      });
    }
    const opened = new Promise((resolve, reject) => {
      source.addEventListener("open", () => {
        subscription.connects += 1;
        resolve(subscription);
      });
      source.addEventListener("error", (event) => {
        const refused = event.code !== undefined && event.code !== 200;
        if (options.reconnect && !refused) return;
        source.close();
        const error = refused ? new Refused("SSE", { status: event.code, ...problem }) : new Error(`SSE ended: ${event.message}`);
        inbox.fail(error);
        reject(error);
      });
    });
    return within(opened, "SSE open");
  },
};
