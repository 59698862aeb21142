// The peers of `make bench-realtime` that run on Node: a server each, as its documentation writes it. `POST /?n=N` sends the
// body N times to everyone.
import { createServer } from "node:http";

const kind = process.argv[2];
let broadcast;

const server = createServer((request, response) => {
  const times = Number(new URL(request.url, "http://x").searchParams.get("n") ?? 1);
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    const text = Buffer.concat(pieces).toString();
    for (let sent = 0; sent < times; sent++) broadcast(text);
    response.end("{}");
  });
});

if (kind === "ws") {
  const { WebSocketServer } = await import("ws");
  const sockets = new WebSocketServer({ server });
  broadcast = (text) => {
    for (const client of sockets.clients) client.send(text);
  };
} else if (kind === "socket.io") {
  const { Server } = await import("socket.io");
  const io = new Server(server);
  broadcast = (text) => io.emit("message", JSON.parse(text));
} else if (kind === "graphql-ws") {
  const { WebSocketServer } = await import("ws");
  const { useServer } = await import("graphql-ws/use/ws");
  const { GraphQLObjectType, GraphQLScalarType, GraphQLSchema, GraphQLString } = await import("graphql");
  const waiting = new Set();
  broadcast = (text) => {
    const event = JSON.parse(text);
    for (const push of waiting) push(event);
  };
  // A subscriber's messages: those that wait, then those that come.
  async function* messages() {
    const queue = [];
    let wake;
    const push = (event) => {
      queue.push(event);
      wake?.();
    };
    waiting.add(push);
    try {
      for (;;) {
        while (queue.length > 0) yield { events: queue.shift() };
        await new Promise((resolve) => (wake = resolve));
      }
    } finally {
      waiting.delete(push);
    }
  }
  const json = new GraphQLScalarType({ name: "JSON" });
  const event = new GraphQLObjectType({
    name: "Event",
    fields: {
      eventId: { type: GraphQLString },
      eventType: { type: GraphQLString },
      timestamp: { type: GraphQLString },
      data: { type: json },
    },
  });
  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({ name: "Query", fields: { none: { type: GraphQLString } } }),
    subscription: new GraphQLObjectType({ name: "Subscription", fields: { events: { type: event, subscribe: messages } } }),
  });
  useServer({ schema }, new WebSocketServer({ server, path: "/graphql" }));
}

server.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
