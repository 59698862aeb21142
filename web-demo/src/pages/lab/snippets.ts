import type { ChannelName } from "./channels";

export const languages = ["curl", "JavaScript", "Python"] as const;
export type Language = (typeof languages)[number];

type Snippets = Record<Language, string>;

/** Code to copy for each protocol and language; the token is a variable, never the one in use. */
export function snippets(origin: string): Record<ChannelName, Snippets> {
  const ws = origin.replace(/^http/, "ws");
  const login = `TOKEN=$(curl -s ${origin}/v1/auth/tokens -H 'Content-Type: application/json' \\
  -d '{"username":"staff","password":"petstore-demo"}' | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')`;
  const query = "subscription { events(topics: [\\\"orders\\\"]) { eventId eventType cursor data } }";
  return {
    sse: {
      curl: `${login}
curl -N "${origin}/v1/events?topics=orders,payments" -H "Authorization: Bearer $TOKEN"`,
      JavaScript: `const url = "${origin}/v1/events?topics=orders,payments&access_token=" + TOKEN;
const events = new EventSource(url); // resumes by itself, with Last-Event-ID
events.addEventListener("order.statusChanged", ({ data }) => console.log(JSON.parse(data)));`,
      Python: `import httpx, json

url, headers = "${origin}/v1/events", {"Authorization": f"Bearer {TOKEN}", "Accept": "text/event-stream"}
with httpx.stream("GET", url, params={"topics": "orders,payments"}, headers=headers, timeout=None) as stream:
    for line in stream.iter_lines():
        if line.startswith("data: "):
            print(json.loads(line[6:]))`,
    },
    websocket: {
      curl: `${login}
# then, with any WebSocket client:
npx wscat -c "${ws}/v1/ws?token=$TOKEN" -x '{"op":"subscribe","id":"s1","topics":["orders"]}' -w 60`,
      JavaScript: `let lastCursor; // keep it: what comes after it is sent on the next connection
const socket = new WebSocket("${ws}/v1/ws?token=" + TOKEN);
socket.onopen = () => socket.send(JSON.stringify({ op: "subscribe", id: "s1", topics: ["orders"], after: lastCursor }));
socket.onmessage = ({ data }) => {
  const frame = JSON.parse(data);
  if (frame.op !== "event") return;
  lastCursor = frame.event.cursor;
  console.log(frame.event.eventType, frame.event.data);
};`,
      Python: `import asyncio, json, websockets

async def main():
    async with websockets.connect(f"${ws}/v1/ws?token={TOKEN}") as socket:
        await socket.send(json.dumps({"op": "subscribe", "id": "s1", "topics": ["orders"]}))
        async for message in socket:
            print(json.loads(message))

asyncio.run(main())`,
    },
    socketio: {
      curl: `# Socket.IO needs a client; its first step is an HTTP request:
curl "${origin}/socket.io/?EIO=4&transport=polling"`,
      JavaScript: `import { io } from "socket.io-client";

let lastCursor; // kept, so that nothing is missed after a reconnect
const socket = io("${origin}", { auth: { token: TOKEN } });
socket.on("connect", () => socket.emit("subscribe", { topics: ["orders"], after: lastCursor }, console.log));
socket.onAny((type, event) => {
  lastCursor = event.cursor ?? lastCursor;
  console.log(type, event.eventId);
});`,
      Python: `import socketio

client = socketio.Client()

@client.event
def connect():
    client.emit("subscribe", {"topics": ["orders"]}, callback=print)

client.on("*", lambda name, event: print(name, event["eventId"]))
client.connect("${origin}", auth={"token": TOKEN})
client.wait()`,
    },
    graphql: {
      curl: `${login}
curl -N ${origin}/v1/graphql -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
  -H 'Accept: text/event-stream' -d '{"query":"${query}"}'`,
      JavaScript: `import { createClient } from "graphql-ws";

const client = createClient({ url: "${ws}/v1/graphql", connectionParams: { authorization: "Bearer " + TOKEN } });
const query = "subscription { events(topics: [\\"orders\\"]) { eventId eventType cursor data } }";
for await (const { data } of client.iterate({ query })) console.log(data.events);`,
      Python: `from gql import Client, gql
from gql.transport.websockets import WebsocketsTransport

transport = WebsocketsTransport(url="${ws}/v1/graphql", init_payload={"authorization": f"Bearer {TOKEN}"})
query = gql('subscription { events(topics: ["orders"]) { eventId eventType cursor data } }')
for result in Client(transport=transport).subscribe(query):
    print(result["events"])`,
    },
    webhook: {
      curl: `${login}
curl ${origin}/v1/webhook-endpoints -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
  -d '{"url":"http://127.0.0.1:9000/hook","eventTypes":["order.*"]}'`,
      JavaScript: `import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray()).toString();
  const event = new Webhook(SECRET).verify(body, request.headers); // throws when it is not ours
  console.log(event.eventType);
  response.writeHead(204).end();
}).listen(9000);`,
      Python: `from flask import Flask, request
from standardwebhooks.webhooks import Webhook

app = Flask(__name__)

@app.post("/hook")
def hook():
    event = Webhook(SECRET).verify(request.get_data(), dict(request.headers))  # raises when it is not ours
    print(event["eventType"])
    return "", 204`,
    },
  };
}
