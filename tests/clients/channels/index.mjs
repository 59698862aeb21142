// Every channel of the feed.

import { graphqlSse, graphqlSseSingle } from "./graphql-sse.mjs";
import { graphqlWs } from "./graphql.mjs";
import { socketioPolling, socketioWebsocket } from "./socketio.mjs";
import { sse } from "./sse.mjs";
import { ws } from "./ws.mjs";

/** @type {import("./channel.mjs").Channel[]} */
export const CHANNELS = [sse, ws, socketioWebsocket, socketioPolling, graphqlWs, graphqlSse, graphqlSseSingle];
