// Socket.IO with the official client, over websocket and over long-polling.

import { io } from "socket.io-client";
import { within } from "../wait.mjs";
import { lastCursor, Refused, Subscription } from "./channel.mjs";

const ACK_LIMIT_MS = 5_000;

/**
 * Connects to the default namespace; rejects with Refused when the handshake is refused.
 * @param {{url: string, token?: string, transport: "websocket" | "polling", reconnect?: boolean}} options
 */
export async function connectSocket({ url, token, transport, reconnect = false }) {
  const socket = io(url, {
    auth: token ? { token } : {},
    transports: [transport],
    forceNew: true,
    reconnection: reconnect,
    reconnectionDelay: 50,
    reconnectionDelayMax: 200,
  });
  const connected = new Promise((resolve, reject) => {
    const refuse = (error) => {
      socket.close();
      reject(new Refused("Socket.IO", error.data ?? { title: error.message }));
    };
    socket.once("connect_error", refuse);
    socket.once("connect", () => {
      socket.off("connect_error", refuse);
      resolve(socket);
    });
  });
  return within(connected, `Socket.IO ${transport} connect`);
}

/** Sends an event and resolves with its acknowledgement. */
export function ask(socket, event, ...payload) {
  return socket.timeout(ACK_LIMIT_MS).emitWithAck(event, ...payload);
}

/**
 * @param {"websocket" | "polling"} transport
 * @returns {import("./channel.mjs").Channel}
 */
const over = (transport) => ({
  name: `Socket.IO ${transport}`,
  confirms: true,
  async open(options) {
    const { topics, after, reconnect } = options;
    const subscription = new Subscription();
    const { inbox } = subscription;
    const socket = await connectSocket({ ...options, transport });
    subscription.close = () => socket.close();
    socket.onAny((type, envelope) => {
      // Told before the server disconnects; the disconnect itself is what counts.
      if (type === "problem") return;
      if (envelope?.eventType !== type) inbox.fail(new Error(`Socket.IO event ${type} carries ${envelope?.eventType}`));
      inbox.push(envelope);
    });
    const subscribe = async () => {
      const from = lastCursor(inbox.items, after);
      const answer = await ask(socket, "subscribe", { topics, ...(from && { after: from }) });
      if (answer.error) throw new Refused("Socket.IO", answer.error);
      subscription.cursor = answer.cursor;
      subscription.connects += 1;
    };
    socket.on("disconnect", (reason) => {
      if (!reconnect) inbox.fail(new Error(`Socket.IO disconnected: ${reason}`));
    });
    try {
      await subscribe();
    } catch (error) {
      socket.close();
      throw error;
    }
    socket.on("connect", () => subscribe().catch((error) => inbox.fail(error)));
    return subscription;
  },
});

/** @type {import("./channel.mjs").Channel} */
export const socketioWebsocket = over("websocket");

/** @type {import("./channel.mjs").Channel} */
export const socketioPolling = over("polling");
