import { io } from "socket.io-client";
import { isEnvelope, isRecord } from "./envelope";
import { lossOf, type Connect } from "./channel";

const ackTimeoutMs = 5_000;

export const connectSocketIo: Connect = ({ topics, after, token }, listener) => {
  const socket = io({
    auth: token ? { token } : {},
    // The channel reconnects, with the newest cursor; socket.io would repeat the old request.
    reconnection: false,
    forceNew: true,
  });
  socket.on("connect", () => {
    socket.io.engine.on("packet", ({ data }: { data?: unknown }) => {
      if (typeof data === "string") listener.frame("in", data);
    });
    listener.frame("out", JSON.stringify(["subscribe", { topics, after }]));
    socket.timeout(ackTimeoutMs).emit("subscribe", { topics, after }, (missing: Error | null, ack: unknown) => {
      if (missing) listener.lost({ reason: "no answer to subscribe" });
      else if (isRecord(ack) && ack.error) listener.lost(lossOf(ack.error, "the server refused the subscription"));
      else listener.live(isRecord(ack) && typeof ack.cursor === "string" ? ack.cursor : undefined);
    });
  });
  socket.onAny((_type: string, body: unknown) => {
    if (isEnvelope(body)) listener.event(body);
  });
  socket.on("connect_error", (error: Error & { data?: unknown }) => {
    // An inactive socket was turned away by the server; else the transport failed, in words that help nobody.
    listener.lost(lossOf(error.data, socket.active ? "connection lost" : error.message));
  });
  socket.on("disconnect", (reason) => listener.lost({ reason }));
  return {
    close: () => {
      socket.disconnect();
    },
  };
};
