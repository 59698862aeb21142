import { isEnvelope, isRecord, parseJson } from "./envelope";
import type { WsAuth, WsPing, WsSubscribe } from "../generated/live";
import { lossOf, type Connect } from "./channel";

const pingEveryMs = 20_000;

export function socketUrl(path: string): URL {
  const url = new URL(path, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  return url;
}

export function describeClose({ code, reason }: CloseEvent): string {
  if (code === 1006) return "connection lost";
  return `closed with ${code}${reason ? `: ${reason}` : ""}`;
}

export const connectWebSocket: Connect = ({ topics, after, token }, listener) => {
  const url = socketUrl("/v1/ws");
  if (token) url.searchParams.set("token", token);

  const socket = new WebSocket(url);
  const send = (message: WsSubscribe | WsPing | WsAuth): void => {
    const text = JSON.stringify(message);
    // A token has no place on a screen.
    listener.frame("out", message.op === "auth" ? text.replace(message.token, "…") : text);
    socket.send(text);
  };
  let heard = true;
  // A browser cannot see a half-open connection: no frame between two pings means that the peer is gone.
  const pinger = window.setInterval(() => {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (!heard) listener.lost({ reason: "no answer to a ping" });
    heard = false;
    if (socket.readyState === WebSocket.OPEN) send({ op: "ping" });
  }, pingEveryMs);

  socket.onopen = () => send({ op: "subscribe", id: "live", topics, ...(after ? { after } : {}) });
  socket.onmessage = ({ data }: MessageEvent<string>) => {
    heard = true;
    listener.frame("in", data);
    const frame = parseJson(data);
    if (!isRecord(frame)) return;
    if (frame.op === "event" && isEnvelope(frame.event)) listener.event(frame.event);
    else if (frame.op === "subscribed") listener.live(typeof frame.cursor === "string" ? frame.cursor : undefined);
    else if (frame.op === "error") listener.lost(lossOf(frame.error, "the server refused the subscription"));
  };
  socket.onclose = (event) => {
    listener.lost({ reason: describeClose(event), refused: event.code === 4401 || event.code === 4403 });
  };
  return {
    close: () => {
      window.clearInterval(pinger);
      socket.close(1000);
    },
    renew: (renewed) => send({ op: "auth", token: renewed }),
  };
};
