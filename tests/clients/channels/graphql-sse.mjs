// GraphQL subscriptions over Server-Sent Events (distinct connections mode) with the `graphql-sse` client.

import { createClient } from "graphql-sse";
import { Refused, resumeVariables, Subscription } from "./channel.mjs";
import { EVENTS, graphqlRefusal } from "./graphql.mjs";

const RECONNECT_TRIES = 50;
const RECONNECT_WAIT_MS = 100;

/** @type {import("./channel.mjs").Channel} */
export const graphqlSse = {
  name: "graphql-sse",
  confirms: false,
  open: (options) => openSse(options, false),
};

/**
 * The same over one reserved stream (single connection mode).
 * @type {import("./channel.mjs").Channel}
 */
export const graphqlSseSingle = {
  name: "graphql-sse-single",
  confirms: false,
  open: (options) => openSse(options, true),
};

async function openSse({ url, token, topics, after, reconnect = false }, singleConnection) {
  const subscription = new Subscription();
  const { inbox } = subscription;
  const client = createClient({
    url: `${url}/v1/graphql`,
    singleConnection,
    headers: token ? { authorization: `Bearer ${token}` } : {},
    retryAttempts: reconnect ? RECONNECT_TRIES : 0,
    retry: () => new Promise((again) => setTimeout(again, RECONNECT_WAIT_MS)),
    on: { connected: () => (subscription.connects += 1) },
  });
  subscription.close = () => client.dispose();
  const variables = resumeVariables(inbox, topics, after);
  client.subscribe({ query: EVENTS, variables }, {
    next: (result) => (result.errors ? inbox.fail(graphqlRefusal("graphql-sse", result.errors)) : inbox.push(result.data.events)),
    error: async (error) => inbox.fail(await asError(error)),
    complete: () => inbox.fail(new Error("graphql-sse: the stream was completed")),
  });
  return subscription;
}

/** A refusal before the stream arrives as an HTTP answer with GraphQL errors or a problem in its body. */
async function asError(error) {
  if (!error?.response) return error instanceof Error ? error : new Error(`graphql-sse: ${JSON.stringify(error)}`);
  const body = await error.response.json().catch(() => ({}));
  return body.errors ? graphqlRefusal("graphql-sse", body.errors) : new Refused("graphql-sse", { status: error.response.status, ...body });
}
