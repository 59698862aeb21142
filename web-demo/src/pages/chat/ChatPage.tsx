import "./chat.css";

import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useSearchParams } from "wouter";
import { api, idempotencyKey, take } from "../../api/client";
import { isStaff, useSession } from "../../api/session";
import { queries, useRefreshOn } from "../../app/queries";
import { shortId } from "../../live/envelope";
import { Button } from "../../ui/Button";
import { momentOf } from "../../ui/format";
import { Empty, Failed, Loading } from "../../ui/states";
import { tellError } from "../../ui/toasts";
import { NeedsSignIn } from "../sign-in/NeedsSignIn";
import { ConversationPanel } from "./ConversationPanel";
import type { ChatRoom } from "./conversation";
import { useTitle } from "../../app/title";

const mostRooms = 50;

/** Who waits for a person comes first, and longest first. */
function queue(rooms: readonly ChatRoom[]): ChatRoom[] {
  return [...rooms].sort((a, b) => {
    if (a.waitingSince && b.waitingSince) return a.waitingSince.localeCompare(b.waitingSince);
    if (a.waitingSince || b.waitingSince) return a.waitingSince ? -1 : 1;
    return b.updatedAt.localeCompare(a.updatedAt);
  });
}

function useRooms() {
  useRefreshOn(["chat.roomCreated", "chat.waiting", "chat.assigned", "chat.released", "chat.messageCreated"], ["rooms"]);
  return useQuery({
    queryKey: ["rooms"],
    queryFn: ({ signal }) => take(api.GET("/v1/chat/rooms", { params: { query: { limit: mostRooms } }, signal })),
  });
}

function RoomTab({ room, current, staff, onChoose }: { room: ChatRoom; current: boolean; staff: boolean; onChoose: () => void }) {
  return (
    <li>
      <button type="button" className="room-tab" aria-pressed={current} data-room={room.id} onClick={onChoose}>
        <span className="grow">
          <strong className="room-title">{room.title ?? (staff ? `Customer ${shortId(room.userId)}` : "Conversation")}</strong>
          <span className="muted small number room-sub">{momentOf(room.updatedAt)}</span>
        </span>
        {room.waitingSince && <span className="badge warn">Waiting</span>}
        {room.agentId && <span className="badge info">Staff</span>}
      </button>
    </li>
  );
}

function Rooms() {
  const who = useSession();
  const staff = isStaff(who);
  const [params, setParams] = useSearchParams();
  const [busy, setBusy] = useState(false);
  const { data, error, refetch } = useRooms();
  const rooms = queue(data?.data ?? []);
  const chosen = params.get("room") ?? undefined;
  const choose = (id: string): void => setParams({ room: id }, { replace: true });
  // The list moves with each message; what is open does not, so the first one is named in the address, once.
  const first = rooms[0]?.id;
  useEffect(() => {
    if (!chosen && first) choose(first);
  }, [chosen, first]);
  const begin = async (): Promise<void> => {
    setBusy(true);
    try {
      const room = await take(api.POST("/v1/chat/rooms", { body: {}, headers: { "Idempotency-Key": idempotencyKey() } }));
      await queries.invalidateQueries({ queryKey: ["rooms"] });
      choose(room.id);
    } catch (failure) {
      tellError(failure);
    }
    setBusy(false);
  };
  const waiting = rooms.filter((room) => room.waitingSince).length;
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Loading lines={4} height="4rem" />;
  return (
    <div className="chat-page">
      <section className="rooms" aria-label={staff ? "Queue" : "Your conversations"}>
        <div className="row apart">
          <h2>{staff ? `Queue: ${waiting} waiting` : "Conversations"}</h2>
          {!staff && (
            <Button compact kind={rooms.length === 0 ? "primary" : "plain"} busy={busy} onClick={() => void begin()}>
              New
            </Button>
          )}
        </div>
        <ul role="list" className="room-list">
          {rooms.map((room) => (
            <RoomTab key={room.id} room={room} staff={staff} current={room.id === chosen} onChoose={() => choose(room.id)} />
          ))}
        </ul>
        {rooms.length === 0 && <p className="muted small">{staff ? "Nobody has written yet." : "None yet."}</p>}
      </section>
      {chosen && <ConversationPanel key={chosen} roomId={chosen} title={rooms.find(({ id }) => id === chosen)?.title} />}
      {!chosen && rooms.length === 0 && (
        <section className="card">
          <Empty icon="chat" title={staff ? "Conversations of customers appear here" : "Talk to the advisor"}>
            {!staff && (
              <Button kind="primary" busy={busy} onClick={() => void begin()}>
                Begin a conversation
              </Button>
            )}
          </Empty>
        </section>
      )}
    </div>
  );
}

export default function ChatPage() {
  useTitle("Chat");
  const who = useSession();
  return (
    <div className="chat-screen">
      <div className="page-head">
        <div>
          <h1>{isStaff(who) ? "Conversations" : "Pet advisor"}</h1>
          <p>{isStaff(who) ? "Read along, and take over: the advisor falls silent while you are there." : "It answers as it types, names its sources, and says when a vet is needed at once."}</p>
        </div>
      </div>
      {who ? <Rooms key={who.user.id} /> : <NeedsSignIn title="Conversations belong to an account" />}
    </div>
  );
}
