import { useState } from "react";
import { useDemo } from "../../api/demo";
import { demoPassword, signIn } from "../../api/session";
import { Button } from "../../ui/Button";
import { Notice } from "../../ui/states";
import { tellError } from "../../ui/toasts";

/** Says what is not seen, and how to see it. */
export function StaffNotice({ who }: { who: string | undefined }) {
  const demo = useDemo();
  const [busy, setBusy] = useState(false);
  const go = async (): Promise<void> => {
    setBusy(true);
    await signIn("staff", demoPassword).catch(tellError);
    setBusy(false);
  };
  return (
    <Notice>
      <div className="row apart">
        <span>{who ? `As ${who} you see your own orders, and all pets.` : "Without an account you see pets and inventory, and no webhook."}</span>
        {demo && (
          <Button compact busy={busy} onClick={() => void go()}>
            See everything as staff
          </Button>
        )}
      </div>
    </Notice>
  );
}
