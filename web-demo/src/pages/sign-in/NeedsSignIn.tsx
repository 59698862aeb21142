import { useState } from "react";
import { Link } from "wouter";
import { useDemo } from "../../api/demo";
import { demoPassword, signIn } from "../../api/session";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/states";
import { tellError } from "../../ui/toasts";
import { useSignInHref } from "./href";

interface Props {
  title: string;
  /** The demo account that shows the page best. */
  as?: "alice" | "staff" | "admin";
}

/** In the place of what only a user sees: two ways in. */
export function NeedsSignIn({ title, as = "alice" }: Props) {
  const href = useSignInHref();
  const demo = useDemo();
  const [busy, setBusy] = useState(false);
  const go = async (): Promise<void> => {
    setBusy(true);
    await signIn(as, demoPassword).catch(tellError);
    setBusy(false);
  };
  return (
    <Empty icon="user" title={title}>
      {demo && <span>This is a demo store: its accounts are open to you.</span>}
      <div className="row">
        {demo && (
          <Button kind="primary" busy={busy} onClick={() => void go()}>
            Go on as {as}
          </Button>
        )}
        <Link className={demo ? "button" : "button primary"} href={href}>
          {demo ? "Other accounts" : "Sign in"}
        </Link>
      </div>
    </Empty>
  );
}
