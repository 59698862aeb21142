import { useEffect, useState } from "react";
import { Button } from "./Button";

const saidMs = 2_000;

/** Puts text on the clipboard; false when the browser does not allow it. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Text to copy. */
export function Code({ text, what }: { text: string; what: string }) {
  const [said, say] = useState<string>();
  useEffect(() => {
    if (!said) return;
    const timer = window.setTimeout(() => say(undefined), saidMs);
    return () => window.clearTimeout(timer);
  }, [said]);
  return (
    <div className="code">
      <pre tabIndex={0} role="region" aria-label={what}>
        <code>{text}</code>
      </pre>
      <Button compact icon={said === "Copied" ? "check" : "copy"} aria-label={`${said ?? "Copy"} ${what}`} onClick={() => void copy(text).then((done) => say(done ? "Copied" : "Select it"))}>
        {said ?? "Copy"}
      </Button>
      <span className="visually-hidden" role="status">
        {said}
      </span>
    </div>
  );
}
