import "./sign-in.css";

import { useState, type FormEvent } from "react";
import { useLocation, useSearchParams } from "wouter";
import { begin } from "../../api/oauth";
import { useDemo } from "../../api/demo";
import { messageOf } from "../../api/problem";
import { demoAccounts, demoPassword, signIn, useSession } from "../../api/session";
import { Button } from "../../ui/Button";
import { TextField } from "../../ui/Field";
import { Icon } from "../../ui/Icon";
import { Notice } from "../../ui/states";
import { useTitle } from "../../app/title";

export default function SignInPage() {
  useTitle("Sign in");
  const [params] = useSearchParams();
  const [, navigate] = useLocation();
  const who = useSession();
  const demo = useDemo();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState<string>();
  const wanted = params.get("to") ?? "/";
  // Only a path of our own: never an address that somebody handed in.
  const to = /^\/(?!\/)/.test(wanted) ? wanted : "/";

  const attempt = async (what: string, run: () => Promise<void>): Promise<void> => {
    setBusy(what);
    setError(undefined);
    try {
      await run();
    } catch (failure) {
      setError(messageOf(failure));
    }
    setBusy(undefined);
  };
  const enter = (name: string, secret: string) =>
    attempt(name, async () => {
      await signIn(name, secret);
      navigate(to);
    });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void enter(username, password);
  };

  return (
    <div className="sign-in">
      <div>
        <h1>Sign in</h1>
        <p className="muted">{who ? `You are ${who.user.username}. Choose another account, or go on.` : demo ? "One click with a demo account, or as any app would: by OAuth2." : "With the user name and password that you were given."}</p>
      </div>
      {error && <Notice kind="bad">{error}</Notice>}
      {demo && (
        <>
          <ul role="list" className="accounts" aria-label="Demo accounts">
            {demoAccounts.map(({ username: name, role, about }) => (
              <li key={name}>
                <button type="button" className="account-card" aria-busy={busy === name || undefined} onClick={() => void enter(name, demoPassword)}>
                  <Icon name="user" />
                  <span>
                    <strong>{name}</strong> <span className="badge">{role}</span>
                    <span className="muted small">{about}</span>
                  </span>
                </button>
              </li>
            ))}
          </ul>
          <section className="card stack" aria-labelledby="oauth-title">
            <h2 id="oauth-title">OAuth2</h2>
            <p className="muted small">Authorization code with PKCE: this page is a public client of the store's own authorization server.</p>
            <Button icon="key" busy={busy === "oauth"} onClick={() => void attempt("oauth", () => begin(to))}>
              Sign in with OAuth2
            </Button>
          </section>
        </>
      )}
      <section className="card" aria-labelledby="password-title">
        <form className="stack" onSubmit={submit}>
          <h2 id="password-title">{demo ? "Another account" : "Your account"}</h2>
          <TextField label="User name or e-mail" autoComplete="username" required value={username} onChange={({ target }) => setUsername(target.value)} />
          <TextField label="Password" type="password" autoComplete="current-password" required value={password} onChange={({ target }) => setPassword(target.value)} />
          <Button type="submit" busy={busy === username && username !== ""}>
            Sign in
          </Button>
        </form>
      </section>
    </div>
  );
}
