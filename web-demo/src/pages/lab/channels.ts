import { Channel, type Connect, type State } from "../../live/channel";
import type { Envelope } from "../../live/envelope";
import { connectGraphql } from "../../live/graphql";
import { connectSocketIo } from "../../live/socketio";
import { connectSse } from "../../live/sse";
import { connectWebSocket } from "../../live/websocket";
import { connectWebhook } from "./webhook";

export const channelNames = ["sse", "websocket", "socketio", "graphql", "webhook"] as const;
export type ChannelName = (typeof channelNames)[number];

export const channelLabels: Record<ChannelName, string> = {
  sse: "SSE",
  websocket: "WebSocket",
  socketio: "Socket.IO",
  graphql: "GraphQL",
  webhook: "Webhook",
};

const connects: Record<ChannelName, Connect> = {
  sse: connectSse,
  websocket: connectWebSocket,
  socketio: connectSocketIo,
  graphql: connectGraphql,
  webhook: connectWebhook,
};

export interface Frame {
  key: number;
  way: "in" | "out";
  text: string;
}

export interface Pane {
  state: State;
  received: number;
  /** Came again: at least once is what is promised. */
  repeated: number;
  /** Of the newest events, milliseconds. */
  latencies: readonly number[];
  frames: readonly Frame[];
  slow: boolean;
  /** Came, and were not taken yet by a slow pane. */
  backlog: number;
}

export interface Row {
  envelope: Envelope;
  /** Milliseconds from what the event says to when the pane took it. */
  arrivals: Partial<Record<ChannelName, number>>;
}

export interface Snapshot {
  rows: readonly Row[];
  panes: Record<ChannelName, Pane>;
}

const keptRows = 150;
const keptIds = 5_000;
const keptFrames = 12;
const keptLatencies = 50;
const shownFrameChars = 2_000;
const slowMs = 1_000;

const newPane = (): Pane => ({ state: { kind: "connecting" }, received: 0, repeated: 0, latencies: [], frames: [], slow: false, backlog: 0 });

/** Maps and sets keep the order in which they were filled. */
function dropOldest(of: { keys(): IterableIterator<string>; delete(key: string): boolean }): void {
  const { value, done } = of.keys().next();
  if (!done) of.delete(value);
}

/** Five connections that hear the same; each event is one row, by its id. */
export class Lab {
  /** As it is; what is drawn is the state of the last frame. */
  #snapshot: Snapshot;
  #drawn: Snapshot;
  #rows = new Map<string, Row>();
  /** Which pane has which event: longer than rows are shown. */
  #seen: Record<ChannelName, Set<string>>;
  #channels: Record<ChannelName, Channel>;
  #queues: Record<ChannelName, { envelope: Envelope; at: number }[]>;
  #timers: Partial<Record<ChannelName, number>> = {};
  #watchers = new Set<() => void>();
  #dirty = false;
  #frameKey = 0;

  constructor() {
    const start = { cursor: undefined };
    const each = <T>(make: (name: ChannelName) => T) => Object.fromEntries(channelNames.map((name) => [name, make(name)])) as Record<ChannelName, T>;
    this.#snapshot = this.#drawn = { rows: [], panes: each(newPane) };
    this.#seen = each(() => new Set<string>());
    this.#queues = each(() => []);
    this.#channels = each(
      (name) =>
        new Channel(connects[name], start, {
          event: (envelope) => this.#arrived(name, envelope),
          state: (state) => this.#patch(name, { state }),
          frame: (way, text) => this.#framed(name, way, text),
        }),
    );
  }

  /** Begins at the present, as somebody (else). */
  reopen(topics: string[], token: string | undefined): void {
    for (const name of channelNames) {
      const channel = this.#channels[name];
      const wasCut = channel.state.kind === "cut";
      channel.forget();
      channel.open(topics, token);
      if (wasCut) channel.resume();
    }
  }

  /** The same user with a newer token. */
  renew(token: string): void {
    for (const name of channelNames) this.#channels[name].renew(token);
  }

  close(): void {
    for (const name of channelNames) {
      this.#channels[name].cut();
      window.clearTimeout(this.#timers[name]);
      delete this.#timers[name];
      this.#queues[name].length = 0;
    }
  }

  cut(name: ChannelName): void {
    this.#channels[name].cut();
  }

  resume(name: ChannelName): void {
    this.#channels[name].resume();
  }

  slow(name: ChannelName, slow: boolean): void {
    this.#patch(name, { slow });
    if (slow) return;
    window.clearTimeout(this.#timers[name]);
    delete this.#timers[name];
    this.#drain(name);
  }

  clear(): void {
    this.#rows.clear();
    for (const name of channelNames) this.#patch(name, { received: 0, repeated: 0, latencies: [], frames: [] });
  }

  #arrived(name: ChannelName, envelope: Envelope): void {
    this.#queues[name].push({ envelope, at: performance.timeOrigin + performance.now() });
    this.#drain(name);
  }

  /** A slow pane takes one event a second, the others wait in it. */
  #drain(name: ChannelName): void {
    const queue = this.#queues[name];
    while (queue.length > 0 && this.#timers[name] === undefined) {
      const next = queue.shift();
      if (next) this.#take(name, next.envelope, this.#snapshot.panes[name].slow ? performance.timeOrigin + performance.now() : next.at);
      if (!this.#snapshot.panes[name].slow) continue;
      this.#timers[name] = window.setTimeout(() => {
        delete this.#timers[name];
        this.#drain(name);
      }, slowMs);
    }
    this.#patch(name, { backlog: queue.length });
  }

  #take(name: ChannelName, envelope: Envelope, at: number): void {
    const pane = this.#snapshot.panes[name];
    const seen = this.#seen[name];
    if (seen.has(envelope.eventId)) {
      this.#patch(name, { repeated: pane.repeated + 1 });
      return;
    }
    seen.add(envelope.eventId);
    if (seen.size > keptIds) dropOldest(seen);
    const latency = Math.max(0, at - Date.parse(envelope.timestamp));
    const known = this.#rows.get(envelope.eventId);
    this.#rows.set(envelope.eventId, { envelope: known?.envelope ?? envelope, arrivals: { ...known?.arrivals, [name]: latency } });
    if (this.#rows.size > keptRows) dropOldest(this.#rows);
    this.#patch(name, { received: pane.received + 1, latencies: [...pane.latencies, latency].slice(-keptLatencies) });
  }

  #framed(name: ChannelName, way: Frame["way"], text: string): void {
    const frame = { key: ++this.#frameKey, way, text: text.length > shownFrameChars ? `${text.slice(0, shownFrameChars)}…` : text };
    this.#patch(name, { frames: [frame, ...this.#snapshot.panes[name].frames].slice(0, keptFrames) });
  }

  #patch(name: ChannelName, part: Partial<Pane>): void {
    const panes = { ...this.#snapshot.panes, [name]: { ...this.#snapshot.panes[name], ...part } };
    this.#snapshot = { ...this.#snapshot, panes };
    if (this.#dirty) return;
    this.#dirty = true;
    // However many come, a picture is drawn once for each frame of the screen.
    requestAnimationFrame(() => {
      this.#dirty = false;
      // Ids are UUID v7: their order is that of time.
      const rows = [...this.#rows.values()].sort((a, b) => (a.envelope.eventId < b.envelope.eventId ? 1 : -1));
      this.#snapshot = this.#drawn = { ...this.#snapshot, rows };
      for (const watcher of this.#watchers) watcher();
    });
  }

  watch = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  snapshot = (): Snapshot => this.#drawn;
}
