import { isEnvelope, parseJson } from "./envelope";
import { eventTypes } from "../generated/event-types";
import { lossOf, type Connect, type Loss } from "./channel";

/** EventSource hides the answer to a refused request; the poll form of the same URL tells the reason. */
async function explain(url: URL): Promise<Loss> {
  url.searchParams.set("limit", "1");
  try {
    const response = await fetch(url, { headers: { Accept: "application/json" } });
    if (response.ok) return { reason: "the stream ended" };
    return lossOf(parseJson(await response.text()), `HTTP ${response.status}`);
  } catch {
    return { reason: "the server does not answer" };
  }
}

export const connectSse: Connect = ({ topics, after, token }, listener) => {
  const url = new URL("/v1/events", location.href);
  url.searchParams.set("topics", topics.join(","));
  if (after) url.searchParams.set("after", after);
  if (token) url.searchParams.set("access_token", token);

  const source = new EventSource(url);
  listener.frame("out", `GET ${url.pathname}?topics=${topics.join(",")}${after ? `&after=${after}` : ""}`);
  source.onopen = () => listener.live();
  for (const type of eventTypes) {
    source.addEventListener(type, ({ data, lastEventId }: MessageEvent<string>) => {
      listener.frame("in", `event: ${type}\nid: ${lastEventId}\ndata: ${data}`);
      const envelope = parseJson(data);
      if (isEnvelope(envelope)) listener.event(envelope);
    });
  }
  source.addEventListener("error", (event) => {
    const refused = source.readyState === EventSource.CLOSED;
    // Its own reconnect knows no backoff, so the channel reconnects for it.
    source.close();
    if (event instanceof MessageEvent) listener.lost(lossOf(parseJson(String(event.data)), "the stream ended"));
    else if (refused) void explain(url).then(listener.lost);
    else listener.lost({ reason: "connection lost" });
  });
  return { close: () => source.close() };
};
