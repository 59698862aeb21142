import { QueryClient, type QueryKey } from "@tanstack/react-query";
import { useEffect } from "react";
import { Unreachable } from "../api/problem";
import { store } from "../live/events";
import { connection, watchConnection, watchGeneration } from "../live/feed";

const mostTries = 3;
const pauseMs = 1_000;

/** What was read from the server. It is kept true by events, so it is read again only when those could have been missed. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      networkMode: "always",
      refetchOnWindowFocus: false,
      // A refusal stays one, however often it is asked for.
      retry: (failures, error) => error instanceof Unreachable && failures < mostTries,
      retryDelay: (failures) => pauseMs * 2 ** failures,
    },
    mutations: { networkMode: "always", retry: false },
  },
});

/** Reads anew what may be out of date, when the live connection stands (again). */
export function followFeed(): void {
  let live = connection().kind === "live";
  let lost = false;
  watchConnection(() => {
    const now = connection();
    if (now.kind === "waiting") lost = true;
    if (now.kind === "live" && !live) {
      // The first connection may have come after the first answers; a later one resumes, but what failed meanwhile is asked again.
      void queries.invalidateQueries(lost ? { predicate: ({ state }) => state.status === "error" } : {});
      lost = false;
    }
    live = now.kind === "live";
  });
  // Another user: what the last one read is not for this one.
  watchGeneration(() => void queries.resetQueries());
}

const settleMs = 400;

/** Asks again, soon and once, after events of these types: for what events do not carry whole. */
export function useRefreshOn(types: readonly string[], key: QueryKey): void {
  const [typeList, keyText] = [types.join(","), JSON.stringify(key)];
  useEffect(() => {
    let timer: number | undefined;
    const prefixes = typeList.split(",");
    const stop = store.listen(({ eventType }) => {
      if (timer !== undefined || !prefixes.some((prefix) => eventType.startsWith(prefix))) return;
      timer = window.setTimeout(() => {
        timer = undefined;
        void queries.invalidateQueries({ queryKey: JSON.parse(keyText) as QueryKey });
      }, settleMs);
    });
    return () => {
      stop();
      window.clearTimeout(timer);
    };
  }, [typeList, keyText]);
}
