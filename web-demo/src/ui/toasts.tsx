import { useValue, ValueStore } from "../api/value-store";
import { messageOf } from "../api/problem";
import { Button } from "./Button";

type Kind = "info" | "good" | "bad";

interface Toast {
  id: number;
  kind: Kind;
  text: string;
  action?: { label: string; run: () => void };
}

const shownMs = 6_000;
const mostShown = 4;
const toasts = new ValueStore<readonly Toast[]>([]);
let lastId = 0;

function dismiss(id: number): void {
  toasts.set(toasts.get().filter((toast) => toast.id !== id));
}

/** Says something for a while; returns what takes it back. */
export function tell(kind: Kind, text: string, action?: Toast["action"], forMs = shownMs): () => void {
  const id = ++lastId;
  toasts.set([...toasts.get(), { id, kind, text, ...(action ? { action } : {}) }].slice(-mostShown));
  const timer = window.setTimeout(() => dismiss(id), forMs);
  return () => {
    window.clearTimeout(timer);
    dismiss(id);
  };
}

export function tellError(error: unknown): void {
  tell("bad", messageOf(error));
}

export function Toasts() {
  const shown = useValue(toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map(({ id, kind, text, action }) => (
        <div key={id} className={`toast ${kind}`}>
          <span className="grow">{text}</span>
          {action && (
            <Button
              compact
              onClick={() => {
                dismiss(id);
                action.run();
              }}
            >
              {action.label}
            </Button>
          )}
          <Button compact kind="quiet" icon="close" aria-label="Dismiss" onClick={() => dismiss(id)} />
        </div>
      ))}
    </div>
  );
}
