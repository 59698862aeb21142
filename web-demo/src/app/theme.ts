import { ValueStore } from "../api/value-store";

export type Theme = "system" | "light" | "dark";

const storageKey = "petstore.theme";

function restore(): Theme {
  const kept = localStorage.getItem(storageKey);
  return kept === "light" || kept === "dark" ? kept : "system";
}

export const theme = new ValueStore<Theme>(restore());

export function applyTheme(): void {
  const chosen = theme.get();
  if (chosen === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
}

/** Whether what is on the screen now is dark. */
export function isDark(): boolean {
  const chosen = theme.get();
  return chosen === "dark" || (chosen === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
}

export function toggleTheme(): void {
  const next = isDark() ? "light" : "dark";
  localStorage.setItem(storageKey, next);
  theme.set(next);
  applyTheme();
}
