import { memo, useEffect, useState } from "react";
import { api, take } from "../../api/client";
import type { WebhookEndpoint } from "../../api/types";
import { queries } from "../../app/queries";
import { header, hookOf, hookUrlAnswering, watchHook, type HookRequest } from "../../hooks/inspector";
import { secretsOf, verify } from "../../hooks/secrets";
import { SelectField } from "../../ui/Field";
import { timeOf } from "../../ui/format";
import { Empty } from "../../ui/states";
import { tellError } from "../../ui/toasts";

const kept = 50;
const answers = [
  { status: 200, label: "200: takes it" },
  { status: 503, label: "503: is down" },
] as const;

interface Received {
  request: HookRequest;
  verified: boolean | undefined;
}

function newestFirst({ request: a }: Received, { request: b }: Received): number {
  return b.receivedAt.localeCompare(a.receivedAt) || b.number - a.number;
}

function useReceived(endpointId: string, hook: string): { list: readonly Received[]; live: boolean } {
  const [list, setList] = useState<readonly Received[]>([]);
  const [live, setLive] = useState(false);
  useEffect(() => {
    let current = true;
    setList([]);
    const stop = watchHook(hook, {
      open: () => setLive(true),
      lost: () => setLive(false),
      request: (request) => {
        void verify(request, secretsOf(endpointId)).then((verified) => {
          if (!current) return;
          // EventSource may send again what it had: each request stands once, and numbers begin anew with the server.
          setList((old) => [{ request, verified }, ...old.filter((one) => one.request.key !== request.key)].sort(newestFirst).slice(0, kept));
        });
      },
    });
    return () => {
      current = false;
      stop();
    };
  }, [endpointId, hook]);
  return { list, live };
}

const Request = memo(function Request({ one: { request, verified } }: { one: Received }) {
  const attempt = header(request, "x-webhook-attempt");
  return (
    <li className="received">
      <details>
        <summary>
          <span className={`badge ${verified ? "good" : verified === false ? "bad" : ""}`}>{verified ? "Verified" : verified === false ? "Signature does not fit" : "No secret here"}</span>
          <strong>{header(request, "x-webhook-event") ?? "request"}</strong>
          {attempt && attempt !== "1" && <span className="badge warn">Attempt {attempt}</span>}
          <time className="muted small number" dateTime={request.receivedAt}>
            {timeOf(request.receivedAt)}
          </time>
        </summary>
        <pre tabIndex={0}>{`${request.headers.map(([name, value]) => `${name}: ${value}`).join("\n")}\n\n${request.text}`}</pre>
      </details>
    </li>
  );
});

/** The receiver that is built in: what came, verified, live; and what it answers. */
export function Receiver({ endpoint, hook }: { endpoint: WebhookEndpoint; hook: string }) {
  const { list, live } = useReceived(endpoint.id, hook);
  const status = hookOf(endpoint.url)?.status ?? 200;
  const answer = async (next: number): Promise<void> => {
    try {
      const body = { url: hookUrlAnswering(hook, next) };
      await take(api.PATCH("/v1/webhook-endpoints/{id}", { params: { path: { id: endpoint.id } }, body }));
      await queries.invalidateQueries({ queryKey: ["endpoints"] });
    } catch (error) {
      tellError(error);
    }
  };
  return (
    <section className="card stack" aria-label="Built-in receiver">
      <div className="row apart">
        <h2>Built-in receiver</h2>
        <span className="row small muted" role="status">
          <span className={`dot ${live ? "good" : "warn"}`} />
          {live ? "listening" : "connecting…"}
        </span>
      </div>
      <SelectField label="It answers" value={status} onChange={({ target }) => void answer(Number(target.value))}>
        {answers.map((one) => (
          <option key={one.status} value={one.status}>
            {one.label}
          </option>
        ))}
      </SelectField>
      {list.length === 0 && (
        <Empty icon="webhook" title="Nothing came yet">
          <span>Send a test, or order a pet.</span>
        </Empty>
      )}
      <ol role="list" className="receiveds" aria-label="Received requests">
        {list.map((one) => (
          <Request key={one.request.key} one={one} />
        ))}
      </ol>
    </section>
  );
}
