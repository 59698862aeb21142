import { useState } from "react";
import { api, take } from "../../api/client";
import type { WebhookEndpoint } from "../../api/types";
import { queries } from "../../app/queries";
import { keepSecret } from "../../hooks/secrets";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { SelectField } from "../../ui/Field";
import { tell, tellError } from "../../ui/toasts";

const dayMs = 86_400_000;
const overlaps = [
  { seconds: 86_400, label: "One day: both sign meanwhile" },
  { seconds: 3_600, label: "One hour" },
  { seconds: 0, label: "None: the old one ends at once" },
] as const;

interface Props {
  endpoint: WebhookEndpoint;
  name: string;
  onSecret: (secret: string) => void;
  onDeleted: () => void;
}

export function EndpointActions({ endpoint, name, onSecret, onDeleted }: Props) {
  const [asking, setAsking] = useState<"rotate" | "delete">();
  const [overlapSeconds, setOverlap] = useState<number>(overlaps[0].seconds);
  const params = { path: { id: endpoint.id } };
  const close = (): void => setAsking(undefined);

  const run = async (said: string | undefined, action: () => Promise<unknown>): Promise<void> => {
    try {
      await action();
      if (said) tell("good", said);
    } catch (error) {
      tellError(error);
    }
    await Promise.all([queries.invalidateQueries({ queryKey: ["endpoints"] }), queries.invalidateQueries({ queryKey: ["deliveries", endpoint.id] })]);
  };
  const rotate = () =>
    run(undefined, async () => {
      const { secret } = await take(api.POST("/v1/webhook-endpoints/{id}/rotate-secret", { params, body: { overlapSeconds } }));
      if (!secret) return;
      keepSecret(endpoint.id, secret);
      onSecret(secret);
    });
  const resendFailed = () => {
    const since = new Date(Date.now() - 7 * dayMs).toISOString();
    return run("Every failed delivery of the last week is sent again.", () => take(api.POST("/v1/webhook-endpoints/{id}/resend-failed", { params, body: { since } })));
  };

  return (
    <div className="row">
      <Button compact kind="primary" icon="send" onClick={() => void run("A test is on its way.", () => take(api.POST("/v1/webhook-endpoints/{id}/test", { params })))}>
        Send a test
      </Button>
      {endpoint.paused ? (
        <Button compact icon="play" onClick={() => void run("Deliveries go on.", () => take(api.POST("/v1/webhook-endpoints/{id}/resume", { params })))}>
          Go on
        </Button>
      ) : (
        <Button compact icon="pause" onClick={() => void run("Deliveries wait.", () => take(api.POST("/v1/webhook-endpoints/{id}/pause", { params })))}>
          Pause
        </Button>
      )}
      {!endpoint.enabled && (
        <Button compact onClick={() => void run("It is enabled again.", () => take(api.PATCH("/v1/webhook-endpoints/{id}", { params, body: { enabled: true } })))}>
          Enable
        </Button>
      )}
      <Button compact icon="refresh" onClick={() => void resendFailed()}>
        Resend failed
      </Button>
      <Button compact icon="key" onClick={() => setAsking("rotate")}>
        Rotate secret
      </Button>
      <Button compact kind="danger" onClick={() => setAsking("delete")}>
        Delete
      </Button>
      <Dialog open={asking === "rotate"} title="Rotate the secret?" onClose={close}>
        <p>A new secret is made and shown once. Choose how long the old one signs too, so that receivers can be changed without losing an event.</p>
        <SelectField label="Overlap" value={overlapSeconds} onChange={({ target }) => setOverlap(Number(target.value))}>
          {overlaps.map(({ seconds, label }) => (
            <option key={seconds} value={seconds}>
              {label}
            </option>
          ))}
        </SelectField>
        <div className="dialog-foot">
          <Button onClick={close}>Back</Button>
          <Button kind="primary" onClick={() => (close(), void rotate())}>
            Rotate
          </Button>
        </div>
      </Dialog>
      <Dialog open={asking === "delete"} title={`Delete “${name}”?`} onClose={close}>
        <p>Its deliveries go with it. This cannot be undone.</p>
        <div className="dialog-foot">
          <Button onClick={close}>Keep it</Button>
          <Button
            kind="danger"
            onClick={() => {
              close();
              void run("The endpoint is deleted.", () => take(api.DELETE("/v1/webhook-endpoints/{id}", { params }))).then(onDeleted);
            }}
          >
            Delete
          </Button>
        </div>
      </Dialog>
    </div>
  );
}
