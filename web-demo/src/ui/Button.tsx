import type { ButtonHTMLAttributes } from "react";
import { Icon, type IconName } from "./Icon";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: "primary" | "danger" | "quiet" | "plain";
  icon?: IconName;
  compact?: boolean;
  /** While what it began is under way: a second press does nothing. */
  busy?: boolean;
}

export function Button({ kind = "plain", icon, compact, busy, className, children, onClick, ...rest }: Props) {
  const names = ["button", kind, compact && "compact", icon && children === undefined && "icon-only", className];
  return (
    <button
      type="button"
      className={names.filter(Boolean).join(" ")}
      aria-busy={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      {...rest}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}
