import { useState, type FormEvent } from "react";
import { api, take } from "../../api/client";
import { messageOf, Refused } from "../../api/problem";
import type { WebhookEndpoint } from "../../api/types";
import type { components } from "../../generated/rest";
import { hookUrl, newHookId } from "../../hooks/inspector";
import { keepSecret } from "../../hooks/secrets";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { TextField } from "../../ui/Field";
import { Notice } from "../../ui/states";

type Pattern = components["schemas"]["EventPattern"];

const choices: readonly { pattern: Pattern; label: string }[] = [
  { pattern: "order.*", label: "Orders" },
  { pattern: "payment.*", label: "Payments" },
  { pattern: "pet.*", label: "Pets" },
  { pattern: "inventory.*", label: "Inventory" },
];

interface Props {
  onClose: () => void;
  onMade: (endpoint: WebhookEndpoint) => void;
}

export function NewEndpoint({ onClose, onMade }: Props) {
  const [builtIn, setBuiltIn] = useState(true);
  const [url, setUrl] = useState("");
  const [description, setDescription] = useState("");
  const [chosen, setChosen] = useState<readonly Pattern[]>(["order.*", "payment.*"]);
  const [ordered, setOrdered] = useState(false);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const fields = error instanceof Refused ? error.fields : new Map<string, string>();

  const make = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    const body = {
      url: builtIn ? hookUrl(newHookId()) : url.trim(),
      eventTypes: [...chosen],
      ...(description.trim() ? { description: description.trim() } : {}),
      ...(ordered ? { ordering: "perResource" as const } : {}),
    };
    try {
      const endpoint = await take(api.POST("/v1/webhook-endpoints", { body }));
      if (endpoint.secret) keepSecret(endpoint.id, endpoint.secret);
      onMade(endpoint);
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!busy) void make();
  };
  const toggle = (pattern: Pattern): void => setChosen(chosen.includes(pattern) ? chosen.filter((one) => one !== pattern) : [...chosen, pattern]);

  return (
    <Dialog open title="New endpoint" onClose={onClose}>
      <form className="stack" onSubmit={submit} noValidate>
        {error !== undefined && fields.size === 0 && <Notice kind="bad">{messageOf(error)}</Notice>}
        <div className="row" role="group" aria-label="Receiver">
          <Button compact kind={builtIn ? "primary" : "plain"} aria-pressed={builtIn} onClick={() => setBuiltIn(true)}>
            Built-in receiver
          </Button>
          <Button compact kind={builtIn ? "plain" : "primary"} aria-pressed={!builtIn} onClick={() => setBuiltIn(false)}>
            My own URL
          </Button>
        </div>
        {builtIn ? (
          <p className="muted small">This server receives at an address that only you know, verifies, and shows what comes.</p>
        ) : (
          <TextField label="URL" type="url" placeholder="http://127.0.0.1:9000/hook" value={url} error={fields.get("url")} onChange={({ target }) => setUrl(target.value)} />
        )}
        <fieldset className="plain-fieldset">
          <legend className="field-label">Events</legend>
          {choices.map(({ pattern, label }) => (
            <label key={pattern} className="check">
              <input type="checkbox" checked={chosen.includes(pattern)} onChange={() => toggle(pattern)} />
              {label}
            </label>
          ))}
          {fields.get("eventTypes") && <p className="field-error">{fields.get("eventTypes")}</p>}
        </fieldset>
        <label className="check">
          <input type="checkbox" checked={ordered} onChange={({ target }) => setOrdered(target.checked)} />
          Keep the order of each resource
        </label>
        <TextField label="Description (may be left out)" maxLength={500} value={description} error={fields.get("description")} onChange={({ target }) => setDescription(target.value)} />
        <div className="dialog-foot">
          <Button onClick={onClose}>Back</Button>
          <Button kind="primary" type="submit" busy={busy}>
            Create
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
