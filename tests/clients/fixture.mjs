// What most tests need: a server with the demo accounts signed in, and subscriptions that are closed afterwards.

import { Api } from "./api.mjs";
import { Refused } from "./channels/channel.mjs";
import { position } from "./channels/ws.mjs";
import { PetstoreServer } from "./server.mjs";
import { TOPICS } from "./story.mjs";

/** @typedef {import("./channels/channel.mjs").Channel} Channel */
/** @typedef {import("./channels/channel.mjs").Subscription} Subscription */

const REFUSAL_LIMIT_MS = 15_000;

/**
 * Starts a server and signs the demo accounts in.
 * @param {Record<string, string>} [env] settings `PETSTORE_*`
 */
export async function demoStore(env) {
  const server = await PetstoreServer.start({ env });
  const anonymous = new Api(server.url);
  const [staff, alice, bob] = await Promise.all(["staff", "alice", "bob"].map((name) => anonymous.login(name)));
  return { server, anonymous, staff, alice, bob };
}

/**
 * Opens a channel as a user, live from now unless `after` is given, and closes it when the test ends.
 * @param {import("node:test").TestContext} t
 * @param {Channel} channel
 * @param {Api} api whose server and token are used
 * @param {{topics?: string[], after?: string, url?: string, reconnect?: boolean}} [options]
 * @returns {Promise<Subscription>}
 */
export async function listen(t, channel, api, { topics = TOPICS, after, url = api.url, reconnect } = {}) {
  const from = after ?? (channel.confirms ? undefined : await position({ url, token: api.token, topics }));
  const subscription = await channel.open({ url, token: api.token, topics, after: from, reconnect });
  t.after(() => subscription.close());
  return subscription;
}

/**
 * Opens a channel that must be refused, at once or by an error on the subscription, and returns the refusal.
 * @param {import("node:test").TestContext} t
 * @param {Channel} channel
 * @param {Api} api
 * @param {{topics?: string[], after?: string}} options
 * @returns {Promise<Refused>}
 */
export async function refusalOf(t, channel, api, { topics = TOPICS, after }) {
  try {
    const subscription = await channel.open({ url: api.url, token: api.token, topics, after });
    t.after(() => subscription.close());
    await subscription.inbox.until(() => false, `refusal on ${channel.name}`, REFUSAL_LIMIT_MS);
  } catch (error) {
    if (error instanceof Refused) return error;
    throw error;
  }
}
