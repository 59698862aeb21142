import { useEffect, useRef, useState, type FormEvent, type KeyboardEvent } from "react";
import { api, idempotencyKey, take } from "../../api/client";
import { Refused } from "../../api/problem";
import { isStaff, useSession } from "../../api/session";
import { queries } from "../../app/queries";
import { Button } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { Empty, Failed, Loading } from "../../ui/states";
import { tellError } from "../../ui/toasts";
import { typing as typingSignal } from "./connection";
import { useConversation, type ChatMessage, type ChatRoom } from "./conversation";
import { attach, type ChatAttachment } from "./Attachment";
import { alarmOf, Message, Text } from "./Message";

const typingMs = 2_500;
const maxText = 4_000;
const nearEndPx = 120;

/** What is typed and not sent yet, by user and conversation. */
const drafts = new Map<string, string>();

function Composer({ roomId, onSent }: { roomId: string; onSent: (message: ChatMessage) => void }) {
  const draft = `${useSession()?.user.id} ${roomId}`;
  const [text, setText] = useState(drafts.get(draft) ?? "");
  useEffect(() => void drafts.set(draft, text), [draft, text]);
  const [file, setFile] = useState<File>();
  // What was sent ahead of the message, when the message itself failed.
  const kept = useRef<ChatAttachment>(undefined);
  const picker = useRef<HTMLInputElement>(null);
  const choose = (chosen: File | undefined): void => {
    kept.current = undefined;
    setFile(chosen);
  };
  const [busy, setBusy] = useState(false);
  // The same key until it is answered: a second try after a lost answer does not say it twice.
  const key = useRef(idempotencyKey());
  const stop = useRef<number>(undefined);
  const typed = (value: string): void => {
    setText(value);
    if (stop.current === undefined) typingSignal.say(true);
    window.clearTimeout(stop.current);
    stop.current = window.setTimeout(quiet, typingMs);
  };
  const quiet = (): void => {
    window.clearTimeout(stop.current);
    stop.current = undefined;
    typingSignal.say(false);
  };
  const send = async (): Promise<void> => {
    if (busy || (text.trim() === "" && !file)) return;
    setBusy(true);
    try {
      if (file) kept.current ??= await attach(roomId, file);
      const body = { text: text.trim(), ...(kept.current ? { attachments: [kept.current.id] } : {}) };
      const options = { params: { path: { id: roomId } }, body, headers: { "Idempotency-Key": key.current } };
      onSent(await take(api.POST("/v1/chat/rooms/{id}/messages", options)));
      setText("");
      choose(undefined);
      key.current = idempotencyKey();
    } catch (error) {
      // What was typed stays, to be sent again.
      tellError(error);
      if (error instanceof Refused) key.current = idempotencyKey();
    }
    quiet();
    setBusy(false);
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void send();
  };
  const enter = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void send();
  };
  return (
    <form className="composer" onSubmit={submit}>
      <label htmlFor="message" className="visually-hidden">
        Message
      </label>
      <textarea
        id="message"
        className="input"
        rows={2}
        maxLength={maxText}
        placeholder="Ask about your pet…"
        title="Enter sends, Shift+Enter is a new line"
        value={text}
        onChange={({ target }) => typed(target.value)}
        onKeyDown={enter}
      />
      <input ref={picker} type="file" hidden aria-label="Picture" accept="image/jpeg,image/png,image/webp" onChange={({ target }) => (choose(target.files?.[0]), (target.value = ""))} />
      <Button icon="image" aria-label="Attach a picture" onClick={() => picker.current?.click()} />
      <Button kind="primary" icon="send" type="submit" busy={busy} aria-label="Send">
        <span className="send-word">Send</span>
      </Button>
      {file && (
        <span className="row small composer-file" role="status">
          {file.name}
          <Button compact kind="quiet" icon="close" aria-label={`Remove ${file.name}`} onClick={() => choose(undefined)} />
        </span>
      )}
    </form>
  );
}

