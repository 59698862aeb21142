import { createGraphiQLFetcher, type Fetcher } from "@graphiql/toolkit";
import { createClient } from "graphql-ws";
import { authorization as signedIn } from "./session";

const httpUrl = "/v1/graphql";

function socketUrl(): string {
  const url = new URL(httpUrl, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}

function authorizationOf(headers: Record<string, unknown> | undefined): string | undefined {
  const entry = Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === "authorization");
  return typeof entry?.[1] === "string" ? entry[1] : undefined;
}

/**
 * Queries and mutations go over HTTP, subscriptions over graphql-transport-ws on the same URL.
 * A browser cannot set headers on a WebSocket, so the Authorization header of the tab travels in connection_init.
 */
export const fetcher: Fetcher = (params, options) => {
  const authorization = authorizationOf(options?.headers) ?? signedIn();
  const wsClient = createClient({
    url: socketUrl(),
    // One client per run: tabs may be signed in differently, and the socket opens only for a subscription.
    connectionParams: authorization ? { authorization } : {},
    // A silent retry would replay the subscription from its first `after`; the visitor should see the end instead.
    retryAttempts: 0,
  });
  const headers: Record<string, string> = authorization ? { authorization } : {};
  return createGraphiQLFetcher({ url: httpUrl, wsClient, headers, enableIncrementalDelivery: false })(params, options);
};
