// The advisor by OpenAI's own clients, and two people in one conversation: a browser's WebSocket and socket.io-client.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import OpenAI from "openai";
import { io } from "socket.io-client";
import WebSocket from "ws";
import { demoStore } from "./fixture.mjs";
import { eventually, within } from "./wait.mjs";

const TEST_LIMIT = { timeout: 180_000 };
const QUESTION = "my dog ate some grapes off the floor";

let store;
before(async () => {
  store = await demoStore();
}, TEST_LIMIT);
after(() => store?.server.destroy());

describe("openai (npm)", TEST_LIMIT, () => {
  const client = () => new OpenAI({ baseURL: `${store.server.url}/v1`, apiKey: store.alice.token, maxRetries: 0 });
  const asked = (content) => ({ model: "pet-advisor-1", messages: [{ role: "user", content }] });

  test("answers", async () => {
    const answer = await client().chat.completions.create(asked(QUESTION));
    const [{ message, finish_reason }] = answer.choices;
    assert.match(message.content, /^SEE A VET NOW/);
    assert.match(message.content, /\[dog-grapes-raisins\]/);
    assert.equal(finish_reason, "stop");
    assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
  });

  test("streams word by word", async () => {
    const stream = await client().chat.completions.create({ ...asked(QUESTION), stream: true, stream_options: { include_usage: true } });
    const pieces = [];
    let usage;
    for await (const chunk of stream) {
      usage = chunk.usage ?? usage;
      const words = chunk.choices[0]?.delta?.content;
      if (words) pieces.push(words);
    }
    const whole = await client().chat.completions.create(asked(QUESTION));
    assert.equal(pieces.join(""), whole.choices[0].message.content);
    assert.ok(pieces.length > 40, `${pieces.length} pieces`);
    assert.ok(usage.completion_tokens > 0);
  });

  test("gives up in the middle, and is told what is wrong", async () => {
    const stream = await client().chat.completions.create({ ...asked(QUESTION), stream: true });
    for await (const _ of stream) break;
    stream.controller.abort();
    await assert.rejects(client().chat.completions.create({ ...asked(QUESTION), model: "gpt-4" }), { status: 422 });
    const stranger = new OpenAI({ baseURL: `${store.server.url}/v1`, apiKey: "nonsense", maxRetries: 0 });
    await assert.rejects(stranger.chat.completions.create(asked(QUESTION)), { status: 401 });
  });
});

test("openai (PyPI) answers and streams", { timeout: 300_000 }, () => {
  const script = fileURLToPath(new URL("../../scripts/openai-python.sh", import.meta.url));
  const said = execFileSync(script, [store.server.url, store.alice.token], { encoding: "utf8" });
  assert.match(said, /^ok: \d+ pieces/m);
});

/** A browser's WebSocket with the frames that came, by type. */
function open(api) {
  const socket = new WebSocket(`${store.server.wsUrl}/v1/ws/chat?token=${api.token}`);
  const frames = [];
  socket.on("message", (data) => frames.push(JSON.parse(data)));
  const first = (found) => eventually(() => frames.find(found), "a frame");
  return { socket, frames, first, send: (frame) => socket.send(JSON.stringify(frame)) };
}

test("two people in one conversation", TEST_LIMIT, async (t) => {
  const alice = open(store.alice);
  t.after(() => alice.socket.close());
  await alice.first(({ type }) => type === "connected");
  alice.send({ type: "join", id: "j" });
  const room = (await alice.first(({ type }) => type === "joined")).room.id;

  const staff = io(store.server.url, { auth: { token: store.staff.token }, forceNew: true });
  t.after(() => staff.close());
  const heard = { chatMessage: [], chatDelta: [], agentAssigned: [], typing: [] };
  for (const [name, list] of Object.entries(heard)) staff.on(name, (argument) => list.push(argument));
  const connected = new Promise((resolve) => staff.once("connected", resolve));
  await staff.emitWithAck("joinChat", room);
  assert.equal((await within(connected, "connected", 5_000)).room.id, room);

  alice.send({ type: "message", id: "m", room, text: "<b>is my cat too fat?</b>" });
  const sent = await alice.first(({ type, id }) => type === "sent" && id === "m");
  assert.equal(sent.message.text, "<b>is my cat too fat?</b>");
  const answer = await alice.first(({ type, message }) => type === "message" && message.author === "ADVISOR");
  const words = alice.frames.filter(({ type }) => type === "delta").map(({ text }) => text);
  assert.equal(words.join(""), answer.message.text);
  await eventually(() => heard.chatMessage.some(({ message }) => message.id === answer.message.id), "the answer at the staff's");
  assert.ok(heard.chatDelta.length > 0);

  await staff.emitWithAck("takeOver", { room });
  assert.equal((await alice.first(({ type }) => type === "assigned")).event, "chat.assigned");
  alice.send({ type: "typing", room });
  await eventually(() => heard.typing.some(({ userId }) => userId), "typing");
  const ack = await staff.emitWithAck("chatMessage", { room, text: "How much does she weigh?" });
  await alice.first(({ type, message }) => type === "message" && message.id === ack.message.id);
  const refused = await staff.emitWithAck("chatMessage", { room, text: "" });
  assert.equal(refused.error.code, "validation_failed");
});
