import { isEnvelope, isRecord, parseJson } from "../envelope";
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
  let heard = true;
  // A browser cannot see a half-open connection: no frame between two pings means that the peer is gone.
  const pinger = window.setInterval(() => {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (!heard) listener.lost({ reason: "no answer to a ping" });
    heard = false;
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ op: "ping" }));
  }, pingEveryMs);

  socket.onopen = () => socket.send(JSON.stringify({ op: "subscribe", id: "live", topics, after }));
  socket.onmessage = ({ data }: MessageEvent<string>) => {
    heard = true;
    const frame = parseJson(data);
    if (!isRecord(frame)) return;
    if (frame.op === "event" && isEnvelope(frame.event)) listener.event(frame.event);
    else if (frame.op === "subscribed") listener.live(typeof frame.cursor === "string" ? frame.cursor : undefined);
    else if (frame.op === "error") listener.lost(lossOf(frame.error, "the server refused the subscription"));
  };
  socket.onclose = (event) => {
    listener.lost({ reason: describeClose(event), refused: event.code === 4401 || event.code === 4403 });
  };
  return () => {
    window.clearInterval(pinger);
    socket.close(1000);
  };
};
