import "./orders.css";

import { useQuery } from "@tanstack/react-query";
import { api, take } from "../../api/client";
import { fetchOrder } from "../../api/graphql";
import type { Order } from "../../api/types";
import { isEnvelope, type Envelope } from "../../live/envelope";
import { store, useLive } from "../../live/events";
import { momentOf, timeOf } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Failed, Loading } from "../../ui/states";
import { steps } from "./timeline";

const mostEvents = 100;

async function history(id: string, signal: AbortSignal): Promise<Envelope[]> {
  const query = { topics: [`orders/${id}`], limit: mostEvents };
  const page = await take(api.GET("/v1/events", { params: { query }, headers: { Accept: "application/json" }, signal }));
  // The same path streams to those who accept text/event-stream.
  const events: readonly unknown[] = typeof page !== "string" && Array.isArray(page.data) ? page.data : [];
  return events.filter(isEnvelope);
}

export function useOrderDetails(id: string) {
  return useQuery({ queryKey: ["order", id], queryFn: () => fetchOrder(id) });
}

function isToday(at: string): boolean {
  return new Date(at).toDateString() === new Date().toDateString();
}

/** An order's life, step by step, live. */
export function Timeline({ order }: { order: Order }) {
  const details = useOrderDetails(order.id).data;
  const { data: past, error, refetch } = useQuery({ queryKey: ["order", order.id, "history"], queryFn: ({ signal }) => history(order.id, signal) });
  const shown = useLive(() => {
    const live = store.events.filter(({ data }) => "order" in data && data.order.id === order.id);
    return steps(order, details, [...(past ?? []), ...live]);
  }, [order, details, past]);
  if (error && !past) return <Failed error={error} retry={() => void refetch()} />;
  if (!past) return <Loading lines={3} />;
  return (
    <ol role="list" className="timeline" aria-label="What happened" aria-live="polite">
      {shown.map(({ key, at, title, detail, icon, tone }) => (
        <li key={key} className={`step ${tone}`}>
          <span className="step-mark">
            <Icon name={icon} />
          </span>
          <span className="grow">
            <strong>{title}</strong>
            {detail && <span className="muted small"> {detail}</span>}
          </span>
          <time className="muted small number" dateTime={at}>
            {isToday(at) ? timeOf(at) : momentOf(at)}
          </time>
        </li>
      ))}
    </ol>
  );
}
