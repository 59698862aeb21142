import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, take } from "../../api/client";
import type { Attempt, Delivery } from "../../api/types";
import { queries, useRefreshOn } from "../../app/queries";
import { shortId } from "../../live/envelope";
import { Button } from "../../ui/Button";
import { SelectField } from "../../ui/Field";
import { momentOf, timeOf } from "../../ui/format";
import { Empty, Failed, Loading } from "../../ui/states";
import { Badge } from "../../ui/Status";
import { tell, tellError } from "../../ui/toasts";

const perPage = 20;
const lookAgainMs = 2_000;
const statuses = ["PENDING", "SUCCEEDED", "DEAD_LETTER"] as const;
type Status = (typeof statuses)[number];

function Attempts({ endpointId, delivery }: { endpointId: string; delivery: Delivery }) {
  const { data, error } = useQuery({
    queryKey: ["attempts", delivery.id, delivery.attempts],
    queryFn: ({ signal }) => take(api.GET("/v1/webhook-endpoints/{id}/deliveries/{delivery}/attempts", { params: { path: { id: endpointId, delivery: delivery.id } }, signal })),
    placeholderData: keepPreviousData,
  });
  if (error) return <Failed error={error} />;
  if (!data) return <Loading lines={1} />;
  if (data.data.length === 0) return <p className="muted small">Not tried yet.</p>;
  return (
    <ol role="list" className="attempts">
      {data.data.map((attempt: Attempt) => (
        <li key={attempt.id} className="small">
          <span className={`badge ${attempt.statusCode && attempt.statusCode < 300 ? "good" : "bad"}`}>{attempt.statusCode ?? "no answer"}</span>
          <span className="number">
            #{attempt.number} at {timeOf(attempt.startedAt)}, {attempt.durationMs} ms
          </span>
          {attempt.error && <span className="muted">{attempt.error}</span>}
          {attempt.responseBody && <code className="attempt-body">{attempt.responseBody}</code>}
        </li>
      ))}
    </ol>
  );
}

function Row({ endpointId, delivery }: { endpointId: string; delivery: Delivery }) {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const resend = async (): Promise<void> => {
    setBusy(true);
    try {
      await take(api.POST("/v1/webhook-endpoints/{id}/deliveries/{delivery}/resend", { params: { path: { id: endpointId, delivery: delivery.id } } }));
      tell("good", `${delivery.eventType} is sent again.`);
      await queries.invalidateQueries({ queryKey: ["deliveries", endpointId] });
    } catch (error) {
      tellError(error);
    }
    setBusy(false);
  };
  return (
    <li className="delivery" data-delivery={delivery.id}>
      <div className="delivery-line">
        <Badge name={delivery.status} />
        <span className="grow">
          <strong>{delivery.eventType}</strong> <span className="muted small mono">{shortId(delivery.eventId)}</span>
          <span className="muted small delivery-sub">
            {momentOf(delivery.createdAt)} · {delivery.attempts} {delivery.attempts === 1 ? "attempt" : "attempts"}
            {delivery.lastStatusCode && ` · answered ${delivery.lastStatusCode}`}
            {delivery.status === "PENDING" && delivery.nextAttemptAt && ` · next at ${timeOf(delivery.nextAttemptAt)}`}
          </span>
        </span>
        <span className="row">
          <Button compact aria-expanded={open} aria-label={`Attempts of ${delivery.eventType} ${shortId(delivery.eventId)}`} onClick={() => setOpen(!open)}>
            Attempts
          </Button>
          <Button compact icon="refresh" busy={busy} aria-label={`Resend ${delivery.eventType} ${shortId(delivery.eventId)}`} onClick={() => void resend()}>
            Resend
          </Button>
        </span>
      </div>
      {open && <Attempts endpointId={endpointId} delivery={delivery} />}
    </li>
  );
}

/** What an endpoint was sent; looked at again and again, since deliveries have no events. */
export function Deliveries({ endpointId }: { endpointId: string }) {
  const [status, setStatus] = useState<Status>();
  const [page, setPage] = useState(1);
  const { data, error, refetch } = useQuery({
    queryKey: ["deliveries", endpointId, status, page],
    queryFn: ({ signal }) =>
      take(api.GET("/v1/webhook-endpoints/{id}/deliveries", { params: { path: { id: endpointId }, query: { ...(status ? { status } : {}), page, limit: perPage } }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: lookAgainMs,
  });
  useRefreshOn(["order.", "payment.", "pet.", "inventory."], ["deliveries", endpointId]);
  return (
    <section className="card stack" aria-label="Deliveries">
      <div className="row apart">
        <h2>Deliveries</h2>
        <SelectField label="Status" hideLabel value={status ?? ""} onChange={({ target }) => (setStatus(statuses.find((one) => one === target.value)), setPage(1))}>
          <option value="">All</option>
          <option value="PENDING">Pending</option>
          <option value="SUCCEEDED">Succeeded</option>
          <option value="DEAD_LETTER">Dead letters</option>
        </SelectField>
      </div>
      {error && !data && <Failed error={error} retry={() => void refetch()} />}
      {!data && !error && <Loading lines={4} />}
      {data?.data.length === 0 && (
        <Empty icon="send" title="No delivery">
          <span>They come with the next event that this endpoint wants.</span>
        </Empty>
      )}
      {data && data.data.length > 0 && (
        <ol role="list" className="deliveries">
          {data.data.map((delivery) => (
            <Row key={delivery.id} endpointId={endpointId} delivery={delivery} />
          ))}
        </ol>
      )}
      {data && data.pagination.totalPages > 1 && (
        <nav className="pager" aria-label="Pages of deliveries">
          <Button compact icon="back" disabled={page === 1} onClick={() => setPage(page - 1)}>
            Newer
          </Button>
          <Button compact disabled={page >= data.pagination.totalPages} onClick={() => setPage(page + 1)}>
            Older
          </Button>
        </nav>
      )}
    </section>
  );
}
