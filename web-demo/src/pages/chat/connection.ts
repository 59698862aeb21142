import type { ChatAssignedFrame, ChatAsk, ChatAuth, ChatDeltaFrame, ChatError, ChatJoined, ChatMessageFrame, ChatReceiptFrame, ChatTypingFrame } from "../../generated/live";
import { lossOf, type Connect } from "../../live/channel";
import { isRecord, parseJson } from "../../live/envelope";
import { describeClose, socketUrl } from "../../live/websocket";

/** What comes from a conversation. Typing and the advisor's words are of the moment, and have no cursor. */
export type ChatFrame = (ChatJoined | ChatMessageFrame | ChatDeltaFrame | ChatTypingFrame | ChatReceiptFrame | ChatAssignedFrame) & { cursor?: string };

const kinds = new Set(["joined", "message", "delta", "typing", "receipt", "assigned"]);
const pingEveryMs = 20_000;

/** Says that the user types; for the one conversation that is open. */
export const typing: { say: (on: boolean) => void } = { say: () => {} };

/** One conversation over /v1/ws/chat; `topics` names its room. */
export const connectChat: Connect<ChatFrame> = ({ topics: [room], after, token }, listener) => {
  const url = socketUrl("/v1/ws/chat");
  if (token) url.searchParams.set("token", token);
  const socket = new WebSocket(url);
  const send = (frame: ChatAsk | ChatAuth): void => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
  };
  let heard = true;
  // As for /v1/ws: no frame between two pings means that the peer is gone.
  const pinger = window.setInterval(() => {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (!heard) listener.lost({ reason: "no answer to a ping" });
    heard = false;
    send({ type: "ping" });
  }, pingEveryMs);
  socket.onopen = () => send({ type: "join", id: "join", ...(room ? { room } : {}), ...(after ? { after } : {}) });
  socket.onmessage = ({ data }: MessageEvent<string>) => {
    heard = true;
    const frame = parseJson(data);
    if (!isRecord(frame)) return;
    if (frame.type === "error") {
      const { id, error } = frame as unknown as ChatError;
      if (id === "join") listener.lost(lossOf(error, "the conversation cannot be joined"));
      return;
    }
    if (typeof frame.type !== "string" || !kinds.has(frame.type)) return;
    const known = frame as unknown as ChatFrame;
    if (known.type === "joined") listener.live(known.cursor);
    listener.event(known);
  };
  socket.onclose = (event) => listener.lost({ reason: describeClose(event), refused: event.code === 4401 || event.code === 4403 });
  typing.say = (on) => send({ type: "typing", typing: on, ...(room ? { room } : {}) });
  return {
    close: () => {
      window.clearInterval(pinger);
      typing.say = () => {};
      socket.close(1000);
    },
    renew: (renewed) => send({ type: "auth", token: renewed }),
  };
};
