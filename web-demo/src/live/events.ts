import { useMemo, useSyncExternalStore } from "react";
import type { Inventory, Order, Pet } from "../api/types";
import type { Envelope } from "./envelope";

const keptEvents = 1_000;
const keptIds = 20_000;
const keptSnapshots = 5_000;

/** Maps keep the order in which they were filled: what was told longest ago goes first. */
function keep<T>(all: Map<string, T>, id: string, value: T): void {
  all.delete(id);
  all.set(id, value);
  if (all.size <= keptSnapshots) return;
  const [oldest] = all.keys();
  if (oldest) all.delete(oldest);
}

type StockOfSpecies = Extract<Envelope, { eventType: "inventory.changed" }>["data"]["inventory"];

/**
 * What came over the live connection: each event once, by its id, and the newest snapshot of whatever they carried.
 * Lists that were read over REST or GraphQL are shown through it, so that no row stands twice and none is older than the
 * newest event.
 */
export class EventStore {
  #events: readonly Envelope[] = [];
  #ids = new Set<string>();
  #orders = new Map<string, Order>();
  #pets = new Map<string, Pet>();
  #stock = new Map<string, StockOfSpecies>();
  #version = 0;
  #watchers = new Set<() => void>();
  #listeners = new Set<(envelope: Envelope) => void>();
  #scheduled = false;

  /** False when it was there already. */
  add(envelope: Envelope): boolean {
    if (this.#ids.has(envelope.eventId)) return false;
    this.#ids.add(envelope.eventId);
    if (this.#ids.size > keptIds) {
      const [oldest] = this.#ids;
      if (oldest) this.#ids.delete(oldest);
    }
    this.#events = [envelope, ...this.#events.slice(0, keptEvents - 1)];
    this.#take(envelope);
    for (const listener of this.#listeners) listener(envelope);
    this.#tell();
    return true;
  }

  #take({ eventType, data }: Envelope): void {
    if ("order" in data) keep(this.#orders, data.order.id, data.order as Order);
    if ("pet" in data) {
      // One that has left can still be looked at, and not be ordered.
      const pet = data.pet as Pet;
      keep(this.#pets, pet.id, eventType === "pet.deleted" ? { ...pet, status: "NOT_AVAILABLE" } : pet);
    }
    if ("inventory" in data) this.#stock.set(data.inventory.species, data.inventory);
  }

  /** Many events of one moment are one drawing. */
  #tell(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#version += 1;
      for (const watcher of this.#watchers) watcher();
    });
  }

  /** What one user has seen is not for the next one's eyes. */
  clear(): void {
    this.#events = [];
    this.#ids.clear();
    this.#orders.clear();
    this.#pets.clear();
    this.#stock.clear();
    this.#tell();
  }

  /** Takes what a request answered, unless an event knows better. */
  learn(order: Order): void {
    const known = this.#orders.get(order.id);
    if (known && known.updatedAt > order.updatedAt) return;
    keep(this.#orders, order.id, order);
    this.#tell();
  }

  get events(): readonly Envelope[] {
    return this.#events;
  }

  orders(): IterableIterator<Order> {
    return this.#orders.values();
  }

  pet(id: string): Pet | undefined {
    return this.#pets.get(id);
  }

  /** The newer of what was read and what an event told. */
  newestOrder<T extends Pick<Order, "id" | "status" | "updatedAt">>(read: T): T {
    const known = this.#orders.get(read.id);
    return known && known.updatedAt >= read.updatedAt && known.status !== read.status
      ? { ...read, status: known.status, updatedAt: known.updatedAt }
      : read;
  }

  newestPet(read: Pet): Pet {
    const known = this.#pets.get(read.id);
    return known && known.updatedAt >= read.updatedAt ? known : read;
  }

  newestInventory(read: Inventory): Inventory {
    const bySpecies = { ...read.bySpecies };
    const totals = { available: 0, pending: 0, adopted: 0, notAvailable: 0, total: 0 };
    for (const [species, counts] of this.#stock) {
      if (!read.updatedAt || counts.updatedAt >= read.updatedAt) bySpecies[species] = counts;
    }
    for (const counts of Object.values(bySpecies)) {
      for (const key of ["available", "pending", "adopted", "notAvailable", "total"] as const) totals[key] += counts[key];
    }
    return { ...read, ...totals, bySpecies };
  }

  /** Called for each new event. */
  listen(listener: (envelope: Envelope) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  watch = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  version = (): number => this.#version;
}

export const store = new EventStore();

/** Draws again when an event came, and computes what is shown. */
export function useLive<T>(compute: () => T, inputs: readonly unknown[]): T {
  const version = useSyncExternalStore(store.watch, store.version);
  return useMemo(compute, [version, ...inputs]);
}
