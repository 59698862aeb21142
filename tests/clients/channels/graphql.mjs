// GraphQL subscriptions over graphql-transport-ws with the `graphql-ws` client.

import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import { within } from "../wait.mjs";
import { Refused, resumeVariables, Subscription } from "./channel.mjs";

/** The whole envelope. */
export const EVENTS = `subscription ($topics: [String!]!, $after: Cursor) {
  events(topics: $topics, after: $after) { eventId eventType timestamp data cursor } }`;
export const ORDER_STATUS_CHANGED = `subscription ($orderId: ID, $after: Cursor) {
  orderStatusChanged(orderId: $orderId, after: $after) {
    eventId cursor order { id status } previousStatus newStatus } }`;
export const PAYMENT_SUCCEEDED = `subscription ($after: Cursor) {
  paymentSucceeded(after: $after) { eventId cursor payment { id } order { id } } }`;

const RECONNECT_TRIES = 50;
const RECONNECT_WAIT_MS = 100;

/**
 * The refusal that a list of GraphQL errors stands for.
 * @param {string} channel
 * @param {any} errors
 */
export function graphqlRefusal(channel, errors) {
  const [first] = Array.isArray(errors) ? errors : [errors];
  return new Refused(channel, { detail: first.message, ...first.extensions });
}

/**
 * A client that connects at once. Resolves when the server has acknowledged the connection.
 * @param {{url: string, token?: string, reconnect?: boolean}} options
 * @returns {Promise<{client: import("graphql-ws").Client, closed: Promise<{code: number, reason: string}>}>}
 */
export async function connectGraphql({ url, token, reconnect = false }) {
  let client;
  const closed = new Promise((resolve) => {
    client = createClient({
      url: `${url.replace(/^http/, "ws")}/v1/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: token ? { authorization: `Bearer ${token}` } : {},
      lazy: false,
      retryAttempts: reconnect ? RECONNECT_TRIES : 0,
      retryWait: () => new Promise((again) => setTimeout(again, RECONNECT_WAIT_MS)),
      shouldRetry: () => reconnect,
      onNonLazyError: () => {},
      on: { closed: ({ code, reason }) => resolve({ code, reason: String(reason) }) },
    });
  });
  const connected = new Promise((resolve, reject) => {
    client.on("connected", () => resolve({ client, closed }));
    closed.then(({ code, reason }) => reject(new Refused("graphql-ws", { status: code, title: reason })));
  });
  return within(connected, "graphql-ws connect");
}

/**
 * Runs one subscription and puts what `pick` takes from each result into the inbox.
 * @param {import("graphql-ws").Client} client
 * @param {{query: string, variables: Record<string, unknown>}} request
 * @param {Subscription} subscription
 */
export function subscribeGraphql(client, request, subscription) {
  const { inbox } = subscription;
  const [field] = /** @type {string[]} */ (/\)\s*\{\s*(\w+)/.exec(request.query)?.slice(1));
  return client.subscribe(request, {
    next: (result) => (result.errors ? inbox.fail(graphqlRefusal("graphql-ws", result.errors)) : inbox.push(result.data[field])),
    error: (error) => inbox.fail(asError(error)),
    complete: () => inbox.fail(new Error("graphql-ws: the subscription was completed")),
  });
}

function asError(error) {
  if (Array.isArray(error)) return graphqlRefusal("graphql-ws", error);
  return error instanceof Error ? error : new Error(`graphql-ws closed: ${error?.code} ${error?.reason}`);
}

/** @type {import("./channel.mjs").Channel} */
export const graphqlWs = {
  name: "graphql-ws",
  confirms: false,
  async open(options) {
    const { topics, after, reconnect } = options;
    const subscription = new Subscription();
    const { client } = await connectGraphql(options);
    const variables = resumeVariables(subscription.inbox, topics, after);
    subscription.connects = 1;
    client.on("connected", () => (subscription.connects += 1));
    if (!reconnect) client.on("closed", ({ code }) => subscription.inbox.fail(new Error(`graphql-ws closed: ${code}`)));
    subscribeGraphql(client, { query: EVENTS, variables }, subscription);
    subscription.close = () => client.dispose();
    return subscription;
  },
};