function Head({ room, title, live, onChanged }: { room: ChatRoom; title: string | null | undefined; live: boolean; onChanged: (room: ChatRoom) => void }) {
  const who = useSession();
  const staff = isStaff(who);
  const [busy, setBusy] = useState(false);
  const params = { path: { id: room.id } };
  const run = async (action: () => Promise<ChatRoom>): Promise<void> => {
    setBusy(true);
    try {
      onChanged(await action());
      void queries.invalidateQueries({ queryKey: ["rooms"] });
    } catch (error) {
      tellError(error);
    }
    setBusy(false);
  };
  const served = room.agentId ? (room.agentId === who?.user.id ? "You have taken over" : "A member of the staff is here") : room.waitingSince ? "Waiting for a member of the staff" : "The advisor answers";
  return (
    <div className="chat-head">
      <div className="grow">
        <h2>{title ?? room.title ?? "Conversation"}</h2>
        <span className="row small muted" role="status">
          <span className={`dot ${live ? "good" : "warn"}`} />
          {served}
        </span>
      </div>
      {staff && !room.agentId && (
        <Button compact kind="primary" busy={busy} onClick={() => void run(() => take(api.PUT("/v1/chat/rooms/{id}/agent", { params })))}>
          Take over
        </Button>
      )}
      {staff && room.agentId === who?.user.id && (
        <Button compact busy={busy} onClick={() => void run(() => take(api.DELETE("/v1/chat/rooms/{id}/agent", { params })))}>
          Hand back
        </Button>
      )}
      {!staff && !room.agentId && !room.waitingSince && (
        <Button compact icon="user" busy={busy} onClick={() => void run(() => take(api.POST("/v1/chat/rooms/{id}/call", { params })))}>
          Ask for a person
        </Button>
      )}
    </div>
  );
}

/** `title` is what the list calls it: the first message may have named it since it was opened. */
export function ConversationPanel({ roomId, title }: { roomId: string; title: string | null | undefined }) {
  const who = useSession();
  const { conversation, loadOlder, learn, learnRoom } = useConversation(roomId);
  const { room, messages, streaming, typing, older, state } = conversation;
  const list = useRef<HTMLOListElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    const { current } = list;
    if (current && atEnd.current) current.scrollTop = current.scrollHeight;
  }, [messages, streaming, typing]);
  const answers = messages.filter(({ author, deletedAt }) => author === "ADVISOR" && !deletedAt);
  const alarm = alarmOf([...streaming.values()].at(-1) ?? answers.at(-1)?.text ?? "");
  if (state.kind === "refused" && state.final) {
    return (
      <section className="card">
        <Failed error={new Error("There is no such conversation, or it is not yours.")} />
      </section>
    );
  }
  if (!room) {
    return (
      <section className="card">
        <Loading lines={3} height="4rem" label="Loading the conversation" />
      </section>
    );
  }
  const others = [...typing].filter((id) => id !== who?.user.id);
  return (
    <section className="card chat" aria-label="Conversation" data-state={state.kind}>
      <Head room={room} title={title} live={state.kind === "live"} onChanged={learnRoom} />
      {alarm ? (
        <div className="red-flag pinned" role="alert">
          <strong className="row">
            <Icon name="alert" />
            See a vet now
          </strong>
          <p className="small" tabIndex={0}>
            {alarm}
          </p>
        </div>
      ) : (
        <span />
      )}
      <ol
        ref={list}
        role="list"
        className="bubbles"
        aria-label="Messages"
        aria-live="polite"
        tabIndex={0}
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
          atEnd.current = scrollHeight - scrollTop - clientHeight < nearEndPx;
        }}
      >
        {older && (
          <li className="notice-line">
            <Button compact onClick={() => void loadOlder().catch(tellError)}>
              Older messages
            </Button>
          </li>
        )}
        {messages.length === 0 && (
          <li>
            <Empty icon="chat" title="Ask anything about pets">
              <span>The advisor answers from its knowledge base, with sources; the staff can take over.</span>
            </Empty>
          </li>
        )}
        {messages.map((message) => (
          <Message key={message.id} message={message} own={message.authorId === who?.user.id} />
        ))}
        {[...streaming].map(([id, text]) => (
          <li key={id} className="bubble advisor streaming" data-author="ADVISOR" aria-busy="true">
            <div className="bubble-head small">
              <strong>Advisor</strong>
            </div>
            <Text text={text} cited={[]} advice />
          </li>
        ))}
        {others.length > 0 && streaming.size === 0 && <li className="notice-line small muted">Somebody is typing…</li>}
      </ol>
      <Composer roomId={roomId} onSent={learn} />
    </section>
  );
}
