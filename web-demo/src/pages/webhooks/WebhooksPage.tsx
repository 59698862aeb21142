import "./webhooks.css";

import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useSearchParams } from "wouter";
import { api, take } from "../../api/client";
import { useSession } from "../../api/session";
import type { WebhookEndpoint } from "../../api/types";
import { queries, useRefreshOn } from "../../app/queries";
import { hookOf } from "../../hooks/inspector";
import { shortId } from "../../live/envelope";
import { Button } from "../../ui/Button";
import { Code } from "../../ui/Code";
import { Empty, Failed, Loading, Notice } from "../../ui/states";
import { NeedsSignIn } from "../sign-in/NeedsSignIn";
import { Deliveries } from "./Deliveries";
import { EndpointActions } from "./EndpointActions";
import { NewEndpoint } from "./NewEndpoint";
import { Receiver } from "./Receiver";
import { useTitle } from "../../app/title";

const mostEndpoints = 100;

function nameOf(endpoint: WebhookEndpoint): string {
  return endpoint.description || (hookOf(endpoint.url) ? `Built-in receiver ${shortId(endpoint.id)}` : endpoint.url);
}

function Health({ endpoint }: { endpoint: WebhookEndpoint }) {
  if (!endpoint.enabled) return <span className="badge bad">Disabled</span>;
  if (endpoint.paused) return <span className="badge warn">Paused</span>;
  const { failures } = endpoint.health;
  return failures > 0 ? <span className="badge bad">{failures} failed in a row</span> : <span className="badge good">Healthy</span>;
}

function Details({ endpoint, secret, onSecret, onDeleted }: { endpoint: WebhookEndpoint; secret: string | undefined; onSecret: (secret: string) => void; onDeleted: () => void }) {
  const hook = hookOf(endpoint.url);
  return (
    <div className="stack">
      <section className="card stack" aria-label="Endpoint">
        <div className="row apart">
          <h2 className="endpoint-name">{nameOf(endpoint)}</h2>
          <Health endpoint={endpoint} />
        </div>
        <p className="mono small endpoint-url">{endpoint.url}</p>
        <div className="row">
          {endpoint.eventTypes.map((pattern) => (
            <span key={pattern} className="badge">
              {pattern}
            </span>
          ))}
        </div>
        {endpoint.disabledReason && <Notice kind="bad">{endpoint.disabledReason}</Notice>}
        {secret && (
          <Notice kind="good">
            <div className="stack tight">
              <span>The secret, shown this once. This tab keeps it to verify what the built-in receiver shows.</span>
              <Code text={secret} what="the secret" />
            </div>
          </Notice>
        )}
        <EndpointActions endpoint={endpoint} name={nameOf(endpoint)} onSecret={onSecret} onDeleted={onDeleted} />
      </section>
      <div className="webhook-panes">
        <Deliveries key={endpoint.id} endpointId={endpoint.id} />
        {hook && <Receiver key={hook.id} endpoint={endpoint} hook={hook.id} />}
      </div>
    </div>
  );
}

function Endpoints() {
  const [params, setParams] = useSearchParams();
  const [making, setMaking] = useState(false);
  const [secret, setSecret] = useState<{ id: string; text: string }>();
  const { data, error, refetch } = useQuery({
    queryKey: ["endpoints"],
    queryFn: ({ signal }) => take(api.GET("/v1/webhook-endpoints", { params: { query: { limit: mostEndpoints } }, signal })),
    refetchInterval: 5_000,
  });
  useRefreshOn(["endpoint."], ["endpoints"]);
  const wanted = params.get("endpoint");
  const chosen = data?.data.find(({ id }) => id === wanted);
  const choose = (id: string): void => setParams({ endpoint: id }, { replace: true });
  // The newest comes first in the list; what is open stays, so the first one is named in the address, once.
  const first = data?.data[0]?.id;
  useEffect(() => {
    if (!chosen && first) choose(first);
  }, [chosen === undefined, first]);
  const made = (endpoint: WebhookEndpoint): void => {
    setMaking(false);
    if (endpoint.secret) setSecret({ id: endpoint.id, text: endpoint.secret });
    void queries.invalidateQueries({ queryKey: ["endpoints"] }).then(() => choose(endpoint.id));
  };
  return (
    <div className="stack">
      {error && !data && <Failed error={error} retry={() => void refetch()} />}
      {!data && !error && <Loading lines={3} height="4rem" />}
      {data?.data.length === 0 && (
        <Empty icon="webhook" title="No endpoint yet">
          <span>Make one with the built-in receiver, and watch signed events arrive.</span>
          <Button kind="primary" onClick={() => setMaking(true)}>
            New endpoint
          </Button>
        </Empty>
      )}
      {data && data.data.length > 0 && (
        <div className="row">
          {data.data.map((endpoint) => (
            <button key={endpoint.id} type="button" className="endpoint-tab" aria-pressed={endpoint.id === chosen?.id} onClick={() => choose(endpoint.id)}>
              <span className="endpoint-tab-name">{nameOf(endpoint)}</span>
              <Health endpoint={endpoint} />
            </button>
          ))}
          <Button onClick={() => setMaking(true)}>New endpoint</Button>
        </div>
      )}
      {chosen && (
        <Details
          key={chosen.id}
          endpoint={chosen}
          secret={secret?.id === chosen.id ? secret.text : undefined}
          onSecret={(text) => setSecret({ id: chosen.id, text })}
          onDeleted={() => setParams({}, { replace: true })}
        />
      )}
      {making && <NewEndpoint onClose={() => setMaking(false)} onMade={made} />}
    </div>
  );
}

export default function WebhooksPage() {
  useTitle("Webhooks");
  const who = useSession();
  return (
    <>
      <div className="page-head">
        <div>
          <h1>Webhooks</h1>
          <p>Signed deliveries to your own server, tried again for days, resent by hand; or to the receiver that is built in here.</p>
        </div>
      </div>
      {who ? <Endpoints /> : <NeedsSignIn title="Endpoints belong to an account" as="staff" />}
    </>
  );
}
