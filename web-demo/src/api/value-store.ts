import { useSyncExternalStore } from "react";

/** One value that components watch. */
export class ValueStore<T> {
  #value: T;
  #watchers = new Set<() => void>();

  constructor(initial: T) {
    this.#value = initial;
  }

  get = (): T => this.#value;

  set = (value: T): void => {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const watcher of this.#watchers) watcher();
  };

  watch = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };
}

export function useValue<T>(store: ValueStore<T>): T {
  return useSyncExternalStore(store.watch, store.get);
}
