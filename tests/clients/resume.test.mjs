// Drop and resume on every channel: by cursor at each position, over a pulled cable, by the clients' own reconnect.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { lastCursor } from "./channels/channel.mjs";
import { CHANNELS } from "./channels/index.mjs";
import { eventsUrl } from "./channels/sse.mjs";
import { position, ws } from "./channels/ws.mjs";
import { demoStore, listen, refusalOf } from "./fixture.mjs";
import { CuttableProxy } from "./proxy.mjs";
import { ids, restDriver, runStory, STEP_EVENTS, storySteps, TOPICS } from "./story.mjs";
import { within } from "./wait.mjs";

const TEST_LIMIT = { timeout: 180_000 };

let store;

before(async () => {
  store = await demoStore();
}, TEST_LIMIT);

after(() => store?.server.destroy());

const now = () => position({ url: store.server.url, token: store.staff.token, topics: TOPICS });

describe("resume by cursor", () => {
  let start;
  let history;

  before(async () => {
    start = await now();
    const who = { staff: store.staff, buyer: store.alice };
    await runStory(restDriver, who);
    await runStory(restDriver, who);
    history = await store.staff.events({ topics: TOPICS, after: start });
  }, TEST_LIMIT);

  for (const channel of CHANNELS) {
    test(`at every position on ${channel.name}, then live, nothing lost or doubled`, TEST_LIMIT, async (t) => {
      const { staff, alice } = store;
      const cursors = [start, ...history.map((event) => event.cursor)];
      const subscriptions = await Promise.all(cursors.map((cursor) => listen(t, channel, staff, { after: cursor })));

      // One live event after the replay: a double or a gap at the seam would stand before it.
      const begun = await now();
      const order = await alice.placeOrder((await staff.createPet()).id);
      const live = await staff.events({ topics: TOPICS, after: begun });
      assert.deepEqual(live.map((event) => event.data.order.id), [order.id]);
      for (const [skipped, { inbox }] of subscriptions.entries()) {
        const last = (events) => events.some((event) => event.eventId === live[0].eventId);
        const events = await inbox.until(last, `live event after resume at ${skipped}`);
        assert.deepEqual(ids(events), ids([...history.slice(skipped), ...live]), `resumed after ${skipped} events`);
      }
      history.push(...live);
    });
  }

  test("the poll form pages through the same events, whatever the page size", TEST_LIMIT, async () => {
    for (const limit of [1, 3, 500]) {
      const paged = await store.staff.events({ topics: TOPICS, after: start, limit });
      assert.deepEqual(paged, await store.staff.events({ topics: TOPICS, after: start }), `limit ${limit}`);
    }
    const all = await store.staff.events({ topics: TOPICS });
    assert.deepEqual(ids(all.slice(-history.length)), ids(history), "from the oldest that is kept");
  });
});

for (const channel of CHANNELS) {
  test(`the cable is pulled after every step on ${channel.name}`, TEST_LIMIT, async (t) => {
    const { server, staff, alice } = store;
    const proxy = await CuttableProxy.start(server.port);
    t.after(() => proxy.close());
    const start = await now();
    const heard = [];
    let made = 0;
    for (const [at, step] of storySteps(restDriver, { staff, buyer: alice }).entries()) {
      const missed = at % 2 === 1;
      if (missed) await step();
      const subscription = await listen(t, channel, staff, { url: proxy.url, after: lastCursor(heard, start) });
      if (!missed) await step();
      made += STEP_EVENTS[at];
      const events = await subscription.inbox.untilCount(made - heard.length, `events of step ${at + 1}`);
      heard.push(...events);
      proxy.unplug();
      await assert.rejects(subscription.inbox.until(() => false, "the client's notice of the loss"), isLoss);
      subscription.close();
      proxy.plug();
    }
    assert.deepEqual(ids(heard), ids(await staff.events({ topics: TOPICS, after: start })));
  });
}

for (const channel of CHANNELS.filter((one) => one !== ws)) {
  test(`the official client of ${channel.name} reconnects by itself and misses nothing`, TEST_LIMIT, async (t) => {
    const { server, staff, alice } = store;
    const proxy = await CuttableProxy.start(server.port);
    t.after(() => proxy.close());
    const start = await now();
    const subscription = await listen(t, channel, staff, { url: proxy.url, after: start, reconnect: true });
    const steps = storySteps(restDriver, { staff, buyer: alice });
    await steps[0]();
    await subscription.inbox.untilCount(1, "the first event");
    const tried = proxy.unplug();
    for (const step of steps.slice(1)) await step();
    await within(tried, "the client's attempt to reconnect");
    proxy.plug();
    const events = await subscription.inbox.untilCount(5, "the story over two connections");
    assert.deepEqual(ids(events), ids(await staff.events({ topics: TOPICS, after: start })));
    assert.ok(subscription.connects >= 2, `connected ${subscription.connects} times`);
  });
}

test("Last-Event-ID wins over after", TEST_LIMIT, async () => {
  const { server, staff, alice } = store;
  const start = await now();
  await runStory(restDriver, { staff, buyer: alice });
  const events = await staff.events({ topics: TOPICS, after: start });
  const stream = await fetch(eventsUrl({ url: server.url, topics: TOPICS, after: start }), {
    headers: {
      accept: "text/event-stream",
      authorization: `Bearer ${staff.token}`,
      "last-event-id": events[3].cursor,
    },
    signal: AbortSignal.timeout(10_000),
  });
  assert.match(stream.headers.get("content-type"), /^text\/event-stream/);
  const text = await within(readUntil(stream.body, /^data:[^]*?\n\n/m), "first event");
  assert.ok(text.includes(events[4].eventId), text);
  assert.ok(!text.includes(events[0].eventId), text);
  assert.match(text, new RegExp(`^id: ?${events[4].cursor.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`, "m"));
});

test("a cursor of another database is a named error on every channel", TEST_LIMIT, async (t) => {
  const other = await demoStore();
  t.after(() => other.server.destroy());
  const foreign = await position({ url: other.server.url, token: other.staff.token, topics: TOPICS });
  const { staff } = store;
  const poll = await staff.send("GET", `/v1/events?topics=orders&after=${encodeURIComponent(foreign)}`);
  assert.ok(poll.status >= 400 && poll.status < 500, `poll: ${poll.status}`);
  assert.equal(typeof poll.body.code, "string");
  for (const channel of CHANNELS) {
    const refusal = await refusalOf(t, channel, staff, { after: foreign });
    assert.equal(refusal.code, poll.body.code, `${channel.name}: ${refusal}`);
  }
});

/** An end of the connection, and not a limit of the test that ran out. */
const isLoss = (error) => !/not within/.test(error.message);

/** Reads the stream until the text matches, then leaves it. */
async function readUntil(stream, pattern) {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    if (pattern.test(text)) break;
  }
  return text;
}
