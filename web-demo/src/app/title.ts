import { useEffect } from "react";

/** Names what is shown, for tabs, history and screen readers. */
export function useTitle(name: string | undefined): void {
  useEffect(() => {
    if (name) document.title = `${name} · Petstore Live`;
  }, [name]);
}
