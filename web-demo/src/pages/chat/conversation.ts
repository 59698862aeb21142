import { useEffect, useRef, useState } from "react";
import { api, take } from "../../api/client";
import { refresh, session } from "../../api/session";
import type { components } from "../../generated/rest";
import { Channel, type State } from "../../live/channel";
import { connectChat, type ChatFrame } from "./connection";

export type ChatMessage = components["schemas"]["ChatMessage"];
export type ChatRoom = components["schemas"]["ChatRoom"];

/** A conversation as far as it is known here. */
export interface Conversation {
  room: ChatRoom | undefined;
  /** Each once, in the order in which they were written. */
  messages: readonly ChatMessage[];
  /** The advisor's words that have come so far, by the message that they will be. */
  streaming: ReadonlyMap<string, string>;
  /** Who types now; the advisor has no id. */
  typing: ReadonlySet<string>;
  /** Whether there may be older messages. */
  older: boolean;
  state: State;
}

const blank: Conversation = { room: undefined, messages: [], streaming: new Map(), typing: new Set(), older: false, state: { kind: "connecting" } };
const pageSize = 50;

/** Ids are UUID v7: their order is that of time. */
function merge(old: readonly ChatMessage[], added: readonly ChatMessage[]): ChatMessage[] {
  const all = new Map(old.map((message) => [message.id, message]));
  for (const message of added) all.set(message.id, message);
  return [...all.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function without(streaming: ReadonlyMap<string, string>, message: ChatMessage): ReadonlyMap<string, string> {
  if (message.author !== "ADVISOR") return streaming;
  const rest = new Map(streaming);
  rest.delete(message.id);
  return rest;
}

function after(now: Conversation, frame: ChatFrame): Conversation {
  switch (frame.type) {
    case "joined":
      return {
        ...now,
        room: frame.room as ChatRoom,
        messages: merge(now.messages, frame.messages as ChatMessage[]),
        older: frame.resumed ? now.older : frame.messages.length >= pageSize,
        // What was being said when the connection broke comes whole.
        streaming: new Map(),
        typing: new Set(),
      };
    case "message": {
      const message = frame.message as ChatMessage;
      return { ...now, messages: merge(now.messages, [message]), streaming: without(now.streaming, message) };
    }
    case "delta":
      // The whole message came already.
      if (now.messages.some(({ id }) => id === frame.messageId)) return now;
      return { ...now, streaming: new Map(now.streaming).set(frame.messageId, (now.streaming.get(frame.messageId) ?? "") + frame.text) };
    case "typing": {
      const typing = new Set(now.typing);
      if (frame.typing) typing.add(frame.userId ?? "");
      else typing.delete(frame.userId ?? "");
      return { ...now, typing };
    }
    case "assigned":
      // A member of the staff took over: the advisor has fallen silent.
      return { ...now, room: frame.state as ChatRoom, streaming: frame.agentId ? new Map() : now.streaming };
    case "receipt":
      return now;
  }
}

export function useConversation(roomId: string) {
  const [conversation, set] = useState(blank);
  const channel = useRef<Channel<ChatFrame>>(null);
  useEffect(() => {
    set(blank);
    const open = new Channel<ChatFrame>(connectChat, { cursor: undefined }, {
      event: (frame) => set((now) => after(now, frame)),
      state: (state) => {
        set((now) => ({ ...now, state }));
        if (state.kind === "refused" && !state.final) void refresh().catch(() => {});
      },
      // What happened meanwhile is not replayed any more: the next join brings the newest messages.
      gap: () => set((now) => ({ ...now, messages: [], older: true })),
    });
    channel.current = open;
    open.open([roomId], session.get()?.accessToken);
    const stop = session.watch(() => {
      const token = session.get()?.accessToken;
      if (token && !session.get()?.expired) open.renew(token);
    });
    return () => {
      stop();
      open.cut();
    };
  }, [roomId]);

  const loadOlder = async (): Promise<void> => {
    const before = conversation.messages[0]?.id;
    const query = { limit: pageSize, ...(before ? { before } : {}) };
    const history = await take(api.GET("/v1/chat/rooms/{id}/messages", { params: { path: { id: roomId }, query } }));
    set((now) => ({ ...now, messages: merge(history.data, now.messages), older: history.older !== null }));
  };
  /** Takes what a request answered; the event of it may come before or after. */
  const learn = (message: ChatMessage): void => set((now) => ({ ...now, messages: merge(now.messages, [message]) }));
  const learnRoom = (room: ChatRoom): void => set((now) => ({ ...now, room }));
  return { conversation, loadOlder, learn, learnRoom };
}
