// The one live connection of the pages: a WebSocket with one subscription for everything that the user may see.

import { isStaff, refresh, session, type Session } from "../api/session";
import { useValue, ValueStore } from "../api/value-store";
import { Channel, type State } from "./channel";
import { store } from "./events";
import { connectWebSocket } from "./websocket";

const publicTopics = ["pets", "inventory"];
const privateTopics = ["orders", "payments", "chat"];

const state = new ValueStore<State>({ kind: "connecting" });
/** How often what was read must be read anew: another user, or a position that could not be resumed from. */
const generation = new ValueStore(0);

function startOver(): void {
  store.clear();
  generation.set(generation.get() + 1);
}

const refreshPauseMs = 10_000;
let refreshedAt = -refreshPauseMs;

/** A refused token may only be too old: a newer one goes on, and without one the session is told to be over. */
function enterState(next: State): void {
  state.set(next);
  if (next.kind !== "refused" || !session.get() || performance.now() - refreshedAt < refreshPauseMs) return;
  refreshedAt = performance.now();
  void refresh().catch(() => channel.resume());
}

const channel = new Channel(connectWebSocket, { cursor: undefined }, {
  event: (envelope) => store.add(envelope),
  state: enterState,
  gap: startOver,
});

/** What a user may hear; staff hear all of their tenant, customers what is theirs. */
export function topicsOf(who: Session | undefined): string[] {
  return who ? [...privateTopics, ...publicTopics, ...(isStaff(who) ? ["endpoints"] : [])] : publicTopics;
}

let heard: Session | undefined;

function follow(): void {
  const now = session.get();
  const same = now?.user.id === heard?.user.id;
  const renewed = same && now !== undefined && now.accessToken !== heard?.accessToken;
  heard = now;
  if (renewed) channel.renew(now.accessToken);
  else if (!same) {
    channel.forget();
    startOver();
    channel.open(topicsOf(now), now?.accessToken);
  }
}

let started = false;

/** Connects, and follows who signs in and out. */
export function startFeed(): void {
  if (started) return;
  started = true;
  heard = session.get();
  session.watch(follow);
  window.addEventListener("online", () => channel.resume());
  channel.open(topicsOf(heard), heard?.accessToken);
}

export const reconnect = (): void => channel.resume();
export const useConnection = (): State => useValue(state);
export const watchConnection = state.watch;
export const connection = state.get;
export const watchGeneration = generation.watch;
