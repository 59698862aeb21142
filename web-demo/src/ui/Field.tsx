import { useId, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes } from "react";

interface Common {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  hideLabel?: boolean;
}

function useParts({ hint, error }: Common) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return { id, "aria-describedby": described || undefined, "aria-invalid": error ? (true as const) : undefined };
}

function Frame({ id, common, children }: { id: string; common: Common; children: ReactNode }) {
  const { label, hint, error, hideLabel } = common;
  return (
    <div className="field">
      <label htmlFor={id} className={hideLabel ? "visually-hidden" : undefined}>
        {label}
      </label>
      {children}
      {hint && (
        <span id={`${id}-hint`} className="field-hint">
          {hint}
        </span>
      )}
      {error && (
        <span id={`${id}-error`} className="field-error">
          {error}
        </span>
      )}
    </div>
  );
}

/** A line of text with its label, hint, and what the server found wrong with it. */
export function TextField({ label, hint, error, hideLabel, ...input }: Common & InputHTMLAttributes<HTMLInputElement>) {
  const common: Common = { label, hint, error, ...(hideLabel ? { hideLabel } : {}) };
  const parts = useParts(common);
  return (
    <Frame id={parts.id} common={common}>
      <input className="input" {...parts} {...input} />
    </Frame>
  );
}

export function SelectField({ label, hint, error, hideLabel, children, ...select }: Common & SelectHTMLAttributes<HTMLSelectElement>) {
  const common: Common = { label, hint, error, ...(hideLabel ? { hideLabel } : {}) };
  const parts = useParts(common);
  return (
    <Frame id={parts.id} common={common}>
      <select className="input" {...parts} {...select}>
        {children}
      </select>
    </Frame>
  );
}
