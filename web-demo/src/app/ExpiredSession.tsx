import { useState, type FormEvent } from "react";
import { demoPassword, demoAccounts, enter, signIn, useSession } from "../api/session";
import { useDemo } from "../api/demo";
import { messageOf } from "../api/problem";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { TextField } from "../ui/Field";
import { Notice } from "../ui/states";

/** Over whatever page is open: the session ended in the middle of the work, and what was typed stays where it is. */
export function ExpiredSession() {
  const who = useSession();
  const [password, setPassword] = useState("");
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const open = who?.expired ?? false;
  const demo = useDemo(open) && demoAccounts.some(({ username }) => username === who?.user.username);

  const again = async (secret: string): Promise<void> => {
    if (!who) return;
    setBusy(true);
    setError(undefined);
    try {
      await signIn(who.user.username, secret);
      setPassword("");
    } catch (failure) {
      setError(messageOf(failure));
    }
    setBusy(false);
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void again(password);
  };

  return (
    <Dialog open={open} title="Your session has ended" firm onClose={() => {}}>
      <p className="muted">Sign in as {who?.user.username} again and go on where you were. What you typed is still there.</p>
      {error && <Notice kind="bad">{error}</Notice>}
      {demo && (
        <Button kind="primary" icon="user" busy={busy} onClick={() => void again(demoPassword)}>
          Go on as {who?.user.username}
        </Button>
      )}
      {!demo && (
        <form className="stack" onSubmit={submit}>
          <TextField label="Password" type="password" autoComplete="current-password" required value={password} onChange={({ target }) => setPassword(target.value)} />
          <Button kind="primary" type="submit" busy={busy}>
            Sign in
          </Button>
        </form>
      )}
      <Button kind="quiet" onClick={() => enter(undefined)}>
        Go on without signing in
      </Button>
    </Dialog>
  );
}
