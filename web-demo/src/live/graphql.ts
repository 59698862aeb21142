import { createClient } from "graphql-ws";
import { isEnvelope, isRecord } from "./envelope";
import query from "../graphql/live.graphql?raw";
import type { LiveEventsSubscriptionVariables } from "../generated/graphql";
import { lossOf, type Connect, type Loss } from "./channel";
import { describeClose, socketUrl } from "./websocket";

function lossOfErrors(errors: readonly unknown[]): Loss {
  const first = errors[0];
  const message = isRecord(first) && typeof first.message === "string" ? first.message : "the subscription failed";
  return lossOf(isRecord(first) ? { detail: message, ...asRecord(first.extensions) } : undefined, message);
}

function asRecord(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

export const connectGraphql: Connect = ({ topics, after, token }, listener) => {
  const client = createClient({
    url: socketUrl("/v1/graphql").href,
    connectionParams: token ? { authorization: `Bearer ${token}` } : {},
    // The channel reconnects, with the newest cursor; graphql-ws would repeat the old `after`.
    retryAttempts: 0,
    keepAlive: 20_000,
    // graphql-transport-ws does not acknowledge a subscribe; an accepted connection is the nearest sign.
    on: {
      connected: () => listener.live(),
      message: (message) => listener.frame("in", JSON.stringify(message)),
    },
  });
  const variables: LiveEventsSubscriptionVariables = { topics, after };
  listener.frame("out", JSON.stringify({ type: "subscribe", payload: { query, variables } }));
  client.subscribe<{ events: unknown }>(
    { query, variables },
    {
      next: ({ data, errors }) => {
        if (errors?.length) listener.lost(lossOfErrors(errors));
        else if (isEnvelope(data?.events)) listener.event(data.events);
      },
      error: (error) => {
        if (Array.isArray(error)) listener.lost(lossOfErrors(error));
        else if (error instanceof CloseEvent) {
          listener.lost({ reason: describeClose(error), refused: error.code === 4401 || error.code === 4403 });
        } else listener.lost({ reason: "connection lost" });
      },
      complete: () => listener.lost({ reason: "the server ended the subscription" }),
    },
  );
  return {
    close: () => {
      void client.dispose();
    },
  };
};
