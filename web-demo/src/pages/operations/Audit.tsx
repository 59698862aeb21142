import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, take } from "../../api/client";
import type { AuditLog } from "../../api/types";
import { shortId } from "../../live/envelope";
import { Button } from "../../ui/Button";
import { SelectField } from "../../ui/Field";
import { momentOf } from "../../ui/format";
import { Empty, Failed, Loading } from "../../ui/states";
import { words } from "../../ui/Status";

const perPage = 25;
const lookAgainMs = 3_000;
const entities = ["PETS", "ORDERS", "PAYMENTS", "USERS", "WEBHOOK_ENDPOINTS", "OAUTH_CLIENTS"] as const;
type Entity = (typeof entities)[number];

function Snapshot({ title, value }: { title: string; value: unknown }) {
  return (
    <div className="snapshot">
      <strong className="small muted">{title}</strong>
      <pre tabIndex={0}>{value ? JSON.stringify(value, null, 2) : "nothing"}</pre>
    </div>
  );
}

function Entry({ entry }: { entry: AuditLog }) {
  return (
    <li className="audit">
      <details>
        <summary>
          <strong>{words(entry.action)}</strong>
          <span className="muted small">
            {entry.entityType && `${words(entry.entityType)} ${shortId(entry.entityId)}`} · by {entry.userId ? shortId(entry.userId) : "nobody signed in"} · {words(entry.channel)}
          </span>
          <time className="muted small number" dateTime={entry.createdAt}>
            {momentOf(entry.createdAt)}
          </time>
        </summary>
        {entry.reason && <p className="small">Reason: {entry.reason}</p>}
        <div className="snapshots">
          <Snapshot title="Before" value={entry.before} />
          <Snapshot title="After" value={entry.after} />
        </div>
        <p className="muted small">
          {entry.ipAddress} · {entry.userAgent}
        </p>
      </details>
    </li>
  );
}

export default function Audit() {
  const [entityType, setEntity] = useState<Entity>();
  const [page, setPage] = useState(1);
  const { data, error, refetch } = useQuery({
    queryKey: ["audit", entityType, page],
    queryFn: ({ signal }) => take(api.GET("/v1/admin/audit-logs", { params: { query: { ...(entityType ? { entityType } : {}), page, limit: perPage } }, signal })),
    placeholderData: keepPreviousData,
    // Each change has its row, and not each has an event: while the page is seen, it looks again.
    refetchInterval: lookAgainMs,
  });
  return (
    <div className="stack panel">
      <SelectField label="About" value={entityType ?? ""} onChange={({ target }) => (setEntity(entities.find((one) => one === target.value)), setPage(1))}>
        <option value="">Everything</option>
        {entities.map((one) => (
          <option key={one} value={one}>
            {words(one)}
          </option>
        ))}
      </SelectField>
      {error && !data && <Failed error={error} retry={() => void refetch()} />}
      {!data && !error && <Loading lines={6} />}
      {data?.data.length === 0 && <Empty icon="book" title="Nothing was changed yet" />}
      {data && data.data.length > 0 && (
        <ol role="list" className="audits">
          {data.data.map((entry) => (
            <Entry key={entry.id} entry={entry} />
          ))}
        </ol>
      )}
      {data && (
        <nav className="pager" aria-label="Pages of the audit log">
          <Button icon="back" disabled={page === 1} onClick={() => setPage(page - 1)}>
            Newer
          </Button>
          <Button disabled={page >= data.pagination.totalPages} onClick={() => setPage(page + 1)}>
            Older
          </Button>
        </nav>
      )}
    </div>
  );
}
