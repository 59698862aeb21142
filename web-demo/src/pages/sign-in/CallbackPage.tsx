import { useEffect, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { complete } from "../../api/oauth";
import { messageOf } from "../../api/problem";
import { Loading, Notice } from "../../ui/states";
import { useTitle } from "../../app/title";

/** Where the authorization server sends the browser back to. */
export default function CallbackPage() {
  useTitle("Sign in");
  const [, navigate] = useLocation();
  const [error, setError] = useState<string>();
  // A code is good once, and effects of React's strict mode run twice.
  const begun = useRef(false);
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    complete(new URLSearchParams(location.search)).then(
      (to) => navigate(to, { replace: true }),
      (failure: unknown) => setError(messageOf(failure)),
    );
  }, [navigate]);
  if (!error) {
    return (
      <>
        <h1 className="visually-hidden">Signing in</h1>
        <Loading label="Signing in" />
      </>
    );
  }
  return (
    <div className="stack">
      <h1>You are not signed in</h1>
      <Notice kind="bad">{error}</Notice>
      <Link className="button primary" href="/sign-in">
        Try again
      </Link>
    </div>
  );
}
