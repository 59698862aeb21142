import type { ReactNode } from "react";
import { messageOf } from "../api/problem";
import { Button } from "./Button";
import { Icon, type IconName } from "./Icon";

export function Empty({ icon = "paw", title, children }: { icon?: IconName; title: string; children?: ReactNode }) {
  return (
    <div className="blank">
      <Icon name={icon} />
      <strong>{title}</strong>
      {children}
    </div>
  );
}

/** What could not be read, why, and another try. */
export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <div className="blank" role="alert">
      <Icon name="alert" />
      <strong>This could not be loaded</strong>
      <span>{messageOf(error)}</span>
      {retry && (
        <Button icon="refresh" onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** Holds the place of `lines` lines, so that nothing jumps when they come. */
export function Loading({ lines = 3, height = "2.5rem", label = "Loading" }: { lines?: number; height?: string; label?: string }) {
  return (
    <div className="stack tight" role="status" aria-label={label}>
      {Array.from({ length: lines }, (_, index) => (
        <div key={index} className="skeleton" style={{ height }} />
      ))}
    </div>
  );
}

export function Notice({ kind = "info", children }: { kind?: "info" | "good" | "warn" | "bad"; children: ReactNode }) {
  return (
    <div className={`notice ${kind}`} role={kind === "bad" ? "alert" : "status"}>
      <Icon name={kind === "good" ? "check" : "alert"} />
      <div className="grow">{children}</div>
    </div>
  );
}
